"""What a new calendar version does to a running deadline.

The law counts working days; the calendar is a fact and no term of the promise, so open clocks
follow it. But nobody may be put in breach by an announcement: a deadline that would move earlier
without a period of notice stays, and one that was still met stays met.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from app.core.phrase import Phrase
from app.worktime.calendars import WorkingCalendar
from app.worktime.deadlines import Deadline
from app.worktime.policy import CalendarChange
from app.worktime.running import recomputed

NOTICE_PERIOD = timedelta(days=1)
"""How long a deadline that moves earlier stays open at least, from when people can know of it."""


@dataclass(frozen=True, slots=True)
class Change:
    """A deadline under a new calendar version, and why it is so. For the audit.

    A clock that does not follow keeps its deadline together with the version it was counted in:
    every deadline is what its own inputs give in its own version, and can be explained.
    """

    deadline: Deadline
    follows: bool
    moved: bool
    reason: Phrase


def after_publication(
    calendar: WorkingCalendar,
    running: Deadline,
    published_at: datetime,
    *,
    told_at: datetime | None = None,
    paused_at: datetime | None = None,
    notice: timedelta = NOTICE_PERIOD,
) -> Change:
    """The running deadline under the version `calendar`, by the clock's own policy.

    `told_at` is when the change is made known to those who must keep the deadline (default: at the
    publication). A suspended clock stands at `paused_at`: its time is measured from there. A
    deadline that had passed at `published_at` stays: the breach is re-examined by people.
    """
    stood_at = published_at if paused_at is None else min(paused_at, published_at)
    if running.due_at < stood_at:
        return _kept(
            running,
            "公布新日历时期限已过，原期限不变，由人工复核。",
            "The deadline had passed when the calendar was published; it stays, and people "
            "re-examine it.",
        )
    if running.policy.calendar_change is CalendarChange.KEEP:
        return _kept(running, "本类时限不随日历调整。", "Limits of this kind keep their deadline.")
    anew = recomputed(calendar, running)
    if anew.due_at >= running.due_at:
        return _followed(running, anew)
    if running.policy.calendar_change is CalendarChange.LATER_OF:
        return _kept(
            running,
            f"按新日历应为 {anew.last_day}，取较晚者，保留 {running.last_day}。",
            f"The new calendar gives {anew.last_day}; the later date, {running.last_day}, is kept.",
        )
    known_at = paused_at or told_at or published_at
    if anew.due_at < known_at + notice:
        return _kept(
            running,
            f"按新日历应为 {anew.last_day}，提前告知不足 {_hours(notice)} 小时，"
            f"保留 {running.last_day}。",
            f"The new calendar gives {anew.last_day}, at less than {_hours(notice)} hours' notice; "
            f"{running.last_day} is kept.",
        )
    return _followed(running, anew)


def _hours(notice: timedelta) -> int:
    return int(notice / timedelta(hours=1))


def _kept(running: Deadline, zh: str, en: str) -> Change:
    return Change(running, follows=False, moved=False, reason=Phrase(zh, en))


def _followed(running: Deadline, anew: Deadline) -> Change:
    if anew.due_at == running.due_at:
        reason = Phrase(
            f"按新日历重算，期限不变（{anew.last_day}）。",
            f"Recomputed with the new calendar; the deadline stays on {anew.last_day}.",
        )
    else:
        reason = Phrase(
            f"按新日历重算，期限由 {running.last_day} 改为 {anew.last_day}。",
            f"Recomputed with the new calendar; the deadline moves from {running.last_day} "
            f"to {anew.last_day}.",
        )
    return Change(anew, follows=True, moved=anew.due_at != running.due_at, reason=reason)
