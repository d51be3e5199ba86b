"""Steps for a second person: who asked is not offered them, and they never wait for nobody."""

import pytest
from sqlalchemy import select

from app.cases import queries, second_person
from app.cases.orders import find_in_scope
from app.core.db import reading
from app.core.errors import Conflict, NotAllowed
from app.core.uow import SYSTEM, unit_of_work
from app.engine import HumanTaskRow
from app.identity.models import User
from tests.office import PEOPLE, Office

ASKS: dict[str, object] = {"reopening_ground": "new_facts", "reopening_reason": "又开始施工。"}


def listed(office: Office, login: str) -> list[str]:
    """What the worklist offers; its counts and the rule for one task say the same."""
    actor = office.actor(login)
    with reading(office.sessions) as session:
        page = queries.worklist(session, actor, office.now)
        counts = queries.counts_by_light(session, actor, office.now)
        every = session.scalars(select(HumanTaskRow).where(HumanTaskRow.closed_at.is_(None)))
        allowed = [
            task.element_id
            for task in every
            if second_person.may_do(
                session, actor, task, find_in_scope(session, task.subject_id, task.scope).unit_id
            )
        ]
    found = [item.task.element_id for item in page.items]
    assert sum(counts.values()) == page.total == len(found)
    assert sorted(found) == sorted(allowed)
    return found


def leaves(office: Office, *logins: str) -> None:
    """These people do not work here any more."""
    with unit_of_work(office.sessions, SYSTEM, office.now) as uow:
        for user in uow.session.scalars(select(User).where(User.login.in_(logins))):
            user.active = False


def reopening_asked(office: Office, by: str) -> int:
    case = office.bring_to("close")
    office.do(case, "close")
    office.act(case, "reopening_by_agent", by, **ASKS)
    return case


def test_a_reopening_that_others_asked_for_is_the_duty_managers_alone(office: Office) -> None:
    reopening_asked(office, "agent")
    for login, *_rest in PEOPLE:
        assert listed(office, login) == (["decide_reopening"] if login == "duty" else []), login


def test_a_reopening_the_only_duty_manager_asked_for_goes_to_the_leader(office: Office) -> None:
    case = reopening_asked(office, "duty")
    assert listed(office, "duty") == []
    assert listed(office, "leader") == ["decide_reopening"]
    assert listed(office, "inspector") == []
    with pytest.raises(NotAllowed) as refusal:
        office.do(case, "decide_reopening", by="duty")
    assert refusal.value.phrase.zh == ("重开是您申请的，须由另一人办理，现由分管领导办理这一步。")
    office.do(case, "decide_reopening", by="leader")
    assert office.order(case).reopened_count == 1


def test_who_would_have_to_decide_the_reopening_himself_is_told_so_at_asking(
    office: Office,
) -> None:
    case = office.bring_to("close")
    office.do(case, "close")
    leaves(office, "leader")
    with pytest.raises(Conflict) as refusal:
        office.act(case, "reopening_by_agent", "duty", **ASKS)
    assert "请改由他人申请" in refusal.value.phrase.zh
    office.act(case, "reopening_by_agent", "agent", **ASKS)
    assert listed(office, "duty") == ["decide_reopening"]


def test_an_objection_goes_to_another_dispatcher_or_the_duty_manager_first(
    office: Office,
) -> None:
    case = office.register(non_acceptance_ground="N3")
    office.do(case, "tell_non_acceptance", by="duty")
    office.act(case, "objection_raised", "agent", objection_text="并未起诉，请受理。")
    assert listed(office, "duty") == []
    assert listed(office, "dispatcher") == ["decide_objection"]
    assert listed(office, "leader") == []
    with pytest.raises(NotAllowed) as refusal:
        office.do(case, "decide_objection", by="duty")
    assert "现由派单员办理" in refusal.value.phrase.zh
    leaves(office, "dispatcher", "dispatcher2")
    assert listed(office, "leader") == ["decide_objection"]
    office.do(case, "decide_objection", by="leader")


def test_who_told_an_earlier_refusal_may_decide_on_the_objection_to_a_later_one(
    office: Office,
) -> None:
    """Only the refusal that is objected to has a first person."""
    case = office.bring_to("sign_for")
    office.act(
        case,
        "return_before_signing",
        "liaison",
        reason_code="R08",
        return_statement="已进入行政复议。",
        return_basis="行政复议法第十一条",
    )
    office.do(case, "decide_return_request", return_verdict="non_acceptance")
    office.do(case, "tell_non_acceptance", by="duty", told_ground="N3")
    office.act(case, "objection_raised", "agent", objection_text="并未申请复议。")
    assert listed(office, "duty") == []
    office.do(case, "decide_objection")
    assert listed(office, "duty") == ["dispatch"]
