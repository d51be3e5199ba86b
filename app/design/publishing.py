"""Publishing: texts become the next version of their documents.

A published version never changes. What names a document by version (a diagram its tables and the
diagrams it calls, a table those it imports) is published anew along with it, so that new cases
begin with what was published together.
"""

from collections.abc import Collection, Iterable, Mapping

from sqlalchemy import select

from app import engine
from app.cases import services, tables
from app.core.texts import DocumentVersion
from app.core.uow import UnitOfWork
from app.decisions import registry
from app.decisions.importing import imported_namespaces, namespace_of
from app.design import city, documents, wordings
from app.design.checking import calls_of
from app.design.documents import Document
from app.design.models import Kind, Publication, Source
from app.engine import read_diagram
from app.profiles import published_letters
from app.profiles.letters import Letter, LetterKind


def put(uow: UnitOfWork, texts: Mapping[Document, str]) -> dict[Document, int]:
    """Publish `texts` as the next versions of their documents, and anew, unchanged, whatever names
    one that has a newer version by now; each once. The numbers that `texts` and the others have
    then.

    A text that is the newest already stays the version it is. Raises `Invalid` when the checkers
    refuse one.
    """
    newest = {
        one.document: one.content
        for kind in (Kind.TABLE, Kind.DIAGRAM)
        for one in documents.newest_of(uow.session, kind).values()
    }
    found: dict[Document, int] = {}
    for what in in_order({**newest, **texts}):
        if what in texts:
            found[what] = _put(uow, what, texts[what])
        elif what.kind is Kind.DIAGRAM or imported_namespaces(newest[what].encode()):
            before = documents.newest_number(uow.session, what)
            now = _put(uow, what, newest[what])
            if now != before:
                found[what] = now
    return found


def in_order(texts: Mapping[Document, str]) -> list[Document]:
    """The documents so that each stands behind those it names: tables, letters and the like, then
    diagrams, the called before those that call.
    """
    kinds = list(Kind)
    kinds.remove(Kind.DIAGRAM)
    kinds.remove(Kind.TABLE)
    order = [Kind.TABLE, *kinds, Kind.DIAGRAM]
    found: list[Document] = []
    for kind in order:
        own = sorted((what for what in texts if what.kind is kind), key=lambda what: what.key)
        named = _named(kind, {what: texts[what] for what in own})
        _visit(own, named, found)
    return found


def record(
    uow: UnitOfWork,
    what: Document,
    version: int,
    source: Source,
    text: str,
    *,
    comment: str,
    author: str,
    change_id: int | None = None,
    approved_by: str | None = None,
    from_version: int | None = None,
    scenarios: int | None = None,
) -> None:
    """Write down how a version came to be published; a version that is written down stays so."""
    known = uow.session.scalar(
        select(Publication.id).where(
            Publication.kind == what.kind.value,
            Publication.key == what.key,
            Publication.version == version,
        )
    )
    if known is not None:
        return
    uow.session.add(
        Publication(
            change_id=change_id,
            kind=what.kind.value,
            key=what.key,
            version=version,
            source=source.value,
            sha256=documents.digest(text),
            from_version=from_version,
            scenarios=scenarios,
            comment=comment,
            author=author,
            approved_by=approved_by,
            published_at=uow.now,
        )
    )
    uow.session.flush()


def _put(uow: UnitOfWork, what: Document, text: str) -> int:
    match what.kind:
        case Kind.DIAGRAM:
            diagram = read_diagram(text.encode(), f"{what.key}.bpmn")
            declared = services.declarations()
            return engine.publish(
                uow, what.key, [diagram], services=declared, keeps=tables.KEPT
            ).version
        case Kind.TABLE:
            return registry.publish(uow, what.key, text.encode()).version
        case Kind.LETTER:
            kind = LetterKind(what.key)
            published_letters.publish(uow, {kind: Letter(kind, wordings.read(text))})
            return published_letters.newest(uow.session, kind)[0]
        case Kind.PROFILE:
            before = documents.newest(uow.session, what)
            city.put_into_force(uow, None if before is None else before.content, text)
            return keep(uow, what, text)
        case _:
            return keep(uow, what, text)


def keep(uow: UnitOfWork, what: Document, text: str) -> int:
    """Keep a text as the next version of a document that has no table of its own; its number."""
    newest = documents.newest(uow.session, what)
    if newest is not None and newest.content == text:
        return newest.number
    number = 1 if newest is None else newest.number + 1
    uow.session.add(
        DocumentVersion(
            kind=what.kind.value,
            key=what.key,
            version=number,
            content=text,
            sha256=documents.digest(text),
            published_at=uow.now,
        )
    )
    uow.session.flush()
    return number


def _named(kind: Kind, texts: Mapping[Document, str]) -> Mapping[Document, Collection[Document]]:
    """Which of the documents each names that is to stand before it."""
    match kind:
        case Kind.DIAGRAM:
            return {
                what: {
                    Document(kind, called)
                    for called in calls_of(read_diagram(text.encode(), f"{what.key}.bpmn"))
                }
                for what, text in texts.items()
            }
        case Kind.TABLE:
            spaces = {namespace_of(text.encode()): what for what, text in texts.items()}
            return {
                what: {
                    spaces[name] for name in imported_namespaces(text.encode()) if name in spaces
                }
                for what, text in texts.items()
            }
        case _:
            return {}


def _visit(
    own: Iterable[Document],
    named: Mapping[Document, Collection[Document]],
    found: list[Document],
) -> None:
    """Append depth first; a circle ends where it began, and is refused by the checkers."""
    seen = set(found)

    def visit(what: Document) -> None:
        if what in seen:
            return
        seen.add(what)
        for other in sorted(named.get(what, ()), key=lambda one: one.key):
            if other in named:
                visit(other)
        found.append(what)

    for what in own:
        visit(what)
