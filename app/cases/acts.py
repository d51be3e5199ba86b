"""Acts: what people set going themselves, beside the tasks that wait for them.

An act is a message with a form: either a process of the case waits for it (“return this order”
while it is to be signed for), or it opens a procedure (“ask for an extension”). The diagram says
when and by whom, the registered step what it means.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from app import engine
from app.cases import answers, procedures, steps
from app.cases.named_units import unit_of
from app.cases.orders import SUBJECT, Case, find_in_scope, take
from app.core.errors import Conflict
from app.core.phrase import Phrase
from app.core.uow import Actor, UnitOfWork
from app.engine import MessageWaitRow, ProcessRow
from app.engine.diagram import Element
from app.engine.forms import Form
from app.engine.kernel import Bundle
from app.identity import policy


@dataclass(frozen=True, slots=True)
class Act:
    """Something a person may set going on a case now.

    `key` names it in addresses. `unit_id` is the unit whose people may do it, where it is for a
    role of units. `process_id` is the process that waits for the message, `token` where in it; None
    where the act opens a procedure of `kind`. `why_not` is the reason it must wait.
    `named_unit_id` is the unit that the diagram names, where it names one.
    """

    key: str
    element: Element
    message: str
    case: Case
    unit_id: int | None
    kind: str
    process_id: int | None = None
    token: str | None = None
    why_not: Phrase | None = None
    named_unit_id: int | None = None

    @property
    def form(self) -> Form:
        """What is asked of the person."""
        assert self.element.form is not None  # an act is an element with a form
        return self.element.form


Sender = Callable[[Session, Case], int | None]

SENDERS: dict[str, Sender] = {}
"""By id of the element: the unit whose people send the message to a process of another unit."""


def sent_by(element_id: str) -> Callable[[Sender], Sender]:
    """Register the decorated function as what tells which unit sends the message `element_id`.

    It gives None where no unit may. All other messages are sent by the unit of the process.
    """

    def register(unit: Sender) -> Sender:
        if element_id in SENDERS:
            raise ValueError(f"the sender of {element_id} is registered twice")
        SENDERS[element_id] = unit
        return unit

    return register


def acts_of(session: Session, case: Case, actor: Actor, now: datetime) -> list[Act]:
    """What the actor may set going on the case, in the order of the diagrams."""
    return [act for act in all_acts(session, case, actor, now) if may(actor, act)]


def all_acts(session: Session, case: Case, actor: Actor, now: datetime) -> Iterator[Act]:
    """What anybody may set going on the case; `why_not` as `actor` would be told."""
    yield from _waited_for(session, case)
    yield from _openings(session, case, actor, now)


def may(actor: Actor, act: Act) -> bool:
    """Whether the act is one for this person, by role and unit."""
    return policy.may_do_step(actor, act.element.role or "", act.unit_id, act.named_unit_id)


def require(session: Session, actor: Actor, act: Act) -> None:
    """Raise `NotAllowed` unless the act is one for this person."""
    if not may(actor, act):
        raise steps.not_yours(session, act.element.label, act.element.role or "", act.named_unit_id)


def act(uow: UnitOfWork, demand_id: int, key: str, given: Mapping[str, object]) -> Case:
    """Do an act with the answers `given` (field → text as entered); the case or the procedure.

    Take, let due deadlines pass, require, act, record: all in the caller's transaction. Raises
    `NotFound`, `NotAllowed`, `Invalid` with the fields, or `Conflict` when it is not possible now.
    """
    case = take(uow, demand_id)
    chosen = find_act(uow.session, case, uow.actor, uow.now, key)
    require(uow.session, uow.actor, chosen)
    if chosen.why_not is not None:
        raise Conflict(chosen.why_not)
    scope = steps.scope_of(
        uow.session, case, chosen.form, uow.actor.roles, chosen.process_id, chosen.token
    )
    checked = answers.check(chosen.form, given, uow.actor.roles, scope, uow.now)
    about = chosen.case
    if chosen.process_id is None:
        about = procedures.open_procedure(uow, case, chosen.kind)
    facts = steps.do(uow, about, chosen.element, checked)
    if chosen.process_id is None:
        procedures.begin(uow, about, facts, message=chosen.message)
    else:
        engine.send(uow, chosen.process_id, chosen.message, facts, element=chosen.element.id)
    return about


def find_act(session: Session, case: Case, actor: Actor, now: datetime, key: str) -> Act:
    """The act with this key. Raises `Conflict` when it is not to be had on the case now."""
    for found in all_acts(session, case, actor, now):
        if found.key == key:
            return found
    raise Conflict(
        Phrase(
            "现在不能进行这项操作：流程已继续，或已由他人办理。您填写的内容仍保留在页面上。",
            "This is not possible now: the case has moved on, or somebody else was first. "
            "What you typed is still on the page.",
        )
    )


def form_of(session: Session, demand_id: int, key: str) -> Form | None:
    """The form of an act that a case waited for under this key, though it may not any more."""
    element_id, _, process_id = key.rpartition("-")
    process = session.get(ProcessRow, int(process_id)) if process_id.isdigit() else None
    if process is None or (process.subject_kind, process.subject_id) != (SUBJECT, demand_id):
        return None
    element = engine.bundle_of_process(session, process.id).element(element_id)
    return element.form if element is not None else None


def _waited_for(session: Session, case: Case) -> Iterator[Act]:
    for wait, scope in session.execute(
        select(MessageWaitRow, ProcessRow.scope)
        .join(ProcessRow, ProcessRow.id == MessageWaitRow.process_id)
        .where(
            MessageWaitRow.kind == "message",
            ProcessRow.subject_kind == SUBJECT,
            ProcessRow.subject_id == case.demand.id,
            ProcessRow.status == "active",
        )
        .order_by(MessageWaitRow.id)
    ):
        element = engine.bundle_of_process(session, wait.process_id).element(wait.element_id)
        if element is not None and element.form is not None:
            about = find_in_scope(session, case.demand.id, scope)
            unit = SENDERS.get(element.id, _unit_in_charge)
            yield Act(
                key=f"{wait.element_id}-{wait.process_id}",
                element=element,
                message=wait.name,
                case=about,
                unit_id=unit(session, about),
                kind=about.procedure.kind if about.procedure is not None else "",
                process_id=wait.process_id,
                token=wait.token,
                named_unit_id=unit_of(session, case.demand.id, element),
            )


def _unit_in_charge(_session: Session, case: Case) -> int | None:
    return case.unit_id


def _openings(session: Session, case: Case, actor: Actor, now: datetime) -> Iterator[Act]:
    for kind, why_not in procedures.OPENINGS.items():
        for element, message in _starts(opening_bundle(session, kind)):
            yield Act(
                key=f"{element.id}-{kind}",
                element=element,
                message=message,
                case=case.main,
                unit_id=case.main.unit_id,
                kind=kind,
                why_not=why_not(session, case.main, actor, now),
                named_unit_id=unit_of(session, case.demand.id, element),
            )


def opening_bundle(session: Session, kind: str) -> Bundle:
    """The newest version of a procedure's diagram. Raises `NotFound` when there is none."""
    return engine.bundle_of(session, engine.version_id_of(session, kind))


def _starts(bundle: Bundle) -> Iterator[tuple[Element, str]]:
    diagram = bundle.diagrams[0]
    for element in bundle.processes[bundle.main].within(bundle.main):
        event = element.event
        if element.kind == "startEvent" and element.form is not None and event is not None:
            definition = diagram.definition(event)
            if definition is not None:
                yield element, definition.name
