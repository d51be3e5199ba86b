"""What a release brings along: published where the city has not made the document its own.

A document is the city's own from the first change of it that was published. A new shipped text
of such a document is offered in the workshop; nobody's work is overwritten by a release.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from app.core.errors import NotFound
from app.core.phrase import Phrase
from app.core.uow import UnitOfWork
from app.decisions.examples import examples_file
from app.design import city, documents, publishing, wordings
from app.design.documents import Document
from app.design.models import Kind, Publication, ShippedOffer, Source
from app.identity.policy import require
from app.profiles import publishing as profiles
from app.profiles.letters import LetterKind

_CITY = Document(Kind.PROFILE, city.KEY)

COMMENT = "随版本发布"
"""What stands as comment on a version that came with a release."""


def publish(uow: UnitOfWork, profile_name: str, diagrams: Path) -> None:
    """Publish the tables and letters under a profile and the diagrams of a folder, each with its
    test rows or scenarios; offer those that the city has made its own.

    Raises as `profiles.publishing.publish` does, and `Invalid` for what the checkers refuse.
    """
    own = own_documents(uow.session)
    profile = profiles.publish(
        uow,
        profile_name,
        kept={what.key for what in own if what.kind is Kind.TABLE},
        kept_letters={LetterKind(what.key) for what in own if what.kind is Kind.LETTER},
        keeps_issuer=_CITY in own,
    )
    shipped = {
        Document(Kind.TABLE, key): path.read_text(encoding="utf-8")
        for key, path in profile.tables.items()
    } | {
        Document(Kind.LETTER, kind.value): documents.wording_text(letter.text.zh, letter.text.en)
        for kind, letter in profile.letters.items()
    }
    shipped[_CITY] = city.text_of(profile)
    if _CITY not in own:
        publishing.keep(uow, _CITY, shipped[_CITY])
    files = _files(profile.tables, diagrams)
    shipped |= files
    last = _last_shipped(uow.session)
    new = {what for what, text in shipped.items() if last.get(what) != documents.digest(text)}
    put = publishing.put(uow, {what: files[what] for what in files if what in new - own})
    for what in new:
        _written_down(uow, what, shipped[what], is_own=what in own)
    for what, version in put.items():
        text = documents.version(uow.session, what, version).content
        publishing.record(
            uow, what, version, Source.FOLLOWING, text, comment=COMMENT, author=uow.actor.name
        )


def own_documents(session: Session) -> frozenset[Document]:
    """The documents that the city has made its own; scenarios and test rows go with what they try,
    as those of a release would try something else.
    """
    mine = session.execute(
        select(Publication.kind, Publication.key)
        .where(Publication.source.in_([Source.CHANGE.value, Source.ROLLBACK.value]))
        .distinct()
    )
    own = {Document(Kind(kind), key) for kind, key in mine}
    beside = {Document(_TRIED_BY[what.kind], what.key) for what in own if what.kind in _TRIED_BY}
    return frozenset(own | beside)


_TRIED_BY = {Kind.DIAGRAM: Kind.SCENARIOS, Kind.TABLE: Kind.EXAMPLES}


def offers(session: Session) -> Sequence[ShippedOffer]:
    """The shipped texts that wait for a designer to look at, in order."""
    return session.scalars(
        select(ShippedOffer)
        .where(ShippedOffer.settled_at.is_(None))
        .order_by(ShippedOffer.kind, ShippedOffer.key)
    ).all()


def offer(session: Session, offer_id: int) -> ShippedOffer:
    """The offer with this id. Raises `NotFound`."""
    found = session.get(ShippedOffer, offer_id)
    if found is None:
        raise NotFound(Phrase("没有这份出厂新版。", "There is no such offer of a release."))
    return found


def settle(uow: UnitOfWork, offer_id: int) -> ShippedOffer:
    """Say that the offer was looked at: it was taken into a change, or is not wanted."""
    require(uow.actor, "design.edit")
    found = offer(uow.session, offer_id)
    if found.settled_at is None:
        found.settled_at, found.settled_by_name = uow.now, uow.actor.name
    return found


def _files(tables: Mapping[str, Path], diagrams: Path) -> dict[Document, str]:
    """What a release brings beside the profile: diagrams, scenarios, test rows, messages."""
    found = {}
    for path in sorted(diagrams.glob("*.bpmn")):
        found[Document(Kind.DIAGRAM, path.stem)] = path.read_text(encoding="utf-8")
        stories = path.with_suffix(".scenarios.yaml")
        if stories.exists():
            found[Document(Kind.SCENARIOS, path.stem)] = stories.read_text(encoding="utf-8")
    for key, path in tables.items():
        rows = examples_file(path)
        if rows.exists():
            found[Document(Kind.EXAMPLES, key)] = rows.read_text(encoding="utf-8")
    return found | wordings.shipped_messages()


def _last_shipped(session: Session) -> dict[Document, str]:
    """The digest of the text that a release brought last, by document."""
    found = session.execute(
        select(Publication.kind, Publication.key, Publication.sha256)
        .where(Publication.source == Source.SHIPPED.value)
        .order_by(Publication.version)
    )
    offered = session.execute(
        select(ShippedOffer.kind, ShippedOffer.key, ShippedOffer.sha256).order_by(ShippedOffer.id)
    )
    return {Document(Kind(kind), key): sha256 for kind, key, sha256 in [*found, *offered]}


def _written_down(uow: UnitOfWork, what: Document, text: str, *, is_own: bool) -> None:
    """Record the version that came with a release, or offer the text of one."""
    if is_own:
        _offer(uow, what, text)
        return
    number = documents.newest_number(uow.session, what)
    assert number is not None  # it was published just now, or before
    publishing.record(
        uow, what, number, Source.SHIPPED, text, comment=COMMENT, author=uow.actor.name
    )


def _offer(uow: UnitOfWork, what: Document, text: str) -> None:
    """Offer a text in place of what was offered before; once offered, it is again."""
    mine = (ShippedOffer.kind == what.kind.value) & (ShippedOffer.key == what.key)
    digest = documents.digest(text)
    uow.session.execute(
        delete(ShippedOffer)
        .where(mine, ShippedOffer.sha256 == digest)
        .execution_options(synchronize_session=False)
    )
    uow.session.execute(
        update(ShippedOffer)
        .where(mine, ShippedOffer.settled_at.is_(None))
        .values(settled_at=uow.now, settled_by_name=uow.actor.name)
    )
    uow.session.add(
        ShippedOffer(
            kind=what.kind.value, key=what.key, content=text, sha256=digest, offered_at=uow.now
        )
    )
    uow.session.flush()
