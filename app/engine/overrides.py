"""Every place where SpiffWorkflow's behaviour is replaced, with the defect that is cured.

Each override names the stock function it was written against and a digest of its source.
`verify` compares them at start-up: another release of the library, or a patched one, is refused
before it can move a single case. Tests switch cures off one by one to show each failure.
"""

import hashlib
import inspect
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from functools import wraps
from typing import Any, TypeVar

from app.core.errors import Invalid
from app.core.phrase import Phrase

Method = TypeVar("Method", bound=Callable[..., Any])


class Cure(StrEnum):
    """The defects of the stock engine that are cured here."""

    PARALLEL_JOIN = "parallel_join"
    INCLUSIVE_JOIN = "inclusive_join"
    DEPTH = "depth"
    PREDICTION = "prediction"
    COMPLETION = "completion"
    FROZEN_SPEC = "frozen_spec"
    WHOLE_VALUES = "whole_values"
    READY_ONLY = "ready_only"
    EVENT_GATEWAY = "event_gateway"
    REARM = "rearm"
    CANCEL_INSIDE = "cancel_inside"
    REPEAT_ANYWHERE = "repeat_anywhere"
    SERVICE_ERRORS = "service_errors"
    UNCAUGHT_ERRORS = "uncaught_errors"


DEFECTS: dict[Cure, str] = {
    Cure.PARALLEL_JOIN: "In the second round of a loop a parallel join fires after one branch: "
    "joins of an earlier round that are no ancestors are counted.",
    Cure.INCLUSIVE_JOIN: "In the second round of a loop an inclusive join fires early, and which "
    "tokens may still arrive is guessed from predictions.",
    Cure.DEPTH: "The task tree keeps the whole history: state and time grow with every loop and "
    "iteration stops at a depth of 1,000.",
    Cure.PREDICTION: "All future paths are built ahead: k branches in n blocks make k^n tasks.",
    Cure.COMPLETION: "Beyond depth 1,000 an instance with a task that never ran reports that it "
    "is completed; every completed task walks the whole tree.",
    Cure.FROZEN_SPEC: "Repeated activities and event sub-processes write into the shared "
    "specification, so that instances influence each other.",
    Cure.WHOLE_VALUES: "Merging of task data mixes lists element by element and shares nested "
    "values between branches.",
    Cure.READY_ONLY: "A completed, cancelled or future task can be run again without complaint.",
    Cure.EVENT_GATEWAY: "All timers behind an event-based gateway share one value: the second "
    "never fires.",
    Cure.REARM: "Non-interrupting message and signal boundaries fire once and are never re-armed.",
    Cure.CANCEL_INSIDE: "Cancelling drops children without cancelling what runs inside them: an "
    "interrupted multi-instance sub-process leaves orphans or crashes.",
    Cure.REPEAT_ANYWHERE: "A multi-instance task downstream of a boundary event crashes on adding "
    "children to a predicted task.",
    Cure.SERVICE_ERRORS: "Whatever a service raises surfaces as a NameError of the script engine, "
    "and no error boundary catches it.",
    Cure.UNCAUGHT_ERRORS: "An error end event that nothing catches lets the parent process "
    "complete as if all were well.",
}


@dataclass(frozen=True, slots=True)
class Override:
    """One replaced function."""

    cure: Cure
    stock: Callable[..., Any]
    sha256: str
    """First 16 digits of the SHA-256 of the stock function's source."""

    @property
    def name(self) -> str:
        """Where the stock function is."""
        return f"{self.stock.__module__}.{self.stock.__qualname__}"


OVERRIDES: list[Override] = []
_off: set[Cure] = set()


def overrides(cure: Cure, stock: Callable[..., Any], sha256: str) -> Callable[[Method], Method]:
    """Mark a method as the replacement of `stock`; with the cure switched off, stock runs."""
    OVERRIDES.append(Override(cure, stock, sha256))

    def decorate(ours: Method) -> Method:
        @wraps(ours)
        def method(*args: Any, **kwargs: Any) -> Any:
            if _off and cure in _off:
                return stock(*args, **kwargs)
            return ours(*args, **kwargs)

        return method  # type: ignore[return-value]

    return decorate


def replaces(cure: Cure, stock: Callable[..., Any], sha256: str) -> None:
    """Register a stock function that is replaced as a whole and has no counterpart to call."""
    OVERRIDES.append(Override(cure, stock, sha256))


def cured(cure: Cure) -> bool:
    """Whether the cure is switched on; always, but in the tests that show the defect."""
    return cure not in _off


@contextmanager
def without(*cures: Cure) -> Iterator[None]:
    """Switch cures off inside the block. Only tests do this; it is not thread-safe."""
    before = set(_off)
    _off.update(cures)
    try:
        yield
    finally:
        _off.clear()
        _off.update(before)


def source_digest(function: Callable[..., Any]) -> str:
    """The digest `verify` compares."""
    return hashlib.sha256(inspect.getsource(function).encode()).hexdigest()[:16]


def verify() -> None:
    """Compare every overridden source with the one the override was written against.

    Raises `Invalid` naming each that differs.
    """
    changed = [o.name for o in OVERRIDES if source_digest(o.stock) != o.sha256]
    if changed:
        names = ", ".join(changed)
        raise Invalid(
            Phrase(
                f"已安装的 SpiffWorkflow 与本系统所依据的源代码不同（{names}）："
                "请安装 requirements.txt 锁定的版本。",
                "The installed SpiffWorkflow differs from the source this engine was written "
                f"against ({names}): install the version pinned in requirements.txt.",
            )
        )
