"""The light says in words what its colour means, counted as the limit counts."""

from collections.abc import Iterator
from datetime import datetime, timedelta

import orjson
import pytest
from flask import Flask
from sqlalchemy import event

from app.core.clock import CHINA
from app.core.db import Sessions, reading
from app.engine import ClockRow
from app.web.lights import Light, Lights
from app.worktime import offices
from app.worktime.deadlines import deadline
from app.worktime.limits import Limit, LimitUnit
from app.worktime.policy import Policy

START = datetime(2026, 9, 24, 10, tzinfo=CHINA)  # a Thursday; the next three days are a holiday
YELLOW = datetime(2026, 9, 30, 8, 30, tzinfo=CHINA)


@pytest.fixture
def in_chinese(app: Flask) -> Iterator[None]:
    with app.test_request_context():
        yield


def clock(sessions: Sessions, amount: int, unit: LimitUnit, **instants: datetime) -> ClockRow:
    with reading(sessions) as session:
        calendar = offices.working_calendar(session, "CN")
    due = deadline(calendar, START, Limit(amount, unit), Policy())
    terms = orjson.dumps(due.to_json()).decode()
    return ClockRow(
        name="handling", run=1, started_at=START, due_at=due.due_at, terms=terms, **instants
    )


def shown(
    sessions: Sessions, row: ClockRow | None, at: datetime, yellow_at: datetime | None = None
) -> Light:
    with reading(sessions) as session:
        return Lights(session, at).of(row, yellow_at)


@pytest.mark.usefixtures("in_chinese")
@pytest.mark.parametrize(
    ("day", "hour", "colour", "words"),
    [
        (24, 11, "green", "剩 3 个工作日"),
        (26, 12, "green", "剩 3 个工作日"),  # the holiday uses nothing up
        (28, 9, "green", "剩 2 个工作日"),
        (29, 23, "green", "剩 1 个工作日"),
        (30, 9, "yellow", "今日到期"),
    ],
)
def test_a_limit_in_working_days_says_how_many_of_them_are_left(
    sessions: Sessions, day: int, hour: int, colour: str, words: str
) -> None:
    at = datetime(2026, 9, day, hour, tzinfo=CHINA)
    light = shown(sessions, clock(sessions, 3, LimitUnit.WORKING_DAY), at, YELLOW)
    assert (light.colour, light.words) == (colour, words)


@pytest.mark.usefixtures("in_chinese")
def test_what_is_late_says_by_how_many_working_days(sessions: Sessions) -> None:
    row = clock(sessions, 3, LimitUnit.WORKING_DAY)
    in_the_holiday = shown(sessions, row, datetime(2026, 10, 3, 9, tzinfo=CHINA))
    after_it = shown(sessions, row, datetime(2026, 10, 9, 9, tzinfo=CHINA))
    assert (in_the_holiday.colour, in_the_holiday.words) == ("red", "超期 1 个工作日")
    assert (after_it.colour, after_it.words) == ("red", "超期 2 个工作日")


@pytest.mark.usefixtures("in_chinese")
@pytest.mark.parametrize(
    ("after", "words"),
    [
        (timedelta(minutes=20), "剩 71 小时 40 分"),
        (timedelta(hours=71, minutes=20), "剩 40 分"),
        (timedelta(hours=72), "剩 0 分"),
        (timedelta(hours=75, minutes=12), "超期 3 小时 12 分"),
        (timedelta(hours=72 + 187), "超期 7 天 19 小时"),
    ],
)
def test_a_limit_in_hours_runs_by_the_clock(
    sessions: Sessions, after: timedelta, words: str
) -> None:
    assert (
        shown(sessions, clock(sessions, 72, LimitUnit.NATURAL_HOUR), START + after).words == words
    )


@pytest.mark.usefixtures("in_chinese")
def test_office_hours_are_called_so(sessions: Sessions) -> None:
    row = clock(sessions, 4, LimitUnit.WORKING_HOUR)
    assert (
        shown(sessions, row, START + timedelta(minutes=30)).words == "剩 3 小时 30 分（工作时间）"
    )


@pytest.mark.usefixtures("in_chinese")
def test_natural_days_count_every_day(sessions: Sessions) -> None:
    row = clock(sessions, 5, LimitUnit.NATURAL_DAY)
    assert shown(sessions, row, START + timedelta(days=2)).words == "剩 3 天"


@pytest.mark.usefixtures("in_chinese")
def test_where_no_time_runs_the_light_is_grey_and_says_why(sessions: Sessions) -> None:
    noon = START + timedelta(hours=2)
    paused = clock(sessions, 3, LimitUnit.WORKING_DAY, paused_at=noon)
    stopped = clock(sessions, 3, LimitUnit.WORKING_DAY, stopped_at=noon)
    endless = clock(sessions, 3, LimitUnit.WORKING_DAY)
    endless.due_at = None
    lights = [shown(sessions, row, YELLOW) for row in (paused, stopped, endless, None)]
    assert {one.colour for one in lights} == {"grey"}
    assert [one.words for one in lights] == ["挂起中", "按时完成", "未计时", "未计时"]


@pytest.mark.usefixtures("in_chinese")
def test_what_was_done_late_stays_red_and_says_by_how_much(sessions: Sessions) -> None:
    stopped_at = datetime(2026, 10, 8, 9, tzinfo=CHINA)
    row = clock(sessions, 3, LimitUnit.WORKING_DAY, stopped_at=stopped_at)
    light = shown(sessions, row, stopped_at + timedelta(days=30))
    assert (light.colour, light.words) == ("red", "超期 1 个工作日完成")


def test_english_words(app: Flask, sessions: Sessions) -> None:
    row = clock(sessions, 3, LimitUnit.WORKING_DAY)
    days = [datetime(2026, 9, day, 9, tzinfo=CHINA) for day in (28, 29, 30)]
    with app.test_request_context() as context:
        context.session["language"] = "en"
        words = [shown(sessions, row, day).words for day in days]
    assert words == ["2 working days left", "1 working day left", "due today"]


@pytest.mark.usefixtures("in_chinese")
def test_a_list_of_lights_asks_for_its_calendar_once(sessions: Sessions) -> None:
    row = clock(sessions, 3, LimitUnit.WORKING_DAY)
    asked: list[str] = []
    with reading(sessions) as session:
        lights = Lights(session, START)
        lights.of(row, None)
        engine = session.get_bind()
        event.listen(engine, "before_cursor_execute", lambda *seen: asked.append(seen[2]))
        for _ in range(50):
            lights.of(row, None)
    assert asked == []
