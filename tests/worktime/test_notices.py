"""Notices of the State Council, read from their text."""

import json
from datetime import date
from pathlib import Path

import pytest

from app.core.errors import Invalid
from app.worktime.days import DayKind
from app.worktime.national import shipped_notices
from app.worktime.notices import read_notice

HERE = Path(__file__).resolve().parent
GIVEN = HERE.parents[1] / "../shared/calendar/notices.json"
TEXTS = sorted((HERE / "notices").glob("*.txt"))
SHIPPED = {notice.number: notice for notice in shipped_notices()}


def doubts(text: str, year: int = 2026) -> str:
    with pytest.raises(Invalid) as refusal:
        read_notice(text, "试发〔2025〕1号", date(2025, 11, 1), year)
    return refusal.value.phrase.zh


@pytest.mark.parametrize("text", TEXTS, ids=lambda path: path.stem)
def test_the_whole_text_of_a_notice_gives_exactly_the_shipped_days(text: Path) -> None:
    year = 2015 if text.stem == "2015-09-03" else None  # its title names no year
    found = read_notice(text.read_text("utf-8"), year=year)
    assert found == SHIPPED[found.number]


def test_all_given_notices_give_exactly_the_shipped_days() -> None:
    if not GIVEN.exists():
        pytest.skip("the given notices are not beside this checkout")
    given = json.loads(GIVEN.read_text("utf-8"))
    assert len(given) >= 17
    for form in given:
        issued = date.fromisoformat(form["issued"])
        found = read_notice("\n".join(form["lines"]), form["number"], issued, form["year"])
        assert found == SHIPPED[form["number"]]


def test_full_width_digits_and_brackets_are_read_alike() -> None:
    plain = read_notice(
        "元旦：1月1日（周四）至3日放假，共3天。", "试〔2025〕1号", date(2025, 11, 1), 2026
    )
    wide = read_notice(
        "元旦：１月１日(周四)至３日放假，共３天。", "试〔2025〕1号", date(2025, 11, 1), 2026
    )
    assert plain == wide
    assert [row.date.day for row in plain.rows] == [1, 2, 3]


def test_a_text_copied_without_its_line_breaks_is_read_alike() -> None:
    text = (HERE / "notices" / "2026.txt").read_text("utf-8")
    head, number, *rest = text.split("\n")
    day = rest[-2]
    body = "".join(line.strip() for line in rest[:-3])
    assert read_notice(f"{head}\n{number}\n{body}\n{day}") == SHIPPED["国办发明电〔2025〕7号"]


def test_a_list_of_days_may_leave_the_month_to_the_first() -> None:
    found = read_notice(
        "国庆节：10月1日至7日放假，共7天。9月19日（周六）、20日（周日）上班。",
        "试〔2025〕1号",
        date(2025, 11, 1),
        2026,
    )
    worked = [row.date for row in found.rows if row.kind is DayKind.MAKEUP]
    assert worked == [date(2026, 9, 19), date(2026, 9, 20)]


def test_a_recommendation_is_no_arrangement() -> None:
    found = read_notice(
        "春节：2月10日至17日放假调休，共8天。鼓励各单位安排职工在除夕（2月9日）休息。",
        "试〔2023〕1号",
        date(2023, 10, 25),
        2024,
    )
    assert date(2024, 2, 9) not in {row.date for row in found.rows}


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("元旦：1月1日（周五）放假。", "2026-01-01 是星期四，不是星期五"),
        ("元旦：1月1日至3日放假，共4天。", "写的是4天，算来是3天"),
        ("元旦：1月1日放假2天。", "写的是2天，算来是1天"),
        ("元旦：1月5日上班。", "2026-01-05 不是周末"),
        ("元旦：2月30日放假。", "“2月30日”不是日期"),
        ("元旦：3日放假。", "日期缺少月份"),
        ("元旦：1月1日至3日放假。1月3日（周六）上班。", "2026-01-03 前后说法不一"),
        ("元旦：1月3日放假。\n春节：1月3日（周六）上班。", "说法不一"),
        ("元旦：1月1日放假，1月2日另行通知。", "没有说放假还是上班"),
        ("现将有关事项通知如下。", "没有找到节假日段落"),
    ],
)
def test_a_notice_that_contradicts_itself_is_refused_in_words(text: str, complaint: str) -> None:
    assert complaint in doubts(text)


def test_what_the_text_does_not_say_is_asked_for() -> None:
    with pytest.raises(Invalid, match="document number"):
        read_notice("元旦：1月1日放假。")
    with pytest.raises(Invalid, match="date of issue"):
        read_notice("国办发明电〔2025〕7号\n元旦：1月1日放假。")
    with pytest.raises(Invalid, match="which year"):
        read_notice("国办发明电〔2025〕7号\n元旦：1月1日放假。\n2025年11月4日")
