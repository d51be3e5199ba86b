"""What the conditions of a form come to: which fields are shown, which must be filled in, which
rules are broken, what a field begins with.

The pages ask it to help, the commands to decide. A condition that comes to neither true nor false
does not hold; a rule whose names are not all filled in has nothing to say.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache

from app.cases.expressions import compile_expression
from app.core.clock import CHINA
from app.core.phrase import Phrase
from app.decisions.feel.errors import TooCostly
from app.decisions.feel.expression import Expression
from app.engine.forms import Field, FieldType, Form

Values = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Look:
    """How a form stands with what was entered so far."""

    hidden: frozenset[str]
    """The fields that are not to be seen: what was entered in them does not count."""
    required: frozenset[str]
    """The fields that must be filled in, of those that are seen."""


def look(form: Form, entered: Values, scope: Values, now: datetime) -> Look:
    """How the form stands with `entered` (typed values by field; what is empty is left out)
    over the data in `scope`.
    """
    if not form.is_conditional:
        return Look(frozenset(), frozenset(one.name for one in form.fields if one.required))
    hidden: frozenset[str] = frozenset()
    for _round in form.fields:  # who is hidden counts as empty for those it shows
        seen = _seen(form, entered, scope, hidden)
        now_hidden = frozenset(
            one.name
            for one in form.fields
            if one.shown_when is not None and not _holds(one.shown_when, seen, now)
        )
        if now_hidden == hidden:
            break
        hidden = now_hidden
    seen = _seen(form, entered, scope, hidden)
    required = frozenset(
        one.name
        for one in form.fields
        if one.name not in hidden
        and (
            one.required or (one.required_when is not None and _holds(one.required_when, seen, now))
        )
    )
    return Look(hidden, required)


def broken(
    form: Form, shown: Look, entered: Values, scope: Values, now: datetime
) -> dict[str, Phrase]:
    """By field what its first broken rule says."""
    seen = _seen(form, entered, scope, shown.hidden)
    found: dict[str, Phrase] = {}
    for one in form.fields:
        for rule in one.rules if one.name not in shown.hidden else ():
            named = _compiled(rule.holds).names
            if all(seen.get(name) not in (None, "", []) for name in named) and not _holds(
                rule.holds, seen, now
            ):
                found[one.name] = rule.message
                break
    return found


def begins_with(field: Field, scope: Values, now: datetime) -> object:
    """What the field holds before anybody has typed, as it would be typed; None for nothing."""
    expression = field.default_expression
    if expression is None:
        if field.type is FieldType.MULTI_CHOICE and field.default is not None:
            return field.default.split()
        return field.default
    value = _value(expression, scope, now)
    if isinstance(value, datetime):
        local = value.astimezone(CHINA)
        return local.date().isoformat() if field.type is FieldType.DATE else local
    if isinstance(value, date) and field.type is FieldType.DATETIME:
        return None
    return value.isoformat() if isinstance(value, date) else value


def _seen(form: Form, entered: Values, scope: Values, hidden: frozenset[str]) -> dict[str, object]:
    """What conditions read: the answers over the data; a field that is empty hides older data."""
    return {
        **scope,
        **{one.name: None if one.name in hidden else entered.get(one.name) for one in form.fields},
    }


def _holds(text: str, seen: Values, now: datetime) -> bool:
    return _value(text, seen, now) is True


def _value(text: str, seen: Values, now: datetime) -> object:
    try:
        value: object = _compiled(text).evaluate(seen, now=now.astimezone(CHINA))
    except TooCostly:
        return None
    return value


@lru_cache(maxsize=2048)
def _compiled(text: str) -> Expression:
    """Conditions of published diagrams: the checker has compiled them before."""
    return compile_expression(text, {})
