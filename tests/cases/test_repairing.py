"""A service that fails stops one process, not the ticker, and the process can be tried again."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from app.cases import repairing
from app.cases.history import faults
from app.cases.services import SERVICES
from app.core.db import reading
from app.core.errors import Conflict, NotAllowed
from app.engine import RepairItemRow
from tests.office import Office


@pytest.fixture
def broken() -> Iterator[None]:
    """The service that marks orders overdue fails."""
    service = SERVICES["mark_overdue"]

    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("no connection to the moon")

    SERVICES["mark_overdue"] = replace(service, call=fail)
    yield
    SERVICES["mark_overdue"] = service


def queue(office: Office) -> list[RepairItemRow]:
    with reading(office.sessions) as session:
        return [item for item in session.query(RepairItemRow) if item.resolved_at is None]


def test_a_failing_service_holds_its_process_and_lets_the_others_go_on(
    office: Office, broken: None
) -> None:
    held = office.bring_to("reply")
    other = office.bring_to("sign_for")
    office.wait(days=9)
    [item] = queue(office)
    assert "moon" in item.error
    assert not office.order(held).overdue
    assert office.order(other).signed_automatically
    with pytest.raises(Conflict, match="being repaired"):
        office.do(held, "reply")


def test_after_the_cause_is_mended_the_process_goes_on_where_it_stood(
    office: Office,
) -> None:
    case = office.bring_to("reply")
    service = SERVICES["mark_overdue"]

    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("no connection")

    SERVICES["mark_overdue"] = replace(service, call=fail)
    try:
        office.wait(days=9)
    finally:
        SERVICES["mark_overdue"] = service
    [item] = queue(office)
    with pytest.raises(NotAllowed), office.acting("handler") as uow:
        repairing.try_again(uow, item.process_id)
    with office.acting("duty") as uow:
        repairing.try_again(uow, item.process_id)
    office.tick()
    assert queue(office) == []
    assert office.order(case).overdue
    with reading(office.sessions) as session:
        assert list(faults(session)) == []
    office.do(case, "reply")
    assert "approve_reply" in office.waiting(case)


def test_a_person_whose_step_fails_loses_nothing_and_the_duty_manager_sees_it(
    office: Office,
) -> None:
    from app.core.phrase import Phrase
    from app.core.uow import unit_of_work
    from app.engine import ProcessFault

    case = office.bring_to("reply")
    fault = ProcessFault(Phrase("没有可走的路", "no way out"))
    with unit_of_work(office.sessions, office.actor("handler"), office.now) as uow:
        repairing.report(uow, case, office.demand(case).process_id or 0, "reply", fault)
    [item] = queue(office)
    assert (item.what, item.error) == ("reply", "没有可走的路")
    with office.acting("duty") as uow:
        repairing.try_again(uow, item.process_id)
    office.do(case, "reply")
    assert office.waiting(case) == ["approve_reply"]
