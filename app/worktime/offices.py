"""The calendars an office keeps: seeding, publishing new versions, finding the one in force.

Published versions never change. A working calendar is built from the newest version of each
layer from the nation down to the unit, kept in memory by content and shared between threads.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from threading import Lock

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session, selectinload

from app.core.clock import CHINA
from app.core.db import known
from app.core.errors import Conflict, Invalid, NotFound
from app.core.phrase import Phrase
from app.core.uow import UnitOfWork
from app.worktime.alarm import Alarm, year_end_alarm
from app.worktime.calendars import WorkingCalendar
from app.worktime.days import DayKind, DayRow, Layer, differences, overlaid
from app.worktime.hours import HoursProfile, parse_segments, segments_text
from app.worktime.models import (
    Calendar,
    CalendarDay,
    CalendarLevel,
    CalendarNotice,
    CalendarVersion,
    HoursVersion,
)
from app.worktime.national import (
    FIRST_YEAR,
    YEARS_AHEAD,
    Notice,
    official_through,
    provisional_rows,
    shipped_hours,
    shipped_notices,
)

NATION = "CN"
LOCAL = "LOCAL"
"""The calendar in which an office does differently from the nation; an office that does nothing
differently needs none."""

_FROM_PROFILE = "城市方案："
"""How the reason of a local version begins that a profile brought, and not the office."""

_IN_FORCE = "calendars in force"
"""By code, what the running transaction has found in force; a publication in it empties this."""

_STANDARD = "standard calendar"
"""The same of the code of the office's own calendar."""

_KEPT = 64
"""Calendars held in memory, about 3 MB each; one more puts out the oldest."""
_built: dict[tuple[str, ...], WorkingCalendar] = {}
_building = Lock()

# The newest version of every layer of a calendar, the nation's first.
_NEWEST = text(
    """
    WITH RECURSIVE chain (id, parent_id, code, depth) AS (
        SELECT id, parent_id, code, 0 FROM calendar WHERE code = :code
        UNION ALL
        SELECT above.id, above.parent_id, above.code, chain.depth + 1
        FROM calendar AS above JOIN chain ON above.id = chain.parent_id
    )
    SELECT chain.code, version.number, version.digest
    FROM chain JOIN calendar_version AS version ON version.calendar_id = chain.id
    WHERE version.number = (
        SELECT max(other.number) FROM calendar_version AS other
        WHERE other.calendar_id = chain.id
    )
    ORDER BY chain.depth DESC
    """
)


def working_calendar(session: Session, code: str, version: str | None = None) -> WorkingCalendar:
    """The calendar in force under `code`, or as it was at the `version` a deadline stored.

    Raises `NotFound` for a calendar or version there is none of.
    """
    in_force = known(session, _IN_FORCE)  # a step starts and foresees several clocks
    if version is None and code in in_force:
        calendar: WorkingCalendar = in_force[code]
        return calendar
    if version is None:
        found = [(c, n, d) for c, n, d in session.execute(_NEWEST, {"code": code})]
    else:
        found = _stamped(session, version)
    if not found or found[-1][0] != code:
        which = f"{code} {version}" if version else code
        raise NotFound(
            Phrase(
                f"没有工作日历“{which}”；请先建立并发布。",
                f'There is no working calendar "{which}"; set it up and publish it first.',
            )
        )
    key = tuple(digest for _, _, digest in found)  # by content: databases may share a process
    built = _built.get(key)
    if built is None:
        layers = [_layer(session, code, number, digest) for code, number, digest in found]
        with _building:
            built = _built.get(key)
            if built is None:
                while len(_built) >= _KEPT:
                    del _built[next(iter(_built))]
                built = _built[key] = WorkingCalendar(layers)
    if version is None:
        in_force[code] = built
    return built


def standard_code(session: Session) -> str:
    """The calendar of units that name none of their own: the office's own, else the nation's."""
    standard = known(session, _STANDARD)
    if LOCAL not in standard:
        own = session.scalar(select(Calendar.code).where(Calendar.code == LOCAL))
        standard[LOCAL] = own or NATION
    return str(standard[LOCAL])


def keep_local(uow: UnitOfWork, layer: Layer, reason: str) -> None:
    """Publish what a profile does differently from the nation, where that has changed.

    A layer without rows, hours and week takes everything back to the nation's, except for what
    the office has published itself meanwhile: that is laid over what the profile says.
    """
    if standard_code(uow.session) != LOCAL:
        if layer == Layer(LOCAL, 0, ()):
            return
        open_calendar(uow, LOCAL, "本地", CalendarLevel.CITY)
    own: dict[date, DayRow | None] = {row.date: row for row in layer.rows}
    before = Layer(LOCAL, 0, ())
    for version in reversed(versions(uow.session, LOCAL)):
        after = _as_layer(version, version.number)
        if not version.reason.startswith(_FROM_PROFILE):
            changes = differences(before.rows, after.rows)
            own.update((change.date, change.after) for change in changes)
            if after.hours != before.hours:
                layer = replace(layer, hours=after.hours)
            if after.workweek != before.workweek:
                layer = replace(layer, workweek=after.workweek)
        before = after
    rows = tuple(row for _day, row in sorted(own.items()) if row is not None)
    publish(uow, replace(layer, rows=rows), f"{_FROM_PROFILE}{reason}")


@dataclass(frozen=True, slots=True)
class Publication:
    """When a working calendar came into force, and the stamp by which deadlines name it."""

    published_at: datetime
    version: str


def publications_since(session: Session, code: str, version: str) -> list[Publication]:
    """What was published for calendar `code` after `version`, in any of its layers, in order.

    Layers published at one instant are one publication. Raises `NotFound` for an unknown code.
    """
    lineage = _lineage(session, code)
    in_force: dict[str, int] = {}
    for part in version.split("+"):
        name, _, count = part.rpartition(":")
        in_force[name] = int(count)
    newer = session.execute(
        select(CalendarVersion.published_at, Calendar.code, CalendarVersion.number)
        .join(Calendar)
        .where(Calendar.id.in_([calendar.id for calendar in lineage]))
        .order_by(CalendarVersion.published_at, CalendarVersion.id)
    ).all()
    found: list[Publication] = []
    for published_at, layer, number in newer:
        if number <= in_force.get(layer, 0):
            continue
        in_force[layer] = number
        if found and found[-1].published_at == published_at:
            found.pop()
        found.append(Publication(published_at, _stamp(lineage, in_force)))
    return found


def newest_versions(session: Session) -> dict[str, str]:
    """The stamp of every calendar in force, by its code."""
    newest = select(Calendar.code, func.max(CalendarVersion.number)).join(CalendarVersion.calendar)
    rows = session.execute(newest.group_by(Calendar.code)).all()
    numbers: dict[str, int] = {code: number for code, number in rows}  # noqa: C416 - rows, no pairs
    return {code: _stamp(_lineage(session, code), numbers) for code in numbers}


def calendars(session: Session) -> list[Calendar]:
    """Every calendar, those nearer to the nation first."""
    order = {level: place for place, level in enumerate(CalendarLevel)}
    found = session.scalars(select(Calendar).order_by(Calendar.code))
    return sorted(found, key=lambda calendar: order[CalendarLevel(calendar.level)])


def _lineage(session: Session, code: str) -> list[Calendar]:
    """The calendar and those it overrides, the nation's first."""
    found = [_calendar(session, code)]
    while found[0].parent_id is not None:
        found.insert(0, session.get_one(Calendar, found[0].parent_id))
    return found


def _stamp(lineage: Sequence[Calendar], numbers: Mapping[str, int]) -> str:
    return "+".join(f"{one.code}:{numbers[one.code]}" for one in lineage if one.code in numbers)


def seed(uow: UnitOfWork) -> None:
    """Publish the nation's calendar and the shipped hours, and whatever a release brings anew.

    Doing it twice publishes nothing twice. Years without a notice are provisional.
    """
    nation = uow.session.scalar(select(Calendar).where(Calendar.code == NATION))
    if nation is None:
        nation = Calendar(code=NATION, name="全国", level=CalendarLevel.NATION, parent_id=None)
        uow.session.add(nation)
        uow.session.flush()
    known = set(uow.session.scalars(select(CalendarNotice.number)))
    fresh = [notice for notice in shipped_notices() if notice.number not in known]
    if fresh:
        adopt(uow, [(notice, "") for notice in fresh])
    keep_provisional_years(uow)


def adopt(uow: UnitOfWork, notices: Sequence[tuple[Notice, str]]) -> CalendarVersion:
    """Work notices, each with its text, into a new version of the nation's calendar.

    Raises `Conflict` when one of them has been adopted before.
    """
    for notice, _ in notices:
        if is_adopted(uow.session, notice.number):
            raise Conflict(
                Phrase(
                    f"通知 {notice.number} 已经导入过。",
                    f"Notice {notice.number} has been imported before.",
                )
            )
    layer = newest_layer(uow.session, NATION)
    for notice, _ in notices:
        layer = with_notice(layer, notice)
    numbers = [notice.number for notice, _ in notices]
    reason = numbers[0] if len(numbers) == 1 else f"{numbers[0]}等 {len(numbers)} 件通知"
    version = publish(uow, layer, reason)
    for notice, wording in notices:
        uow.session.add(
            CalendarNotice(
                number=notice.number,
                issued_on=notice.issued,
                text=wording,
                version_id=version.id,
                imported_at=uow.now,
                imported_by=uow.actor.name,
            )
        )
    uow.session.flush()
    return version


def with_notice(layer: Layer, notice: Notice) -> Layer:
    """The nation's layer with a notice worked in; pure, so that it can be shown beforehand.

    The notice of a whole year takes the place of that year's provisional days and makes it
    official, provided the year before is; one about single days only sets those.
    """
    rows: Iterable[DayRow] = layer.rows
    official = layer.official_through
    if notice.is_annual and (official is None or notice.year == official.year + 1):
        rows = [row for row in rows if row.document or row.date.year > notice.year]
        official = official_through(notice.year)
    end = date(notice.year, 12, 31)
    return replace(
        layer,
        rows=overlaid([rows, notice.rows]),
        hours=layer.hours or shipped_hours("H7"),
        official_through=official,
        first=layer.first or date(FIRST_YEAR, 1, 1),
        last=max(layer.last or end, end),
    )


def keep_provisional_years(uow: UnitOfWork) -> CalendarVersion | None:
    """Publish the nation's calendar three years further than today, if it does not reach there."""
    layer = newest_layer(uow.session, NATION)
    wanted = uow.now.astimezone(CHINA).year + YEARS_AHEAD
    if layer.last is None or layer.last.year >= wanted:
        return None
    years = range(layer.last.year + 1, wanted + 1)
    longer = replace(
        layer,
        rows=overlaid([layer.rows, provisional_rows(years)]),
        last=date(wanted, 12, 31),
    )
    return publish(uow, longer, f"暂定 {years[0]}–{years[-1]} 年")


def open_calendar(
    uow: UnitOfWork, code: str, name: str, level: CalendarLevel, parent_code: str = NATION
) -> Calendar:
    """Set up a calendar below another one, with an empty first version.

    Raises `Conflict` for a code that is taken and `NotFound` for an unknown parent.
    """
    parent = _calendar(uow.session, parent_code)
    if uow.session.scalar(select(Calendar.id).where(Calendar.code == code)):
        raise Conflict(
            Phrase(f"工作日历代码“{code}”已被使用。", f'Calendar code "{code}" is taken.')
        )
    calendar = Calendar(code=code, name=name, level=level, parent_id=parent.id)
    uow.session.add(calendar)
    uow.session.flush()
    publish(uow, Layer(code=code, number=0, rows=()), "建立")
    return calendar


def publish(uow: UnitOfWork, layer: Layer, reason: str) -> CalendarVersion:
    """Publish the content of `layer` as the next version of its calendar.

    Content equal to the newest version is not published again: that version is returned. Raises
    `Invalid` for a day without a document, unless it is a statutory one.
    """
    nameless = [row.date for row in layer.rows if not (row.document or row.statutory)]
    if nameless:
        raise Invalid(
            Phrase(
                f"{nameless[0]} 没有依据文件；除法定节日外，每一天都要写明发文字号。",
                f"{nameless[0]} names no document; every day but a statutory holiday needs one.",
            )
        )
    calendar = _calendar(uow.session, layer.code, lock=True)
    newest = _newest_version(uow.session, calendar)
    if newest:
        same = _as_layer(newest, newest.number)
        if same.digest == replace(layer, number=newest.number).digest:
            return newest
    number = newest.number + 1 if newest else 1
    numbered = replace(layer, number=number)
    version = CalendarVersion(
        calendar_id=calendar.id,
        number=number,
        workweek=layer.workweek,
        hours_id=_hours_id(uow, layer.hours) if layer.hours else None,
        official_through=layer.official_through,
        first_day=layer.first,
        last_day=layer.last,
        digest=numbered.digest,
        reason=reason,
        published_at=uow.now,
        published_by=uow.actor.name,
    )
    uow.session.add(version)
    uow.session.flush()
    known(uow.session, _IN_FORCE).clear()
    known(uow.session, _STANDARD).clear()
    uow.session.add_all(
        CalendarDay(
            version_id=version.id,
            day=row.date,
            kind=row.kind.value,
            name=row.name,
            statutory=row.statutory,
            document=row.document,
            hours=segments_text(row.hours) if row.hours else None,
        )
        for row in layer.rows
    )
    uow.session.flush()
    return version


def newest_layer(session: Session, code: str, *, lock: bool = False) -> Layer:
    """The newest version of one calendar's own layer; without rows when nothing is published.

    Under lock it stays the newest until the end of the transaction.
    """
    calendar = _calendar(session, code, lock=lock)
    version = _newest_version(session, calendar)
    return _as_layer(version, version.number) if version else Layer(code=code, number=0, rows=())


def is_adopted(session: Session, number: str) -> bool:
    """Whether the notice of that number has been worked into the nation's calendar."""
    found = select(CalendarNotice.id).where(CalendarNotice.number == number)
    return session.scalar(found) is not None


def versions(session: Session, code: str) -> list[CalendarVersion]:
    """Every version of a calendar's layer, the newest first."""
    calendar = _calendar(session, code)
    return list(
        session.scalars(
            select(CalendarVersion)
            .where(CalendarVersion.calendar_id == calendar.id)
            .order_by(CalendarVersion.number.desc())
        )
    )


def layer_version(session: Session, code: str, number: int) -> Layer:
    """One version of a calendar's own layer. `NotFound` when there is none of that number."""
    digest = session.scalar(
        select(CalendarVersion.digest)
        .join(Calendar)
        .where(Calendar.code == code, CalendarVersion.number == number)
    )
    if digest is None:
        raise NotFound(
            Phrase(
                f"工作日历“{code}”没有第 {number} 版。",
                f'Working calendar "{code}" has no version {number}.',
            )
        )
    return _layer(session, code, number, digest)


def calendar_alarm(session: Session, today: date, open_until: date | None = None) -> Alarm | None:
    """The year-end alarm of the nation's calendar, given the latest open deadline."""
    official = newest_layer(session, NATION).official_through
    return year_end_alarm(official, today, open_until) if official else None


def _stamped(session: Session, version: str) -> list[tuple[str, int, str]]:
    """Code, number and digest of every layer of a stamp like "CN:3+JS:1"."""
    found: list[tuple[str, int, str]] = []
    for stamp in version.split("+"):
        code, _, number = stamp.rpartition(":")
        digest = session.scalar(
            select(CalendarVersion.digest)
            .join(Calendar)
            .where(Calendar.code == code, CalendarVersion.number == int(number))
        )
        if digest is None:
            return []
        found.append((code, int(number), digest))
    return found


def _layer(session: Session, code: str, number: int, digest: str) -> Layer:
    version = session.scalars(
        select(CalendarVersion)
        .join(Calendar)
        .where(Calendar.code == code, CalendarVersion.number == number)
        .options(selectinload(CalendarVersion.days), selectinload(CalendarVersion.hours))
    ).one()
    layer = _as_layer(version, number)
    if layer.digest != digest:
        raise RuntimeError(f"calendar {code} version {number} was changed after its publication")
    return layer


def _as_layer(version: CalendarVersion, number: int) -> Layer:
    return Layer(
        code=version.calendar.code,
        number=number,
        rows=tuple(
            DayRow(
                day.day,
                DayKind(day.kind),
                day.name,
                day.statutory,
                day.document,
                parse_segments(day.hours) if day.hours else None,
            )
            for day in version.days
        ),
        workweek=version.workweek,
        hours=HoursProfile.from_json(version.hours.profile) if version.hours else None,
        official_through=version.official_through,
        first=version.first_day,
        last=version.last_day,
    )


def _calendar(session: Session, code: str, *, lock: bool = False) -> Calendar:
    """The calendar; under lock its versions are numbered one after the other."""
    found = select(Calendar).where(Calendar.code == code)
    calendar = session.scalar(found.with_for_update() if lock else found)
    if calendar is None:
        raise NotFound(
            Phrase(
                f"没有工作日历“{code}”；请先建立。",
                f'There is no working calendar "{code}"; set it up first.',
            )
        )
    return calendar


def _newest_version(session: Session, calendar: Calendar) -> CalendarVersion | None:
    return session.scalar(
        select(CalendarVersion)
        .where(CalendarVersion.calendar_id == calendar.id)
        .order_by(CalendarVersion.number.desc())
        .limit(1)
    )


def _hours_id(uow: UnitOfWork, profile: HoursProfile) -> int:
    """The newest version of a profile, published anew where it differs."""
    newest = uow.session.scalar(
        select(HoursVersion)
        .where(HoursVersion.code == profile.code)
        .order_by(HoursVersion.number.desc())
        .limit(1)
    )
    if newest and HoursProfile.from_json(newest.profile) == profile:
        return newest.id
    fresh = HoursVersion(
        code=profile.code,
        number=newest.number + 1 if newest else 1,
        profile=profile.to_json(),
        published_at=uow.now,
    )
    uow.session.add(fresh)
    uow.session.flush()
    return fresh.id
