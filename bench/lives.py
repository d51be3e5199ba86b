"""Running the same lives of cases on several contestants, turn by turn, and what each costs."""

import math
import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from time import process_time
from typing import Protocol

from bench.databases import Make, Place


@dataclass(frozen=True, slots=True)
class Move:
    """One thing a person does in a life."""

    element: str
    answers: Mapping[str, object] = field(default_factory=dict)


Life = Sequence[Move]
"""What is done to a case after its first transition, which makes it."""


class Contestant(Protocol):
    """A way to keep cases, on a database of its own."""

    def begin(self) -> int:
        """The first transition: make a case and return its id."""

    def ticket(self, case: int, element: str) -> int:
        """What a person already has on the screen: which task it is. Not measured."""

    def do(self, case: int, move: Move, ticket: int) -> None:
        """One further transition, durable when this returns."""

    def state_bytes(self, case: int) -> int | None:
        """How large the stored process state is; none where there is no such thing."""


Factory = Callable[[Place], Contestant]


@dataclass(slots=True)
class Cost:
    """What the measured lives of one contestant cost."""

    transitions: list[float] = field(default_factory=list)
    """CPU seconds of each transition."""
    lives: list[float] = field(default_factory=list)
    """CPU seconds of each whole life."""
    state: list[int] = field(default_factory=list)

    def p50_ms(self) -> float:
        """Half the transitions cost no more, in milliseconds of CPU."""
        return statistics.median(self.transitions) * 1000

    def p95_ms(self) -> float:
        """Nineteen in twenty transitions cost no more, in milliseconds of CPU."""
        ranked = sorted(self.transitions)
        return ranked[math.ceil(0.95 * len(ranked)) - 1] * 1000

    def life_ms(self) -> float:
        """The median life, in milliseconds of CPU."""
        return statistics.median(self.lives) * 1000


def live(contestant: Contestant, life: Life, cost: Cost | None = None) -> int:
    """One life; with `cost`, each transition is measured. Returns the case."""
    spent = []
    before = process_time()
    case = contestant.begin()
    spent.append(process_time() - before)
    sizes = [contestant.state_bytes(case)] if cost is not None else []
    for move in life:
        ticket = contestant.ticket(case, move.element)
        before = process_time()
        contestant.do(case, move, ticket)
        spent.append(process_time() - before)
        if cost is not None:
            sizes.append(contestant.state_bytes(case))
    if cost is not None:
        cost.transitions += spent
        cost.lives.append(sum(spent))
        cost.state += [size for size in sizes if size]
    return case


def race(
    contestants: Mapping[str, Contestant], life: Life, rounds: int, warm_up: int
) -> dict[str, Cost]:
    """Let all contestants live in turns, each round in another order; the first ones are free."""
    names = list(contestants)
    for _ in range(warm_up):
        for name in names:
            live(contestants[name], life)
    costs = {name: Cost() for name in names}
    for number in range(rounds):
        turn = number % len(names)
        for name in names[turn:] + names[:turn]:
            live(contestants[name], life, costs[name])
    return costs


@dataclass(frozen=True, slots=True)
class Written:
    """What one life writes."""

    wal_bytes: float
    commits: float
    """Per transition."""


def written(make: Make, name: str, factory: Factory, life: Life, cases: int) -> Written:
    """Log and commits of `cases` lives on a fresh database that nobody else writes to."""
    place = make(f"{name}_log")
    contestant = factory(place)
    for _ in range(max(2, cases // 5)):  # tables and indexes reach their ordinary shape
        live(contestant, life)
    place.keep_wal()
    before, commits = place.wal_bytes(), place.commits
    for _ in range(cases):
        live(contestant, life)
    return Written(
        (place.wal_bytes() - before) / cases,
        (place.commits - commits) / (cases * (len(life) + 1)),
    )


@dataclass(slots=True)
class Rounds:
    """CPU seconds of one round of a loop, by how often the case had gone round before."""

    spent: dict[int, list[float]] = field(default_factory=dict)

    def ms(self, depth: int) -> float:
        """The median round at a depth, in milliseconds of CPU."""
        return statistics.median(self.spent[depth]) * 1000

    def growth(self, depth: int) -> float:
        """How much dearer a round is at a depth than the first one."""
        return self.ms(depth) / self.ms(1)


def loop(
    contestant: Contestant, lead: Life, body: Life, depths: Sequence[int], rounds: int
) -> Rounds:
    """Go round a loop at several depths in turns: fresh cases at 1, old ones at the others."""

    def fresh() -> int:
        case = contestant.begin()
        _around(contestant, case, lead)
        return case

    old: dict[int, int] = {}
    for depth in depths:
        if depth > 1:
            old[depth] = fresh()
            for _ in range(depth - 1):
                _around(contestant, old[depth], body)
    found = Rounds({depth: [] for depth in depths})
    for number in range(rounds + 2):
        for depth in depths:
            case = old[depth] if depth > 1 else fresh()
            spent = _around(contestant, case, body)
            if number >= 2:  # the first two are the warm-up
                found.spent[depth].append(spent)
    return found


def _around(contestant: Contestant, case: int, moves: Life) -> float:
    """CPU seconds of some moves of one case."""
    spent = 0.0
    for move in moves:
        ticket = contestant.ticket(case, move.element)
        before = process_time()
        contestant.do(case, move, ticket)
        spent += process_time() - before
    return spent
