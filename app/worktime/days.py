"""The days of a calendar, in layers: nation, province, city, unit.

A row says what one date is and under which document. The layer nearer to the unit wins, in both
directions: a national make-up Saturday can become a rest day and a rest day a working day.
"""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from enum import StrEnum
from itertools import pairwise

from app.worktime.hours import HoursProfile, Segments, segments_text

MONDAY_TO_FRIDAY = "1111100"
"""A working week as seven digits from Monday to Sunday; 1 means work."""


class DayKind(StrEnum):
    """What a date is."""

    WORKDAY = "workday"
    RESTDAY = "restday"
    HOLIDAY = "holiday"
    MAKEUP = "makeup"
    """A weekend day worked instead of another (调休上班)."""

    @property
    def is_working(self) -> bool:
        """Whether the office works on it."""
        return self in {DayKind.WORKDAY, DayKind.MAKEUP}


@dataclass(frozen=True, slots=True)
class DayRow:
    """What one date is, and why."""

    date: date
    kind: DayKind
    name: str = ""
    """The holiday it belongs to, make-up days included; empty for an ordinary day."""
    statutory: str = ""
    """The statutory holiday that falls on the very date; days moved next to it have none."""
    document: str = ""
    """The number of the document that says so; empty only for provisional statutory days."""
    hours: Segments | None = None
    """The hours of this one day, when a document changes them (a half day)."""


@dataclass(frozen=True, slots=True)
class Layer:
    """One published version of one calendar: its own rows, without those of the layers below."""

    code: str
    number: int | str
    rows: tuple[DayRow, ...]
    workweek: str | None = None
    """The working week where it differs from the layer below (a hall open on Saturdays)."""
    hours: HoursProfile | None = None
    official_through: date | None = None
    """The last date known to be final; a layer without a yearly notice of its own has none."""
    first: date | None = None
    last: date | None = None
    digest: str = field(init=False, compare=False)

    def __post_init__(self) -> None:
        dates = [row.date for row in self.rows]
        assert all(a < b for a, b in pairwise(dates)), "rows stand in order, one per date"
        object.__setattr__(self, "digest", self._digest())

    @property
    def stamp(self) -> str:
        """The layer and its version, as deadlines store it."""
        return f"{self.code}:{self.number}"

    def _digest(self) -> str:
        head = (
            self.code,
            str(self.number),
            self.workweek or "",
            self.hours.digest if self.hours else "",
            *(day.isoformat() if day else "" for day in self._dates()),
        )
        lines = ["|".join(head)]
        lines += [
            "|".join(
                (
                    row.date.isoformat(),
                    row.kind,
                    row.name,
                    row.statutory,
                    row.document,
                    segments_text(row.hours) if row.hours else "",
                )
            )
            for row in self.rows
        ]
        return hashlib.sha256("\n".join(lines).encode()).hexdigest()

    def _dates(self) -> tuple[date | None, date | None, date | None]:
        return self.official_through, self.first, self.last


def overlaid(rows: Sequence[Iterable[DayRow]]) -> tuple[DayRow, ...]:
    """The rows of several layers, the last word per date winning, in order of dates."""
    merged: dict[date, DayRow] = {}
    for layer in rows:
        merged.update((row.date, row) for row in layer)
    return tuple(merged[day] for day in sorted(merged))


@dataclass(frozen=True, slots=True)
class DayChange:
    """One date that two calendars see differently; `None` means an ordinary day."""

    date: date
    before: DayRow | None
    after: DayRow | None

    @property
    def moves_work(self) -> bool:
        """Whether the date changes between working and not working, or its hours change."""
        was, now = _working(self.date, self.before), _working(self.date, self.after)
        hours = (
            self.before.hours if self.before else None,
            self.after.hours if self.after else None,
        )
        return was != now or hours[0] != hours[1]


def differences(before: Iterable[DayRow], after: Iterable[DayRow]) -> tuple[DayChange, ...]:
    """Every date whose row differs between two sets of rows, in order."""
    old = {row.date: row for row in before}
    new = {row.date: row for row in after}
    return tuple(
        DayChange(day, old.get(day), new.get(day))
        for day in sorted(old.keys() | new.keys())
        if old.get(day) != new.get(day)
    )


def _working(day: date, row: DayRow | None) -> bool:
    return row.kind.is_working if row else day.isoweekday() <= 5


def days_of(first: date, last: date) -> Iterable[date]:
    """Every date from `first` to `last`, both included."""
    return (first + timedelta(days=n) for n in range((last - first).days + 1))
