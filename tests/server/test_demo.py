"""The demo city: on whatever day it is started, the inboxes are worth looking at."""

import re
from collections import Counter
from datetime import datetime
from pathlib import Path

import pytest
from sqlalchemy import select

from app.cases import explaining, queries
from app.cases.coordinating import open_disputes
from app.cases.history import faults
from app.cases.models.demand import Demand
from app.cases.models.procedure import Procedure
from app.cases.orders import Case
from app.core.clock import CHINA
from app.core.db import make_engine, make_sessions, reading
from app.core.files import FileStore
from app.demo import city
from app.engine import RepairItemRow
from app.identity.directory import actor_of
from app.identity.models import User, UserRole
from app.identity.policy import Role
from app.office import Office, prepare, wire
from app.settings import read_settings

UNDER_WAY = {
    "extension", "promise", "rating_objection", "reopening", "sub_order", "supervision",
    "suspension", "transfer_110", "urgent_report",
}  # fmt: skip
"""Procedures of which the demo has one that goes on, whatever day it is."""


CODE = re.compile(r"[A-Za-z0-9]+_[A-Za-z0-9_]+|\b[a-z]+=|[{}]")
"""What stands in rows and is not for people."""


def loaded(folder: Path, now: datetime) -> Office:
    """An office of its own with the demo city in it."""
    wire()
    settings = read_settings({"JIEBAN_SECRET_KEY": "s" * 40})
    database = make_engine(f"sqlite:///{folder / 'demo.db'}")
    office = Office(settings, database, make_sessions(database), FileStore(folder / "files"))
    prepare(office, now)
    assert city.is_empty(office.sessions)
    city.load(office.sessions, office.files, now)
    return office


def test_every_story_of_the_city_is_told_in_words(tmp_path: Path) -> None:
    now = datetime(2026, 11, 18, 10, 30, tzinfo=CHINA)
    office = loaded(tmp_path, now)
    with reading(office.sessions) as session:
        for demand in session.scalars(select(Demand)):
            english = demand.title.isascii()
            for section in explaining.explain(session, Case(demand), now, frozenset(Role)):
                for line in section.lines:
                    assert not CODE.search(line.text.zh), line.text.zh
                    assert not CODE.search(line.text.en), line.text.en
                    assert english or not re.search(r"[a-z]{3}", line.text.zh), line.text.zh
    office.database.dispose()


@pytest.mark.parametrize(
    "now",
    [
        pytest.param(datetime(2026, 11, 18, 10, 30, tzinfo=CHINA), id="a working morning"),
        pytest.param(datetime(2026, 11, 21, 23, 5, tzinfo=CHINA), id="a Saturday night"),
        pytest.param(datetime(2026, 2, 18, 9, 0, tzinfo=CHINA), id="amid Spring Festival"),
        pytest.param(datetime(2027, 3, 3, 9, 0, tzinfo=CHINA), id="in a provisional year"),
    ],
)
def test_it_starts_on_any_day_with_every_colour_in_the_inboxes(
    tmp_path: Path, now: datetime
) -> None:
    office = loaded(tmp_path, now)
    with reading(office.sessions) as session:
        colours: Counter[str] = Counter()
        for user in session.scalars(
            select(User).join(UserRole).where(UserRole.role == Role.UNIT_HANDLER)
        ):
            page = queries.worklist(session, actor_of(user), now, size=100)
            colours.update(item.light(now) for item in page.items)
        assert {"green", "yellow", "red"} <= set(colours), colours
        assert list(session.scalars(select(RepairItemRow))) == []
        assert list(faults(session)) == []
        roles = set(session.scalars(select(UserRole.role)))
        assert roles == set(Role) - {Role.SYSTEM}
        under_way = select(Procedure.kind).where(Procedure.closed_at.is_(None))
        assert set(session.scalars(under_way)) >= UNDER_WAY
        assert sorted(dispute.tier for dispute in open_disputes(session)) == [1, 2, 3]
    office.database.dispose()
