"""The database tells instants as numbers, as the calendars count them."""

from datetime import UTC, datetime

import pytest
from sqlalchemy import select

from app.cases.models.demand import Demand
from app.core.db import reading
from app.core.micros import LocalMicros
from app.worktime.calendars import micros_of
from tests.office import Office


@pytest.mark.parametrize(
    "at",
    [
        datetime(2026, 3, 2, 1, 2, 3, 456_789, tzinfo=UTC),
        datetime(2019, 12, 31, 16, 0, tzinfo=UTC),
        datetime(1999, 2, 28, 23, 59, 59, 999_999, tzinfo=UTC),
    ],
)
def test_an_instant_is_the_same_number_in_the_database_and_in_the_calendar(
    office: Office, at: datetime
) -> None:
    office.register()
    with office.acting("agent") as uow:
        uow.session.scalars(select(Demand)).one().arrived_at = at
    with reading(office.sessions) as session:
        asked = select(LocalMicros(Demand.arrived_at), LocalMicros(Demand.closed_at))
        assert session.execute(asked).one() == (micros_of(at), None)
