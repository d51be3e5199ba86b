"""Published versions of diagrams: immutable rows, and the bundles built from them once."""

import hashlib
from collections.abc import Collection, Mapping, Sequence
from threading import Lock
from typing import NamedTuple
from weakref import WeakKeyDictionary

import orjson
from sqlalchemy import Engine, bindparam, insert, select
from sqlalchemy.orm import Session

from app.core.db import known
from app.core.errors import NotFound
from app.core.phrase import Phrase
from app.core.uow import UnitOfWork
from app.engine.checker import require_accepted
from app.engine.content_checks import ServiceDeclaration, Surroundings
from app.engine.diagram import Diagram, read_diagram
from app.engine.kernel import Bundle
from app.engine.models import DiagramVersionRow
from app.engine.ports import Compile
from app.engine.wiring import wired

_ID = select(DiagramVersionRow.id).where(DiagramVersionRow.key == bindparam("of"))
_NEWEST = _ID.order_by(DiagramVersionRow.version.desc()).limit(1)
_EXACT = _ID.where(DiagramVersionRow.version == bindparam("number"))


class _Published(NamedTuple):
    """What is kept of a published version: what runs, and the versions of its decisions."""

    bundle: Bundle
    decisions: dict[str, int | None]


_published: WeakKeyDictionary[Engine, dict[int, _Published]] = WeakKeyDictionary()
"""By database and id: several databases may share a process, and count their ids alike."""

_KEPT = 128
"""Bundles held in memory by content; one more puts out the oldest."""
_built: dict[tuple[Compile, str, str], Bundle] = {}
"""By compiler, main process and content: databases of the same content share what was built."""
_building = Lock()

_PUBLISHING = "diagrams being published"
"""Ids of versions that are not committed yet, and may never be."""


def publish(
    uow: UnitOfWork,
    key: str,
    diagrams: Sequence[Diagram],
    *,
    services: Mapping[str, ServiceDeclaration] | None = None,
    keeps: Collection[str] = (),
) -> DiagramVersionRow:
    """Publish version N+1 of the diagram whose process is `key`; nothing new when unchanged.

    `diagrams` are the diagram and those of called processes; a called process that is not among
    them is taken in its newest published version, and stays at that version for this bundle.
    `services` are the services a diagram may name, where they are to be checked. `keeps` are
    decisions whose versions its cases keep although no element names them. Raises `Invalid` with
    a phrase per element when the checker refuses anything.
    """
    host = wired()
    calls = _calls(uow.session, diagrams)
    decisions = {
        key: host.newest_decision(uow.session, key)
        for key in sorted(_decision_keys(diagrams).union(keeps))
    }
    content = orjson.dumps(
        {
            "files": {d.file_name: d.source.decode() for d in diagrams},
            "calls": calls,
            "decisions": decisions,
        },
        option=orjson.OPT_SORT_KEYS,
    ).decode()
    digest = hashlib.sha256(content.encode()).hexdigest()
    newest = latest(uow.session, key)
    if newest is not None and newest.sha256 == digest:
        return newest
    around = Surroundings(services=services, compile_expression=host.compile, publishing=True)
    require_accepted(_diagrams(uow.session, content), around)
    _build(uow.session, key, content)
    version_id = uow.session.execute(
        insert(DiagramVersionRow)
        .values(
            key=key,
            version=1 if newest is None else newest.version + 1,
            sha256=digest,
            bundle=content,
            published_at=uow.now,
            published_by=uow.actor.user_id,
        )
        .returning(DiagramVersionRow.id)
    ).scalar_one()
    known(uow.session, _PUBLISHING)[version_id] = key
    return uow.session.get_one(DiagramVersionRow, version_id)


def _decision_keys(diagrams: Sequence[Diagram]) -> set[str]:
    """The decisions that rule tasks name."""
    return {
        element.decision.key
        for diagram in diagrams
        for process in diagram.processes.values()
        for element in process.elements.values()
        if element.decision is not None
    }


def latest(session: Session, key: str) -> DiagramVersionRow | None:
    """The newest published version, if there is one."""
    return session.scalar(
        select(DiagramVersionRow)
        .where(DiagramVersionRow.key == key)
        .order_by(DiagramVersionRow.version.desc())
        .limit(1)
    )


def version_of(session: Session, key: str, version: int | None = None) -> DiagramVersionRow:
    """A published version, the newest by default. Raises `NotFound`."""
    return session.get_one(DiagramVersionRow, version_id_of(session, key, version))


def version_id_of(session: Session, key: str, version: int | None = None) -> int:
    """The id of a published version, the newest by default. Raises `NotFound`."""
    found: int | None = (
        session.connection()
        .execute(_NEWEST if version is None else _EXACT, {"of": key, "number": version})
        .scalar_one_or_none()
    )
    if found is None:
        raise NotFound(
            Phrase(
                f"流程“{key}”没有已发布的版本：请先发布流程图。",
                f'Process "{key}" has no published version: publish its diagram first.',
            )
        )
    return found


def bundle_of(session: Session, version_id: int) -> Bundle:
    """The bundle of a published version, built at first use and shared by all threads."""
    return _version(session, version_id).bundle


def decisions_of(session: Session, version_id: int) -> dict[str, int | None]:
    """The exact versions of the decisions a published diagram was published with."""
    return _version(session, version_id).decisions


def _version(session: Session, version_id: int) -> _Published:
    here = _published.setdefault(session.get_bind().engine, {})
    found = here.get(version_id)
    if found is None:
        row = session.get_one(DiagramVersionRow, version_id)
        bundle = _build(session, row.key, row.bundle)
        found = _Published(bundle, orjson.loads(row.bundle)["decisions"])
        if version_id not in known(session, _PUBLISHING):
            here[version_id] = found
    return found


def _build(session: Session, key: str, content: str) -> Bundle:
    which = wired().compile, key, _digest(session, content)
    built = _built.get(which)
    if built is None:
        made = Bundle(_diagrams(session, content), wired().compile, key)
        with _building:
            while len(_built) >= _KEPT:
                del _built[next(iter(_built))]
            built = _built.setdefault(which, made)
    return built


def _digest(session: Session, content: str) -> str:
    """Of the files of a version and of all that it calls: version numbers alone do not tell two
    databases apart.
    """
    found = orjson.loads(content)
    called = [
        _digest(session, version_of(session, key, version).bundle)
        for key, version in sorted(found["calls"].items())
    ]
    return hashlib.sha256(orjson.dumps([found["files"], called])).hexdigest()


def _diagrams(session: Session, content: str) -> list[Diagram]:
    found = orjson.loads(content)
    diagrams = [read_diagram(text.encode(), name) for name, text in found["files"].items()]
    for called, version in found["calls"].items():
        row = version_of(session, called, version)
        inside = [p for d in diagrams for p in d.processes]
        if called not in inside:
            diagrams += _diagrams(session, row.bundle)
    return diagrams


def _calls(session: Session, diagrams: Sequence[Diagram]) -> dict[str, int]:
    inside = {key for diagram in diagrams for key in diagram.processes}
    called = {
        element.called
        for diagram in diagrams
        for process in diagram.processes.values()
        for element in process.elements.values()
        if element.kind == "callActivity" and element.called is not None
    }
    return {key: version_of(session, key).version for key in sorted(called - inside)}
