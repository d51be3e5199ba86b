"""Real cases are run again: as they were, and under the drafts of a change."""

from datetime import date, datetime, timedelta
from pathlib import Path

import orjson
import pytest
from sqlalchemy import select

from app.cases.models.repeat import RelatedDemand
from app.core.db import Sessions, reading
from app.core.errors import Conflict, Invalid, NotAllowed
from app.core.uow import SYSTEM, unit_of_work
from app.design.replay import asking as replays
from app.design.replay import recorded
from app.design.replay.models import DesignReplay, ReplayStatus
from app.design.replay.recorded import Letters, phone
from app.design.replay.running import Replay
from app.engine import ClockRow, ClockRungRow
from app.identity.directory import add_user
from app.identity.models import HandlingUnit
from app.jobs.replaying import work
from app.office import ROOT
from app.supervision import superior
from tests.design.desk import Workshop
from tests.office import MONDAY, Office
from tests.soak.life import Life
from tests.soak.test_soak import MARCH


def replayed(office: Office, change: int | None = None, processes: int = 0) -> DesignReplay:
    with office.acting("designer") as uow:
        asked = replays.ask(uow, office.now - timedelta(days=400), change).id
    work(office.sessions, lambda: office.now, processes=processes)
    with reading(office.sessions) as session:
        return replays.replay(session, asked)


def lived(office: Office) -> list[int]:
    """Three cases: one in time, one late and supervised, one that is open still."""
    first = office.bring_to("close", nature="complaint")
    office.do(first, "close")
    late = office.bring_to("sign_for", requester_phone="13800009999", address="江畔区和平路12号")
    office.wait(days=5)
    office.bring_to("reply", late)
    office.wait(days=30)
    office.do(late, "reply")
    office.do(late, "approve_reply")
    open_one = office.bring_to("first_contact", requester_phone="13700001111")
    office.wait(days=4)
    return [first, late, open_one]


def test_a_life_of_anything_comes_out_as_it_did(office: Office, tmp_path: Path) -> None:
    Life(office, seed=11, files=tmp_path, begin=MARCH).live(demands=10, days=8)
    with unit_of_work(office.sessions, SYSTEM, office.now) as uow:
        add_user(uow, "designer", "屠设计", "correct horse", ["process_designer"], None)
    done = replayed(office)
    figures = orjson.loads(done.result)
    with reading(office.sessions) as session:
        [result] = replays.results(session, done.id)
    assert result["impossible"] == result["faults"] == result["adapted"] == []
    assert result["moved"] == result["appeared"] == result["gone"] == []
    assert result["gained"] == result["lost"] == []
    assert result["load_before"] == result["load_after"]
    assert figures["cases"] == 10
    assert figures["deadlines"] > 20
    assert figures["escalations"] > 5


def test_a_changed_limit_moves_deadlines_and_escalations(office: Office) -> None:
    lived(office)
    workshop = Workshop(office)
    text = (ROOT / "rules" / "time_limits.dmn").read_text()
    row = text.index('id="time_limits_row_1_output_1"')
    changed = text[:row] + text[row:].replace("<text>1</text>", "<text>7</text>", 1)
    change = workshop.change()
    workshop.draft("table", "time_limits", changed, change=change)
    done = replayed(office, change)
    figures = orjson.loads(done.result)
    assert figures["faults"] == figures["impossible"] == 0
    assert figures["clocks"]["sign_for"] == 3
    assert [day for day, _count in figures["histogram"]] == [6]
    assert figures["adapted"] > 0  # what was done before the later signature waits for it
    assert figures["cases"] == 3
    main = next(one for one in figures["ways"] if one["process"] == "work_order")
    assert 0 < main["passed"] < main["total"]
    assert "merge_demand" in {name for name, _zh, _en in main["never"]}
    with workshop.reading() as session:
        assert replays.replays(session, change)[0].id == done.id


def test_an_inserted_step_is_undecided_and_what_was_done_waits_for_it(office: Office) -> None:
    first = lived(office)[0]
    workshop = Workshop(office)
    text = (ROOT / "bpmn" / "work_order.bpmn").read_text()
    assert office.demand(first).closed_at is not None
    change = workshop.change()
    workshop.draft("diagram", "work_order", with_a_second_contact(text), change=change)
    figures = orjson.loads(replayed(office, change).result)
    assert figures["faults"] == 0
    assert sum(n for what, n in figures["undecided_what"].items() if "second_look" in what) > 0
    assert figures["adapted"] > 0


def with_a_second_contact(text: str) -> str:
    """The main process, where somebody looks at the reply once more before it is reviewed."""
    task = text.index('<bpmn:userTask id="review_reply"')
    incoming = text.index("<bpmn:incoming>", task)
    flow = text[incoming + 15 : text.index("</bpmn:incoming>", incoming)]
    at_flow = text.index(f'<bpmn:sequenceFlow id="{flow}"')
    end_flow = text.index(">", at_flow) + 1
    rewired = text[at_flow:end_flow].replace('targetRef="review_reply"', 'targetRef="second_look"')
    text = text[:at_flow] + rewired + text[end_flow:]
    new = (
        '<bpmn:userTask id="second_look" name="再看一次"><bpmn:extensionElements>'
        "</bpmn:extensionElements>"
        f"<bpmn:incoming>{flow}</bpmn:incoming><bpmn:outgoing>to_review</bpmn:outgoing>"
        '</bpmn:userTask><bpmn:sequenceFlow id="to_review" sourceRef="second_look" '
        'targetRef="review_reply"/>'
    )
    text = text.replace(
        f"<bpmn:incoming>{flow}</bpmn:incoming>", "<bpmn:incoming>to_review</bpmn:incoming>", 1
    )
    return text[:task] + new + text[task:]


def test_two_runs_are_equal_byte_for_byte_however_many_processes(office: Office) -> None:
    lived(office)
    workshop = Workshop(office)
    one, other = replayed(office), replayed(office, processes=1)
    assert one.result == other.result
    assert one.status == other.status == ReplayStatus.DONE
    with workshop.reading() as session:
        parts = [replays.results(session, number) for number in (one.id, other.id)]
    assert orjson.dumps(parts[0]) == orjson.dumps(parts[1])


def test_a_replay_is_asked_for_by_designers_one_at_a_time_and_can_be_cancelled(
    office: Office,
) -> None:
    workshop = Workshop(office)
    with workshop.acting() as uow, pytest.raises(Invalid):
        replays.ask(uow, MONDAY)
    office.register()
    office.wait(hours=1)
    with workshop.acting("admin") as uow, pytest.raises(NotAllowed):
        replays.ask(uow, MONDAY)
    with workshop.acting() as uow:
        asked = replays.ask(uow, MONDAY).id
    with workshop.acting("second") as uow, pytest.raises(Conflict):
        replays.ask(uow, MONDAY)
    with workshop.acting("second") as uow:
        replays.cancel(uow, asked)
    assert work(office.sessions, lambda: office.now, processes=0) == 0
    with reading(office.sessions) as session:
        assert replays.replay(session, asked).status == ReplayStatus.CANCELLED
        assert replays.progress(session, asked) == (0, 1)


def test_nothing_personal_is_in_what_is_kept(office: Office) -> None:
    lived(office)
    workshop = Workshop(office)
    done = replayed(office)
    with workshop.reading() as session:
        kept = orjson.dumps(replays.results(session, done.id)).decode() + done.result
    for secret in ("13800001234", "张三丰", "幸福小区", "打桩", "林话务"):
        assert secret not in kept


def test_stand_ins_are_alike_where_what_they_stand_for_was() -> None:
    letters = Letters()
    texts = ("夜间施工噪音扰民", "夜间施工噪声扰民", "路灯不亮")
    one, same, other = (letters.text(text) for text in texts)
    assert one == same
    assert not set(one) & set(other)
    assert not set(one) & set("".join(texts))
    assert letters.address("江畔区和平路12号3号楼") == letters.address("和平路12号3栋")
    assert phone("138 0000-1234") == phone("+8613800001234") != phone("13800001235")


def test_what_only_its_own_commands_change_is_remembered_from_one_to_the_next(
    office: Office,
) -> None:
    first = lived(office)[0]
    with reading(office.sessions) as session:
        recording = recorded.read(session, [first])
    with Replay(office.sessions, recording, office.now, office.now) as run:
        run.run()
        assert all(run.kept.values())


def test_what_was_related_meanwhile_is_related_to_the_demand_of_the_replay(office: Office) -> None:
    before = office.register()
    office.register(requester_phone="13700003333")
    office.wait(days=1)
    one = office.register(requester_phone="13700001111")
    other = office.register(requester_phone="13700002222")
    office.wait(days=1)
    with office.acting("agent") as uow:
        for demand, earlier in ((before, one), (other, before)):
            related = RelatedDemand(
                demand_id=demand,
                earlier_id=earlier,
                matter_id=one,
                counts_as="none",
                merged=False,
                related_at=office.now,
            )
            uow.session.add(related)
    office.wait(days=1)
    with reading(office.sessions) as session:
        recording = recorded.read(session, [one, other])
    with Replay(office.sessions, recording, office.now, office.now) as run:
        run.run()
        with reading(run.sessions) as session:
            here = session.get_one(RelatedDemand, before)
            assert here.matter_id == here.earlier_id == run.demands[0] != one


def test_what_was_related_to_a_demand_of_an_earlier_matter_is_so_in_the_replay(
    office: Office,
) -> None:
    first = office.bring_to("reply")
    second = office.register(requester_phone="13700001111")
    office.do(second, "answer_or_order", outcome="order", merge_number=office.order(first).number)
    third = office.register(requester_phone="13700002222")
    office.do(third, "answer_or_order", outcome="order", merge_number=office.order(second).number)
    other = office.register(requester_phone="13700003333")
    with office.acting("agent") as uow:  # found later to belong elsewhere
        row = uow.session.get_one(RelatedDemand, third)
        row.earlier_id = row.matter_id = other
    office.wait(hours=1)
    with reading(office.sessions) as session:
        recording = recorded.read(session, [third])
    with Replay(office.sessions, recording, office.now, office.now) as run:
        run.run()
        assert run.account.impossible == []
        with reading(run.sessions) as session:
            assert session.get_one(RelatedDemand, run.demands[0]).matter_id == first


def test_while_the_ticker_was_down_nothing_is_told_in_the_replay_either(office: Office) -> None:
    case = office.bring_to("sign_for", urgency="urgent")  # its limits run day and night
    office.wait(hours=20, ticking=False)
    office.tick()
    told = rungs_told(office.sessions, case)
    assert {office.now} == {at for (clock, _rung), at in told.items() if clock == "handling"}
    with reading(office.sessions) as session:
        recording = recorded.read(session, [case])
    with Replay(office.sessions, recording, office.now, office.now) as run:
        run.run()
        assert rungs_told(run.sessions, run.demands[0]) == told


def test_what_the_ticker_has_not_told_yet_is_not_told_in_the_replay_either(office: Office) -> None:
    case = office.bring_to("sign_for", urgency="urgent")
    told = rungs_told(office.sessions, case)
    office.wait(hours=20, ticking=False)
    with reading(office.sessions) as session:
        recording = recorded.read(session, [case])
    with Replay(office.sessions, recording, office.now, office.now) as run:
        run.run()
        assert rungs_told(run.sessions, run.demands[0]) == told


def test_an_order_without_a_unit_that_the_superior_lists_is_proposed_again(office: Office) -> None:
    case = office.bring_to("dispatch")
    office.do(case, "dispatch", dispatch_mode="self")
    office.do(case, "answer_self")
    office.bring_to("close", case)
    office.do(case, "close")
    with office.acting("inspector") as uow:
        superior.adopt(uow, date(2026, 3, 2), office.order(case).number)
    office.do(case, "decide_reopening")
    office.wait(hours=1)
    with unit_of_work(office.sessions, SYSTEM, office.now) as uow:
        add_user(uow, "designer", "屠设计", "correct horse", ["process_designer"], None)
    figures = orjson.loads(replayed(office).result)
    assert figures["done"]["report"] == 1
    assert figures["impossible"] == figures["gone"] == figures["lost"] == figures["gained"] == 0


def rungs_told(sessions: Sessions, case: int) -> dict[tuple[str, str], datetime]:
    with reading(sessions) as session:
        rows = session.execute(
            select(ClockRow.name, ClockRungRow.rung, ClockRungRow.fired_at)
            .join(ClockRungRow, ClockRungRow.clock_id == ClockRow.id)
            .where(ClockRow.subject_id == case, ClockRungRow.fired_at.is_not(None))
        )
        return {(name, rung): at for name, rung, at in rows if at is not None}


def test_a_unit_is_below_the_one_that_passed_orders_down_to_it_then(office: Office) -> None:
    case = office.bring_to("reply", requester_phone="13700001111")
    lower = office.unit("riverside")
    office.act(case, "passed_down", "liaison", lower_unit=str(lower))
    office.wait(hours=1)
    with unit_of_work(office.sessions, SYSTEM, office.now) as uow:
        uow.session.get_one(HandlingUnit, lower).parent_id = office.unit("water_group")
    with reading(office.sessions) as session:
        recording = recorded.read(session, [case])
    with Replay(office.sessions, recording, office.now, office.now) as run:
        run.run()
        assert run.account.impossible == []
        assert run.account.done["step"] == len(recording.deeds) - 1
