"""Nothing a designer writes may hang, exhaust memory or crash the process."""

import re
import time
from contextlib import suppress
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.decisions.feel.errors import FeelError, TooCostly
from app.decisions.feel.expression import compile_expression, compile_unary_tests
from app.decisions.feel.regexes import compiled
from app.decisions.feel.values import to_feel, to_python

TOO_MUCH = [
    "count(for a in 1..10000, b in 1..10000 return a)",
    "some a in 1..100000, b in 1..100000 satisfies false",
    "for a in 1..1000000000 return a",
    "{f: function(g, n) g(g, n), r: f(f, 1)}.r",
    "(function(f) f(f))(function(f) f(f))",
    "for a in 1..1000 return partial",
    "for a in 1..100000 return concatenate(partial, partial)",
    "{" + ", ".join(f"x{n}: [x{n - 1}, x{n - 1}]" for n in range(1, 60)).replace("x0", "1") + "}",
    "string({"
    + ", ".join(f"x{n}: [x{n - 1}, x{n - 1}]" for n in range(1, 60)).replace("x0", "1")
    + "})",
    "{"
    + ", ".join(f"x{n}: [x{n - 1}, x{n - 1}]" for n in range(1, 60)).replace("x0", "1")
    + ", y: x59 = x59}.y",
]

BOUNDED = [
    "{" + ", ".join(f"s{n}: s{n - 1} + s{n - 1}" for n in range(1, 60)).replace("s0", '"ab"') + "}",
    "2 ** 3 ** 4 ** 5 ** 6 ** 7 ** 8 ** 9",
    "10 ** 6144 * 10 ** 6144",
    'matches("' + "a" * 40 + '!", "(a+)+$")',
    'matches("' + "a" * 5000 + '!", "(a|a)*(a|a)*$")',
    'matches("' + "a" * 9000 + '", "a*a*a*a*b")',
    'matches("a", "' + "(" * 200 + "a" + ")" * 200 + '")',
    'matches("a", "((a{900}){900}){900}")',
    'replace("' + "a" * 9000 + '", "a", "' + "b" * 9000 + '")',
    'duration("P999999999999D") * 99999999',
    'date("9999-12-31") + duration("P1D")',
    "decimal(1, 6176)",
    'for a in 1..3000 return string join(for b in 1..100 return "x")',
]


@pytest.mark.parametrize("text", TOO_MUCH)
def test_what_would_never_end_is_stopped_soon(text: str) -> None:
    expression = compile_expression(text)
    begun = time.process_time()
    with pytest.raises(TooCostly):
        expression.evaluate({})
    assert time.process_time() - begun < 10


@pytest.mark.parametrize("text", BOUNDED)
def test_what_grows_fast_ends_soon_with_a_value_or_a_refusal(text: str) -> None:
    begun = time.process_time()
    with suppress(FeelError):
        compile_expression(text).evaluate({})
    assert time.process_time() - begun < 10


@pytest.mark.parametrize(
    "text",
    [
        "1" + "+1" * 9000,
        "(" * 9000 + "1" + ")" * 9000,
        "[" * 5000 + "]" * 5000,
        "-" * 10000 + "1",
        "not(" * 4000 + "true" + ")" * 4000,
        "a" + ".a" * 5000,
        "a" + "[1]" * 5000,
        "if a then " * 1500 + "1" + " else 2" * 1500,
        "{a: " * 3000 + "1" + "}" * 3000,
        "x" * 30000,
        "a " * 9000,
        "function(a) " * 1500 + "1",
        "1 in " * 3000 + "1",
    ],
)
def test_deep_or_long_texts_are_refused_or_compiled_but_never_crash(text: str) -> None:
    begun = time.process_time()
    with suppress(FeelError):
        compile_expression(text).evaluate({"a": 1})
    assert time.process_time() - begun < 10


_WORDS = (
    '1 2.5 .5 "s" "中" a b c 名称 true false null ? - + * / ** = != < <= > >= and or not in '
    "between ( ) [ ] { } , .. . : @ if then else for return some every satisfies function external "
    'instance of number list string date time duration count sum @"2026-01-01" '
    'date("2026-01-01") // /* */ -> ; \' \\ item partial matches string length is'
)
_PIECES = st.sampled_from([*_WORDS.split(" "), "\n"])

SCOPE = {"a": 1, "b": [1, "x", {"a": 2}], "c": {"a": None}, "名称": "值"}


@settings(max_examples=400, deadline=None)
@given(st.lists(_PIECES, max_size=25).map(" ".join))
def test_garbage_of_words_gives_a_value_or_a_refusal(text: str) -> None:
    for names in (None, set(SCOPE)):
        with suppress(FeelError):
            compile_expression(text, names).evaluate(SCOPE)
    with suppress(FeelError):
        compile_unary_tests(text).accepts(1, SCOPE)


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=60))
def test_garbage_of_characters_gives_a_value_or_a_refusal(text: str) -> None:
    with suppress(FeelError):
        compile_expression(text).evaluate(SCOPE)


_PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**30), 10**30) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner),
    max_leaves=12,
)


@settings(max_examples=200, deadline=None)
@given(_PLAIN)
def test_values_come_back_from_feel_as_they_went_in(value: object) -> None:
    assert to_python(to_feel(value)) == value
    assert compile_expression("x = x").evaluate({"x": value}) is True


@settings(max_examples=300, deadline=None)
@given(
    st.decimals(-1000, 1000, allow_nan=False, places=3),
    st.decimals(-1000, 1000, allow_nan=False, places=3),
)
def test_comparisons_agree_with_the_order_of_numbers(a: Decimal, b: Decimal) -> None:
    scope = {"a": a, "b": b}
    assert compile_expression("a < b").evaluate(scope) is (a < b)
    assert compile_expression("a in [b..b + 10]").evaluate(scope) is (b <= a <= b + 10)
    assert compile_expression(f"a > {b}").evaluate(scope) is (a > b)
    assert compile_expression("if a >= b then a - b else b - a").evaluate(scope) == abs(a - b)


_LOGIC = {True: "true", False: "false", None: "null"}


@given(st.lists(st.sampled_from(list(_LOGIC)), min_size=2, max_size=5))
def test_and_is_or_turned_inside_out(values: list[bool | None]) -> None:
    words = [_LOGIC[value] for value in values]
    conjunction = compile_expression(" and ".join(words)).evaluate({})
    turned = " or ".join(f"not({word})" for word in words)
    assert compile_expression(f"not({turned})").evaluate({}) is conjunction


_ATOMS = st.sampled_from(["a", "b", ".", "[ab]", "[^a]", "(a|b)", "(?:ab)", "(a)", "x", r"\d"])
_PATTERNS = st.lists(
    st.tuples(_ATOMS, st.sampled_from(["", "*", "+", "?", "{1,2}", "*?", "{2}"])), max_size=5
).map(lambda parts: "".join(atom + suffix for atom, suffix in parts))


@settings(max_examples=400, deadline=None)
@given(_PATTERNS, st.text("abx1\n", max_size=10))
def test_both_ways_of_matching_find_the_same(pattern: str, text: str) -> None:
    expression = compiled(pattern, "")
    found = list(expression.matches(text, lambda _steps: None))
    kept, expression._quick = expression._quick, None
    try:
        assert list(expression.matches(text, lambda _steps: None)) == found
    finally:
        expression._quick = kept
    first = re.search(pattern.replace(".", r"[^\n\r]"), text)
    assert (first and first.span()) == (found[0][0] if found else None)
