"""The traffic light of a time limit: always a colour and words, never a colour alone."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from app.web.language import _


class Colour(StrEnum):
    """The colours of the light, and grey where no time runs."""

    GREEN = "green"
    YELLOW = "yellow"
    RED = "red"
    GREY = "grey"


@dataclass(frozen=True, slots=True)
class Light:
    """One light: `words` say what the colour means and stand alone on paper."""

    colour: Colour
    words: str
    due_at: datetime | None = None


def light(
    now: datetime,
    due_at: datetime | None,
    yellow_at: datetime | None = None,
    *,
    paused: bool = False,
    stopped: bool = False,
) -> Light:
    """The light of a limit at `now`. It is overdue when now is later than `due_at`, not at it."""
    if stopped:
        return Light(Colour.GREY, _("已完成"), due_at)
    if paused:
        return Light(Colour.GREY, _("挂起中"), due_at)
    if due_at is None:
        return Light(Colour.GREY, _("未计时"), None)
    if now > due_at:
        return Light(Colour.RED, _("超期%(time)s", time=duration(now - due_at)), due_at)
    near = yellow_at is not None and now >= yellow_at
    words = _("剩%(time)s", time=duration(due_at - now))
    return Light(Colour.YELLOW if near else Colour.GREEN, words, due_at)


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
