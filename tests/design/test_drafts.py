"""Drafts in a change: what is kept, who may edit, and what two designers do to each other."""

import pytest
from sqlalchemy import select

from app.core.errors import Conflict, Invalid, NotAllowed, NotFound
from app.core.uow import Actor, unit_of_work
from app.design import changes, documents, drafts
from app.design.documents import Document
from app.design.drafts import KEPT, SavedMeanwhile
from app.design.models import DesignDraftRevision, Kind
from tests.design.desk import Workshop

EXTENSION = Document(Kind.DIAGRAM, "extension")


def test_a_draft_begins_as_the_newest_published_text(workshop: Workshop) -> None:
    draft_id = workshop.draft("diagram", "extension")
    with workshop.reading() as session:
        draft = drafts.draft(session, draft_id)
        published = documents.newest(session, EXTENSION)
    assert published is not None
    assert draft.content == published.content
    assert (draft.based_on, draft.revision) == (published.number, 1)


def test_a_second_designer_who_saves_an_older_text_gets_both(workshop: Workshop) -> None:
    draft_id = workshop.draft("diagram", "extension")
    text = workshop.text(draft_id)
    workshop.save(draft_id, 1, text.replace("延期", "展期"))
    with pytest.raises(SavedMeanwhile) as refused:
        workshop.save(draft_id, 1, text.replace("延期", "延长"), by="second")
    assert refused.value.revision == 2
    assert "展期" in refused.value.content
    assert workshop.name("designer") in refused.value.phrase.zh
    assert "展期" in workshop.text(draft_id)


def test_the_same_text_again_is_no_new_revision(workshop: Workshop) -> None:
    draft_id = workshop.draft("diagram", "extension")
    text = workshop.text(draft_id)
    assert workshop.save(draft_id, 1, text) == 1
    assert workshop.save(draft_id, 1, text + "\n") == 2
    assert workshop.save(draft_id, 1, text + "\n") == 2  # the answer was lost, and is asked again


def test_a_document_is_in_one_open_change_at_most(workshop: Workshop) -> None:
    workshop.draft("diagram", "extension")
    other = workshop.change("另一份")
    with pytest.raises(Conflict, match="working on this document"):
        workshop.draft("diagram", "extension", change=other)


def test_what_was_taken_out_may_be_taken_into_another_change(workshop: Workshop) -> None:
    draft_id = workshop.draft("diagram", "extension")
    with workshop.acting() as uow:
        drafts.discard(uow, draft_id)
    assert workshop.draft("diagram", "extension", change=workshop.change("另一份"))
    with pytest.raises(NotFound):
        workshop.save(draft_id, 1, "examples: []")


@pytest.mark.parametrize("login", ["duty", "admin", "agent", "leader"])
def test_only_designers_edit(workshop: Workshop, login: str) -> None:
    draft_id = workshop.draft("diagram", "extension")
    with pytest.raises(NotAllowed):
        workshop.save(draft_id, 1, workshop.text(draft_id), by=login)
    with pytest.raises(NotAllowed):
        workshop.change("私自修改", by=login)


def test_a_change_needs_a_title_and_a_reason(workshop: Workshop) -> None:
    with workshop.acting() as uow, pytest.raises(Invalid) as refused:
        changes.open_change(uow, " ", "")
    assert set(refused.value.fields) == {"title", "reason"}


@pytest.mark.parametrize(
    "text",
    [
        "这不是 XML",
        '<!DOCTYPE x [<!ENTITY a "b">]><x>&a;</x>',
        "<definitions/>",
        "x" * 2_000_001,
        "\x00",
    ],
)
@pytest.mark.parametrize(("kind", "key"), [("diagram", "extension"), ("table", "extension")])
def test_what_cannot_be_read_is_not_kept(
    workshop: Workshop, kind: str, key: str, text: str
) -> None:
    draft_id = workshop.draft(kind, key)
    before = workshop.text(draft_id)
    with pytest.raises(Invalid):
        workshop.save(draft_id, 1, text)
    assert workshop.text(draft_id) == before


@pytest.mark.parametrize("key", ["", "Extension", "a b", "../x", "x" * 64, "延期"])
def test_a_new_document_needs_a_key_that_can_be_named(workshop: Workshop, key: str) -> None:
    with pytest.raises(Invalid):
        workshop.draft("diagram", key)


def test_old_revisions_are_forgotten_but_the_last_of_each_person(workshop: Workshop) -> None:
    draft_id = workshop.draft("examples", "extension")
    workshop.save(draft_id, 1, "examples: [1]", by="second")
    for number in range(2, KEPT + 5):
        workshop.save(draft_id, number, f"examples: [{number}]")
    with workshop.reading() as session:
        kept = session.execute(
            select(DesignDraftRevision.revision, DesignDraftRevision.saved_by_name)
            .where(DesignDraftRevision.draft_id == draft_id)
            .order_by(DesignDraftRevision.revision)
        ).all()
    assert len(kept) == KEPT + 1
    assert tuple(kept[0]) == (2, workshop.name("second"))
    assert kept[1].revision == kept[-1].revision - KEPT + 1


def test_the_system_edits_nothing(workshop: Workshop) -> None:
    draft_id = workshop.draft("diagram", "extension")
    nobody = Actor(None, "系统", frozenset({"system"}))
    text = workshop.text(draft_id)
    sessions, now = workshop.office.sessions, workshop.office.now
    with unit_of_work(sessions, nobody, now) as uow, pytest.raises(NotAllowed):
        drafts.save(uow, draft_id, 1, text)
