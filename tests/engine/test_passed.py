"""What a process has passed is kept, under each version that it ran by."""

from sqlalchemy import select

from app import engine
from app.core.db import reading
from app.engine import ProcessRow
from app.engine.passed import by_version, flows_of
from tests.engine.conftest import Office

OLD = """
    start s
    user first
    service tell call=urge
    user second
    end e
    s > first > tell > second > e
"""
NEW = """
    start s
    user first
    user second
    user third
    end e
    s > first > second > third > e
"""


def passed(office: Office, process: int) -> list[tuple[int, list[tuple[str, str]]]]:
    """By number of the version: from where to where the process went, in order."""
    found = []
    with reading(office.sessions) as session:
        row = session.scalars(select(ProcessRow).where(ProcessRow.id == process)).one()
        assert row.passed is not None
        for version_id, numbers in by_version(row.passed, row.diagram_version_id):
            bundle = engine.bundle_of(session, version_id)
            flows = flows_of(bundle)
            ways = [
                bundle.processes[key].flows[flow] for key, flow in map(flows.__getitem__, numbers)
            ]
            version = session.get_one(engine.DiagramVersionRow, version_id).version
            found.append((version, [(way.source, way.target) for way in ways]))
    return found


def test_every_flow_is_kept_in_its_order_also_after_the_end(office: Office) -> None:
    office.publish("m", OLD)
    process = office.start("m")
    assert passed(office, process) == [(1, [("s", "first")])]
    office.do("first")
    office.do("second")
    way = [("s", "first"), ("first", "tell"), ("tell", "second"), ("second", "e")]
    assert passed(office, process) == [(1, way)]


def test_what_was_passed_before_a_move_stays_with_its_version(office: Office) -> None:
    office.publish("m", OLD)
    process = office.start("m")
    office.do("first")
    office.publish("m", NEW)
    before = (1, [("s", "first"), ("first", "tell"), ("tell", "second")])
    with office.uow() as uow:
        engine.move(uow, process, 2)
    office.do("second")
    assert passed(office, process) == [before, (2, [("second", "third")])]


def test_an_undone_move_leaves_nothing_but_what_was_passed(office: Office) -> None:
    office.publish("m", OLD)
    process = office.start("m")
    office.publish("m", NEW)
    with office.uow() as uow:
        engine.move(uow, process, 2)
    with office.uow() as uow:
        engine.restore(uow, process)
    office.do("first")
    way = (1, [("first", "tell"), ("tell", "second")])
    assert passed(office, process) == [(1, [("s", "first")]), (2, []), way]


def test_a_process_that_began_before_it_was_kept_stays_without(office: Office) -> None:
    office.publish("m", OLD)
    process = office.start("m")
    with office.uow() as uow:
        uow.session.get_one(ProcessRow, process).passed = None
    office.do("first")
    with reading(office.sessions) as session:
        assert session.get_one(ProcessRow, process).passed is None
