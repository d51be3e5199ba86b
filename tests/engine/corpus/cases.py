"""All cases of the corpus."""

from dataclasses import replace

from tests.engine.corpus import (
    activities,
    boundaries,
    combined,
    events,
    gateways,
    refusals,
    repeating,
)
from tests.engine.corpus.case import Case

_TOPICS = (activities, gateways, events, boundaries, repeating, combined, refusals)

CASES: list[Case] = [
    replace(case, topic=topic.__name__.rpartition(".")[2])
    for topic in _TOPICS
    for case in topic.CASES
]
