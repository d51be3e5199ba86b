"""Published decision tables: publishing a version, asking one, keeping what it answered."""

import hashlib
import re
from collections.abc import Mapping
from datetime import datetime
from html import unescape
from threading import Lock
from weakref import WeakKeyDictionary

import orjson
from sqlalchemy import Engine, bindparam, insert, select
from sqlalchemy.orm import Session

from app.core.clock import CHINA
from app.core.db import known
from app.core.errors import NotFound
from app.core.phrase import Phrase
from app.core.uow import UnitOfWork
from app.decisions.checks.checker import require_publishable
from app.decisions.dmn import Model, read_model
from app.decisions.errors import DecisionError
from app.decisions.evidence import Answer, json_value
from app.decisions.importing import imported_namespaces, namespace_of
from app.decisions.models import DecisionRecord, DecisionVersion


def publish(uow: UnitOfWork, key: str, xml: bytes) -> DecisionVersion:
    """Publish `xml` as the next version of the table `key`; the newest one if nothing changed.

    What it imports is kept in the version that is the newest now; when that has changed, so has
    the table. Raises DecisionError when the model is not DMN, imports what is not published, or
    the checker finds errors in it.
    """
    imports = _imports(uow.session, key, xml)
    sha256 = _digest(xml, imports)
    newest = uow.session.scalars(
        select(DecisionVersion)
        .where(DecisionVersion.key == key)
        .order_by(DecisionVersion.version.desc())
        .limit(1)
    ).first()
    if newest is not None and newest.sha256 == sha256:
        return newest
    imported = [_model(uow.session, *one)[1] for one in imports]
    if (sha256, *imported) not in _publishable:
        model = read_model(xml, imported)
        require_publishable(model)
        _ = model.main_decision  # refused now rather than at the first question
        _publishable.add((sha256, *imported))
    version = DecisionVersion(
        key=key,
        version=1 if newest is None else newest.version + 1,
        sha256=sha256,
        xml=xml.decode("utf-8"),
        imports=_json(imports),
        published_at=uow.now,
    )
    uow.session.add(version)
    uow.session.flush()
    known(uow.session, _PUBLISHING)[key] = version.version
    return version


def decide(
    uow: UnitOfWork,
    key: str,
    inputs: Mapping[str, object],
    *,
    subject_kind: str,
    subject_id: int,
    version: int | None = None,
) -> Answer:
    """The answer of the table `key`, stored as evidence for the subject.

    `version`: the published version to ask; the newest by default. Raises NotFound when there is
    no such version, DecisionError when the table has no right answer for these inputs.
    """
    found = answer(uow.session, key, inputs, version=version, now=uow.now)
    evidence = found.evidence.to_json()
    uow.session.connection().execute(
        _RECORD,
        {
            "subject_kind": subject_kind,
            "subject_id": subject_id,
            "decision_key": key,
            "version": found.version,
            "decided_at": uow.now,
            "rows": _json(evidence["tables"]),
            "inputs": _json(evidence["inputs"]),
            "outputs": _json(json_value(found.outputs)),
        },
    )
    return found


def answer(
    session: Session,
    key: str,
    inputs: Mapping[str, object],
    version: int | None = None,
    now: datetime | None = None,
) -> Answer:
    """The answer of the table `key` without storing anything, for previews.

    `now` is what `now()` and `today()` read, in China's zone. Raises like `decide`.
    """
    number, model = _model(session, key, version)
    local = None if now is None else now.astimezone(CHINA)
    return model.decide(inputs, key=key, version=number, now=local)


def newest_version(session: Session, key: str) -> int:
    """The number of the newest version of the table `key`; raises NotFound if there is none."""
    return _row(session, key, None)[0]


def model(session: Session, key: str, version: int | None = None) -> Model:
    """The compiled table `key`, the newest version by default. Raises NotFound."""
    return _model(session, key, version)[1]


def title(session: Session, key: str, version: int) -> str:
    """What people call the table in that version; its key where the file gives no other name."""
    xml: str = session.scalars(
        select(DecisionVersion.xml).where(
            DecisionVersion.key == key, DecisionVersion.version == version
        )
    ).one()
    named = re.search(rf'<decision id="{re.escape(key)}" name="([^"]+)"', xml)
    return unescape(named.group(1)) if named is not None else key


def _model(session: Session, key: str, version: int | None) -> tuple[int, Model]:
    models = _published.setdefault(session.get_bind().engine, {})
    if version is not None and (key, version) in models:
        return version, models[key, version]
    number, sha256 = _row(session, key, version)
    if (key, number) in models:
        return number, models[key, number]
    stored = session.execute(
        select(DecisionVersion.xml, DecisionVersion.imports).where(
            DecisionVersion.key == key, DecisionVersion.version == number
        )
    ).one()
    imports = [_model(session, *one)[1] for one in orjson.loads(stored.imports)]
    which: tuple[str | Model, ...] = (sha256, *imports)
    with _compiling:
        model = _compiled.get(which)
        if model is None:
            model = read_model(stored.xml.encode("utf-8"), imports)
            while len(_compiled) >= _KEPT:
                del _compiled[next(iter(_compiled))]
            _compiled[which] = model
    if key not in known(session, _PUBLISHING):
        models[key, number] = model
    return number, model


def _imports(session: Session, key: str, xml: bytes) -> list[tuple[str, int]]:
    """Key and version of each published table that `xml` imports, the newest ones."""
    wanted = imported_namespaces(xml)
    if not wanted:
        return []
    published = {
        namespace_of(row.xml.encode("utf-8")): (row.key, row.version)
        for row in session.execute(
            select(DecisionVersion.key, DecisionVersion.version, DecisionVersion.xml)
            .where(DecisionVersion.key != key)
            .order_by(DecisionVersion.version)
        )
    }
    for namespace in wanted:
        if namespace not in published:
            raise DecisionError(
                Phrase(
                    f"引用的决策表“{namespace}”尚未发布，请先发布它。",
                    f"It imports “{namespace}”, which is not published: publish that first.",
                )
            )
    return [published[namespace] for namespace in wanted]


def _digest(xml: bytes, imports: list[tuple[str, int]]) -> str:
    return hashlib.sha256(xml + (orjson.dumps(imports) if imports else b"")).hexdigest()


def _row(session: Session, key: str, version: int | None) -> tuple[int, str]:
    connection = session.connection()
    if version is None:
        row = connection.execute(_NEWEST, {"key": key}).first()
    else:
        row = connection.execute(_EXACT, {"key": key, "version": version}).first()
    if row is None:
        raise NotFound(
            Phrase(
                f"没有已发布的决策表“{key}”，请先发布。",
                f"There is no published decision table “{key}”: publish it first.",
            )
        )
    return row.version, row.sha256


def _json(value: object) -> str:
    return orjson.dumps(value).decode()


# Built once: a decision is asked at nearly every step of a case.
_VERSIONS = DecisionVersion.__table__.c
_EXACT = select(_VERSIONS.version, _VERSIONS.sha256).where(
    _VERSIONS.key == bindparam("key"), _VERSIONS.version == bindparam("version")
)
_NEWEST = (
    select(_VERSIONS.version, _VERSIONS.sha256)
    .where(_VERSIONS.key == bindparam("key"))
    .order_by(_VERSIONS.version.desc())
    .limit(1)
)
_RECORD = insert(DecisionRecord.__table__)  # type: ignore[arg-type] # a Table, typed more widely

_KEPT = 256
"""Compiled tables held in memory by content; one more puts out the oldest."""
_compiled: dict[tuple[str | Model, ...], Model] = {}
"""Compiled tables by the digest of their text, and the very models they import: in another database
a version of the same number may say something else. Versions never change, so neither do these.
"""

_published: WeakKeyDictionary[Engine, dict[tuple[str, int], Model]] = WeakKeyDictionary()
"""The same by database, key and version: a case asks exact versions at nearly every step."""

_PUBLISHING = "tables being published"
"""Keys with a version that is not committed yet, and may never be."""

_publishable: set[tuple[str | Model, ...]] = set()
"""Texts, by digest and imported models, that the checker let pass: they never change."""

_compiling = Lock()
