"""Letters in force: published with a profile, looked up when one is issued."""

from collections.abc import Mapping

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from app.core.phrase import Phrase
from app.core.uow import UnitOfWork
from app.profiles.letters import Letter, LetterKind
from app.profiles.models import LetterVersion


def newest(session: Session, kind: LetterKind) -> tuple[int, Letter]:
    """The version in force and its text. Raises `NoResultFound` before the first publication."""
    row = session.scalars(_newest(kind)).one()
    return row.version, Letter(kind, Phrase(row.text_zh, row.text_en))


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


def _newest(kind: LetterKind) -> Select[LetterVersion]:
    return (
        select(LetterVersion)
        .where(LetterVersion.kind == kind.value)
        .order_by(LetterVersion.version.desc())
        .limit(1)
    )
