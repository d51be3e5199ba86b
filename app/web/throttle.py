"""How often a page without sign-in may be asked for from one address.

Counted in the memory of the process: it takes the edge off a flood, and proves nothing.
"""

from collections import deque
from datetime import datetime, timedelta
from threading import Lock

_ADDRESSES = 10_000
"""Addresses remembered at most; the one that came longest ago is forgotten first."""


class Throttle:
    """At most so many visits of one address within so many minutes."""

    def __init__(self, *, most: int, minutes: int) -> None:
        self._most, self._span = most, timedelta(minutes=minutes)
        self._visits: dict[str, deque[datetime]] = {}
        self._lock = Lock()

    def admits(self, address: str, now: datetime) -> bool:
        """Whether a visit at `now` is not one too many; one that is admitted is counted."""
        with self._lock:
            seen = self._visits.pop(address, deque())
            while seen and seen[0] <= now - self._span:
                seen.popleft()
            admitted = len(seen) < self._most
            if admitted:
                seen.append(now)
            self._visits[address] = seen
            while len(self._visits) > _ADDRESSES:
                del self._visits[next(iter(self._visits))]
        return admitted
