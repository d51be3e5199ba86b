# ruff: noqa: SLF001 - SpiffWorkflow is extended through members it marks as private
"""The stored state of an instance: a few hundred bytes, in a format of our own.

UTF-8 JSON with a version number, always handled as bytes: a database never re-orders or
re-interprets it. It holds what is alive and the data, nothing of the past. Values JSON does not
have are written as `{"$kind": text}`; a name of the data that begins with `$` gets another `$`.
"""

from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

import orjson
from SpiffWorkflow.util.task import TaskState

from app.engine.errors import unreadable_state
from app.engine.nodes import Plan
from app.engine.tokens import Net, Scope, SubNet, Token

FORMAT = 1

_OPTIONS = orjson.OPT_PASSTHROUGH_DATETIME


def save(net: Net) -> bytes:
    """The state of an instance between two verbs."""
    return orjson.dumps(
        {
            "v": FORMAT,
            "p": net.spec.name,
            "n": net.last_id,
            "d": _escape(net.scope.data),
            "r": int(net.task_tree.id),
            "t": _tokens(net),
            "s": [
                [
                    int(owner),
                    inside.spec.name,
                    int(inside.task_tree.id),
                    None if inside.scope is inside.owner.scope else _escape(inside.scope.data),
                    _tokens(inside),
                ]
                for owner, inside in net.subprocesses.items()
            ],
        },
        default=_write,
        option=_OPTIONS,
    )


def read(state: bytes) -> dict[str, Any]:
    """The parsed state. Raises `Invalid` when it is none, or of another release."""
    try:
        found = orjson.loads(state)
    except orjson.JSONDecodeError as error:
        raise unreadable_state(str(error)) from error
    if not isinstance(found, dict) or found.get("v") != FORMAT:
        raise unreadable_state(f"format {found.get('v') if isinstance(found, dict) else '?'}")
    return _read(found) if b'"$' in state else found


def restore(net: Net, found: dict[str, Any]) -> None:
    """Fill a new net with a state that `read` returned."""
    try:
        net.last_id = found["n"]
        net.scope = Scope(found["d"])
        net.lay_root(str(found["r"]))
        _put(net, found["t"])
        for owner_id, plan_name, root, data, tokens in found["s"]:
            owner = net.find(str(owner_id))
            if owner is None:
                raise unreadable_state(f"no token {owner_id}")
            plan: Plan = net.subprocess_specs[plan_name]
            inside = SubNet(plan, owner, net, owner.scope if data is None else Scope(data))
            net.subprocesses[owner.id] = inside
            inside.lay_root(str(root))
            _put(inside, tokens)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise unreadable_state(f"{type(error).__name__}: {error}") from error


def _tokens(net: Net | SubNet) -> list[object]:
    root = net.task_tree.id
    found: list[object] = []
    for token in net.tasks.values():
        if token.id == root or not token._state & TaskState.NOT_FINISHED_MASK:
            continue
        row: list[object] = [
            int(token.id),
            token.task_spec.name,
            token._state,
            0 if token._parent == root else int(token._parent),  # type: ignore[arg-type]
        ]
        if token.internal_data or token.own_scope:
            row.append(_escape(token.internal_data))
        if token.own_scope:
            row += [_escape(token.own_scope.data), int(token.own_scope.through)]
        found.append(row)
    return found


def _put(net: Net | SubNet, rows: list[list[Any]]) -> None:
    plan: Plan = net.spec
    for row in rows:
        parent = net.tasks[str(row[3])] if row[3] else net.task_tree
        token = Token(net, plan.node(row[1]), parent, row[2], str(row[0]))
        if len(row) > 4:
            token.internal_data = row[4]
        if len(row) > 5:
            token.own_scope = Scope(row[5], parent.scope, through=bool(row[6]))


def _write(value: object) -> object:
    if isinstance(value, datetime):
        return {"$at": value.isoformat()}
    if isinstance(value, date):
        return {"$on": value.isoformat()}
    if isinstance(value, time):
        return {"$time": value.isoformat()}
    if isinstance(value, Decimal):
        return {"$number": str(value)}
    if isinstance(value, timedelta):
        return {"$us": value // timedelta(microseconds=1)}
    raise TypeError(f"a state cannot hold {type(value).__name__}")


_READERS: dict[str, Any] = {
    "$at": datetime.fromisoformat,
    "$on": date.fromisoformat,
    "$time": time.fromisoformat,
    "$number": Decimal,
    "$us": lambda us: timedelta(microseconds=us),
}


def _read(value: Any) -> Any:
    if isinstance(value, dict):
        if len(value) == 1:
            ((key, inner),) = value.items()
            reader = _READERS.get(key)
            if reader is not None:
                return reader(inner)
        return {
            (key[1:] if key.startswith("$$") else key): _read(inner) for key, inner in value.items()
        }
    if isinstance(value, list):
        return [_read(inner) for inner in value]
    return value


def _escape(value: Any) -> Any:
    """The value with names that begin with `$` doubled; copied only where there are any."""
    if isinstance(value, dict):
        if any(key.startswith("$") for key in value):
            return {
                ("$" + key if key.startswith("$") else key): _escape(inner)
                for key, inner in value.items()
            }
        for key, inner in value.items():
            if isinstance(inner, dict | list):
                changed = _escape(inner)
                if changed is not inner:
                    value = {**value, key: changed}
        return value
    if isinstance(value, list) and any(isinstance(inner, dict | list) for inner in value):
        return [_escape(inner) for inner in value]
    return value
