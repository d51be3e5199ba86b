"""What happens to a clock between its start and its end.

Every function takes the deadline as it stands and returns a new one, or an answer about it; the
caller stores what it gets. The calendar handed in is the one the clock runs on now.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, time
from decimal import Decimal

from app.core.clock import CHINA
from app.core.errors import Invalid
from app.core.phrase import Phrase
from app.worktime.calendars import WorkingCalendar, instant_of, micros_of
from app.worktime.deadlines import Carried, Deadline, Extension, Pause, deadline, first_rank
from app.worktime.hours import MINUTE
from app.worktime.limits import HOUR, Limit, LimitUnit
from app.worktime.policy import Anchor, DayOne, ExtensionBase, Policy, RestartRule


@dataclass(frozen=True, slots=True)
class Span:
    """An amount of time of one kind: days for limits in days and months, else microseconds.
    Negative when the deadline has passed.
    """

    amount: int
    unit: LimitUnit

    @property
    def phrase(self) -> Phrase:
        """The amount in words, without its sign: "2 工作日", "3 工作小时 20 分"."""
        amount = abs(self.amount)
        if not self.unit.is_hours:
            days = LimitUnit.NATURAL_DAY if self.unit is LimitUnit.MONTH else self.unit
            return Limit(amount, days).phrase if amount else Phrase("0 天", "0 days")
        hours, minutes = divmod(amount // MINUTE, 60)
        name = self.unit.phrase
        english = name.en.removesuffix("s") if hours == 1 else name.en
        return Phrase(
            f"{hours} {name.zh}" + (f" {minutes} 分" if minutes else ""),
            f"{hours} {english}" + (f" {minutes} min" if minutes else ""),
        )


def remaining(calendar: WorkingCalendar, running: Deadline, at: datetime) -> Span:
    """The time left at `at`: zero days on the last day, negative once the deadline has passed.

    `at` is not before the last suspension or extension. While the clock is suspended ask with the
    moment it was: nothing runs until it is resumed.
    """
    left = _left(calendar, running, at)
    if left == 0 and at > running.due_at and not running.limit.unit.is_hours:
        left = -1  # the office has closed on the last day, or a rest day follows it
    return Span(left, running.limit.unit)


def used(calendar: WorkingCalendar, running: Deadline, at: datetime) -> Span:
    """The time used until `at`, suspensions left out and what was carried included; the day of
    `at` counts as used. Together with what remains it makes the limit and its extensions.
    """
    unit = running.limit.unit
    if unit in {LimitUnit.NATURAL_DAY, LimitUnit.MONTH}:  # the roll at the end is not time used
        day = calendar.index_at(micros_of(at))
        spent = day - calendar.index_at(micros_of(running.start))
        for pause in running.pauses:
            spent -= calendar.index_at(micros_of(pause.end))
            spent += calendar.index_at(micros_of(pause.start))
        return Span(spent + (running.carried.used if running.carried else 0), unit)
    return Span(_granted(running) - _left(calendar, running, at), unit)


def resumed(calendar: WorkingCalendar, running: Deadline, pause: Pause) -> Deadline:
    """The deadline after a suspension that is now over."""
    return _again(calendar, running, pauses=(*running.pauses, pause))


def extended(
    calendar: WorkingCalendar, running: Deadline, amount: int | Decimal, approved_at: datetime
) -> Deadline:
    """The deadline with `amount` more, in the limit's own unit, as its policy counts it.

    Raises `Invalid` when the deadline had passed at the approval: an extension must be applied for
    and approved in time.
    """
    if approved_at > running.due_at:
        raise Invalid(
            Phrase(
                "期限已过，不能再批准延期；请按超期办理。",
                "The deadline has passed and can no longer be extended; handle it as overdue.",
            )
        )
    more = Extension(
        Limit(amount, running.limit.unit).amount, approved_at, running.policy.extension
    )
    return _again(calendar, running, extensions=(*running.extensions, more))


def restarted(calendar: WorkingCalendar, running: Deadline, at: datetime) -> Deadline:
    """The next run of the clock, from `at`: the full limit or what was left, as the policy says.

    A run in months goes on in natural days when it goes on with what was left.
    """
    if running.policy.restart is RestartRule.RESTART:
        return deadline(calendar, at, running.limit, running.policy)
    if running.limit.unit is LimitUnit.MONTH:
        left = max(_left(calendar, running, at), 1)
        return deadline(calendar, at, Limit(left, LimitUnit.NATURAL_DAY), running.policy)
    return _carried_on(calendar, calendar, running, at)


def transferred(
    before: WorkingCalendar, after: WorkingCalendar, running: Deadline, at: datetime
) -> Deadline:
    """The deadline when the case moves at `at` to an office with another calendar.

    What was used is carried, not the date: the rest is counted in the new office's working days,
    from the day after the transfer. Limits in natural time keep their start.
    """
    if running.limit.unit in {LimitUnit.WORKING_DAY, LimitUnit.WORKING_HOUR}:
        return _carried_on(before, after, running, at)
    return _again(after, running)


def before_due(
    calendar: WorkingCalendar,
    running: Deadline,
    share: int = 20,
    at_least: Limit | None = None,
) -> datetime:
    """The instant from which little is left: `share` percent of the time granted or `at_least`,
    whichever is more; never before the start, and the end itself when neither is asked for.

    In days: the opening (00:00 for natural days) of the first of the last k days, k rounded up.
    In hours: the moment, moved to the next opening when the office is closed then.
    """
    instants: list[datetime] = []
    unit = running.limit.unit
    if share:
        part = _granted(running) * share
        amount = part // 100 if unit.is_hours else -(-part // 100)
        instants.append(_back(calendar, running, amount, unit))
    if at_least:
        amount = at_least.micros if at_least.unit.is_hours else at_least.count
        instants.append(_back(calendar, running, amount, at_least.unit))
    return max(min(instants, default=running.due_at), running.start)


def after_due(calendar: WorkingCalendar, running: Deadline, late_by: Limit) -> datetime:
    """The instant (UTC) at which the case is overdue by `late_by`: the end of the last of so many
    days after the last day, or so many hours after the deadline. For later rungs. A suspension of
    what was late already leaves the deadline, and puts these off.
    """
    policy = Policy(
        day_end=running.policy.day_end, roll=running.policy.roll, pause=running.policy.pause
    )
    pauses = _pauses_since_due(running)
    return stage_deadline(calendar, running.due_at, late_by, policy, pauses).due_at


def stage_deadline(
    calendar: WorkingCalendar,
    begun_at: datetime,
    limit: Limit,
    policy: Policy,
    pauses: Sequence[Pause] = (),
) -> Deadline:
    """The deadline of what begins at an instant that may be the end of something before it.

    24:00 belongs to the day it ends: of days that are counted from the next one on, the first is
    the day that begins then, not the one after it.
    """
    at_midnight = begun_at.astimezone(CHINA).time() == time.min
    if at_midnight and policy.day_one is DayOne.NEXT and not limit.unit.is_hours:
        begun_at = _eve(begun_at)
    return deadline(calendar, begun_at, limit, policy, pauses)


def _eve(at: datetime) -> datetime:
    """The last moment before an instant: at midnight, of the day that ends."""
    return instant_of(micros_of(at) - 1)


@dataclass(frozen=True, slots=True)
class Preview:
    """A deadline before the clock has started; `assumption` says what was taken for granted."""

    deadline: Deadline
    assumption: Phrase | None


def preview(
    calendar: WorkingCalendar,
    limit: Limit,
    policy: Policy,
    known: Mapping[Anchor, datetime],
    sign_for: Limit,
    sign_for_policy: Policy,
) -> Preview:
    """The deadline a case would get. Where the clock starts at sign-for and that has not happened,
    it is assumed at the end of its own limit, counted from dispatch.

    Raises `Invalid` when the instant that starts the clock is not known and cannot be assumed.
    """
    start = known.get(policy.anchor)
    if start is not None:
        return Preview(deadline(calendar, start, limit, policy), None)
    dispatched_at = known.get(Anchor.DISPATCH)
    if policy.anchor is not Anchor.SIGN_FOR or dispatched_at is None:
        raise Invalid(
            Phrase(
                "还没有起算时间，无法预计期限；请先派单或登记来电时间。",
                "The start is not known yet, so no deadline can be foreseen; dispatch the order "
                "or record the time of the call first.",
            )
        )
    signing = deadline(calendar, dispatched_at, sign_for, sign_for_policy)
    # Signed at the last moment of that day: 24:00 itself would already be the day after.
    start = max(_eve(signing.due_at), dispatched_at)
    return Preview(
        deadline(calendar, start, limit, policy),
        Phrase(
            f"假定承办单位用满签收时限（{sign_for.phrase.zh}），在 {signing.last_day} 签收。",
            f"Assumes that the unit uses its whole time to sign for it ({sign_for.phrase.en}) "
            f"and signs on {signing.last_day}.",
        ),
    )


def _again(
    calendar: WorkingCalendar,
    running: Deadline,
    pauses: tuple[Pause, ...] | None = None,
    extensions: tuple[Extension, ...] | None = None,
) -> Deadline:
    return deadline(
        calendar,
        running.start,
        running.limit,
        running.policy,
        running.pauses if pauses is None else pauses,
        running.extensions if extensions is None else extensions,
        running.carried,
    )


def recomputed(calendar: WorkingCalendar, running: Deadline) -> Deadline:
    """The same inputs on another calendar or version."""
    return _again(calendar, running)


def _carried_on(
    before: WorkingCalendar, after: WorkingCalendar, running: Deadline, at: datetime
) -> Deadline:
    """A new run from `at` that has the time left. Extensions go along; those that counted from
    their approval have had their effect, and what is used is reckoned against it.
    """
    spent = Carried(used(before, running, at).amount, before.code, before.version)
    extensions = tuple(replace(e, base=ExtensionBase.ORIGINAL) for e in running.extensions)
    return deadline(after, at, running.limit, running.policy, (), extensions, spent)


def _granted(running: Deadline) -> int:
    """Limit and extensions, in days (months of 30) or microseconds."""
    unit = running.limit.unit
    more = sum(extension.amount for extension in running.extensions)
    if unit.is_hours:
        return running.limit.micros + int(more * HOUR)
    return (running.limit.count + int(more)) * (30 if unit is LimitUnit.MONTH else 1)


def _left(calendar: WorkingCalendar, running: Deadline, at: datetime) -> int:
    """Days or microseconds from `at` to the deadline, by the clock of its unit; of what is late,
    the suspensions since left out.
    """
    unit = running.limit.unit
    stood = sum(_counted(calendar, unit, one.start, one.end) for one in _pauses_since_due(running))
    if unit.is_hours:
        return stood + _counted(calendar, unit, at, running.due_at)
    today, last = calendar.index_at(micros_of(at)), calendar.index(running.last_day)
    if unit is not LimitUnit.WORKING_DAY:
        return stood + last - today
    begun = first_rank(calendar, running.start, running.policy, carried=running.carried is not None)
    return stood + calendar.rank(last + 1) - max(calendar.rank(today + 1), begun)


def _counted(calendar: WorkingCalendar, unit: LimitUnit, begin: datetime, end: datetime) -> int:
    """What a unit counts between two instants: microseconds, or days from the next one on."""
    since, until = micros_of(begin), micros_of(end)
    match unit:
        case LimitUnit.NATURAL_HOUR:
            return until - since
        case LimitUnit.WORKING_HOUR:
            return calendar.worked_before(until) - calendar.worked_before(since)
        case LimitUnit.WORKING_DAY:
            days = calendar.index_at(since) + 1, calendar.index_at(until) + 1
            return calendar.rank(days[1]) - calendar.rank(days[0])
        case _:
            return calendar.index_at(until) - calendar.index_at(since)


def _pauses_since_due(running: Deadline) -> tuple[Pause, ...]:
    """The suspensions of what was late already: none of them has moved the deadline."""
    return tuple(one for one in running.pauses if one.start > running.due_at)


def _back(calendar: WorkingCalendar, running: Deadline, amount: int, unit: LimitUnit) -> datetime:
    """The instant from which `amount` is left, moved to an opening where office time is meant."""
    due = micros_of(running.due_at)
    if unit is LimitUnit.NATURAL_HOUR:
        return instant_of(due - amount)
    if unit is LimitUnit.WORKING_HOUR:
        return instant_of(calendar.latest(max(calendar.worked_before(due) - amount, 0)))
    last = calendar.index(running.last_day)
    if unit is LimitUnit.WORKING_DAY:
        index = calendar.nth(max(calendar.rank(last + 1) - amount, 0))
        return instant_of(calendar.opening(index) or calendar.midnight(index))
    days = amount * (30 if unit is LimitUnit.MONTH else 1)
    return instant_of(calendar.midnight(max(last - days + 1, 0)))
