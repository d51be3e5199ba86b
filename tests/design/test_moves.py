"""Live cases are moved to another version: shown, agreed, carried out, undone; deadlines hold."""

import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest
from sqlalchemy import select

from app import engine
from app.cases.history import faults
from app.cases.models.procedure import Procedure
from app.core.errors import Conflict, Invalid, NotAllowed, NotFound
from app.core.uow import SYSTEM, unit_of_work
from app.design import publishing
from app.design.documents import Document, newest
from app.design.models import Kind
from app.design.moving import dry_runs, moves, prospects
from app.design.moving.candidates import candidates
from app.design.moving.models import CaseMoveLine, MoveOutcome, MoveStatus
from app.design.moving.prospects import CaseProspect, Query
from app.design.moving.sheet import move_of
from app.engine import ClockRow, ProcessRow, Verdict
from app.jobs.moving import look as look_at_cases
from app.jobs.moving import work
from tests.cases.test_co_handling import with_co_unit
from tests.cases.test_suspending import suspended
from tests.design.desk import Workshop
from tests.design.new_step import with_step
from tests.office import Office


def publish(office: Office, texts: Mapping[tuple[Kind, str], tuple[str, str]]) -> None:
    """Publish documents with one text replaced by another, and what names them."""
    with unit_of_work(office.sessions, SYSTEM, office.now) as uow:
        changed = {}
        for (kind, key), (old, new) in texts.items():
            last = newest(uow.session, Document(kind, key))
            assert last is not None
            assert old in last.content
            changed[Document(kind, key)] = last.content.replace(old, new)
        publishing.put(uow, changed)


def renamed_reply(office: Office) -> None:
    """Version 2 of the main diagram: the unit's reply is another element."""
    renamed(office, "work_order", "reply", "answer_in_full")


def renamed(office: Office, key: str, old: str, new: str) -> None:
    """Another version of a diagram in which an element has another id."""
    with unit_of_work(office.sessions, SYSTEM, office.now) as uow:
        last = newest(uow.session, Document(Kind.DIAGRAM, key))
        assert last is not None
        naming = re.compile(f'((?:id|sourceRef|targetRef|bpmnElement|attachedToRef)=)"{old}"')
        text = naming.sub(rf'\1"{new}"', last.content)
        assert text != last.content
        publishing.put(uow, {Document(Kind.DIAGRAM, key): text})


def longer_name(office: Office, key: str = "work_order") -> None:
    """Another version of a diagram that differs in a name only."""
    with unit_of_work(office.sessions, SYSTEM, office.now) as uow:
        last = newest(uow.session, Document(Kind.DIAGRAM, key))
        assert last is not None
        name = last.content.split('<bpmn:process id="')[1].split('name="')[1].split('"')[0]
        text = last.content.replace(f'name="{name}"', f'name="{name}（新）"', 1)
        publishing.put(uow, {Document(Kind.DIAGRAM, key): text})


def shorter_limits(office: Office, days: str = "3") -> None:
    """New time limits: five working days become `days`."""
    publish(
        office,
        {(Kind.TABLE, "time_limits"): ("<text>5</text>", f"<text>{days}</text>")},
    )


def look(
    office: Office, key: str = "work_order", version: int = 2, **given: Any
) -> list[CaseProspect]:
    with office.sessions() as session:
        return list(prospects.prospects(session, key, version, now=office.now, **given))


def try_out(
    workshop: Workshop,
    key: str = "work_order",
    version: int = 2,
    *,
    mapping: Mapping[str, str] | None = None,
    **given: Any,
) -> int:
    """A dry run that has been through; its id."""
    with workshop.acting("designer") as uow:
        move_id = dry_runs.try_out(uow, key, version, **given).id
    if mapping:
        with workshop.acting("designer") as uow:
            dry_runs.choose(uow, move_id, mapping)
    return move_id


def ask(workshop: Workshop, key: str = "work_order", version: int = 2, **given: Any) -> int:
    move_id = try_out(workshop, key, version, **given)
    with workshop.acting("designer") as uow:
        return moves.ask(uow, move_id, "新版已修正。").id


def carry_out(workshop: Workshop, **given: Any) -> int:
    """Ask, agree, and let the ticker do it; the move's id."""
    move_id = ask(workshop, **given)
    with workshop.acting("admin") as uow:
        moves.agree(uow, move_id, "同意。")
    go(workshop.office)
    return move_id


def go(office: Office) -> None:
    while work(office.sessions, lambda: office.now):
        pass


def outcomes(office: Office, move_id: int) -> list[str | None]:
    with office.sessions() as session:
        return list(
            session.scalars(
                select(CaseMoveLine.outcome)
                .where(CaseMoveLine.move_id == move_id)
                .order_by(CaseMoveLine.id)
            )
        )


def version_of(office: Office, process_id: int | None) -> int:
    with office.sessions() as session:
        process = session.get_one(ProcessRow, process_id)
        return session.get_one(engine.DiagramVersionRow, process.diagram_version_id).version


def main_version(office: Office, case: int) -> int:
    return version_of(office, office.demand(case).process_id)


def deadlines(office: Office, case: int) -> list[tuple[object, ...]]:
    """Every clock and every rung of a case."""
    with office.sessions() as session:
        found: list[tuple[object, ...]] = []
        for clock in session.scalars(
            select(ClockRow).where(ClockRow.subject_id == case).order_by(ClockRow.id)
        ):
            rungs = engine.rungs_as_they_are(session, clock.id)
            found.append((clock.name, clock.run, clock.due_at, clock.paused_at, clock.terms, rungs))
        return found


def status(office: Office, move_id: int) -> str:
    with office.sessions() as session:
        return move_of(session, move_id).status


def finish(office: Office, case: int, *done: str) -> None:
    """Go the smooth way to the end."""
    for element in (*done, "approve_reply", "review_reply", "callback", "close"):
        office.do(case, element)
    assert office.demand(case).closed_at is not None


def test_a_case_is_moved_and_finished_with_its_deadlines_as_they_were(workshop: Workshop) -> None:
    office = workshop.office
    case = office.bring_to("reply")
    before = deadlines(office, case)
    longer_name(office)
    (one,) = look(office)
    assert (one.verdict, one.from_version) == (Verdict.WILL_MOVE, 1)
    assert [change.changes for change in one.clocks] == [False] * len(one.clocks)
    assert [task.before for task in one.tasks] == [task.after for task in one.tasks]
    move_id = carry_out(workshop)
    assert outcomes(office, move_id) == [MoveOutcome.MOVED]
    assert status(office, move_id) == MoveStatus.DONE
    assert main_version(office, case) == 2
    assert deadlines(office, case) == before
    assert any("迁移到第2版" in line for line in office.story(case))
    finish(office, case, "reply")
    with office.sessions() as session:
        assert list(faults(session)) == []


def test_what_has_another_element_is_mapped_by_the_best_guess_and_its_story_stays_readable(
    workshop: Workshop,
) -> None:
    office = workshop.office
    case = office.bring_to("reply")
    waiting_for_contact = office.bring_to("first_contact")
    renamed_reply(office)
    told = {one.demand_id: one for one in look(office)}
    assert told[waiting_for_contact].verdict is Verdict.WILL_MOVE
    assert told[case].verdict is Verdict.NEEDS_MAPPING
    assert [one.element_id for one in told[case].obstacles] == ["reply"]
    with office.sessions() as session:
        old, new = (
            engine.bundle_of(session, engine.version_id_of(session, "work_order", number))
            for number in (1, 2)
        )
        guess = candidates(old, new, "reply")[0]
    assert guess.id == "answer_in_full"
    mapping = {"reply": guess.id}
    assert {one.verdict for one in look(office, mapping=mapping)} == {Verdict.WILL_MOVE}
    before = office.story(case)
    move_id = carry_out(workshop, mapping=mapping)
    assert outcomes(office, move_id) == [MoveOutcome.MOVED] * 2
    assert office.waiting(case) == ["answer_in_full"]
    assert office.story(case)[: len(before)] == before


def test_of_a_step_that_was_put_in_and_is_gone_again_the_nearest_step_is_the_guess(
    office: Office,
) -> None:
    with unit_of_work(office.sessions, SYSTEM, office.now) as uow:
        process = Document(Kind.DIAGRAM, "work_order")
        first = newest(uow.session, process)
        assert first is not None
        publishing.put(uow, {process: with_step(first.content, "")})
        old, new = (
            engine.bundle_of(uow.session, engine.version_id_of(uow.session, "work_order", number))
            for number in (2, 1)
        )
        assert candidates(old, new, "site_visit")[0].id == "sign_for"


def test_what_is_not_mapped_stays_as_it_was_and_says_so(workshop: Workshop) -> None:
    office = workshop.office
    case = office.bring_to("reply")
    office.bring_to("first_contact")
    renamed_reply(office)
    move_id = carry_out(workshop)
    assert outcomes(office, move_id) == [MoveOutcome.NEEDS_MAPPING, MoveOutcome.MOVED]
    assert main_version(office, case) == 1
    with office.sessions() as session:
        note = session.scalars(select(CaseMoveLine.note)).first()
        assert note is not None
        assert "请指定它对应的新元素" in note
        assert sum(moves.counts(session, move_id).values()) == 2
    finish(office, case, "reply")


def test_limits_change_only_when_that_is_chosen_and_nobody_becomes_late(
    workshop: Workshop,
) -> None:
    office = workshop.office
    case = office.bring_to("reply")
    assert office.last_day(office.clock(case, "handling")) == "2026-03-09"
    shorter_limits(office)
    before = deadlines(office, case)
    move_id = carry_out(workshop)
    assert deadlines(office, case) == before
    with workshop.acting("admin") as uow:
        moves.undo(uow, move_id, "改为同时重算时限。")
    go(office)
    assert outcomes(office, move_id) == [MoveOutcome.UNDONE]
    carry_out(workshop, recount_limits=True)
    assert office.last_day(office.clock(case, "handling")) == "2026-03-05"
    assert any("办理时限随迁移单" in line for line in office.story(case))
    office.do(case, "reply")
    office.do(case, "approve_reply")
    assert not office.order(case).overdue


def test_a_clock_that_would_be_late_by_the_new_limit_keeps_its_own(workshop: Workshop) -> None:
    office = workshop.office
    case = office.bring_to("reply")
    shorter_limits(office)
    office.wait(days=4)  # Friday: the fourth of five days, past the third
    (one,) = look(office, recount=True)
    kept = {change.clock: change.kept for change in one.clocks}
    assert kept["handling"] is not None
    carry_out(workshop, recount_limits=True)
    assert office.last_day(office.clock(case, "handling")) == "2026-03-09"
    office.tick()
    assert not office.order(case).overdue


def test_undoing_is_exact_clocks_and_their_lights_too(workshop: Workshop) -> None:
    office = workshop.office
    case = office.bring_to("reply")
    before = deadlines(office, case)
    shorter_limits(office)
    move_id = carry_out(workshop, recount_limits=True)
    assert deadlines(office, case) != before
    with office.sessions() as session:
        line = session.scalars(select(CaseMoveLine.id)).one()
    with workshop.acting("admin") as uow:
        moves.undo_case(uow, line)
    assert deadlines(office, case) == before
    assert main_version(office, case) == 1
    assert outcomes(office, move_id) == [MoveOutcome.UNDONE]
    assert any("撤销迁移单" in text for text in office.story(case))
    with workshop.acting("admin") as uow, pytest.raises(Conflict):
        moves.undo_case(uow, line)
    finish(office, case, "reply")


def test_what_has_gone_on_is_not_undone_and_is_listed(workshop: Workshop) -> None:
    office = workshop.office
    gone_on, still = office.bring_to("reply"), office.bring_to("reply")
    longer_name(office)
    move_id = carry_out(workshop)
    office.do(gone_on, "reply")
    with workshop.acting("admin") as uow:
        moves.undo(uow, move_id, "新版有误。")
    go(office)
    assert outcomes(office, move_id) == [MoveOutcome.GONE_ON, MoveOutcome.UNDONE]
    assert status(office, move_id) == MoveStatus.UNDONE
    assert (main_version(office, gone_on), main_version(office, still)) == (2, 1)
    finish(office, gone_on)
    finish(office, still, "reply")


def test_a_move_needs_a_reason_and_a_second_person(workshop: Workshop) -> None:
    office = workshop.office
    office.bring_to("reply")
    longer_name(office)
    with workshop.acting("admin") as uow, pytest.raises(NotAllowed):
        dry_runs.try_out(uow, "work_order", 2)
    move_id = try_out(workshop)
    with workshop.acting("designer") as uow, pytest.raises(Invalid):
        moves.ask(uow, move_id, " ")
    with workshop.acting("admin") as uow, pytest.raises(NotAllowed):
        moves.ask(uow, move_id, "新版已修正。")
    with workshop.acting("designer") as uow:
        moves.ask(uow, move_id, "新版已修正。")
    again = try_out(workshop)
    with workshop.acting("designer") as uow, pytest.raises(Conflict):
        moves.ask(uow, again, "又一次。")
    for login in ("designer", "second"):
        with workshop.acting(login) as uow, pytest.raises(NotAllowed):
            moves.agree(uow, move_id)
    go(office)
    assert outcomes(office, move_id) == [None]
    with workshop.acting("admin") as uow:
        moves.refuse(uow, move_id, "高峰期不动。")
    go(office)
    assert outcomes(office, move_id) == [None]
    with workshop.acting("admin") as uow, pytest.raises(Conflict):
        moves.agree(uow, move_id)


def test_an_interrupted_move_stops_and_goes_on_where_it_was(workshop: Workshop) -> None:
    office = workshop.office
    for _ in range(3):
        office.bring_to("dispatch")
    longer_name(office)
    move_id = ask(workshop)
    with workshop.acting("admin") as uow:
        moves.agree(uow, move_id)
    with workshop.reading() as session:
        first = moves.next_lines(session, 1)[0]
    with unit_of_work(office.sessions, SYSTEM, office.now) as uow:
        assert moves.apply(uow, first)
    with unit_of_work(office.sessions, SYSTEM, office.now) as uow:
        assert not moves.apply(uow, first)  # done twice, it changes nothing
    with workshop.acting("designer") as uow:
        moves.interrupt(uow, move_id)
    go(office)
    assert outcomes(office, move_id) == [MoveOutcome.MOVED, None, None]
    with workshop.acting("admin") as uow:
        moves.go_on(uow, move_id)
    go(office)
    assert outcomes(office, move_id) == [MoveOutcome.MOVED] * 3


def test_what_ends_before_its_turn_is_skipped(workshop: Workshop) -> None:
    office = workshop.office
    case, other = office.bring_to("close"), office.bring_to("close")
    longer_name(office)
    move_id = ask(workshop)
    office.do(case, "close")
    with workshop.acting("admin") as uow:
        moves.agree(uow, move_id)
    go(office)
    assert outcomes(office, move_id) == [MoveOutcome.SKIPPED, MoveOutcome.MOVED]
    finish_of_other = office.demand(other)
    assert finish_of_other.closed_at is None


def test_only_the_cases_that_are_meant_are_moved(workshop: Workshop) -> None:
    office = workshop.office
    first, second = office.bring_to("reply"), office.bring_to("dispatch")
    longer_name(office)
    by_number = Query(numbers=(office.order(first).number,))
    assert [one.demand_id for one in look(office, query=by_number)] == [first]
    by_unit = Query(unit_id=office.unit("urban_management"))
    assert [one.demand_id for one in look(office, query=by_unit)] == [first]
    assert look(office, query=Query(category="none")) == []
    earlier = Query(registered_before=office.now - timedelta(days=1))
    assert look(office, query=earlier) == []
    carry_out(workshop, query=by_number)
    assert (main_version(office, first), main_version(office, second)) == (2, 1)


def test_a_case_with_a_co_unit_moves_and_its_part_goes_on(workshop: Workshop) -> None:
    office = workshop.office
    case = with_co_unit(office)
    before = deadlines(office, case)
    longer_name(office)
    carry_out(workshop)
    assert deadlines(office, case) == before
    office.do(case, "answer_part")
    finish(office, case, "reply")


def test_a_procedure_beside_the_main_process_moves_by_itself(workshop: Workshop) -> None:
    office = workshop.office
    case = with_co_unit(office)
    with office.sessions() as session:
        part = session.scalars(select(Procedure)).one()
    before = deadlines(office, case)
    longer_name(office, part.kind)
    (one,) = look(office, part.kind)
    assert [change.clock for change in one.clocks] == ["part"]
    carry_out(workshop, key=part.kind)
    assert (version_of(office, part.process_id), main_version(office, case)) == (2, 1)
    assert deadlines(office, case) == before
    office.do(case, "answer_part")
    finish(office, case, "reply")


def test_a_suspended_case_moves_at_rest_and_wakes_with_what_was_left(
    workshop: Workshop, tmp_path: Path
) -> None:
    office = workshop.office
    case = suspended(office, tmp_path)
    before = deadlines(office, case)
    longer_name(office)
    carry_out(workshop)
    assert deadlines(office, case) == before
    assert main_version(office, case) == 2
    office.wait(days=49)
    office.do(case, "review_suspension")
    assert office.last_day(office.clock(case, "handling")) == "2026-04-27"  # as was left
    finish(office, case, "reply")


def test_a_case_in_a_called_process_moves_with_its_caller(workshop: Workshop) -> None:
    office = workshop.office
    case = office.bring_to("callback")
    renamed(office, "call_back", "callback", "callback_by_phone")
    (one,) = look(office)
    assert (one.verdict, [o.element_id for o in one.obstacles]) == (
        Verdict.NEEDS_MAPPING,
        ["callback"],
    )
    carry_out_with = {"callback": "callback_by_phone"}
    assert look(office, "call_back") == []
    (one,) = look(office, mapping=carry_out_with)
    assert one.verdict is Verdict.WILL_MOVE
    carry_out(workshop, mapping=carry_out_with)
    assert office.waiting(case) == ["callback_by_phone"]


def test_waiting_timers_keep_their_instants(workshop: Workshop) -> None:
    office = workshop.office
    case = office.bring_to("sign_for")
    longer_name(office)
    carry_out(workshop)
    due = office.clock(case, "sign_for").due_at
    assert due is not None
    office.wait_until(due)
    assert "sign_for" in office.waiting(case)
    office.wait(days=2)
    assert office.order(case).signed_automatically
    assert any("自动签收" in line for line in office.story(case))


def lines_of(office: Office, move_id: int) -> list[CaseMoveLine]:
    with office.sessions() as session:
        return list(
            session.scalars(
                select(CaseMoveLine)
                .where(CaseMoveLine.move_id == move_id)
                .order_by(CaseMoveLine.id)
            )
        )


def test_a_dry_run_keeps_of_each_case_what_would_become_of_it(workshop: Workshop) -> None:
    office = workshop.office
    office.bring_to("reply")
    office.bring_to("first_contact")
    shorter_limits(office)
    renamed(office, "work_order", "reply", "answer_in_full")
    move_id = try_out(workshop, version=3, recount_limits=True)
    replying, contacting = lines_of(office, move_id)
    assert (replying.verdict, contacting.verdict) == (Verdict.NEEDS_MAPPING, Verdict.WILL_MOVE)
    assert replying.orphans == '["reply"]'
    assert "请指定它对应的新元素" in replying.note
    (handling,) = [one for one in orjson.loads(replying.deadlines) if one["clock"] == "handling"]
    before, after = (datetime.fromisoformat(handling[of]["due_at"]) for of in ("before", "after"))
    assert before - after == timedelta(days=4)  # from Monday back to Thursday
    assert replying.limits_changed == 1
    ((step, after),) = orjson.loads(contacting.tasks)
    assert step == ["先行联系", "First contact"]
    with workshop.acting("designer") as uow:
        dry_runs.choose(uow, move_id, {"reply": "answer_in_full", "close": "dispatch"})
    assert [one.verdict for one in lines_of(office, move_id)] == [Verdict.WILL_MOVE] * 2
    with office.sessions() as session:
        assert move_of(session, move_id).mapping == '{"reply":"answer_in_full"}'
        assert [one.element_id for one in dry_runs.standing(session, move_id)] == ["reply"]


def test_what_changed_since_its_dry_run_is_looked_at_again(workshop: Workshop) -> None:
    office = workshop.office
    moving, ended = office.bring_to("first_contact"), office.bring_to("close")
    renamed_reply(office)
    move_id = ask(workshop)
    assert look_at_cases(office.sessions, lambda: office.now) == 0
    office.do(moving, "first_contact")
    office.do(ended, "close")
    assert look_at_cases(office.sessions, lambda: office.now) == 2
    first, second = lines_of(office, move_id)
    assert (first.verdict, second.verdict) == (Verdict.NEEDS_MAPPING, Verdict.CANNOT)
    assert "已经结束" in second.note
    assert look_at_cases(office.sessions, lambda: office.now) == 0


def test_many_cases_are_looked_at_in_the_background(
    workshop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    office = workshop.office
    for _ in range(3):
        office.bring_to("dispatch")
    longer_name(office)
    monkeypatch.setattr(dry_runs, "AT_ONCE", 1)
    move_id = try_out(workshop)
    with office.sessions() as session:
        assert dry_runs.verdicts(session, move_id) == {Verdict.WILL_MOVE: 1, None: 2}
    with workshop.acting("designer") as uow, pytest.raises(Conflict):
        moves.ask(uow, move_id, "新版已修正。")
    assert look_at_cases(office.sessions, lambda: office.now) == 2
    later = office.bring_to("dispatch")  # begins under the new version: it is not meant
    with workshop.acting("designer") as uow:
        moves.ask(uow, move_id, "新版已修正。")
    assert len(lines_of(office, move_id)) == 3
    assert main_version(office, later) == 2


def test_a_dry_run_that_nobody_went_on_with_goes(workshop: Workshop) -> None:
    office = workshop.office
    office.bring_to("reply")
    longer_name(office)
    try_out(workshop)
    again = try_out(workshop)
    with office.sessions() as session:
        assert [one.id for one in moves.moves_of_diagram(session, "work_order")] == [again]
    office.now += dry_runs.KEPT + timedelta(minutes=1)
    with unit_of_work(office.sessions, SYSTEM, office.now) as uow:
        assert dry_runs.sweep(uow) == 1
    assert lines_of(office, again) == []
    with office.sessions() as session, pytest.raises(NotFound):
        move_of(session, again)
