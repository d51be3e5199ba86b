"""What happens to an order beside its diagrams: the duty manager's free hand, and a reorganisation
of units. Stories tell both; here is which there are, who does them, and in what form.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from sqlalchemy.orm import Session

from app.cases import free_hand, reorganising, story
from app.cases.free_hand import Move
from app.cases.orders import Case
from app.cases.reorganising import Kind
from app.core import jobs
from app.core.errors import Conflict
from app.core.phrase import Phrase
from app.core.uow import UnitOfWork
from app.engine.forms import FieldType, Form, Option
from app.identity.policy import Role

FREE_HAND = "free_hand"
REORGANISE = "reorganise"

BELIEVED: Mapping[str, object] = {"unit": "单位1", "heir": "单位2"}
"""The units of a reorganisation where a story names none."""

_MOST_CASES = 1_000
"""Far more than a story holds."""

Command = Callable[[UnitOfWork, int, Mapping[str, object]], object]
"""Done to the demand of an id, with the answers of a form."""


@dataclass(frozen=True, slots=True)
class Intervention:
    """One of them: `verb` and `what` as a story writes them, who does it, in which form."""

    verb: str
    what: str
    label: Phrase
    role: Role
    form: Form
    command: Command


def _free_hand(move: Move, command: Command) -> Intervention:
    return Intervention(
        FREE_HAND,
        move.value,
        story.COMMANDS[f"free_hand_{move}"],
        Role.DUTY_MANAGER,
        free_hand.FORMS[move],
        command,
    )


def _reorganisation(kind: Kind, label: Phrase) -> Intervention:
    asked = tuple(one for one in reorganising.FORM.fields if one.name != "kind")
    return Intervention(
        REORGANISE,
        kind.value,
        label,
        Role.ADMINISTRATOR,
        Form(asked),
        lambda uow, _demand_id, given: reorganising.carry_out(uow, {**given, "kind": kind}),
    )


ALL: Mapping[tuple[str, str], Intervention] = {
    (one.verb, one.what): one
    for one in (
        _free_hand(Move.JUMP, free_hand.jump),
        _free_hand(Move.REASSIGN, free_hand.reassign),
        _free_hand(Move.CANCEL, free_hand.cancel),
        _reorganisation(Kind.MERGED, Phrase("机构调整：单位并入其他单位", "A unit is merged")),
        _reorganisation(Kind.SPLIT, Phrase("机构调整：单位拆分", "A unit is split")),
        _reorganisation(Kind.CLOSED, Phrase("机构调整：单位撤销", "A unit is closed")),
    )
}
"""By verb, and what a story writes behind it."""


def now_possible(session: Session, case: Case) -> list[Intervention]:
    """What can be done to a case as it stands, with the nodes it can be put at to choose from."""
    try:
        nodes = free_hand.plans(session, case)
    except Conflict:  # closed, or no order yet: the free hand has nothing to move
        return [one for one in ALL.values() if one.verb == REORGANISE]
    options = tuple(
        Option(one.element.id, one.element.label) for one in nodes if one.why_not is None
    )
    return [replace(one, form=_with_nodes(one.form, options)) for one in ALL.values()]


def _with_nodes(form: Form, nodes: tuple[Option, ...]) -> Form:
    return Form(
        tuple(
            replace(one, type=FieldType.CHOICE, options=nodes) if one.name == "node" else one
            for one in form.fields
        )
    )


def move_what_was_held(uow: UnitOfWork) -> None:
    """What a reorganised unit holds goes to its heirs, all at once: the ticker does it bit by bit.

    The actor is the system, as there.
    """
    job = jobs.hold(uow, reorganising.JOB)
    assert job is not None  # the reorganisation has just asked for it
    cases = reorganising.next_cases(uow.session, 0, _MOST_CASES)
    moved = sum(reorganising.move_case(uow, demand_id) for demand_id in cases)
    reorganising.finish(uow)
    jobs.report(
        uow,
        job.id,
        cursor=0,
        done=len(cases),
        changed=moved,
        failed=0,
        error=None,
        finished=True,
    )
