"""What belongs to a case and has a page of its own: disputes, the report slip, other demands about
the same matter. Supervisions and papers stand on the page of the case itself.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from flask import g, url_for
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.cases import orders, repeats
from app.cases.models.dispute import Dispute
from app.cases.models.procedure import Procedure
from app.cases.models.urgent import UrgentReport
from app.cases.orders import Case
from app.web.access import holds
from app.web.language import _, ngettext


@dataclass(frozen=True, slots=True)
class Link:
    """A page, and what it is called here."""

    label: str
    address: str


def links(session: Session, found: Case) -> list[Link]:
    """The pages that belong to the case and that the reader may open."""
    return [
        *_joined(session, found),
        *_disputes(session, found),
        *_slip(session, found),
        *_matter(session, found),
    ]


def _joined(session: Session, found: Case) -> Iterator[Link]:
    """The order that the demand has joined."""
    into = found.demand.merged_into_id
    if into is not None and holds(g.actor, "matter.see"):
        number = orders.find(session, into).ordered.number
        yield Link(_("已并入工单 %(number)s", number=number), url_for("web.case", demand_id=into))


def _disputes(session: Session, found: Case) -> Iterator[Link]:
    if found.order is None or not holds(g.actor, "dispute.see"):
        return
    for one in session.scalars(
        select(Dispute).where(Dispute.order_id == found.order.id).order_by(Dispute.id)
    ):
        label = _("权属协调（已明确）") if one.closed_at else _("权属协调（进行中）")
        yield Link(label, url_for("web.dispute", dispute_id=one.id))


def _slip(session: Session, found: Case) -> Iterator[Link]:
    if not holds(g.actor, "urgent.see"):
        return
    for report in session.scalars(
        select(UrgentReport)
        .join(Procedure, Procedure.id == UrgentReport.procedure_id)
        .where(Procedure.demand_id == found.demand.id)
    ):
        yield Link(
            _("呈阅件 %(number)s", number=report.number),
            url_for("web.slip", procedure_id=report.procedure_id),
        )


def _matter(session: Session, found: Case) -> Iterator[Link]:
    if not holds(g.actor, "matter.see"):
        return
    first = repeats.matter_id_of(session, found.demand.id)
    count = len(repeats.demands_of(session, first))
    if count > 1:
        yield Link(
            ngettext("同一事项 %(num)s 件诉求", "同一事项 %(num)s 件诉求", count),
            url_for("web.matter", demand_id=first),
        )
