"""What the shipped tables must be, beyond their examples."""

import csv
from itertools import product
from pathlib import Path

import pytest

from app.decisions.dmn import Model, read_model
from app.decisions.errors import DecisionError
from app.worktime.limits import Limit, LimitUnit
from app.worktime.policy import Policy

ROOT = Path(__file__).resolve().parents[2]
FACTS = ROOT / "../shared/domain/tables"

NATURES = ("consultation", "help_request", "complaint", "report", "suggestion", "praise", "other")
CHANNELS = ("phone", "web", "wechat", "app", "sms", "mayor_mailbox", "police_110")
CHANNELS += ("superior_platform", "unit_transfer")
URGENCIES = ("normal", "urgent", "critical")
STAGES = ("sign_for", "first_contact", "handling", "review", "callback", "re_handling", "total")


def table(name: str) -> Model:
    return read_model((ROOT / "rules" / f"{name}.dmn").read_bytes())


def rows(name: str) -> list[dict[str, str]]:
    with (ROOT / "app/demo/data" / f"{name}.csv").open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_every_demand_has_a_limit_at_every_stage_that_working_time_understands() -> None:
    limits = table("time_limits")
    for nature, channel, urgency, stage in product(NATURES, CHANNELS, URGENCIES, STAGES):
        answer = limits.decide(
            {"nature": nature, "channel": channel, "urgency": urgency, "stage": stage}
        )
        outputs = dict(answer.outputs)
        limit = Limit(outputs.pop("amount"), LimitUnit(outputs.pop("unit")))
        Policy.from_json({key: value for key, value in outputs.items() if value is not None})
        assert limit.unit.is_hours == (
            urgency != "normal" and not (stage == "callback" and limit.amount == 1)
        )
        assert len(answer.evidence.rows) == 1


def test_changzhou_gives_three_working_days_for_consultations_and_five_for_the_rest() -> None:
    limits = table("time_limits")
    asked = {"channel": "phone", "urgency": "normal", "stage": "handling"}
    for nature in NATURES:
        outputs = limits.decide({"nature": nature, **asked}).outputs
        assert outputs["amount"] == (3 if nature == "consultation" else 5)
        assert (outputs["unit"], outputs["anchor"]) == ("working_day", "sign_for")


def test_an_unknown_urgency_is_refused_and_not_timed_as_something_else() -> None:
    with pytest.raises(DecisionError, match="hurried") as refusal:
        table("time_limits").decide(
            {"nature": "complaint", "channel": "phone", "urgency": "hurried", "stage": "total"}
        )
    assert "紧急程度" in refusal.value.phrase.zh


@pytest.mark.parametrize("unit", list(LimitUnit))
@pytest.mark.parametrize("amount", [1, 2, 3, 4, 5, 6, 7, 10, 13, 15, 20, 30])
def test_the_yellow_light_comes_at_a_fifth_or_a_day_before_and_at_a_quarter_for_hours(
    unit: LimitUnit, amount: int
) -> None:
    outputs = table("traffic_light").decide({"unit": unit.value, "amount": amount}).outputs
    yellow = Limit(outputs["yellow_amount"], LimitUnit(outputs["yellow_unit"]))
    assert Limit(outputs["overdue_1_amount"], LimitUnit(outputs["overdue_1_unit"]))
    assert Limit(outputs["overdue_2_amount"], LimitUnit(outputs["overdue_2_unit"]))
    if unit.is_hours:
        assert (yellow.unit, yellow.amount * 4) == (unit, amount)
    elif (unit, amount) == (LimitUnit.NATURAL_DAY, 1):  # a quarter of the day, not all of it
        assert (yellow.unit, yellow.amount) == (LimitUnit.NATURAL_HOUR, 6)
    elif unit is not LimitUnit.MONTH:
        assert yellow.unit is unit
        assert yellow.amount == max(1, -(-amount // 5))


def test_the_catalogue_names_only_units_of_the_demo_city_for_every_category_and_district() -> None:
    catalogue = table("dispatch_catalogue")
    units = {row["code"] for row in rows("units")}
    districts = {row["district_code"] for row in rows("units")} | {"city"}
    assert len(units) == 73
    for category, district in product(rows("categories"), districts):
        outputs = catalogue.decide({"category": category["code"], "district": district}).outputs
        assert outputs["lead_unit"] in units
        assert set(outputs["co_units"]) <= units - {outputs["lead_unit"]}
        assert outputs["reason"]


def test_the_catalogue_sends_each_demo_demand_to_the_unit_named_there() -> None:
    if not FACTS.is_dir():
        pytest.skip("the facts about demo demands are not beside this checkout")
    catalogue = table("dispatch_catalogue")
    names = {row["code"]: row["name_zh"] for row in rows("units")}
    tree = {row["code"]: row for row in rows("categories")}
    districts = {
        row["name_zh"][:3]: row["district_code"]
        for row in rows("units")
        if row["kind"] == "district_government"
    }
    with (Path(__file__).parent / "demo_categories.csv").open(encoding="utf-8") as file:
        category_of = {row["id"]: row["category"] for row in csv.DictReader(file)}
    sent = 0
    with (FACTS / "demo_demands.csv").open(encoding="utf-8") as file:
        for demand in csv.DictReader(file):
            node = tree[category_of[demand["id"]]]
            named = {node["name_zh"], tree[node["parent"]]["name_zh"]}
            assert demand["category"] in named
            district = districts.get(demand["district"], "city")
            outputs = catalogue.decide({"category": node["code"], "district": district}).outputs
            if demand["handling_unit"]:
                assert names[outputs["lead_unit"]] == demand["handling_unit"], demand["id"]
                sent += 1
    assert sent == 62


def test_units_and_categories_of_the_demo_are_trees_with_the_parent_first() -> None:
    for name, parent in (("units", "parent_code"), ("categories", "parent")):
        seen: set[str] = set()
        for row in rows(name):
            assert row["code"].isidentifier()
            assert row["code"] not in seen
            assert row[parent] == "" or row[parent] in seen
            assert row["name_zh"]
            assert row["name_en"]
            seen.add(row["code"])


def test_a_demand_without_a_ground_is_accepted_and_each_ground_names_its_channel() -> None:
    acceptance = table("acceptance")
    assert acceptance.decide({"non_acceptance_ground": None}).outputs["accepted"] is True
    for number in range(1, 10):
        outputs = acceptance.decide({"non_acceptance_ground": f"N{number}"}).outputs
        assert outputs["accepted"] is False
        assert outputs["reason_code"] == f"N{number}"
        assert outputs["lawful_channel"]
