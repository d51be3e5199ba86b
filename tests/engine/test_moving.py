"""Moving running processes to another version, and back."""

from datetime import timedelta

import pytest
from sqlalchemy import text

from app import engine
from app.core.errors import Conflict
from app.engine import Verdict
from tests.engine.conftest import Office
from tests.engine.host import T0

OLD = """
    start s
    sub handle
        start s1
        user contact
        user reply role=handler
        end e1
        s1 > contact > reply > e1
    boundary late on=handle beside duration=P5D
    boundary ping on=handle beside message=ping
    service urge call=urge
    end e
    s > handle > e
    late > urge > e
    ping > e
"""
NEW = """
    start s
    sub handle
        start s1
        user contact
        user answer role=chief
        user approve
        end e1
        s1 > contact > answer > approve > e1
    boundary late on=handle beside duration=P9D
    boundary soon on=handle beside duration=P1D
    service urge call=urge
    service warn call=warn
    user review
    end e
    s > handle > review > e
    late > urge > e
    soon > warn > e
"""


def begin(office: Office, new: str = NEW) -> int:
    office.publish("m", OLD)
    process = office.start("m")
    office.do("contact")
    office.publish("m", new)
    return process


def rows(office: Office) -> list[tuple]:
    with office.sessions() as session:
        return [
            tuple(row)
            for query in (
                "select diagram_version_id, state, status from process",
                "select token, element_id, role, opened_at, closed_at from human_task order by 1",
                "select token, element_id, due_at, armed_at from timer_wait order by token",
                "select token, element_id, name from message_wait order by token",
            )
            for row in session.execute(text(query))
        ]


def test_a_dry_run_says_what_has_to_be_mapped_and_changes_nothing(office: Office):
    process = begin(office)
    before = rows(office)
    with office.uow() as uow:
        prospect = engine.can_move(uow.session, process, 2)
        assert prospect.verdict is Verdict.NEEDS_MAPPING
        assert [o.element_id for o in prospect.obstacles] == ["reply"]
        assert (
            engine.can_move(uow.session, process, 2, {"reply": "answer"}).verdict
            is Verdict.WILL_MOVE
        )
        assert engine.can_move(uow.session, process, 2, {"reply": "s1"}).verdict is Verdict.CANNOT
        with pytest.raises(Conflict):
            engine.move(uow, process, 2)
    assert rows(office) == before


def test_a_move_keeps_timers_and_their_instants(office: Office):
    process = begin(office)
    office.wait(days=2)
    with office.uow() as uow:
        engine.move(uow, process, 2, {"reply": "answer"})
        assert engine.rebuild(uow, process) == 0
        task = uow.session.query(engine.HumanTaskRow).filter_by(element_id="answer").one()
        assert (task.role, task.opened_at) == ("chief", T0)
    assert office.open() == ["answer"]
    office.wait(days=7)
    assert [(name, at - T0) for name, _, at in office.host.calls] == [
        ("warn", timedelta(days=3)),  # new in version 2, armed when moved
        ("urge", timedelta(days=5)),  # as it was
    ]
    with office.uow() as uow, pytest.raises(Conflict):
        engine.send(uow, process, "ping")  # no longer attached
    office.do("answer")
    office.do("approve")
    office.do("review")
    assert office.status() == "completed"


def test_undoing_a_move_is_exact(office: Office):
    process = begin(office)
    before = rows(office)
    with office.uow() as uow:
        engine.move(uow, process, 2, {"reply": "answer"})
    assert rows(office) != before
    with office.uow() as uow:
        engine.restore(uow, process)
    assert rows(office) == before
    with office.uow() as uow, pytest.raises(Conflict):
        engine.restore(uow, process)


def test_a_move_cannot_be_undone_once_the_process_has_gone_on(office: Office):
    process = begin(office)
    with office.uow() as uow:
        engine.move(uow, process, 2, {"reply": "answer"})
    office.do("answer")
    with office.uow() as uow, pytest.raises(Conflict):
        engine.restore(uow, process)
    assert office.open() == ["approve"]


def test_a_process_in_a_called_process_and_at_a_join_moves_with_its_caller(office: Office):
    caller = """
        start s
        and fork
        user a
        call co process=inner
        and join
        end e
        s > fork
        fork > a > join
        fork > co > join
        join > e
    """
    office.publish("m", caller, ("inner", "start s1\nuser x\nend e1\ns1 > x > e1"))
    process = office.start("m")
    office.do("a")
    office.publish(
        "m",
        caller.replace("fork > a > join", "fork > a > a2 > join").replace(
            "user a", "user a\n        user a2"
        ),
        ("inner", "start s1\nuser y\nuser z\nend e1\ns1 > y > z > e1"),
    )
    with office.uow() as uow:
        prospect = engine.can_move(uow.session, process, 2)
        assert sorted(o.element_id for o in prospect.obstacles) == ["m_f3", "x"]
        engine.move(uow, process, 2, {"x": "y", "m_f3": "m_f4"})
    assert office.open() == ["y"]
    office.do("y")
    office.do("z")
    assert office.status() == "completed"


def test_an_ended_process_cannot_move(office: Office):
    office.publish("m", "start s\nuser a\nend e\ns > a > e")
    process = office.start("m")
    office.do("a")
    with office.uow() as uow:
        assert engine.can_move(uow.session, process, 1).verdict is Verdict.CANNOT


def a_token(office: Office) -> str:
    with office.sessions() as session:
        asked = text("select token from human_task where closed_at is null order by id limit 1")
        return str(session.execute(asked).scalar_one())


def test_every_instance_of_a_repeated_task_moves_and_none_is_asked_twice(office: Office):
    office.publish("m", "start s\nuser a times=3\nend e\ns > a > e")
    process = office.start("m")
    office.do(a_token(office))
    office.publish("m", "start s\nuser b times=3\nuser c\nend e\ns > b > c > e")
    with office.uow() as uow:
        assert engine.can_move(uow.session, process, 2).verdict is Verdict.NEEDS_MAPPING
        engine.move(uow, process, 2, {"a": "b"})
        assert engine.rebuild(uow, process) == 0
    assert office.open() == ["b", "b"]
    office.do(a_token(office))
    office.do("b")
    office.do("c")
    assert office.status() == "completed"
