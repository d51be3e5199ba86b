"""What happened to a subject, told to whoever acts upon it in the same transaction.

A command says what happened; it does not know who listens. Modules above it register listeners
when they are loaded. What a listener raises undoes the command, too.
"""

from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from app.core.uow import UnitOfWork


@dataclass(frozen=True, slots=True)
class Happening:
    """Something that happened: `kind` in a code, to which subject, when, with the facts of it."""

    kind: str
    subject_id: int
    at: datetime
    facts: Mapping[str, object]


Listener = Callable[[UnitOfWork, Happening], None]

_LISTENERS: dict[str, list[Listener]] = defaultdict(list)


def on(kind: str) -> Callable[[Listener], Listener]:
    """Register the decorated function to be told of every happening of this kind."""

    def register(listener: Listener) -> Listener:
        _LISTENERS[kind].append(listener)
        return listener

    return register


def happened(
    uow: UnitOfWork, kind: str, subject_id: int, *, at: datetime | None = None, **facts: object
) -> None:
    """Tell all listeners, in the order in which they were registered.

    The caller holds the lock of the subject. `at` is the due instant of what a deadline started,
    else the `now` of the unit of work.
    """
    for listener in _LISTENERS.get(kind, ()):
        listener(uow, Happening(kind, subject_id, at or uow.now, facts))
