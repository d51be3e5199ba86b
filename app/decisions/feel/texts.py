"""Values as text, the way `string()` and messages show them."""

from collections.abc import Callable, Mapping
from datetime import date, datetime, time, timedelta
from decimal import Decimal

from app.decisions.feel.limits import MAX_STRING
from app.decisions.feel.temporal import temporal_text
from app.decisions.feel.values import Function, Months, Range, Value


def text_of(value: Value) -> str:
    """The text of `value`; strings inside lists and contexts are quoted."""
    return value if type(value) is str else _shown(value)[:MAX_STRING]


def number_text(value: Decimal) -> str:
    """The digits of `value` without exponent."""
    text = f"{value:f}"
    if "." in text and value == value.to_integral_value() and len(text) > 40:
        text = text.split(".", 1)[0]
    return "0" if text in {"-0", "0"} else text


def _shown(value: Value) -> str:
    return _TEXTS[type(value)](value)


def _quoted(value: str) -> str:
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _context(value: dict[str, Value]) -> str:
    return "{" + ", ".join(f"{_key(k)}: {_shown(v)}" for k, v in value.items()) + "}"


def _key(name: str) -> str:
    return name if name.replace(" ", "").isidentifier() else _quoted(name)


def _range(value: Range) -> str:
    if value.operator is not None and value.operator != "=":
        return f"({value.operator} {_shown(value.high if value.low is None else value.low)})"
    left = "[" if value.low_included else "("
    right = "]" if value.high_included else ")"
    return f"{left}{_shown(value.low)}..{_shown(value.high)}{right}"


_TEXTS: Mapping[type, Callable[[Value], str]] = {
    type(None): lambda _value: "null",
    bool: lambda value: "true" if value else "false",
    Decimal: number_text,
    str: _quoted,
    date: temporal_text,
    time: temporal_text,
    datetime: temporal_text,
    timedelta: temporal_text,
    Months: str,
    list: lambda value: "[" + ", ".join(_shown(item) for item in value) + "]",
    dict: _context,
    Range: _range,
    Function: lambda value: f"function({', '.join(value.parameters)})",
}
