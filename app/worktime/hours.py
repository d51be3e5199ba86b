"""Office hours: at which times of a working day an office works.

A profile knows segments of the day, seasons, weekdays and recurring half days; single dates with
their own hours belong to the calendar, where they carry a document number.
"""

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from app.core.errors import Invalid
from app.core.phrase import Phrase

MINUTE = 60_000_000
DAY = 24 * 60 * MINUTE
"""One day in microseconds."""

Segments = tuple[tuple[int, int], ...]
"""Opening and closing in microseconds from midnight, in order. A closing beyond `DAY` is in the
night that follows and belongs to the day it began on."""


@dataclass(frozen=True, slots=True)
class Season:
    """Hours between two dates of every year, both included; may run over the new year."""

    first: tuple[int, int]
    last: tuple[int, int]
    segments: Segments

    def holds(self, day: date) -> bool:
        """Whether `day` lies in the season."""
        at = (day.month, day.day)
        if self.first <= self.last:
            return self.first <= at <= self.last
        return at >= self.first or at <= self.last


@dataclass(frozen=True, slots=True)
class HoursProfile:
    """The hours of an office. Seasons override the usual hours, weekdays override both.

    `seasons` are asked in order and the first that holds the day counts; a half day that comes
    back every year (妇女节 afternoon, say) is a season of one day and stands before the others.
    """

    code: str
    name: str
    segments: Segments
    seasons: tuple[Season, ...] = ()
    weekdays: tuple[tuple[int, Segments], ...] = ()

    def on(self, day: date) -> Segments:
        """The segments of a working day."""
        for season in self.seasons:
            if season.first == season.last and season.holds(day):
                return season.segments
        weekday = day.isoweekday()
        for number, segments in self.weekdays:
            if number == weekday:
                return segments
        for season in self.seasons:
            if season.holds(day):
                return season.segments
        return self.segments

    def to_json(self) -> dict[str, Any]:
        """The form in which profiles are shipped, stored, exported and imported."""
        data: dict[str, Any] = {
            "code": self.code,
            "name": self.name,
            "segments": segments_text(self.segments),
        }
        if self.seasons:
            data["seasons"] = [
                {
                    "from": f"{season.first[0]:02}-{season.first[1]:02}",
                    "to": f"{season.last[0]:02}-{season.last[1]:02}",
                    "segments": segments_text(season.segments),
                }
                for season in self.seasons
            ]
        if self.weekdays:
            data["weekdays"] = {str(day): segments_text(hours) for day, hours in self.weekdays}
        return data

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "HoursProfile":
        """The profile of a form that `files.HoursSchema` has passed."""
        return cls(
            code=data["code"],
            name=data["name"],
            segments=parse_segments(data["segments"]),
            seasons=tuple(
                Season(
                    _month_day(season["from"]),
                    _month_day(season["to"]),
                    parse_segments(season["segments"]),
                )
                for season in data.get("seasons", ())
            ),
            weekdays=tuple(
                (int(day), parse_segments(text))
                for day, text in sorted(data.get("weekdays", {}).items())
            ),
        )

    @property
    def digest(self) -> str:
        """SHA-256 of the content; two profiles with the same digest give the same deadlines."""
        text = json.dumps(self.to_json(), ensure_ascii=False, sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()


_SEGMENT = re.compile(r"([01]\d|2[0-3]):([0-5]\d)-([01]\d|2[0-4]):([0-5]\d)")


def parse_segments(text: str) -> Segments:
    """The segments written as "08:30-12:00,14:00-17:30"; "20:00-06:00" runs into the next day.

    Raises `Invalid` for anything else, for segments out of order and for overlaps.
    """
    segments: list[tuple[int, int]] = []
    for part in text.split(","):
        match = _SEGMENT.fullmatch(part.strip())
        if match is None or (match[3] == "24" and match[4] != "00"):
            raise Invalid(
                Phrase(
                    f"无法识别时段“{part.strip()}”。请写成“08:30-12:00,14:00-17:30”的样子。",
                    f'"{part.strip()}" is not a segment. Write it like "08:30-12:00,14:00-17:30".',
                )
            )
        opens = (int(match[1]) * 60 + int(match[2])) * MINUTE
        closes = (int(match[3]) * 60 + int(match[4])) * MINUTE
        if closes <= opens:
            closes += DAY
        if segments and opens < segments[-1][1]:
            raise Invalid(
                Phrase(
                    f"时段“{text}”前后重叠或次序颠倒，请按先后排列。",
                    f'The segments "{text}" overlap or are out of order.',
                )
            )
        segments.append((opens, closes))
    if segments[-1][1] > segments[0][0] + DAY:
        raise Invalid(
            Phrase(
                f"时段“{text}”超过二十四小时，与次日重叠。",
                f'The segments "{text}" last more than 24 hours and run into the next day.',
            )
        )
    return tuple(segments)


def segments_text(segments: Sequence[tuple[int, int]]) -> str:
    """The text that `parse_segments` reads back."""
    return ",".join(f"{_clock(opens)}-{_clock(closes)}" for opens, closes in segments)


def _clock(micros: int) -> str:
    minutes = micros // MINUTE
    if minutes > 24 * 60:
        minutes -= 24 * 60
    return f"{minutes // 60:02}:{minutes % 60:02}"


def _month_day(text: str) -> tuple[int, int]:
    month, day = text.split("-")
    return int(month), int(day)
