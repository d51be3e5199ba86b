"""The light says in words what its colour means."""

from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask

from app.engine import ClockRow
from app.web.lights import of_clock

NOW = datetime(2026, 11, 20, 8, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def clock(due_at: datetime | None, **instants: datetime) -> ClockRow:
    return ClockRow(name="handling", run=1, started_at=NOW, due_at=due_at, **instants)


@pytest.mark.parametrize(
    ("left", "warned", "colour", "words"),
    [
        (timedelta(days=2, hours=6, minutes=59), False, "green", "剩2天6时"),
        (timedelta(days=2, minutes=30), False, "green", "剩2天"),
        (timedelta(hours=1, minutes=5), True, "yellow", "剩1时05分"),
        (timedelta(minutes=40), True, "yellow", "剩40分"),
        (timedelta(0), True, "yellow", "剩0分"),
        (-timedelta(seconds=1), True, "red", "超期0分"),
        (-timedelta(hours=3, minutes=12), True, "red", "超期3时12分"),
    ],
)
def test_colour_and_words_follow_the_time_left(
    app: Flask, left: timedelta, warned: bool, colour: str, words: str
) -> None:
    yellow_at = NOW - MINUTE if warned else NOW + MINUTE
    with app.test_request_context():
        shown = of_clock(NOW, clock(NOW + left), yellow_at)
    assert (shown.colour, shown.words) == (colour, words)


def test_where_no_time_runs_the_light_is_grey_and_says_why(app: Flask) -> None:
    late = NOW - MINUTE
    with app.test_request_context():
        shown = [
            of_clock(NOW, clock(late, paused_at=late - MINUTE), None),
            of_clock(NOW, clock(NOW, stopped_at=late), None),
            of_clock(NOW, clock(None), None),
            of_clock(NOW, None, None),
        ]
    assert {one.colour for one in shown} == {"grey"}
    assert [one.words for one in shown] == ["挂起中", "按时完成", "未计时", "未计时"]


def test_what_was_done_late_stays_red_and_says_by_how_much(app: Flask) -> None:
    with app.test_request_context():
        shown = of_clock(NOW, clock(NOW - 2 * MINUTE, stopped_at=NOW - MINUTE), None)
    assert (shown.colour, shown.words) == ("red", "超期1分完成")


def test_english_words(app: Flask) -> None:
    with app.test_request_context() as context:
        context.session["language"] = "en"
        assert of_clock(NOW, clock(NOW - MINUTE), None).words == "overdue 1 min"
