"""Clocks, rungs and timers: who fires, how often, in which order, anchored where."""

from datetime import timedelta

import pytest
from sqlalchemy import text

from app import engine
from app.core.errors import Conflict
from app.core.uow import UnitOfWork
from tests.engine.conftest import Office
from tests.engine.host import T0

HANDLING = """
    start s
    sub handle
        start s1
        user reply
        end e1
        s1 > reply > e1
    boundary yellow on=handle beside date=clock(c,y)
    boundary red on=handle beside date=clock(c,r)
    service warn call=warn
    service mark call=mark_overdue
    user review
    end e
    s > handle > review > e
    yellow > warn > e
    red > mark > e
"""
NAMES = {"c": "handling", "y": "yellow", "r": "red"}
DAY = timedelta(days=1)


def begin(office: Office, *, days: float = 5, subject: int = 1) -> int:
    office.publish("handling", HANDLING)
    process = office.start("handling", subject, **NAMES)
    clock(office, days=days, subject=subject)
    return process


def clock(office: Office, *, days: float, subject: int = 1) -> None:
    with office.uow() as uow:
        due = office.now + days * DAY
        engine.start_clock(
            uow, "case", subject, "handling",
            started_at=office.now, due_at=due, rungs={"yellow": due - DAY, "red": due},
            terms={"days": days},
        )  # fmt: skip


def calls(office: Office) -> list[tuple[str, timedelta]]:
    return [(name, at - T0) for name, _, at in office.host.calls]


def test_a_rung_fires_once_at_its_due_instant(office: Office):
    begin(office)
    office.wait(days=8)
    assert calls(office) == [("warn", 4 * DAY), ("mark_overdue", 5 * DAY)]
    assert office.open() == ["reply"]


def test_a_deadline_has_passed_only_when_now_is_later(office: Office):
    begin(office)
    office.now = T0 + 4 * DAY
    assert office.tick() == 0
    office.now += timedelta(microseconds=1)
    assert office.tick() == 1


def test_after_an_outage_everything_is_as_if_there_had_been_none(office: Office):
    begin(office)
    office.wait(days=8, tick=False)
    office.tick()
    assert calls(office) == [("warn", 4 * DAY), ("mark_overdue", 5 * DAY)]
    with office.uow() as uow:
        rungs = uow.session.query(engine.ClockRungRow).order_by(engine.ClockRungRow.due_at).all()
        assert [r.passed_at for r in rungs] == [T0 + 4 * DAY, T0 + 5 * DAY]
        assert {r.fired_at for r in rungs} == {T0 + 8 * DAY}


def test_an_extension_moves_rows_only_and_arms_what_lies_ahead_again(office: Office):
    process = begin(office)
    office.wait(days=4.5)
    with office.uow() as uow:
        before = uow.session.get_one(engine.ProcessRow, process).revision
        row = engine.clock_of(uow.session, "case", 1, "handling")
        due = T0 + 10 * DAY
        engine.move_clock(
            uow, row, due_at=due, rungs={"yellow": due - DAY, "red": due},
            what="extension", at=office.now, evidence={"by": "approval 7"},
        )  # fmt: skip
        assert uow.session.get_one(engine.ProcessRow, process).revision == before
    office.wait(days=8)
    assert calls(office) == [("warn", 4 * DAY), ("warn", 9 * DAY), ("mark_overdue", 10 * DAY)]
    with office.uow() as uow:
        revision = uow.session.query(engine.ClockRevisionRow).one()
        assert (revision.what, revision.due_before, revision.due_after) == (
            "extension", T0 + 5 * DAY, T0 + 10 * DAY,
        )  # fmt: skip


def test_what_a_new_limit_has_behind_it_passes_when_the_limit_was_changed(office: Office):
    begin(office)
    office.wait(days=2)
    with office.uow() as uow:
        row = engine.clock_of(uow.session, "case", 1, "handling")
        due = T0 + 3 * DAY
        engine.move_clock(
            uow, row, due_at=due, rungs={"yellow": T0 + DAY, "red": due},
            what="urgency", at=office.now, evidence=None,
        )  # fmt: skip
    office.wait(days=2)
    assert calls(office) == [("warn", 2 * DAY), ("mark_overdue", 3 * DAY)]


def test_a_paused_clock_lets_nothing_pass_until_it_is_resumed(office: Office):
    begin(office)
    office.wait(days=2)
    with office.uow() as uow:
        assert engine.pause_clock(uow, "case", 1, "handling", office.now)
        assert not engine.pause_clock(uow, "case", 1, "handling", office.now)
    assert office.wait(days=10) == 0
    with office.uow() as uow:
        due = office.now + 3 * DAY
        engine.resume_clock(
            uow, "case", 1, "handling", office.now,
            due_at=due, rungs={"yellow": due - DAY, "red": due},
        )  # fmt: skip
    office.wait(days=5)
    assert calls(office) == [("warn", 14 * DAY), ("mark_overdue", 15 * DAY)]


def test_resuming_a_clock_that_runs_is_refused(office: Office):
    begin(office)
    with office.uow() as uow, pytest.raises(Conflict):
        engine.resume_clock(uow, "case", 1, "handling", office.now, due_at=None, rungs={})


def test_a_stopped_clock_lets_nothing_pass_and_continues_on_its_original_limit(office: Office):
    begin(office)
    office.wait(days=2)
    with office.uow() as uow:
        assert engine.stop_clock(uow, "case", 1, "handling", office.now)
        assert not engine.stop_clock(uow, "case", 1, "handling", office.now)
    assert office.wait(days=2.5) == 0
    with office.uow() as uow:
        engine.continue_clock(uow, "case", 1, "handling", office.now)
    office.wait(days=2)
    assert calls(office) == [("warn", 4.5 * DAY), ("mark_overdue", 5 * DAY)]


def test_each_run_of_a_clock_fires_its_rungs(office: Office):
    begin(office)
    office.wait(days=6)
    clock(office, days=3)
    office.wait(days=4)
    assert calls(office) == [
        ("warn", 4 * DAY), ("mark_overdue", 5 * DAY),
        ("warn", 8 * DAY), ("mark_overdue", 9 * DAY),
    ]  # fmt: skip
    with office.uow() as uow:
        assert engine.clock_of(uow.session, "case", 1, "handling").run == 2


def test_a_timer_that_asks_a_passed_clock_fires_at_once_and_only_once(office: Office):
    office.publish("handling", HANDLING)
    clock(office, days=2)
    office.wait(days=5)
    office.start("handling", **NAMES)
    assert calls(office) == [("warn", 5 * DAY), ("mark_overdue", 5 * DAY)]
    office.wait(days=1)
    assert len(calls(office)) == 2


def test_a_timer_that_asks_a_clock_not_started_waits(office: Office):
    office.publish("handling", HANDLING)
    office.start("handling", **NAMES)
    assert office.wait(days=20) == 0
    clock(office, days=2)
    office.wait(days=3)
    assert calls(office) == [("warn", 21 * DAY), ("mark_overdue", 22 * DAY)]


def test_a_command_lets_due_deadlines_pass_before_it_acts(office: Office):
    begin(office)
    office.wait(days=6, tick=False)
    with office.uow() as uow:
        assert engine.let_due_pass(uow, "case", 1) == 2
        engine.complete(uow, office.process, "reply")
    assert calls(office) == [("warn", 4 * DAY), ("mark_overdue", 5 * DAY)]
    assert office.tick() == 0


def test_two_schedulers_at_once_fire_each_rung_once(office: Office):
    begin(office)
    office.now += 6 * DAY
    with office.sessions() as session:
        mine = engine.due_firings(session, office.now)
        theirs = engine.due_firings(session, office.now)
    assert mine == theirs
    fired = []
    for firing in [*mine, *theirs]:
        with office.uow() as uow:
            fired.append(engine.fire(uow, firing))
    assert sum(fired) == 2
    assert len(calls(office)) == 2


OWN = """
    start s
    user work
    boundary soon on=work beside duration=PT10H
    catch pause duration=PT5H
    user decide
    boundary later on=decide beside duration=PT12H
    service second call=second
    service third call=third
    user after
    end e
    s > work > pause > after > e
    soon > decide > third > e
    later > second > e
"""


def test_timers_of_their_own_fire_in_due_order_also_those_armed_on_the_way(office: Office):
    office.publish("own", OWN)
    office.publish("handling", HANDLING)
    office.start("own")
    with office.uow() as uow:
        engine.create(uow, "handling", "case", 1)
    office.wait(days=3, tick=False)
    office.tick()
    assert calls(office) == [("second", timedelta(hours=22))]
    assert office.open() == ["decide", "work"]


def test_a_failing_timer_goes_to_the_repair_queue_and_hurts_nobody_else(office: Office):
    def broken() -> None:
        raise ZeroDivisionError("no divisor")

    office.host.services["mark_overdue"] = broken
    first = begin(office, subject=1)
    second = office.start("handling", 2, **NAMES)
    with office.uow() as uow:
        due = T0 + 5 * DAY
        engine.start_clock(
            uow, "case", 2, "handling",
            started_at=T0, due_at=due + DAY, rungs={"yellow": due, "red": due + DAY},
        )  # fmt: skip
    office.wait(days=5.5)
    assert office.status(first) == "stuck"
    assert office.status(second) == "active"
    with office.uow() as uow:
        item = uow.session.query(engine.RepairItemRow).one()
        assert (item.process_id, item.what) == (first, "fire red")
        assert "no divisor" in item.error
        with pytest.raises(Conflict):
            engine.complete(uow, first, "reply")
    del office.host.services["mark_overdue"]
    office.host.calls.clear()
    with office.uow() as uow:
        engine.resume(uow, first)
        engine.complete(uow, first, "reply")
    assert [name for name, _, _ in office.host.calls] == ["mark_overdue"]  # tried again
    assert office.open(first) == ["review"]


def test_a_process_that_can_never_move_again_is_noticed(office: Office):
    office.publish(
        "dead",
        """
        start s
        and fork
        user a
        user b
        and join
        end e
        s > fork
        fork > a > join
        fork > b > join
        join > e
        """,
    )
    process = office.start("dead")
    office.do("a")
    with office.uow() as uow:
        token = engine.describe(uow.session, process).tasks[0].token
        engine.jump(uow, process, "e", token=token)
    assert office.status() == "stuck"
    with office.uow() as uow:
        assert uow.session.query(engine.RepairItemRow).one().what == "stuck"
        engine.jump(uow, process, "a")
    assert office.open() == ["a"]
    assert office.status() == "active"


def test_rebuild_changes_nothing_and_repairs_rows_changed_by_hand(office: Office):
    process = begin(office)
    with office.uow() as uow:
        assert engine.rebuild(uow, process) == 0
    with office.uow() as uow:
        uow.session.execute(text("delete from timer_wait where rung = 'red'"))
        uow.session.execute(text("update human_task set closed_at = opened_at"))
    with office.uow() as uow:
        assert engine.rebuild(uow, process) == 2
        assert engine.rebuild(uow, process) == 0
    assert office.open() == ["reply"]
    office.wait(days=8)
    assert calls(office) == [("warn", 4 * DAY), ("mark_overdue", 5 * DAY)]


def test_a_thirty_day_and_a_one_year_timer_are_exact(office: Office):
    office.publish(
        "long",
        """
        start s
        user work
        boundary month on=work beside duration=P30D
        boundary year on=work beside duration=P1Y
        service m call=month
        service y call=year
        end e
        s > work > e
        month > m > e
        year > y > e
        """,
    )
    office.start("long")
    for instant in (T0 + 30 * DAY, T0.replace(year=2027)):
        office.now = instant - timedelta(microseconds=1)
        assert office.tick() == 0
        office.now = instant
        assert office.tick() == 1
    assert [at for _, _, at in office.host.calls] == [T0 + 30 * DAY, T0.replace(year=2027)]


def test_a_repeating_timer_catches_up_after_an_outage_at_its_own_instants(office: Office):
    office.publish(
        "cycle",
        """
        start s
        user work
        boundary tick on=work beside cycle=R4/PT6H
        service remind call=remind
        end e
        s > work > e
        tick > remind > e
        """,
    )
    office.start("cycle")
    office.wait(hours=7)
    office.wait(days=3, tick=False)
    assert office.tick() == 3
    assert calls(office) == [("remind", timedelta(hours=6 * n)) for n in (1, 2, 3, 4)]
    with office.uow() as uow:
        assert engine.rebuild(uow, office.process) == 0
    office.do("work")
    assert office.status() == "completed"


def test_two_timers_of_one_rung_do_not_trip_over_each_other(office: Office):
    office.publish(
        "twice",
        """
        start s
        user work
        boundary first on=work date=clock(c,r)
        boundary second on=work beside date=clock(c,r)
        service a call=a
        service b call=b
        end e
        s > work > e
        first > a > e
        second > b > e
        """,
    )
    process = office.start("twice", **NAMES)
    clock(office, days=2)
    office.wait(days=3)
    assert calls(office) == [("a", 2 * DAY)]
    assert office.status(process) == "completed"


def test_a_firing_may_stop_the_clock_of_the_next(office: Office):
    running: list[UnitOfWork] = []
    office.host.services["warn"] = lambda: (
        engine.stop_clock(running[0], "case", 1, "handling", office.now) and None
    )
    begin(office)
    office.wait(days=8, tick=False)
    with office.uow() as uow:
        running.append(uow)
        assert engine.let_due_pass(uow, "case", 1) == 1
    assert calls(office) == [("warn", 4 * DAY)]
    assert office.tick() == 0


def test_deadlines_of_several_subjects_pass_in_one_transaction_each_in_its_own_order(
    office: Office,
):
    for subject in (3, 1, 2):
        begin(office, days=4 + subject, subject=subject)
    office.now += 6.5 * DAY
    with office.uow() as uow:
        due = engine.due_firings(uow.session, office.now)
        assert engine.fire(uow, *due) == 5
    told = sorted(calls(office), key=lambda call: call[1])
    assert told == [
        ("warn", 4 * DAY),
        *[("warn", 5 * DAY), ("mark_overdue", 5 * DAY)],
        *[("warn", 6 * DAY), ("mark_overdue", 6 * DAY)],
    ]
    assert office.host.locked == [("case", 1), ("case", 2), ("case", 3)]
    assert office.tick() == 0


def test_only_what_was_due_before_a_firing_of_the_same_subject_passes_with_it(office: Office):
    begin(office, days=5, subject=1)
    begin(office, days=3, subject=2)
    office.now += 6 * DAY
    with office.uow() as uow:
        due = engine.due_firings(uow.session, office.now)
        first = [firing for firing in due if firing.due_at < T0 + 4 * DAY]
        assert engine.fire(uow, *first) == 2
    assert calls(office) == [("warn", 2 * DAY), ("mark_overdue", 3 * DAY)]
