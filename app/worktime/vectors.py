"""Checking deadlines that somebody else computed: a file of cases, each recomputed.

One row is one case. Needs no database.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from app.core.clock import CHINA
from app.core.errors import DomainError, Invalid
from app.core.phrase import Phrase
from app.worktime.calendars import WorkingCalendar
from app.worktime.deadlines import Deadline, Extension, Pause, deadline
from app.worktime.files import in_china, vector_rows
from app.worktime.limits import Limit, LimitUnit
from app.worktime.national import YEARS_AHEAD, shipped_calendar, shipped_notices
from app.worktime.policy import DayEnd, DayOne, ExtensionBase, Policy, Roll

_UNITS = {
    "WD": LimitUnit.WORKING_DAY,
    "WH": LimitUnit.WORKING_HOUR,
    "NH": LimitUnit.NATURAL_HOUR,
    "ND": LimitUnit.NATURAL_DAY,
    "MON": LimitUnit.MONTH,
}


_LAST_YEAR = 2100
"""No calendar is laid out beyond it, so that a slip of the pen costs no thousands of years."""

_LONGEST_EXTENSION = 10_000
"""Of any unit: far beyond what an office grants."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What came of one case; `mismatches` is empty when the file is right."""

    id: str
    calendar: WorkingCalendar | None
    deadline: Deadline | None
    mismatches: tuple[Phrase, ...]


def verdicts(text: str) -> Iterator[Verdict]:
    """Every case of a file, recomputed; a row with a wrong cell is a mismatch and no more.

    Raises `Invalid` for a file without the columns.
    """
    rows = vector_rows(text)
    years = [notice.year for notice in shipped_notices()]
    years += [
        at.year
        for row in rows
        if not row.wrong
        for at in (row.values["start"], row.values["deadline_at"])
    ]
    through = min(max(years) + YEARS_AHEAD, _LAST_YEAR)
    for row in rows:
        if row.wrong:
            yield Verdict(row.id, None, None, row.wrong)
        else:
            yield _verdict(row.values, through)


def _verdict(row: Mapping[str, Any], through: int) -> Verdict:
    try:
        calendar = shipped_calendar(row["calendar"], row["hours"], through)
        computed = _recomputed(calendar, row)
    except DomainError as error:
        return Verdict(row["id"], None, None, (error.phrase,))
    wrong: list[Phrase] = []
    _compare(wrong, "deadline_at", row["deadline_at"].astimezone(CHINA), _local(computed.due_at))
    if not _same_date(computed, row):
        _compare(wrong, "deadline_date", row["deadline_date"], computed.last_day)
    if row["status"]:
        status = "provisional" if computed.provisional else "final"
        _compare(wrong, "status", row["status"], status)
    return Verdict(row["id"], calendar, computed, tuple(wrong))


def _same_date(computed: Deadline, row: Mapping[str, Any]) -> bool:
    """Hours that end at midnight may be dated on either side of it; days may not."""
    if row["deadline_date"] == computed.last_day:
        return True
    return computed.limit.unit.is_hours and row["deadline_date"] == _local(computed.due_at).date()


def _compare(wrong: list[Phrase], column: str, given: Any, computed: Any) -> None:
    if given == computed:
        return
    if isinstance(given, datetime):
        given, computed = given.isoformat(), computed.isoformat()
    wrong.append(
        Phrase(
            f"{column} 写的是 {given}，重算得 {computed}。",
            f"{column} says {given}; recomputed it is {computed}.",
        )
    )


def _local(at: datetime) -> datetime:
    return at.astimezone(CHINA)


def _recomputed(calendar: WorkingCalendar, row: Mapping[str, Any]) -> Deadline:
    policy = Policy(
        day_one=DayOne(row["receipt_rule"] or "next"),
        day_end=DayEnd(row["end_rule"] or "24"),
        roll=Roll.NEXT_WORKING_DAY if row["roll"] == "1" else Roll.NONE,
    )
    return deadline(
        calendar,
        row["start"],
        Limit(row["limit"], _UNITS[row["unit"]]),
        policy,
        tuple(_pause(text) for text in row["pauses"].split(";") if text),
        tuple(_extension(text, row) for text in row["extension"].split(";") if text),
    )


def _pause(text: str) -> Pause:
    try:
        start, end = (in_china(datetime.fromisoformat(part)) for part in text.split("/"))
    except ValueError:
        raise _unreadable("pauses", text, "2026-03-04T10:00/2026-03-09T10:00") from None
    return Pause(start, end)


def _extension(text: str, row: Mapping[str, Any]) -> Extension:
    """`5@orig@2026-02-09T10:00`; without an instant, approved at the start."""
    try:
        amount, base, *rest = text.split("@")
        approved = in_china(datetime.fromisoformat(rest[0])) if rest else row["start"]
        days = Decimal(amount)
        if not 0 < days <= _LONGEST_EXTENSION:  # raises for what is no number
            raise ValueError(amount)
        return Extension(days, approved, ExtensionBase(base))
    except (ValueError, InvalidOperation):
        raise _unreadable("extension", text, "5@orig@2026-02-09T10:00") from None


def _unreadable(column: str, text: str, example: str) -> Invalid:
    return Invalid(
        Phrase(
            f"{column} 列无法识别“{text}”，请写成“{example}”的样子。",
            f'Column {column}: "{text}" cannot be read; write it like "{example}".',
        )
    )
