"""What a new calendar version does to a running deadline.

The law counts working days; the calendar is a fact and no term of the promise, so open clocks
follow it. But nobody may be put in breach by an announcement: a deadline that moves earlier gets
a period of notice, and one that was still met stays met.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from app.core.phrase import Phrase
from app.worktime.calendars import WorkingCalendar, local_date
from app.worktime.deadlines import Deadline
from app.worktime.policy import CalendarChange
from app.worktime.running import recomputed

NOTICE_PERIOD = timedelta(days=1)
"""How long after the publication a deadline that moves earlier stays open at least."""


@dataclass(frozen=True, slots=True)
class Change:
    """A deadline under a new calendar version; `due_at` did move when `moved`. For the audit."""

    deadline: Deadline
    moved: bool
    reason: Phrase


def after_publication(
    calendar: WorkingCalendar,
    running: Deadline,
    published_at: datetime,
    notice: timedelta = NOTICE_PERIOD,
) -> Change:
    """The running deadline under the new version `calendar`, by the clock's own policy.

    A deadline that had passed at `published_at` stays: the breach is re-examined by people.
    `due_at` may then differ from what the inputs give; the reason says why.
    """
    anew = recomputed(calendar, running)
    if running.due_at < published_at:
        return Change(
            running,
            moved=False,
            reason=Phrase(
                "公布新日历时期限已过，原期限不变。",
                "The deadline had passed when the calendar was published; it stays.",
            ),
        )
    if running.policy.calendar_change is CalendarChange.KEEP:
        return Change(
            running,
            moved=False,
            reason=Phrase("本类时限不随日历调整。", "Limits of this kind keep their deadline."),
        )
    if anew.due_at >= running.due_at:
        return Change(anew, moved=anew.due_at != running.due_at, reason=_moved(running, anew))
    if running.policy.calendar_change is CalendarChange.LATER_OF:
        kept = anew._replace(due_at=running.due_at, last_day=running.last_day)
        return Change(
            kept,
            moved=False,
            reason=Phrase(
                f"按新日历应为 {anew.last_day}，取较晚者，保留 {running.last_day}。",
                f"The new calendar gives {anew.last_day}; the later date, {running.last_day}, "
                "is kept.",
            ),
        )
    earliest = min(published_at + notice, running.due_at)
    if anew.due_at >= earliest:
        return Change(anew, moved=True, reason=_moved(running, anew))
    held = anew._replace(due_at=earliest, last_day=local_date(earliest - timedelta.resolution))
    return Change(
        held,
        moved=held.due_at != running.due_at,
        reason=Phrase(
            f"按新日历应为 {anew.last_day}，早于公布后的缓冲期，改为 {held.last_day}。",
            f"The new calendar gives {anew.last_day}, which falls into the period of notice; "
            f"the deadline becomes {held.last_day}.",
        ),
    )


def _moved(running: Deadline, anew: Deadline) -> Phrase:
    if anew.due_at == running.due_at:
        return Phrase(
            f"按新日历重算，期限不变（{anew.last_day}）。",
            f"Recomputed with the new calendar; the deadline stays on {anew.last_day}.",
        )
    return Phrase(
        f"按新日历重算，期限由 {running.last_day} 改为 {anew.last_day}。",
        f"Recomputed with the new calendar; the deadline moves from {running.last_day} "
        f"to {anew.last_day}.",
    )
