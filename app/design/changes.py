"""Changes: opened by a designer, proposed with evidence, approved by a second person.

Nobody alone: who opened, proposed or wrote any of it does not approve it.
"""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.core.errors import Invalid, NotFound
from app.core.phrase import Phrase
from app.core.uow import UnitOfWork
from app.design.drafts import person
from app.design.models import DesignChange, Status
from app.identity.policy import require


def open_change(uow: UnitOfWork, title: str, reason: str) -> DesignChange:
    """Begin a change, empty for now. Raises `NotAllowed`, or `Invalid` without title or reason."""
    require(uow.actor, "design.edit")
    fields = {}
    if not title.strip():
        fields["title"] = Phrase("请填写变更名称。", "Say what the change is called.")
    if not reason.strip():
        fields["reason"] = Phrase("请写明变更事由。", "Say why the change is made.")
    if fields:
        raise Invalid(Phrase("请补充变更名称和事由。", "Fill in the title and the reason."), fields)
    who = person(uow)
    made = DesignChange(
        title=title.strip(),
        reason=reason.strip(),
        status=Status.OPEN.value,
        created_by=who.id,
        created_by_name=who.name,
        created_at=uow.now,
    )
    uow.session.add(made)
    uow.session.flush()
    return made


def change(session: Session, change_id: int) -> DesignChange:
    """The change with this id. Raises `NotFound`."""
    found = session.get(DesignChange, change_id)
    if found is None:
        raise NotFound(Phrase("没有这份变更单。", "There is no such change."))
    return found


def changes(session: Session) -> Sequence[DesignChange]:
    """Every change, the newest first."""
    return session.scalars(select(DesignChange).order_by(DesignChange.id.desc())).all()
