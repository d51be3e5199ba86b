"""What an administrator does with the working calendars: notices, days of one's own, units.

Publishing moves no deadline that is running: `recounting` does that, after a preview. Whoever
publishes names the version they looked at, so that nobody overwrites what they have not seen.
"""

from dataclasses import replace
from datetime import date

from app.core.errors import Conflict, Invalid, NotFound
from app.core.phrase import Phrase
from app.core.uow import UnitOfWork
from app.identity.models import HandlingUnit
from app.identity.policy import require
from app.worktime import offices
from app.worktime.days import DayRow, Layer, overlaid
from app.worktime.models import Calendar, CalendarLevel, CalendarVersion
from app.worktime.national import Notice

PERMISSION = "calendar.keep"


def adopt_notice(uow: UnitOfWork, notice: Notice, wording: str, seen: int) -> CalendarVersion:
    """Work a notice of the State Council into the nation's calendar, of which `seen` was looked at.

    Raises `NotAllowed`, or `Conflict` when it was published anew or the notice imported meanwhile.
    """
    require(uow.actor, PERMISSION)
    _still_newest(uow, offices.NATION, seen)
    return offices.adopt(uow, [(notice, wording)])


def set_day(uow: UnitOfWork, code: str, row: DayRow, seen: int) -> CalendarVersion:
    """Publish what one date is in a local calendar, under the document that says so.

    Raises `NotAllowed`, `Conflict`, or `Invalid` for a day of the nation's calendar.
    """
    layer = _local_layer(uow, code, seen)
    rows = overlaid([layer.rows, [row]])
    return offices.publish(uow, replace(layer, rows=rows), row.document)


def remove_day(uow: UnitOfWork, code: str, day: date, seen: int) -> CalendarVersion:
    """Let a date of a local calendar be what the calendars above it say. Raises as `set_day`."""
    layer = _local_layer(uow, code, seen)
    rows = tuple(row for row in layer.rows if row.date != day)
    return offices.publish(uow, replace(layer, rows=rows), f"取消 {day}")


def open_calendar(
    uow: UnitOfWork, code: str, name: str, level: CalendarLevel, parent: str
) -> Calendar:
    """Set up a local calendar below another one. Raises `NotAllowed`, `Conflict`, `NotFound`."""
    require(uow.actor, PERMISSION)
    return offices.open_calendar(uow, code, name, level, parent)


def count_by(uow: UnitOfWork, unit_id: int, code: str) -> None:
    """Let the limits of a unit be counted in a calendar, for clocks that start from now on.

    Raises `NotAllowed`, `NotFound`.
    """
    require(uow.actor, PERMISSION)
    unit = uow.session.get(HandlingUnit, unit_id)
    if unit is None:
        raise NotFound(Phrase("没有这个单位。", "There is no such unit."))
    unit.calendar_code = offices.newest_layer(uow.session, code).code


def _local_layer(uow: UnitOfWork, code: str, seen: int) -> Layer:
    require(uow.actor, PERMISSION)
    if code == offices.NATION:
        raise Invalid(
            Phrase(
                "全国日历只能随国务院办公厅的通知改动；本地的安排请写入本地日历。",
                "The nation's calendar changes by a notice of the State Council only; enter local "
                "arrangements in a local calendar.",
            )
        )
    return _still_newest(uow, code, seen)


def _still_newest(uow: UnitOfWork, code: str, seen: int) -> Layer:
    layer = offices.newest_layer(uow.session, code, lock=True)
    if layer.number != seen:
        raise Conflict(
            Phrase(
                f"工作日历“{code}”已有第 {layer.number} 版，您看到的是第 {seen} 版。请刷新后再改。",
                f'Working calendar "{code}" is at version {layer.number}, and you looked at '
                f"version {seen}. Reload the page before you change it.",
            )
        )
    return layer
