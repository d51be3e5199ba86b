"""The national calendar as shipped: every day the State Council's notices named since 2013.

The data file holds one row per day and notice, superseded ones too, so that the calendar can be
had as it was known on any day. Also the few local calendars and hours that are shipped as
examples; a city keeps its own in the database (`offices`).
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib.resources import files

from app.core.errors import NotFound
from app.core.phrase import Phrase
from app.worktime.calendars import WorkingCalendar
from app.worktime.days import DayKind, DayRow, Layer, overlaid
from app.worktime.files import HoursSchema, national_days
from app.worktime.hours import HoursProfile
from app.worktime.statutory import statutory_days

FIRST_YEAR = 2013
YEARS_AHEAD = 3
"""How many years a calendar reaches beyond the year it is used in, provisional where need be."""
_DATA = files("app.worktime") / "data"


@dataclass(frozen=True, slots=True)
class Notice:
    """A notice of the State Council: its number, its day of issue and the days it names."""

    number: str
    issued: date
    rows: tuple[DayRow, ...]

    @property
    def year(self) -> int:
        """The year it arranges; it may touch the last days of the year before."""
        return max(row.date.year for row in self.rows)

    @property
    def is_annual(self) -> bool:
        """Whether it arranges a whole year, from New Year's Day to the National Day."""
        names = {row.name for row in self.rows}
        return "元旦" in names and any("国庆节" in name for name in names)


@cache
def shipped_notices() -> tuple[Notice, ...]:
    """Every notice shipped, in the order of issue."""
    grouped: dict[tuple[date, str], list[DayRow]] = {}
    for issued, row in national_days((_DATA / "national_days.csv").read_text("utf-8")):
        grouped.setdefault((issued, row.document), []).append(row)
    return tuple(
        Notice(number, issued, tuple(sorted(rows, key=lambda row: row.date)))
        for (issued, number), rows in sorted(grouped.items())
    )


def official_through(year: int) -> date:
    """The last day that a calendar holding `year` knows for good: the next year's notice may
    still change what follows 28 December, the earliest it has touched being the 29th.
    """
    return date(year, 12, 28)


def provisional_rows(years: Iterable[int]) -> tuple[DayRow, ...]:
    """The statutory days of years without a notice, under no document; no make-up days."""
    return tuple(
        DayRow(day, DayKind.HOLIDAY, name, name)
        for year in years
        for day, name in statutory_days(year).items()
    )


def national_layer(through_year: int, as_of: date | None = None, hours: str = "H7") -> Layer:
    """The nation's days through `through_year`, as known on `as_of` (default: all shipped)."""
    notices = [n for n in shipped_notices() if as_of is None or n.issued <= as_of]
    if not notices:
        earliest = shipped_notices()[0].issued
        raise NotFound(
            Phrase(
                f"随附的节假日通知自 {earliest} 起，没有 {as_of} 时的日历。",
                f"The notices shipped begin on {earliest}; there is no calendar as of {as_of}.",
            )
        )
    last_year = max(notice.year for notice in notices)
    rows = overlaid(
        [
            provisional_rows(range(last_year + 1, through_year + 1)),
            *(notice.rows for notice in notices),
        ]
    )
    return Layer(
        code=f"CN@{as_of}" if as_of else "CN",
        number=notices[-1].number,
        rows=rows,
        hours=shipped_hours(hours),
        official_through=official_through(last_year),
        first=date(FIRST_YEAR, 1, 1),
        last=date(max(through_year, last_year), 12, 31),
    )


@cache
def shipped_profiles() -> dict[str, HoursProfile]:
    """The hours shipped, by code."""
    loaded = HoursSchema(many=True).loads((_DATA / "hours.json").read_text("utf-8"))
    return {data["code"]: HoursProfile.from_json(data) for data in loaded}


def shipped_hours(code: str) -> HoursProfile:
    """The hours shipped under `code`; `NotFound` names those there are."""
    profiles = shipped_profiles()
    if code not in profiles:
        known = ", ".join(profiles)
        raise NotFound(
            Phrase(
                f"没有名为“{code}”的工时；随附的有 {known}。",
                f'There are no hours "{code}"; shipped are {known}.',
            )
        )
    return profiles[code]


@cache
def shipped_calendar(code: str, hours: str, through_year: int) -> WorkingCalendar:
    """A calendar that needs no database: CN, CN@YYYY-MM-DD (as known on that day) or a shipped
    local one, with shipped hours. `NotFound` for another code.
    """
    if code == "CN":
        return WorkingCalendar([national_layer(through_year, hours=hours)])
    if code.startswith("CN@"):
        try:
            as_of = date.fromisoformat(code.removeprefix("CN@"))
        except ValueError:
            raise _no_calendar(code) from None
        return WorkingCalendar([national_layer(through_year, as_of, hours)])
    local = _local_layers().get(code)
    if local is None:
        raise _no_calendar(code)
    return WorkingCalendar([national_layer(through_year, hours=hours), local])


@cache
def _local_layers() -> dict[str, Layer]:
    return {
        data["code"]: Layer(
            code=data["code"],
            number=1,
            rows=tuple(
                DayRow(date.fromisoformat(day), DayKind(kind), data["name"], "", data["document"])
                for day, kind in sorted(data["rows"].items())
            ),
            workweek=data.get("workweek"),
        )
        for data in json.loads((_DATA / "local_calendars.json").read_text("utf-8"))
    }


def _no_calendar(code: str) -> NotFound:
    known = ", ".join(["CN", "CN@YYYY-MM-DD", *_local_layers()])
    return NotFound(
        Phrase(
            f"没有名为“{code}”的工作日历；随附的有 {known}。",
            f'There is no working calendar "{code}"; shipped are {known}.',
        )
    )
