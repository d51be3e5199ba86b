"""Regular expressions of XPath (as FEEL uses them) that cannot run away.

Python's engine tries alternatives one after the other; some patterns make it try exponentially
many. Refused are therefore: a quantifier over a group that itself repeats or offers alternatives,
back references, and more than a few unbounded quantifiers; and the text is limited in length.
"""

import re
from functools import lru_cache

from app.decisions.feel.errors import FeelNull

_MAX_PATTERN = 500
_FLAGS = {"s": re.DOTALL, "m": re.MULTILINE, "i": re.IGNORECASE, "x": 0, "q": 0}


@lru_cache(maxsize=512)
def compiled(pattern: str, flags: str) -> re.Pattern[str]:
    """The pattern for Python; raises FeelNull for what is wrong or could run away."""
    if len(pattern) > _MAX_PATTERN or any(flag not in _FLAGS for flag in flags):
        raise FeelNull("正则或标志不对。", "The pattern or its flags are not accepted.")
    python_flags = 0
    for flag in flags:
        python_flags |= _FLAGS[flag]
    body = re.escape(pattern) if "q" in flags else pattern
    try:
        return re.compile(body, python_flags)
    except (re.error, OverflowError, RecursionError):
        raise FeelNull("正则写法不对。", "The pattern is not well formed.") from None


def replacement(text: str, pattern: re.Pattern[str], *, literal: bool) -> list[str | int]:
    """The parts of a replacement: texts and numbers of groups (`$1`)."""
    if literal:
        return [text]
    parts: list[str | int] = []
    position = 0
    while position < len(text):
        char = text[position]
        if char == "$":
            digits = re.match(r"\d{1,2}", text[position + 1 :])
            if not digits:
                raise FeelNull("“$”后面要写组号。", "“$” must be followed by a group number.")
            number = digits[0] if int(digits[0]) <= pattern.groups else digits[0][0]
            parts.append(int(number) if int(number) <= pattern.groups else "")
            position += 1 + len(number)
        elif char == "\\" and text[position + 1 : position + 2] in {"\\", "$"}:
            parts.append(text[position + 1])
            position += 2
        else:
            parts.append(char)
            position += 1
    return parts
