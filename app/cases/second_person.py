"""Steps for a second person: nobody decides what he asked for, or said, himself.

`RULES` names the steps. Whoever is the first person is not offered the step; where nobody else
could do it, the deputy's role may. The worklist and a single task ask the same condition.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from sqlalchemy import ColumnElement, and_, bindparam, case, func, or_, select
from sqlalchemy.orm import Session

from app.cases.models.procedure import Procedure
from app.cases.models.work_order import StepRecord
from app.core.errors import NotAllowed
from app.core.phrase import Phrase
from app.core.uow import Actor
from app.engine import HumanTaskRow
from app.identity import policy
from app.identity.models import User, UserRole
from app.identity.policy import ROLE_NAMES, Role


@dataclass(frozen=True, slots=True)
class Rule:
    """Who is the first person of a step of the centre, and who steps in for the second."""

    after: str | None
    """The step whose last doer is the first person; None: whoever opened the procedure."""
    deputy: Role
    why: Phrase
    """Why the first person may not do the step, up to what happens instead."""


RULES: Mapping[str, Rule] = {
    "decide_reopening": Rule(
        after=None,
        deputy=Role.LEADER,
        why=Phrase("重开是您申请的", "You asked for the reopening"),
    ),
    "decide_objection": Rule(
        after="tell_non_acceptance",
        deputy=Role.LEADER,
        why=Phrase("不予受理是您告知的", "You told the requester of the refusal"),
    ),
}
"""By id of the step's element."""


def may_do(session: Session, actor: Actor, task: HumanTaskRow, unit_id: int | None) -> bool:
    """Whether `actor` may do an open task of a case, or procedure, of `unit_id`."""
    if task.element_id not in RULES:
        return policy.may_do_step(actor, task.role or "", unit_id, task.unit_id)
    return _holds(session, within_reach(actor.roles), task, actor)


def require(session: Session, actor: Actor, task: HumanTaskRow) -> None:
    """Raise `NotAllowed` where the actor is the first person of the task; it says whose it is."""
    rule = RULES.get(task.element_id)
    if rule is None or not _holds(session, _is_first(), task, actor):
        return
    role, _unit = whose(session, task)
    name = ROLE_NAMES[role]
    raise NotAllowed(
        Phrase(
            f"{rule.why.zh}，须由另一人办理，现由{name.zh}办理这一步。",
            f"{rule.why.en}: somebody else must decide. It is for the {name.en.lower()} now.",
        )
    )


def whose(session: Session, task: HumanTaskRow) -> tuple[str, int | None]:
    """Whose an open task is: the role's of the diagram, in the unit that it names, or the deputy's
    where there is nobody else who could do it.
    """
    rule = RULES.get(task.element_id)
    if rule is None or _holds(session, _somebody_else(), task):
        return task.role or "", task.unit_id
    return rule.deputy, None


def is_there(session: Session, element_id: str, role: Role, first: Actor) -> bool:
    """Whether the step, which is for `role`, has a second person once `first` has asked for it."""
    could = [role, Role.DUTY_MANAGER, RULES[element_id].deputy]
    somebody = (
        select(UserRole.id)
        .join(User)
        .where(User.active, UserRole.role.in_(could), User.id != key_of(first))
        .limit(1)
    )
    return session.scalar(somebody) is not None


@lru_cache(maxsize=128)
def within_reach(roles: frozenset[str]) -> ColumnElement[bool]:
    """Whether the person `me` of the unit `unit` with these roles may do an open task of the
    centre: a condition on its row and that of its procedure. Without `RULES` it is that of
    `policy.may_do_step`.
    """
    for_all, for_unit = HumanTaskRow.unit_id.is_(None), HumanTaskRow.unit_id == bindparam("unit")
    own = and_(HumanTaskRow.role.in_(sorted(roles - policy.UNIT_ROLES)), or_(for_all, for_unit))
    if Role.DUTY_MANAGER in roles:
        own = or_(own, and_(HumanTaskRow.role.not_in(policy.UNIT_ROLES), for_all))
    as_second = and_(own, or_(HumanTaskRow.element_id.not_in(RULES), ~_is_first()))
    stood_in_for = sorted(element for element, rule in RULES.items() if rule.deputy in roles)
    if not stood_in_for:
        return as_second
    stands_in = and_(HumanTaskRow.element_id.in_(stood_in_for), ~_is_first(), ~_somebody_else())
    return or_(as_second, stands_in)


def _is_first() -> ColumnElement[bool]:
    return _first_person() == bindparam("me")


def _somebody_else() -> ColumnElement[bool]:
    """Whether anybody has the step's role in its unit, or stands in for it, who is not the first
    person.
    """
    in_role = and_(
        UserRole.role == HumanTaskRow.role,
        or_(HumanTaskRow.unit_id.is_(None), HumanTaskRow.unit_id == User.unit_id),
    )
    stands_in = and_(UserRole.role == Role.DUTY_MANAGER, HumanTaskRow.unit_id.is_(None))
    return (
        select(UserRole.id)
        .join(User)
        .where(
            User.active,
            or_(in_role, stands_in),
            User.id != _first_person(),
        )
        .correlate(HumanTaskRow, Procedure)
        .exists()
    )


def _first_person() -> ColumnElement[int]:
    """Who is the first person of a task; 0 where it was nobody."""
    by_step = {element: rule.after for element, rule in RULES.items() if rule.after is not None}
    doer = (
        select(StepRecord.done_by)
        .where(
            StepRecord.demand_id == HumanTaskRow.subject_id,
            StepRecord.element_id == case(by_step, value=HumanTaskRow.element_id),
        )
        .order_by(StepRecord.id.desc())
        .limit(1)
        .correlate(HumanTaskRow)
        .scalar_subquery()
    )
    return func.coalesce(
        case((HumanTaskRow.element_id.in_(by_step), doer), else_=Procedure.opened_by), 0
    )


def _holds(
    session: Session, condition: ColumnElement[bool], task: HumanTaskRow, me: Actor | None = None
) -> bool:
    """Whether a condition holds of a task."""
    asked = (
        select(HumanTaskRow.id)
        .outerjoin(Procedure, Procedure.id == HumanTaskRow.scope)
        .where(HumanTaskRow.id == task.id, condition)
    )
    bound = {} if me is None else {"me": key_of(me), "unit": me.unit_id}
    return session.scalar(asked, bound) is not None


def key_of(actor: Actor) -> int:
    """What `me` is bound to: nobody's key for who is no person."""
    return actor.user_id or -1
