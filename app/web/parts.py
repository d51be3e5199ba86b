"""Parts of an order for pages: whose they are, until when, and how far they have come."""

from dataclasses import dataclass

from sqlalchemy.orm import Session

from app.cases import co_handling
from app.cases.co_handling import PartOfUnit
from app.cases.models.part import Relation
from app.cases.orders import Case
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


def all_parts_in_words(session: Session, found: Case) -> str:
    """Every part of a case with its state, a line each; empty when there is none."""
    rows = [_row(one) for one in co_handling.parts_of(session, found.demand.id)]
    return "\n".join(
        _(
            "%(unit)s（%(relation)s）%(state)s",
            unit=row.unit,
            relation=row.relation,
            state=row.state,
        )
        for row in rows
    )


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
