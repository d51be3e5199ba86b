"""Applying approved bulk extensions, order by order."""

from collections.abc import Callable
from datetime import datetime

from app.cases import bulk
from app.core.db import Sessions
from app.jobs.line_by_line import AT_ONCE, Lines, carry_out

LINES = Lines(bulk.JOB, bulk.next_orders, bulk.apply, bulk.skip)


def work(sessions: Sessions, clock: Callable[[], datetime], batches: int = AT_ONCE) -> int:
    """Go on with what was approved, if anything was; returns how many orders had their turn."""
    return carry_out(LINES, sessions, clock, batches)
