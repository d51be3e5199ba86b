"""The elements that live cases stand at and the new version no longer has, one by one."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import orjson
from sqlalchemy.orm import Session

from app import engine
from app.core.phrase import Phrase
from app.design.moving.candidates import Candidate, candidates
from app.engine.kernel import Bundle
from app.engine.versions import version_of


@dataclass(frozen=True, slots=True)
class Orphan:
    """An element (or flow into a join) that needs a counterpart."""

    element_id: str
    label: Phrase
    cases: int
    """How many processes stand there."""
    candidates: Sequence[Candidate]
    """The best guess first."""
    process: str
    """Key of the diagram that draws it: the moved one, or one that it calls."""
    old_version: int
    new_version: int | None
    """Of that diagram; None: the new version does not call it any more."""


@dataclass(frozen=True, slots=True)
class Standing:
    """How many processes of a version stand at an element."""

    element_id: str
    version: int
    cases: int


def orphans(
    session: Session,
    key: str,
    version: int,
    standing: Iterable[Standing],
    mapping: Mapping[str, str] | None = None,
) -> list[Orphan]:
    """What has to be mapped for the cases of a dry run, the most frequent first."""
    cases: Counter[str] = Counter()
    seen_in: dict[str, int] = {}
    for one in standing:
        cases[one.element_id] += one.cases
        seen_in.setdefault(one.element_id, one.version)
    new = engine.bundle_of(session, engine.version_id_of(session, key, version))
    result = []
    for element_id, count in cases.most_common():
        number = seen_in[element_id]
        old = engine.bundle_of(session, engine.version_id_of(session, key, number))
        process = _process(old, element_id)
        result.append(
            Orphan(
                element_id,
                _label(old, element_id),
                count,
                candidates(old, new, element_id, mapping),
                process,
                _drawn_by(session, key, number, process) or number,
                _drawn_by(session, key, version, process),
            )
        )
    return result


def _process(bundle: Bundle, element_id: str) -> str:
    return next(
        key
        for key, process in bundle.processes.items()
        if element_id in process.elements or element_id in process.flows
    )


def _label(bundle: Bundle, element_id: str) -> Phrase:
    element = bundle.element(element_id)
    if element is not None:
        return element.label
    process = bundle.processes[_process(bundle, element_id)]
    source = process.elements[process.flows[element_id].source].label
    return Phrase(f"来自“{source.zh}”", f'coming from "{source.en}"')


def _drawn_by(session: Session, key: str, number: int, process: str) -> int | None:
    """The version of the diagram `process` that version `number` of `key` runs."""
    if process == key:
        return number
    calls: dict[str, int] = orjson.loads(version_of(session, key, number).bundle)["calls"]
    if process in calls:
        return calls[process]
    inner = (_drawn_by(session, called, at, process) for called, at in calls.items())
    return next((found for found in inner if found is not None), None)
