"""How time passes in a scenario: “下一工作日上午9点”, “2 working days”, “到handling红灯”."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, time, timedelta

from app.cases.clocks import NAMES
from app.core.clock import CHINA
from app.core.errors import Invalid
from app.core.phrase import Phrase
from app.design.sandbox import Sandbox

LIGHTS = {
    "yellow": ("黄灯", "yellow"),
    "red": ("红灯", "到期", "red"),
    "overdue_1": ("首次催办", "overdue_1"),
    "overdue_2": ("再次催办", "overdue_2"),
}
"""The rungs of a clock as they may be called."""

Pass = Callable[[Sandbox, str], None]
"""Lets time pass in a sandbox; the case is named for whose clocks are meant."""


@dataclass(frozen=True, slots=True)
class Span:
    """Time that passes, as it was written."""

    text: str
    let_pass: Pass


def read(text: str) -> Span:
    """What `text` means. Raises `Invalid` with examples for what cannot be understood."""
    words = " ".join(text.strip().lower().split())
    for reader in (_deadline, _working_day, _amount, _moment):
        found = reader(words)
        if found is not None:
            return Span(text.strip(), found)
    raise Invalid(
        Phrase(
            f"时间“{text}”看不懂：可以写“下一工作日上午9点”“2个工作日”“3个工作小时”“5小时”"
            "“到handling红灯”“到最近期限”“2026-03-05 10:00”。",
            f"The time “{text}” cannot be understood: write “next working day 09:00”, "
            "“2 working days”, “3 working hours”, “5 hours”, “until handling red”, “next deadline” "
            "or “2026-03-05 10:00”.",
        )
    )


def of_deadline(clock: str, rung: str) -> str:
    """The words for going just past a rung of a clock."""
    return f"到{clock}{LIGHTS[rung][0]}"


NEXT_DEADLINE = "到最近期限"
NEXT_WORKING_DAY = "下一工作日上午9点"

_UNTIL = re.compile(
    r"(?:到|until ?|to )?(.+?) ?(黄灯|红灯|到期|首次催办|再次催办|yellow|red|overdue_[12])"
)
_NEXT_DAY = re.compile(r"(?:下一?个?工作日|(?:the )?next working day)(.*)")
_CLOCK = re.compile(
    r",? ?(?:at )?(上午|下午)? ?(\d{1,2})(?::(\d{2})|点(?:(\d{1,2})分|(半))?|时)?(?: ?(am|pm))?"
)
_AMOUNT = re.compile(
    r"(?:过|等|等待|wait |after )? ?(\d{1,4}) ?"
    r"(个?工作日|个?工作小时|天|日|个?小时|分钟?"
    r"|working days?|working hours?|days?|hours?|minutes?)"
)
_MOMENT = re.compile(r"(?:到|until )? ?(\d{4})-(\d{2})-(\d{2})(?:[ t](\d{2}):(\d{2}))?")


def _deadline(words: str) -> Pass | None:
    if words in {"到最近期限", "最近期限", "next deadline", "until the next deadline"}:
        return lambda sandbox, case: sandbox.skip_to_deadline(case=case)
    found = _UNTIL.fullmatch(words)
    if found is None:
        return None
    named = found[1].strip()
    clock = next((code for code, name in NAMES.items() if name.zh == named), named)
    rung = next(one for one, names in LIGHTS.items() if found[2] in names)
    return lambda sandbox, case: sandbox.skip_to_deadline(clock, rung, case=case)


def _working_day(words: str) -> Pass | None:
    found = _NEXT_DAY.fullmatch(words)
    if found is None:
        return None
    at = time(9) if not found[1].strip() else _time(found[1])
    return None if at is None else lambda sandbox, _case: sandbox.next_working_day(at)


def _time(words: str) -> time | None:
    found = _CLOCK.fullmatch(words.rstrip())
    if found is None:
        return None
    half, hour, minute, minute_zh, half_past, meridiem = found.groups()
    hours = int(hour) % 12 if meridiem else int(hour)
    if (half == "下午" or meridiem == "pm") and hours < 12:
        hours += 12
    minutes = 30 if half_past else int(minute or minute_zh or 0)
    return time(hours, minutes) if hours < 24 and minutes < 60 else None


def _amount(words: str) -> Pass | None:
    found = _AMOUNT.fullmatch(words)
    if found is None:
        return None
    amount, unit = int(found[1]), found[2].removeprefix("个").rstrip("s")
    if unit in {"工作日", "working day"}:
        return lambda sandbox, _case: sandbox.wait_working(amount, "working_day")
    if unit in {"工作小时", "working hour"}:
        return lambda sandbox, _case: sandbox.wait_working(amount, "working_hour")
    if unit in {"天", "日", "day"}:
        return lambda sandbox, _case: sandbox.wait(timedelta(days=amount))
    if unit in {"小时", "hour"}:
        return lambda sandbox, _case: sandbox.wait(timedelta(hours=amount))
    return lambda sandbox, _case: sandbox.wait(timedelta(minutes=amount))


def _moment(words: str) -> Pass | None:
    found = _MOMENT.fullmatch(words)
    if found is None:
        return None
    year, month, day, hour, minute = (int(one) if one else 0 for one in found.groups())
    try:
        moment = datetime(year, month, day, hour, minute, tzinfo=CHINA)
    except ValueError:
        return None
    return lambda sandbox, _case: sandbox.wait_until(moment)
