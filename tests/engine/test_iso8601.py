"""Instants, durations and repetitions, as diagrams write them."""

from datetime import datetime, timedelta, timezone

import pytest
from dateutil.relativedelta import relativedelta

from app.engine.iso8601 import parse_duration, parse_instant, parse_repetition

CHINA = timezone(timedelta(hours=8))


@pytest.mark.parametrize(
    ("text", "duration"),
    [
        ("PT72H", relativedelta(hours=72)),
        ("P3D", relativedelta(days=3)),
        ("P2W", relativedelta(weeks=2)),
        (
            "P1Y2M10DT2H30M5S",
            relativedelta(years=1, months=2, days=10, hours=2, minutes=30, seconds=5),
        ),
        (" PT1S ", relativedelta(seconds=1)),
    ],
)
def test_a_duration_is_read(text: str, duration: relativedelta) -> None:
    assert parse_duration(text) == duration


@pytest.mark.parametrize(
    "text", ["", "P", "PT", "P1", "1D", "PT0S", "P0D", "-P1D", "P1DT", "PT1.5H", "P1H", "pt1h"]
)
def test_what_is_no_duration_or_none_at_all_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="duration"):
        parse_duration(text)


def test_an_instant_keeps_its_offset() -> None:
    expected = datetime(2026, 3, 1, 17, 30, tzinfo=CHINA)
    assert parse_instant("2026-03-01T17:30:00+08:00") == expected
    assert parse_instant("2026-03-01T09:30Z") == expected


@pytest.mark.parametrize(
    "text", ["2026-03-01", "2026-03-01T17:30:00", "2026-02-30T17:30:00Z", "17:30", "20260301T1730Z"]
)
def test_an_instant_that_is_not_certain_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"instant|offset|day"):
        parse_instant(text)


def test_repetitions_with_and_without_number_and_beginning() -> None:
    assert parse_repetition("R3/PT24H").times == 3
    assert parse_repetition("R/P1D").times is None
    begun = parse_repetition("R2/2026-03-01T08:00:00+08:00/P1D")
    assert begun.start == datetime(2026, 3, 1, 8, tzinfo=CHINA)
    assert begun.every == relativedelta(days=1)


@pytest.mark.parametrize("text", ["R0/PT1H", "R3", "3/PT1H", "R3/PT0H", "0 0 * * *", "R3/P1D/P1D"])
def test_what_is_no_repetition_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"repe|duration|instant"):
        parse_repetition(text)
