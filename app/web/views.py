"""What templates receive: small values in the reader's language, with nothing left to decide."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from app.web.lights import Light


@dataclass(frozen=True, slots=True)
class Fact:
    """A label and what it says."""

    label: str
    value: str
    wide: bool = False


@dataclass(frozen=True, slots=True)
class Event:
    """One entry of a timeline; `kind` is "", "system" or "late"."""

    at: datetime
    who: str
    what: str
    details: Sequence[tuple[str, str]] = ()
    kind: str = ""


@dataclass(frozen=True, slots=True)
class Limit:
    """A time limit with its light, its facts and the sentences that explain it."""

    name: str
    light: Light
    facts: Sequence[Fact]
    explanation: Sequence[str]
    running: bool


@dataclass(frozen=True, slots=True)
class Step:
    """A step of the process; `state` is "", "is-done" or "is-active", and `words` says it."""

    name: str
    who: str
    state: str
    words: str


@dataclass(frozen=True, slots=True)
class Diagram:
    """A process as a drawing (its address and the marked elements) and as a list of steps."""

    address: str
    active: Sequence[str]
    done: Sequence[str]
    steps: Sequence[Step]


@dataclass(frozen=True, slots=True)
class Foreseen:
    """A deadline that would be, and what is assumed for it."""

    due: str
    limit: str
    assumption: str
    provisional: bool
