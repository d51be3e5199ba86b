"""The light says in words what its colour means."""

from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask

from app.web.lights import Colour, light

NOW = datetime(2026, 11, 20, 8, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


@pytest.mark.parametrize(
    ("left", "warned", "colour", "words"),
    [
        (timedelta(days=2, hours=6, minutes=59), False, Colour.GREEN, "剩2天6时"),
        (timedelta(days=2, minutes=30), False, Colour.GREEN, "剩2天"),
        (timedelta(hours=1, minutes=5), True, Colour.YELLOW, "剩1时05分"),
        (timedelta(minutes=40), True, Colour.YELLOW, "剩40分"),
        (timedelta(0), True, Colour.YELLOW, "剩0分"),
        (-timedelta(seconds=1), True, Colour.RED, "超期0分"),
        (-timedelta(hours=3, minutes=12), True, Colour.RED, "超期3时12分"),
    ],
)
def test_colour_and_words_follow_the_time_left(
    app: Flask, left: timedelta, warned: bool, colour: Colour, words: str
) -> None:
    yellow_at = NOW if warned else NOW + MINUTE
    with app.test_request_context():
        shown = light(NOW, NOW + left, yellow_at)
    assert (shown.colour, shown.words) == (colour, words)


def test_a_paused_or_finished_or_missing_limit_is_grey_and_says_why(app: Flask) -> None:
    late = NOW - MINUTE
    with app.test_request_context():
        assert light(NOW, late, paused=True).words == "挂起中"
        assert light(NOW, late, stopped=True).words == "已完成"
        assert light(NOW, None).words == "未计时"


def test_english_words(app: Flask) -> None:
    with app.test_request_context() as context:
        context.session["language"] = "en"
        assert light(NOW, NOW - MINUTE).words == "overdue 1 min"
