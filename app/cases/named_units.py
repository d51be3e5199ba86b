"""Steps that a diagram gives to one unit, by its code: which unit that is now."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from app import engine
from app.cases.heirs import heir_of
from app.cases.models.demand import Demand
from app.core.errors import NotFound
from app.core.phrase import Phrase
from app.engine.diagram import Element
from app.identity.directory import unit_by_code


def unit_of_step(session: Session, demand_id: int, process_id: int, element_id: str) -> int | None:
    """The unit that is named for the step on whose edge a path leads to an element: reminders of
    such a step are for that unit, and its limits are counted in that unit's calendar.
    """
    step = engine.bundle_of_process(session, process_id).watched(element_id)
    return None if step is None else unit_of(session, demand_id, step)


def unit_of(session: Session, demand_id: int, element: Element) -> int | None:
    """The unit that an element of people names, in a matter of a demand; None where it names none.

    Raises `NotFound` for a code that no unit has.
    """
    if element.unit is None:
        return None
    return unit_named(session, demand_id, element.unit)


def unit_named(session: Session, demand_id: int, code: str) -> int:
    """The unit with this code; for one that has gone, its heir in matters of the demand's category.

    Raises `NotFound`.
    """
    unit = unit_by_code(session, code)
    if unit is None:
        raise NotFound(
            Phrase(
                f"流程图指定由代码为“{code}”的单位办理，但没有这个单位：请流程设计员改正流程图。",
                f"The diagram gives a step to the unit “{code}”, which does not exist: ask a "
                "process designer to correct the diagram.",
            )
        )
    if unit.active:
        return unit.id
    category = session.scalars(select(Demand.category).where(Demand.id == demand_id)).one()
    return heir_of(session, unit.id, category) or unit.id
