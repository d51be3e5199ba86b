"""A dispatcher's help: the unit the catalogue proposes, and the deadline each unit would get."""

from flask import g, render_template, request, url_for
from sqlalchemy.orm import Session

from app.cases import clocks, orders
from app.cases.orders import Case
from app.cases.proposals import proposal
from app.core import clock
from app.core.errors import NotFound
from app.core.phrase import Phrase
from app.engine import HumanTaskRow
from app.identity import policy
from app.identity.models import HandlingUnit
from app.web.access import permission, reading_session
from app.web.case import HELPS, Help
from app.web.forms import number_in
from app.web.language import due, language, say
from app.web.views import Foreseen


def dispatching(case: Case, task: HumanTaskRow) -> Help:
    """The proposal, chosen at the beginning, with its reason and the deadline it would mean."""
    session = reading_session()
    proposed = proposal(session, case.demand)
    assisting = proposed.co_units if proposed else ()
    unit_id = request.form.get("lead_unit") or (str(proposed.unit.id) if proposed else "")
    return Help(
        "beside_dispatch.html",
        {
            "proposed": proposed.unit.name_in(language()) if proposed else "",
            "reason": say(proposed.reason) if proposed else "",
            "co_units": [unit.name_in(language()) for unit in assisting],
            "foreseen": _foreseen(session, case, unit_id),
        },
        begin={"lead_unit": unit_id, "co_units": [unit.id for unit in assisting]},
        attributes={
            "lead_unit": {
                "hx-get": url_for("web.foreseen", task_id=task.id),
                "hx-trigger": "change",
                "hx-target": "#foreseen",
            }
        },
    )


HELPS["dispatch"] = dispatching


@permission("order.see_worklist")
def foreseen(task_id: int) -> str:
    """The deadline if the order went to the unit just chosen, for the box beside the form."""
    session = reading_session()
    task = session.get(HumanTaskRow, task_id)
    if task is None or task.subject_kind != orders.SUBJECT:
        raise NotFound(Phrase("没有这项待办。", "There is no such task."))
    case = orders.find(session, task.subject_id)
    policy.require(g.actor, "order.see", case.unit_id)
    shown = _foreseen(session, case, request.args.get("lead_unit", ""))
    return render_template("foreseen.html", foreseen=shown)


def _foreseen(session: Session, case: Case, chosen: str) -> Foreseen | None:
    unit_id = number_in(chosen)
    if unit_id is None or session.get(HandlingUnit, unit_id) is None:
        return None
    seen = clocks.foresee(session, case.demand, unit_id, clock.now())
    return Foreseen(
        due=due(seen.deadline.due_at),
        limit=say(seen.deadline.limit.phrase),
        assumption=say(seen.assumption),
        provisional=seen.deadline.provisional,
    )
