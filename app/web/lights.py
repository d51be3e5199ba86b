"""The traffic light of a time limit: always a colour and words, never a colour alone."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from app.cases import queries
from app.engine import ClockRow
from app.web.language import _

_GREY = "grey"
"""The colour where no time runs."""


@dataclass(frozen=True, slots=True)
class Light:
    """One light: `words` say what the colour means and stand alone on paper."""

    colour: str
    words: str
    due_at: datetime | None = None


def of_clock(now: datetime, clock: ClockRow | None, yellow_at: datetime | None) -> Light:
    """The light of a clock at `now`; of a stopped one, how it ended."""
    colour = queries.light_of(clock, yellow_at, now)
    if clock is None or clock.due_at is None:
        return Light(_GREY, _("未计时"))
    late = colour is queries.Light.RED
    if clock.stopped_at is not None:
        overrun = duration(clock.stopped_at - clock.due_at) if late else ""
        words = _("超期%(time)s完成", time=overrun) if late else _("按时完成")
        return Light("red" if late else _GREY, words, clock.due_at)
    if colour is queries.Light.PAUSED:
        return Light(_GREY, _("挂起中"), clock.due_at)
    if late:
        return Light("red", _("超期%(time)s", time=duration(now - clock.due_at)), clock.due_at)
    left = _("剩%(time)s", time=duration(clock.due_at - now))
    return Light(str(colour), left, clock.due_at)


def duration(length: timedelta) -> str:
    """A length of time in its two largest units, rounded down: 2天6时, 3时12分, 40分."""
    minutes = int(length.total_seconds()) // 60
    days, hours, minutes = minutes // 1440, minutes // 60 % 24, minutes % 60
    if days:
        return (
            _("%(days)s天%(hours)s时", days=days, hours=hours)
            if hours
            else _("%(days)s天", days=days)
        )
    if hours:
        return _("%(hours)s时%(minutes)s分", hours=hours, minutes=f"{minutes:02d}")
    return _("%(minutes)s分", minutes=minutes)
