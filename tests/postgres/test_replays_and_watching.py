"""Replays and the figures of the pages that watch, of an office on PostgreSQL."""

from datetime import UTC, datetime, timedelta

import orjson
from sqlalchemy import select

from app.cases.models.demand import Demand
from app.core.db import reading
from app.core.micros import LocalMicros
from app.core.uow import Actor
from app.design import variants, watching
from app.design.replay import asking as replays
from app.design.visits import Selection
from app.worktime.calendars import micros_of
from tests.design.desk import Workshop
from tests.design.test_replay import lived, replayed
from tests.office import Office

MANAGER = Actor(None, "", frozenset({"duty_manager"}))


def test_cases_come_out_of_a_replay_as_they_did(office: Office) -> None:
    lived(office)
    workshop = Workshop(office)
    done = replayed(office)
    figures = orjson.loads(done.result)
    assert figures["cases"] == 3
    for name in ("moved", "appeared", "gone", "gained", "lost", "shifted", "impossible", "faults"):
        assert figures[name] == 0
    with workshop.reading() as session:
        assert len(replays.results(session, done.id)) == 1


def test_visits_are_counted_and_timed(office: Office) -> None:
    lived(office)
    chosen = Selection("work_order", arrived_from=office.now - timedelta(days=60))
    with reading(office.sessions) as session:
        found = watching.heat_map(session, chosen, office.now, MANAGER)
        ways = variants.ways(session, chosen, office.now, MANAGER)
        assert variants.distinctions(session, chosen, office.now) == []
    by_id = {one.element.id: one for one in found.figures}
    assert (found.cases, ways.ended, ways.running) == (3, 1, 2)
    assert by_id["sign_for"].visits == 3
    assert by_id["sign_for"].late == 1
    assert by_id["reply"].worked is not None


def test_instants_are_the_numbers_that_calendars_count(office: Office) -> None:
    at = datetime(1999, 2, 28, 23, 59, 59, 999_999, tzinfo=UTC)
    office.register()
    with office.acting("agent") as uow:
        uow.session.scalars(select(Demand)).one().arrived_at = at
        uow.session.flush()
        asked = select(LocalMicros(Demand.arrived_at), LocalMicros(Demand.closed_at))
        assert uow.session.execute(asked).one() == (micros_of(at), None)
