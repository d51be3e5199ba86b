"""Help with parts of an order: what was asked of the unit, and what the others have answered."""

from dataclasses import dataclass

from sqlalchemy.orm import Session

from app.cases import co_handling, orders
from app.cases.acts import Act
from app.cases.co_handling import PartOfUnit
from app.cases.models.part import Relation
from app.cases.orders import Case
from app.engine import HumanTaskRow
from app.identity.models import HandlingUnit
from app.web import acts, case
from app.web.access import reading_session
from app.web.case import Help
from app.web.forms import Choices
from app.web.language import _, due, language, moment


@dataclass(frozen=True, slots=True)
class PartRow:
    """The part of one unit, for a table."""

    unit: str
    relation: str
    task: str
    due: str
    state: str
    colour: str
    answer: str


def part_rows(session: Session, found: Case) -> list[PartRow]:
    """The parts that are answered to the unit of the case, or of the part that is meant."""
    return [_row(one) for one in co_handling.parts_below(session, found)]


def _row(one: PartOfUnit) -> PartRow:
    state, colour = _state(one)
    return PartRow(
        unit=one.unit.name_in(language()),
        relation=_("协办") if one.part.relation == Relation.CO else _("下级"),
        task=one.part.task or "",
        due=due(one.due_at),
        state=state,
        colour=colour,
        answer=one.part.answer or "",
    )


def _state(one: PartOfUnit) -> tuple[str, str]:
    """Where a part stands, in words, and the colour of its light."""
    match one.procedure.outcome:
        case None:
            return (_("逾期未答复"), "red") if one.part.overdue else (_("办理中"), "green")
        case "answered":
            answered = _("已答复 %(time)s", time=moment(one.part.answered_at))
            return answered, "red" if one.part.overdue else "green"
        case "missing":
            return _("未答复，计入该单位"), "red"
        case "withdrawn" | "released" | "returned":
            return _("已收回或退回"), "grey"
        case _:
            return _("已失效"), "grey"


def answering_part(found: Case, task: HumanTaskRow) -> Help:
    """What is asked of the unit, by whom and until when, and what units below it have answered."""
    session = reading_session()
    meant = orders.find_in_scope(session, found.demand.id, task.scope)
    part = co_handling.part_of(session, meant)
    giver = session.get(HandlingUnit, part.giver_unit_id or 0)
    own = next(
        one
        for one in co_handling.parts_of(session, found.demand.id)
        if one.procedure.id == task.scope
    )
    return Help(
        "beside_part.html",
        {
            "giver": giver.name_in(language()) if giver is not None else "",
            "asked": part.task or "",
            "part_due": due(own.due_at),
            "parts": part_rows(session, meant),
        },
    )


def passing_down(_found: Case, act: Act) -> Help:
    """Only the units directly below are offered."""
    session = reading_session()
    below = co_handling.lower_units(session, act.case.unit_id)
    offered = [(str(unit.id), unit.name_in(language())) for unit in below]
    return Help(
        "parts_given.html",
        {"parts": part_rows(session, act.case)},
        choices={"lower_unit": Choices(options=offered)},
    )


def adding(found: Case, _act: Act) -> Help:
    """The units that have a part already."""
    return Help("parts_given.html", {"parts": part_rows(reading_session(), found)})


case.HELPS["answer_part"] = answering_part
acts.HELPS["passed_down"] = acts.HELPS["part_passed_down"] = passing_down
acts.HELPS["co_unit_added"] = adding
