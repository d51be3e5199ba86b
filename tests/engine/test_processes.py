"""Processes in a database, on SQLite and PostgreSQL."""

from datetime import timedelta
from threading import Barrier, Thread

import pytest
from sqlalchemy import text

from app import engine
from app.core.errors import Conflict, Invalid, NotFound
from app.engine import ProcessFault
from tests.engine.conftest import Office

LINE = """
    start s
    user register role=agent
    user reply role=handler
    end e
    s > register > reply > e
"""


def test_a_process_is_published_started_and_completed_step_by_step(office: Office):
    office.publish("line", LINE)
    office.start("line")
    assert office.open() == ["register"]
    office.do("register")
    assert office.open() == ["reply"]
    office.do("reply", answer="done")
    assert office.open() == []
    assert office.status() == "completed"


def test_the_second_of_two_who_complete_a_task_is_refused(office: Office):
    office.publish("line", LINE)
    office.start("line")
    office.do("register")
    with pytest.raises(Conflict):
        office.do("register")
    assert office.open() == ["reply"]


def test_publishing_what_has_not_changed_makes_no_new_version(office: Office):
    office.publish("line", LINE)
    office.publish("line", LINE)
    with office.uow() as uow:
        assert engine.latest(uow.session, "line").version == 1
    office.publish("line", LINE.replace("role=agent", "role=chief"))
    with office.uow() as uow:
        assert engine.latest(uow.session, "line").version == 2


TWO_STEPS = """
    start s
    user a
    service work call=work gives=x
    user b
    boundary late on=b duration=P1D
    end e
    s > a > work > b > e
    late > e
"""


def everything(office: Office) -> list[tuple[object, ...]]:
    with office.sessions() as session:
        return [
            tuple(row)
            for table in ("process", "human_task", "timer_wait", "message_wait")
            for row in session.execute(text(f"select * from {table} order by id"))
        ]


def test_what_fails_leaves_nothing_half_done(office: Office):
    def broken() -> None:
        raise ZeroDivisionError("no divisor")

    office.publish("two", TWO_STEPS)
    office.start("two")
    before = everything(office)
    office.host.services["work"] = broken
    with pytest.raises(ZeroDivisionError):
        office.do("a")
    office.host.services["work"] = lambda: {"x": object()}
    with pytest.raises(ProcessFault):
        office.do("a")
    assert everything(office) == before
    del office.host.services["work"]
    office.do("a")
    assert office.open() == ["b"]


def test_many_at_once_complete_a_task_exactly_once(office: Office):
    office.publish("line", LINE)
    office.start("line")
    done: list[str] = []
    gate = Barrier(4)

    def hurry() -> None:
        gate.wait(30)
        try:
            office.do("register")
            done.append("done")
        except Conflict:
            done.append("late")

    threads = [Thread(target=hurry) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
        assert not thread.is_alive()
    assert sorted(done) == ["done", "late", "late", "late"]
    assert office.open() == ["reply"]


def test_many_workers_at_once_fire_everything_exactly_once(office: Office):
    office.publish("two", TWO_STEPS)
    for subject in range(12):
        office.start("two", subject)
        office.do("a")
    office.now += timedelta(days=2)
    fired: list[int] = []
    gate = Barrier(3)

    def work() -> None:
        gate.wait(30)
        fired.append(office.tick())

    threads = [Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
        assert not thread.is_alive()
    office.tick()
    with office.sessions() as session:
        assert session.query(engine.TimerWaitRow).count() == 0
        statuses = {row.status for row in session.query(engine.ProcessRow)}
    assert statuses == {"completed"}
    assert len([c for c in office.host.calls if c[0] == "work"]) == 12
    assert sum(fired) == 12


def test_a_message_finds_the_one_process_of_a_subject_that_waits_for_it(office: Office):
    office.publish("w", "start s\nreceive r message=answer\nuser a\nend e\ns > r > a > e")
    office.start("w", 7)
    with office.uow() as uow:
        engine.send_to_subject(uow, "case", 7, "answer", {"x": 1})
    assert office.open() == ["a"]
    with office.uow() as uow, pytest.raises(Conflict):
        engine.send_to_subject(uow, "case", 7, "answer")
    office.start("w", 8)
    office.start("w", 8)
    with office.uow() as uow, pytest.raises(Conflict):
        engine.send_to_subject(uow, "case", 8, "answer")


def test_a_called_process_that_is_published_apart_keeps_its_version(office: Office):
    office.publish("inner", "start s\nuser old\nend e\ns > old > e")
    office.publish("outer", "start s\ncall c process=inner\nend e\ns > c > e")
    office.publish("inner", "start s\nuser new\nend e\ns > new > e")
    office.start("outer")
    assert office.open() == ["old"]
    office.publish("outer", "start s\ncall c process=inner\nuser x\nend e\ns > c > x > e")
    office.start("outer", 2)
    assert office.open() == ["new"]


def test_a_diagram_the_checker_refuses_is_not_published(office: Office):
    with pytest.raises(Invalid) as refused:
        office.publish("bad", "start s\nuser a\nuser lonely\nend e\ns > a > e")
    assert "lonely" in refused.value.fields


def test_an_unknown_process_or_version_is_not_found(office: Office):
    with office.uow() as uow:
        with pytest.raises(NotFound):
            engine.create(uow, "nothing", "case", 1)
        with pytest.raises(NotFound):
            engine.complete(uow, 4711, "a")


def test_a_process_ends_by_cancellation_and_keeps_its_history(office: Office):
    office.publish("line", LINE)
    process = office.start("line")
    with office.uow() as uow:
        engine.cancel(uow, process)
    assert office.status() == "cancelled"
    with office.uow() as uow:
        task = uow.session.query(engine.HumanTaskRow).one()
        assert (task.closed_how, task.closed_at) == ("cancelled", office.now)
        assert uow.session.get_one(engine.ProcessRow, process).state is None
        assert engine.describe(uow.session, process).completed


EXTENSION = """
    start s
    user apply
    throw tell message=extension_applied
    receive answer message=extension_decided
    user read
    end e
    s > apply > tell > answer > read > e
"""
ORDER = """
    start s
    sub handle
        start s1
        user reply
        end e1
        s1 > reply > e1
    boundary asked on=handle beside message=extension_applied
    user decide
    throw decided message=extension_decided
    end e
    s > handle > e
    asked > decide > decided > e
"""


def test_processes_of_one_subject_talk_by_messages(office: Office):
    office.publish("order", ORDER)
    office.publish("extension", EXTENSION)
    order = office.start("order", 5)
    office.start("order", 6)
    extension = office.start("extension", 5)
    office.do("apply")
    assert office.open(order) == ["decide", "reply"]
    assert office.open(extension) == []
    office.process = order
    office.do("decide")
    assert office.open(extension) == ["read"]
    assert office.open(order) == ["reply"]


def test_a_thrown_message_nobody_waits_for_stays_with_the_caller(office: Office):
    office.publish("extension", EXTENSION)
    process = office.start("extension", 5)
    with office.uow() as uow:
        outcome = engine.complete(uow, process, "apply")
        assert [(t.kind, t.name) for t in outcome.thrown] == [("message", "extension_applied")]
    assert office.status() == "active"


def test_a_receiver_that_fails_does_not_hurt_the_sender(office: Office):
    def broken() -> None:
        raise ZeroDivisionError("no divisor")

    office.publish("order", ORDER.replace("user decide", "service decide call=decide"))
    office.publish("extension", EXTENSION)
    office.host.services["decide"] = broken
    order = office.start("order", 5)
    extension = office.start("extension", 5)
    office.do("apply")
    assert office.status(extension) == "active"
    assert office.status(order) == "stuck"
    with office.uow() as uow:
        assert uow.session.query(engine.RepairItemRow).one().what == "receive extension_applied"


def test_a_signal_reaches_every_process_of_the_subject(office: Office):
    office.publish("w", "start s\ncatch c signal=storm\nuser a\nend e\ns > c > a > e")
    office.publish("t", "start s\nuser x\nend e signal=storm\ns > x > e")
    waiting = [office.start("w", 3), office.start("w", 3), office.start("w", 4)]
    office.start("t", 3)
    office.do("x")
    assert [office.open(p) for p in waiting] == [["a"], ["a"], []]
