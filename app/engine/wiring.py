"""What the product gives the engine once at start-up."""

from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy.orm import Session

from app.core.uow import UnitOfWork
from app.engine.ports import Compile, Ports


@dataclass(frozen=True, slots=True)
class Process:
    """The process a service is called for; `Call.host` in the persistent engine."""

    uow: UnitOfWork
    id: int
    diagram_version_id: int
    subject_kind: str
    subject_id: int


@dataclass(frozen=True, slots=True)
class Wiring:
    """The host's side: services and decisions, the expression compiler, decision versions."""

    ports: Ports
    compile_expression: Compile
    decision_version: Callable[[Session, str], int | None]
    """The newest published version of a decision, None where there is none yet."""
    lock_subject: Callable[[UnitOfWork, str, int], None] | None = None
    """Takes a subject under lock (kind, id) before its deadlines pass, in the order in which
    commands take their locks."""


_wired: Wiring | None = None


def wire(wiring: Wiring) -> None:
    """Give the engine its host; again replaces it."""
    global _wired  # one host per process, set at start-up
    _wired = wiring


def wired() -> Wiring:
    """The host. Raises RuntimeError when start-up has not wired the engine."""
    if _wired is None:
        raise RuntimeError("the engine is not wired: call app.engine.wire at start-up")
    return _wired
