"""The tables of the profiles: in step with the default, and saying what their sources say."""

import csv
from functools import cache
from pathlib import Path

import pytest

from app.decisions.dmn import Model, read_model
from app.decisions.examples import run_examples
from app.profiles.folders import DEFAULT, names
from app.profiles.inheriting import renewed, renewed_examples
from app.profiles.shelf import load

ROOT = Path(__file__).resolve().parents[2]
FACTS = ROOT / "../shared/domain/tables/time_limits.csv"

OWN = [
    (name, key)
    for name in names()
    if name != DEFAULT
    for key in sorted(load(name).own & set(load(name).tables))
]


@pytest.mark.parametrize(("name", "key"), OWN)
def test_inherited_rows_are_the_default_s_as_they_are_now(name: str, key: str) -> None:
    """When this fails, the default has changed: say `jieban profile renew`."""
    own, default = load(name).tables[key], load(DEFAULT).tables[key]
    assert renewed(default.read_bytes(), own.read_bytes()) == own.read_bytes()
    examples = renewed_examples(
        default.with_suffix(".examples.yaml"), own.with_suffix(".examples.yaml"), own.read_bytes()
    )
    assert examples == own.with_suffix(".examples.yaml").read_text(encoding="utf-8")


@pytest.mark.parametrize(("name", "key"), OWN)
def test_every_example_holds_and_every_row_is_reached(name: str, key: str) -> None:
    report = run_examples(load(name).tables[key])
    assert report.passed
    assert not report.failures
    assert not report.unreached


# The rows of the facts by place and category: which profile, which natures, and what is not in
# the table of limits. Amounts and units are read from the facts, not repeated here.
CLAIMS: dict[tuple[str, str], tuple[str, tuple[str, ...]]] = {
    ("常州 Changzhou", "咨询类"): ("changzhou", ("consultation",)),
    ("常州 Changzhou", "非咨询类"): (
        "changzhou",
        ("help_request", "complaint", "report", "suggestion"),
    ),
    ("呼叫中心方案", "咨询"): ("three_in_one_solution", ("consultation",)),
    ("呼叫中心方案", "投诉"): ("three_in_one_solution", ("complaint",)),
    ("呼叫中心方案", "举报"): ("three_in_one_solution", ("report",)),
    ("广东 Guangdong 2022", "咨询"): ("guangdong", ("consultation",)),
    ("广东 Guangdong 2022", "求助、建议"): ("guangdong", ("help_request", "suggestion")),
    ("广东 Guangdong 2022", "投诉、举报"): ("guangdong", ("complaint", "report")),
    ("四川 Sichuan 2026", "咨询"): ("sichuan", ("consultation",)),
    ("四川 Sichuan 2026", "求助、意见建议"): ("sichuan", ("help_request", "suggestion")),
    ("四川 Sichuan 2026", "投诉、举报"): ("sichuan", ("complaint", "report")),
    ("山东 Shandong 2020", "all"): (
        "shandong_2020",
        ("consultation", "help_request", "complaint", "report", "suggestion", "praise", "other"),
    ),
    ("南京物价局 2010-", "咨询、求助(不能当天答复)"): (
        "nanjing_price_bureau",
        ("consultation", "help_request"),
    ),
    ("南京物价局 2010-", "建议批评、投诉举报"): (
        "nanjing_price_bureau",
        ("suggestion", "complaint", "report"),
    ),
    ("海口 Haikou", "不能当场解答"): ("haikou", ("consultation",)),
    ("北京 Beijing (draft DB11)", "一般诉求"): ("beijing_draft", ("complaint", "consultation")),
}
UNITS = {"WD": "working_day", "calendar days": "natural_day"}


@cache
def limits(name: str) -> Model:
    return read_model(load(name).tables["time_limits"].read_bytes())


def asked(model: Model, **facts: str) -> dict[str, object]:
    usual = {"nature": "complaint", "urgency": "normal", "channel": "phone", "stage": "handling"}
    return dict(model.decide(usual | facts).outputs)


def test_handling_limits_are_those_of_the_facts() -> None:
    if not FACTS.is_file():
        pytest.skip("the facts about limits are not beside this checkout")
    found = set()
    with FACTS.open(encoding="utf-8") as file:
        for row in csv.DictReader(file):
            claim = CLAIMS.get((row["place"], row["category"]))
            if claim is None or "acceptance" in row["stage"]:
                continue
            name, natures = claim
            for nature in natures:
                answer = asked(limits(name), nature=nature)
                given = (row["limit"], UNITS[row["unit"]])
                assert (str(answer["amount"]), answer["unit"]) == given, (name, nature)
            found.add((row["place"], row["category"]))
    assert found == CLAIMS.keys()


@pytest.mark.parametrize(
    ("name", "facts", "amount", "unit", "anchor"),
    [
        ("sanmen", {"stage": "dispatch"}, 12, "natural_hour", "call"),
        ("changyuan", {"stage": "first_contact"}, 24, "working_hour", "dispatch"),
        ("changyuan", {"nature": "consultation"}, 24, "working_hour", "dispatch"),
        ("beijing_draft", {"urgency": "urgent"}, 24, "natural_hour", "dispatch"),
        ("beijing_draft", {"urgency": "critical"}, 2, "natural_hour", "dispatch"),
        ("beijing_draft", {"stage": "acceptance", "channel": "web"}, 2, "natural_hour", "call"),
        ("three_in_one_solution", {"stage": "sign_for"}, 1, "working_day", "dispatch"),
        ("shandong_2020", {"stage": "return_window"}, 2, "working_day", "dispatch"),
        ("nanjing_price_bureau", {"urgency": "urgent"}, 1, "natural_day", "dispatch"),
        ("shimin_hotline_standard", {"stage": "dispatch"}, 1, "natural_day", "call"),
        ("haikou", {"nature": "consultation"}, 3, "working_day", "call"),
    ],
)
def test_other_limits_are_those_of_their_sources(
    name: str, facts: dict[str, str], amount: int, unit: str, anchor: str
) -> None:
    answer = asked(limits(name), **facts)
    assert (answer["amount"], answer["unit"], answer["anchor"]) == (amount, unit, anchor)


@pytest.mark.parametrize("name", sorted({name for name, key in OWN if key == "time_limits"}))
def test_the_total_of_a_demand_is_never_shorter_than_its_handling_in_the_same_days(
    name: str,
) -> None:
    model = limits(name)
    for nature in ("consultation", "help_request", "complaint", "report", "suggestion", "praise"):
        handling = asked(model, nature=nature)
        total = asked(model, nature=nature, stage="total")
        if handling["unit"] == total["unit"]:
            assert total["amount"] >= handling["amount"], nature  # type: ignore[operator]


def test_the_subdistrict_knows_its_seven_triggers_and_no_others() -> None:
    model = read_model(load("shanghai_subdistrict").tables["supervision_triggers"].read_bytes())
    table = next(t for t in model.tables if t.decision_id == "supervision_triggers")
    assert len({row.annotations["依据"][5] for row in table.rows}) == 7


def test_the_price_bureau_goes_from_the_reminder_notice_to_the_circular() -> None:
    steps = read_model(load("nanjing_price_bureau").tables["supervision_ladder_steps"].read_bytes())
    raised = steps.decide({"rung": "reminder_letter", "event": "unanswered"}).outputs
    assert raised["next_rung"] == "circular"
