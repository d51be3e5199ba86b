"""Filling in any form from its data alone: as somebody would, or with nonsense."""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from app.core.clock import CHINA
from app.engine.forms import Field, FieldType, Form

NONSENSE: tuple[object, ...] = ("", "nobody offers this", "-1", "٣", "9" * 30, "😀" * 2000, [], [0])
"""What no field wants; a text takes some of it, and then it was no nonsense."""


@dataclass(frozen=True, slots=True)
class City:
    """What there is to choose from."""

    units: Sequence[int]
    districts: Sequence[str]
    categories: Sequence[str]
    numbers: Sequence[str] = ()
    """Of orders and of items of knowledge, some of the newest."""


def filled(
    form: Form | None,
    city: City,
    chance: random.Random,
    now: datetime,
    usual: Mapping[str, object],
    asked: frozenset[str] = frozenset(),
) -> dict[str, object]:
    """Answers that could be true: `usual` where given, all that is required, some of the rest.

    `asked` are fields that a refusal named: they are filled in now.
    """
    if form is None:
        return {}
    answers: dict[str, object] = {}
    for field in form.fields:
        if field.name in usual and field.name not in asked:
            answers[field.name] = usual[field.name]
        elif field.required or field.name in asked or chance.random() < 0.3:
            value = _value(field, city, chance, now)
            if value is not None:
                answers[field.name] = value
    return answers


def spoilt(
    answers: Mapping[str, object], form: Form | None, chance: random.Random
) -> dict[str, object]:
    """The same answers with one field left out or full of nonsense."""
    found = dict(answers)
    if form is not None:
        field = chance.choice(form.fields)
        found[field.name] = chance.choice(NONSENSE)
    return found


def _value(field: Field, city: City, chance: random.Random, now: datetime) -> object:
    match field.type:
        case FieldType.CHOICE:
            return chance.choice(field.options).value
        case FieldType.MULTI_CHOICE:
            return [option.value for option in field.options if chance.random() < 0.5]
        case FieldType.BOOLEAN:
            return "true" if chance.random() < 0.15 else None
        case FieldType.NUMBER:
            low = int(Decimal(field.minimum)) if field.minimum is not None else 1
            high = int(Decimal(field.maximum)) if field.maximum is not None else low + 9
            return str(chance.randint(low, high))
        case FieldType.DATE:
            day = now.astimezone(CHINA).date() + timedelta(days=chance.randint(-3, 40))
            return day.isoformat()
        case FieldType.DATETIME:
            moment = now.astimezone(CHINA) + timedelta(hours=chance.randint(-30, 300))
            return moment.isoformat(timespec="minutes")
        case FieldType.PHONE:
            return f"139{chance.randrange(10**8):08d}"
        case FieldType.UNIT:
            return str(chance.choice(city.units))
        case FieldType.UNITS:
            return [str(unit) for unit in city.units if chance.random() < 0.4]
        case FieldType.CATEGORY:
            return chance.choice(city.categories)
        case FieldType.DISTRICT:
            return chance.choice(city.districts)
        case FieldType.FILES:
            return None
        case FieldType.TEXT if field.name.endswith("_number") and city.numbers:
            return chance.choice(city.numbers)
        case _:
            text = f"情况说明{chance.randrange(10**6)}。"
            return text[: field.max_length]
