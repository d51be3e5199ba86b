"""A change on its way: proposed with evidence, approved by another person, published in time."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from app import engine
from app.core.db import Base
from app.core.errors import Conflict, DomainError, Invalid, NotAllowed
from app.core.outbox import OutboxMessage
from app.core.phrase import Phrase
from app.core.texts import DocumentVersion
from app.decisions import registry
from app.decisions.models import DecisionVersion
from app.design import changes, documents, drafts, evidence, publishing
from app.design.documents import Document
from app.design.models import Kind, Publication
from app.design.trying import Report
from app.engine import DiagramVersionRow, latest
from app.identity.models import User
from tests.design.desk import UNTRIED, Workshop

EXTENSION = Document(Kind.DIAGRAM, "extension")


def renamed(workshop: Workshop) -> int:
    """A change with another name for the extension's diagram."""
    change = workshop.change()
    draft = workshop.draft("diagram", "extension", change=change)
    workshop.save(draft, 1, workshop.text(draft).replace('name="延期"', 'name="展期"'))
    return change


def status(workshop: Workshop, change_id: int) -> str:
    with workshop.reading() as session:
        return changes.change(session, change_id).status


def publications(workshop: Workshop, what: Document) -> list[Publication]:
    with workshop.reading() as session:
        return list(
            session.scalars(
                select(Publication)
                .where(Publication.kind == what.kind.value, Publication.key == what.key)
                .order_by(Publication.version)
            )
        )


def newest(workshop: Workshop, what: Document) -> int | None:
    with workshop.reading() as session:
        return documents.newest_number(session, what)


def test_a_change_goes_live_at_its_time_with_author_approver_and_comment(
    workshop: Workshop,
) -> None:
    change = renamed(workshop)
    workshop.propose(change)
    tomorrow = workshop.office.now + timedelta(days=1)
    workshop.approve(change, by="second", at=tomorrow)
    assert workshop.publish_due() == 0
    assert newest(workshop, EXTENSION) == 1
    workshop.office.now = tomorrow
    assert workshop.publish_due() == 1
    assert status(workshop, change) == "published"
    first, last = publications(workshop, EXTENSION)
    assert (first.source, first.version) == ("shipped", 1)
    assert (last.source, last.version, last.comment) == ("change", 2, "修改时限")
    assert (last.author, last.approved_by) == (workshop.name("designer"), workshop.name("second"))
    assert workshop.publish_due() == 0


def test_what_names_a_changed_diagram_is_published_anew_with_it(workshop: Workshop) -> None:
    change = workshop.change()
    draft = workshop.draft("diagram", "call_back", change=change)
    workshop.save(draft, 1, workshop.text(draft).replace('name="回访"', 'name="电话回访"'))
    workshop.publish(change)
    main = Document(Kind.DIAGRAM, "work_order")
    assert newest(workshop, main) == 2
    assert publications(workshop, main)[-1].source == "following"
    assert newest(workshop, EXTENSION) == 1


def test_a_changed_table_reaches_new_cases_through_their_diagrams(workshop: Workshop) -> None:
    change = workshop.change()
    draft = workshop.draft("table", "time_limits", change=change)
    before = workshop.office.register()
    text = workshop.text(draft)
    workshop.save(draft, 1, text.replace("<text>5</text>", "<text>4</text>"))
    workshop.publish(change)
    after = workshop.office.register()
    with workshop.reading() as session:
        kept = {demand: limits_of(workshop, demand) for demand in (before, after)}
        assert registry.newest_version(session, "time_limits") == 2
    assert kept == {before: 1, after: 2}


def limits_of(workshop: Workshop, demand_id: int) -> int | None:
    with workshop.reading() as session:
        process_id = workshop.office.demand(demand_id).process_id
        return engine.decision_version(session, process_id, "time_limits")


@pytest.mark.parametrize("by", ["designer", "second"])
def test_nobody_approves_what_they_opened_or_wrote(workshop: Workshop, by: str) -> None:
    change = workshop.change()
    draft = workshop.draft("diagram", "extension", change=change)
    text = workshop.text(draft).replace('name="延期"', 'name="展期"')
    workshop.save(draft, 1, text, by="second")
    workshop.propose(change)
    with pytest.raises(NotAllowed, match="worked on"):
        workshop.approve(change, by=by)
    with pytest.raises(NotAllowed, match="worked on"):
        workshop.reject(change, "不同意", by=by)
    workshop.approve(change, by="third")


def test_nobody_approves_what_they_proposed(workshop: Workshop) -> None:
    change = renamed(workshop)
    workshop.propose(change, by="second")
    with pytest.raises(NotAllowed, match="worked on"):
        workshop.approve(change, by="second")
    workshop.approve(change, by="admin")


def test_who_proposed_it_before_it_was_taken_back_may_approve_only_what_others_propose(
    workshop: Workshop,
) -> None:
    change = renamed(workshop)
    workshop.propose(change, by="second")
    workshop.recall(change)
    workshop.propose(change, by="designer")
    with pytest.raises(NotAllowed):
        workshop.approve(change, by="designer")
    workshop.approve(change, by="second")  # wrote nothing of it, and proposed another round


@pytest.mark.parametrize("by", ["agent", "leader", "reviewer"])
def test_only_designers_the_duty_manager_and_administrators_decide(
    workshop: Workshop, by: str
) -> None:
    change = renamed(workshop)
    workshop.propose(change)
    with pytest.raises(NotAllowed):
        workshop.approve(change, by=by)
    workshop.approve(change, by="duty")


def test_between_proposal_and_publication_nothing_is_edited(workshop: Workshop) -> None:
    change = renamed(workshop)
    with workshop.reading() as session:
        draft = changes.change(session, change).drafts[0].id
    workshop.propose(change)
    for decide in (None, workshop.approve):
        if decide is not None:
            decide(change, by="second", at=workshop.office.now + timedelta(days=1))
        with pytest.raises(Conflict):
            workshop.save(draft, 2, workshop.text(draft) + "\n")
        with pytest.raises(Conflict):
            workshop.draft("table", "extension", change=change)
        with workshop.acting() as uow, pytest.raises(Conflict):
            drafts.discard(uow, draft)
        with workshop.acting() as uow, pytest.raises(Conflict):
            drafts.catch_up(uow, draft)
        with pytest.raises(Conflict):
            workshop.propose(change)
    workshop.recall(change)
    assert status(workshop, change) == "open"
    workshop.save(draft, 2, workshop.text(draft) + "\n")
    workshop.office.wait(days=2, ticking=False)
    assert workshop.publish_due() == 0


def test_an_approval_is_void_once_the_change_was_taken_back(workshop: Workshop) -> None:
    change = renamed(workshop)
    workshop.propose(change)
    workshop.approve(change, by="second")
    workshop.recall(change)
    assert workshop.publish_due() == 0
    with pytest.raises(Conflict):
        workshop.approve(change, by="second")


def test_who_decides_second_reads_who_was_first(workshop: Workshop) -> None:
    change = renamed(workshop)
    workshop.propose(change)
    workshop.approve(change, by="second")
    with pytest.raises(Conflict, match=workshop.name("second")):
        workshop.approve(change, by="third")
    with pytest.raises(Conflict, match=workshop.name("second")):
        workshop.reject(change, "不同意", by="third")


def test_a_change_sent_back_says_why_and_is_open_again(workshop: Workshop) -> None:
    change = renamed(workshop)
    workshop.propose(change)
    with pytest.raises(Invalid):
        workshop.reject(change, " ", by="second")
    workshop.reject(change, "名称须与市里文件一致。", by="second")
    with workshop.reading() as session:
        found = changes.change(session, change)
        assert (found.status, found.decision_note) == ("open", "名称须与市里文件一致。")


def test_a_withdrawn_change_frees_its_documents_and_can_still_be_read(workshop: Workshop) -> None:
    change = renamed(workshop)
    with workshop.acting() as uow, pytest.raises(Invalid):
        changes.withdraw(uow, change, "")
    with workshop.acting() as uow:
        changes.withdraw(uow, change, "不再需要。")
    with workshop.acting() as uow, pytest.raises(Conflict):
        changes.withdraw(uow, change, "再来一次。")
    with pytest.raises(Conflict):
        workshop.recall(change)
    assert workshop.draft("diagram", "extension", change=workshop.change("另一份"))
    with workshop.reading() as session:
        assert "展期" in changes.change(session, change).drafts[0].content


def test_what_the_checkers_refuse_is_not_proposed(workshop: Workshop) -> None:
    change = workshop.change()
    draft = workshop.draft("diagram", "extension", change=change)
    text = workshop.text(draft).replace('sourceRef="approved"', 'sourceRef="gone"')
    workshop.save(draft, 1, text)
    with pytest.raises(Invalid, match="errors to be put right"):
        workshop.propose(change)


def test_an_empty_change_and_an_unchanged_document_are_not_proposed(workshop: Workshop) -> None:
    change = workshop.change()
    with pytest.raises(Invalid, match="empty"):
        workshop.propose(change)
    workshop.draft("diagram", "extension", change=change)
    with pytest.raises(Invalid, match="same as what is in force"):
        workshop.propose(change)


def test_evidence_is_for_the_very_texts_it_was_weighed_for(workshop: Workshop) -> None:
    change = renamed(workshop)
    with workshop.reading() as session:
        found = changes.change(session, change)
        draft = found.drafts[0].id
        weighed = evidence.examine(session, found, UNTRIED)
    workshop.save(draft, 2, workshop.text(draft) + "\n", by="second")
    with workshop.acting() as uow, pytest.raises(Conflict, match="saved after the checks"):
        changes.propose(uow, change, weighed)


def test_a_document_published_meanwhile_must_be_compared_first(workshop: Workshop) -> None:
    change = renamed(workshop)
    workshop.propose(change)
    with workshop.acting() as uow:
        text = documents.newest(uow.session, EXTENSION)
        assert text is not None
        publishing.put(uow, {EXTENSION: text.content + "\n"})
    with pytest.raises(Conflict, match="compare"):
        workshop.approve(change, by="second")
    workshop.recall(change)
    with pytest.raises(Conflict, match="compare"):
        workshop.propose(change)
    with workshop.acting() as uow:
        drafts.catch_up(uow, changes.change(uow.session, change).drafts[0].id)
    workshop.publish(change)
    assert newest(workshop, EXTENSION) == 3


def test_a_change_that_fails_at_its_time_publishes_nothing_and_tells_its_author(
    workshop: Workshop,
) -> None:
    with workshop.acting("admin") as uow:
        author = uow.session.scalars(select(User).where(User.login == "designer")).one()
        author.phone = "13900001111"
    change = renamed(workshop)
    table = workshop.draft("table", "extension", change=change)
    text = workshop.text(table)
    workshop.save(table, 1, text.replace("延期申请", "展期申请"))
    workshop.propose(change)
    workshop.approve(change, by="second", at=workshop.office.now + timedelta(hours=1))
    with workshop.acting() as uow:
        found = documents.newest(uow.session, EXTENSION)
        assert found is not None
        publishing.put(uow, {EXTENSION: found.content + "\n"})
    workshop.office.now += timedelta(hours=1)
    assert workshop.publish_due() == 0
    assert status(workshop, change) == "failed"
    assert newest(workshop, Document(Kind.TABLE, "extension")) == 1
    with workshop.reading() as session:
        assert "第 2 版" in changes.change(session, change).decision_note
        told = session.scalars(select(OutboxMessage)).all()
    assert [one.recipient for one in told if one.template == "design_failed"] == ["13900001111"]
    workshop.recall(change)
    assert status(workshop, change) == "open"


@pytest.mark.parametrize("days", [-1, 400])
def test_a_change_takes_effect_in_time_to_come(workshop: Workshop, days: int) -> None:
    change = renamed(workshop)
    workshop.propose(change)
    with pytest.raises(Invalid):
        workshop.approve(change, by="second", at=workshop.office.now + timedelta(days=days))


@pytest.mark.parametrize("rows", [DiagramVersionRow, DecisionVersion, DocumentVersion])
def test_what_was_published_is_neither_changed_nor_removed(
    workshop: Workshop, rows: type[Base]
) -> None:
    with workshop.acting() as uow:
        first = uow.session.scalars(select(rows).limit(1)).one()
        first.sha256 = "0" * 64  # type: ignore[attr-defined]
        with pytest.raises(AssertionError, match="it never changes"):
            uow.session.flush()
        uow.session.rollback()
    with workshop.acting() as uow:
        uow.session.delete(uow.session.scalars(select(rows).limit(1)).one())
        with pytest.raises(AssertionError, match="it never changes"):
            uow.session.flush()
        uow.session.rollback()


def test_an_older_version_comes_back_as_the_next_one_with_a_second_person(
    workshop: Workshop,
) -> None:
    workshop.publish(renamed(workshop))
    with workshop.acting() as uow:
        back = changes.roll_back(uow, "diagram", "extension", 1, "基层反映名称不便。").id
    workshop.propose(back)
    with pytest.raises(NotAllowed):
        workshop.approve(back, by="designer")
    workshop.approve(back, by="second")
    assert workshop.publish_due() == 1
    last = publications(workshop, EXTENSION)[-1]
    assert (last.version, last.source, last.from_version) == (3, "rollback", 1)
    with workshop.reading() as session:
        assert documents.version(session, EXTENSION, 3).content == (
            documents.version(session, EXTENSION, 1).content
        )
    with workshop.acting() as uow, pytest.raises(Invalid, match="nothing to bring back"):
        changes.roll_back(uow, "diagram", "extension", 1, "再来一次。")


def test_a_roll_back_that_is_edited_is_a_change_like_any_other(workshop: Workshop) -> None:
    workshop.publish(renamed(workshop))
    with workshop.acting() as uow:
        back = changes.roll_back(uow, "diagram", "extension", 1, "名称不便。")
        back_id, draft = back.id, back.drafts[0].id
    workshop.save(draft, 1, workshop.text(draft).replace('name="延期"', 'name="顺延"'))
    workshop.publish(back_id)
    last = publications(workshop, EXTENSION)[-1]
    assert (last.source, last.from_version) == ("change", None)


def test_a_new_process_and_its_table_are_published_together(workshop: Workshop) -> None:
    change = workshop.change()
    workshop.draft("table", "visit_limit", change=change)
    diagram = workshop.draft("diagram", "site_visit", change=change)
    text = workshop.text(diagram)
    asks = (
        '<bpmn:businessRuleTask id="ask_limit" name="定时限"><bpmn:extensionElements>'
        '<jieban:decision key="visit_limit" binding="current" result="limit" />'
        "</bpmn:extensionElements>"
        "<bpmn:incoming>site_visit_begins_to_site_visit_over</bpmn:incoming>"
        "<bpmn:outgoing>limit_over</bpmn:outgoing></bpmn:businessRuleTask>"
        '<bpmn:sequenceFlow id="limit_over" sourceRef="ask_limit" targetRef="site_visit_over" />'
    )
    text = text.replace(
        'targetRef="site_visit_over" />', f'targetRef="ask_limit" />{asks}', 1
    ).replace(
        "<bpmn:incoming>site_visit_begins_to_site_visit_over</bpmn:incoming>\n    </bpmn:endEvent>",
        "<bpmn:incoming>limit_over</bpmn:incoming></bpmn:endEvent>",
    )
    workshop.save(diagram, 1, text)
    workshop.publish(change)
    with workshop.reading() as session:
        assert latest(session, "site_visit") is not None
        assert registry.newest_version(session, "visit_limit") == 1


def test_what_calls_a_draft_and_would_break_is_found_before(workshop: Workshop) -> None:
    change = workshop.change()
    draft = workshop.draft("diagram", "call_back", change=change)
    text = workshop.text(draft)
    text = text.replace('id="call_back"', 'id="call_back_2"').replace(
        'processRef="call_back"', 'processRef="call_back_2"'
    )
    workshop.save(draft, 1, text)
    with pytest.raises(DomainError, match="id of the process must be"):
        workshop.propose(change)


def test_a_change_whose_scenarios_come_out_otherwise_is_not_proposed(workshop: Workshop) -> None:
    change = workshop.change()
    draft = workshop.draft("diagram", "extension", change=change)
    text = workshop.text(draft)
    once = text.replace("value='\"extension_decision\"'", "value='\"return_decision\"'")
    assert once != text
    workshop.save(draft, 1, once)
    unlike = Report((), {}, {"extension": Phrase("读不懂。", "Cannot be read.")}, 0.0)
    with workshop.reading() as session:
        weighed = evidence.examine(session, changes.change(session, change), unlike)
    with workshop.acting() as uow, pytest.raises(Invalid, match="otherwise than expected"):
        changes.propose(uow, change, weighed)


def test_a_whole_change_is_undone_by_a_change_of_its_own(workshop: Workshop) -> None:
    change = workshop.change()
    for kind, key, before, after in (
        ("diagram", "extension", 'name="延期"', 'name="展期"'),
        ("table", "time_limits", "<text>5</text>", "<text>4</text>"),
    ):
        draft = workshop.draft(kind, key, change=change)
        workshop.save(draft, 1, workshop.text(draft).replace(before, after))
    workshop.draft("table", "visit_limit", change=change)
    with workshop.acting() as uow, pytest.raises(Conflict):
        changes.undo(uow, change, "试行结束。")
    workshop.publish(change)
    with workshop.acting() as uow:
        back = changes.undo(uow, change, "试行结束。").id
    workshop.propose(back)
    with pytest.raises(NotAllowed):
        workshop.approve(back, by="designer")
    workshop.approve(back)
    assert workshop.publish_due() == 1
    with workshop.reading() as session:
        for kind, key in ((Kind.DIAGRAM, "extension"), (Kind.TABLE, "time_limits")):
            what = Document(kind, key)
            last = documents.newest(session, what)
            assert last is not None
            assert last.content == documents.version(session, what, 1).content
        assert registry.newest_version(session, "visit_limit") == 1
    with workshop.acting() as uow, pytest.raises(Invalid, match="nothing to bring back"):
        changes.undo(uow, change, "再来一次。")
