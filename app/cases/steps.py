"""Doing a step: what a person does with an open task of a diagram.

A plain step only keeps its answers. A step with behaviour of its own registers a function under
the id of the diagram's user task; nothing else lists steps, so that designers can add plain
ones without a release.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

import orjson
from sqlalchemy import Table, insert, select
from sqlalchemy.orm import Session

from app import engine
from app.cases import answers, attachments, history, requester, second_person
from app.cases.models.history import HistoryEntry
from app.cases.models.work_order import StepRecord
from app.cases.orders import SUBJECT, Case, take_of_task
from app.core import audit
from app.core.clock import CHINA
from app.core.errors import Conflict, NotAllowed, NotFound
from app.core.phrase import Phrase
from app.core.uow import UnitOfWork
from app.engine import HumanTaskRow
from app.engine.diagram import Element
from app.engine.forms import Field, Form
from app.identity import policy
from app.identity.models import HandlingUnit

Facts = Mapping[str, object]
Act = Callable[[UnitOfWork, Case, answers.Answers], Facts | None]


@dataclass(frozen=True, slots=True)
class Step:
    """The behaviour of a user task, and which facts it may give the diagram."""

    gives: frozenset[str]
    act: Act


STEPS: dict[str, Step] = {}

_RECORDS: Table = StepRecord.__table__  # type: ignore[assignment]
_KEEP = insert(_RECORDS).returning(_RECORDS.c.id)


def step(element_id: str, *, gives: Collection[str] = ()) -> Callable[[Act], Act]:
    """Register the decorated function as the behaviour of the user task `element_id`.

    It runs before the diagram moves on, may refuse with `Invalid`, and returns the routing
    facts it decides beyond those of the form: some of those that it `gives`.
    """

    def register(act: Act) -> Act:
        if element_id in STEPS:
            raise ValueError(f"the step {element_id} is registered twice")
        STEPS[element_id] = Step(frozenset(gives), act)
        return act

    return register


def complete(uow: UnitOfWork, task_id: int, given: Mapping[str, object]) -> Case:
    """Do the step of an open task with the answers `given` (field → text as entered).

    Take, let due deadlines pass, require, act, record: all in the caller's transaction.
    Raises `NotFound`, `NotAllowed`, `Invalid` with the fields, or `Conflict` saying who was first.
    """
    case = take_of_task(uow, task_id)
    task = engine.take_task(uow, task_id)
    if case is None or task is None:
        raise no_such_task()
    if task.closed_at is not None:
        raise somebody_was_first(uow.session, task)
    complete_taken(uow, case, task, given)
    return case


def complete_taken(
    uow: UnitOfWork, case: Case, task: HumanTaskRow, given: Mapping[str, object]
) -> None:
    """Like `complete`, for an open task of a case that the transaction has taken, or just made."""
    require_step(uow, task, case)
    element = engine.bundle_of_process(uow.session, task.process_id).element(task.element_id)
    assert element is not None  # the task is open in that very version
    scope = scope_of(uow.session, case, element.form, uow.actor.roles, task.process_id, task.token)
    checked = answers.check(element.form, given, uow.actor.roles, scope, uow.now)
    facts = do(uow, case, element, checked)
    engine.complete(uow, task.process_id, task.token, facts)


def do(uow: UnitOfWork, case: Case, element: Element, checked: answers.Answers) -> Facts:
    """What the registered step makes of checked answers, recorded; the facts for the diagram.

    May raise `Invalid`.
    """
    facts = dict(answers.facts(element.form, checked))
    behaviour = STEPS.get(element.id)
    if behaviour is not None:
        decided = behaviour.act(uow, case, checked) or {}
        if not decided.keys() <= behaviour.gives:
            raise ValueError(f"the step {element.id} gives more than it says: {set(decided)}")
        facts |= decided
    attachments.attach_answers(uow, case, element.id, element.form, checked)
    _record(uow, case, element.id, checked, facts)
    return facts


def scope_of(
    session: Session,
    case: Case,
    form: Form | None,
    roles: frozenset[str],
    process_id: int | None,
    token: str | None,
) -> Facts:
    """What a form stands upon for somebody with `roles`: the data that its conditions may read at
    a token, and what others answered in the fields that this person may not fill in.

    Nothing is looked up for a form without conditions and such fields.
    """
    locked = form.locked(roles) if form is not None else []
    if locked:
        secret = requester.PERSONAL | requester.hidden(session, case.demand, roles)
        locked = [field for field in locked if field.name not in secret]
    scope: dict[str, object] = {}
    if form is not None and form.is_conditional and process_id is not None and token is not None:
        scope |= engine.data_of(session, process_id, token)
    if locked:
        scope |= dict(_answered(session, case.demand.id, locked))
    return scope


def _answered(
    session: Session, demand_id: int, asked: Sequence[Field]
) -> Iterator[tuple[str, object]]:
    """The last answer of the case under the name of each field, as a value of its type."""
    wanted = {field.name: field for field in asked}
    rows = session.scalars(
        select(StepRecord.answers)
        .where(StepRecord.demand_id == demand_id)
        .order_by(StepRecord.id.desc())
    )
    for text in rows:
        given = orjson.loads(text)
        for name in wanted.keys() & given.keys():
            value = given[name]
            if value is not None:
                yield name, answers.kept_value(wanted.pop(name), value)
        if not wanted:
            return


def open_task(session: Session, task_id: int) -> HumanTaskRow:
    """The task, if it is still open. Raises `NotFound`, or `Conflict` saying who was first."""
    task = _task(session, task_id)
    if task.closed_at is not None:
        raise somebody_was_first(session, task)
    return task


def require_step(uow: UnitOfWork, task: HumanTaskRow, case: Case) -> None:
    """Raise `NotAllowed` unless the actor may do this step of this case."""
    second_person.require(uow.session, uow.actor, task)
    if not second_person.may_do(uow.session, uow.actor, task, case.unit_id):
        what = Phrase(task.name, task.name_en)
        raise not_yours(uow.session, what, *second_person.whose(uow.session, task))


def not_yours(session: Session, what: Phrase, role: str, named_unit_id: int | None) -> NotAllowed:
    """The refusal for what is others' to do: those with a role, of the unit that is named or, with
    none named, of the unit in charge.
    """
    name = policy.ROLE_NAMES.get(role, Phrase(role, role))
    if named_unit_id is not None:
        unit = session.get_one(HandlingUnit, named_unit_id)
        return NotAllowed(
            Phrase(
                f"“{what.zh}”由{unit.name_zh}的{name.zh}办理，您不能办理这一步。",
                f"“{what.en}” is for the {name.en.lower()} of {unit.name_en}; "
                "you cannot do this step.",
            )
        )
    return NotAllowed(
        Phrase(
            f"“{what.zh}”由{name.zh}办理，且须属于本单位，您不能办理这一步。",
            f"“{what.en}” is for the {name.en.lower()} of the unit in charge; "
            "you cannot do this step.",
        )
    )


def somebody_was_first(session: Session, task: HumanTaskRow) -> Conflict:
    """The refusal for a task that is closed: who did the step, and when."""
    entry = session.scalar(
        history.entries(session)
        .where(
            HistoryEntry.demand_id == task.subject_id,
            HistoryEntry.element_id == task.element_id,
            HistoryEntry.at >= task.opened_at,
        )
        .order_by(HistoryEntry.position)
        .limit(1)
    )
    if entry is None:
        return Conflict(
            Phrase(
                f"“{task.name}”已不在待办中（流程已继续）。您填写的内容仍保留在页面上。",
                f"“{task.name_en}” is no longer open: the case has moved on. "
                "What you typed is still on the page.",
            )
        )
    when = entry.at.astimezone(CHINA)
    return Conflict(
        Phrase(
            f"“{task.name}”已由{entry.actor_name}于{when:%m月%d日%H:%M}办理。"
            "您填写的内容仍保留在页面上，可复制留存。",
            f"“{task.name_en}” was already done by {entry.actor_name} at {when:%d %b %H:%M}. "
            "What you typed is still on the page for you to copy.",
        )
    )


def no_such_task() -> NotFound:
    """The refusal for an id that is not a task's."""
    return NotFound(Phrase("没有这项待办。", "There is no such task."))


def _task(session: Session, task_id: int) -> HumanTaskRow:
    task = session.get(HumanTaskRow, task_id, populate_existing=True)
    if task is None or task.subject_kind != SUBJECT:
        raise no_such_task()
    return task


def _record(
    uow: UnitOfWork, case: Case, element_id: str, checked: answers.Answers, facts: Facts
) -> None:
    """Keep the answers with a salt, and their digest in the chain."""
    text = orjson.dumps(checked, option=orjson.OPT_SORT_KEYS, default=str).decode()
    salt = audit.salt()
    kept = uow.session.connection().execute(
        _KEEP,
        {
            "demand_id": case.demand.id,
            "element_id": element_id,
            "done_at": uow.now,
            "done_by": uow.actor.user_id,
            "done_by_name": uow.actor.name,
            "answers": text,
            "salt": salt,
        },
    )
    of_procedure = {} if case.procedure is None else {"procedure": case.procedure.id}
    history.record(
        uow,
        case.demand.id,
        "step",
        element_id=element_id,
        facts={
            "facts": dict(facts),
            "record": audit.digest_of_text(salt, text),
            **of_procedure,
        },
        record_id=kept.scalar_one(),
    )
