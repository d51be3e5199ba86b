"""A step that a diagram gives to one unit is that unit's alone, whoever has the order."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from app import engine
from app.cases import holding, queries, reorganising, second_person, steps
from app.cases.orders import find, find_in_scope
from app.core.errors import NotAllowed
from app.core.outbox import OutboxMessage
from app.core.phrase import Phrase
from app.core.uow import SYSTEM, unit_of_work
from app.design import checking
from app.design.comparing import differences
from app.design.comparing_diagrams import described
from app.design.documents import Document
from app.design.models import Kind
from app.design.replay import asking as replays
from app.design.sandbox import Sandbox
from app.engine import HumanTaskRow
from app.identity.directory import add_user
from app.identity.models import HandlingUnit, User
from app.jobs import replaying
from app.jobs.reorganising import work
from app.office import DIAGRAMS
from tests.design.desk import Workshop
from tests.design.new_step import REMINDER, with_step
from tests.office import PEOPLE, Office

FORM = '<jieban:form><jieban:field name="seen" type="text" label="现场情况"/></jieban:form>'
MAIN = Document(Kind.DIAGRAM, "work_order")
SHIPPED = (DIAGRAMS / "work_order.bpmn").read_text(encoding="utf-8")


def publish(workshop: Workshop, unit: str, role: str = "unit_handler") -> None:
    """From now on new orders have the step, for this unit."""
    change = workshop.change("加现场核实")
    draft = workshop.draft("diagram", "work_order", change=change)
    workshop.save(draft, 1, with_step(SHIPPED, FORM, role, unit, REMINDER))
    workshop.publish(change)


@pytest.fixture
def visited(workshop: Workshop) -> Workshop:
    """The water group looks at the place of every order, between signing and handling."""
    publish(workshop, "water_group")
    return workshop


def offered(office: Office, login: str) -> list[str]:
    """What the worklist offers; its counts and the rule for one task say the same."""
    actor = office.actor(login)
    with unit_of_work(office.sessions, actor, office.now) as uow:
        page = queries.worklist(uow.session, actor, office.now)
        counts = queries.counts_by_light(uow.session, actor, office.now)
        every = uow.session.scalars(
            select(HumanTaskRow).where(HumanTaskRow.closed_at.is_(None))
        ).all()
        allowed = [
            task.element_id
            for task in every
            if second_person.may_do(
                uow.session,
                actor,
                task,
                find_in_scope(uow.session, task.subject_id, task.scope).unit_id,
            )
        ]
    found = [item.task.element_id for item in page.items]
    assert sum(counts.values()) == page.total == len(found)
    assert sorted(found) == sorted(allowed)
    return found


def third_unit(office: Office) -> None:
    with unit_of_work(office.sessions, SYSTEM, office.now) as uow:
        unit = HandlingUnit(code="third", name_zh="第三局", name_en="Third", kind="department")
        uow.session.add(unit)
        add_user(uow, "heiress", "秦三", "correct horse", ["unit_handler"], unit)


def split(office: Office) -> None:
    """The water group is split: matters of noise go to the third unit, the rest and its people to
    a subdistrict.
    """
    with office.acting("admin") as uow:
        reorganising.carry_out(
            uow,
            {
                "unit": str(office.unit("water_group")),
                "kind": "split",
                "heir": str(office.unit("riverside")),
                "shares": "noise=third",
                "basis": "云编办〔2026〕8号",
            },
        )


def test_only_people_of_the_unit_with_the_role_are_offered_the_step_and_do_it(
    visited: Workshop,
) -> None:
    office = visited.office
    demand = office.bring_to("site_visit")
    for login, *_rest in PEOPLE:
        assert offered(office, login) == (["site_visit"] if login == "stranger" else []), login
    with pytest.raises(NotAllowed) as refused, office.acting("handler") as uow:
        steps.complete(uow, office.task(demand, "site_visit"), {"seen": "已看"})
    assert "由市水务集团有限公司的承办人办理" in refused.value.phrase.zh
    assert "the unit handler of Water Group" in refused.value.phrase.en
    with office.acting("stranger") as uow:
        steps.complete(uow, office.task(demand, "site_visit"), {"seen": "已看"})
    assert "reply" in office.waiting(demand) or "first_contact" in office.waiting(demand)
    assert offered(office, "stranger") == []
    assert offered(office, "handler") != [], "the order stays with the unit in charge"


def test_the_unit_sees_the_case_from_then_on_and_no_other(visited: Workshop) -> None:
    office = visited.office
    unit = office.unit("water_group")
    before, with_step = office.bring_to("sign_for"), office.bring_to("site_visit")
    with visited.reading() as session:
        assert not queries.concerns(session, before, unit)
        assert queries.concerns(session, with_step, unit)
    with office.acting("stranger") as uow:
        steps.complete(uow, office.task(with_step, "site_visit"), {"seen": "已看"})
    with visited.reading() as session:
        assert queries.concerns(session, with_step, unit)
        found, total = queries.orders(session, office.actor("stranger"))
        assert ([order.demand_id for order, _demand in found], total) == ([with_step], 1)


def test_reminders_of_the_step_go_to_its_unit(visited: Workshop) -> None:
    office = visited.office
    office.bring_to("site_visit")
    office.wait(days=2)
    with visited.reading() as session:
        told = session.scalars(
            select(OutboxMessage.recipient).where(OutboxMessage.template == "yellow")
        ).all()
        stranger = session.scalars(select(User.phone).where(User.login == "stranger")).one()
    assert told == [stranger]


def test_the_time_of_the_step_is_its_units(visited: Workshop) -> None:
    office = visited.office
    demand = office.bring_to("site_visit")
    office.wait(hours=5)
    with visited.reading() as session:
        held = holding.holdings(session, find(session, demand), office.now)
    assert [(one.holder.zh, one.step.zh) for one in held][-1] == ("市水务集团有限公司", "现场核实")
    with office.acting("stranger") as uow:
        steps.complete(uow, office.task(demand, "site_visit"), {"seen": "已看"})
    office.bring_to("reply", demand)
    office.wait(hours=1)
    with visited.reading() as session:
        held = holding.holdings(session, find(session, demand), office.now)
    assert [(one.holder.zh, one.step.zh) for one in held][-2:] == [
        ("市水务集团有限公司", "现场核实"),
        ("市城市管理局", "办理答复"),
    ]


def test_an_open_step_goes_to_the_heir_of_its_unit_and_so_do_later_ones(visited: Workshop) -> None:
    office = visited.office
    third_unit(office)
    opened = office.bring_to("site_visit")
    later = office.bring_to("sign_for")
    split(office)
    office.do(later, "sign_for")
    assert offered(office, "heiress") == ["site_visit"], "what is opened from now on"
    for _knock in range(5):
        work(office.sessions, lambda: office.now)
    assert offered(office, "heiress") == ["site_visit", "site_visit"]
    assert offered(office, "stranger") == offered(office, "subdistrict") == []
    assert "机构调整，转由新单位办理" in office.story(opened)


def test_a_unit_that_is_unknown_or_gone_is_found_at_the_element(workshop: Workshop) -> None:
    with workshop.acting() as uow:
        uow.session.scalars(
            select(HandlingUnit).where(HandlingUnit.code == "riverside")
        ).one().active = False
    for unit, code in (("nowhere", "unknown_unit"), ("riverside", "inactive_unit")):
        drawn = with_step(SHIPPED, FORM, unit=unit)
        with workshop.reading() as session:
            found = [
                one
                for one in checking.check_document(session, {MAIN: drawn}, MAIN)
                if one.element == "site_visit"
            ]
        assert [(one.code, one.severity) for one in found] == [(code, "error")]
        assert unit in found[0].phrase.zh
        assert unit in found[0].phrase.en


def test_a_step_of_the_centre_may_be_one_units_too(workshop: Workshop) -> None:
    publish(workshop, "water_group", "dispatcher")
    office = workshop.office
    demand = office.bring_to("site_visit")
    assert offered(office, "dispatcher") == offered(office, "duty") == []
    with workshop.acting() as uow:
        posted = uow.session.scalars(select(User).where(User.login == "dispatcher2")).one()
        posted.unit_id = office.unit("water_group")
    assert offered(office, "dispatcher2") == ["site_visit"]
    with office.acting("dispatcher2") as uow:
        steps.complete(uow, office.task(demand, "site_visit"), {"seen": "已看"})


def test_a_sandbox_does_the_step_as_its_unit(visited: Workshop) -> None:
    usual = {"answer_or_order": {"outcome": "order"}, "dispatch": {"lead_unit": "单位1"}}
    office = visited.office
    with Sandbox.open(office.sessions, office.now, usual=usual) as sandbox:
        sandbox.register()
        sandbox.go_on("site_visit")
        [step] = [one for one in sandbox.steps() if one.element.id == "site_visit"]
        assert sandbox.unit_code(step.unit_id or 0) == "water_group"
        sandbox.do("site_visit")
        assert sandbox.trace[-1].who.zh == "市水务集团有限公司 承办人"


def test_a_live_step_moves_to_the_unit_of_the_new_version_and_back(visited: Workshop) -> None:
    office = visited.office
    demand = office.bring_to("site_visit")
    process = office.demand(demand).process_id
    assert process is not None
    publish(visited, "riverside")
    with visited.reading() as session:
        newest = engine.latest(session, "work_order")
        assert newest is not None
    with unit_of_work(office.sessions, SYSTEM, office.now) as uow:
        engine.move(uow, process, newest.version)
    assert offered(office, "subdistrict") == ["site_visit"]
    assert offered(office, "stranger") == []
    with unit_of_work(office.sessions, SYSTEM, office.now) as uow:
        engine.restore(uow, process)
    assert offered(office, "stranger") == ["site_visit"]


def test_a_replay_does_the_step_again_with_its_unit(visited: Workshop) -> None:
    office = visited.office
    demand = office.bring_to("site_visit")
    office.wait(hours=1)
    with office.acting("stranger") as uow:
        steps.complete(uow, office.task(demand, "site_visit"), {"seen": "已看"})
    office.bring_to("reply", demand)
    office.wait(days=1)
    with office.acting("designer") as uow:
        asked = replays.ask(uow, office.now - timedelta(days=400)).id
    replaying.work(office.sessions, lambda: office.now, processes=0)
    with visited.reading() as session:
        [result] = replays.results(session, asked)
    assert result["impossible"] == result["faults"] == result["adapted"] == []
    assert result["load_before"] == result["load_after"]
    assert str(office.unit("water_group")) in result["load_after"]


def test_an_element_in_words_names_its_unit() -> None:
    told = described(
        with_step(SHIPPED, FORM, unit="water_group"), {"water_group": Phrase("水务集团", "Water")}
    )
    [step] = [one for one in told if one.element == "site_visit"]
    assert {aspect.zh: value.en for aspect, value in step.aspects.items()}["指定单位"] == "Water"


def test_a_comparison_names_the_unit(workshop: Workshop) -> None:
    before, after = with_step(SHIPPED, FORM), with_step(SHIPPED, FORM, unit="water_group")
    [found] = differences(MAIN, before, after)
    assert (found.element, found.aspect.zh, found.after.zh) == (
        "site_visit",
        "指定单位",
        "water_group",
    )
