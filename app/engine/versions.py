"""Published versions of diagrams: immutable rows, and the bundles built from them once."""

import hashlib
from collections.abc import Collection, Mapping, Sequence
from threading import Lock

import orjson
from sqlalchemy import bindparam, insert, select
from sqlalchemy.orm import Session

from app.core.errors import NotFound
from app.core.phrase import Phrase
from app.core.uow import UnitOfWork
from app.engine.checker import require_accepted
from app.engine.content_checks import ServiceDeclaration, Surroundings
from app.engine.diagram import Diagram, read_diagram
from app.engine.kernel import Bundle
from app.engine.models import DiagramVersionRow
from app.engine.wiring import wired

_ID = select(DiagramVersionRow.id).where(DiagramVersionRow.key == bindparam("of"))
_NEWEST = _ID.order_by(DiagramVersionRow.version.desc()).limit(1)
_EXACT = _ID.where(DiagramVersionRow.version == bindparam("number"))

_bundles: dict[int, Bundle] = {}
_decisions: dict[int, dict[str, int | None]] = {}
_lock = Lock()


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
    found = _bundles.get(version_id)
    if found is not None:
        return found
    row = session.get_one(DiagramVersionRow, version_id)
    built = _build(session, row.key, row.bundle)
    with _lock:
        _decisions[version_id] = orjson.loads(row.bundle)["decisions"]
        return _bundles.setdefault(version_id, built)


def forget_bundles() -> None:
    """Drop every built bundle, for another database or other services in the same process."""
    with _lock:
        _bundles.clear()
        _decisions.clear()


def decisions_of(session: Session, version_id: int) -> dict[str, int | None]:
    """The exact versions of the decisions a published diagram was published with."""
    bundle_of(session, version_id)
    return _decisions[version_id]


def _build(session: Session, key: str, content: str) -> Bundle:
    return Bundle(_diagrams(session, content), wired().compile, key)


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
