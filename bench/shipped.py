"""The product as it is shipped: its commands on its main process, with everything they keep.

Beside it the same office written by hand without an engine, and with stock SpiffWorkflow. That
all three end with the same rows is compared here after every step.
"""

from collections.abc import Callable
from os import getpid

from bench import main_process
from bench.databases import Make, Place
from bench.figures import Figures
from bench.handwritten import HandwrittenCases
from bench.lives import Contestant, live, loop, race, written
from bench.office import founded
from bench.office_cases import (
    APPROVE,
    CALL,
    CLOSE,
    LEAD,
    LIFE,
    LOOP,
    PASS,
    REPLY,
    OfficeCases,
    ShippedCases,
)
from bench.same import differences
from bench.stock import TextbookMovement, breaks_at
from bench.stock_office import StockCases
from bench.throughput import side_by_side


def ours(place: Place) -> OfficeCases:
    """The product."""
    return ShippedCases(place, getpid())


def by_hand(place: Place) -> OfficeCases:
    """The office without an engine."""
    return HandwrittenCases(place, getpid())


def stock(place: Place) -> OfficeCases:
    """The office with stock SpiffWorkflow."""
    return StockCases(place, getpid())


Build = Callable[[Place], OfficeCases]

CONTESTANTS: dict[str, Build] = {"ours": ours, "handwritten": by_hand}
WHOLE = (*LEAD, *LOOP, REPLY, APPROVE, PASS, CALL, CLOSE)
"""A life with one rejected reply."""


class NotTheSame(Exception):
    """Two offices do not hold the same rows: comparing what they cost would mean nothing."""


def measure(figures: Figures, sqlite: Make, postgres: Make, *, quick: bool) -> None:
    """The shipped series."""
    sqlite, postgres = founded(sqlite), founded(postgres)
    for name, build in (("handwritten", by_hand), ("stock", stock)):
        _require_same(figures, sqlite, name, build)
    for kind, make in (("sqlite", sqlite), ("postgres", postgres)):
        _costs(figures, kind, make, 2 if quick else 60, 1 if quick else 8)
    _bytes_and_commits(figures, sqlite, postgres, 2 if quick else 60)
    _lives(figures, sqlite, 2 if quick else 30)
    _loops(figures, sqlite, quick=quick)
    _throughput(figures, postgres, quick=quick)


def _require_same(figures: Figures, sqlite: Make, name: str, build: Build) -> None:
    mine, other = sqlite(f"shipped_ours_as_{name}"), sqlite(f"shipped_{name}_same")
    found = differences((ours(mine), mine), (build(other), other), WHOLE)
    figures.put(f"shipped_differences_to_{name}", len(found))
    if found:
        raise NotTheSame("\n".join(found))


def _costs(figures: Figures, kind: str, make: Make, rounds: int, warm_up: int) -> None:
    entrants = {name: build(make(f"shipped_{name}")) for name, build in CONTESTANTS.items()}
    costs = race(entrants, LIFE, rounds, warm_up)
    mine, hand = costs["ours"], costs["handwritten"]
    figures.put(f"shipped_transition_cpu_ms_{kind}_p50", mine.p50_ms())
    figures.put(f"shipped_transition_cpu_ms_{kind}_p95", mine.p95_ms())
    figures.put(f"shipped_handwritten_transition_cpu_ms_{kind}_p50", hand.p50_ms())
    figures.put(f"shipped_life_cpu_ms_{kind}", mine.life_ms())
    figures.put(f"shipped_handwritten_life_cpu_ms_{kind}", hand.life_ms())
    suffix = "" if kind == "sqlite" else f"_{kind}"
    figures.put(f"shipped_cpu_ratio_to_handwritten{suffix}", mine.life_ms() / hand.life_ms())
    if kind == "sqlite":
        figures.put("shipped_state_bytes_p50", sorted(mine.state)[len(mine.state) // 2])


def _bytes_and_commits(figures: Figures, sqlite: Make, postgres: Make, cases: int) -> None:
    for kind, make in (("postgres", postgres), ("sqlite", sqlite)):
        suffix = "" if kind == "postgres" else "_sqlite"
        mine, hand = (
            written(make, f"shipped_{name}", build, LIFE, cases)
            for name, build in CONTESTANTS.items()
        )
        figures.put(f"shipped_wal_bytes_per_case{suffix}", mine.wal_bytes)
        figures.put(f"shipped_handwritten_wal_bytes_per_case{suffix}", hand.wal_bytes)
        figures.put(f"shipped_wal_ratio_to_handwritten{suffix}", mine.wal_bytes / hand.wal_bytes)
        figures.put(f"shipped_commits_per_transition{suffix}", mine.commits)


def _lives(figures: Figures, sqlite: Make, rounds: int) -> None:
    entrants: dict[str, Contestant] = {
        "ours": ours(sqlite("shipped_ours_life")),
        "stock": stock(sqlite("shipped_stock_life")),
    }
    costs = race(entrants, LIFE, rounds, 2)
    mine, textbook = costs["ours"].life_ms(), costs["stock"].life_ms()
    figures.put("shipped_life_cpu_ms", mine)
    figures.put("shipped_stock_textbook_life_cpu_ms", textbook)
    figures.put("shipped_life_cpu_ratio_stock_over_ours", textbook / mine)


def _loops(figures: Figures, sqlite: Make, *, quick: bool) -> None:
    depths = (1, 2, 3) if quick else (1, 50, 1000)
    for name, build in CONTESTANTS.items():
        contestant = build(sqlite(f"shipped_{name}_loop"))
        found = loop(contestant, LEAD, LOOP, depths, 3 if quick else 40)
        prefix = "shipped" if name == "ours" else f"shipped_{name}"
        figures.put(f"{prefix}_loop50_over_loop1", found.growth(depths[1]))
        figures.put(f"{prefix}_loop1000_over_loop1", found.growth(depths[2]))
    movement = TextbookMovement(main_process.stock_sources(), main_process.PROCESS)
    state = movement.start()
    for move in (main_process.REGISTER, *main_process.LEAD):
        state = movement.complete(state, move.element, move.answers)
    rounds, words = breaks_at(movement, state, main_process.LOOP, 3 if quick else 1000)
    figures.put("shipped_stock_textbook_breaks_at_loop", rounds if words else None)
    figures.put("shipped_stock_textbook_breaks_how", words or f"not within {rounds} loops")


def _throughput(figures: Figures, postgres: Make, *, quick: bool) -> None:
    places = []
    for name, build in (("ours", "ours"), ("handwritten", "by_hand")):
        place = postgres(f"shipped_{name}_2p")
        live(CONTESTANTS[name](place), LIFE)
        places.append((("bench.shipped", build), place))
    rates = side_by_side(places, LIFE, seconds=0.5 if quick else 5, rounds=1 if quick else 5)
    figures.put("shipped_transitions_per_s_postgres_2p", rates[0])
    figures.put("shipped_handwritten_transitions_per_s_postgres_2p", rates[1])
    figures.put("shipped_throughput_ratio_to_handwritten", rates[0] / rates[1])
