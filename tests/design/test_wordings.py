"""Letters and messages are edited like everything else, and nothing in them is evaluated."""

from datetime import timedelta

import pytest

from app.cases.notices import defaults
from app.core.db import reading
from app.core.errors import Invalid
from app.core.outbox import OutboxMessage
from app.core.phrase import Phrase
from app.design import checking, documents, drafts, wordings
from app.design.documents import Document
from app.design.models import Kind
from app.jobs.sending import text_of
from app.profiles.letters import LetterKind
from tests.design.desk import Workshop

NOTICE = Document(Kind.LETTER, "supervision_notice")
DISPATCHED = Document(Kind.MESSAGE, "dispatched")


@pytest.mark.parametrize("kind", list(LetterKind))
def test_every_shipped_letter_is_shown_with_a_believable_case(
    workshop: Workshop, kind: LetterKind
) -> None:
    what = Document(Kind.LETTER, kind.value)
    with workshop.reading() as session:
        newest = documents.newest(session, what)
    assert newest is not None
    shown = wordings.shown(what, wordings.read(newest.content))
    assert "$" not in shown.zh + shown.en
    assert "××" not in shown.zh


@pytest.mark.parametrize("name", sorted(defaults()))
def test_every_shipped_message_is_shown_with_a_believable_case(name: str) -> None:
    what = Document(Kind.MESSAGE, name)
    shown = wordings.shown(what, defaults()[name])
    assert "{" not in shown.zh + shown.en


@pytest.mark.parametrize(
    "text",
    [
        "工单{nonsense}",
        "工单{number.__class__}",
        "工单{number[0]}",
        "工单{number!r}",
        "工单{number:>1000000000}",
        "工单{0}",
        "工单{}",
        "工单{number",
        "",
    ],
)
def test_a_message_uses_nothing_but_its_places(text: str) -> None:
    assert [language for language, _why in wordings.faults(DISPATCHED, Phrase(text, "x"))] == ["zh"]
    with pytest.raises(Invalid):
        wordings.shown(DISPATCHED, Phrase(text, "x"))


@pytest.mark.parametrize("text", ["编号 ${nonsense}", "$", "${number.x}", ""])
def test_a_letter_uses_nothing_but_its_fields(text: str) -> None:
    assert [language for language, _why in wordings.faults(NOTICE, Phrase("x", text))] == ["en"]


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"zh": "x"}', '{"zh": 1, "en": "x"}', "x"])
def test_what_holds_no_two_texts_is_not_kept(workshop: Workshop, content: str) -> None:
    draft = workshop.draft("letter", "supervision_notice")
    with pytest.raises(Invalid):
        workshop.save(draft, 1, content)


def test_a_faulty_letter_is_not_proposed(workshop: Workshop) -> None:
    change = workshop.change()
    draft = workshop.draft("letter", "supervision_notice", change=change)
    workshop.save(draft, 1, documents.wording_text("编号：${nonsense}", "No. ${number}"))
    with workshop.reading() as session:
        (finding,) = checking.check_draft(session, drafts.draft(session, draft))
    assert finding.element == "zh"
    with pytest.raises(Invalid, match="errors to be put right"):
        workshop.propose(change)


def test_a_letter_goes_live_as_its_next_version(workshop: Workshop) -> None:
    change = workshop.change()
    draft = workshop.draft("letter", "supervision_notice", change=change)
    workshop.save(draft, 1, documents.wording_text("编号：${number}", "No. ${number}"))
    workshop.publish(change)
    with workshop.reading() as session:
        newest = documents.newest(session, NOTICE)
    assert newest is not None
    assert newest.number == 2
    assert wordings.read(newest.content).zh == "编号：${number}"


def messages(workshop: Workshop) -> list[str]:
    with reading(workshop.office.sessions) as session:
        found = session.query(OutboxMessage).filter_by(template="dispatched")
        return [text_of(one, "https://x.example") for one in found.order_by(OutboxMessage.id)]


def test_a_message_is_sent_in_the_words_in_force_and_its_story_tells_them(
    workshop: Workshop,
) -> None:
    office = workshop.office
    first = office.bring_to("sign_for")
    change = workshop.change()
    draft = workshop.draft("message", "dispatched", change=change)
    workshop.save(draft, 1, documents.wording_text("请签收{number}号工单。", "Sign for {number}."))
    office.now += timedelta(hours=1)
    workshop.publish(change)
    second = office.bring_to("sign_for")
    before, after = messages(workshop)
    assert "请及时签收" in before
    assert after.startswith("请签收")
    assert any("请及时签收" in line for line in office.story(first))
    assert any("请签收" in line for line in office.story(second))


@pytest.mark.parametrize(("kind", "key"), [("letter", "love_letter"), ("message", "hello")])
def test_nobody_makes_new_letters_and_messages(workshop: Workshop, kind: str, key: str) -> None:
    with pytest.raises(Invalid):
        workshop.draft(kind, key)
