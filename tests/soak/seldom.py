"""What an office does beside its orders, or seldom: each attempt is made up from what there is.

An attempt names the permission it is for; who makes it is chosen elsewhere, rightly or not.
"""

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from app.cases import acts, bulk, calling_back, catalogue, free_hand, knowledge, reorganising
from app.cases.calling_back import DIMENSIONS
from app.cases.extending import CLOCK, GROUNDS
from app.cases.models.bulk_extension import BulkExtension, BulkStatus
from app.cases.models.extension import ExtensionRequest
from app.cases.models.rating import RatingLink
from app.cases.models.work_order import Callback, WorkOrder
from app.cases.orders import find
from app.core.clock import CHINA
from app.core.errors import Conflict
from app.core.uow import Actor, UnitOfWork
from app.engine import ClockRow
from app.identity.directory import actor_of
from app.identity.models import HandlingUnit, User, UserRole
from app.identity.policy import Role
from app.supervision import superior
from tests.soak.filling import City, filled

RATINGS = ("satisfied", "basically_satisfied", "dissatisfied", "")


@dataclass(frozen=True, slots=True)
class Situation:
    """What there is when an attempt is made up."""

    session: Session
    chance: random.Random
    city: City
    now: datetime
    demand: int | None
    """A case to do something with."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """Something to try, as one of those with the permission or as anybody; the case it is about."""

    what: str
    permission: str
    do: Callable[[UnitOfWork], object]
    demand: int | None = None
    who: Actor | None = None
    """Who tries it, where only one unit's people may."""


def ask_for_many(given: Situation) -> Attempt:
    """More time for all orders of a kind; sometimes for none, or without end."""
    chance = given.chance
    query = bulk.Query(
        district=chance.choice(["", *given.city.districts]),
        category=chance.choice(["", *given.city.categories]),
        unit_id=chance.choice([None, *given.city.units]),
        arrived_from=chance.choice([None, given.now - timedelta(days=chance.randint(1, 20))]),
    )
    days, ground = chance.choice([0, 1, 3, 5, 15, 90]), chance.choice(sorted(GROUNDS))
    return Attempt(
        "ask for a bulk extension",
        "bulk_extension.ask",
        lambda uow: bulk.ask(uow, query, days, ground, "连日暴雨。"),
    )


def decide_for_many(given: Situation) -> Attempt | None:
    waiting = given.session.scalars(
        select(BulkExtension.id).where(BulkExtension.status == BulkStatus.WAITING)
    ).all()
    if not waiting:
        return None
    chosen, approved = given.chance.choice(waiting), given.chance.random() < 0.8
    opinion = given.chance.choice(["", "情况属实。"])
    return Attempt(
        "decide on a bulk extension",
        "bulk_extension.decide",
        lambda uow: bulk.decide(uow, chosen, approved=approved, opinion=opinion),
    )


def use_the_free_hand(given: Situation) -> Attempt | None:
    """An order is put elsewhere, given to another unit, or ended."""
    chance, demand = given.chance, given.demand
    if demand is None:
        return None
    why = {"reason": "值班长处置。", "evidence": chance.choice(["会议纪要3号", ""])}
    move = chance.choices(list(free_hand.Move), [6, 3, 1])[0]
    answers: dict[str, object] = dict(why)
    if move is free_hand.Move.REASSIGN:
        answers["unit"] = str(chance.choice(given.city.units))
    if move is free_hand.Move.JUMP:
        answers["node"] = chance.choice(_nodes(given.session, demand) or ["close"])
    does = {
        free_hand.Move.JUMP: free_hand.jump,
        free_hand.Move.REASSIGN: free_hand.reassign,
        free_hand.Move.CANCEL: free_hand.cancel,
    }[move]
    return Attempt(
        f"free hand: {move}", free_hand.PERMISSION, lambda uow: does(uow, demand, answers), demand
    )


def _nodes(session: Session, demand: int) -> list[str]:
    try:
        return [plan.element.id for plan in free_hand.plans(session, find(session, demand))]
    except Conflict:
        return []


def rate_by_link(given: Situation) -> Attempt | None:
    """A requester follows a link: a fresh one, or an old one from a message that was kept."""
    since = given.now - timedelta(days=given.chance.choice([2, 2, 2, 60]))
    links = given.session.execute(
        select(RatingLink.code, WorkOrder.demand_id)
        .join(WorkOrder, WorkOrder.id == RatingLink.order_id)
        .where(RatingLink.sent_at > since)
        .order_by(RatingLink.used_at.is_not(None), RatingLink.id.desc())
        .limit(20)
    ).all()
    if not links:
        return None
    code, demand = given.chance.choice(links)
    answers: Mapping[str, object] = {
        **{name: given.chance.choice(RATINGS) for name in calling_back.DIMENSIONS},
        "solved": given.chance.choice(["yes", "no"]),
    }
    return Attempt(
        "rate by link", "", lambda uow: calling_back.rate_by_link(uow, code, answers), demand
    )


def import_report(given: Situation) -> Attempt | None:
    """The superior's daily report lists orders of ours, and one that nobody knows."""
    numbers = given.session.scalars(
        select(WorkOrder.number).order_by(WorkOrder.id.desc()).limit(300)
    ).all()
    if not numbers:
        return None
    listed = [*given.chance.sample(numbers, min(len(numbers), given.chance.randint(1, 4)))]
    text = "\n".join([*listed, "GD9912310001"])
    day = given.now.astimezone(CHINA).date()
    return Attempt(
        "import the superior's report",
        "supervision.import",
        lambda uow: superior.adopt(uow, day, text),
    )


def ask_for_time(given: Situation) -> Attempt | None:
    """A unit whose limit still runs asks for a day more; preferably one that was granted some."""
    granted = func.count(ExtensionRequest.days_granted)
    found = given.session.execute(
        select(WorkOrder.demand_id, WorkOrder.lead_unit_id)
        .join(ClockRow, ClockRow.subject_id == WorkOrder.demand_id)
        .outerjoin(ExtensionRequest, ExtensionRequest.clock_id == ClockRow.id)
        .where(
            ClockRow.name == CLOCK,
            ClockRow.stopped_at.is_(None),
            ClockRow.paused_at.is_(None),
            ClockRow.due_at > given.now + timedelta(days=1),
            WorkOrder.lead_unit_id.is_not(None),
        )
        .group_by(WorkOrder.demand_id, WorkOrder.lead_unit_id)
        .order_by(granted.desc(), WorkOrder.demand_id.desc())
        .limit(5)
    ).all()
    answers = {"days": "1", "ground": "complex", "extension_reason": "须会商。",
               "legal_basis": "办法第二十条"}  # fmt: skip
    return _of_unit(given, [(one[0], one[1]) for one in found], "extension_asked", answers)


def object_to_a_rating(given: Situation) -> Attempt | None:
    """The unit that a requester was dissatisfied with finds that it was not its fault."""
    dissatisfied = [getattr(Callback, name) == "dissatisfied" for name in DIMENSIONS]
    found = given.session.execute(
        select(WorkOrder.demand_id, Callback.unit_id)
        .join(WorkOrder, WorkOrder.id == Callback.order_id)
        .where(
            or_(Callback.solved.is_(False), *dissatisfied),
            Callback.called_at > given.now - timedelta(days=3),
            Callback.unit_id.is_not(None),
        )
        .order_by(Callback.id.desc())
        .limit(20)
    ).all()
    answers = {"objection_ground": "law_forbids", "objection_statement": "依法不能撤销。"}
    return _of_unit(given, [(one[0], one[1]) for one in found], "rating_objected", answers)


def _of_unit(
    given: Situation,
    cases: Sequence[tuple[int, int | None]],
    element: str,
    answers: Mapping[str, object],
) -> Attempt | None:
    """What a liaison of the unit may set going just now on one of the cases."""
    if not cases:
        return None
    demand, unit_id = cases[int(len(cases) * given.chance.triangular(0, 0.999, 0))]
    liaisons = given.session.scalars(
        select(User)
        .join(UserRole)
        .where(User.unit_id == unit_id, UserRole.role == Role.UNIT_LIAISON)
        .order_by(User.id)
    ).all()
    for who in (actor_of(user) for user in liaisons):
        for act in acts.acts_of(given.session, find(given.session, demand), who, given.now):
            if act.element.id == element and act.why_not is None:
                ask = partial(acts.act, demand_id=demand, key=act.key, given=answers)
                return Attempt(f"act {element}", "", ask, demand, who)
    return None


def review_catalogue(given: Situation) -> Attempt | None:
    """What a ruling would change in the catalogue is published, or turned down."""
    changes = [change.id for change in catalogue.waiting(given.session)]
    if not changes:
        return None
    chosen, remark = given.chance.choice(changes), given.chance.choice(["", "按裁定。"])
    decide = given.chance.choice([catalogue.publish, catalogue.publish, catalogue.turn_down])
    return Attempt(
        f"catalogue: {decide.__name__}",
        "catalogue.review",
        lambda uow: decide(uow, chosen, remark),
    )


def keep_knowledge(given: Situation) -> Attempt | None:
    """A gap in the knowledge base is filled, or said to be none."""
    gaps = [one.gap.id for one in knowledge.gaps(given.session)]
    if not gaps:
        return None
    gap = given.chance.choice(gaps[:20])
    if given.chance.random() < 0.3:
        return Attempt(
            "knowledge: dismiss",
            "knowledge.edit",
            lambda uow: knowledge.dismiss_gap(uow, gap, "仅涉及个案。"),
        )
    answers = filled(knowledge.FORM, given.city, given.chance, given.now, {})

    def fill(uow: UnitOfWork) -> None:
        item = knowledge.write(uow, answers)
        uow.session.flush()
        knowledge.fill_gap(uow, gap, item.id)
        knowledge.publish(uow, item.id)

    return Attempt("knowledge: fill", "knowledge.edit", fill)


def reorganise(given: Situation) -> Attempt | None:
    """A unit is merged into another, split or closed."""
    units = given.session.scalars(
        select(HandlingUnit).where(HandlingUnit.active).order_by(HandlingUnit.id)
    ).all()
    gone, heir, other = given.chance.sample(units, 3)
    kind = given.chance.choice(list(reorganising.Kind))
    answers: dict[str, object] = {
        "unit": str(gone.id),
        "kind": str(kind),
        "heir": str(heir.id),
        "shares": f"noise={other.code}" if kind is reorganising.Kind.SPLIT else "",
        "basis": f"机构改革〔{given.now.year}〕{given.chance.randint(1, 99)}号",
    }
    return Attempt(
        f"reorganise: {kind}",
        reorganising.PERMISSION,
        lambda uow: reorganising.carry_out(uow, answers),
    )


KINDS: tuple[tuple[Callable[[Situation], Attempt | None], int], ...] = (
    (use_the_free_hand, 25),
    (rate_by_link, 25),
    (ask_for_time, 15),
    (object_to_a_rating, 10),
    (review_catalogue, 5),
    (keep_knowledge, 5),
    (decide_for_many, 5),
    (ask_for_many, 5),
    (import_report, 5),
)
"""How often each is tried among a hundred; units are reorganised once in some months."""
