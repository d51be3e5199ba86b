"""Thousands of live cases are moved while the process that moves them is killed, again and again.

python -m tests.design.move_many 5000    prints figures; ends with an error where one is wrong
"""

import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import func, select, text

from app import engine
from app.cases.models.history import HistoryEntry
from app.core import jobs
from app.core.db import make_engine, make_sessions, reading
from app.core.uow import SYSTEM, unit_of_work
from app.design.moving import dry_runs, moves
from app.design.moving.models import MoveOutcome
from app.design.moving.prospects import prospects
from app.engine import DiagramVersionRow, ProcessMoveRow, ProcessRow, Verdict
from app.identity.directory import add_user
from app.jobs.moving import look, work
from app.office import wire
from bench.multiply import multiply
from tests.office import Office

ROOT = Path(__file__).resolve().parents[2]
LATER = jobs.LEASE + timedelta(seconds=1)
"""After so long another process goes on with what a killed one held."""


def fill(office: Office, cases: int) -> None:
    """Live cases that wait for their unit, most of them copies, and version 2 of their diagram."""
    originals = [office.bring_to(step) for step in ("dispatch", "sign_for", "reply", "callback")]
    with unit_of_work(office.sessions, SYSTEM, office.now) as uow:
        add_user(uow, "designer", "屠设计", "correct horse", ["process_designer"], None)
        add_user(uow, "admin", "何管理", "correct horse", ["administrator"], None)
        multiply(uow.session, cases // len(originals) - 1, with_evidence=True)
        version = engine.latest(uow.session, "work_order")
        assert version is not None
        shipped = engine.bundle_of(uow.session, version.id).source.decode()
        changed = engine.read_diagram(
            shipped.replace('name="派单"', 'name="派遣"').encode(), "w.bpmn"
        )
        engine.publish(uow, "work_order", [changed])


def move_under_fire(
    office: Office, database: Path, killed_after: Sequence[int]
) -> dict[str, float]:
    """Ask, agree, and carry out; a worker is killed after so many transactions of its own, one
    after the other, and the last one ends. Gives seconds; what is wrong is an `AssertionError`.
    """
    spent, before = {}, _clocks(office)
    began = time.monotonic()
    with reading(office.sessions) as session:
        found = list(prospects(session, "work_order", 2, now=office.now))
    spent["dry run"] = time.monotonic() - began
    assert {one.verdict for one in found} == {Verdict.WILL_MOVE}
    began = time.monotonic()
    with office.acting("designer") as uow:
        move_id = dry_runs.try_out(uow, "work_order", 2).id
    look(office.sessions, lambda: office.now)
    with office.acting("designer") as uow:
        moves.ask(uow, move_id, "新版已修正。")
    with office.acting("admin") as uow:
        moves.agree(uow, move_id)
    spent["asked and agreed"] = time.monotonic() - began
    began = time.monotonic()
    for transactions in killed_after:
        _killed(database, office.now, transactions)
        office.now += LATER
    with reading(office.sessions) as session:
        halfway = moves.counts(session, move_id)
    assert 0 < halfway[None] < len(found), halfway
    while work(office.sessions, lambda: office.now):
        pass
    spent["carried out"] = time.monotonic() - began
    with reading(office.sessions) as session:
        assert moves.counts(session, move_id) == {MoveOutcome.MOVED: len(found)}
        assert moves.open_move(session, "work_order") is None
        assert not jobs.is_open(session, moves.JOB)
    _assert_moved_once(office, len(found))
    assert _clocks(office) == before
    return spent


def _killed(database: Path, now: datetime, transactions: int) -> None:
    """A process of its own is at the moves, and is killed after so many transactions."""
    child = subprocess.Popen(
        [sys.executable, "-m", "tests.design.move_many", "work", str(database), now.isoformat()],
        cwd=ROOT,
        stdout=subprocess.PIPE,
    )
    assert child.stdout is not None
    assert len(child.stdout.read(transactions)) == transactions, "it ended before it was killed"
    child.kill()
    child.wait()
    child.stdout.close()


def _assert_moved_once(office: Office, cases: int) -> None:
    with unit_of_work(office.sessions, SYSTEM, office.now) as uow:
        session = uow.session
        told = select(HistoryEntry.demand_id).where(HistoryEntry.command == "move_process")
        assert set(Counter(session.scalars(told)).values()) == {1}
        assert len(session.scalars(told).all()) == cases
        assert session.scalar(select(func.count(ProcessMoveRow.id))) == cases
        moved = session.execute(
            select(ProcessRow.id, DiagramVersionRow.version)
            .join(DiagramVersionRow, DiagramVersionRow.id == ProcessRow.diagram_version_id)
            .where(DiagramVersionRow.key == "work_order")
        ).all()
        assert {row.version for row in moved} == {2}
        assert sum(engine.rebuild(uow, row.id) for row in moved) == 0


def _clocks(office: Office) -> list[object]:
    with reading(office.sessions) as session:
        clocks = text("SELECT id, due_at, paused_at, stopped_at, terms FROM clock ORDER BY id")
        rungs = text("SELECT id, due_at, fire_at, passed_at, fired_for FROM clock_rung ORDER BY id")
        return [tuple(row) for which in (clocks, rungs) for row in session.execute(which)]


def _work(database: str, now: str) -> None:
    """Be the process that is killed: a byte on stdout for each transaction."""
    wire()
    sessions = make_sessions(make_engine(f"sqlite:///{database}"))

    def clock() -> datetime:
        sys.stdout.write(".")
        sys.stdout.flush()
        return datetime.fromisoformat(now)

    while work(sessions, clock):
        pass


def main() -> None:
    cases = int(sys.argv[1])
    with tempfile.TemporaryDirectory() as folder:
        database = Path(folder) / "office.db"
        office = Office(make_engine(f"sqlite:///{database}"))
        office.found()
        fill(office, cases)
        spent = move_under_fire(office, database, (cases // 3, cases // 3))
    for what, seconds in spent.items():
        sys.stdout.write(f"{what}: {seconds:.1f} s, {1000 * seconds / cases:.2f} ms a case\n")


if __name__ == "__main__":
    if sys.argv[1] == "work":
        _work(*sys.argv[2:])
    else:
        main()
