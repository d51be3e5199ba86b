"""Copies of letters: a row for each receiver, told as the ladder's table says, entered once."""

import pytest
from sqlalchemy import select

from app.cases.orders import find, take
from app.core.db import reading
from app.core.errors import Conflict, NotFound
from app.core.outbox import OutboxMessage
from app.core.uow import SYSTEM, Actor, unit_of_work
from app.identity import directory
from app.identity.models import User
from app.profiles import published_letters, publishing
from app.profiles.models import LetterIssuer
from app.supervision import copies, explaining, ledger, withdrawing
from app.supervision.models import SupervisionLetter, SupervisionLetterCopy
from tests.office import Office

RECORDED: dict[str, object] = {
    "special_ground": "selected",
    "first_rung": "supervision_notice",
    "instruction_text": "月度督办选件。",
}


def supervised(office: Office, rung: str = "supervision_notice") -> int:
    case = office.bring_to("reply")
    office.act(case, "instruction_recorded", "inspector", **{**RECORDED, "first_rung": rung})
    return case


def circulated(office: Office) -> int:
    """A supervision that silence has raised to the circular, which the leader signs."""
    case = supervised(office)
    while "TB" not in [letter.series for letter in letters(office)]:
        office.wait(days=3)
        if "sign_letter" in office.waiting(case):
            office.do(case, "sign_letter")
    return case


def letters(office: Office) -> list[SupervisionLetter]:
    with reading(office.sessions) as session:
        return list(session.scalars(select(SupervisionLetter).order_by(SupervisionLetter.id)))


def sent(office: Office, letter: int = -1) -> list[SupervisionLetterCopy]:
    letter_id = letters(office)[letter].id
    with reading(office.sessions) as session:
        return list(
            session.scalars(
                select(SupervisionLetterCopy)
                .where(SupervisionLetterCopy.letter_id == letter_id)
                .order_by(SupervisionLetterCopy.id)
            )
        )


def told(office: Office, template: str) -> int:
    with reading(office.sessions) as session:
        found = select(OutboxMessage.id).where(OutboxMessage.template == template)
        return len(session.scalars(found).all())


def seen_by(office: Office, login: str) -> list[str]:
    with reading(office.sessions) as session:
        found, _total = ledger.letters(session, office.actor(login))
        return [letter.number for letter, _unit, _demand in found]


def receive(office: Office, login: str, copy: SupervisionLetterCopy) -> None:
    with office.acting(login) as uow:
        copies.receive(uow, copy.id)


def test_a_notice_is_copied_to_the_approver_and_the_leader_by_name(office: Office) -> None:
    supervised(office)
    assert [(one.code, one.receiver) for one in sent(office)] == [
        ("unit_approver", "褚审核"),
        ("leader", "蒋分管"),
    ]
    assert {one.sent_at for one in sent(office)} == {letters(office)[0].issued_at}
    assert told(office, "supervision_copied") == 1
    assert told(office, "supervision_issued") == 1  # the approver answers: no second message


def test_what_is_received_says_by_whom_and_when_and_is_entered_once(office: Office) -> None:
    case = supervised(office)
    [_approver, leader] = sent(office)
    office.wait(hours=2)
    receive(office, "leader", leader)
    [_approver, entered] = sent(office)
    assert (entered.received_at, entered.received_by_name) == (office.now, "蒋分管")
    assert any("签阅抄送" in line for line in office.story(case))
    with pytest.raises(Conflict):
        receive(office, "leader", leader)


@pytest.mark.parametrize("login", ["stranger", "duty", "handler"])
def test_nobody_enters_a_copy_that_is_another_s(office: Office, login: str) -> None:
    supervised(office)
    for copy in sent(office):
        with pytest.raises(NotFound):
            receive(office, login, copy)


def test_the_inspection_office_gets_its_copy_and_reads_no_other_letter(office: Office) -> None:
    supervised(office)
    assert seen_by(office, "authority") == []
    case = supervised(office, "reminder_letter")
    [copy] = sent(office)
    assert (copy.code, copy.receiver) == ("inspection_office", "韩编办")
    assert told(office, "supervision_copied_to_inspection") == 1
    assert seen_by(office, "authority") == [letters(office)[-1].number]
    receive(office, "authority", copy)
    assert case


def test_a_body_without_anybody_in_the_office_is_handed_its_copy_by_the_inspectors(
    office: Office,
) -> None:
    with unit_of_work(office.sessions, SYSTEM, office.now) as uow:
        uow.session.scalars(select(User).where(User.login == "authority")).one().active = False
    supervised(office, "reminder_letter")
    [copy] = sent(office)
    assert (copy.receiver, copy.user_id, copy.unit_id) == ("政府督查室", None, None)
    assert told(office, "supervision_copy_to_hand_on") == 1
    receive(office, "inspector", copy)
    assert sent(office)[0].received_by_name == "周督办"


def test_a_circular_goes_to_every_other_unit_and_each_enters_its_own(office: Office) -> None:
    case = circulated(office)
    units = [one for one in sent(office) if one.code == "member_units"]
    with reading(office.sessions) as session:
        assert {one.unit_id for one in units} == {
            unit.id
            for unit in directory.units(session)
            if unit.id != office.order(case).lead_unit_id
        }
    number = letters(office)[-1].number
    assert seen_by(office, "stranger") == [number]
    assert number in seen_by(office, "liaison")
    assert told(office, "supervision_circulated") == 4  # one liaison at each unit
    water = office.unit("water_group")
    [mine] = [one for one in units if one.unit_id == water]
    receive(office, "stranger", mine)
    entered = {one.unit_id for one in sent(office) if one.received_at is not None}
    assert entered == {water}
    with reading(office.sessions) as session:
        own = copies.own_copies(session, office.actor("stranger"), [mine.letter_id])
        assert list(own) == [mine.letter_id]


def test_somebody_without_unit_and_copies_sees_nothing(office: Office) -> None:
    supervised(office)
    nobody = Actor(user_id=999_999, name="路人", roles=frozenset({"ownership_authority"}))
    with reading(office.sessions) as session:
        assert ledger.letters(session, nobody) == ([], 0)
        with pytest.raises(NotFound):
            ledger.letter_for(session, nobody, letters(office)[0].id)


def test_the_whole_story_counts_the_copies_and_names_a_cause_that_fell_away(
    office: Office,
) -> None:
    case = supervised(office)
    [_approver, leader] = sent(office)
    receive(office, "leader", leader)
    with unit_of_work(office.sessions, SYSTEM, office.now) as uow:
        withdrawing.withdraw(uow, take(uow, case), ["selected"], "selected", office.now)
    with reading(office.sessions) as session:
        lines = list(explaining.supervision(session, find(session, case), office.now))
    said = [line.text.zh for line in lines]
    assert "抄送 2 份，已签阅 1 份" in said
    assert any(text.endswith("（2026-03-02 核定不成立）") for text in said)
    assert said[0].endswith("已撤销。")


# ---- in whose name


def test_letters_are_issued_in_the_name_that_the_profile_gives(office: Office) -> None:
    supervised(office)
    with unit_of_work(office.sessions, SYSTEM, office.now) as uow:
        publishing.publish(uow, "nanjing_price_bureau")
    supervised(office)
    first, second = letters(office)
    assert "12345 政务服务便民热线中心" in (first.text_zh or "")
    assert "南京市物价局" in (second.text_zh or "")
    assert "Nanjing price bureau" in (second.text_en or "")


def test_the_same_issuer_is_not_published_again(office: Office) -> None:
    with unit_of_work(office.sessions, SYSTEM, office.now) as uow:
        name = published_letters.issuer(uow.session)
        published_letters.publish_issuer(uow, name)
        rows = uow.session.scalars(select(LetterIssuer)).all()
    assert len(rows) == 1
