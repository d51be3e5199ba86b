"""Only state and one event row per transition: what moving a token costs by itself.

The engine's kernel beside a state machine written by hand with the ORM, and beside stock
SpiffWorkflow, tuned and as the textbook has it.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

import orjson
from sqlalchemy import LargeBinary, MetaData, Text, bindparam, insert, select, update
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from app.cases.expressions import compile_expression
from app.core.clock import now
from app.core.db import Id, Instant, reading
from app.core.uow import Actor, unit_of_work
from app.engine.diagram import read_diagram
from app.engine.kernel import Bundle, Instance
from app.engine.ports import Call, WorkingTime
from bench import main_process
from bench.databases import Make, Place
from bench.figures import Figures
from bench.lives import Contestant, Life, Move, live, loop, race, written
from bench.stock import CachedMovement, Movement, TextbookMovement, breaks_at
from bench.thin_model import LIFE, LONG_LIFE, LOOP, PROCESS, diagram
from bench.throughput import side_by_side

WHO = Actor(7, "handler", frozenset({"unit_handler"}))


class ThinBase(DeclarativeBase):
    """The tables of this series."""

    metadata = MetaData()
    type_annotation_map = {datetime: Instant()}


class ThinProcess(ThinBase):
    """A case kept by an engine."""

    __tablename__ = "thin_process"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    state: Mapped[bytes | None] = mapped_column(LargeBinary)
    revision: Mapped[int]


class ThinOrder(ThinBase):
    """A case kept by hand."""

    __tablename__ = "thin_order"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    status: Mapped[str]
    unit: Mapped[int | None]
    revision: Mapped[int] = mapped_column()

    __mapper_args__ = {"version_id_col": revision}


class ThinEvent(ThinBase):
    """What happened: one row per transition, for all contestants alike."""

    __tablename__ = "thin_event"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    case_id: Mapped[int] = mapped_column(Id, index=True)
    at: Mapped[datetime]
    actor_id: Mapped[int | None] = mapped_column(Id)
    element: Mapped[str]
    answers: Mapped[str] = mapped_column(Text)


_CASE = ThinProcess.__table__
_TAKE = (
    select(_CASE.c.state, _CASE.c.revision).where(_CASE.c.id == bindparam("case")).with_for_update()
)
_SAVE = (
    update(_CASE)
    .where(_CASE.c.id == bindparam("case"), _CASE.c.revision == bindparam("seen"))
    .values(state=bindparam("new_state"), revision=bindparam("new_revision"))
)
_OPEN = insert(_CASE).returning(_CASE.c.id)
_EVENT = insert(ThinEvent.__table__)


class Ports:
    """A host that answers at once and does nothing: only movement is measured."""

    def call_service(
        self, name: str, parameters: Mapping[str, object], call: Call
    ) -> Mapping[str, object] | None:
        del name, parameters, call
        return {"count": 0}

    def decide(self, key: str, data: Mapping[str, object], binding: str, call: Call) -> object:
        del key, data, binding, call
        return {"accepted": True}

    def due(self, ask: WorkingTime, call: Call) -> datetime:
        return call.at + timedelta(hours=ask.amount)


class KernelMovement:
    """The engine's kernel."""

    def __init__(self, sources: Sequence[bytes]) -> None:
        diagrams = [
            read_diagram(source, f"bench_{number}.bpmn") for number, source in enumerate(sources)
        ]
        self._bundle = Bundle(diagrams, compile_expression)
        self._ports = Ports()

    def start(self) -> bytes:
        instance = Instance(self._bundle, self._ports)
        instance.start({}, at=now())
        return instance.dump()

    def complete(self, state: bytes, element: str, data: Mapping[str, object]) -> bytes:
        instance = Instance.load(self._bundle, self._ports, state)
        instance.complete(element, data, at=now())
        return instance.dump()


class EngineCases:
    """Cases whose state an engine moves: locked, loaded, moved, saved, one event, one commit."""

    def __init__(self, movement: Movement, place: Place) -> None:
        ThinBase.metadata.create_all(place.database)
        self._sessions = place.sessions
        self._movement = movement

    def begin(self) -> int:
        with unit_of_work(self._sessions, WHO, now()) as uow:
            connection = uow.session.connection()
            state = self._movement.start()
            case: int = connection.execute(_OPEN, {"state": state, "revision": 1}).scalar_one()
            connection.execute(_EVENT, _event(case, uow.now, "start", {}))
        return case

    def ticket(self, case: int, element: str) -> int:
        del element
        return case

    def do(self, case: int, move: Move, ticket: int) -> None:
        del ticket
        with unit_of_work(self._sessions, WHO, now()) as uow:
            connection = uow.session.connection()
            row = connection.execute(_TAKE, {"case": case}).one()
            state = self._movement.complete(row.state, move.element, move.answers)
            saved = connection.execute(
                _SAVE,
                {
                    "case": case,
                    "seen": row.revision,
                    "new_state": state or None,
                    "new_revision": row.revision + 1,
                },
            )
            assert saved.rowcount == 1
            connection.execute(_EVENT, _event(case, uow.now, move.element, move.answers))

    def state_bytes(self, case: int) -> int | None:
        with reading(self._sessions) as session:
            state = session.scalar(select(ThinProcess.state).where(ThinProcess.id == case))
        return len(state) if state else None


def _event(
    case: int, at: datetime, element: str, answers: Mapping[str, object]
) -> dict[str, object]:
    return {
        "case_id": case,
        "at": at,
        "actor_id": WHO.user_id,
        "element": element,
        "answers": orjson.dumps(answers).decode(),
    }


class HandwrittenCases:
    """The same by hand: a status, a table of transitions, the ORM."""

    NEXT = {
        "sign": "handle",
        "handle": "review",
        "review": "callback",
        "callback": "ended",
    }

    def __init__(self, place: Place) -> None:
        ThinBase.metadata.create_all(place.database)
        self._sessions = place.sessions

    def begin(self) -> int:
        with unit_of_work(self._sessions, WHO, now()) as uow:
            order = ThinOrder(status="sign", unit=None)
            uow.session.add(order)
            uow.session.flush()
            uow.session.add(ThinEvent(**_event(order.id, uow.now, "start", {})))
        return order.id

    def ticket(self, case: int, element: str) -> int:
        del element
        return case

    def do(self, case: int, move: Move, ticket: int) -> None:
        del ticket
        with unit_of_work(self._sessions, WHO, now()) as uow:
            order = uow.session.get_one(ThinOrder, case, with_for_update=True)
            if order.status != move.element:
                raise ValueError(f"{move.element} is not open")
            sent_back = move.answers.get("returned") or move.answers.get("rejected")
            order.status = "sign" if sent_back else self.NEXT[move.element]
            unit = move.answers.get("unit")
            if isinstance(unit, int):
                order.unit = unit
            uow.session.add(ThinEvent(**_event(case, uow.now, move.element, move.answers)))

    def state_bytes(self, case: int) -> int | None:
        del case


def ours(place: Place) -> EngineCases:
    """The product's kernel."""
    return EngineCases(KernelMovement([diagram(is_true="= true")]), place)


def by_hand(place: Place) -> HandwrittenCases:
    """No engine at all."""
    return HandwrittenCases(place)


def stock_cached(place: Place) -> EngineCases:
    """SpiffWorkflow with its specification kept in memory."""
    return EngineCases(CachedMovement([diagram(is_true="== True")], PROCESS), place)


def stock_textbook(place: Place) -> EngineCases:
    """SpiffWorkflow as its documentation saves it."""
    return EngineCases(TextbookMovement([diagram(is_true="== True")], PROCESS), place)


CONTESTANTS = {
    "ours": ours,
    "handwritten": by_hand,
    "stock_cached": stock_cached,
    "stock_textbook": stock_textbook,
}


def measure(figures: Figures, sqlite: Make, postgres: Make, *, quick: bool) -> None:
    """The thin series."""
    rounds, warm_up = (3, 1) if quick else (150, 15)
    for kind, make in (("sqlite", sqlite), ("postgres", postgres)):
        _costs(figures, kind, make, rounds, warm_up)
    _bytes_and_commits(figures, sqlite, postgres, 3 if quick else 100)
    _loops(figures, sqlite, quick=quick)
    _lives(figures, sqlite, 3 if quick else 60)
    _throughput(figures, postgres, quick=quick)


def _costs(figures: Figures, kind: str, make: Make, rounds: int, warm_up: int) -> None:
    entrants: dict[str, Contestant] = {
        name: build(make(f"thin_{name}")) for name, build in CONTESTANTS.items()
    }
    costs = race(entrants, LIFE, rounds, warm_up)
    mine = costs["ours"]
    figures.put(f"thin_transition_cpu_ms_{kind}_p50", mine.p50_ms())
    figures.put(f"thin_transition_cpu_ms_{kind}_p95", mine.p95_ms())
    for name, cost in costs.items():
        if name != "ours":
            figures.put(f"thin_{name}_transition_cpu_ms_{kind}_p50", cost.p50_ms())
    suffix = "" if kind == "sqlite" else f"_{kind}"
    ratio = mine.life_ms() / costs["handwritten"].life_ms()
    figures.put(f"thin_cpu_ratio_to_handwritten{suffix}", ratio)
    if kind == "sqlite":
        for name in ("ours", "stock_cached", "stock_textbook"):
            state = sorted(costs[name].state)
            prefix = "" if name == "ours" else f"{name}_"
            figures.put(f"thin_{prefix}state_bytes_p50", state[len(state) // 2])


def _bytes_and_commits(figures: Figures, sqlite: Make, postgres: Make, cases: int) -> None:
    """The log of a case on PostgreSQL is the figure; SQLite logs whole pages of 4 KB."""
    for kind, make in (("postgres", postgres), ("sqlite", sqlite)):
        suffix = "" if kind == "postgres" else "_sqlite"
        for name, build in CONTESTANTS.items():
            found = written(make, f"thin_{name}", build, LIFE, cases)
            prefix = "thin" if name == "ours" else f"thin_{name}"
            figures.put(f"{prefix}_wal_bytes_per_case{suffix}", found.wal_bytes)
            if name == "ours":
                figures.put(f"thin_commits_per_transition{suffix}", found.commits)


def _loops(figures: Figures, sqlite: Make, *, quick: bool) -> None:
    depths = (1, 3, 5) if quick else (1, 50, 1000)
    for name in ("ours", "handwritten"):
        place = sqlite(f"thin_{name}_loop")
        contestant = CONTESTANTS[name](place)
        found = loop(contestant, (), LOOP, depths, 5 if quick else 60)
        prefix = "thin" if name == "ours" else f"thin_{name}"
        figures.put(f"{prefix}_loop50_over_loop1", found.growth(depths[1]))
        figures.put(f"{prefix}_loop1000_over_loop1", found.growth(depths[2]))
    for name, movement in (
        ("stock_cached", CachedMovement([diagram(is_true="== True")], PROCESS)),
        ("stock_textbook", TextbookMovement([diagram(is_true="== True")], PROCESS)),
    ):
        if not quick:
            entrant = EngineCases(movement, sqlite(f"thin_{name}_loop"))
            figures.put(
                f"thin_{name}_loop50_over_loop1", loop(entrant, (), LOOP, (1, 50), 10).growth(50)
            )
        rounds, words = breaks_at(movement, movement.start(), LOOP, 5 if quick else 1000)
        figures.put(f"thin_{name}_breaks_at_loop", rounds if words else None)
        figures.put(f"thin_{name}_breaks_how", words or f"not within {rounds} loops")


def _lives(figures: Figures, sqlite: Make, rounds: int) -> None:
    """A life of ten transitions: in the main process, and in the small diagram beside it."""
    stock, small = main_process.stock_sources(), [diagram(is_true="== True")]
    entrants: dict[str, Movement] = {
        "ours": KernelMovement(main_process.sources()),
        "stock_cached": CachedMovement(stock, main_process.PROCESS),
        "stock_textbook": TextbookMovement(stock, main_process.PROCESS),
    }
    found = _life_ms(sqlite, "main", entrants, main_process.LIFE, rounds)
    figures.put("thin_life_cpu_ms", found["ours"])
    figures.put("thin_stock_cached_life_cpu_ms", found["stock_cached"])
    figures.put("thin_stock_textbook_life_cpu_ms", found["stock_textbook"])
    figures.put("thin_life_cpu_ratio_stock_over_ours", found["stock_textbook"] / found["ours"])
    entrants = {
        "ours": KernelMovement([diagram(is_true="= true")]),
        "stock_textbook": TextbookMovement(small, PROCESS),
    }
    found = _life_ms(sqlite, "small", entrants, LONG_LIFE, rounds)
    ratio = found["stock_textbook"] / found["ours"]
    figures.put("thin_small_diagram_life_cpu_ratio_stock_over_ours", ratio)


def _life_ms(
    sqlite: Make, prefix: str, entrants: Mapping[str, Movement], life: Life, rounds: int
) -> dict[str, float]:
    cases = {
        name: EngineCases(movement, sqlite(f"life_{prefix}_{name}"))
        for name, movement in entrants.items()
    }
    costs = race(cases, life, rounds, 3)
    return {name: cost.life_ms() for name, cost in costs.items()}


def _throughput(figures: Figures, postgres: Make, *, quick: bool) -> None:
    places = []
    for name, build in (("ours", "ours"), ("handwritten", "by_hand")):
        place = postgres(f"thin_{name}_2p")
        live(CONTESTANTS[name](place), LIFE)
        places.append((("bench.thin", build), place))
    rates = side_by_side(places, LIFE, seconds=0.3 if quick else 3, rounds=1 if quick else 5)
    figures.put("thin_transitions_per_s_postgres_2p", rates[0])
    figures.put("thin_handwritten_transitions_per_s_postgres_2p", rates[1])
    figures.put("thin_throughput_ratio_to_handwritten", rates[0] / rates[1])
