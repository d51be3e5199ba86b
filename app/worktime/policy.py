"""How a limit is counted: nine switches, each a question that offices answer differently.

None is left to a default of a library; the defaults here are those of the Civil Code (民法典
art. 200-204) and of common hotline practice. A limit type stores its answers as JSON.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from enum import StrEnum
from typing import Self

from app.core.errors import Invalid
from app.core.phrase import Phrase


class DayOne(StrEnum):
    """Which day is counted first."""

    NEXT = "next"
    """The day of receipt is not counted, whatever the hour (art. 201)."""
    DEFER = "defer"
    """Received after close or on a rest day means received on the next working day."""
    SAME = "same"
    """The day of receipt is day one, if it is a working day: a local promise (art. 204)."""


class Anchor(StrEnum):
    """Which instant starts the clock."""

    DISPATCH = "dispatch"
    CALL = "call"
    SIGN_FOR = "sign_for"
    STAGE = "stage"
    """The beginning of the stage itself: a review, a callback, a tier of coordination."""


class DayEnd(StrEnum):
    """When the last day ends."""

    MIDNIGHT = "24"
    CLOSE = "close"
    """When that unit stops work on that day (art. 203, second paragraph)."""


class Roll(StrEnum):
    """What happens when the last natural day is a rest day; make-up days are working days."""

    NEXT_WORKING_DAY = "next_working_day"
    """It moves to the next working day, once and at the very end (art. 203)."""
    NONE = "none"


class HoursEnd(StrEnum):
    """Where working hours end that are used up exactly when a segment closes."""

    SEGMENT_END = "segment_end"
    """At 12:00, when the morning is over."""
    NEXT_OPENING = "next_opening"
    """At 14:00, when the afternoon begins."""


class PauseRule(StrEnum):
    """What a suspension gives back."""

    EXACT = "exact"
    """Hours: the working time in between. Days: the day of suspension counts as used, the day
    of resumption does not, so that a pause within a day or a weekend gives nothing away."""
    WHOLE_DAYS = "whole_days"
    """Days: every day the suspension touched, in the unit's favour. Hours: as `EXACT`."""


class RestartRule(StrEnum):
    """What supplementing (补正) or handling once more does to the clock."""

    RESTART = "restart"
    """A new run with the full limit."""
    CONTINUE = "continue"
    """A new run with what was left."""


class ExtensionBase(StrEnum):
    """From where an extension counts."""

    ORIGINAL = "orig"
    """Appended to the original limit: n + k are counted in one go from the start."""
    APPROVAL = "approve"
    """Counted from the day (the instant, for hours) of approval; never earlier than before."""


class CalendarChange(StrEnum):
    """What a new calendar version does to a running deadline."""

    RECOMPUTE = "recompute"
    """It is computed anew, but never moved before the notice period is over."""
    KEEP = "keep"
    LATER_OF = "later_of"


@dataclass(frozen=True, slots=True)
class Policy:
    """The nine answers of one limit type."""

    day_one: DayOne = DayOne.NEXT
    anchor: Anchor = Anchor.DISPATCH
    day_end: DayEnd = DayEnd.MIDNIGHT
    roll: Roll = Roll.NEXT_WORKING_DAY
    hours: HoursEnd = HoursEnd.SEGMENT_END
    pause: PauseRule = PauseRule.EXACT
    restart: RestartRule = RestartRule.RESTART
    extension: ExtensionBase = ExtensionBase.ORIGINAL
    calendar_change: CalendarChange = CalendarChange.RECOMPUTE

    def to_json(self) -> dict[str, str]:
        """All nine answers; stored with every clock, so that later defaults change nothing."""
        return {name: getattr(self, name).value for name in _SWITCHES}

    @classmethod
    def from_json(cls, data: Mapping[str, str]) -> Self:
        """The policy that `to_json` wrote; switches left out keep their default.

        Raises `Invalid`, with the switch as field, for an unknown switch or answer.
        """
        wrong: dict[str, Phrase] = {}
        answers: dict[str, StrEnum] = {}
        for name, value in data.items():
            kind = _SWITCHES.get(name)
            if kind is None:
                known = ", ".join(_SWITCHES)
                wrong[name] = Phrase(
                    f"没有“{name}”这个开关；可用的是 {known}。",
                    f'There is no switch "{name}"; there are {known}.',
                )
                continue
            try:
                answers[name] = kind(value)
            except ValueError:
                known = ", ".join(kind)
                wrong[name] = Phrase(
                    f"开关 {name} 不能是“{value}”；请用 {known} 之一。",
                    f'Switch {name} cannot be "{value}"; use one of {known}.',
                )
        if wrong:
            first = next(iter(wrong.values()))
            raise Invalid(first, wrong)
        return cls(**answers)  # type: ignore[arg-type]  # each checked against its own enum above


_SWITCHES: dict[str, type[StrEnum]] = {f.name: type(f.default) for f in fields(Policy)}  # type: ignore[misc]

STANDARD = Policy()
"""The answers of the Civil Code and of common hotline practice."""
