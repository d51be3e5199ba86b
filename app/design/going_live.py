"""A change goes live: all of its drafts at once, or none."""

from app.core.uow import UnitOfWork
from app.design import changes, checking, documents, publishing
from app.design.documents import Document
from app.design.models import Kind, Source


def publish_change(uow: UnitOfWork, change_id: int) -> bool:
    """Publish an approved change whose time has come, all of it; False when somebody was first.

    Raises `Conflict` when a document has a newer version by now, `Invalid` when the checkers
    refuse a text: then nothing of it is published.
    """
    change = changes.take_due(uow, change_id)
    if change is None:
        return False
    drafts = {Document(Kind(one.kind), one.key): one for one in change.drafts}
    for draft in drafts.values():
        changes.require_newest(uow.session, draft)
    checking.require_good(checking.check_change(uow.session, change))
    made = publishing.put(uow, {what: draft.content for what, draft in drafts.items()})
    author = "、".join(changes.workers(uow.session, change).values())
    for what, version in made.items():
        own = drafts.get(what)
        source = Source.FOLLOWING
        if own is not None:
            source = Source.CHANGE if own.restores is None else Source.ROLLBACK
        publishing.record(
            uow,
            what,
            version,
            source,
            documents.version(uow.session, what, version).content if own is None else own.content,
            comment=change.title,
            author=author,
            change_id=change.id,
            approved_by=change.decided_by_name,
            from_version=None if own is None else own.restores,
            scenarios=_scenarios(uow, what),
        )
    changes.published(uow, change)
    return True


def _scenarios(uow: UnitOfWork, what: Document) -> int | None:
    if what.kind is not Kind.DIAGRAM:
        return None
    return documents.newest_number(uow.session, Document(Kind.SCENARIOS, what.key))
