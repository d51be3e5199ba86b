"""How a form with conditions stands while it is filled in: which fields are shown and required.

The page asks after each change and hides what does not apply; what was sent is decided by the
command, from the same conditions.
"""

from collections.abc import Mapping

from flask import Response, g, jsonify
from werkzeug.datastructures import MultiDict

from app.cases import answers, conditions
from app.core import clock
from app.engine.forms import Form
from app.web.forms import Standing, submitted


def standing(
    form: Form, scope: Mapping[str, object], typed: Mapping[str, object] | None, address: str
) -> Standing | None:
    """How the form is drawn over the data in `scope`, with what was sent or it begins with;
    `address` answers how it stands after a change. None for a form in which nothing depends.
    """
    roles: frozenset[str] = g.actor.roles
    locked = {one.name: scope.get(one.name) for one in form.locked(roles)}
    if not form.is_conditional and not locked:
        return None
    now = clock.now()
    begun = {
        one.name: conditions.begins_with(one, scope, now)
        for one in form.fields
        if one.default_expression is not None and one.name not in locked
    }
    fixed = {one.name: one.default for one in form.fields if one.default_expression is None}
    if isinstance(typed, MultiDict):
        given = submitted(form, typed)
    else:
        given = {**fixed, **begun, **(typed or {})}
    look = answers.look(form, _as_sent(given), roles, scope, now)
    return Standing(
        look.hidden,
        look.required,
        {**begun, **locked},
        address if form.is_conditional else "",
    )


def answer(form: Form, scope: Mapping[str, object], sent: MultiDict[str, str]) -> Response:
    """How the form stands with what was typed so far, for the page's script."""
    look = answers.look(form, submitted(form, sent), g.actor.roles, scope, clock.now())
    return jsonify(hidden=sorted(look.hidden), required=sorted(look.required))


def _as_sent(given: Mapping[str, object]) -> dict[str, object]:
    """Values that a form begins with, as they would be sent: the check reads texts."""
    return {
        name: [str(item) for item in value]
        if isinstance(value, list | tuple)
        else None
        if value is None
        else str(value).lower()
        if isinstance(value, bool)
        else str(value)
        for name, value in given.items()
    }
