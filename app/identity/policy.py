"""Who may do what: one table that can be read aloud.

A permission is granted to whoever satisfies one of its lines; a line is a role, alone or with
the condition that the matter belongs to the actor's own unit.
"""

from dataclasses import dataclass
from enum import StrEnum

from app.core.errors import NotAllowed
from app.core.phrase import Phrase
from app.core.uow import Actor


class Role(StrEnum):
    """The people around a work order."""

    AGENT = "agent"
    POLICY_SPECIALIST = "policy_specialist"
    DISPATCHER = "dispatcher"
    UNIT_LIAISON = "unit_liaison"
    UNIT_HANDLER = "unit_handler"
    UNIT_APPROVER = "unit_approver"
    REVIEWER = "reviewer"
    CALLBACK_AGENT = "callback_agent"
    INSPECTOR = "inspector"
    COORDINATOR = "coordinator"
    OWNERSHIP_AUTHORITY = "ownership_authority"
    LEADER = "leader"
    DUTY_MANAGER = "duty_manager"
    KNOWLEDGE_EDITOR = "knowledge_editor"
    PROCESS_DESIGNER = "process_designer"
    ADMINISTRATOR = "administrator"
    SYSTEM = "system"


ROLE_NAMES: dict[str, Phrase] = {
    Role.AGENT: Phrase("话务员", "Agent"),
    Role.POLICY_SPECIALIST: Phrase("政策专员", "Policy specialist"),
    Role.DISPATCHER: Phrase("派单员", "Dispatcher"),
    Role.UNIT_LIAISON: Phrase("承办单位联络员", "Unit liaison"),
    Role.UNIT_HANDLER: Phrase("承办人", "Unit handler"),
    Role.UNIT_APPROVER: Phrase("单位审核人", "Unit approver"),
    Role.REVIEWER: Phrase("热线审核员", "Reviewer"),
    Role.CALLBACK_AGENT: Phrase("回访员", "Callback agent"),
    Role.INSPECTOR: Phrase("督办员", "Inspector"),
    Role.COORDINATOR: Phrase("协调员", "Coordinator"),
    Role.OWNERSHIP_AUTHORITY: Phrase("编办·司法·督查", "Ownership authority"),
    Role.LEADER: Phrase("分管领导", "Leader"),
    Role.DUTY_MANAGER: Phrase("值班长", "Duty manager"),
    Role.KNOWLEDGE_EDITOR: Phrase("知识编辑", "Knowledge editor"),
    Role.PROCESS_DESIGNER: Phrase("流程设计员", "Process designer"),
    Role.ADMINISTRATOR: Phrase("系统管理员", "Administrator"),
    Role.SYSTEM: Phrase("系统", "System"),
}

UNIT_ROLES = frozenset({Role.UNIT_LIAISON, Role.UNIT_HANDLER, Role.UNIT_APPROVER})
"""Roles that see and do only what belongs to their own unit."""


@dataclass(frozen=True, slots=True)
class Line:
    """One way to have a permission."""

    role: Role
    own_unit: bool = False


def _centre(*roles: Role) -> tuple[Line, ...]:
    return tuple(Line(role) for role in roles)


def _unit(*roles: Role) -> tuple[Line, ...]:
    return tuple(Line(role, own_unit=True) for role in roles)


_WHOLE_CENTRE = _centre(
    Role.DISPATCHER,
    Role.REVIEWER,
    Role.CALLBACK_AGENT,
    Role.INSPECTOR,
    Role.COORDINATOR,
    Role.LEADER,
    Role.DUTY_MANAGER,
)
_WHOLE_UNIT = _unit(Role.UNIT_LIAISON, Role.UNIT_HANDLER, Role.UNIT_APPROVER)
_ANSWERING = _centre(Role.AGENT, Role.POLICY_SPECIALIST)
_READING = _centre(Role.OWNERSHIP_AUTHORITY, Role.KNOWLEDGE_EDITOR)

PERMISSIONS: dict[str, tuple[Line, ...]] = {
    # registering and answering
    "demand.register": _centre(Role.AGENT, Role.DUTY_MANAGER),
    "demand.see": _ANSWERING + _READING + _WHOLE_CENTRE + _WHOLE_UNIT,
    # the order and its story
    "order.see": _ANSWERING + _READING + _WHOLE_CENTRE + _WHOLE_UNIT,
    "order.see_worklist": _ANSWERING
    + _centre(Role.OWNERSHIP_AUTHORITY)
    + _WHOLE_CENTRE
    + _WHOLE_UNIT,
    "order.free_hand": _centre(Role.DUTY_MANAGER),
    "matter.see": _ANSWERING + _WHOLE_CENTRE,
    "urgent.see": _ANSWERING + _WHOLE_CENTRE,
    "police.return": _centre(Role.DUTY_MANAGER, Role.AGENT),
    "unit.reorganise": _centre(Role.ADMINISTRATOR, Role.SYSTEM),
    "attachment.add": _ANSWERING + _centre(Role.OWNERSHIP_AUTHORITY) + _WHOLE_CENTRE + _WHOLE_UNIT,
    "requester.unmask": _centre(Role.AGENT, Role.DISPATCHER, Role.CALLBACK_AGENT)
    + _unit(Role.UNIT_HANDLER),
    # disputes about whose duty it is, and what the dispatch catalogue learns from them
    "dispute.see": _WHOLE_CENTRE + _centre(Role.OWNERSHIP_AUTHORITY),
    "catalogue.review": _centre(Role.DISPATCHER, Role.COORDINATOR, Role.DUTY_MANAGER),
    # orders that rest, and extensions of many orders
    "suspension.see": _WHOLE_CENTRE + _WHOLE_UNIT,
    "promise.see": _WHOLE_CENTRE + _WHOLE_UNIT,
    "return.see": _WHOLE_CENTRE + _WHOLE_UNIT,
    "bulk_extension.see": _centre(Role.DISPATCHER, Role.DUTY_MANAGER, Role.LEADER),
    "bulk_extension.ask": _centre(Role.DISPATCHER, Role.DUTY_MANAGER),
    "bulk_extension.decide": _centre(Role.DUTY_MANAGER, Role.LEADER),
    # the knowledge base
    "knowledge.see": _ANSWERING + _READING + _WHOLE_CENTRE + _WHOLE_UNIT,
    "knowledge.edit": _centre(Role.KNOWLEDGE_EDITOR),
    # calling requesters back
    "callback.see": _centre(Role.CALLBACK_AGENT, Role.DUTY_MANAGER),
    # supervision
    "supervision.see": _WHOLE_CENTRE + _WHOLE_UNIT,
    "letter.see": _WHOLE_CENTRE + _WHOLE_UNIT + _centre(Role.OWNERSHIP_AUTHORITY),
    "supervision.lead": _centre(Role.INSPECTOR, Role.DUTY_MANAGER, Role.LEADER),
    "supervision.import": _centre(Role.INSPECTOR, Role.DUTY_MANAGER),
    # diagrams
    "diagram.see": _centre(Role.PROCESS_DESIGNER)
    + _ANSWERING
    + _READING
    + _WHOLE_CENTRE
    + _WHOLE_UNIT,
    # the workshop; nobody approves what they worked on themselves
    "design.see": _centre(Role.PROCESS_DESIGNER, Role.DUTY_MANAGER, Role.ADMINISTRATOR),
    "design.edit": _centre(Role.PROCESS_DESIGNER),
    "design.approve": _centre(Role.PROCESS_DESIGNER, Role.DUTY_MANAGER, Role.ADMINISTRATOR),
    "design.move": _centre(Role.PROCESS_DESIGNER),
    "design.agree_to_move": _centre(Role.ADMINISTRATOR),
    "design.watch": _centre(Role.PROCESS_DESIGNER, Role.DUTY_MANAGER, Role.LEADER),
    "design.watch_people": _centre(Role.DUTY_MANAGER),
    # the office
    "repair.see": _centre(Role.DUTY_MANAGER, Role.ADMINISTRATOR),
    "repair.try_again": _centre(Role.DUTY_MANAGER, Role.ADMINISTRATOR),
    "user.see": _centre(Role.ADMINISTRATOR),
    "case.see_views": _centre(Role.ADMINISTRATOR),
    "calendar.see": _centre(Role.ADMINISTRATOR, Role.DUTY_MANAGER, Role.PROCESS_DESIGNER),
    "calendar.keep": _centre(Role.ADMINISTRATOR, Role.SYSTEM),
}


def may(actor: Actor, permission: str, unit_id: int | None = None) -> bool:
    """Whether `actor` has `permission` for a matter that belongs to `unit_id`.

    Raises `KeyError` for a permission that is not in the table.
    """
    return any(
        line.role in actor.roles
        and (not line.own_unit or (unit_id is not None and unit_id == actor.unit_id))
        for line in PERMISSIONS[permission]
    )


def require(actor: Actor, permission: str, unit_id: int | None = None) -> None:
    """Raise `NotAllowed` unless `actor` has `permission` for a matter of `unit_id`."""
    if not may(actor, permission, unit_id):
        raise NotAllowed(
            Phrase(
                "您没有进行此项操作的权限。如确需办理，请联系系统管理员调整您的岗位。",
                "You do not have permission for this. If it is your job, ask the administrator "
                "to adjust your roles.",
            )
        )


def may_do_step(
    actor: Actor, role: str, unit_id: int | None, named_unit_id: int | None = None
) -> bool:
    """Whether `actor` may do a step that the diagram gives to `role` in an order of `unit_id`, and
    to the unit `named_unit_id` where it names one.

    Steps of unit roles, and those of a unit that is named, are for people of that very unit; the
    others for anyone in the role. The duty manager may stand in for every role of the centre,
    never for a unit.
    """
    if named_unit_id is not None:
        return role in actor.roles and named_unit_id == actor.unit_id
    if role in UNIT_ROLES:
        return role in actor.roles and unit_id is not None and unit_id == actor.unit_id
    return role in actor.roles or Role.DUTY_MANAGER in actor.roles
