"""What a process has passed: its sequence flows, one after the other, in two bytes each.

A flow goes by its number among all flows of the version's bundle. What was passed under a version
that the process was moved away from is closed by a mark and that version.
"""

import struct
import sys
from array import array
from collections.abc import Iterable, Iterator
from functools import lru_cache

from app.engine.kernel import Bundle

Flow = tuple[str, str]
"""The process that a sequence flow is in, and its id."""

_MARK = 0xFFFF
_CLOSED = struct.Struct("<HI")


def gone_on(before: bytes, bundle: Bundle, flows: Iterable[Flow]) -> bytes:
    """With the flows that were passed now, under the version of the bundle."""
    numbers = _numbers(bundle)
    taken = [numbers[flow] for flow in flows]
    return before + struct.pack(f"<{len(taken)}H", *taken)


def moved_on(before: bytes, version_id: int) -> bytes:
    """With what was passed up to now put down to the version that the process leaves."""
    return before + _CLOSED.pack(_MARK, version_id)


def by_version(passed: bytes, version_id: int) -> Iterator[tuple[int, "array[int]"]]:
    """Under which version which flows were passed, by their numbers; `version_id` is that under
    which the process runs now.
    """
    numbers = array("H")
    numbers.frombytes(passed)
    if sys.byteorder == "big":
        numbers.byteswap()
    while _MARK in numbers:
        place = numbers.index(_MARK)
        yield numbers[place + 1] + (numbers[place + 2] << 16), numbers[:place]
        numbers = numbers[place + 3 :]
    yield version_id, numbers


@lru_cache(maxsize=256)
def flows_of(bundle: Bundle) -> tuple[Flow, ...]:
    """The flows of a bundle by their number."""
    return tuple(
        sorted((key, flow) for key, process in bundle.processes.items() for flow in process.flows)
    )


@lru_cache(maxsize=256)
def _numbers(bundle: Bundle) -> dict[Flow, int]:
    return {flow: number for number, flow in enumerate(flows_of(bundle))}
