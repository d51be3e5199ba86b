"""Who asked: shown shortened; the full name and number on request, which is recorded."""

from dataclasses import dataclass

from app.cases import history
from app.cases.models.demand import Demand
from app.cases.orders import take
from app.core.errors import NotAllowed
from app.core.phrase import Phrase
from app.core.uow import UnitOfWork
from app.identity.policy import UNIT_ROLES, require


@dataclass(frozen=True, slots=True)
class Requester:
    """Name and number of a requester, as far as the reader may see them."""

    name: str
    phone: str


ANONYMOUS = Phrase("匿名", "Anonymous")
SEALED = Phrase("保密", "Confidential")


def masked(demand: Demand, language: str) -> Requester:
    """What everybody sees: family name and the ends of the number; nothing of sealed demands."""
    if demand.anonymous:
        return Requester(ANONYMOUS.in_language(language), "")
    if demand.confidential:
        return Requester(SEALED.in_language(language), "")
    return Requester(_short_name(demand.requester_name), _short_phone(demand.requester_phone))


def unmask(uow: UnitOfWork, demand_id: int) -> Requester:
    """The full name and number; who looked is recorded in the history.

    Raises `NotAllowed` for people of units when the requester asked for confidentiality.
    """
    case = take(uow, demand_id)
    require(uow.actor, "requester.unmask", case.unit_id)
    if case.demand.confidential and not uow.actor.roles - UNIT_ROLES:
        raise NotAllowed(
            Phrase(
                "诉求人要求保密，联系须通过热线中心转达。",
                "The requester asked for confidentiality: contact them through the centre.",
            )
        )
    history.record(uow, demand_id, "unmask")
    return Requester(case.demand.requester_name, case.demand.requester_phone)


def _short_name(name: str) -> str:
    return f"{name[:1]}{'*' * min(2, len(name) - 1)}" if len(name) > 1 else name


def _short_phone(phone: str) -> str:
    return f"{phone[:3]}****{phone[-4:]}" if len(phone) >= 8 else "****"
