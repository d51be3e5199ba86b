"""Lists of steps for one unit, and their way to its heir, on PostgreSQL."""

from app import engine
from app.cases import holding, queries, second_person, steps
from app.cases.orders import SUBJECT, find
from app.core.db import reading
from app.core.uow import SYSTEM, unit_of_work
from app.engine import read_diagram
from app.office import DIAGRAMS
from tests.design.new_step import with_step
from tests.office import Office

FORM = '<jieban:form><jieban:field name="seen" type="text" label="现场情况"/></jieban:form>'


def listed(office: Office, login: str) -> list[str]:
    with reading(office.sessions) as session:
        found = queries.worklist(session, office.actor(login), office.now)
    return [one.task.element_id for one in found.items]


def test_a_step_for_one_unit_is_listed_done_and_handed_on(office: Office) -> None:
    text = (DIAGRAMS / "work_order.bpmn").read_text(encoding="utf-8")
    text = with_step(text, FORM, unit="water_group")
    with unit_of_work(office.sessions, SYSTEM, office.now) as uow:
        engine.publish(uow, "work_order", [read_diagram(text.encode(), "work_order.bpmn")])
    case = office.bring_to("site_visit")
    assert listed(office, "stranger") == ["site_visit"]
    assert listed(office, "handler") == listed(office, "duty") == []
    water, riverside = office.unit("water_group"), office.unit("riverside")
    with reading(office.sessions) as session:
        assert queries.concerns(session, case, water)
        [task] = queries.open_tasks(session, case)
        assert second_person.may_do(session, office.actor("stranger"), task, None)
    with unit_of_work(office.sessions, SYSTEM, office.now) as uow:
        assert len(engine.give_tasks(uow, SUBJECT, case, water, riverside)) == 1
    assert listed(office, "subdistrict") == ["site_visit"]
    with office.acting("subdistrict") as uow:
        steps.complete(uow, office.task(case, "site_visit"), {"seen": "已看"})
    office.wait(hours=1)
    with reading(office.sessions) as session:
        held = holding.holdings(session, find(session, case), office.now)
    assert held[-1].unit_id == office.unit("urban_management")
