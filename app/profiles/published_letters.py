"""Letters in force and who issues them: published with a profile, looked up when one is issued."""

from collections.abc import Mapping

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from app.core.phrase import Phrase
from app.core.uow import UnitOfWork
from app.profiles.letters import Letter, LetterKind
from app.profiles.models import LetterIssuer, LetterVersion


def newest(session: Session, kind: LetterKind) -> tuple[int, Letter]:
    """The version in force and its text. Raises `NoResultFound` before the first publication."""
    row = session.scalars(_newest(kind)).one()
    return row.version, Letter(kind, Phrase(row.text_zh, row.text_en))


def issuer(session: Session) -> Phrase:
    """In whose name letters are issued. Raises `NoResultFound` before the first publication."""
    row = session.scalars(_NEWEST_ISSUER).one()
    return Phrase(row.name_zh, row.name_en)


def publish_issuer(uow: UnitOfWork, name: Phrase) -> None:
    """From now on letters are issued in this name; those that were issued keep theirs."""
    before = uow.session.scalars(_NEWEST_ISSUER).one_or_none()
    if before is not None and (before.name_zh, before.name_en) == (name.zh, name.en):
        return
    uow.session.add(LetterIssuer(name_zh=name.zh, name_en=name.en, published_at=uow.now))
    uow.session.flush()


def publish(uow: UnitOfWork, letters: Mapping[LetterKind, Letter]) -> None:
    """Publish the letters whose text differs from the newest version, as the next one."""
    for kind, letter in letters.items():
        before = uow.session.scalars(_newest(kind)).one_or_none()
        if before is not None and (before.text_zh, before.text_en) == (
            letter.text.zh,
            letter.text.en,
        ):
            continue
        uow.session.add(
            LetterVersion(
                kind=kind.value,
                version=1 if before is None else before.version + 1,
                text_zh=letter.text.zh,
                text_en=letter.text.en,
                published_at=uow.now,
            )
        )
    uow.session.flush()


_NEWEST_ISSUER = select(LetterIssuer).order_by(LetterIssuer.id.desc()).limit(1)


def _newest(kind: LetterKind) -> Select[LetterVersion]:
    return (
        select(LetterVersion)
        .where(LetterVersion.kind == kind.value)
        .order_by(LetterVersion.version.desc())
        .limit(1)
    )
