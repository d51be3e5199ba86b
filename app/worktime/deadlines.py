"""When a limit ends, given its start, its policy and what happened on the way.

`deadline` is the one function that decides; its result carries every input, so that the same
call can be repeated and explained years later. What happens to a running deadline (pause,
extension, restart, transfer) is in `running`.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, NamedTuple

from dateutil.relativedelta import relativedelta

from app.core.errors import Invalid
from app.core.phrase import Phrase
from app.worktime.calendars import WorkingCalendar, instant_of, micros_of
from app.worktime.hours import DAY
from app.worktime.limits import HOUR, Limit, LimitUnit
from app.worktime.policy import (
    STANDARD,
    DayEnd,
    DayOne,
    ExtensionBase,
    HoursEnd,
    PauseRule,
    Policy,
    Roll,
)

_WORKING_DAY = LimitUnit.WORKING_DAY
_WORKING_HOUR = LimitUnit.WORKING_HOUR
_CLOSE = DayEnd.CLOSE
_SEGMENT_END = HoursEnd.SEGMENT_END


@dataclass(frozen=True, slots=True)
class Pause:
    """A suspension that is over. `Invalid` when it ends before it starts."""

    start: datetime
    end: datetime

    def __post_init__(self) -> None:
        if self.end < self.start:
            raise Invalid(
                Phrase(
                    "恢复时间早于挂起时间，请核对。",
                    "The clock is resumed before it was suspended; check both times.",
                )
            )

    def to_json(self) -> list[str]:
        """Both instants in ISO 8601."""
        return [self.start.isoformat(), self.end.isoformat()]

    @classmethod
    def from_json(cls, data: Sequence[str]) -> "Pause":
        """The pause that `to_json` wrote."""
        return cls(datetime.fromisoformat(data[0]), datetime.fromisoformat(data[1]))


@dataclass(frozen=True, slots=True)
class Extension:
    """More time, in the unit of the limit, granted at an instant."""

    amount: int | Decimal
    approved_at: datetime
    base: ExtensionBase = ExtensionBase.ORIGINAL

    def to_json(self) -> dict[str, str]:
        """Amount as decimal text, instant in ISO 8601."""
        return {
            "amount": str(self.amount),
            "approved_at": self.approved_at.isoformat(),
            "base": self.base.value,
        }

    @classmethod
    def from_json(cls, data: Mapping[str, str]) -> "Extension":
        """The extension that `to_json` wrote."""
        amount = Decimal(data["amount"])
        return cls(
            int(amount) if amount == amount.to_integral_value() else amount,
            datetime.fromisoformat(data["approved_at"]),
            ExtensionBase(data["base"]),
        )


@dataclass(frozen=True, slots=True)
class Carried:
    """What was used before the start, in an earlier run: days, or microseconds for a limit in
    hours, and the calendar it was counted by. The day of the start counts as used there.
    """

    used: int
    calendar: str
    version: str

    def to_json(self) -> dict[str, Any]:
        """Amount and calendar."""
        return {"used": self.used, "calendar": self.calendar, "version": self.version}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "Carried":
        """What `to_json` wrote."""
        return cls(int(data["used"]), data["calendar"], data["version"])


class Deadline(NamedTuple):
    """The end of a limit, and everything it was computed from.

    On time means `done_at <= due_at`: 24:00 is 00:00 of the next day, `last_day` is the date to
    show. A `provisional` one lies beyond what has been published and may still move.
    """

    due_at: datetime
    last_day: date
    provisional: bool
    calendar: str
    version: str
    start: datetime
    limit: Limit
    policy: Policy
    pauses: Sequence[Pause]
    extensions: Sequence[Extension]
    carried: Carried | None

    def to_json(self) -> dict[str, Any]:
        """The whole as JSON: evidence that can be recomputed and explained."""
        return {
            "due_at": self.due_at.isoformat(),
            "last_day": self.last_day.isoformat(),
            "provisional": self.provisional,
            "calendar": self.calendar,
            "version": self.version,
            "start": self.start.isoformat(),
            "limit": self.limit.to_json(),
            "policy": self.policy.to_json(),
            "pauses": [pause.to_json() for pause in self.pauses],
            "extensions": [extension.to_json() for extension in self.extensions],
            "carried": self.carried.to_json() if self.carried else None,
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "Deadline":
        """The deadline that `to_json` wrote; nothing is computed anew."""
        return cls(
            datetime.fromisoformat(data["due_at"]),
            date.fromisoformat(data["last_day"]),
            data["provisional"],
            data["calendar"],
            data["version"],
            datetime.fromisoformat(data["start"]),
            Limit.from_json(data["limit"]),
            Policy.from_json(data["policy"]),
            tuple(Pause.from_json(pause) for pause in data["pauses"]),
            tuple(Extension.from_json(extension) for extension in data["extensions"]),
            Carried.from_json(data["carried"]) if data["carried"] else None,
        )


def deadline(
    calendar: WorkingCalendar,
    start: datetime,
    limit: Limit,
    policy: Policy = STANDARD,
    pauses: Sequence[Pause] = (),
    extensions: Sequence[Extension] = (),
    carried: Carried | None = None,
) -> Deadline:
    """When `limit` ends that began at `start` (aware).

    Pauses and extensions are taken in the order of time; a pause that begins after the deadline
    reached until then changes nothing. Raises `HorizonError` beyond the calendar.
    Source of the rules: 民法典 art. 200-204, see `policy`.
    """
    unit = limit.unit
    straight = not (pauses or extensions or carried)
    if straight and unit is _WORKING_DAY:
        due_at, last_day, provisional = calendar.end_in_days(
            start, limit.count, policy.day_one, at_close=policy.day_end is _CLOSE
        )
    elif straight and unit is _WORKING_HOUR and policy.hours is _SEGMENT_END:
        due_at, last_day, provisional = calendar.end_in_hours(start, limit.micros)
    else:
        course = _COURSES[unit](
            calendar, start, limit, policy, _events(pauses, extensions), carried
        )
        due_at, last_day, provisional = _end(calendar, course, unit, policy)
    return Deadline(
        due_at,
        last_day,
        provisional,
        calendar.code,
        calendar.version,
        start,
        limit,
        policy,
        pauses,
        extensions,
        carried,
    )


@dataclass(slots=True)
class Course:
    """How the time was counted: what `explain` tells.

    Positions are ranks of working days, indices of days or microseconds, by the limit's unit.
    """

    legs: list[tuple[int, int]]
    """What was counted, from (included) to (excluded), the suspensions lying between."""
    pauses: list[Pause]
    """The suspensions that counted; one that began after the deadline is not among them."""
    nominal: int
    """The last day or the moment as counted, before it was rolled or held up."""
    last: int
    """The index of the last day, or the moment itself."""


Event = Pause | Extension
_End = tuple[datetime, date, bool]


def course_of(calendar: WorkingCalendar, given: Deadline) -> Course:
    """How a deadline came about; `calendar` is the version it was computed with."""
    events = _events(given.pauses, given.extensions)
    follow = _COURSES[given.limit.unit]
    return follow(calendar, given.start, given.limit, given.policy, events, given.carried)


def _events(pauses: Sequence[Pause], extensions: Sequence[Extension]) -> list[Event]:
    """What happened, in order; of two things at one instant the pause comes first."""
    if not (pauses or extensions):
        return []
    ordered: list[tuple[datetime, int, Event]] = [(p.start, 0, p) for p in pauses]
    ordered += [(e.approved_at, 1, e) for e in extensions]
    return [event for _, _, event in sorted(ordered, key=lambda item: item[:2])]


def first_rank(calendar: WorkingCalendar, start: datetime, policy: Policy, *, carried: bool) -> int:
    """The rank of the working day that is counted first."""
    micros = micros_of(start)
    index = calendar.index_at(micros)
    if policy.day_one is DayOne.SAME and not carried:
        return calendar.rank(index)
    if policy.day_one is DayOne.DEFER and not carried:
        close = calendar.close(index)
        if close is None or micros > close:
            return calendar.rank(index + 1) + 1
    return calendar.rank(index + 1)


def _working_day_course(
    calendar: WorkingCalendar,
    start: datetime,
    limit: Limit,
    policy: Policy,
    events: Sequence[Event],
    carried: Carried | None,
) -> Course:
    """`last` is the rank of the last day. `floor` holds it up when the time was used up while
    suspended: then the day of resumption, or the working day after it, is the last.
    """
    begun = calendar.index_at(micros_of(start))
    base = since_rank = first_rank(calendar, start, policy, carried=carried is not None)
    last = base + limit.count - (carried.used if carried else 0) - 1
    floor = calendar.rank(begun) if carried else 0
    paused_to = begun
    given_back_to: int | None = None
    legs: list[tuple[int, int]] = []
    pauses: list[Pause] = []
    for event in events:
        if isinstance(event, Extension):
            if event.base is ExtensionBase.ORIGINAL:
                last += int(event.amount)
                continue
            approved = max(calendar.index_at(micros_of(event.approved_at)), paused_to)
            anew = calendar.rank(approved + 1)
            if anew + int(event.amount) - 1 > last:
                last = anew + int(event.amount) - 1
                since_rank, legs, pauses = anew, [], []
            continue
        if event.start > _day_end(calendar, calendar.nth(max(last, floor)), policy):
            continue
        since = max(calendar.index_at(micros_of(event.start)), paused_to)
        until = max(calendar.index_at(micros_of(event.end)), since)
        stopped = max(calendar.rank(_first_given_back(policy, since, given_back_to)), base)
        resumed = max(calendar.rank(until + 1), base)
        last += resumed - stopped
        floor = max(floor, calendar.rank(until))
        paused_to = given_back_to = until
        legs.append((since_rank, stopped))
        pauses.append(event)
        since_rank = resumed
    legs.append((since_rank, last + 1))
    return Course(legs, pauses, last, calendar.nth(max(last, floor)))


def _first_given_back(policy: Policy, since: int, given_back_to: int | None) -> int:
    """The first day a suspension gives back: the day after it began or, in whole days, that day
    itself unless the suspension before has given it back already.
    """
    if policy.pause is PauseRule.WHOLE_DAYS and since != given_back_to:
        return since
    return since + 1


def _day_end(calendar: WorkingCalendar, index: int, policy: Policy) -> datetime:
    """The end of the day at a position; a rest day has no closing time and ends at 24:00."""
    if policy.day_end is DayEnd.CLOSE:
        close = calendar.close(index)
        if close is not None:
            return instant_of(close)
    return instant_of(calendar.midnight(index) + DAY)


def _natural_day_course(
    calendar: WorkingCalendar,
    start: datetime,
    limit: Limit,
    policy: Policy,
    events: Sequence[Event],
    carried: Carried | None,
) -> Course:
    """Days and months of the plain calendar; the roll to a working day comes once, at the end."""
    begun = calendar.index_at(micros_of(start))
    base = begun if policy.day_one is DayOne.SAME and not carried else begun + 1
    if policy.day_one is DayOne.DEFER and not carried:
        begun = calendar.nth(first_rank(calendar, start, policy, carried=False) - 1)
        base = begun + 1
    amount = limit.count
    shift = -carried.used if carried else 0
    last = _natural_end(calendar, base - 1, amount, limit.unit) + shift
    floor = paused_to = begun
    since_day = base
    given_back_to: int | None = None
    legs: list[tuple[int, int]] = []
    pauses: list[Pause] = []
    for event in events:
        if isinstance(event, Extension):
            if event.base is ExtensionBase.ORIGINAL:
                amount += int(event.amount)
                extended = _natural_end(calendar, base - 1, amount, limit.unit) + shift
                last = max(last, extended)
                continue
            approved = max(calendar.index_at(micros_of(event.approved_at)), paused_to)
            extended = _natural_end(calendar, approved, int(event.amount), limit.unit)
            if extended > last:
                last = extended
                since_day, legs, pauses = approved + 1, [], []
            continue
        rolled = _rolled(calendar, max(last, floor), policy)
        if event.start > _day_end(calendar, rolled, policy):
            continue
        since = max(calendar.index_at(micros_of(event.start)), paused_to)
        until = max(calendar.index_at(micros_of(event.end)), since)
        stopped = max(_first_given_back(policy, since, given_back_to), base)
        gained = max(until + 1 - stopped, 0)
        shift += gained
        last += gained
        floor = paused_to = given_back_to = until
        legs.append((since_day, stopped))
        pauses.append(event)
        since_day = until + 1
    legs.append((since_day, last + 1))
    return Course(legs, pauses, last, _rolled(calendar, max(last, floor), policy))


def _natural_end(calendar: WorkingCalendar, begun: int, amount: int, unit: LimitUnit) -> int:
    """The last of `amount` days or months that follow a day; months always from their origin, the
    last day of a shorter month where there is no such date (民法典 art. 202).
    """
    if unit is LimitUnit.MONTH:
        return calendar.index(calendar.day(begun) + relativedelta(months=amount))
    return begun + amount


def _rolled(calendar: WorkingCalendar, index: int, policy: Policy) -> int:
    if policy.roll is Roll.NONE:
        return index
    return calendar.nth(calendar.rank(index))


def _working_hour_course(
    calendar: WorkingCalendar,
    start: datetime,
    limit: Limit,
    policy: Policy,
    events: Sequence[Event],
    carried: Carried | None,
) -> Course:
    worked = calendar.worked_before
    find = calendar.earliest if policy.hours is HoursEnd.SEGMENT_END else calendar.latest
    return _hour_course(micros_of(start), limit, events, carried, worked, find)


def _natural_hour_course(
    _calendar: WorkingCalendar,
    start: datetime,
    limit: Limit,
    _policy: Policy,
    events: Sequence[Event],
    carried: Carried | None,
) -> Course:
    return _hour_course(micros_of(start), limit, events, carried, _itself, _itself)


def _itself(micros: int) -> int:
    return micros


def _hour_course(
    begun: int,
    limit: Limit,
    events: Sequence[Event],
    carried: Carried | None,
    worked: Callable[[int], int],
    find: Callable[[int], int],
) -> Course:
    """Hours run from the moment. `target` is what the clock shows at the end."""
    left = limit.micros - (carried.used if carried else 0)
    shown = worked(begun)
    target = shown + left
    floor = since_moment = paused_to = begun
    legs: list[tuple[int, int]] = []
    pauses: list[Pause] = []
    for event in events:
        if isinstance(event, Extension):
            more = int(event.amount * HOUR)
            if event.base is ExtensionBase.ORIGINAL:
                target += more
                continue
            approved = max(micros_of(event.approved_at), paused_to)
            if worked(approved) + more > target:
                target = worked(approved) + more
                since_moment, legs, pauses = approved, [], []
            continue
        since = max(micros_of(event.start), paused_to)
        if since > max(find(max(target, shown)), floor):
            continue
        until = max(micros_of(event.end), since)
        target += worked(until) - worked(since)
        floor = paused_to = until
        legs.append((since_moment, since))
        pauses.append(event)
        since_moment = until
    due = max(find(max(target, shown)), floor)
    legs.append((since_moment, due))
    return Course(legs, pauses, due, due)


_COURSES = {
    LimitUnit.WORKING_DAY: _working_day_course,
    LimitUnit.WORKING_HOUR: _working_hour_course,
    LimitUnit.NATURAL_HOUR: _natural_hour_course,
    LimitUnit.NATURAL_DAY: _natural_day_course,
    LimitUnit.MONTH: _natural_day_course,
}


def _end(calendar: WorkingCalendar, course: Course, unit: LimitUnit, policy: Policy) -> _End:
    """End, date to show and provisional mark of a course."""
    if unit.is_hours:
        index = calendar.index_at(course.last - 1)
        depends = unit is LimitUnit.WORKING_HOUR
        due_at = instant_of(course.last)
    else:
        index = course.last
        depends = (
            unit is LimitUnit.WORKING_DAY
            or policy.roll is Roll.NEXT_WORKING_DAY
            or policy.day_end is DayEnd.CLOSE
        )
        due_at = _day_end(calendar, index, policy)
    return due_at, calendar.day(index), depends and index > calendar.official_index
