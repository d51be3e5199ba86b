"""Why a deadline falls where it falls, in words: for the handler, the requester and the court.

Names the days that were counted, skipped and made up, the rule, the version of the calendar, and
why a deadline is provisional. It follows the very course `deadlines` took.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from enum import StrEnum

from app.core.clock import CHINA
from app.core.phrase import Phrase
from app.worktime.calendars import WorkingCalendar
from app.worktime.days import DayKind
from app.worktime.deadlines import Course, Deadline, Pause, course_of
from app.worktime.hours import MINUTE
from app.worktime.limits import LimitUnit
from app.worktime.policy import DayEnd, DayOne, ExtensionBase, HoursEnd, PauseRule, Roll

_LONG = 12
"""A list of more days than this shows the first and the last four."""
_WEEKDAYS = (
    Phrase("周一", "Mon"),
    Phrase("周二", "Tue"),
    Phrase("周三", "Wed"),
    Phrase("周四", "Thu"),
    Phrase("周五", "Fri"),
    Phrase("周六", "Sat"),
    Phrase("周日", "Sun"),
)
_MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]

_ENGLISH = {
    "元旦": "New Year's Day",
    "农历除夕": "Lunar New Year's Eve",
    "春节": "Spring Festival",
    "春节延长假期": "extended Spring Festival",
    "清明节": "Qingming Festival",
    "劳动节": "Labour Day",
    "端午节": "Dragon Boat Festival",
    "中秋节": "Mid-Autumn Festival",
    "国庆节": "National Day",
}


class Part(StrEnum):
    """What a line of an explanation is about."""

    RESULT = "result"
    RULE = "rule"
    COUNTED = "counted"
    SKIPPED = "skipped"
    MADE_UP = "made_up"
    SUSPENDED = "suspended"
    EXTENDED = "extended"
    CARRIED = "carried"
    CALENDAR = "calendar"
    PROVISIONAL = "provisional"


@dataclass(frozen=True, slots=True)
class Line:
    """One sentence of an explanation."""

    part: Part
    phrase: Phrase


def explain(calendar: WorkingCalendar, given: Deadline) -> tuple[Line, ...]:
    """The whole explanation, the result first.

    `calendar` is the version the deadline was computed with; another one raises `ValueError`,
    since it would explain a date that it does not give.
    """
    if (calendar.code, calendar.version) != (given.calendar, given.version):
        raise ValueError(f"computed with {given.version}, not with {calendar.version}")
    course = course_of(calendar, given)
    lines = [
        Line(Part.RESULT, _result(given)),
        Line(Part.RULE, _rule(given)),
        Line(Part.COUNTED, _counted_line(calendar, given, course)),
    ]
    if given.limit.unit is not LimitUnit.NATURAL_HOUR:
        lines += _days_passed(calendar, given, course)
    lines += [Line(Part.SUSPENDED, _suspended(p, given)) for p in course.pauses]
    ignored = [pause for pause in given.pauses if pause not in course.pauses]
    lines += [Line(Part.SUSPENDED, _without_effect(pause, given)) for pause in ignored]
    lines += [Line(Part.EXTENDED, phrase) for phrase in _extended(given)]
    if given.carried:
        lines.append(Line(Part.CARRIED, _carried(given)))
    lines.append(Line(Part.CALENDAR, _calendar(calendar)))
    if given.provisional:
        lines.append(Line(Part.PROVISIONAL, _provisional(calendar, given)))
    return tuple(lines)


def counted(calendar: WorkingCalendar, given: Deadline) -> tuple[Phrase, ...]:
    """Every day (every share of a day, for hours) that was counted, suspensions in between."""
    return _counted(calendar, given, course_of(calendar, given))


def abridged(items: Sequence[Phrase]) -> Phrase:
    """The items in one line, a long list with its middle left out."""
    shown = list(items)
    if len(shown) > _LONG:
        shown = [*shown[:4], Phrase("…", "…"), *shown[-4:]]
    return Phrase(
        " ".join(item.zh for item in shown),
        ", ".join(item.en for item in shown).replace(", …,", " …"),
    )


def _counted(calendar: WorkingCalendar, given: Deadline, course: Course) -> tuple[Phrase, ...]:
    match given.limit.unit:
        case LimitUnit.WORKING_DAY:
            return _working_days(calendar, given, course)
        case LimitUnit.WORKING_HOUR:
            return _working_hours(calendar, course)
        case LimitUnit.NATURAL_HOUR:
            return (Phrase("自然小时", "natural hours"),)
    return _natural_days(calendar, given, course)


def _working_days(calendar: WorkingCalendar, given: Deadline, course: Course) -> tuple[Phrase, ...]:
    items: list[Phrase] = []
    start = _local(given.start).date()
    for number, (first, after) in enumerate(course.legs):
        for rank in range(first, after):
            day = calendar.day(calendar.nth(rank))
            name = _day(day)
            if day == start:
                name = Phrase(f"{name.zh}(当日计)", f"{name.en} (day of receipt)")
            items.append(name)
        if number < len(course.pauses):
            pause = course.pauses[number]
            begun, over = _day(_local(pause.start).date()), _day(_local(pause.end).date())
            items.append(
                Phrase(
                    f"[停{begun.zh}→{over.zh}]",
                    f"[suspended {begun.en} to {over.en}]",
                )
            )
    return tuple(items)


def _working_hours(calendar: WorkingCalendar, course: Course) -> tuple[Phrase, ...]:
    minutes: dict[int, int] = {}
    for start, end in course.legs:
        for index in range(calendar.index_at(start), calendar.index_at(max(end - 1, start)) + 1):
            low = max(start, calendar.midnight(index))
            high = min(end, calendar.midnight(index + 1))
            worked = calendar.worked_before(high) - calendar.worked_before(low)
            if worked > 0:
                minutes[index] = minutes.get(index, 0) + worked
    return tuple(
        Phrase(
            f"{_day(calendar.day(index)).zh} {_minutes(worked)}分",
            f"{_day(calendar.day(index)).en} {_minutes(worked)} min",
        )
        for index, worked in minutes.items()
    )


def _natural_days(calendar: WorkingCalendar, given: Deadline, course: Course) -> tuple[Phrase, ...]:
    nominal = _day(calendar.day(course.nominal))
    if given.limit.unit is LimitUnit.MONTH:
        items = [Phrase(f"对应日={nominal.zh}", f"corresponding day {nominal.en}")]
    else:
        full = course.nominal - course.legs[0][0] + 1
        items = [Phrase(f"满{full}日={nominal.zh}", f"day {full} is {nominal.en}")]
    for index in range(course.nominal + 1, course.last + 1):
        name = _day(calendar.day(index))
        items.append(Phrase(f"顺延{name.zh}", f"moved to {name.en}"))
    return tuple(items)


def _counted_line(calendar: WorkingCalendar, given: Deadline, course: Course) -> Phrase:
    items = abridged(_counted(calendar, given, course))
    return Phrase(f"计入：{items.zh}。", f"Counted: {items.en}.")


def _days_passed(calendar: WorkingCalendar, given: Deadline, course: Course) -> list[Line]:
    """The days on the way that were not working days, and the weekend days that were."""
    first = calendar.index(_local(given.start).date())
    last = calendar.index(given.last_day)
    working = given.limit.unit in {LimitUnit.WORKING_DAY, LimitUnit.WORKING_HOUR}
    if not working:  # natural days skip nothing; only the roll at the end looks at rest days
        first = course.nominal - 1
    rest: list[date] = []
    made_up: list[date] = []
    for index in range(first + 1, last + 1):
        day = calendar.day(index)
        kind = calendar.kind(day)
        if not kind.is_working:
            rest.append(day)
        elif kind is DayKind.MAKEUP:
            made_up.append(day)
    lines: list[Line] = []
    if rest:
        items = abridged([_run(calendar, run) for run in _runs(calendar, rest)])
        lines.append(
            Line(Part.SKIPPED, Phrase(f"未计入：{items.zh}。", f"Not counted: {items.en}."))
        )
    if made_up:
        items = abridged([_reasoned(calendar, day) for day in made_up])
        lines.append(
            Line(
                Part.MADE_UP,
                Phrase(
                    f"调休上班，按工作日：{items.zh}。", f"Made up as working days: {items.en}."
                ),
            )
        )
    return lines


def _runs(calendar: WorkingCalendar, days: Iterable[date]) -> list[list[date]]:
    """Neighbouring days with the same reason."""
    runs: list[list[date]] = []
    for day in days:
        if runs:
            before = runs[-1][-1]
            if (day - before).days == 1 and _reason(calendar, day) == _reason(calendar, before):
                runs[-1].append(day)
                continue
        runs.append([day])
    return runs


def _run(calendar: WorkingCalendar, run: Sequence[date]) -> Phrase:
    first, last, why = _day(run[0]), _day(run[-1]), _reason(calendar, run[0])
    if len(run) == 1:
        return Phrase(f"{first.zh}（{why.zh}）", f"{first.en} ({why.en})")
    return Phrase(f"{first.zh}–{last.zh}（{why.zh}）", f"{first.en} – {last.en} ({why.en})")


def _reasoned(calendar: WorkingCalendar, day: date) -> Phrase:
    name, why = _day(day), _reason(calendar, day)
    return Phrase(f"{name.zh}（{why.zh}）", f"{name.en} ({why.en})")


def _reason(calendar: WorkingCalendar, day: date) -> Phrase:
    row = calendar.rows.get(day)
    if row is None:
        return Phrase("周末", "weekend")
    by = row.document or row.statutory
    if row.kind is DayKind.RESTDAY:
        return Phrase(f"休息，{by}", f"rest day, {by}")
    english = "; ".join(_ENGLISH.get(name, name) for name in re.split("[、;]", row.name))
    if not row.document:
        return Phrase(f"法定节日{row.name}", f"statutory holiday {english}")
    return Phrase(f"{row.name}，{by}", f"{english}, {by}")


def _result(given: Deadline) -> Phrase:
    at = _local(given.due_at)
    day = _day(given.last_day)
    clock = Phrase(_clock(at), _clock(at))
    if at.date() != given.last_day:
        night = Phrase(f"次日{clock.zh}", f"{clock.en} the next day")
        clock = Phrase("24:00", "24:00") if clock.zh == "00:00" else night
    state = Phrase("（暂定）", " (provisional)") if given.provisional else Phrase("", "")
    return Phrase(
        f"期限：{given.last_day.year}年{day.zh} {clock.zh}{state.zh}。",
        f"Due {day.en} {given.last_day.year}, {clock.en}{state.en}.",
    )


def _rule(given: Deadline) -> Phrase:
    limit, policy, unit = given.limit.phrase, given.policy, given.limit.unit
    begun = _local(given.start)
    since = _day(begun.date())
    # A stage that begins when another has ended begins at the last moment of that day.
    hour = "24:00" if begun.time() == time.max else _clock(begun)
    zh = [f"时限{limit.zh}，自{begun.year}年{since.zh} {hour}起"]
    en = [f"{limit.en} from {since.en} {begun.year}, {hour}"]
    if unit is LimitUnit.WORKING_HOUR:
        if policy.hours is HoursEnd.SEGMENT_END:
            zh.append("只计工作时段，到期取时段末")
            en.append("only office hours count; what ends with a segment ends there")
        else:
            zh.append("只计工作时段，恰满时段的到下一时段开始")
            en.append("only office hours count; what ends with a segment ends at the next opening")
    elif unit is LimitUnit.NATURAL_HOUR:
        zh.append("按自然时间连续计算")
        en.append("counted without a break")
    else:
        first = {
            DayOne.NEXT: Phrase(
                "当日不计、次日起算（民法典第201条）",
                "the day of receipt is not counted (Civil Code art. 201)",
            ),
            DayOne.DEFER: Phrase(
                "非服务时间收到的视为下一工作日收到，再次日起算",
                "received outside office hours means received on the next working day; counting "
                "starts on the day after",
            ),
            DayOne.SAME: Phrase(
                "当日计为第一日（本地承诺）", "the day of receipt is day one (local promise)"
            ),
        }[policy.day_one]
        zh.append(first.zh)
        en.append(first.en)
        if unit is not LimitUnit.WORKING_DAY and policy.roll is Roll.NEXT_WORKING_DAY:
            zh.append("末日为休息日的顺延至下一工作日（民法典第203条）")
            en.append("a last day that is a rest day moves to the next working day (art. 203)")
        if policy.day_end is DayEnd.CLOSE:
            zh.append("末日下班时届满（民法典第203条）")
            en.append("ends when the office closes on the last day (art. 203)")
        else:
            zh.append("末日24:00届满")
            en.append("ends at 24:00 of the last day")
    return Phrase("；".join(zh) + "。", "; ".join(en) + ".")


def _suspended(pause: Pause, given: Deadline) -> Phrase:
    begun, over = _moment(pause.start), _moment(pause.end)
    if given.limit.unit.is_hours:
        zh, en = "期间不计", "the time between does not count"
    elif given.policy.pause is PauseRule.WHOLE_DAYS:
        zh, en = "涉及的各日均不计", "none of the days it touches counts"
    else:
        zh = "挂起当日计入、恢复当日不计"
        en = "the day of suspension counts, the day of resumption does not"
    return Phrase(
        f"挂起：{begun.zh}至{over.zh}，{zh}。", f"Suspended {begun.en} to {over.en}: {en}."
    )


def _without_effect(pause: Pause, given: Deadline) -> Phrase:
    begun, over = _moment(pause.start), _moment(pause.end)
    from_approval = any(
        e.base is ExtensionBase.APPROVAL and e.approved_at >= pause.end for e in given.extensions
    )
    if from_approval:
        zh, en = (
            "延期自批准起另算，此前的挂起不再影响期限",
            "the extension counts anew from its approval",
        )
    else:
        zh, en = "届满后挂起，不影响期限", "it began after the deadline and changes nothing"
    return Phrase(
        f"挂起：{begun.zh}至{over.zh}，{zh}。", f"Suspended {begun.en} to {over.en}: {en}."
    )


def _extended(given: Deadline) -> Iterable[Phrase]:
    name = given.limit.unit.phrase
    for extension in given.extensions:
        approved = _moment(extension.approved_at)
        if extension.base is ExtensionBase.ORIGINAL:
            zh, en = "接原期限连续计算", "appended to the original limit"
        else:
            zh, en = "自批准起计算", "counted from the approval"
        yield Phrase(
            f"延期{extension.amount} {name.zh}（{approved.zh}批准），{zh}。",
            f"Extended by {extension.amount} {name.en} (approved {approved.en}), {en}.",
        )


def _carried(given: Deadline) -> Phrase:
    assert given.carried is not None
    spent = given.carried.used
    if given.limit.unit.is_hours:
        zh, en = f"{_minutes(spent)} 分", f"{_minutes(spent)} min"
    else:
        zh, en = f"{spent} 日", f"{spent} days"
    return Phrase(
        f"此前已按日历 {given.carried.version} 用去 {zh}，转来后从次日（小时从当时）起接着计算。",
        f"{en} had been used before, by calendar {given.carried.version}; the rest is counted "
        "from the day after (hours: from the moment).",
    )


def _calendar(calendar: WorkingCalendar) -> Phrase:
    return Phrase(
        f"工作日历 {calendar.code}，版本 {calendar.version}，已公布至 {calendar.official_through}；"
        f"工时 {calendar.hours.name}。",
        f"Working calendar {calendar.code}, version {calendar.version}, official through "
        f"{calendar.official_through}; hours {calendar.hours.code}.",
    )


def _provisional(calendar: WorkingCalendar, given: Deadline) -> Phrase:
    year = calendar.official_through.year
    if given.last_day.year == year:
        return Phrase(
            f"暂定：{year + 1} 年通知可能改动 12 月 29 日以后的安排，公布后重算。",
            f"Provisional: the notice for {year + 1} may still change the days from 29 December; "
            "it will be recomputed then.",
        )
    return Phrase(
        f"暂定：{given.last_day.year} 年节假日安排尚未公布，"
        "按周一至周五减法定节日计算，公布后重算。",
        f"Provisional: the holidays of {given.last_day.year} have not been published; counted "
        "Monday to Friday less the statutory days, and recomputed once they are.",
    )


def _day(day: date) -> Phrase:
    weekday = _WEEKDAYS[day.weekday()]
    return Phrase(
        f"{day.month}/{day.day}{weekday.zh}", f"{weekday.en} {day.day} {_MONTHS[day.month - 1]}"
    )


def _moment(at: datetime) -> Phrase:
    local = _local(at)
    day = _day(local.date())
    return Phrase(f"{day.zh} {_clock(local)}", f"{day.en} {_clock(local)}")


def _clock(local: datetime) -> str:
    return local.strftime("%H:%M:%S" if local.second or local.microsecond else "%H:%M")


def _minutes(micros: int) -> str:
    return f"{micros / MINUTE:.2f}".rstrip("0").rstrip(".")


def _local(at: datetime) -> datetime:
    return at.astimezone(CHINA)
