"""What a replay came to, beside what really happened: deadlines, escalations, work.

What comes of a part is JSON, sorted: two runs over the same record are equal byte for byte.
"""

import re
from collections import Counter, defaultdict, deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from operator import attrgetter
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.cases.models.demand import Demand
from app.cases.models.history import HistoryEntry
from app.cases.models.procedure import Procedure
from app.cases.models.work_order import WorkOrder
from app.cases.orders import SUBJECT
from app.core.clock import CHINA
from app.core.phrase import Phrase
from app.design.replay.recorded import ProcedureKey, procedure_keys
from app.design.replay.running import Account
from app.engine import ClockRow, ClockRungRow, HumanTaskRow
from app.engine.diagram import Process
from app.identity.policy import UNIT_ROLES
from app.supervision.models import SupervisionCause
from app.worktime.calendars import WorkingCalendar


@dataclass(frozen=True, slots=True)
class DeadlineFact:
    """A run of a clock: which, when it began, is due, and stopped."""

    procedure: ProcedureKey
    clock: str
    run: int
    started_at: datetime
    due_at: datetime | None
    stopped_at: datetime | None

    @property
    def key(self) -> tuple[ProcedureKey, str, int]:
        """Which deadline of its case it is."""
        return self.procedure, self.clock, self.run


@dataclass(frozen=True, slots=True)
class Escalation:
    """A light, a mark of lateness or a cause for supervision, and when."""

    kind: str
    what: str
    at: datetime


@dataclass(frozen=True, slots=True)
class CaseFacts:
    """The deadlines and escalations of one case."""

    deadlines: tuple[DeadlineFact, ...]
    escalations: tuple[Escalation, ...]


_MARKS = ("mark_overdue", "mark_part_overdue", "escalate_urgent", "miss_supervision_limit",
          "raise_supervision", "refer_supervision", "sign_automatically",
          "withdraw_overdue")  # fmt: skip


def facts_of(session: Session, demands: Sequence[int]) -> dict[str, CaseFacts]:
    """By number, the deadlines and escalations of cases."""
    found = {}
    for demand_id, number in session.execute(
        select(Demand.id, Demand.number).where(Demand.id.in_(demands)).order_by(Demand.id)
    ):
        keys = procedure_keys(session, demand_id)
        runs = session.scalars(
            select(ClockRow).where(
                ClockRow.subject_kind == SUBJECT, ClockRow.subject_id == demand_id
            )
        ).all()
        deadlines = sorted(
            (
                DeadlineFact(
                    keys[one.scope], one.name, one.run, one.started_at, one.due_at, one.stopped_at
                )
                for one in runs
            ),
            key=lambda one: (one.procedure, one.clock, one.run),
        )
        escalations = sorted(_escalations(session, demand_id, keys), key=_BY_TIME)
        found[number] = CaseFacts(tuple(deadlines), tuple(escalations))
    return found


def _escalations(
    session: Session, demand_id: int, keys: Mapping[int, ProcedureKey]
) -> Iterator[Escalation]:
    for scope, name, run, rung, passed in session.execute(
        select(
            ClockRow.scope, ClockRow.name, ClockRow.run, ClockRungRow.rung, ClockRungRow.passed_at
        )
        .join(ClockRow, ClockRow.id == ClockRungRow.clock_id)
        .where(
            ClockRow.subject_kind == SUBJECT,
            ClockRow.subject_id == demand_id,
            ClockRungRow.passed_at.is_not(None),
        )
    ):
        assert passed is not None
        kind, number = keys[scope]
        yield Escalation("light", f"{kind}#{number}/{name}#{run}/{rung}", passed)
    for at, command in session.execute(
        select(HistoryEntry.at, HistoryEntry.command).where(
            HistoryEntry.demand_id == demand_id, HistoryEntry.command.in_(_MARKS)
        )
    ):
        yield Escalation("mark", command, at)
    for trigger, rung, at in session.execute(
        select(SupervisionCause.trigger, SupervisionCause.rung, SupervisionCause.fired_at).where(
            SupervisionCause.demand_id == demand_id
        )
    ):
        yield Escalation("supervision", f"{trigger}/{rung}", at)


def compared(
    before: Mapping[str, CaseFacts],
    after: Mapping[str, CaseFacts],
    calendar: WorkingCalendar | None,
) -> dict[str, Any]:
    """How deadlines and escalations of the same cases differ, each named with its case."""
    moved, appeared, gone = [], [], []
    gained, lost, shifted = [], [], []
    for number in sorted(before):
        was, now = before[number], after.get(number, CaseFacts((), ()))
        runs = {one.key: one for one in was.deadlines}
        for one in now.deadlines:
            known = runs.pop(one.key, None)
            if known is None:
                appeared.append(_deadline(number, one, None, one.due_at))
            elif known.due_at != one.due_at:
                line = _deadline(number, one, known.due_at, one.due_at)
                line["days"] = _working_days(calendar, known.due_at, one.due_at)
                moved.append(line)
        gone += [_deadline(number, one, one.due_at, None) for one in runs.values()]
        alone, fresh, both = _paired(was.escalations, now.escalations)
        lost += [_escalation(number, one, at=one.at) for one in alone]
        gained += [_escalation(number, one, at=one.at) for one in fresh]
        shifted += [
            _escalation(number, then, before=then.at, after=late.at)
            for then, late in both
            if then.at != late.at
        ]
    return {
        "cases": len(before),
        "deadlines": sum(len(one.deadlines) for one in before.values()),
        "escalations": sum(len(one.escalations) for one in before.values()),
        "moved": moved,
        "appeared": appeared,
        "gone": gone,
        "gained": gained,
        "lost": lost,
        "shifted": shifted,
    }


def load_of(session: Session, demands: Sequence[int]) -> dict[str, dict[str, int]]:
    """How many steps opened for each unit (by id) or role of the centre, by day."""
    found: dict[str, Counter[str]] = defaultdict(Counter)
    rows = session.execute(
        select(
            HumanTaskRow.role,
            HumanTaskRow.unit_id,
            HumanTaskRow.opened_at,
            Procedure.unit_id,
            WorkOrder.lead_unit_id,
        )
        .outerjoin(Procedure, Procedure.id == HumanTaskRow.scope)
        .outerjoin(WorkOrder, WorkOrder.demand_id == HumanTaskRow.subject_id)
        .where(HumanTaskRow.subject_kind == SUBJECT, HumanTaskRow.subject_id.in_(demands))
    )
    for role, named, opened_at, of_procedure, lead in rows:
        of_unit = named is not None or role in UNIT_ROLES
        whose = str(named or of_procedure or lead or 0) if of_unit else str(role)
        found[whose][f"{opened_at.astimezone(CHINA):%Y-%m-%d}"] += 1
    return {whose: dict(sorted(days.items())) for whose, days in sorted(found.items())}


def told(account: Account) -> dict[str, Any]:
    """What became of what was recorded."""
    return {
        "done": dict(sorted(account.done.items())),
        "adapted": sorted(account.adapted),
        "impossible": sorted(account.impossible),
        "undecided": sorted(account.undecided),
        "faults": sorted(account.faults),
    }


def nothing(cases: int, error: str) -> dict[str, Any]:
    """What stands for cases that could not be run."""
    result = compared({}, {}, None) | told(Account())
    result["faults"] = [[f"{cases}", error]]
    for name in ("load_before", "load_after", "passed", "not_replayed"):
        result[name] = {}
    return result


def merged(results: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The figures of all parts together; the lists stay with the parts."""
    found: dict[str, Any] = {
        name: sum(one[name] for one in results) for name in ("cases", "deadlines", "escalations")
    }
    for name in _LISTS:
        found[name] = sum(len(one[name]) for one in results)
    days = Counter(line["days"] for one in results for line in one["moved"])
    found["histogram"] = [[day, days[day]] for day in sorted(days)]
    found["clocks"] = _counted(line["clock"] for one in results for line in one["moved"])
    for name in ("gained", "lost", "shifted"):
        lines = [line for one in results for line in one[name]]
        found[f"{name}_what"] = _counted(f"{line['kind']}/{line['what']}" for line in lines)
    for name in ("adapted", "impossible", "undecided"):
        found[f"{name}_what"] = _counted(
            f"{what}: {how}" for one in results for _number, what, how in one[name]
        )
    done: Counter[str] = Counter()
    passed: Counter[str] = Counter()
    for one in results:
        done.update(one["done"])
        passed.update(one["passed"])
    found["done"], found["passed"] = dict(sorted(done.items())), dict(sorted(passed.items()))
    found["load"] = _load(results)
    return found


def ways(process: Process, passed: Mapping[str, int]) -> dict[str, Any]:
    """How many elements and flows of a process the cases passed, and which none did, by name."""
    names = {one.id: one.label for one in process.elements.values()}
    for flow in process.flows.values():
        source, target = names[flow.source], names[flow.target]
        names[flow.id] = Phrase(f"{source.zh} → {target.zh}", f"{source.en} → {target.en}")
    never = [one for one in names if not passed.get(f"{process.id}/{one}")]
    return {
        "process": process.id,
        "total": len(names),
        "passed": len(names) - len(never),
        "never": [[one, names[one].zh, names[one].en] for one in never],
    }


_LISTS = (
    "moved", "appeared", "gone", "gained", "lost", "shifted", "adapted", "impossible",
    "undecided", "faults",
)  # fmt: skip


def _load(results: Sequence[Mapping[str, Any]]) -> dict[str, dict[str, list[int]]]:
    """By unit or role and day: how many steps opened, before and after."""
    found: dict[str, dict[str, list[int]]] = defaultdict(lambda: defaultdict(lambda: [0, 0]))
    for one in results:
        for place, name in enumerate(("load_before", "load_after")):
            for whose, days in one[name].items():
                for day, number in days.items():
                    found[whose][day][place] += number
    return {whose: dict(sorted(days.items())) for whose, days in sorted(found.items())}


def _counted(names: Iterable[str]) -> dict[str, int]:
    return dict(sorted(Counter(names).items(), key=lambda one: (-one[1], one[0])))


def _deadline(
    number: str, one: DeadlineFact, before: datetime | None, after: datetime | None
) -> dict[str, Any]:
    kind, place = one.procedure
    return {
        "number": number,
        "procedure": f"{kind}#{place}" if kind else "",
        "clock": one.clock,
        "run": one.run,
        "before": None if before is None else _written(before),
        "after": None if after is None else _written(after),
    }


def _escalation(number: str, one: Escalation, **instants: datetime) -> dict[str, Any]:
    found = {"number": number, "kind": one.kind, "what": _RUN.sub("", one.what)}
    return found | {name: _written(at) for name, at in instants.items()}


def _written(at: datetime) -> str:
    return at.isoformat()


def _paired(
    some: Sequence[Escalation], others: Sequence[Escalation]
) -> tuple[list[Escalation], list[Escalation], list[tuple[Escalation, Escalation]]]:
    """Those that are not among the others whenever they were, those of the others that are not
    among them, and the rest in pairs: the first of a kind with the first.
    """
    rest: dict[tuple[str, str], deque[Escalation]] = defaultdict(deque)
    for one in others:
        rest[one.kind, one.what].append(one)
    alone, both = [], []
    for one in some:
        waiting = rest[one.kind, one.what]
        if waiting:
            both.append((one, waiting.popleft()))
        else:
            alone.append(one)
    left = sorted((one for waiting in rest.values() for one in waiting), key=_BY_TIME)
    return alone, left, both


def _working_days(
    calendar: WorkingCalendar | None, before: datetime | None, after: datetime | None
) -> int:
    """By how many working days a deadline moved; below zero: it is earlier now."""
    if calendar is None or before is None or after is None:
        return 0
    first, last = ((one - _JUST).astimezone(CHINA).date() for one in sorted((before, after)))
    days = calendar.working_days_between(first, last)
    return days if after > before else -days


_BY_TIME = attrgetter("at", "kind", "what")
_RUN = re.compile(r"#\d+")
_JUST = timedelta(microseconds=1)
