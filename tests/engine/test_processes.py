"""Processes in a database, on SQLite and PostgreSQL."""

import pytest

from app import engine
from app.core.errors import Conflict
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
