"""What the engine asks of its host, and what it answers after each verb."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol


class Compiled(Protocol):
    """An expression compiled once; evaluating never changes the scope."""

    def evaluate(self, scope: Mapping[str, object], *, now: datetime | None = None) -> object:
        """The value of the expression in `scope`; `now` is what FEEL's now() and today() read."""


class CompiledText(Compiled, Protocol):
    """What the compiler knows of an expression besides."""

    @property
    def kinds(self) -> frozenset[str] | None:
        """FEEL's names of the types that its values may have; None where data decide."""

    @property
    def names(self) -> frozenset[str]:
        """The names it reads: what the scope should provide."""


Compile = Callable[[str, Mapping[str, Callable[..., object]]], CompiledText]
"""Compiles FEEL text; the mapping declares functions beyond the standard ones."""


@dataclass(frozen=True, slots=True)
class WorkingTime:
    """So much working time from now on, as `working_days(3)` in a timer asks for."""

    amount: int
    unit: str
    """`working_day` or `working_hour`."""


@dataclass(frozen=True, slots=True)
class Call:
    """Where in which process a service, decision or due instant is asked for.

    `at` is the instant the verb is anchored at: for a timer its due instant, not the moment it
    was noticed. `host` is whatever the caller of the verb handed in (the unit of work and the
    subject in the persistent engine, None in memory).
    """

    at: datetime
    element_id: str
    token: str
    host: object


class Ports(Protocol):
    """The host's side of a diagram: its services, its decisions, its working time."""

    def call_service(
        self, name: str, parameters: Mapping[str, object], call: Call
    ) -> Mapping[str, object] | None:
        """Do what the service is for; raise `BusinessError` for an error the diagram catches."""

    def decide(self, key: str, data: Mapping[str, object], binding: str, call: Call) -> object:
        """The answer of the decision `key`; `binding` is `case` or `current`."""

    def due(self, ask: WorkingTime, call: Call) -> datetime:
        """The instant at which so much working time from `call.at` is over (aware)."""


class StepKind(StrEnum):
    """What happened to an element."""

    ENTERED = "entered"
    LEFT = "left"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class Step:
    """One line of the trace. `instance` counts from 1 inside a repeated activity."""

    kind: StepKind
    element_id: str
    token: str
    instance: int | None = None
    process_key: str = ""
    """Of the process the element is in, which may be a called one."""


@dataclass(frozen=True, slots=True)
class HumanTask:
    """A user, manual or plain task somebody has to complete."""

    token: str
    element_id: str
    name: str
    name_en: str
    role: str | None
    unit: str | None
    """Code of the unit whose people alone may do it; None for the unit of the subject."""
    process_key: str
    instance: int | None = None


@dataclass(frozen=True, slots=True)
class TimerWait:
    """An armed timer: due at an instant of its own, or at a rung of a named clock."""

    token: str
    element_id: str
    armed_at: datetime
    due_at: datetime | None
    clock: str | None = None
    rung: str | None = None


@dataclass(frozen=True, slots=True)
class EventWait:
    """A wait for a message or a signal."""

    token: str
    element_id: str
    kind: str
    name: str


@dataclass(frozen=True, slots=True)
class Thrown:
    """A message, signal or escalation the diagram threw and nobody inside caught."""

    kind: str
    name: str
    element_id: str
    data: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one verb changed. What opened and closed within the verb is only in `steps`."""

    opened: tuple[HumanTask, ...] = ()
    closed: tuple[tuple[str, str], ...] = ()
    """Tokens of human tasks with how they ended: `completed` or `cancelled`."""
    armed: tuple[TimerWait, ...] = ()
    disarmed: tuple[str, ...] = ()
    waits: tuple[EventWait, ...] = ()
    unwaits: tuple[str, ...] = ()
    thrown: tuple[Thrown, ...] = ()
    steps: tuple[Step, ...] = ()
    flows: tuple[tuple[str, str], ...] = ()
    """The sequence flows that were taken, each with the process it is in."""
    completed: bool = False


@dataclass(frozen=True, slots=True)
class TokenView:
    """A token for people: where it is and in what state."""

    token: str
    element_id: str
    state: str
    scope: str
    """Id of the process or sub-process the token is in."""
    instance: int | None = None


@dataclass(frozen=True, slots=True)
class Description:
    """Where an instance stands."""

    tokens: tuple[TokenView, ...]
    tasks: tuple[HumanTask, ...]
    timers: tuple[TimerWait, ...]
    waits: tuple[EventWait, ...]
    data: Mapping[str, object]
    completed: bool

    @property
    def stuck(self) -> bool:
        """Neither completed nor waiting for anybody or anything: it will never move again."""
        return not (self.completed or self.tasks or self.timers or self.waits)
