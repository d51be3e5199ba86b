"""The host's side in kernel tests: services as plain functions, working time as wall time."""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from inspect import signature

from app.decisions.feel.compiler import HostFunction
from app.decisions.feel.expression import compile_expression
from app.engine.kernel import Bundle, Instance
from app.engine.ports import Call, Compiled, Outcome, WorkingTime
from tests.engine.builder import diagram

T0 = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)


def feel(text: str, functions: Mapping[str, Callable[..., object]]) -> Compiled:
    declared = {
        name: HostFunction(tuple(signature(call).parameters), call)
        for name, call in functions.items()
    }
    return compile_expression(text, functions=declared or None)


class Host:
    compile = staticmethod(feel)

    def newest_decision(self, session: object, key: str) -> int:
        return 1

    def unit_named(self, session: object, kind: str, subject_id: int, code: str) -> int:
        return self.units[code]

    def lock_subjects(self, uow: object, kind: str, subject_ids: Sequence[int]) -> None:
        self.locked += [(kind, subject_id) for subject_id in subject_ids]

    def __init__(self, **services: Callable[..., Mapping[str, object] | None]) -> None:
        self.services = services
        self.locked: list[tuple[str, int]] = []
        self.units: dict[str, int] = {}
        self.calls: list[tuple[str, dict[str, object], datetime]] = []

    def call_service(self, name: str, parameters: Mapping[str, object], call: Call):
        self.calls.append((name, dict(parameters), call.at))
        service = self.services.get(name)
        return service(**parameters) if service else None

    def decide(self, key: str, data: Mapping[str, object], binding: str, call: Call) -> object:
        self.calls.append((key, {"binding": binding}, call.at))
        return self.services[key](**data)

    def due(self, ask: WorkingTime, call: Call) -> datetime:
        hours = ask.amount * (24 if ask.unit == "working_day" else 1)
        return call.at + timedelta(hours=hours)


class Run:
    """An instance with a clock, for tests that read like a story."""

    def __init__(
        self, *texts: str, host: Host | None = None, keep: bool = False, **services
    ) -> None:
        diagrams = [diagram(f"p{i or ''}", text) for i, text in enumerate(texts)]
        self.bundle = Bundle(diagrams, feel)
        self.host = host or Host(**services)
        self.instance = Instance(self.bundle, self.host)
        self.now = T0
        self.trace: list[str] = []
        self.keep = keep
        """Whether the instance stays in memory; otherwise it is saved and loaded at each step."""
        self.last = Outcome()
        self.recent: list[Outcome] = []

    def did(self, outcome: Outcome) -> "Run":
        self.last = outcome
        self.recent.append(outcome)
        self.trace += [f"{s.kind[0]}:{s.element_id}" for s in outcome.steps]
        if not self.keep and not outcome.completed:
            saved = self.instance.dump()
            self.instance = Instance.load(self.bundle, self.host, saved)
            assert self.instance.dump() == saved
        return self

    def start(self, **data: object) -> "Run":
        return self.did(self.instance.start(data, at=self.now))

    def do(self, task: str, **data: object) -> "Run":
        return self.did(self.instance.complete(task, data, at=self.now))

    def send(self, message: str, element: str | None = None, **data: object) -> "Run":
        return self.did(self.instance.send(message, data, at=self.now, element=element))

    def signal(self, name: str, **data: object) -> "Run":
        return self.did(self.instance.signal(name, data, at=self.now))

    def wait(self, **span: float) -> "Run":
        """Let time pass; timers fire in the order in which they are due."""
        end = self.now + timedelta(**span)
        while True:
            due = sorted(
                (t.due_at, int(t.token)) for t in self.instance.describe().timers if t.due_at
            )
            if self.done or not due or due[0][0] >= end:
                break
            self.now = due[0][0]
            self.did(self.instance.fire(str(due[0][1]), at=self.now))
        self.now = end
        return self

    def rung(self, clock: str, rung: str) -> "Run":
        for timer in self.instance.describe().timers:
            if (timer.clock, timer.rung) == (clock, rung):
                self.did(self.instance.fire(timer.token, at=self.now))
        return self

    @property
    def open(self) -> list[str]:
        return sorted(
            t.element_id if t.instance is None else f"{t.element_id}/{t.instance}"
            for t in self.instance.describe().tasks
        )

    @property
    def waits(self) -> list[str]:
        return sorted(w.name for w in self.instance.describe().waits)

    @property
    def timers(self) -> list[str]:
        return sorted(t.element_id for t in self.instance.describe().timers)

    @property
    def done(self) -> bool:
        return self.instance.completed
