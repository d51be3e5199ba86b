"""The figures of a run: what was measured, what was to be reached, the table and the file."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Target:
    """What a figure has to reach."""

    text: str
    reached: Callable[[float], bool]


def at_most(limit: float) -> Target:
    """Small is good."""
    return Target(f"≤ {limit:,g}", lambda value: value <= limit)


def at_least(limit: float) -> Target:
    """Large is good."""
    return Target(f"≥ {limit:,g}", lambda value: value >= limit)


TARGETS: dict[str, Target] = {
    "thin_transition_cpu_ms_sqlite_p50": at_most(1.5),
    "thin_state_bytes_p50": at_most(3_000),
    "thin_wal_bytes_per_case": at_most(20_000),
    "thin_transitions_per_s_postgres_2p": at_least(1_000),
    "thin_throughput_ratio_to_handwritten": at_least(1),
    "thin_loop1000_over_loop1": at_most(1.1),
    "thin_commits_per_transition": at_most(1),
    "thin_life_cpu_ratio_stock_over_ours": at_least(5),
    "shipped_cpu_ratio_to_handwritten": at_most(1.1),
    "shipped_cpu_ratio_to_handwritten_postgres": at_most(1.1),
    "shipped_wal_ratio_to_handwritten": at_most(1.1),
    "shipped_wal_ratio_to_handwritten_sqlite": at_most(1.1),
    "shipped_throughput_ratio_to_handwritten": at_least(1 / 1.1),
    "shipped_loop1000_over_loop1": at_most(1.1),
    "shipped_commits_per_transition": at_most(1),
    "shipped_life_cpu_ratio_stock_over_ours": at_least(5),
    "tick_ms_100k_open": at_most(5),
    "fires_per_s": at_least(500),
    "watch_month_cpu_s_sqlite": at_most(2),
    "watch_month_cpu_s_postgres": at_most(2),
    "replay_cpu_min_10000_cases": at_most(10),
    "replay_differences": at_most(0),
    "timer_30_days_exact": at_least(1),
    "timer_one_year_exact": at_least(1),
    "workday_ratio_holidays_n15": at_least(50),
    "deadline_with_switches_us": at_most(2),
    "dmn_20x3_us": at_most(10),
    "dmn_2000_us": at_most(20),
    "dmn_2000_over_10": at_most(2),
    "dmn_20x3_ratio_zen": at_least(1),
    "dmn_2000_ratio_zen": at_least(1),
    "dmn_20x3_ratio_feelin": at_least(1),
    "dmn_2000_ratio_feelin": at_least(1),
}

_SERIES = (
    "transition_cpu_ms_sqlite_p50",
    "transition_cpu_ms_sqlite_p95",
    "transition_cpu_ms_postgres_p50",
    "transitions_per_s_postgres_2p",
    "state_bytes_p50",
    "wal_bytes_per_case",
    "commits_per_transition",
    "loop1000_over_loop1",
    "cpu_ratio_to_handwritten",
    "life_cpu_ratio_stock_over_ours",
)
KEYS: dict[str, tuple[str, ...]] = {
    "thin": tuple(f"thin_{key}" for key in _SERIES),
    "shipped": tuple(f"shipped_{key}" for key in _SERIES),
    "timers": ("tick_ms_100k_open", "fires_per_s"),
    "watching": (
        "watch_month_cpu_s_sqlite",
        "watch_heat_map_s_sqlite",
        "watch_heat_map_s_postgres",
    ),
    "replay": ("replay_cpu_ms_a_case_1p", "replay_cpu_min_10000_cases", "replay_differences"),
    "worktime": ("workday_add_us", "workday_ratio_holidays_n15"),
    "decisions": ("dmn_20x3_us", "dmn_2000_us", "dmn_20x3_ratio_spiff", "dmn_2000_ratio_spiff"),
}
"""The keys each series must give; it may give more."""


@dataclass(slots=True)
class Figures:
    """Flat keys with their values, in the order in which they were measured."""

    values: dict[str, float | int | str | None] = field(default_factory=dict)

    def put(self, key: str, value: float | str | None) -> None:
        """Keep a figure, rounded to what the measurement can carry."""
        self.values[key] = float(f"{value:.4g}") if isinstance(value, float) else value

    def table(self) -> str:
        """Every figure in a line, with its target and whether it is reached."""
        width = 56  # of the longest key, so that the tables of all series line up
        lines = []
        for key, value in self.values.items():
            shown = f"{value:,}" if isinstance(value, int | float) else str(value)
            target = TARGETS.get(key)
            verdict = ""
            if target is not None and isinstance(value, int | float):
                met = "reached" if target.reached(value) else "MISSED"
                verdict = f"  {target.text:>9}  {met}"
            lines.append(f"{key:<{width}}  {shown:>14}{verdict}")
        return "\n".join(lines)

    def write(self, path: Path) -> None:
        """The flat keys as JSON."""
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(self.values, indent=1, ensure_ascii=False) + "\n", "utf-8")
