"""What the tables of acceptance, duplicates, signing, return, extension and suspension must be,
beyond their examples: they agree with each other, with the forms and with what was decided.
"""

import csv
from itertools import product
from pathlib import Path

import pytest

from app.decisions.dmn import Model, read_model
from app.decisions.examples import read_examples
from app.engine.diagram import read_diagram
from app.identity.policy import Role

ROOT = Path(__file__).resolve().parents[2]
FACTS = ROOT / "../shared/domain/tables"

TABLES = (
    *("acceptance", "dispatch_catalogue", "duplicate_search", "duplicates", "extension"),
    *("extension_decision", "first_contact", "merge", "return_decision", "return_request"),
    *("signing", "suspension", "suspension_review", "time_limits", "traffic_light", "urgency"),
)
REASONS = tuple(f"R{number:02}" for number in range(1, 11))
URGENCIES = ("normal", "urgent", "critical")
YES_NO = (True, False)


def table(name: str) -> Model:
    return read_model((ROOT / "rules" / f"{name}.dmn").read_bytes())


@pytest.mark.parametrize("name", TABLES)
def test_every_row_names_its_source_and_says_whether_it_is_one(name: str) -> None:
    for each in table(name).tables:
        for row in each.rows:
            source, kind = row.annotations["依据"], row.annotations["性质"]
            assert source
            assert kind in {"sourced", "[P]"}
            assert kind == "[P]" or not source.startswith("自拟")


@pytest.mark.parametrize("name", TABLES)
def test_every_sentence_for_people_comes_in_both_languages(name: str) -> None:
    for example in read_examples(ROOT / "rules" / f"{name}.dmn"):
        outputs = example["outputs"]
        for key in outputs:
            if f"{key}_en" in outputs and outputs[key] is not None:
                zh, en = outputs[key], outputs[f"{key}_en"]
                assert not zh.isascii() or name == "acceptance"  # 110, 119, 120, 122
                assert en.isascii()
                assert not set(zh) & set(",;:()?!"), zh
        assert "reason" not in outputs or "reason_en" in outputs


def test_the_forms_offer_exactly_what_the_tables_know() -> None:
    diagram = read_diagram((ROOT / "bpmn/work_order.bpmn").read_bytes(), "work_order.bpmn")
    elements = diagram.processes["work_order"].elements
    for step, field, name in (
        ("register", "non_acceptance_ground", "acceptance"),
        ("register", "nature", "time_limits"),
        ("register", "urgency", "time_limits"),
        ("register", "channel", "time_limits"),
        ("first_contact", "contact_way", "first_contact"),
    ):
        form = elements[step].form
        assert form is not None
        asked = form.field(field)
        assert asked is not None
        known = {
            example["inputs"][field] for example in read_examples(ROOT / "rules" / f"{name}.dmn")
        }
        assert {option.value for option in asked.options} == known - {None, ""}


def test_likeness_never_falls_when_more_is_alike() -> None:
    """Another thing in common never makes a hint of a lower degree."""
    duplicates = table("duplicates")
    degrees = {"merge": 2, "relate": 1, "none": 0}

    def degree(requester: bool, category: bool, place: bool, text: int | None) -> int:
        asked = {
            "same_requester": requester,
            "same_category": category,
            "same_place": place,
            "text_similarity": text,
            "earlier": "open",
            "days_since": 1,
        }
        return degrees[duplicates.decide(asked).outputs["proposal"]]

    texts = (0, 29, 30, 59, 60, 84, 85, 100)
    for a, b, c in product(*[YES_NO] * 3):
        found = [degree(a, b, c, text) for text in texts]
        assert found == sorted(found)
        for text in (None, *texts):
            assert degree(True, b, c, text) >= degree(a, b, c, text)
            assert degree(a, True, c, text) >= degree(a, b, c, text)
            assert degree(a, b, True, text) >= degree(a, b, c, text)
    assert degree(False, False, False, 100) == 0


def test_a_repeat_is_the_same_requester_with_the_same_matter_of_late() -> None:
    duplicates = table("duplicates")
    for requester, earlier, days in product(
        YES_NO, ("open", "closed", "answered", "not_accepted"), (0, 90, 91, 500)
    ):
        outputs = duplicates.decide(
            {
                "same_requester": requester,
                "same_category": True,
                "same_place": True,
                "text_similarity": None,
                "earlier": earlier,
                "days_since": days,
            }
        ).outputs
        counted = earlier == "open" or (earlier == "closed" and days <= 90)
        kind = "repeat" if requester else "joint"
        assert outputs["counts_as"] == (kind if counted else "none")
        assert (outputs["proposal"] == "merge") == (earlier == "open")


def test_an_extension_is_admitted_exactly_as_it_was_decided() -> None:
    """None for consultations and urgent orders; twice at most, a day before the end; each at most
    the original limit, ten days together; first the duty manager, then the leader.
    """
    extension = table("extension")
    for urgency, nature, number, left, granted, requested, base in product(
        URGENCIES,
        ("consultation", "report"),
        (1, 2, 3),
        (-1, 0, 1, 2),
        (0, 3, 9),
        (1, 5, 6),
        (5, 15),
    ):
        outputs = extension.decide(
            {
                "urgency": urgency,
                "nature": nature,
                "request_number": number,
                "days_left": left,
                "granted_days": granted,
                "requested_days": requested,
                "base_days": base,
            }
        ).outputs
        ever = urgency == "normal" and nature != "consultation" and number <= 2 and left >= 1
        most = min(base, 10 - granted) if ever else 0
        assert outputs["most_days"] == most
        assert outputs["admitted"] == (requested <= most)
        approver = {1: Role.DUTY_MANAGER, 2: Role.LEADER}.get(number)
        assert outputs["approver"] == (approver if outputs["admitted"] else None)


def test_the_reasons_for_returns_are_those_of_the_list() -> None:
    if not FACTS.is_dir():
        pytest.skip("the list of reasons is not beside this checkout")
    with (FACTS / "return_reason_codes_proposed.csv").open(encoding="utf-8") as file:
        assert tuple(row["code"] for row in csv.DictReader(file)) == REASONS


def test_a_return_is_admitted_with_a_route_or_refused_with_none() -> None:
    request = table("return_request")
    for code, within, earlier, basis, unit in product(
        REASONS, YES_NO, (0, 1, 2, 9), YES_NO, YES_NO
    ):
        outputs = request.decide(
            {
                "reason_code": code,
                "within_window": within,
                "earlier_returns": earlier,
                "has_basis": basis,
                "has_suggested_unit": unit,
            }
        ).outputs
        assert outputs["admitted"] == (outputs["route"] != "none")
        assert within or code == "R09" or not outputs["admitted"]
        assert outputs["must_add"] == "nothing" or not outputs["admitted"]
        assert not (outputs["route"] == "dispatcher" and earlier)
        assert outputs["bouncing"] == (
            outputs["admitted"] and earlier > 0 and code in {"R01", "R02", "R10"}
        )
        complete = request.decide(
            {
                "reason_code": code,
                "within_window": True,
                "earlier_returns": earlier,
                "has_basis": True,
                "has_suggested_unit": True,
            }
        )
        assert complete.outputs["admitted"]  # whoever gives everything in time is heard


def test_no_return_starts_the_total_limit_anew_and_only_a_refusal_counts_against_a_unit() -> None:
    decision = table("return_decision")
    against = set()
    for example in read_examples(ROOT / "rules/return_decision.dmn"):
        outputs = decision.decide(example["inputs"]).outputs
        assert outputs["total_clock"] in {"continue", "stop"}
        assert (outputs["handling_clock"] == "restart") == (outputs["next"] == "re_dispatch")
        if outputs["counts_against_unit"]:
            against.add(example["inputs"]["decision"])
    assert against == {"refused"}


def test_an_order_rests_only_with_ground_papers_and_a_day_of_review_in_reach() -> None:
    suspension = table("suspension")
    grounds = ("season", "engineering", "budget", "litigation", "other")
    longest = {"season": 6, "litigation": 6, "engineering": 12, "budget": 12, "other": 0}
    for ground, urgency, papers, months in product(
        grounds, URGENCIES, YES_NO, (None, 1, 6, 7, 12, 13)
    ):
        outputs = suspension.decide(
            {
                "ground": ground,
                "urgency": urgency,
                "has_evidence": papers,
                "review_months": months,
            }
        ).outputs
        admitted = (
            urgency == "normal" and papers and months is not None and months <= longest[ground]
        )
        assert outputs["admitted"] == admitted
        assert outputs["clocks"] == ("pause" if admitted else "continue")
        assert (outputs["approver"] in set(Role)) == admitted


def test_a_fact_that_was_not_asked_makes_nothing_urgent() -> None:
    urgency = table("urgency")
    for facts in product((True, False, None), repeat=4):
        asked = dict(zip(("danger", "threat", "many_affected", "in_distress"), facts, strict=True))
        outputs = urgency.decide({**asked, "category": "taxation"}).outputs
        assert (outputs["urgency"] == "normal") == (True not in facts)
        assert (outputs["urgency"] == "critical") == (True in facts[:2])
        assert outputs["offer_110"] == (outputs["urgency"] == "critical")
