"""The arithmetic of working time: prefix sums over days, sorted segments over hours.

Everything here is an integer: days are counted from the first day of the calendar, instants are
microseconds since 1970-01-01 00:00 in China's fixed +08:00. Nothing is extrapolated: what lies
outside the calendar raises `HorizonError`.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import TypeVar

from app.core.clock import CHINA
from app.core.errors import Invalid
from app.core.phrase import Phrase
from app.worktime.days import MONDAY_TO_FRIDAY, DayKind, DayRow, Layer, overlaid
from app.worktime.hours import DAY
from app.worktime.policy import DayOne

_EPOCH = datetime(1970, 1, 1, tzinfo=CHINA).astimezone(UTC)
_EPOCH_ORDINAL = date(1970, 1, 1).toordinal()
_SECOND = 1_000_000
_NEXT = DayOne.NEXT

T = TypeVar("T")


class HorizonError(Invalid):
    """The answer lies outside the days the calendar knows."""


def micros_of(at: datetime) -> int:
    """The aware instant as microseconds of local time. A naive one raises `TypeError`."""
    since = at - _EPOCH
    return (since.days * 86_400 + since.seconds) * _SECOND + since.microseconds


def instant_of(micros: int) -> datetime:
    """The instant, in UTC, of a number of microseconds of local time."""
    return _EPOCH + timedelta(0, 0, micros)


def local_date(at: datetime) -> date:
    """The date in China at an aware instant."""
    return date.fromordinal(_EPOCH_ORDINAL + (at - _EPOCH).days)


class WorkingCalendar:
    """The working days and hours of one office, for a fixed stretch of years.

    Built whole from the layers nation → unit and never changed, so that threads may share it.
    Laws (tested as properties): counting is the inverse of adding, adding is additive, and
    `worked_before` is monotone and never faster than the clock.

    Raises `ValueError` when no layer names hours, a first and a last day.
    """

    __slots__ = (
        "_close",
        "_close_of_nth",
        "_cum",
        "_dates",
        "_end_of_nth",
        "_length",
        "_ln",
        "_nth",
        "_nth_date",
        "_open",
        "_origin",
        "_ranks",
        "_shift",
        "_st",
        "_total",
        "code",
        "first",
        "hours",
        "last",
        "official_index",
        "official_through",
        "rows",
        "version",
        "workweek",
    )

    def __init__(self, layers: Sequence[Layer]) -> None:
        self.code = layers[-1].code
        self.version = "+".join(layer.stamp for layer in layers)
        self.hours = _last_given([layer.hours for layer in layers], "hours")
        self.first = _last_given([layer.first for layer in layers[:1]], "first")
        self.last = _last_given([layer.last for layer in layers[:1]], "last")
        self.workweek = _last_given(
            [MONDAY_TO_FRIDAY, *(layer.workweek for layer in layers)], "workweek"
        )
        self.official_through: date = min(
            (layer.official_through for layer in layers if layer.official_through),
            default=self.first - timedelta(days=1),
        )
        self.rows: dict[date, DayRow] = {
            row.date: row for row in overlaid([layer.rows for layer in layers])
        }
        self._origin = self.first.toordinal()
        self._shift = self._origin - _EPOCH_ORDINAL
        self._length = self.last.toordinal() - self._origin + 1
        self.official_index = self.official_through.toordinal() - self._origin
        self._build()

    def _build(self) -> None:
        """Lay down the tables. `_ranks[i]`: working days before index i. `_nth[k]`: index of the
        k-th working day. `_st`, `_ln`, `_cum`: start, length and work before each segment.
        """
        by_weekday = [digit == "1" for digit in self.workweek]
        origin, rows, hours = self._origin, self.rows, self.hours
        self._ranks = ranks = [0]
        self._nth: list[int] = []
        self._nth_date: list[date] = []
        self._end_of_nth: list[datetime] = []
        self._close_of_nth: list[datetime] = []
        self._dates = [date.fromordinal(origin + index) for index in range(self._length)]
        self._open = [0] * self._length
        self._close = [0] * self._length
        starts: list[int] = []
        ends: list[int] = []
        for index, day in enumerate(self._dates):
            row = rows.get(day)
            if row.kind.is_working if row else by_weekday[day.weekday()]:
                self._nth.append(index)
                self._nth_date.append(day)
                midnight = (self._shift + index) * DAY
                self._end_of_nth.append(instant_of(midnight + DAY))
                segments = row.hours if row and row.hours else hours.on(day)
                self._open[index] = midnight + segments[0][0]
                self._close[index] = midnight + segments[-1][1]
                self._close_of_nth.append(instant_of(self._close[index]))
                for opens, closes in segments:
                    if ends and midnight + opens <= ends[-1]:  # night duty runs on
                        ends[-1] = max(ends[-1], midnight + closes)
                    else:
                        starts.append(midnight + opens)
                        ends.append(midnight + closes)
            ranks.append(len(self._nth))
        self._st = starts
        self._ln = [end - start for start, end in zip(starts, ends, strict=True)]
        self._cum: list[int] = []
        total = 0
        for length in self._ln:
            self._cum.append(total)
            total += length
        self._total = total

    # Dates ------------------------------------------------------------------------------------

    def is_working_day(self, day: date) -> bool:
        """Whether the office works on `day`, make-up days included."""
        index = self.index(day)
        return self._ranks[index] < self._ranks[index + 1]

    def add_working_days(self, day: date, count: int) -> date:
        """The `count`-th working day strictly after `day`; strictly before it when negative.

        Zero gives `day` itself or, from a rest day, the next working day.
        """
        index = day.toordinal() - self._origin
        if not 0 <= index < self._length:
            raise self._beyond(day)
        if count > 0:
            rank = self._ranks[index + 1] + count - 1
        else:
            rank = self._ranks[index] + count
            if rank < 0:
                raise self._beyond(None)
        try:
            return self._nth_date[rank]
        except IndexError:
            raise self._beyond(None) from None

    def working_days_between(self, start: date, end: date) -> int:
        """Working days after `start` up to and including `end`; negative when `end` is earlier."""
        return self._ranks[self.index(end) + 1] - self._ranks[self.index(start) + 1]

    def working_days(self, start: date, end: date) -> Iterator[date]:
        """The working days after `start` up to and including `end`."""
        low, high = self._ranks[self.index(start) + 1], self._ranks[self.index(end) + 1]
        return iter(self._nth_date[low:high])

    def kind(self, day: date) -> DayKind:
        """What `day` is in this calendar."""
        row = self.rows.get(day)
        if row:
            return row.kind
        return DayKind.WORKDAY if self.is_working_day(day) else DayKind.RESTDAY

    # Instants ---------------------------------------------------------------------------------

    def worked_between(self, start: datetime, end: datetime) -> timedelta:
        """Working time from `start` to `end`; negative when `end` is earlier."""
        worked = self.worked_before(micros_of(end)) - self.worked_before(micros_of(start))
        return timedelta(microseconds=worked)

    def add_worked(self, start: datetime, span: timedelta) -> datetime:
        """The earliest instant (UTC) by which `span` of working time has passed since `start`."""
        micros = (span.days * 86_400 + span.seconds) * _SECOND + span.microseconds
        return instant_of(self.earliest(self.worked_before(micros_of(start)) + micros))

    # The integer core, for `deadlines` and `explain` ---------------------------------------------

    def index(self, day: date) -> int:
        """The position of `day`, from 0."""
        index = day.toordinal() - self._origin
        if not 0 <= index < self._length:
            raise self._beyond(day)
        return index

    def index_at(self, micros: int) -> int:
        """The position of the local day of an instant."""
        index = micros // DAY - self._shift
        if not 0 <= index < self._length:
            raise self._beyond(None)
        return index

    def day(self, index: int) -> date:
        """The date at a position."""
        if not 0 <= index < self._length:
            raise self._beyond(None)
        return self._dates[index]

    def rank(self, index: int) -> int:
        """How many working days lie before the position; `rank(i + 1)` includes day i."""
        if not 0 <= index <= self._length:
            raise self._beyond(None)
        return self._ranks[index]

    def nth(self, rank: int) -> int:
        """The position of the working day with this rank; `nth(rank(i))` is i or the next one."""
        if not 0 <= rank < len(self._nth):
            raise self._beyond(None)
        return self._nth[rank]

    def midnight(self, index: int) -> int:
        """The first microsecond of the day at a position."""
        return (self._shift + index) * DAY

    def opening(self, index: int) -> int | None:
        """When the office opens on the day at a position; `None` on a rest day."""
        return self._open[index] or None

    def close(self, index: int) -> int | None:
        """When the office closes on the day at a position; `None` on a rest day."""
        return self._close[index] or None

    def worked_before(self, micros: int) -> int:
        """Working time from the start of the calendar up to an instant."""
        if not 0 <= micros - self._shift * DAY <= self._length * DAY:
            raise self._beyond(None)
        at = bisect_right(self._st, micros) - 1
        if at < 0:
            return 0
        spent = micros - self._st[at]
        length = self._ln[at]
        return self._cum[at] + (spent if spent < length else length)  # noqa: FURB136 - hot

    def earliest(self, worked: int) -> int:
        """The earliest instant by which that much has been worked: the end of a segment, not the
        opening of the next. A deadline.
        """
        if not 0 <= worked <= self._total:
            raise self._beyond(None)
        at = bisect_left(self._cum, worked) - 1
        if at < 0:
            return self._shift * DAY
        return self._st[at] + worked - self._cum[at]

    def latest(self, worked: int) -> int:
        """The latest instant by which no more has been worked: the opening of the next segment,
        not the end of the last. A start.
        """
        if not 0 <= worked < self._total:
            raise self._beyond(None)
        at = bisect_right(self._cum, worked) - 1
        return self._st[at] + worked - self._cum[at]

    # The two common cases of `deadlines.deadline`, each in one step -------------------------------

    def end_in_days(
        self, start: datetime, count: int, day_one: DayOne, *, at_close: bool
    ) -> tuple[datetime, date, bool]:
        """End (UTC), date and provisional mark of the last of `count` working days."""
        since = start - _EPOCH
        index = since.days - self._shift
        if not 0 <= index < self._length:
            raise self._beyond(None)
        if day_one is _NEXT:
            rank = self._ranks[index + 1] + count - 1
        elif day_one is DayOne.SAME:
            rank = self._ranks[index] + count - 1
        else:
            micros = (since.days * 86_400 + since.seconds) * _SECOND + since.microseconds
            late = micros > self._close[index]  # a rest day closes at 0: always late
            rank = self._ranks[index + 1] + count - (not late)
        try:
            return (
                self._close_of_nth[rank] if at_close else self._end_of_nth[rank],
                self._nth_date[rank],
                self._nth[rank] > self.official_index,
            )
        except IndexError:
            raise self._beyond(None) from None

    def end_in_hours(self, start: datetime, worked: int) -> tuple[datetime, date, bool]:
        """End (UTC), its date and provisional mark, of `worked` microseconds of working time."""
        since = start - _EPOCH
        micros = (since.days * 86_400 + since.seconds) * _SECOND + since.microseconds
        if not 0 <= since.days - self._shift < self._length:
            raise self._beyond(None)
        at = bisect_right(self._st, micros) - 1  # as worked_before() and earliest(), in line
        if at >= 0:
            spent, length = micros - self._st[at], self._ln[at]
            worked += self._cum[at] + (spent if spent < length else length)  # noqa: FURB136 - hot
        if worked > self._total:
            raise self._beyond(None)
        at = bisect_left(self._cum, worked) - 1
        due = self._st[at] + worked - self._cum[at]
        index = (due - 1) // DAY - self._shift
        return _EPOCH + timedelta(0, 0, due), self._dates[index], index > self.official_index

    def _beyond(self, day: date | None) -> HorizonError:
        span = f"{self.first}…{self.last}"
        which = (f"{day} ", f"{day} ") if day else ("所求时间", "the time asked for ")
        return HorizonError(
            Phrase(
                f"{which[0]}超出工作日历 {self.code} 的范围（{span}）。请管理员延长日历后再试。",
                f"Working calendar {self.code} covers {span}; {which[1]}lies outside. "
                "Ask an administrator to extend the calendar.",
            )
        )


def _last_given(values: Sequence[T | None], what: str) -> T:
    for value in reversed(values):
        if value is not None:
            return value
    raise ValueError(f"no layer of the calendar gives its {what}")
