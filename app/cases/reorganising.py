"""A unit is merged into another, split, or closed: its work goes to its heirs, and nothing is lost.

The plan is previewed, then carried out: the catalogue names the heirs in a new version and the unit
is given no new orders at once; its open orders and parts follow one by one in the background; its
people come last. Limits run on: for the requester nothing has changed.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

import orjson
from lxml import etree
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from app import engine
from app.cases import answers, history, notices
from app.cases.charge import put_in_charge
from app.cases.heirs import heir_by
from app.cases.models.city import Category
from app.cases.models.demand import Demand
from app.cases.models.part import Part
from app.cases.models.procedure import Procedure
from app.cases.models.reorganisation import Reorganisation
from app.cases.models.work_order import WorkOrder
from app.cases.notices import register_messages
from app.cases.orders import SUBJECT, take
from app.core import jobs
from app.core.errors import Conflict, Invalid
from app.core.phrase import Phrase
from app.core.uow import UnitOfWork
from app.decisions import registry
from app.decisions.models import DecisionVersion
from app.decisions.xml import Element, local, parse
from app.engine import HumanTaskRow
from app.engine.forms import Field, FieldType, Form, Option
from app.identity.models import HandlingUnit, User
from app.identity.policy import Role, require

JOB = "reorganisation"
PERMISSION = "unit.reorganise"
CATALOGUE = "dispatch_catalogue"


class Kind(StrEnum):
    """What becomes of the unit."""

    MERGED = "merged"
    SPLIT = "split"
    CLOSED = "closed"


FORM = Form(
    (
        Field("unit", FieldType.UNIT, Phrase("被调整的单位", "Unit"), required=True),
        Field(
            "kind",
            FieldType.CHOICE,
            Phrase("调整方式", "What becomes of it"),
            required=True,
            options=(
                Option(Kind.MERGED, Phrase("并入其他单位", "Merged into another")),
                Option(Kind.SPLIT, Phrase("拆分", "Split")),
                Option(Kind.CLOSED, Phrase("撤销", "Closed")),
            ),
        ),
        Field("heir", FieldType.UNIT, Phrase("承接单位", "Heir"), required=True),
        Field(
            "shares",
            FieldType.LONG_TEXT,
            Phrase("拆分：类别代码=单位代码，每行一项", "Split: category=unit, a line each"),
            Phrase(
                "未列出的类别由承接单位承接。",
                "Categories that are not listed go to the heir.",
            ),
            max_length=4000,
        ),
        Field("basis", FieldType.TEXT, Phrase("依据文号", "Document"), required=True,
              max_length=300),
    )
)  # fmt: skip

register_messages(
    {
        "inherited": (
            Role.UNIT_LIAISON,
            Phrase(
                "因机构调整，工单{number}“{title}”转由贵单位继续办理，原时限不变。",
                "Units were reorganised: {number} “{title}” is yours now, with its limits.",
            ),
        )
    }
)


@dataclass(frozen=True, slots=True)
class Plan:
    """What a reorganisation would move, before it is done."""

    unit: HandlingUnit
    heirs: Mapping[str, HandlingUnit]
    """Category → unit, for a split."""
    heir: HandlingUnit
    kind: Kind
    basis: str
    orders: Sequence[tuple[WorkOrder, Demand, HandlingUnit]]
    """Each open order with who takes it."""
    parts: int
    """Open procedures of the unit: co-handling, supervision …"""
    steps: int
    """Open steps that diagrams give to the unit by its code."""
    people: int
    rows: int
    """Rows of the dispatch catalogue that name the unit."""
    other_calendar: bool
    """Whether an heir counts in another calendar: limits that run keep theirs."""


def plan(session: Session, checked: answers.Answers) -> Plan:
    """What the reorganisation would do. Raises `Invalid` with the fields that are wrong."""
    kind = Kind(str(checked["kind"]))
    unit = session.get(HandlingUnit, checked["unit"] or 0)
    heir = session.get(HandlingUnit, checked["heir"] or 0)
    wrong: dict[str, Phrase] = {}
    if unit is None or not unit.active:
        wrong["unit"] = Phrase("请选择在用的单位。", "Choose a unit that is active.")
    if heir is None or not heir.active or heir is unit:
        wrong["heir"] = Phrase("请选择另一个在用的单位。", "Choose another unit that is active.")
    heirs = _heirs(session, str(checked["shares"] or ""), unit, wrong)
    if kind is Kind.SPLIT and not heirs and "shares" not in wrong:
        wrong["shares"] = Phrase("请列出拆分的类别。", "List the categories that go elsewhere.")
    if wrong:
        raise Invalid(Phrase("请更正标出的内容。", "Please correct what is marked."), wrong)
    assert unit is not None  # else it is wrong
    assert heir is not None
    found = session.execute(
        select(WorkOrder, Demand)
        .join(Demand, Demand.id == WorkOrder.demand_id)
        .where(WorkOrder.closed_at.is_(None), WorkOrder.lead_unit_id == unit.id)
        .order_by(Demand.id)
    )
    orders = [(order, demand, heirs.get(demand.category, heir)) for order, demand in found]
    parts = select(func.count()).where(Procedure.unit_id == unit.id, Procedure.closed_at.is_(None))
    open_steps = select(func.count()).where(
        HumanTaskRow.unit_id == unit.id, HumanTaskRow.closed_at.is_(None)
    )
    people = select(func.count()).where(User.unit_id == unit.id)
    codes = {category: one.code for category, one in heirs.items()}
    _text, rows = _rewritten(_newest(session), unit.code, heir.code, codes)
    return Plan(
        unit,
        heirs,
        heir,
        kind,
        str(checked["basis"]),
        orders,
        session.scalar(parts) or 0,
        session.scalar(open_steps) or 0,
        session.scalar(people) or 0,
        rows,
        any(one.calendar_code != unit.calendar_code for one in (heir, *heirs.values())),
    )


def carry_out(uow: UnitOfWork, given: Mapping[str, object]) -> Reorganisation:
    """From now on the unit is given nothing; the ticker moves what it has.

    Raises `NotAllowed`, `Invalid`, or `Conflict` while another reorganisation is under way.
    """
    require(uow.actor, PERMISSION)
    if jobs.is_open(uow.session, JOB):
        raise Conflict(
            Phrase(
                "另一项机构调整还在进行，请等它完成。",
                "Another reorganisation is under way: wait until it is done.",
            )
        )
    planned = plan(uow.session, answers.check(FORM, given, uow.actor.roles))
    shares = {category: one.id for category, one in planned.heirs.items()}
    row = Reorganisation(
        kind=planned.kind,
        unit_id=planned.unit.id,
        heir_id=planned.heir.id,
        plan=orjson.dumps(shares, option=orjson.OPT_SORT_KEYS).decode(),
        basis=planned.basis,
        asked_at=uow.now,
        asked_by_name=uow.actor.name,
    )
    uow.session.add(row)
    planned.unit.active = False
    uow.session.execute(
        update(HandlingUnit)
        .where(HandlingUnit.parent_id == planned.unit.id)
        .values(parent_id=planned.heir.id)
    )
    if planned.rows:
        codes = {category: one.code for category, one in planned.heirs.items()}
        text, _rows = _rewritten(_newest(uow.session), planned.unit.code, planned.heir.code, codes)
        row.catalogue_version = registry.publish(uow, CATALOGUE, text).version
    uow.session.flush()
    jobs.ask(uow, JOB, len(planned.orders))
    return row


def next_cases(session: Session, after: int, most: int) -> Sequence[int]:
    """Cases that a unit under reorganisation still holds something of, by id."""
    units = select(Reorganisation.unit_id).where(Reorganisation.done_at.is_(None))
    led = select(WorkOrder.demand_id).where(
        WorkOrder.closed_at.is_(None),
        WorkOrder.lead_unit_id.in_(units) | WorkOrder.next_unit_id.in_(units),
    )
    with_part = select(Procedure.demand_id).where(
        Procedure.closed_at.is_(None), Procedure.unit_id.in_(units)
    )
    with_step = select(HumanTaskRow.subject_id).where(
        HumanTaskRow.subject_kind == SUBJECT,
        HumanTaskRow.closed_at.is_(None),
        HumanTaskRow.unit_id.in_(units),
    )
    return session.scalars(
        select(Demand.id)
        .where(
            Demand.id > after,
            Demand.id.in_(led) | Demand.id.in_(with_part) | Demand.id.in_(with_step),
        )
        .order_by(Demand.id)
        .limit(most)
    ).all()


def move_case(uow: UnitOfWork, demand_id: int) -> bool:
    """What a unit under reorganisation holds of a case goes to its heir; whether it held any.

    Steps stay where they are and limits run on: the heir takes over as it stands.
    """
    require(uow.actor, PERMISSION)
    case = take(uow, demand_id)
    moved = False
    for row in _under_way(uow.session):
        heir_id = heir_by(row, case.demand.category)
        order = case.order
        leads = order is not None and order.closed_at is None and order.lead_unit_id == row.unit_id
        if order is not None and order.closed_at is None:
            if leads:
                put_in_charge(uow, order, heir_id, uow.now)
            if order.next_unit_id == row.unit_id:
                order.next_unit_id = heir_id
        parts = uow.session.scalars(
            select(Procedure).where(
                Procedure.demand_id == demand_id,
                Procedure.unit_id == row.unit_id,
                Procedure.closed_at.is_(None),
            )
        ).all()
        for part in parts:
            part.unit_id = heir_id
        uow.session.execute(
            update(Part)
            .where(
                Part.giver_unit_id == row.unit_id,
                Part.procedure_id.in_(
                    select(Procedure.id).where(
                        Procedure.demand_id == demand_id, Procedure.closed_at.is_(None)
                    )
                ),
            )
            .values(giver_unit_id=heir_id)
        )
        given = engine.give_tasks(uow, SUBJECT, demand_id, row.unit_id, heir_id)
        if leads or parts or given:
            moved = True
            history.record(
                uow,
                demand_id,
                "reorganise",
                facts={
                    "reorganisation": row.id,
                    "unit_before": row.unit_id,
                    "unit": heir_id,
                    "procedures": [part.id for part in parts],
                    **({"steps": list(given)} if given else {}),
                },
            )
            if leads:
                uow.session.flush()
                notices.tell(uow, case, "inherited")
    return moved


def finish(uow: UnitOfWork) -> int:
    """Everything has moved: the people follow, and the reorganisation is done; how many were."""
    done = _under_way(uow.session)
    for row in done:
        uow.session.execute(
            update(User).where(User.unit_id == row.unit_id).values(unit_id=row.heir_id)
        )
        row.done_at = uow.now
    return len(done)


def reorganisations(session: Session) -> Sequence[Reorganisation]:
    """All of them, the newest first."""
    return session.scalars(select(Reorganisation).order_by(Reorganisation.id.desc())).all()


def with_heirs(session: Session, text: bytes) -> bytes:
    """A shipped catalogue that names heirs where it names units that are gone.

    What the office has reorganised outlives a release and a change of profile.
    """
    for row in session.scalars(select(Reorganisation).order_by(Reorganisation.id)).all():
        unit = session.get_one(HandlingUnit, row.unit_id)
        heir = session.get_one(HandlingUnit, row.heir_id)
        codes = {
            category: session.get_one(HandlingUnit, unit_id).code
            for category, unit_id in orjson.loads(row.plan).items()
        }
        text, _rows = _rewritten(text, unit.code, heir.code, codes)
    return text


def _under_way(session: Session) -> Sequence[Reorganisation]:
    return session.scalars(
        select(Reorganisation).where(Reorganisation.done_at.is_(None)).order_by(Reorganisation.id)
    ).all()


def _heirs(
    session: Session, shares: str, unit: HandlingUnit | None, wrong: dict[str, Phrase]
) -> dict[str, HandlingUnit]:
    """The lines “category=unit”, by code; what is not understood goes into `wrong`."""
    heirs: dict[str, HandlingUnit] = {}
    for line in filter(None, map(str.strip, shares.splitlines())):
        category, _sign, code = (part.strip() for part in line.partition("="))
        found = session.scalar(select(HandlingUnit).where(HandlingUnit.code == code))
        known = session.get(Category, category) is not None
        if found is None or not found.active or found is unit or not known:
            wrong["shares"] = Phrase(
                f"看不懂“{line}”：请写“类别代码=在用单位代码”。",
                f"“{line}” is not understood: write the code of a category, =, that of a unit.",
            )
            continue
        heirs[category] = found
    return heirs


def _newest(session: Session) -> bytes:
    version = registry.newest_version(session, CATALOGUE)
    return session.scalars(
        select(DecisionVersion.xml).where(
            DecisionVersion.key == CATALOGUE, DecisionVersion.version == version
        )
    ).one().encode()  # fmt: skip


def _rewritten(text: bytes, unit: str, heir: str, heirs: Mapping[str, str]) -> tuple[bytes, int]:
    """The catalogue with heirs in place of a unit, and how many rows changed.

    A row for categories that go to several heirs names the one who takes the rest.
    """
    root = parse(text)
    changed = 0
    for rule in [one for one in root.iter() if local(one) == "rule"]:
        inputs = [one for one in rule if local(one) == "inputEntry"]
        categories = re.findall(r'"([a-z_]+)"', _text(inputs[0])) if inputs else []
        takers = {heirs.get(category, heir) for category in categories}
        taker = takers.pop() if len(takers) == 1 else heir
        touched = False
        for entry in (one for one in rule if local(one) == "outputEntry"):
            for part in (one for one in entry if local(one) == "text"):
                before = part.text or ""
                part.text = before.replace(f'"{unit}"', f'"{taker}"')
                touched = touched or part.text != before
        changed += touched
    if not changed:
        return text, 0
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8") + b"\n", changed


def _text(entry: Element) -> str:
    return "".join(str(part.text or "") for part in entry if local(part) == "text")
