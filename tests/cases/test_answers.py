"""Checking what was entered: patterns match whole texts, within a bound."""

import time
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from app.cases import answers
from app.core.errors import Invalid
from app.core.phrase import Phrase
from app.engine.forms import Field, FieldType, Form, Rule

ROLES = frozenset({"agent"})


def fits(pattern: str, text: str) -> bool:
    field = Field("code", FieldType.TEXT, Phrase("编号", "Code"), pattern=pattern)
    try:
        answers.check(Form((field,)), {"code": text}, ROLES)
    except Invalid:
        return False
    return True


@pytest.mark.parametrize(
    ("pattern", "good", "bad"),
    [
        (r"1[3-9]\d{9}", "13800001234", "138000012345"),
        (r"(\d{17}[\dXx]|\d{15})", "11010519491231002X", "1101051949123100"),
        (r"(\d{3,4}-)?\d{7,8}", "0512-66661234", "0512-6666123a"),
        ("[A-Z]{2}|[0-9]{4}", "AB", "AB1"),
        ("苏[A-Z][0-9A-Z]{5}", "苏D12345", "苏D12345\n"),
    ],
)
def test_a_pattern_is_matched_by_the_whole_text(pattern: str, good: str, bad: str) -> None:
    assert fits(pattern, good)
    assert not fits(pattern, bad)


@pytest.mark.parametrize("pattern", ["a*a*a*a*a*b", "(a+)+b", ".*.*.*.*=.*", r"(\w*\s*)*!"])
def test_a_pattern_that_could_take_for_ever_gives_up_soon(pattern: str) -> None:
    begun = time.process_time()
    assert not fits(pattern, "a" * 9000)
    assert time.process_time() - begun < 5


NOW = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
TICKED = Field("again", FieldType.BOOLEAN, Phrase("再次", "Again"))
REASON = Field(
    "reason",
    FieldType.TEXT,
    Phrase("原因", "Reason"),
    shown_when="again = true",
    required_when="again = true",
)
ASKED = Field("agreed", FieldType.BOOLEAN, Phrase("同意", "Agreed"), required_when="again = false")


def told(form: Form, **given: object) -> dict[str, str]:
    """What is said at which field, in English; nothing where the answers are taken."""
    try:
        answers.check(form, given, ROLES, {}, NOW)
    except Invalid as wrong:
        return {name: said.en for name, said in wrong.fields.items()}
    return {}


def test_a_box_that_is_not_ticked_is_a_no_to_conditions() -> None:
    form = Form((TICKED, REASON, ASKED))
    assert told(form) == {"agreed": "Please choose: Agreed."}
    assert told(form, agreed="false") == {}
    assert told(form, again="true") == {"reason": "Please fill in: Reason."}
    taken = answers.check(form, {"agreed": "false", "reason": "x"}, ROLES, {}, NOW)
    assert taken == {"again": False, "reason": None, "agreed": False}


@pytest.mark.parametrize(
    ("field", "given", "said"),
    [
        (
            Field("on", FieldType.DATE, Phrase("日期", "Day"), minimum="2026-03-01"),
            "2026-02-28",
            "Enter a date: 2026-03-01 or later.",
        ),
        (
            Field("at", FieldType.DATETIME, Phrase("时间", "At"), maximum="2026-03-01T09:00+08:00"),
            "2026-03-01T09:01+08:00",
            "Enter a date: 2026-03-01 09:00 or earlier.",
        ),
        (
            Field("n", FieldType.NUMBER, Phrase("数", "N"), minimum="1", maximum="9"),
            "10",
            "Enter a number from 1 to 9.",
        ),
        (
            Field("t", FieldType.TEXT, Phrase("字", "T"), min_length=2, max_length=3),
            "a",
            "T: 2 to 3 characters.",
        ),
        (
            Field("c", FieldType.TEXT, Phrase("号", "C"), pattern="[A-Z]+",
                  pattern_words=Phrase("大写。", "Capitals.")),
            "a",
            "Capitals.",
        ),
    ],
)  # fmt: skip
def test_what_is_out_of_bounds_is_told_with_its_bounds(field: Field, given: str, said: str) -> None:
    assert told(Form((field,)), **{field.name: given}) == {field.name: said}


def test_a_rule_waits_until_all_it_names_is_filled_in() -> None:
    rule = Rule("first < second", Phrase("后者须大。", "The second must be more."))
    form = Form(
        (
            Field("first", FieldType.NUMBER, Phrase("一", "First")),
            Field("second", FieldType.NUMBER, Phrase("二", "Second"), rules=(rule,)),
        )
    )
    assert told(form, second="1") == {}
    assert told(form, first="2", second="1") == {"second": "The second must be more."}
    assert told(form, first="x", second="1") == {"first": "Enter a number."}
    assert told(form, first="1", second="2") == {}


def test_a_field_that_a_hidden_one_would_show_is_hidden_too() -> None:
    form = Form(
        (
            TICKED,
            Field("kind", FieldType.TEXT, Phrase("类", "Kind"), shown_when="again = true"),
            Field("more", FieldType.TEXT, Phrase("细", "More"), shown_when='kind = "x"',
                  required=True),
        )
    )  # fmt: skip
    assert told(form, kind="x") == {}
    assert told(form, again="true", kind="x") == {"more": "Please fill in: More."}
    assert told(form, again="true", kind="y") == {}


def test_an_expression_that_costs_too_much_does_not_hold() -> None:
    endless = "count(for i in 1..100000 return for j in 1..100000 return i) > 0"
    form = Form((replace(REASON, shown_when=endless, required_when=None),))
    assert answers.check(form, {"reason": "x"}, ROLES, {}, NOW) == {"reason": None}
