"""The traffic light of a time limit: always a colour and words, never a colour alone.

The words count as the limit counts: a limit in working days says how many of them are left.
"""

from dataclasses import dataclass
from datetime import datetime

import orjson
from sqlalchemy.orm import Session

from app.cases import queries
from app.engine import ClockRow
from app.web.language import _, ngettext
from app.worktime import offices
from app.worktime.calendars import WorkingCalendar
from app.worktime.deadlines import Deadline
from app.worktime.hours import MINUTE
from app.worktime.limits import LimitUnit
from app.worktime.running import Span, remaining

_GREY = "grey"
"""The colour where no time runs."""
_MANY = 100
"""Hours of the clock that nobody can picture any more: they are said in days."""


@dataclass(frozen=True, slots=True)
class Light:
    """One light: `words` say what the colour means and stand alone on paper."""

    colour: str
    words: str
    due_at: datetime | None = None


class Lights:
    """The lights of one page at one instant; each calendar is fetched at most once."""

    def __init__(self, session: Session, now: datetime) -> None:
        self._session, self._now = session, now
        self._calendars: dict[tuple[str, str], WorkingCalendar] = {}

    def of(self, clock: ClockRow | None, yellow_at: datetime | None) -> Light:
        """The light of a clock now; of a stopped one, how it ended."""
        colour = queries.light_of(clock, yellow_at, self._now)
        if clock is None or clock.due_at is None:
            return Light(_GREY, _("未计时"))
        late = colour is queries.Light.RED
        if clock.stopped_at is not None and not late:
            return Light(_GREY, _("按时完成"), clock.due_at)
        if colour is queries.Light.PAUSED:
            return Light(_GREY, _("挂起中"), clock.due_at)
        left = self._left(clock)
        if clock.stopped_at is not None:
            words = _("超期 %(time)s完成", time=amount(left))
        elif late:
            words = _("超期 %(time)s", time=amount(left))
        elif left.amount == 0 and not left.unit.is_hours:
            words = _("今日到期")
        else:
            words = _("剩 %(time)s", time=amount(left))
        return Light(str(colour), words, clock.due_at)

    def _left(self, clock: ClockRow) -> Span:
        running = Deadline.from_json(orjson.loads(clock.terms))
        stamp = running.calendar, running.version
        calendar = self._calendars.get(stamp)
        if calendar is None:
            calendar = offices.working_calendar(self._session, *stamp)
            self._calendars[stamp] = calendar
        return remaining(calendar, running, clock.stopped_at or self._now)


def amount(span: Span) -> str:
    """How much, without its sign, to the minute: 2 个工作日, 3 天, 3 小时 12 分, 40 分."""
    count = abs(span.amount)
    if not span.unit.is_hours:
        if span.unit is LimitUnit.WORKING_DAY:
            return ngettext("%(num)s 个工作日", "%(num)s 个工作日", count)
        return ngettext("%(num)s 天", "%(num)s 天", count)
    hours, minutes = divmod(count // MINUTE, 60)
    if span.unit is LimitUnit.NATURAL_HOUR and hours >= _MANY:
        return _("%(days)s 天 %(hours)s 小时", days=hours // 24, hours=hours % 24)
    if not hours:
        return _("%(minutes)s 分", minutes=minutes)
    clock = _("%(hours)s 小时 %(minutes)s 分", hours=hours, minutes=minutes)
    return _("%(time)s（工作时间）", time=clock) if span.unit is LimitUnit.WORKING_HOUR else clock
