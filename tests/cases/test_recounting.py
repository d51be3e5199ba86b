"""A new calendar version reaches the open clocks."""

import random
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta

import orjson
import pytest
from sqlalchemy import select, update

from app import engine
from app.cases import history, recounting
from app.cases.orders import SUBJECT
from app.cases.recounting import Effect, Preview, Recount
from app.core import jobs
from app.core.clock import CHINA
from app.core.db import reading
from app.core.errors import NotAllowed
from app.core.outbox import OutboxMessage
from app.core.uow import SYSTEM, unit_of_work
from app.engine import ClockRevisionRow, ClockRow, ClockRungRow
from app.identity.directory import add_user
from app.identity.models import HandlingUnit
from app.jobs import recounting as sweep
from app.worktime import offices
from app.worktime.days import DayKind, DayRow, overlaid
from app.worktime.deadlines import Deadline, deadline
from app.worktime.models import CalendarLevel
from app.worktime.national import national_layer, shipped_notices
from app.worktime.policy import CalendarChange
from tests.office import Office

MAY_DAY = "国办发明电〔2019〕3号"
"""Issued on 22 March 2019: 28 April became a working day, 2 and 3 May holidays."""
SPRING = "国办发明电〔2020〕1号"
"""Issued on 26 January 2020: the Spring Festival went on until 2 February."""


def china(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=CHINA)


def go_back(office: Office, now: str, known_on: str) -> None:
    """Let the office stand at `now`, with the national calendar as it was known on a day."""
    office.now = china(now)
    known = national_layer(office.now.year + 3, date.fromisoformat(known_on))
    with unit_of_work(office.sessions, SYSTEM, office.now) as uow:
        offices.publish(uow, replace(known, code="CN"), f"{known_on}所知")


def adopt(office: Office, number: str) -> None:
    """Work a notice of those shipped into the nation's calendar, now."""
    [notice] = [notice for notice in shipped_notices() if notice.number == number]
    with unit_of_work(office.sessions, SYSTEM, office.now) as uow:
        layer = offices.newest_layer(uow.session, "CN")
        offices.publish(uow, offices.with_notice(layer, notice), number)


def set_days(office: Office, code: str, **days: DayKind) -> None:
    """Publish single days (d20260310=…) of a calendar."""
    rows = [
        DayRow(datetime.strptime(day, "d%Y%m%d").date(), kind, "停工", "", "市政府〔2026〕1号")
        for day, kind in days.items()
    ]
    with unit_of_work(office.sessions, SYSTEM, office.now) as uow:
        layer = offices.newest_layer(uow.session, code)
        offices.publish(uow, replace(layer, rows=overlaid([layer.rows, rows])), "停工")


def preview(office: Office) -> Preview:
    with reading(office.sessions) as session:
        return recounting.preview(session, office.now)


def of_clock(found: Sequence[Recount], case: int, clock: str = "handling") -> Recount:
    [one] = [one for one in found if (one.demand_id, one.clock) == (case, clock)]
    return one


def apply(office: Office) -> int:
    """Recount the whole office as an administrator's console does; how many cases changed."""
    with unit_of_work(office.sessions, SYSTEM, office.now) as uow:
        job_id = recounting.ask_for_all(uow).id
    while sweep.work(office.sessions, lambda: office.now):
        pass
    with reading(office.sessions) as session:
        job = session.get_one(jobs.Job, job_id)
        assert job.finished_at is not None
        assert job.failed == 0, job.last_error
        return job.changed


def given(clock: ClockRow) -> Deadline:
    return Deadline.from_json(orjson.loads(clock.terms))


def rungs(office: Office, clock: ClockRow) -> dict[str, ClockRungRow]:
    with reading(office.sessions) as session:
        found = session.scalars(select(ClockRungRow).where(ClockRungRow.clock_id == clock.id))
        return {rung.rung: rung for rung in found}


def sent(office: Office) -> list[str]:
    with reading(office.sessions) as session:
        return sorted(session.scalars(select(OutboxMessage.template)))


def snapshot(office: Office) -> list[tuple[object, ...]]:
    """Everything that a recount may touch."""
    with reading(office.sessions) as session:
        tables = (
            ClockRow, ClockRungRow, ClockRevisionRow, history.HistoryEntry, OutboxMessage
        )  # fmt: skip
        return [
            tuple(row)
            for table in tables
            for row in session.execute(
                select(table.__table__).order_by(*table.__table__.primary_key)
            )
        ]


def test_the_may_day_of_2019_moves_open_deadlines_both_ways(office: Office) -> None:
    go_back(office, "2019-04-24T10:00", "2019-03-01")
    earlier = office.bring_to("reply")
    office.now = china("2019-04-26T10:00")
    same = office.bring_to("reply")
    office.now = china("2019-04-29T10:00")
    later = office.bring_to("reply")
    assert [office.last_day(office.clock(case, "handling")) for case in (earlier, same, later)] == [
        "2019-05-02", "2019-05-06", "2019-05-07"
    ]  # fmt: skip

    office.now = china("2019-04-30T01:00")
    adopt(office, MAY_DAY)
    found = preview(office)
    assert of_clock(found.recounts, earlier).effect is Effect.KEPT  # 30 April, in 23 hours
    assert of_clock(found.recounts, later).working_days == 1
    assert of_clock(found.recounts, later).effect is Effect.LATER
    assert same not in {one.demand_id for one in found.recounts if one.clock == "handling"}

    apply(office)
    assert [office.last_day(office.clock(case, "handling")) for case in (earlier, same, later)] == [
        "2019-05-02", "2019-05-06", "2019-05-08"
    ]  # fmt: skip
    assert "办理时限按新工作日历重算，由2019-05-07 24:00改为2019-05-08 24:00" in office.story(later)
    assert "办理时限按新工作日历重算，期限不变（2019-05-06 24:00）" in office.story(same)
    assert not any("办理时限按新工作日历" in line for line in office.story(earlier))


def test_an_earlier_day_applies_with_notice_and_people_are_told(office: Office) -> None:
    go_back(office, "2019-04-24T10:00", "2019-03-01")
    case = office.bring_to("reply")
    office.now = china("2019-04-25T09:00")
    adopt(office, MAY_DAY)
    one = of_clock(preview(office).recounts, case)
    assert (one.effect, one.working_days) == (Effect.EARLIER, -1)
    assert one.number == office.order(case).number
    assert one.unit_id == office.unit("urban_management")
    before = sent(office)
    apply(office)
    clock = office.clock(case, "handling")
    assert office.last_day(clock) == "2019-04-30"
    told = [message for message in sent(office) if message not in before]
    assert "handling_moved" in told
    assert "total_moved" not in told  # its day is the same: the requester waits no longer
    assert any(
        line.startswith("发送通知") and line.endswith("办理期限改为2019-04-30 24:00。")
        for line in office.story(case)
    )


def test_the_longer_spring_festival_of_2020_names_what_fired_in_vain(office: Office) -> None:
    go_back(office, "2020-01-20T10:00", "2020-01-20")
    case = office.bring_to("reply")
    before = office.clock(case, "handling")
    assert office.last_day(before) == "2020-02-01"
    office.wait_until(china("2020-02-01T09:00"))  # the make-up Saturday has begun: yellow
    adopt(office, SPRING)
    office.wait_until(china("2020-02-02T09:00"))  # and is over: red
    assert office.order(case).overdue

    one = of_clock(preview(office).recounts, case)
    assert (one.effect, one.working_days) == (Effect.LATER, 2)
    assert [rung.rung for rung in one.unfounded] == ["yellow", "red"]
    apply(office)
    after = office.clock(case, "handling")
    assert office.last_day(after) == "2020-02-04"
    armed = rungs(office, after)
    assert armed["red"].fire_at == after.due_at
    assert armed["yellow"].fire_at is not None
    with reading(office.sessions) as session:
        [revision] = session.scalars(
            select(ClockRevisionRow).where(ClockRevisionRow.clock_id == after.id)
        )
        entries = history.story(session, case)
        assert list(history.faults(session)) == []
    assert (revision.what, revision.due_before, revision.due_after) == (
        "calendar", before.due_at, after.due_at
    )  # fmt: skip
    [entry] = [
        facts
        for entry in entries
        if entry.command == "recount_clock"
        and (facts := orjson.loads(entry.facts))["clock"] == "handling"
    ]
    assert [rung["rung"] for rung in entry["unfounded"]] == ["yellow", "red"]
    assert "total_moved" in sent(office)
    assert any(line.startswith("告知诉求人：") for line in office.story(case))
    assert not office.order(case).overdue
    assert office.story(case).count("办理超期") == 1  # what was written stays written
    assert "按新工作日历未超期，撤销超期登记" in office.story(case)
    office.wait_until(china("2020-02-05T09:00"))
    assert office.order(case).overdue
    assert office.story(case).count("办理超期") == 2


def test_a_run_that_was_late_keeps_its_mark_when_a_later_run_was_not(office: Office) -> None:
    case = office.bring_to("reply")
    office.wait(days=30)
    office.do(case, "reply")
    office.do(case, "approve_reply")
    office.do(case, "review_reply")
    office.do(case, "callback", result="dissatisfied", solved="no")
    office.do(case, "judge")
    again = office.clock(case, "handling")
    assert (again.run, again.due_at is not None) == (2, True)
    office.wait_until(again.due_at - timedelta(hours=1))
    set_days(office, "CN", **{f"d{given(again).last_day:%Y%m%d}": DayKind.HOLIDAY})
    office.wait_until(again.due_at + timedelta(hours=1))
    apply(office)
    assert office.clock(case, "handling").due_at > office.now
    assert office.order(case).overdue


def test_a_deadline_that_had_passed_when_the_calendar_came_stays_for_people(
    office: Office,
) -> None:
    go_back(office, "2020-01-20T10:00", "2020-01-20")
    case = office.bring_to("reply")
    office.wait_until(china("2020-02-03T09:00"))
    adopt(office, SPRING)
    one = of_clock(preview(office).recounts, case)
    assert one.effect is Effect.KEPT
    assert "人工复核" in one.reason.zh
    apply(office)
    assert office.last_day(office.clock(case, "handling")) == "2020-02-01"


def test_the_preview_writes_nothing_and_applying_twice_changes_nothing(office: Office) -> None:
    go_back(office, "2019-04-24T10:00", "2019-03-01")
    for _ in range(3):
        office.bring_to("reply")
        office.now += timedelta(days=2)
    adopt(office, MAY_DAY)
    before = snapshot(office)
    preview(office)
    assert snapshot(office) == before
    assert apply(office) == 3
    once = snapshot(office)
    assert once != before
    office.now += timedelta(minutes=5)
    assert apply(office) == 0
    assert snapshot(office) == once


class Killed(BaseException):
    """The process is gone."""


def test_a_recount_killed_half_way_goes_on_where_it_was(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sweep, "BATCH", 2)
    cases = [office.bring_to("reply") for _ in range(5)]
    set_days(office, "CN", d20260305=DayKind.HOLIDAY)
    with office.acting("duty") as uow, pytest.raises(NotAllowed):
        recounting.ask_for_all(uow)
    with unit_of_work(office.sessions, SYSTEM, office.now) as uow:
        job_id = recounting.ask_for_all(uow).id
        assert recounting.ask_for_all(uow).id == job_id

    looks = iter(range(6))  # hold; two cases and their report; one more case …

    def dying() -> datetime:
        if next(looks, None) is None:
            raise Killed
        return office.now

    with pytest.raises(Killed):
        sweep.work(office.sessions, dying)
    moved = [
        case for case in cases if office.last_day(office.clock(case, "handling")) == "2026-03-10"
    ]
    assert 0 < len(moved) < 5
    with reading(office.sessions) as session:
        job = session.get_one(jobs.Job, job_id)
        assert (job.total, job.done, job.finished_at) == (5, 2, None)

    assert sweep.work(office.sessions, lambda: office.now) == 0  # the dead one may still live
    office.now += jobs.LEASE
    while sweep.work(office.sessions, lambda: office.now):
        pass
    assert {office.last_day(office.clock(case, "handling")) for case in cases} == {"2026-03-10"}
    for case in cases:
        told = [line for line in office.story(case) if "办理期限改为" in line]
        assert len(told) == 1
    with reading(office.sessions) as session:
        job = session.get_one(jobs.Job, job_id)
        assert (job.failed, job.finished_at is not None) == (0, True)


def test_a_case_that_fails_is_named_and_the_others_go_on(
    office: Office, caplog: pytest.LogCaptureFixture
) -> None:
    broken, whole = office.bring_to("reply"), office.bring_to("reply")
    with unit_of_work(office.sessions, SYSTEM, office.now) as uow:
        uow.session.execute(
            update(ClockRow).where(ClockRow.subject_id == broken).values(terms="{}")
        )
    set_days(office, "CN", d20260305=DayKind.HOLIDAY)
    with unit_of_work(office.sessions, SYSTEM, office.now) as uow:
        job_id = recounting.ask_for_all(uow).id
    sweep.work(office.sessions, lambda: office.now)
    assert office.last_day(office.clock(whole, "handling")) == "2026-03-10"
    with reading(office.sessions) as session:
        job = session.get_one(jobs.Job, job_id)
    assert (job.failed, job.changed) == (1, 1)
    assert (job.last_error or "").startswith(f"{broken}: ")
    assert "could not be recounted" in caplog.text


def test_a_recount_is_done_in_the_name_of_whoever_asked(office: Office) -> None:
    case = office.bring_to("reply")
    set_days(office, "CN", d20260305=DayKind.HOLIDAY)
    with unit_of_work(office.sessions, SYSTEM, office.now) as uow:
        add_user(uow, "admin", "何平", "correct horse", ["administrator"], None)
    with office.acting("admin") as uow:
        recounting.ask_for_all(uow)
    sweep.work(office.sessions, lambda: office.now)
    with reading(office.sessions) as session:
        names = {
            entry.actor_name
            for entry in history.story(session, case)
            if entry.command == "recount_clock"
        }
    assert names == {"何平"}


def test_a_suspended_clock_stands_still_in_the_new_calendar(office: Office) -> None:
    case = office.bring_to("reply")
    office.now += timedelta(days=1)
    with unit_of_work(office.sessions, SYSTEM, office.now) as uow:
        assert engine.pause_clock(uow, SUBJECT, case, "handling", office.now)
    office.wait(days=30)
    set_days(office, "CN", d20260305=DayKind.HOLIDAY)
    one = of_clock(preview(office).recounts, case)
    assert (one.effect, one.paused) == (Effect.LATER, True)
    apply(office)
    clock = office.clock(case, "handling")
    assert (office.last_day(clock), clock.paused_at is not None) == ("2026-03-10", True)
    assert all(rung.fire_at is None for rung in rungs(office, clock).values())
    assert not office.order(case).overdue


def test_a_unit_with_a_calendar_of_its_own_follows_that_one(office: Office) -> None:
    with unit_of_work(office.sessions, SYSTEM, office.now) as uow:
        offices.open_calendar(uow, "UM", "城管局", CalendarLevel.UNIT)
        uow.session.execute(
            update(HandlingUnit)
            .where(HandlingUnit.code == "urban_management")
            .values(calendar_code="UM")
        )
    case = office.bring_to("reply")
    office.now += timedelta(hours=1)
    set_days(office, "UM", d20260305=DayKind.RESTDAY)
    found = preview(office)
    assert of_clock(found.recounts, case).effect is Effect.LATER
    assert {one.clock for one in found.recounts} == {"handling"}  # the others count by the nation
    apply(office)
    clock = office.clock(case, "handling")
    assert (office.last_day(clock), clock.calendar_code) == ("2026-03-10", "UM")
    office.now += timedelta(hours=1)
    set_days(office, "CN", d20260306=DayKind.HOLIDAY)
    apply(office)
    assert office.last_day(office.clock(case, "handling")) == "2026-03-11"


def test_a_provisional_deadline_loses_its_mark_when_its_year_is_published(office: Office) -> None:
    go_back(office, "2020-12-25T10:00", "2020-11-01")
    case = office.bring_to("reply")
    assert office.clock(case, "handling").provisional
    adopt(office, "国办发明电〔2020〕27号")
    one = of_clock(preview(office).recounts, case)
    assert one.effect is Effect.OFFICIAL
    before = sent(office)
    apply(office)
    clock = office.clock(case, "handling")
    assert (clock.provisional, given(clock).provisional) == (False, False)
    assert clock.due_at == one.before.due_at
    assert sent(office) == before  # nothing moved: nobody is disturbed


def test_two_versions_at_once_come_to_the_same_as_one_after_the_other(office: Office) -> None:
    first = office.bring_to("reply")
    set_days(office, "CN", d20260305=DayKind.HOLIDAY)
    apply(office)
    office.now += timedelta(minutes=1)
    set_days(office, "CN", d20260306=DayKind.HOLIDAY)
    second = office.bring_to("reply")
    apply(office)
    assert given(office.clock(first, "handling")).version.startswith("CN:")
    assert office.last_day(office.clock(first, "handling")) == "2026-03-11"
    assert office.last_day(office.clock(second, "handling")) == "2026-03-11"


def test_a_closed_case_keeps_its_calendar_and_its_verdict(office: Office) -> None:
    case = office.bring_to("close")
    office.do(case, "close")
    before = given(office.clock(case, "handling"))
    set_days(office, "CN", d20260305=DayKind.HOLIDAY)
    assert preview(office).counts.total() == 0
    assert apply(office) == 0
    assert given(office.clock(case, "handling")) == before


@pytest.mark.parametrize("seed", range(6))
def test_a_recount_gives_what_counting_from_the_start_gives_but_for_the_protections(
    office: Office, seed: int
) -> None:
    chance = random.Random(seed)
    cases = []
    for _ in range(8):
        step = chance.choice(["dispatch", "sign_for", "reply"])
        nature = chance.choice(["consultation", "complaint", "suggestion"])
        cases.append(
            office.bring_to(step, nature=nature, urgency=chance.choice(["normal", "urgent"]))
        )
        office.wait(hours=chance.randrange(1, 30))
    for case in chance.sample(cases, 2):
        with unit_of_work(office.sessions, SYSTEM, office.now) as uow:
            engine.pause_clock(uow, SUBJECT, case, "handling", office.now)
    with unit_of_work(office.sessions, SYSTEM, office.now) as uow:
        for clock in uow.session.scalars(select(ClockRow).where(ClockRow.stopped_at.is_(None))):
            rule = chance.choice(list(CalendarChange))
            terms = given(clock)
            terms = terms._replace(policy=replace(terms.policy, calendar_change=rule))
            clock.terms = orjson.dumps(terms.to_json()).decode()
    office.wait(hours=chance.randrange(1, 30))
    today = office.now.date()
    set_days(
        office,
        "CN",
        **{
            f"d{today + timedelta(days=offset):%Y%m%d}": chance.choice(list(DayKind))
            for offset in chance.sample(range(-5, 15), 8)
        },
    )
    published = office.now
    office.wait(hours=chance.choice([0, 5, 40]))
    foreseen = preview(office)
    before = {clock.id: clock for clock in clocks_that_run(office)}
    apply(office)
    with reading(office.sessions) as session:
        newest = offices.working_calendar(session, "CN")
    after = {clock.id: clock for clock in clocks_that_run(office)}
    assert before.keys() == after.keys()
    outdated = [clock for clock in before.values() if given(clock).version != newest.version]
    assert foreseen.counts.total() == len(outdated)
    for clock_id, clock in after.items():
        old, new = given(before[clock_id]), given(clock)
        anew = deadline(newest, old.start, old.limit, old.policy)
        stands_at = clock.paused_at or office.now
        rule = old.policy.calendar_change
        earlier = anew.due_at < old.due_at
        protected = (
            old.due_at < min(published, stands_at)
            or rule is CalendarChange.KEEP
            or (rule is CalendarChange.LATER_OF and earlier)
            or (earlier and anew.due_at < stands_at + timedelta(days=1))
        )
        assert new == (old if protected else anew)
        assert (clock.due_at, clock.provisional) == (new.due_at, new.provisional)
        assert clock.calendar_version == new.version
        passed_before = old.due_at < office.now
        passed_after = new.due_at < office.now
        assert clock.paused_at or not passed_after or passed_before  # nobody is made late
        red = rungs(office, clock)["red"]
        assert red.due_at == clock.due_at
    assert preview(office).counts.keys() <= {Effect.KEPT}


def clocks_that_run(office: Office) -> list[ClockRow]:
    with reading(office.sessions) as session:
        return list(session.scalars(select(ClockRow).where(ClockRow.stopped_at.is_(None))))
