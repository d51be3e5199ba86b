"""Which combinations of inputs no row covers, by a sweep over the inputs, one after the other.

What the rows left over by the inputs so far have in common decides the rest, so equal remainders
are looked at once, and a row that accepts everything from here on ends the search.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

Region: TypeAlias = tuple[tuple[int, ...] | None, ...]
"""For each axis the numbers of the groups, or None for all of them."""

MAX_REGIONS = 50
"""Regions that one sweep reports."""


@dataclass(slots=True)
class Budget:
    """Remainders that may still be looked at; the sweeps of one table share it."""

    steps: int = 1_000_000

    @property
    def is_spent(self) -> bool:
        """Whether a sweep was stopped: what it found is true, but there may be more."""
        return self.steps < 0


class Sweep:
    """A sweep over axes, each given as the sets of rows of its groups (one bit a row)."""

    def __init__(self, axes: Sequence[Sequence[int]], rows: int, budget: Budget) -> None:
        # The input that tells most rows apart first: what it leaves is small.
        self._order = sorted(range(len(axes)), key=lambda axis: -len(axes[axis]))
        self._axes = [axes[axis] for axis in self._order]
        self._everywhere = _covering_the_rest(self._axes, rows)
        self._known: list[dict[int, tuple[Region, ...]]] = [{} for _ in axes]
        self._budget = budget
        self._rows = rows

    def uncovered(self) -> list[Region]:
        """Combinations that no row covers, disjoint; at most MAX_REGIONS of them."""
        found = []
        for region in self._from(0, self._rows):
            placed: list[tuple[int, ...] | None] = [None] * len(self._order)
            for axis, groups in zip(self._order, region, strict=True):
                placed[axis] = groups
            found.append(tuple(placed))
        return found

    def _from(self, level: int, rows: int) -> tuple[Region, ...]:
        if rows & self._everywhere[level]:
            return ()
        if not rows:
            return ((None,) * (len(self._axes) - level),)
        known = self._known[level].get(rows)
        if known is not None:
            return known
        alike: dict[tuple[Region, ...], list[int]] = {}
        for number, matching in enumerate(self._axes[level]):
            self._budget.steps -= 1
            if self._budget.is_spent:
                break
            below = self._from(level + 1, rows & matching)
            if below:
                alike.setdefault(below, []).append(number)
        found = tuple(
            (tuple(numbers), *rest) for below, numbers in alike.items() for rest in below
        )[:MAX_REGIONS]
        self._known[level][rows] = found
        return found


def _covering_the_rest(axes: Sequence[Sequence[int]], rows: int) -> list[int]:
    """For each level the rows that accept everything from there on."""
    result = [rows]
    for groups in reversed(axes):
        covering = result[-1]
        for matching in groups:
            covering &= matching
        result.append(covering)
    return result[::-1]
