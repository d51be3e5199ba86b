"""What the office asks its tables for: which version answers, and what the answer does."""

from datetime import datetime, timedelta
from itertools import product
from typing import Any
from xml.etree import ElementTree as ET

import orjson
import pytest
from sqlalchemy import select

from app.cases import clocks, tables
from app.cases.models.demand import DemandStatus
from app.cases.models.history import HistoryEntry
from app.cases.orders import find
from app.cases.proposals import non_acceptance, proposal
from app.cases.similar import Matter, Similar, matter_of, similar_demands
from app.core.db import reading
from app.core.uow import SYSTEM, unit_of_work
from app.decisions import registry
from app.decisions.dmn import read_model
from app.decisions.models import DecisionRecord
from app.engine.diagram import read_diagram
from app.office import DIAGRAMS, publish_shipped
from app.profiles.folders import TABLES
from app.worktime.deadlines import deadline
from tests.office import Office


def test_every_shipped_table_says_whether_a_case_keeps_its_version() -> None:
    assert {path.stem for path in TABLES.glob("*.dmn")} == set(tables.BINDINGS)


def test_the_rule_tasks_of_the_diagrams_bind_tables_as_the_office_does() -> None:
    declared = {
        (element.decision.key, element.decision.binding)
        for path in DIAGRAMS.glob("*.bpmn")
        for process in read_diagram(path.read_bytes(), path.name).processes.values()
        for element in process.elements.values()
        if element.decision is not None
    }
    assert declared
    assert declared == {(key, tables.BINDINGS[key]) for key, _ in declared}


def replace(office: Office, key: str, row: str, old: str, new: str) -> None:
    """Publish the table with one cell changed, the first `old` from where `row` stands."""
    table = (TABLES / f"{key}.dmn").read_text(encoding="utf-8")
    before, found, after = table.partition(row)
    assert old in after
    with unit_of_work(office.sessions, SYSTEM, office.now) as uow:
        registry.publish(uow, key, (before + found + after.replace(old, new, 1)).encode())


def test_a_case_keeps_tables_that_only_a_step_asks(office: Office) -> None:
    """No element of the diagram names `first_contact`; the case keeps its version all the same."""
    case = office.bring_to("first_contact")
    replace(office, "first_contact", "<rule", "<text>true</text>", "<text>false</text>")
    office.do(case, "first_contact", contact_way="phone")
    assert office.order(case).contacted_at == office.now


def test_the_catalogue_is_asked_as_it_stands_today(office: Office) -> None:
    case = office.bring_to("dispatch")
    with reading(office.sessions) as session:
        before = proposal(session, find(session, case).demand)
    replace(office, "dispatch_catalogue", '"noise"', '"urban_management"', '"water_group"')
    with reading(office.sessions) as session:
        after = proposal(session, find(session, case).demand)
    assert before is not None
    assert after is not None
    assert (before.unit.code, after.unit.code) == ("urban_management", "water_group")
    assert "version 1, row " in before.reason.en
    assert "version 2, row " in after.reason.en
    assert before.reason.en.endswith("Urban Management; Ecology and Environment assists")


def test_a_refusal_names_reason_and_lawful_channel_in_both_languages(office: Office) -> None:
    case = office.register(non_acceptance_ground="N1")
    assert office.demand(case).status == DemandStatus.REGISTERING
    with reading(office.sessions) as session:
        found = non_acceptance(session, office.demand(case))
    assert found is not None
    assert found.lawful_channel.zh == "事发地热线或主管机关"
    assert found.lawful_channel.en == "The hotline or authority of the place concerned"
    assert found.reason.zh.startswith("不属本地区的事项（")
    assert found.reason.en.startswith("The matter lies outside this area (")


@pytest.mark.parametrize(
    ("way", "anonymous", "counts"),
    [
        ("visit", False, True),
        ("message", False, True),
        ("message", True, False),
        ("not_reached", False, False),
        ("not_reached", True, True),
    ],
)
def test_whether_an_attempt_counts_as_contact_is_the_tables_to_say(
    office: Office, way: str, anonymous: bool, counts: bool
) -> None:
    named: dict[str, Any] = {"requester_name": "", "requester_phone": ""} if anonymous else {}
    case = office.bring_to("first_contact", anonymous=anonymous, **named)
    office.do(case, "first_contact", contact_way=way)
    assert (office.order(case).contacted_at is not None) == counts
    assert office.waiting(case) == ["reply"]


@pytest.mark.parametrize(("urgency", "suspect"), [("normal", False), ("urgent", True)])
def test_an_order_signed_by_the_system_counts_as_late_with_its_evidence(
    office: Office, urgency: str, suspect: bool
) -> None:
    case = office.bring_to("sign_for", urgency=urgency)
    office.wait(days=10)
    assert office.order(case).signed_automatically
    with reading(office.sessions) as session:
        facts = session.scalars(
            select(HistoryEntry.facts).where(
                HistoryEntry.demand_id == case, HistoryEntry.command == "sign_automatically"
            )
        ).one()
        row = session.scalars(
            select(DecisionRecord.inputs).where(
                DecisionRecord.subject_id == case, DecisionRecord.decision_key == "signing"
            )
        ).one()
    assert orjson.loads(facts) == {"counts_as_late": True, "suspect_buck_passing": suspect}
    assert orjson.loads(row) == {"outcome": "lapsed", "urgency": urgency}


def test_an_open_order_about_the_same_matter_is_proposed_for_merging(office: Office) -> None:
    earlier = office.bring_to("sign_for")
    again = office.register()
    other = office.register(requester_name="李四", requester_phone="13900005678")
    found = hints(office, again)
    assert [one.demand.id for one in found] == [earlier, other]
    assert [one.proposal for one in found] == ["merge", "merge"]
    assert "并单" in found[0].reason.zh
    assert [one.reason.en.split(":")[0] for one in found] == [
        "The same person about the same matter, still in hand",
        "Somebody else about the same matter, still in hand",
    ]


def test_a_matter_closed_long_ago_is_related_and_one_out_of_reach_is_not_shown(
    office: Office,
) -> None:
    case = office.bring_to("close")
    office.do(case, "close")
    office.wait(days=60)
    assert [one.proposal for one in hints(office, office.register())] == ["relate"]
    with reading(office.sessions) as session:
        matter = matter_of(office.demand(case))
        late = office.demand(case).arrived_at + timedelta(days=90)
        near = similar_demands(session, late - timedelta(seconds=1), matter)
        far = similar_demands(session, late, matter)
    assert case in [one.demand.id for one in near]
    assert case not in [one.demand.id for one in far]


def test_how_far_back_and_how_many_depends_on_the_nature(office: Office) -> None:
    for _ in range(7):
        office.register(nature="consultation")
    with reading(office.sessions) as session:
        for nature, most in (("consultation", 5), ("", 7)):
            matter = Matter("13800001234", nature, "", "", "")
            assert len(similar_demands(session, office.now, matter)) == most


def test_publishing_again_without_a_change_publishes_nothing(office: Office) -> None:
    def newest() -> dict[str, int]:
        with reading(office.sessions) as session:
            return {key: registry.newest_version(session, key) for key in tables.BINDINGS}

    before = newest()
    publish_shipped(office.sessions, office.now)
    assert newest() == before


def hints(office: Office, case: int) -> list[Similar]:
    with reading(office.sessions) as session:
        demand = office.demand(case)
        return similar_demands(session, office.now, matter_of(demand), other_than=case)


REFERENCE = "".join(
    path.read_text(encoding="utf-8")
    for path in sorted((DIAGRAMS.parent / "docs").glob("rules-reference*.md"))
)


@pytest.mark.parametrize("key", sorted(tables.BINDINGS))
def test_the_reference_names_every_input_and_output_and_the_binding(key: str) -> None:
    model = read_model((TABLES / f"{key}.dmn").read_bytes())
    outputs = [
        column.name
        for table in model.tables
        if table.decision_id == model.main_decision
        for column in table.outputs
    ]
    _, _, rest = REFERENCE.partition(f"\n## {key}\n")
    section = rest.partition("\n## ")[0]
    assert [n for n in (*model.input_names, *outputs) if n and f"`{n}`" not in section] == []
    [line] = [each for each in REFERENCE.splitlines() if each.startswith(f"| [`{key}`](#{key}) |")]
    assert line.split(" | ")[2] == tables.BINDINGS[key]


def due(office: Office, stage: str, urgency: str, nature: str, channel: str) -> datetime:
    """When a stage would end that began, was dispatched and was signed for at this instant."""
    asked = {"nature": nature, "urgency": urgency, "channel": channel, "stage": stage}
    with reading(office.sessions) as session:
        outputs = tables.answer(session, None, "time_limits", asked).outputs
        assert {name for name in outputs if outputs[name] is None} == set()
        terms = clocks.read_terms(outputs)
        calendar = clocks.calendar_of(session, None)
    return deadline(calendar, office.now, terms.limit, terms.policy).due_at


def stages() -> list[str]:
    """The stages that the table of limits knows, as its input says."""
    root = ET.fromstring((TABLES / "time_limits.dmn").read_bytes())
    allowed = root.findall(".//{*}inputValues/{*}text")[3].text
    assert allowed is not None
    return [stage.strip('"') for stage in allowed.split(",")]


def test_the_more_urgent_a_demand_the_earlier_every_stage_of_it_ends(office: Office) -> None:
    named = stages()
    assert len(named) == 33
    for stage, nature, channel in product(named, ("consultation", "report"), ("phone", "web")):
        ends = [due(office, stage, u, nature, channel) for u in ("critical", "urgent", "normal")]
        assert office.now < ends[0] <= ends[1] <= ends[2], (stage, nature)


@pytest.mark.parametrize("urgency", ["normal", "urgent", "critical"])
@pytest.mark.parametrize("nature", ["consultation", "complaint"])
def test_what_must_come_first_ends_first(office: Office, urgency: str, nature: str) -> None:
    """Signing before handling, co-units before the lead, a return before the reply is due."""

    def ends(stage: str) -> datetime:
        return due(office, stage, urgency, nature, "phone")

    assert ends("acceptance") <= ends("sign_for") < ends("handling") < ends("total")
    assert ends("return_window") < ends("handling")
    assert ends("first_contact") < ends("handling")
    assert ends("co_handling") == ends("lower_tier_handling") < ends("handling")
    assert ends("coordination_1") < ends("coordination_2") < ends("coordination_3")
    assert ends("return_decision") <= ends("sign_for")


def test_an_order_is_dispatched_on_the_day_the_demand_arrives(office: Office) -> None:
    for hour in (0, 9, 23):
        office.now = office.now.replace(hour=hour)
        end = due(office, "dispatch", "normal", "complaint", "phone")
        assert end == office.now.replace(hour=0) + timedelta(days=1)
