"""Carrying out moves that were agreed to, and undoing them, case by case."""

from collections.abc import Callable
from datetime import datetime

from app.core.db import Sessions
from app.design.moving import moves
from app.jobs.line_by_line import AT_ONCE, Lines, carry_out

LINES = Lines(moves.JOB, moves.next_lines, moves.apply, moves.fail, moves.finish)


def work(sessions: Sessions, clock: Callable[[], datetime], batches: int = AT_ONCE) -> int:
    """Go on with the moves that were agreed to, if any; returns how many cases had their turn."""
    return carry_out(LINES, sessions, clock, batches)
