"""What the product gives the engine once at start-up."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from sqlalchemy.orm import Session

from app.core.uow import UnitOfWork
from app.engine.ports import Compile, Ports


@dataclass(frozen=True, slots=True)
class Process:
    """The process a service is called for; `Call.host` in the persistent engine."""

    uow: UnitOfWork
    id: int
    subject_kind: str
    subject_id: int
    scope: int
    decisions: dict[str, int | None]
    """The versions of the decisions the diagram was published with."""

    def decision_version(self, key: str) -> int | None:
        """The version of a decision this process keeps; None for the newest."""
        return self.decisions.get(key)


class Host(Ports, Protocol):
    """The product's side: services, decisions, working time, and what publishing needs."""

    @property
    def compile(self) -> Compile:
        """Compiles FEEL: text, and functions declared beyond the standard ones."""

    def newest_decision(self, session: Session, key: str) -> int | None:
        """The newest published version of a decision, None where there is none yet."""

    def unit_named(self, session: Session, kind: str, subject_id: int, code: str) -> int:
        """The unit that does what a diagram gives to the unit `code` in a matter of a subject.

        Raises `NotFound`.
        """

    def lock_subjects(self, uow: UnitOfWork, kind: str, subject_ids: Sequence[int]) -> None:
        """Take subjects under lock, in this order, before their deadlines pass: the same lock as
        that of commands.
        """


_wired: Host | None = None


def wire(host: Host) -> None:
    """Give the engine its host; again replaces it."""
    global _wired  # one host per operating-system process, set at start-up
    _wired = host


def wired() -> Host:
    """The host. Raises RuntimeError when start-up has not wired the engine."""
    if _wired is None:
        raise RuntimeError("the engine is not wired: call app.engine.wire at start-up")
    return _wired
