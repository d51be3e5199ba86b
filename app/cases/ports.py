"""What the engine asks of the office: services, decisions, working time, the lock of a case."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy.orm import Session

from app.cases import clocks
from app.cases.expressions import compile_expression
from app.cases.named_units import unit_named, unit_of_step
from app.cases.orders import SUBJECT, find_in_scope, lock_some
from app.cases.services import SERVICES, Occasion
from app.core.errors import NotFound
from app.core.phrase import Phrase
from app.core.uow import UnitOfWork
from app.decisions import registry
from app.engine import Call, Process, WorkingTime
from app.engine.ports import Compile
from app.worktime.limits import Limit, LimitUnit
from app.worktime.policy import Policy
from app.worktime.running import stage_deadline


class OfficeHost:
    """The host of the engine in the product."""

    @property
    def compile(self) -> Compile:
        """FEEL."""
        return compile_expression

    def call_service(
        self, name: str, parameters: Mapping[str, object], call: Call
    ) -> Mapping[str, object] | None:
        """Call a registered service on the case of the process."""
        service = SERVICES.get(name)
        if service is None:
            raise NotFound(Phrase(f"没有“{name}”这项服务。", f"There is no service “{name}”."))
        return service.call(_occasion(call), **parameters)

    def decide(self, key: str, data: Mapping[str, object], binding: str, call: Call) -> object:
        """The answer of a table, kept with its evidence.

        `case` asks the version the case began with, `current` the newest one.
        """
        process = _process(call)
        answer = registry.decide(
            process.uow,
            key,
            data,
            subject_kind=process.subject_kind,
            subject_id=process.subject_id,
            version=process.decision_version(key) if binding == "case" else None,
        )
        return answer.outputs

    def due(self, ask: WorkingTime, call: Call) -> datetime:
        """So much working time from the anchor of the call, in the calendar of the unit: the one in
        charge, or the one that the timer's step names.
        """
        occasion = _occasion(call)
        session, case = occasion.uow.session, occasion.case
        named = unit_of_step(session, case.demand.id, occasion.process_id, call.element_id)
        calendar = clocks.calendar_of(session, named or case.unit_id)
        limit = Limit(ask.amount, LimitUnit(ask.unit))
        return stage_deadline(calendar, call.at, limit, Policy()).due_at

    def newest_decision(self, session: Session, key: str) -> int:
        """The newest published version of a table. Raises `NotFound`: publish the table first."""
        return registry.newest_version(session, key)

    def unit_named(self, session: Session, kind: str, subject_id: int, code: str) -> int:
        """The unit with this code, or its heir. Raises `NotFound`."""
        assert kind == SUBJECT
        return unit_named(session, subject_id, code)

    def lock_subjects(self, uow: UnitOfWork, kind: str, subject_ids: Sequence[int]) -> None:
        """Deadlines take the same lock as commands, so that the two never act at once."""
        assert kind == SUBJECT
        lock_some(uow, subject_ids)


def _process(call: Call) -> Process:
    process = call.host
    assert isinstance(process, Process)
    assert process.subject_kind == SUBJECT  # every process of the office hangs on a demand
    return process


def _occasion(call: Call) -> Occasion:
    process = _process(call)
    return Occasion(
        uow=process.uow,
        case=find_in_scope(process.uow.session, process.subject_id, process.scope),
        at=call.at,
        process_id=process.id,
        element_id=call.element_id,
    )
