"""Choosing a month above a list that counts by months."""

from datetime import date

from flask import request

from app.core import clock
from app.core.clock import CHINA
from app.core.phrase import Phrase
from app.engine.forms import Field, FieldType, Option

MONTHS = 12
"""How many months can be chosen, the present one included."""


def month_field(label: Phrase) -> Field:
    """The months that can be chosen, the present one first, as 2026-03."""
    options = tuple(Option(month, Phrase(month, month)) for month in _months())
    return Field("month", FieldType.CHOICE, label, options=options)


def asked_month() -> date | None:
    """The first day of the month in the address; none where none is chosen."""
    month = request.args.get("month", "")
    return date.fromisoformat(f"{month}-01") if month in _months() else None


def _months() -> list[str]:
    today = clock.now().astimezone(CHINA).date()
    count = today.year * 12 + today.month - 1
    return [f"{at // 12}-{at % 12 + 1:02d}" for at in range(count, count - MONTHS, -1)]
