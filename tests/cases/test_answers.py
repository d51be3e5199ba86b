"""Checking what was entered: patterns match whole texts, within a bound."""

import time

import pytest

from app.cases import answers
from app.core.errors import Invalid
from app.core.phrase import Phrase
from app.engine.forms import Field, FieldType, Form

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
