"""What the engine asks of the office: services, decisions, working time, the lock of a case."""

from collections.abc import Callable, Mapping
from datetime import datetime
from inspect import signature

from app.cases import clocks
from app.cases.orders import SUBJECT, find
from app.cases.services import SERVICES, Occasion
from app.core.errors import NotFound
from app.core.phrase import Phrase
from app.core.uow import UnitOfWork
from app.decisions import registry
from app.decisions.feel.compiler import HostFunction
from app.decisions.feel.expression import compile_expression
from app.engine import Call, Compiled, Process, Wiring, WorkingTime, decision_version
from app.worktime.deadlines import deadline
from app.worktime.limits import Limit, LimitUnit
from app.worktime.policy import Policy


def wiring() -> Wiring:
    """Everything the engine is given at start-up."""
    return Wiring(
        ports=OfficePorts(),
        compile_expression=_compile,
        decision_version=registry.newest_version,
        lock_subject=_lock,
    )


class OfficePorts:
    """The host of the engine in the product."""

    def call_service(
        self, name: str, parameters: Mapping[str, object], call: Call
    ) -> Mapping[str, object] | None:
        """Call a registered service on the case of the process."""
        service = SERVICES.get(name)
        if service is None:
            raise NotFound(Phrase(f"没有“{name}”这项服务。", f"There is no service “{name}”."))
        return service.call(self._occasion(call), **parameters)

    def decide(self, key: str, data: Mapping[str, object], binding: str, call: Call) -> object:
        """The answer of a table, kept with its evidence.

        `case` uses the version the case began with, `current` the newest one.
        """
        process = call.host
        assert isinstance(process, Process)
        session = process.uow.session
        answer = registry.decide(
            process.uow,
            key,
            data,
            subject_kind=process.subject_kind,
            subject_id=process.subject_id,
            version=decision_version(session, process.id, key) if binding == "case" else None,
        )
        return answer.outputs

    def due(self, ask: WorkingTime, call: Call) -> datetime:
        """So much working time from the anchor of the call, in the calendar of the unit."""
        occasion = self._occasion(call)
        calendar = clocks.calendar_of(occasion.uow.session, occasion.case.unit_id)
        return deadline(calendar, call.at, Limit(ask.amount, LimitUnit(ask.unit)), Policy()).due_at

    def _occasion(self, call: Call) -> Occasion:
        process = call.host
        assert isinstance(process, Process)
        assert process.subject_kind == SUBJECT  # every process of the office hangs on a demand
        return Occasion(
            uow=process.uow,
            case=find(process.uow.session, process.subject_id),
            at=call.at,
            element_id=call.element_id,
        )


def _compile(text: str, functions: Mapping[str, Callable[..., object]]) -> Compiled:
    """FEEL; in timers also the functions by which a diagram asks clocks and working time."""
    declared = {
        name: HostFunction(tuple(signature(function).parameters), function)
        for name, function in functions.items()
    }
    return compile_expression(text, functions=declared)


def _lock(uow: UnitOfWork, subject_kind: str, subject_id: int) -> None:
    """Deadlines take the same lock as commands, so that the two never act at once."""
    assert subject_kind == SUBJECT
    find(uow.session, subject_id, lock=True)
