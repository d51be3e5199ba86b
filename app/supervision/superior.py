"""The superior's daily report: its list of dissatisfied orders, read and supervised.

Taken is what a spreadsheet saves (CSV, any column that holds the numbers) or pasted text: every
number of an order or a demand of ours counts once. Numbers we do not know are reported.
"""

import hashlib
import re
from collections.abc import Sequence
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.cases import reopening
from app.cases.models.demand import Demand
from app.cases.models.work_order import WorkOrder
from app.cases.orders import take
from app.cases.procedures import procedures_of
from app.core.errors import Conflict, Invalid
from app.core.phrase import Phrase
from app.core.uow import UnitOfWork
from app.identity.policy import require
from app.supervision.models import SuperiorReport, SuperiorReportLine
from app.supervision.triggers import consider

MOST_LINES = 2000
"""[P] Orders on one report."""

SUPERVISED = frozenset({"supervised", "proposed", "waiting", "not_proposed"})
"""What becomes of a listed order that is supervised now; closed ones are also to be reopened."""

NOTHING_NEW = frozenset({"known", "no_unit"})
"""What becomes of a listed order of which nothing follows."""

_OCCASION = "report/"
"""How the occasion of a supervision begins that a report is the cause of; its day follows."""

_NUMBER = re.compile(r"(?<![A-Za-z0-9])[A-Za-z]{0,4}\d{8,20}(?![A-Za-z0-9])")
_PHONE = re.compile(r"1[3-9]\d{9}|0\d{9,11}|(19|20)\d{6}")
"""What looks like a number of ours and is a phone or a date."""


def numbers_in(text: str) -> list[str]:
    """The numbers of orders in a report, each once, in their order."""
    found = (match.group().upper() for match in _NUMBER.finditer(text))
    return list(dict.fromkeys(one for one in found if not _PHONE.fullmatch(one)))


def adopt(uow: UnitOfWork, day: date, text: str) -> SuperiorReport:
    """Supervise every order that the report of `day` lists; what became of each is kept.

    Raises `Invalid` for a text without numbers or with too many, `Conflict` for one that was
    imported before.
    """
    require(uow.actor, "supervision.import")
    numbers = numbers_in(text)
    _require_usable(numbers)
    digest = hashlib.sha256("\n".join([day.isoformat(), *sorted(numbers)]).encode()).hexdigest()
    before = uow.session.scalar(select(SuperiorReport).where(SuperiorReport.digest == digest))
    if before is not None:
        raise Conflict(
            Phrase(
                f"这份日报已由{before.imported_by_name}导入过，不再重复导入。",
                f"{before.imported_by_name} imported this report before: it is not done twice.",
            )
        )
    report = SuperiorReport(
        day=day, digest=digest, imported_at=uow.now, imported_by_name=uow.actor.name
    )
    uow.session.add(report)
    uow.session.flush()
    known = _known(uow.session, numbers)
    results: dict[str, str] = {}
    for number in sorted(numbers, key=lambda one: known.get(one, 0)):  # locks in order of ids
        demand_id = known.get(number)
        results[number] = "unknown" if demand_id is None else list_case(uow, demand_id, day)
    report.lines = [
        SuperiorReportLine(
            report_id=report.id, number=one, demand_id=known.get(one), result=results[one]
        )
        for one in numbers
    ]
    uow.session.flush()
    return report


def list_case(uow: UnitOfWork, demand_id: int, day: date) -> str:
    """What becomes of an order that the report of `day` lists.

    What the centre answered itself has no unit to supervise and is proposed to be handled again
    all the same.
    """
    case, occasion = take(uow, demand_id), f"{_OCCASION}{day.isoformat()}"
    if case.order is None or case.order.lead_unit_id is None:
        proposed = reopening.propose(uow, case, f"{occasion}:{demand_id}", uow.now)
        return "only_proposed" if proposed else "no_unit"
    waited = _waits_to_be_reopened(uow.session, demand_id)
    fired = consider(uow, case, occasion, uow.now, superior_listed=True)
    if not fired:
        return "known"
    if case.order.closed_at is None:
        return "supervised"
    if waited:
        return "waiting"
    return "proposed" if _waits_to_be_reopened(uow.session, demand_id) else "not_proposed"


def day_of(occasion: str) -> date | None:
    """The day of the report that an occasion of a supervision, or the cause of a reopening, is
    about; None for another one.
    """
    if not occasion.startswith(_OCCASION):
        return None
    return date.fromisoformat(occasion.removeprefix(_OCCASION).partition(":")[0])


def reports(session: Session) -> Sequence[SuperiorReport]:
    """What was imported, the latest first."""
    return session.scalars(select(SuperiorReport).order_by(SuperiorReport.id.desc())).all()


def _waits_to_be_reopened(session: Session, demand_id: int) -> bool:
    return bool(procedures_of(session, demand_id, reopening.KIND, only_open=True))


def _known(session: Session, numbers: Sequence[str]) -> dict[str, int]:
    """Number → demand: of an order, of a demand, or of one that joined another's order."""
    rows = session.execute(
        select(Demand.number, Demand.id, Demand.merged_into_id).where(Demand.number.in_(numbers))
    )
    found = {number: merged or demand_id for number, demand_id, merged in rows}
    ordered = session.execute(
        select(WorkOrder.number, WorkOrder.demand_id, Demand.merged_into_id)
        .join(Demand, Demand.id == WorkOrder.demand_id)
        .where(WorkOrder.number.in_(numbers))
    )
    return found | {number: merged or demand_id for number, demand_id, merged in ordered}


def _require_usable(numbers: Sequence[str]) -> None:
    if not numbers:
        none = Phrase(
            "没有找到工单编号：请粘贴日报中不满意工单的清单，或上传含编号列的 CSV。",
            "There are no numbers of orders: paste the list, or choose a CSV with their numbers.",
        )
        raise Invalid(none, {"text": none})
    if len(numbers) > MOST_LINES:
        many = Phrase(
            f"一份日报最多 {MOST_LINES} 件，请分开导入。",
            f"A report has at most {MOST_LINES} orders: import it in parts.",
        )
        raise Invalid(many, {"text": many})
