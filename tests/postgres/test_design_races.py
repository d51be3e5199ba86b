"""Two designers, two approvers and two tickers at once, on a real PostgreSQL."""

from collections.abc import Callable

import pytest
from sqlalchemy import func, select

from app.core.errors import Conflict, NotAllowed
from app.design import changes, documents, drafts
from app.design.documents import Document
from app.design.drafts import SavedMeanwhile
from app.design.models import DesignDraftRevision, Kind, Publication
from tests.design.desk import Workshop
from tests.office import Office
from tests.postgres.meeting import at_once

pytestmark = pytest.mark.postgres

EXTENSION = Document(Kind.DIAGRAM, "extension")


@pytest.fixture
def workshop(office: Office) -> Workshop:
    return Workshop(office)


def renamed(workshop: Workshop, name: str = "展期") -> int:
    change = workshop.change()
    draft = workshop.draft("diagram", "extension", change=change)
    workshop.save(draft, 1, workshop.text(draft).replace('name="延期"', f'name="{name}"'))
    return change


def doing(workshop: Workshop, by: str, act: Callable[..., object], *given: object) -> object:
    def command() -> object:
        with workshop.acting(by) as uow:
            found = act(uow, *given)
            return getattr(found, "id", found)

    return command


def refusals(results: list[object]) -> list[type]:
    return [type(one) for one in results if isinstance(one, Exception)]


def test_of_two_saves_at_once_one_is_told_and_nothing_is_lost(workshop: Workshop) -> None:
    draft = workshop.draft("diagram", "extension")
    text = workshop.text(draft)
    results = at_once(
        doing(workshop, "designer", drafts.save, draft, 1, text + "<!-- 甲 -->"),
        doing(workshop, "second", drafts.save, draft, 1, text + "<!-- 乙 -->"),
    )
    (late,) = [one for one in results if isinstance(one, SavedMeanwhile)]
    assert late.content == workshop.text(draft)
    with workshop.reading() as session:
        kept = select(func.count(DesignDraftRevision.id))
        assert session.scalar(kept.where(DesignDraftRevision.draft_id == draft)) == 2


def test_two_changes_that_take_the_same_document_at_once(workshop: Workshop) -> None:
    mine, yours = workshop.change("甲"), workshop.change("乙", by="second")
    results = at_once(
        doing(workshop, "designer", drafts.open_draft, mine, "diagram", "extension"),
        doing(workshop, "second", drafts.open_draft, yours, "diagram", "extension"),
    )
    assert refusals(results) == [Conflict]


def test_a_save_and_a_proposal_at_once_never_propose_what_was_not_weighed(
    workshop: Workshop,
) -> None:
    change = renamed(workshop)
    with workshop.reading() as session:
        found = changes.change(session, change)
        draft, text = found.drafts[0].id, found.drafts[0].content
    results = at_once(
        lambda: workshop.propose(change),
        doing(workshop, "second", drafts.save, draft, 2, text.replace("展期", "顺延")),
    )
    with workshop.reading() as session:
        found = changes.change(session, change)
        proposed, revision = found.status == "proposed", found.drafts[0].revision
    assert refusals(results) in ([Conflict], [])
    if refusals(results):
        assert proposed != (revision == 3)
    else:  # the save came first, and was weighed
        assert proposed
        assert revision == 3


def test_an_author_and_another_person_who_approve_at_once(workshop: Workshop) -> None:
    change = renamed(workshop)
    workshop.propose(change)
    results = at_once(
        doing(workshop, "designer", changes.approve, change),
        doing(workshop, "second", changes.approve, change),
        doing(workshop, "third", changes.reject, change, "不同意。"),
    )
    kinds = refusals(results)
    assert len(kinds) == 2
    assert set(kinds) <= {Conflict, NotAllowed}
    with workshop.reading() as session:
        assert changes.change(session, change).decided_by_name != workshop.name("designer")


def test_two_tickers_publish_a_change_once(workshop: Workshop) -> None:
    change = renamed(workshop)
    workshop.propose(change)
    workshop.approve(change)
    results = at_once(workshop.publish_due, workshop.publish_due)
    assert sorted(results) == [0, 1]  # type: ignore[type-var]
    with workshop.reading() as session:
        assert documents.newest_number(session, EXTENSION) == 2
        of_change = select(func.count(Publication.id)).where(Publication.change_id == change)
        assert session.scalar(of_change) == 1


def test_a_change_taken_back_while_its_time_comes_is_published_or_open(workshop: Workshop) -> None:
    change = renamed(workshop)
    workshop.propose(change)
    workshop.approve(change)
    at_once(workshop.publish_due, doing(workshop, "designer", changes.recall, change))
    with workshop.reading() as session:
        status = changes.change(session, change).status
        number = documents.newest_number(session, EXTENSION)
    assert (status, number) in {("published", 2), ("open", 1)}
