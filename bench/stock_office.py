"""The office with stock SpiffWorkflow: the hand-written one, moved as the textbook says."""

from collections.abc import Mapping

from app.cases.orders import Case
from app.core.uow import UnitOfWork
from app.engine import ProcessRow
from bench import main_process
from bench.databases import Place
from bench.handwritten import HandwrittenCases
from bench.stock import TextbookMovement


class StockCases(HandwrittenCases):
    """The same rows, and the whole workflow as JSON in the row of the process."""

    def __init__(self, place: Place, seed: int) -> None:
        super().__init__(place, seed)
        self._movement = TextbookMovement(main_process.stock_sources(), main_process.PROCESS)

    def began(self, uow: UnitOfWork, process: ProcessRow) -> None:
        del uow
        process.state = self._movement.start()

    def moved(self, uow: UnitOfWork, case: Case, element: str, facts: Mapping[str, object]) -> None:
        process = uow.session.get_one(ProcessRow, case.demand.process_id)
        assert process.state is not None
        process.state = self._movement.complete(process.state, element, facts)
        process.revision += 1
