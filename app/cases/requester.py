"""Who asked: shown as far as the table `confidentiality` lets the reader see; the rest on
request, which is recorded.
"""

from dataclasses import dataclass

from sqlalchemy.orm import Session

from app.cases import history, tables
from app.cases.models.demand import Demand
from app.cases.orders import take
from app.core.errors import NotAllowed
from app.core.phrase import Phrase
from app.core.uow import Actor, UnitOfWork
from app.identity.policy import Role, may, require

TABLE = "confidentiality"

NAME, PHONE = "requester_name", "requester_phone"
ADDRESS, CONTENT = "address", "content"

PERSONAL = frozenset({NAME, PHONE})
"""Answers that stand nowhere but where they may be looked at by intent."""

_OPENNESS = ("hidden", "masked", "shown")


@dataclass(frozen=True, slots=True)
class Requester:
    """Name and number of a requester, as far as the reader may see them."""

    name: str
    phone: str


@dataclass(frozen=True, slots=True)
class View:
    """How one role sees one field; `word` stands in place of what is hidden."""

    openness: int
    full: bool
    """It may be looked at in full, which is recorded."""
    word: Phrase
    refusal: Phrase | None


def masked(session: Session, demand: Demand, actor: Actor, language: str) -> Requester:
    """What the actor sees without asking for more."""
    name, phone = (_view(session, demand, actor.roles, field) for field in (NAME, PHONE))
    return Requester(
        _shown(name, demand.requester_name, _short_name(demand.requester_name), language),
        _shown(phone, demand.requester_phone, _short_phone(demand.requester_phone), language),
    )


def shown(session: Session, demand: Demand, actor: Actor, field: str, language: str) -> str:
    """Place or content as far as the actor may see it; nobody may ask for more."""
    view = _view(session, demand, actor.roles, field)
    return str(getattr(demand, field)) if view.openness else view.word.in_language(language)


def hidden(session: Session, demand: Demand, roles: frozenset[str]) -> frozenset[str]:
    """The fields of the registration that somebody with these roles must not read."""
    return frozenset(
        field for field in (ADDRESS, CONTENT) if not _view(session, demand, roles, field).openness
    )


def may_unmask(session: Session, demand: Demand, actor: Actor, unit_id: int | None) -> bool:
    """Whether the actor may look at the full number of a demand that belongs to `unit_id`."""
    return (
        bool(demand.requester_phone)
        and may(actor, "requester.unmask", unit_id)
        and _view(session, demand, actor.roles, PHONE).full
    )


def unmask(uow: UnitOfWork, demand_id: int) -> Requester:
    """The full name and number; who looked is recorded in the history.

    Raises `NotAllowed` where the table keeps them from every role of the actor.
    """
    case = take(uow, demand_id)
    require(uow.actor, "requester.unmask", case.unit_id)
    for field in (NAME, PHONE):
        view = _view(uow.session, case.demand, uow.actor.roles, field)
        if not view.full:
            assert view.refusal is not None  # a row that withholds says why
            raise NotAllowed(view.refusal)
    history.record(uow, demand_id, "unmask")
    return Requester(case.demand.requester_name, case.demand.requester_phone)


def _view(session: Session, demand: Demand, given: frozenset[str], field: str) -> View:
    """The widest view that one of the given roles has; without a known role, the public's."""
    roles = sorted(given & frozenset(Role)) or ["public"]
    views = [_view_of_role(session, demand, role, field) for role in roles]
    return max(views, key=lambda view: (view.openness, view.full))


def _view_of_role(session: Session, demand: Demand, role: str, field: str) -> View:
    """The newest table's answer; a page asks the same for many demands, the table once."""
    known: dict[tuple[object, ...], View] = session.info.setdefault(TABLE, {})
    asked = (field, role, demand.anonymous, demand.confidential)
    if asked not in known:
        outputs = tables.answer(
            session,
            demand,
            TABLE,
            {
                "field": field,
                "role": role,
                "anonymous": demand.anonymous,
                "confidential": demand.confidential,
            },
        ).outputs
        known[asked] = View(
            openness=_OPENNESS.index(str(outputs["view"])),
            full=bool(outputs["full"]),
            word=Phrase(str(outputs["word"]), str(outputs["word_en"])),
            refusal=None
            if outputs["refusal"] is None
            else Phrase(str(outputs["refusal"]), str(outputs["refusal_en"])),
        )
    return known[asked]


def _shown(view: View, full: str, short: str, language: str) -> str:
    return (view.word.in_language(language), short, full)[view.openness]


def _short_name(name: str) -> str:
    return f"{name[:1]}{'*' * min(2, len(name) - 1)}" if len(name) > 1 else name


def _short_phone(phone: str) -> str:
    return f"{phone[:3]}****{phone[-4:]}" if len(phone) >= 8 else "****"
