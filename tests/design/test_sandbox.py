"""An office in memory in which a case can be tried: real rules, no real person, no real case."""

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

import pytest
from sqlalchemy import Engine, func, select

from app.core.clock import CHINA
from app.core.db import Base, make_engine, reading
from app.core.errors import Conflict, DomainError, Invalid, NotFound
from app.core.outbox import OutboxMessage
from app.design.documents import Document
from app.design.models import Kind
from app.design.sandbox import BEGIN, MOST_TIME, Sandbox
from app.identity.models import User
from app.office import DIAGRAMS, ROOT
from tests.office import WAY, Office

USUAL = {
    "answer_or_order": {"outcome": "order"},
    "dispatch": {"lead_unit": "unit 1"},
    "callback": WAY["callback"][1],
}


def opened(office: Office, **how: object) -> Sandbox:
    return Sandbox.open(office.sessions, office.now, usual=USUAL, **how)  # type: ignore[arg-type]


def rows(database: Engine) -> dict[str, int]:
    with database.connect() as connection:
        return {
            table.name: connection.scalar(select(func.count()).select_from(table)) or 0
            for table in Base.metadata.sorted_tables
        }


def test_a_case_is_brought_to_its_end_and_nothing_real_has_changed(office: Office) -> None:
    before = rows(office.database)
    with opened(office) as sandbox:
        sandbox.register({"nature": "complaint"})
        sandbox.go_on("close")
        sandbox.do("close")
        assert sandbox.outcome() == "closed"
        told = [notice.name for entry in sandbox.trace for notice in entry.notices]
        assert told[:2] == ["accepted", "dispatched"]
        assert "沙盒单位一" in sandbox.trace[2].notices[0].to.zh
    assert rows(office.database) == before


def test_nobody_of_the_office_is_in_it(office: Office) -> None:
    office.register()
    with reading(office.sessions) as session:
        names = set(session.scalars(select(User.name))) - {"派单员"}
    with opened(office) as sandbox:
        with reading(sandbox.sessions) as session:
            stand_ins = session.scalars(select(User)).all()
            database = session.get_bind().engine
        counted = rows(database)
    assert not names & {one.name for one in stand_ins}
    assert all(one.password_hash == "" and one.email is None for one in stand_ins)
    assert {name for name, count in counted.items() if count} == {
        "app_user", "calendar", "calendar_day", "calendar_version", "category",
        "decision_version", "diagram_version", "district", "handling_unit", "hours_version",
        "document_version", "letter_issuer", "letter_version", "user_role",
    }  # fmt: skip


def test_every_deadline_on_the_way_passes_at_its_own_instant(office: Office) -> None:
    with opened(office) as sandbox:
        sandbox.register()
        sandbox.go_on("reply")
        due = next(one.due_at for one in sandbox.deadlines() if one.clock == "handling")
        assert due is not None
        sandbox.wait(timedelta(days=60))
        moves = sandbox.trace[-1].moves
        assert [move.at for move in moves] == sorted(move.at for move in moves)
        red = next(m for m in moves if any(p.element == "red_light" for p in m.passed))
        assert red.at == due
        lights = {one.clock: one.light for one in sandbox.deadlines()}
        assert lights["handling"] == "red"


def test_time_goes_on_by_working_days_hours_and_deadlines(office: Office) -> None:
    with opened(office) as sandbox:
        sandbox.register()
        sandbox.next_working_day()
        assert sandbox.now == datetime(2026, 3, 3, 9, 0, tzinfo=CHINA)
        sandbox.wait_working(4, "working_day")
        assert sandbox.now == datetime(2026, 3, 9, 9, 0, tzinfo=CHINA)
        sandbox.wait_working(3, "working_hour")
        assert sandbox.now == datetime(2026, 3, 9, 12, 0, tzinfo=CHINA)
        sandbox.go_on("sign_for")
        sandbox.skip_to_deadline("sign_for", "red")
        assert "sign_for_late" in {p.element for m in sandbox.trace[-1].moves for p in m.passed}
        sandbox.skip_to_deadline()
        with pytest.raises(NotFound):
            sandbox.skip_to_deadline("callback")


def test_what_is_refused_leaves_no_trace_and_says_why(office: Office) -> None:
    with opened(office) as sandbox:
        sandbox.register()
        lines = len(sandbox.trace)
        for refused, kind in (
            (lambda: sandbox.do("reply"), Conflict),
            (lambda: sandbox.do("dispatch", {"no_such_field": "1"}), Conflict),
            (lambda: sandbox.do("answer_or_order", {"outcome": "answered", "answer": ""}), Invalid),
            (lambda: sandbox.do("answer_or_order", {"nothing": "1"}), Invalid),
            (lambda: sandbox.do("answer_or_order", by="unit_handler"), DomainError),
            (lambda: sandbox.wait_until(BEGIN - timedelta(1)), Invalid),
            (lambda: sandbox.wait_until(BEGIN + MOST_TIME + timedelta(1)), Invalid),
        ):
            with pytest.raises(kind):
                refused()
        assert len(sandbox.trace) == lines
        assert [one.element.id for one in sandbox.steps(acts_too=False)] == ["answer_or_order"]


def test_drafts_are_tried_before_they_are_published(office: Office) -> None:
    text = (DIAGRAMS / "work_order.bpmn").read_text()
    drafts = {
        Document(Kind.DIAGRAM, "work_order"): text.replace("直接答复或转工单", "先答复还是转工单")
    }
    with opened(office, texts=drafts) as sandbox:
        sandbox.register()
        assert sandbox.steps(acts_too=False)[0].element.name == "先答复还是转工单"
        sandbox.do("先答复还是转工单")
    limits = (ROOT / "rules" / "time_limits.dmn").read_text()
    assert "<text>2</text>" in limits
    with pytest.raises(DomainError):
        opened(office, texts={Document(Kind.TABLE, "time_limits"): limits.replace('"', "'")[:-400]})
    office.register()  # under the published version still
    with opened(office) as sandbox:
        sandbox.register()
        assert sandbox.steps(acts_too=False)[0].element.name == "直接答复或转工单"


def test_a_changed_table_counts_the_limits_of_the_sandbox_only(office: Office) -> None:
    text = (ROOT / "rules" / "time_limits.dmn").read_text()
    row = text.index('id="time_limits_row_1_output_1"')
    changed = text[:row] + text[row:].replace("<text>1</text>", "<text>7</text>", 1)
    last_days = []
    for drafts in ({}, {Document(Kind.TABLE, "time_limits"): changed}):
        with opened(office, texts=drafts) as sandbox:
            sandbox.register()
            sandbox.go_on("sign_for")
            last_days += [one.last_day for one in sandbox.deadlines() if one.clock == "sign_for"]
    assert last_days[0] < last_days[1]


def test_several_run_at_once_and_each_is_alone(office: Office) -> None:
    def live(days: int) -> tuple[str, list[str]]:
        with opened(office) as sandbox:
            sandbox.register({"title": f"第{days}件"})
            sandbox.go_on("sign_for")
            sandbox.wait(timedelta(days=days))
            sandbox.go_on("close")
            return sandbox.outcome(), [one.last_day for one in sandbox.deadlines()]

    expected = [live(days) for days in (0, 1, 2, 3)]
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(live, (0, 1, 2, 3))) == expected


def test_a_step_keeps_to_its_bounds(office: Office) -> None:
    with opened(office) as sandbox:
        sandbox.register()
        with pytest.raises(Conflict, match="does not lead"):
            sandbox.go_on("no_such_element")


@pytest.mark.postgres
def test_a_sandbox_is_opened_beside_postgresql(postgres_url: str) -> None:
    office = Office(make_engine(postgres_url))
    office.found()
    with opened(office) as sandbox:
        sandbox.register()
        sandbox.go_on("close")
        assert sandbox.outcome() == "pending_closure"
    with reading(office.sessions) as session:
        assert session.scalar(select(func.count()).select_from(OutboxMessage)) == 0
    office.database.dispose()
