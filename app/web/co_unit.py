"""A co-unit's or lower unit's help: what was asked of it, and what the others have answered."""

from app.cases import co_handling, orders
from app.cases.acts import Act
from app.cases.orders import Case
from app.engine import HumanTaskRow
from app.identity.models import HandlingUnit
from app.web import acts, case
from app.web.access import reading_session
from app.web.case import Help
from app.web.forms import Choices
from app.web.language import due, language
from app.web.parts import part_rows


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


def deciding_return(found: Case, task: HumanTaskRow) -> Help:
    """Which unit asks to be relieved of its part, and what was asked of it."""
    session = reading_session()
    meant = orders.find_in_scope(session, found.demand.id, task.scope)
    asking = session.get_one(HandlingUnit, meant.unit_id)
    return Help(
        "beside_part_return.html",
        {
            "asking": asking.name_in(language()),
            "asked": co_handling.part_of(session, meant).task or "",
            "parts": part_rows(session, found),
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
case.HELPS["decide_part_return"] = deciding_return
acts.HELPS["passed_down"] = acts.HELPS["part_passed_down"] = passing_down
acts.HELPS["co_unit_added"] = adding
