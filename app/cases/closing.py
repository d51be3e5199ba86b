"""An order is closed with a reason and filed."""

from app.cases import clocks, history
from app.cases.answers import Answers
from app.cases.models.demand import DemandStatus
from app.cases.models.work_order import OrderStatus
from app.cases.orders import Case
from app.cases.services import Occasion, service
from app.cases.steps import step
from app.core.phrase import Phrase
from app.core.uow import UnitOfWork


@step("close")
def close(_uow: UnitOfWork, case: Case, given: Answers) -> None:
    """The reviewer states how the matter ended."""
    case.ordered.closing_reason = str(given["closing_reason"])


@service(Phrase("停钟归档", "Stop all clocks and file"))
def close_order(occasion: Occasion) -> None:
    """Order and demand are closed; no clock of theirs runs on."""
    uow, case, at = occasion.uow, occasion.case, occasion.at
    case.ordered.status = OrderStatus.CLOSED
    case.ordered.closed_at = at
    case.demand.status = DemandStatus.CLOSED
    case.demand.closed_at = at
    clocks.stop_all(uow, case, at)
    history.record(
        uow, case.demand.id, "close_order", facts={"reason": case.ordered.closing_reason}, at=at
    )
