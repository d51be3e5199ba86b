"""The decision tables of the office: how each is bound to a case, and how they are asked.

Limits, caps and windows stay as they were when a case began; who is in charge, what looks alike
and who may see what follow the newest version. The rule tasks of diagrams declare the same.
"""

from collections.abc import Mapping
from enum import StrEnum

from sqlalchemy.orm import Session

from app import engine
from app.cases.models.demand import Demand
from app.cases.orders import SUBJECT
from app.core.uow import UnitOfWork
from app.decisions import registry
from app.decisions.evidence import Answer


class Binding(StrEnum):
    """Which version of a table answers for a case."""

    CASE = "case"
    """The version that was the newest when the diagram of the case was published."""
    CURRENT = "current"
    """The newest version, whenever it is asked."""


BINDINGS: Mapping[str, Binding] = {
    "acceptance": Binding.CASE,
    "assessment": Binding.CURRENT,
    "assessment_grades": Binding.CURRENT,
    "assessment_targets": Binding.CURRENT,
    "callback": Binding.CASE,
    "closing": Binding.CASE,
    "closing_publication": Binding.CASE,
    "confidentiality": Binding.CURRENT,
    "coordination": Binding.CASE,
    "coordination_entry": Binding.CASE,
    "dispatch_catalogue": Binding.CURRENT,
    "duplicate_search": Binding.CURRENT,
    "duplicates": Binding.CURRENT,
    "extension": Binding.CASE,
    "extension_decision": Binding.CASE,
    "first_contact": Binding.CASE,
    "merge": Binding.CURRENT,
    "re_check_sample": Binding.CURRENT,
    "re_handling": Binding.CASE,
    "return_decision": Binding.CASE,
    "return_request": Binding.CASE,
    "satisfaction": Binding.CASE,
    "signing": Binding.CASE,
    "supervision_ladder": Binding.CASE,
    "supervision_ladder_steps": Binding.CASE,
    "supervision_triggers": Binding.CASE,
    "suspension": Binding.CASE,
    "suspension_review": Binding.CASE,
    "time_limits": Binding.CASE,
    "traffic_light": Binding.CASE,
    "urgency": Binding.CURRENT,
}

KEPT = frozenset(key for key, binding in BINDINGS.items() if binding is Binding.CASE)
"""The tables whose versions a published diagram names, so that its cases keep them."""


def decide(uow: UnitOfWork, demand: Demand, key: str, inputs: Mapping[str, object]) -> Answer:
    """The answer of a table for this demand, stored as evidence. Raises as `registry.decide`."""
    return registry.decide(
        uow,
        key,
        inputs,
        subject_kind=SUBJECT,
        subject_id=demand.id,
        version=_version(uow.session, demand, key),
    )


def answer(
    session: Session, demand: Demand | None, key: str, inputs: Mapping[str, object]
) -> Answer:
    """The answer of a table for this demand, or for one still being typed; nothing is stored.

    Raises as `registry.answer`.
    """
    return registry.answer(session, key, inputs, version=_version(session, demand, key))


def _version(session: Session, demand: Demand | None, key: str) -> int | None:
    if demand is None or BINDINGS[key] is Binding.CURRENT:
        return None
    return engine.decision_version(session, demand.process_id, key)
