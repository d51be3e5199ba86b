"""An office in memory: the rules and the directory of a real one, with stand-ins for its people.

What is copied are units, districts, categories, calendars and the newest published versions, row
by row; the drafts of a change are published on top. No case and no person is copied.
"""

import sqlite3
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from threading import Lock
from typing import Any
from weakref import WeakKeyDictionary

import orjson
from sqlalchemy import (
    Engine,
    Select,
    StaticPool,
    Table,
    and_,
    func,
    insert,
    literal,
    or_,
    select,
    update,
)
from sqlalchemy.orm import Session

from app.cases.models.city import Category, District
from app.core.db import Base, Sessions, make_engine, make_sessions, reading
from app.core.texts import DocumentVersion
from app.core.uow import SYSTEM, UnitOfWork, unit_of_work
from app.decisions.models import DecisionVersion
from app.design import publishing
from app.design.documents import Document
from app.design.models import Kind
from app.engine import DiagramVersionRow
from app.identity.models import HandlingUnit, User, UserRole
from app.identity.policy import ROLE_NAMES, UNIT_ROLES, Role
from app.profiles import models as profiles
from app.worktime.models import Calendar, CalendarDay, CalendarVersion, HoursVersion

Texts = Mapping[Document, str]
"""The drafts that are tried, by document."""

_KEPT = 6
"""Offices held ready for each database, about 4 MB each; one more puts out the oldest."""

PLACE = "sandbox"
"""The code of the stand-in district, and how those of stand-in units begin."""

CENTRE = "hotline_centre"
"""The unit that the dispatch catalogue names for a place it does not know."""

_ALWAYS = datetime(2000, 1, 1, tzinfo=UTC)

_SPARE = 3
"""Databases that were used and can be used again, of each."""
_ready: WeakKeyDictionary[Engine, "OrderedDict[object, _Ready]"] = WeakKeyDictionary()
_preparing = Lock()

_empty: list[bytes] = []
"""The schema in an empty database, made once."""


@dataclass(slots=True)
class Copy:
    """A database in memory with everything but cases. Give it back when done with it."""

    database: Engine
    sessions: Sessions
    spare: "list[Copy]" = field(default_factory=list)

    def give_back(self) -> None:
        """Whatever was done in it is gone; what was compiled for it serves the next one."""
        if len(self.spare) < _SPARE:
            self.spare.append(self)
        else:
            self.database.dispose()


@dataclass(frozen=True, slots=True)
class _Ready:
    """An office held ready: its database as bytes, and connections that were used for it."""

    content: bytes
    spare: list[Copy] = field(default_factory=list)

    def copy(self) -> Copy:
        try:
            found = self.spare.pop()
        except IndexError:
            found = _opened()
            found.spare = self.spare
        _fill(found, self.content)
        return found


def office_like(sessions: Sessions, now: datetime, texts: Texts) -> Copy:
    """An office with the rules that are in force in another one, and `texts` published on top.

    The first of its kind takes a second, further ones a few milliseconds. Raises `Invalid` (or
    `DecisionError`) where one of `texts` cannot be published.
    """
    with reading(sessions) as session:
        which = state_of(session, texts)
        database = session.get_bind().engine
        with _preparing:
            held = _ready.setdefault(database, OrderedDict())
            ready = held.get(which)
            if ready is None:
                ready = _Ready(_prepared(session, now, texts))
                while len(held) >= _KEPT:
                    held.popitem(last=False)
                held[which] = ready
            else:
                held.move_to_end(which)
    return ready.copy()


def state_of(session: Session, texts: Texts) -> tuple[object, ...]:
    """What tells one office from another: what is published, the directory, and the drafts."""
    return *_published(session), _digest(texts)


def _digest(texts: Texts) -> int:
    return hash(tuple(sorted((what.kind.value, what.key, text) for what, text in texts.items())))


def _published(session: Session) -> tuple[object, ...]:
    counted = [
        select(func.max(of.id), func.count()).select_from(of)
        for of in (
            DiagramVersionRow,
            DecisionVersion,
            CalendarVersion,
            DocumentVersion,
            profiles.LetterVersion,
            HandlingUnit,
        )
    ]
    named = [select(func.count(), func.max(of.code)).select_from(of) for of in (District, Category)]
    return tuple(tuple(session.execute(one).one()) for one in [*counted, *named])


def _opened() -> Copy:
    """A database in memory, on one connection of its own."""
    database = make_engine("sqlite://", poolclass=StaticPool)
    return Copy(database, make_sessions(database))


def _fill(copy: Copy, content: bytes) -> None:
    with copy.database.connect() as connection:
        driver = _driver(connection.connection.dbapi_connection)
        driver.deserialize(content)
        driver.execute("PRAGMA foreign_keys=ON")  # whoever had it last may have let them be


def _content(copy: Copy) -> bytes:
    with copy.database.connect() as connection:
        content = _driver(connection.connection.dbapi_connection).serialize()
    copy.database.dispose()
    return content


def _driver(connection: object) -> sqlite3.Connection:
    assert isinstance(connection, sqlite3.Connection)
    return connection


def _prepared(source: Session, now: datetime, texts: Texts) -> bytes:
    if not _empty:
        blank = _opened()
        Base.metadata.create_all(blank.database)
        _empty.append(_content(blank))
    copy = _opened()
    _fill(copy, _empty[0])
    try:
        with copy.database.begin() as connection:
            connection.exec_driver_sql("PRAGMA defer_foreign_keys=ON")
            for table, chosen in _chosen(source):
                rows = [dict(row) for row in source.execute(chosen).mappings()]
                if rows:
                    connection.execute(insert(table), rows)
        with unit_of_work(copy.sessions, SYSTEM, now) as uow:
            _places(uow)
            _people(uow)
        if texts:
            with unit_of_work(copy.sessions, SYSTEM, now) as uow:
                publishing.put(uow, texts)
        with copy.database.begin() as connection:  # in force whenever a sandbox begins
            connection.execute(update(_table(DocumentVersion)).values(published_at=_ALWAYS))
    except BaseException:
        copy.database.dispose()
        raise
    return _content(copy)


def _chosen(session: Session) -> Iterator[tuple[Table, Select[*tuple[Any, ...]]]]:
    """What is copied: each table with the rows of it."""
    for model in (HandlingUnit, District, Category, Calendar, HoursVersion):
        yield _table(model), select(_table(model))
    newest = select(func.max(CalendarVersion.id)).group_by(CalendarVersion.calendar_id)
    calendars = _table(CalendarVersion)
    yield calendars, select(calendars).where(calendars.c.id.in_(newest))
    days = _table(CalendarDay)
    yield days, select(days).where(days.c.version_id.in_(newest))
    for mapper in Base.registry.mappers:
        if mapper.class_.__module__ == profiles.__name__:  # letters, and whatever else it publishes
            yield _table(mapper.class_), select(_table(mapper.class_))
    texts = _table(DocumentVersion)
    newest = select(func.max(DocumentVersion.id)).group_by(DocumentVersion.key)
    messages = newest.where(DocumentVersion.kind == Kind.MESSAGE.value)
    yield texts, select(texts).where(texts.c.id.in_(messages))
    diagrams, decisions = _versions(session)
    for table, wanted in (
        (_table(DiagramVersionRow), diagrams),
        (_table(DecisionVersion), decisions),
    ):
        exact = (and_(table.c.key == key, table.c.version == number) for key, number in wanted)
        yield table, select(table).where(or_(literal(False), *exact))


def _versions(session: Session) -> tuple[set[tuple[str, int]], set[tuple[str, int]]]:
    """The newest versions of diagrams and tables, and the exact ones that these name."""
    diagrams: set[tuple[str, int]] = set()
    decisions = _newest(session, DecisionVersion)
    todo = _newest(session, DiagramVersionRow)
    while todo:
        key, number = todo.pop()
        if (key, number) in diagrams:
            continue
        diagrams.add((key, number))
        text = session.scalars(
            select(DiagramVersionRow.bundle).where(
                DiagramVersionRow.key == key, DiagramVersionRow.version == number
            )
        ).one()
        bundle = orjson.loads(text)
        todo |= set(bundle["calls"].items())
        decisions |= {(k, n) for k, n in bundle["decisions"].items() if n is not None}
    todo = set(decisions)
    while todo:
        key, number = todo.pop()
        text = session.scalars(
            select(DecisionVersion.imports).where(
                DecisionVersion.key == key, DecisionVersion.version == number
            )
        ).one()
        fresh = {(k, n) for k, n in orjson.loads(text)} - decisions
        decisions |= fresh
        todo |= fresh
    return diagrams, decisions


def _newest(
    session: Session, of: type[DiagramVersionRow] | type[DecisionVersion]
) -> set[tuple[str, int]]:
    return {
        (k, n) for k, n in session.execute(select(of.key, func.max(of.version)).group_by(of.key))
    }


def _table(model: type[Base]) -> Table:
    found = model.__table__
    assert isinstance(found, Table)
    return found


def _places(uow: UnitOfWork) -> None:
    """Units that any scenario may name, whatever city it runs in: three, the first with two tiers
    below it. A place of its own, whose matters fall to the centre itself where nobody is found.
    """
    if uow.session.scalar(select(Category.code).limit(1)) is None:
        uow.session.add(Category(code=PLACE, name_zh="沙盒", name_en="Sandbox", position=0))
        uow.session.flush()
        uow.session.add(
            Category(
                code=f"{PLACE}_matter",
                name_zh="其他诉求",
                name_en="Other",
                parent_code=PLACE,
                position=1,
            )
        )
    last = uow.session.scalar(select(func.max(District.position))) or 0
    uow.session.add(
        District(code=PLACE, name_zh="沙盒区", name_en="Sandbox District", position=last + 1)
    )
    for code, zh, en, kind, above in (
        (unit_code(1), "沙盒单位一", "Sandbox unit 1", "city_department", None),
        (unit_code(2), "沙盒单位二", "Sandbox unit 2", "city_department", None),
        (unit_code(3), "沙盒单位三", "Sandbox unit 3", "city_department", None),
        (f"{PLACE}_1_1", "沙盒单位一下级", "Below sandbox unit 1", "subdistrict", unit_code(1)),
        (f"{PLACE}_1_2", "沙盒单位一下级的下级", "Two below unit 1", "subdistrict", f"{PLACE}_1_1"),
        (CENTRE, "热线中心", "Hotline centre", "centre", None),
    ):
        if _unit(uow, code) is None:  # the centre may be there
            parent = None if above is None else _unit(uow, above)
            made = HandlingUnit(code=code, name_zh=zh, name_en=en, kind=kind, parent_id=parent)
            uow.session.add(made)
            uow.session.flush()


def _unit(uow: UnitOfWork, code: str) -> int | None:
    return uow.session.scalar(select(HandlingUnit.id).where(HandlingUnit.code == code))


def unit_code(place: int) -> str:
    """The code of a stand-in unit: of the first, second or third."""
    return f"{PLACE}_{place}"


def _people(uow: UnitOfWork) -> None:
    """One stand-in for each role of the centre, and for each role in each unit.

    Each has a number of its own, by which notices tell whom they were for; nobody can sign in.
    """
    units = uow.session.execute(
        select(HandlingUnit.id, HandlingUnit.code).where(HandlingUnit.active)
    ).all()
    people: list[tuple[Role, int | None, str]] = [
        (role, None, role.value) for role in Role if role not in UNIT_ROLES | {Role.SYSTEM}
    ]
    people += [
        (role, unit_id, f"{role}@{code}") for unit_id, code in units for role in sorted(UNIT_ROLES)
    ]
    uow.session.execute(
        insert(_table(User)),
        [
            {
                "id": number,
                "login": login,
                "name": ROLE_NAMES[role].zh,
                "password_hash": "",
                "unit_id": unit_id,
                "phone": f"1{number:010d}",
            }
            for number, (role, unit_id, login) in enumerate(people, 1)
        ],
    )
    uow.session.execute(
        insert(_table(UserRole)),
        [
            {"user_id": number, "role": role.value}
            for number, (role, _unit, _login) in enumerate(people, 1)
        ],
    )
