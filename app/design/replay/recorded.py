"""What was done to real cases, read back from their history so that it can be done again.

Personal data and free text stay behind. Phones and places get stand-ins that are equal where they
were equal; texts are written in letters of their own, one for one, so that texts that were alike
are alike still. Choices, dates, units and numbers of orders are what rules read: they are kept.
"""

import hashlib
import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any

import orjson
from sqlalchemy import Table, and_, or_, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from app.cases.likeness import letters_of, place_of
from app.cases.models.demand import Demand
from app.cases.models.history import HistoryEntry
from app.cases.models.procedure import Procedure
from app.cases.models.rating import JoinedRating
from app.cases.models.repeat import RelatedDemand
from app.cases.models.work_order import Callback, RatingWay, StepRecord, WorkOrder
from app.cases.orders import SUBJECT
from app.cases.rechecking import KIND as RECHECK
from app.core.db import Base
from app.engine import ClockRow, ClockRungRow, HumanTaskRow
from app.supervision import superior

AT_ONCE = 500
"""Cases that one question to the database names."""

FEWEST, MOST, PARTS = 50, 250, 32
"""Cases of a part, at least and about at most, and how many parts there are where neither counts: a
part is run by one process in an office of its own, whose daily rounds cost the same for any number.
"""

FREE_HAND = ("free_hand_jump", "free_hand_reassign", "free_hand_cancel")
NOT_REPLAYED = ("unmask", "open_identity", "try_again", "hold", "return_to_110")
"""What moves no limit: looks, the repair of processes, and the answer given to 110."""

NOT_YET = datetime(9000, 1, 1, tzinfo=UTC)
"""When a rung is told that the ticker had not told by the end of the record."""

_NUMBER = re.compile(r"[A-Z]{2}\d{10,16}")
"""A number of a case: the same in a replay."""

_FIRST_LETTER = 0x3400
_ADDRESSES = frozenset({"address"})
_PHONES = frozenset({"requester_phone"})
_PLAIN = re.compile(r"[A-Za-z_0-9.:+\-]{1,40}|\d{4}-\d\d-\d\d[ T][0-9:.+\-]+")
"""What is no free text: codes of choices, numbers, dates."""

ProcedureKey = tuple[str, int]
"""A procedure of a case: its kind, and which of that kind it is, from 1; the main process: `""`."""

MAIN: ProcedureKey = ("", 0)


@dataclass(frozen=True, slots=True)
class Who:
    """Who did something: the number of a person, no name."""

    user_id: int | None
    unit_id: int | None


@dataclass(frozen=True, slots=True)
class Deed:
    """Something that was done to a case, at its instant."""

    at: datetime
    order: int
    """Which of several of one instant comes first."""
    demand: int
    kind: str
    """`arrive`, `step`, `rate`, `joined_rating`, `recheck`, `recount`, `reorganise`, `bulk`,
    `report`, or one of the free hand."""
    who: Who
    element: str = ""
    procedure: ProcedureKey = MAIN
    answers: Mapping[str, object] = field(default_factory=dict)
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Opened:
    """A task as it was: when it opened, when it was closed, and how."""

    opened_at: datetime
    closed_at: datetime | None
    how: str | None


@dataclass(frozen=True, slots=True)
class Earlier:
    """A demand from before the record that one of the record was about: it stands there, and
    nothing is done to it.
    """

    demand: Mapping[str, Any]
    """The columns of its row, without what is personal."""
    order: Mapping[str, Any] | None
    related: Mapping[str, Any] | None


TaskKey = tuple[str, ProcedureKey]
"""Which task of a case: its element, and the procedure it is in."""

Ladder = tuple[ProcedureKey, str, int, str, datetime]
"""A rung of a case: procedure, clock, run, rung and the instant it was due."""


@dataclass(slots=True)
class RecordedCase:
    """What is known of one real case."""

    id: int
    number: str
    order_number: str | None
    deeds: list[Deed] = field(default_factory=list)
    tasks: dict[TaskKey, list[Opened]] = field(default_factory=lambda: defaultdict(list))
    told: dict[Ladder, datetime] = field(default_factory=dict)
    """When the ticker told a rung, or that it has not yet: an outage of the ticker is part of what
    happened.
    """
    found_like: dict[datetime, int] = field(default_factory=dict)
    """When it was found to belong with which demand."""
    beside: set[int] = field(default_factory=set)
    """The cases that something of it was about."""

    def looked_at(self, due: datetime) -> datetime:
        """When somebody looked at the case for what was due: as long as a rung that was due before
        had not been told, nobody did.
        """
        late = (told for (*_rung, then), told in self.told.items() if then <= due < told)
        return max(late, default=due)


@dataclass(frozen=True, slots=True)
class Recording:
    """Cases that are replayed together, as they influence each other or are few."""

    cases: Mapping[int, RecordedCase]
    earlier: Mapping[int, Earlier]
    not_replayed: Mapping[str, int]

    @property
    def deeds(self) -> list[Deed]:
        """Everything that was done, in its order."""
        found = [deed for case in self.cases.values() for deed in case.deeds]
        return sorted(found, key=lambda deed: (deed.at, deed.order, deed.demand))


def parts(session: Session, since: datetime, until: datetime) -> list[list[int]]:
    """The demands registered from `since` to before `until`, in parts that do not touch each other.

    Together are those that were merged or related, and those with the same phone. How many a part
    has depends on how many there are, and not on the machine; the last part may have fewer.
    """
    rows = session.execute(
        select(Demand.id, Demand.requester_phone, Demand.merged_into_id)
        .where(
            Demand.arrived_at >= since,
            Demand.arrived_at < until,
            Demand.registered_at.is_not(None),
        )
        .order_by(Demand.id)
    ).all()
    ids = [row.id for row in rows]
    groups = _Groups(ids)
    first: dict[str, int] = {}
    for row in rows:
        if row.requester_phone:
            groups.join(row.id, first.setdefault(row.requester_phone, row.id))
        if row.merged_into_id is not None:
            groups.join(row.id, row.merged_into_id)
    for some in _some(ids, AT_ONCE):
        for related in session.scalars(
            select(RelatedDemand).where(RelatedDemand.demand_id.in_(some))
        ):
            groups.join(related.demand_id, related.earlier_id)
            groups.join(related.demand_id, related.matter_id)
        for demand_id, _at, earlier in _found_like(session, some):
            groups.join(demand_id, earlier)
    return list(_packed(groups.members(), min(MOST, max(FEWEST, len(ids) // PARTS))))


def read(session: Session, demands: Sequence[int]) -> Recording:
    """Everything that was done to these demands, without what is personal."""
    cases: dict[int, RecordedCase] = {}
    procedures: dict[int, ProcedureKey] = {0: MAIN}
    skipped: Counter[str] = Counter()
    letters = Letters()
    for some in _some(demands, AT_ONCE):
        _cases(session, some, cases)
        _procedures(session, some, procedures)
        _tasks(session, some, cases, procedures)
        _rungs(session, some, cases, procedures)
    earlier = _earlier(session, cases, letters)
    numbers = _order_numbers(cases, earlier)
    for some in _some(demands, AT_ONCE):
        _entries(session, some, cases, procedures, letters, skipped, numbers)
        _ratings(session, some, cases)
    return Recording(cases, earlier, dict(skipped))


def procedure_keys(session: Session, demand_id: int) -> dict[int, ProcedureKey]:
    """The procedures of a case by id: of which kind each is, and which of that kind."""
    counted: Counter[str] = Counter()
    found = {0: MAIN}
    for procedure_id, kind in session.execute(
        select(Procedure.id, Procedure.kind)
        .where(Procedure.demand_id == demand_id)
        .order_by(Procedure.id)
    ):
        counted[kind] += 1
        found[procedure_id] = kind, counted[kind]
    return found


def _some(ids: Sequence[int], most: int) -> Iterator[Sequence[int]]:
    for start in range(0, len(ids), most):
        yield ids[start : start + most]


class Letters:
    """Letters of its own for every letter of a text: what was alike is alike still, and nothing can
    be read. Which one is given to which depends on the order of the texts alone.
    """

    def __init__(self) -> None:
        self._of: dict[str, str] = {}
        self._numbers: dict[str, int] = {}

    def text(self, text: str) -> str:
        """A text in letters that no word of the hotline has; an empty one stays empty."""
        core = letters_of(text).core
        return "".join(map(self._letter, core)) or ("㐀" if text.strip() else "")

    def address(self, address: str) -> str:
        """A place with another name and other numbers, the same for the same."""
        place = place_of(unicodedata.normalize("NFKC", address))
        name = "".join(map(self._letter, place.name))
        number = f"{self._count(place.number)}号" if place.number else ""
        building = f"{self._count(place.building)}号楼" if place.building else ""
        return name + number + building or ("㐀" if address.strip() else "")

    def _letter(self, letter: str) -> str:
        return self._of.setdefault(letter, chr(_FIRST_LETTER + len(self._of)))

    def _count(self, number: str) -> int:
        return self._numbers.setdefault(number, len(self._numbers) + 1)


def phone(given: str) -> str:
    """A number that nobody has, the same for the same."""
    plain = given.replace(" ", "").replace("-", "").removeprefix("+86")
    digits = int.from_bytes(hashlib.sha256(plain.encode()).digest()[:8]) % 10**9
    return f"10{digits:09d}" if plain else ""


class _Groups:
    """Which demands belong together."""

    def __init__(self, ids: Iterable[int]) -> None:
        self._above = {one: one for one in ids}

    def join(self, one: int, other: int) -> None:
        if one in self._above and other in self._above:
            low, high = sorted((self._top(one), self._top(other)))
            self._above[high] = low

    def members(self) -> list[list[int]]:
        found: dict[int, list[int]] = defaultdict(list)
        for one in self._above:
            found[self._top(one)].append(one)
        return list(found.values())

    def _top(self, one: int) -> int:
        while self._above[one] != one:
            self._above[one] = self._above[self._above[one]]
            one = self._above[one]
        return one


def _packed(groups: Iterable[list[int]], together: int) -> Iterator[list[int]]:
    packed: list[int] = []
    for group in groups:
        packed += group
        if len(packed) >= together:
            yield sorted(packed)
            packed = []
    if packed:
        yield sorted(packed)


def _cases(session: Session, some: Collection[int], cases: dict[int, RecordedCase]) -> None:
    rows = session.execute(
        select(Demand.id, Demand.number, WorkOrder.number, Demand.merged_into_id)
        .outerjoin(WorkOrder, WorkOrder.demand_id == Demand.id)
        .where(Demand.id.in_(some))
        .order_by(Demand.id)
    )
    for demand_id, number, order_number, merged_into in rows:
        cases[demand_id] = RecordedCase(demand_id, number, order_number)
        if merged_into is not None:
            cases[demand_id].beside.add(merged_into)
    for related in session.scalars(select(RelatedDemand).where(RelatedDemand.demand_id.in_(some))):
        cases[related.demand_id].beside |= {related.earlier_id, related.matter_id}
    for demand_id, at, earlier in _found_like(session, some):
        cases[demand_id].found_like[at] = earlier
        cases[demand_id].beside.add(earlier)


def _found_like(session: Session, some: Collection[int]) -> Iterator[tuple[int, datetime, int]]:
    """Which of these demands was found at which instant to belong with which earlier one: the last
    time is kept as a row, every time in the history.
    """
    for demand_id, at, facts in session.execute(
        select(HistoryEntry.demand_id, HistoryEntry.at, HistoryEntry.facts)
        .where(HistoryEntry.demand_id.in_(some), HistoryEntry.command == "relate")
        .order_by(HistoryEntry.id)
    ):
        yield demand_id, at, int(orjson.loads(facts)["earlier"])


def _procedures(session: Session, some: Collection[int], found: dict[int, ProcedureKey]) -> None:
    counted: Counter[tuple[int, str]] = Counter()
    for procedure_id, demand_id, kind in session.execute(
        select(Procedure.id, Procedure.demand_id, Procedure.kind)
        .where(Procedure.demand_id.in_(some))
        .order_by(Procedure.id)
    ):
        counted[demand_id, kind] += 1
        found[procedure_id] = kind, counted[demand_id, kind]


def _tasks(
    session: Session,
    some: Collection[int],
    cases: Mapping[int, RecordedCase],
    procedures: Mapping[int, ProcedureKey],
) -> None:
    for task in session.scalars(
        select(HumanTaskRow)
        .where(HumanTaskRow.subject_kind == SUBJECT, HumanTaskRow.subject_id.in_(some))
        .order_by(HumanTaskRow.id)
    ):
        key = task.element_id, procedures[task.scope]
        opened = Opened(task.opened_at, task.closed_at, task.closed_how)
        cases[task.subject_id].tasks[key].append(opened)


def _rungs(
    session: Session,
    some: Collection[int],
    cases: Mapping[int, RecordedCase],
    procedures: Mapping[int, ProcedureKey],
) -> None:
    for subject, scope, name, run, rung, due, fired in session.execute(
        select(
            ClockRow.subject_id,
            ClockRow.scope,
            ClockRow.name,
            ClockRow.run,
            ClockRungRow.rung,
            ClockRungRow.due_at,
            ClockRungRow.fired_at,
        )
        .join(ClockRow, ClockRow.id == ClockRungRow.clock_id)
        .where(
            ClockRow.subject_kind == SUBJECT,
            ClockRow.subject_id.in_(some),
            or_(
                ClockRungRow.fired_at.is_not(None),
                and_(
                    ClockRungRow.passed_at.is_(None),
                    ClockRow.stopped_at.is_(None),
                    ClockRow.paused_at.is_(None),
                ),
            ),
        )
    ):
        cases[subject].told[procedures[scope], name, run, rung, due] = fired or NOT_YET


def _entries(
    session: Session,
    some: Collection[int],
    cases: Mapping[int, RecordedCase],
    procedures: Mapping[int, ProcedureKey],
    letters: Letters,
    skipped: Counter[str],
    numbers: Mapping[int, str | None],
) -> None:
    rows = session.execute(
        select(
            HistoryEntry.id,
            HistoryEntry.demand_id,
            HistoryEntry.at,
            HistoryEntry.actor_id,
            HistoryEntry.unit_id,
            HistoryEntry.command,
            HistoryEntry.element_id,
            HistoryEntry.facts,
            StepRecord.answers,
        )
        .outerjoin(StepRecord, StepRecord.id == HistoryEntry.record_id)
        .where(HistoryEntry.demand_id.in_(some))
        .order_by(HistoryEntry.id)
        .execution_options(yield_per=1000)
    )
    recounted: set[tuple[int, datetime]] = set()
    for row in rows:
        facts = orjson.loads(row.facts)
        kind = _kind(row.command, facts, row.actor_id)
        if kind is None:
            if row.command in NOT_REPLAYED:
                skipped[row.command] += 1
            continue
        if kind == "recount":
            if (row.demand_id, row.at) in recounted:
                continue
            recounted.add((row.demand_id, row.at))
        answers = orjson.loads(row.answers) if row.answers is not None else {}
        like = cases[row.demand_id].found_like.get(row.at)
        if "merge_number" in answers and like is not None:
            answers["merge_number"] = numbers[like]  # the likeliest need not be found again
        cases[row.demand_id].deeds.append(
            Deed(
                row.at,
                row.id,
                row.demand_id,
                kind,
                Who(row.actor_id, row.unit_id),
                row.element_id or "",
                procedures.get(int(facts.get("procedure") or 0), MAIN),
                {name: _kept(name, value, letters) for name, value in answers.items()},
                facts if kind not in {"step", *FREE_HAND} else {},
            )
        )


def _kind(command: str, facts: Mapping[str, Any], actor_id: int | None) -> str | None:
    """What an entry is to a replay; None where it only followed from something else."""
    match command:
        case "arrive" | "step" | "reorganise":
            return command
        case "recount_clock":
            return "recount"
        case "extend_in_bulk":
            return "bulk"
        case "open_procedure" if facts["kind"] == RECHECK and actor_id is None:
            return "recheck"
        case "supervise" | "open_procedure" if reported_on(facts) is not None:
            return "report"
        case _ if command in FREE_HAND:
            return command
        case _:
            return None


def reported_on(facts: Mapping[str, Any]) -> date | None:
    """The day of the superior's report for which a case was supervised or is to be reopened."""
    occasion = facts.get("evidence", {}).get("occasion") or facts.get("cause") or ""
    return superior.day_of(occasion)


def _earlier(
    session: Session, cases: Mapping[int, RecordedCase], letters: Letters
) -> dict[int, Earlier]:
    """The demands of before that belong to the matters of these cases."""
    wanted = {one for case in cases.values() for one in case.beside} - cases.keys()
    matters = sorted({one for case in cases.values() for one in case.beside})
    last = max(cases, default=0)  # what came after the record is none of it
    for some in _some(matters, AT_ONCE):
        wanted |= set(
            session.scalars(
                select(RelatedDemand.demand_id).where(
                    RelatedDemand.matter_id.in_(some), RelatedDemand.demand_id < last
                )
            )
        )
    for some in _some(sorted(wanted), AT_ONCE):  # whoever is related to one locks its matter
        wanted |= set(
            session.scalars(
                select(RelatedDemand.matter_id).where(RelatedDemand.demand_id.in_(some))
            )
        )
    found: dict[int, Earlier] = {}
    for some in _some(sorted(wanted - cases.keys()), AT_ONCE):
        orders = _rows_by(session, WorkOrder, WorkOrder.demand_id, some)
        related = _rows_by(session, RelatedDemand, RelatedDemand.demand_id, some)
        for demand_id, row in _rows_by(session, Demand, Demand.id, some).items():
            stand_in = {
                **row,
                "requester_name": "㐀",
                "requester_phone": phone(row["requester_phone"]),
                "address": letters.address(row["address"]),
                "content": letters.text(row["content"]),
                "title": "㐀",
                "happened": "㐀",
                "answer": None,
                "query_code": "",
            }
            order = orders.get(demand_id)
            if order is not None:
                order = {**order, "public_reply": None, "referred_to": None}
            found[demand_id] = Earlier(stand_in, order, related.get(demand_id))
    return found


def _rows_by(
    session: Session, model: type[Base], by: InstrumentedAttribute[int], some: Sequence[int]
) -> dict[int, dict[str, Any]]:
    table = table_of(model)
    rows = session.execute(select(table).where(by.in_(some))).mappings()
    return {row[by.key]: dict(row) for row in rows}


def _order_numbers(
    cases: Mapping[int, RecordedCase], earlier: Mapping[int, Earlier]
) -> dict[int, str | None]:
    numbers = {one.id: one.order_number for one in cases.values()}
    for demand_id, one in earlier.items():
        numbers[demand_id] = None if one.order is None else str(one.order["number"])
    return numbers


def table_of(model: type[Base]) -> Table:
    """The table of a model."""
    found = model.__table__
    assert isinstance(found, Table)
    return found


def _ratings(session: Session, some: Collection[int], cases: Mapping[int, RecordedCase]) -> None:
    for rated, demand_id in session.execute(
        select(Callback, WorkOrder.demand_id)
        .join(WorkOrder, WorkOrder.id == Callback.order_id)
        .where(WorkOrder.demand_id.in_(some), Callback.way == RatingWay.LINK)
    ):
        answers = _rating(rated)
        nobody = Who(None, None)
        cases[demand_id].deeds.append(
            Deed(rated.called_at, 0, demand_id, "rate", nobody, answers=answers)
        )
    for joined, demand_id in session.execute(
        select(JoinedRating, WorkOrder.demand_id)
        .join(WorkOrder, WorkOrder.id == JoinedRating.order_id)
        .where(WorkOrder.demand_id.in_(some), JoinedRating.rated_at.is_not(None))
    ):
        assert joined.rated_at is not None  # the query asks for it
        cases[demand_id].deeds.append(
            Deed(
                joined.rated_at,
                0,
                demand_id,
                "joined_rating",
                Who(None, None),
                answers=_rating(joined),
                facts={"joined": joined.demand_id},
            )
        )


def _rating(rated: Callback | JoinedRating) -> dict[str, object]:
    return {
        "efficiency": rated.efficiency,
        "attitude": rated.attitude,
        "result": rated.result,
        "solved": "yes" if rated.solved else "no",
    }


def _kept(name: str, value: object, letters: Letters) -> object:
    """An answer as a replay may know it."""
    if not isinstance(value, str) or not value:
        return value
    if name in _PHONES or name.endswith("_phone"):
        return phone(value)
    if name in _ADDRESSES:
        return letters.address(value)
    if _NUMBER.fullmatch(value) or _PLAIN.fullmatch(value):
        return value
    if name == "requester_name":
        return "㐀"
    return letters.text(value)
