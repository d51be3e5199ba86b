"""The dispatch catalogue learns from rulings: a ruling's row, drafted, reviewed, published.

A row of a ruling stands before the rows of the office, and replaces that of an earlier ruling on
the same matter. Nobody reviews their own ruling.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from lxml import etree
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.cases import history, tables
from app.cases.models.demand import Demand
from app.cases.models.dispute import CatalogueChange, Dispute, Ruling
from app.cases.models.work_order import WorkOrder
from app.cases.orders import take
from app.core.errors import Conflict, Invalid, NotAllowed, NotFound
from app.core.phrase import Phrase
from app.core.uow import UnitOfWork
from app.decisions import registry
from app.decisions.models import DecisionVersion
from app.decisions.xml import Element, local, parse
from app.identity.models import HandlingUnit
from app.identity.policy import require

KEY = "dispatch_catalogue"

_PREFIX = "ruling_"
"""What the id of a ruling's row begins with."""


@dataclass(frozen=True, slots=True)
class Difference:
    """What a change would make of the catalogue's answer for its matter: units by code."""

    version: int | None
    row: int
    lead_before: str
    co_before: tuple[str, ...]
    lead_after: str
    co_after: tuple[str, ...]


def draft(uow: UnitOfWork, demand: Demand, ruling: Ruling, at: datetime) -> CatalogueChange:
    """The change that a ruling asks for; it waits for a second person."""
    change = CatalogueChange(
        ruling_id=ruling.id, category=demand.category, district=demand.district, drafted_at=at
    )
    uow.session.add(change)
    uow.session.flush()
    return change


def publish(uow: UnitOfWork, change_id: int, remark: str) -> CatalogueChange:
    """A second person agrees: the row becomes part of a new version of the catalogue.

    Raises `NotAllowed` for who ruled, `Conflict` when somebody was first, `Invalid` or
    `DecisionError` when the new table is not sound.
    """
    change = _open(uow, change_id)
    newest = uow.session.scalars(
        select(DecisionVersion)
        .where(DecisionVersion.key == KEY)
        .order_by(DecisionVersion.version.desc())
        .limit(1)
        .with_for_update()
    ).one()
    text = _with_rows(newest.xml.encode(), [(change, *_codes(uow.session, change.ruling))])
    change.version = registry.publish(uow, KEY, text).version
    _decided(uow, change, remark)
    return change


def turn_down(uow: UnitOfWork, change_id: int, remark: str) -> CatalogueChange:
    """A second person finds that the ruling is for this one order only. Raises like `publish`."""
    change = _open(uow, change_id)
    if not remark.strip():
        raise Invalid(
            Phrase("不写入目录的，须写明理由。", "Say why it is not written into the catalogue.")
        )
    _decided(uow, change, remark)
    return change


def with_rulings(session: Session, text: bytes) -> bytes:
    """A shipped catalogue with the rows of all rulings that were published, in their order.

    What the office has ruled outlives a release and a change of profile.
    """
    changes = session.scalars(
        select(CatalogueChange)
        .where(CatalogueChange.version.is_not(None))
        .order_by(CatalogueChange.version)
    ).all()
    if not changes:
        return text
    return _with_rows(text, [(one, *_codes(session, one.ruling)) for one in changes])


def ruled_rows(text: bytes) -> set[str]:
    """The numbers of the rulings that have a row in this catalogue. Raises `DecisionError`."""
    return {
        rule_id.removeprefix(_PREFIX)
        for element in parse(text).iter()
        if local(element) == "rule" and (rule_id := element.get("id") or "").startswith(_PREFIX)
    }


def waiting(session: Session) -> Sequence[CatalogueChange]:
    """The changes that wait for a second person, the oldest first."""
    return session.scalars(
        select(CatalogueChange)
        .where(CatalogueChange.decided_at.is_(None))
        .order_by(CatalogueChange.id)
    ).all()


def difference(session: Session, change: CatalogueChange) -> Difference:
    """What the newest catalogue says of the matter now, and what it would say."""
    matter = {"category": change.category, "district": change.district}
    answer = tables.answer(session, None, KEY, matter)
    lead, co_units = _codes(session, change.ruling)
    row = answer.evidence.rows[0]
    return Difference(
        answer.evidence.version,
        row.index,
        str(answer.outputs["lead_unit"]),
        tuple(str(code) for code in answer.outputs["co_units"] or ()),
        lead,
        tuple(co_units),
    )


def ruling_behind(session: Session, order: WorkOrder) -> Ruling | None:
    """The ruling by which an order went to its unit: the newest that the catalogue carried when
    it was dispatched, where the order went to the unit that it names.
    """
    demand = order.demand
    if order.dispatched_at is None:
        return None
    change = session.scalar(
        select(CatalogueChange)
        .where(
            CatalogueChange.category == demand.category,
            CatalogueChange.district == demand.district,
            CatalogueChange.version.is_not(None),
            CatalogueChange.decided_at <= order.dispatched_at,
        )
        .order_by(CatalogueChange.version.desc())
        .limit(1)
    )
    if change is None or change.ruling.lead_unit_id != order.lead_unit_id:
        return None
    return change.ruling


def fallback_owner(session: Session, demand: Demand) -> str:
    """The code of the unit that governs the place: the catalogue's answer to what it lacks."""
    matter = {"category": "", "district": demand.district}
    return str(tables.answer(session, demand, KEY, matter).outputs["lead_unit"])


def _open(uow: UnitOfWork, change_id: int) -> CatalogueChange:
    require(uow.actor, "catalogue.review")
    change = uow.session.get(CatalogueChange, change_id, with_for_update=True)
    if change is None:
        raise NotFound(Phrase("没有这项目录变更。", "There is no such change."))
    if change.decided_at is not None:
        raise Conflict(
            Phrase(
                f"这项目录变更已由{change.decided_by_name}审核，请刷新查看。",
                f"{change.decided_by_name} has decided on this change: reload and look.",
            )
        )
    if change.ruling.ruled_by is not None and change.ruling.ruled_by == uow.actor.user_id:
        raise NotAllowed(
            Phrase(
                "裁定人不能审核自己的裁定，请由另一位派单员或协调员审核。",
                "Nobody reviews their own ruling: another dispatcher or coordinator must.",
            )
        )
    return change


def _decided(uow: UnitOfWork, change: CatalogueChange, remark: str) -> None:
    change.decided_at, change.decided_by_name = uow.now, uow.actor.name
    change.remark = remark.strip()
    demand_id = uow.session.scalars(
        select(WorkOrder.demand_id)
        .join(Dispute, Dispute.order_id == WorkOrder.id)
        .where(Dispute.id == change.ruling.dispute_id)
    ).one()
    take(uow, demand_id)  # what was due of it stands in its history before this
    history.record(
        uow,
        demand_id,
        "change_catalogue",
        facts={"ruling": change.ruling.number, "version": change.version},
    )


def _codes(session: Session, ruling: Ruling) -> tuple[str, list[str]]:
    unit = session.get_one(HandlingUnit, ruling.lead_unit_id)
    return unit.code, ruling.co_units.split()


def _with_rows(text: bytes, changes: Sequence[tuple[CatalogueChange, str, list[str]]]) -> bytes:
    root = parse(text)
    table = next(
        element
        for element in root.iter()
        if local(element) == "decisionTable" and _decision(element) == KEY
    )
    for change, lead, co_units in changes:
        _insert(table, change, lead, co_units)
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8") + b"\n"


def _insert(table: Element, change: CatalogueChange, lead: str, co_units: list[str]) -> None:
    number = change.ruling.number
    entries = [f'"{change.category}"', f'"{change.district}"']
    rules = [child for child in table if local(child) == "rule"]
    for rule in rules:
        if (rule.get("id") or "").startswith(_PREFIX) and _inputs(rule) == entries:
            table.remove(rule)
    first = next(child for child in table if local(child) == "rule")
    tag = first.tag.rpartition("}")[0] + "}"
    row = etree.Element(f"{tag}rule", id=f"{_PREFIX}{number}")
    outputs = {
        "lead_unit": f'"{lead}"',
        "co_units": "[" + ", ".join(f'"{code}"' for code in co_units) + "]",
        "reason": f'"按协调裁定 {number} 派单"',
        "reason_en": f'"Dispatched by ruling {number}"',
    }
    names = [child.get("name") for child in table if local(child) == "output"]
    notes = [child for child in table if local(child) == "annotation"]
    for index, entry in enumerate(entries, 1):
        _entry(row, f"{tag}inputEntry", f"{number}_input_{index}", entry)
    for index, name in enumerate(names, 1):
        _entry(row, f"{tag}outputEntry", f"{number}_output_{index}", outputs[str(name)])
    for index, _note in enumerate(notes):
        _entry(row, f"{tag}annotationEntry", None, f"协调裁定 {number}" if not index else "[P]")
    row.tail = "\n      "
    table.insert(table.index(first), row)


def _entry(row: Element, tag: str, key: str | None, words: str) -> None:
    entry = etree.SubElement(row, tag)
    if key is not None:
        entry.set("id", f"{_PREFIX}{key}")
    etree.SubElement(entry, tag.rpartition("}")[0] + "}text").text = words


def _inputs(rule: Element) -> list[str]:
    return [
        "".join(str(text) for text in child.itertext()).strip()
        for child in rule
        if local(child) == "inputEntry"
    ]


def _decision(table: Element) -> str | None:
    parent = table.getparent()
    return None if parent is None else parent.get("id")
