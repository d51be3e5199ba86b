"""Reading a holiday notice of the State Council: its text in, the days it sets out.

A notice is trusted only when it agrees with itself: every weekday in brackets, every "共N天" and
every make-up day on a weekend. What cannot be read with certainty is refused with the sentence it
stands in, and can be entered as CSV instead.
"""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta

from app.core.errors import Invalid
from app.core.phrase import Phrase
from app.worktime.days import DayKind, DayRow, days_of, overlaid
from app.worktime.national import Notice, shipped_notices
from app.worktime.statutory import packaged_working_days, statutory_days

# After NFKC, full-width brackets, colons, commas and digits are ASCII; 。、〔〕 stay.
_NUMBER = re.compile(r"国(?:办)?发(?:明电)?\s*[〔\[(]\s*(\d{4})\s*[〕\])]\s*(\d+)\s*号")
_TITLE = re.compile(r"关于\s*(\d{4})\s*年.{0,12}(?:节假日|放假|纪念日).{0,6}(?:安排|调休)")
_ISSUED = re.compile(r"^\s*(\d{4})年(\d{1,2})月(\d{1,2})日\s*$", re.MULTILINE)
_RUN_ON = re.compile(r"(?<=[。;])\s*(?=[一二三四五六七八九十]+、)")
"""Where a copied text has lost the line break before the next holiday."""
_SECTION = re.compile(
    r"^[ \t]*(?:[一二三四五六七八九十]+\s*、\s*)?"
    r"(?P<name>[^:。,\n]{0,20}(?:元旦|节|日|假期)[^:。,\n]{0,10}):[ \t]*(?P<body>\S.*)$",
    re.MULTILINE,
)
_DAY = r"(?:(?P<{0}year>\d{{4}})年)?(?:(?P<{0}month>\d{{1,2}})月)?(?P<{0}day>\d{{1,2}})日"
_BRACKET = r"(?:\((?P<{0}said>[^)]*)\))?"
_TOKEN = re.compile(
    rf"{_DAY.format('a')}{_BRACKET.format('a')}"
    rf"(?:\s*(?:至|-|—|到)\s*{_DAY.format('b')}{_BRACKET.format('b')})?"
    r"|(?P<work>上班)"
    r"|(?P<off>放假调休|调休放假|放假|补休|(?<!不)调休)"
    r"|(?<!第)(?P<count>\d+)\s*天"
)
_WEEKDAY = re.compile(r"(?:星期|周)([一二三四五六日天])")
_WEEKDAYS = "一二三四五六日"


@dataclass(slots=True)
class _Section:
    """What is read of one holiday's paragraph, sentence by sentence."""

    name: str
    year: int
    found: dict[date, DayKind] = field(default_factory=dict)
    doubts: list[Phrase] = field(default_factory=list)


def read_notice(
    text: str,
    number: str | None = None,
    issued: date | None = None,
    year: int | None = None,
) -> Notice:
    """The notice in `text`; what the caller names goes before what the text says.

    The text is the notice as published or only its paragraphs, one holiday a line ("元旦：…").
    Raises `Invalid`, naming every contradiction with the words it stands in.
    """
    plain = _RUN_ON.sub("\n", unicodedata.normalize("NFKC", text))
    number = number or _found_number(plain)
    issued = issued or _found_issue(plain)
    year = year or _found_year(plain)
    rows: dict[date, DayRow] = {}
    doubts: list[Phrase] = []
    for match in _SECTION.finditer(plain):
        body = match["body"]
        if not re.search(r"放假|上班|补休|调休", body):
            continue
        section = _Section(match["name"].strip(), year)
        for sentence in re.split(r"[。;]", body):
            if sentence.strip() and "鼓励" not in sentence:
                _read_sentence(section, sentence.strip())
        doubts += section.doubts
        for day, kind in section.found.items():
            known = rows.get(day)
            if known and known.kind is not kind:
                doubts.append(
                    Phrase(
                        f"{day} 在“{known.name}”和“{section.name}”中说法不一。",
                        f'{day} is one thing under "{known.name}" and another under '
                        f'"{section.name}".',
                    )
                )
            statutory = statutory_days(day.year).get(day, "") if kind is DayKind.HOLIDAY else ""
            rows[day] = DayRow(day, kind, section.name, statutory, number)
    if not rows:
        doubts.append(
            Phrase(
                "文中没有找到节假日段落。每个节日应各占一行，如“元旦：1月1日放假。”。",
                "No holiday was found. Each stands on a line of its own, "
                'like "元旦：1月1日放假。".',
            )
        )
    if doubts:
        raise Invalid(
            Phrase("\n".join(d.zh for d in doubts), "\n".join(d.en for d in doubts)),
            {f"notice.{n}": doubt for n, doubt in enumerate(doubts, start=1)},
        )
    return Notice(number, issued, tuple(rows[day] for day in sorted(rows)))


def packaged_differences(notice: Notice) -> tuple[date, ...] | None:
    """The days of the notice's year that the package `holidays` sees differently: a second
    opinion. None for a notice about single days, and where the package does not know the year.
    """
    packaged = packaged_working_days(notice.year)
    if packaged is None or not notice.is_annual:
        return None
    later = [
        row
        for other in shipped_notices()
        if other.year == notice.year and other.issued > notice.issued
        for row in other.rows
    ]
    return tuple(
        row.date
        for row in overlaid([notice.rows, later])
        if row.date.year == notice.year and row.kind.is_working != (row.date in packaged)
    )


def _read_sentence(section: _Section, sentence: str) -> None:
    """Dates gather until a word says what they are; a count checks the days just set free."""
    waiting: list[tuple[date, date]] = []
    group = 0
    for token in _TOKEN.finditer(sentence):
        if token["aday"]:
            if not (token["amonth"] or waiting):
                _doubt(section, sentence, "日期缺少月份", "a date lacks its month")
                return
            span = _span(section, sentence, token, waiting)
            if span is None:
                return
            waiting.append(span)
        elif token["count"]:
            if group and int(token["count"]) != group:
                _doubt(
                    section,
                    sentence,
                    f"写的是{token['count']}天，算来是{group}天",
                    f"it says {token['count']} days and names {group}",
                )
        elif waiting:
            kind = DayKind.MAKEUP if token["work"] else DayKind.HOLIDAY
            days = [day for first, last in waiting for day in days_of(first, last)]
            group = len(days)
            for day in days:
                _set(section, sentence, day, kind)
            waiting = []
    if waiting:
        _doubt(section, sentence, "日期后没有说放假还是上班", "dates without saying off or work")


def _set(section: _Section, sentence: str, day: date, kind: DayKind) -> None:
    if kind is DayKind.MAKEUP and day.isoweekday() <= 5:
        _doubt(
            section,
            sentence,
            f"{day} 不是周末，本来就上班",
            f"{day} is no weekend day and is worked anyway",
        )
    elif section.found.get(day, kind) is not kind:
        _doubt(section, sentence, f"{day} 前后说法不一", f"{day} is said to be both off and worked")
    section.found[day] = kind


def _span(
    section: _Section,
    sentence: str,
    token: re.Match[str],
    waiting: list[tuple[date, date]],
) -> tuple[date, date] | None:
    """The date or range of a token, its weekdays checked; `None` when it cannot be one."""
    near = waiting[-1][1] if waiting else None
    year = int(token["ayear"] or section.year)
    month = int(token["amonth"] or (near.month if near else 0))
    try:
        first = last = date(year, month, int(token["aday"]))
        if token["bday"]:
            last_month = int(token["bmonth"] or month)
            last_year = int(token["byear"] or year + (last_month < month))
            last = date(last_year, last_month, int(token["bday"]))
    except ValueError:
        _doubt(section, sentence, f"“{token[0]}”不是日期", f'"{token[0]}" is no date')
        return None
    if not timedelta(0) <= last - first <= timedelta(days=31):
        _doubt(section, sentence, f"“{token[0]}”先后颠倒", f'"{token[0]}" runs backwards')
        return None
    for day, said in ((first, token["asaid"]), (last, token["bsaid"])):
        weekday = _WEEKDAY.search(said or "")
        if weekday and _WEEKDAYS[day.weekday()] != weekday[1].replace("天", "日"):
            right = _WEEKDAYS[day.weekday()]
            _doubt(
                section,
                sentence,
                f"{day} 是星期{right}，不是星期{weekday[1]}",
                f"{day} is a {day:%A}, not 星期{weekday[1]}",
            )
    return first, last


def _doubt(section: _Section, sentence: str, zh: str, en: str) -> None:
    section.doubts.append(
        Phrase(f"“{section.name}：{sentence}”：{zh}。", f'"{section.name}: {sentence}": {en}.')
    )


def _found_number(plain: str) -> str:
    match = _NUMBER.search(plain)
    if match is None:
        raise Invalid(
            Phrase(
                "文中没有发文字号，请另行给出（如 国办发明电〔2025〕7号）。",
                "The text has no document number; give it separately (国办发明电〔2025〕7号, say).",
            )
        )
    office = match[0].partition("〔")[0].partition("[")[0].partition("(")[0].strip()
    return f"{office}〔{match[1]}〕{match[2]}号"


def _found_issue(plain: str) -> date:
    dates = _ISSUED.findall(plain)
    if not dates:
        raise Invalid(
            Phrase(
                "文中没有成文日期，请另行给出（如 2025-11-04）。",
                "The text has no date of issue; give it separately (2025-11-04, say).",
            )
        )
    year, month, day = (int(part) for part in dates[-1])
    return date(year, month, day)


def _found_year(plain: str) -> int:
    """The year in the title, else the only or latest year the paragraphs spell out."""
    title = _TITLE.search(plain)
    if title:
        return int(title[1])
    spelt = [int(found) for found in _spelt_years(plain)]
    if not spelt:
        raise Invalid(
            Phrase(
                "文中没有说明是哪一年的安排，请另行给出年份。",
                "The text does not say which year it arranges; give the year separately.",
            )
        )
    return max(spelt)


def _spelt_years(plain: str) -> Iterator[str]:
    for section in _SECTION.finditer(plain):
        yield from re.findall(r"(\d{4})年\d{1,2}月", section["body"])
