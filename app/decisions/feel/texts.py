"""Values as text, the way `string()` and messages show them."""

from collections.abc import Callable, Mapping
from datetime import date, datetime, time, timedelta
from decimal import Decimal

from app.decisions.feel.temporal import temporal_text
from app.decisions.feel.values import Function, Months, Range, Spend, Value, uncounted


def text_of(value: Value, spend: Spend = uncounted) -> str:
    """The text of `value`; strings inside lists and contexts are quoted.

    `spend` is told how many elements and characters were written.
    """
    if type(value) is str:
        return value
    return _shown(value, spend)


def number_text(value: Decimal) -> str:
    """The digits of `value` without exponent."""
    text = f"{value:f}"
    if "." in text and value == value.to_integral_value() and len(text) > 40:
        text = text.split(".", 1)[0]
    return "0" if text in {"-0", "0"} else text


def _shown(value: Value, spend: Spend) -> str:
    cls = type(value)
    if cls is list:
        return _list(value, spend)
    if cls is dict:
        return _context(value, spend)
    if cls is Range:
        return _range(value, spend)
    return _TEXTS[cls](value)


def _joined(parts: list[str], spend: Spend) -> str:
    text = ", ".join(parts)
    spend(len(text) // 10 + 1)
    return text


def _list(value: list[Value], spend: Spend) -> str:
    spend(len(value) + 1)
    return f"[{_joined([_shown(item, spend) for item in value], spend)}]"


def _context(value: dict[str, Value], spend: Spend) -> str:
    spend(len(value) + 1)
    entries = [f"{_key(name)}: {_shown(item, spend)}" for name, item in value.items()]
    return "{" + _joined(entries, spend) + "}"


def _key(name: str) -> str:
    return name if name.replace(" ", "").isidentifier() else _quoted(name)


def _quoted(value: str) -> str:
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _range(value: Range, spend: Spend) -> str:
    if value.operator is not None and value.operator != "=":
        end = value.high if value.low is None else value.low
        return f"({value.operator} {_shown(end, spend)})"
    left = "[" if value.low_included else "("
    right = "]" if value.high_included else ")"
    return f"{left}{_shown(value.low, spend)}..{_shown(value.high, spend)}{right}"


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
    Function: lambda value: f"function({', '.join(value.parameters)})",
}
