"""Garbage, and valid texts with something wrong in them: a value or a refusal, and soon.

Every text ends as a value, as null with a reason, or as a refusal (FeelError, DecisionError);
within a bound of time and of memory. Anything else would be a defect.
"""

import resource
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.decisions.dmn import read_model
from app.decisions.errors import DecisionError
from app.decisions.feel.errors import FeelError
from app.decisions.feel.expression import compile_expression, compile_unary_tests
from app.decisions.feel.values import kind, to_feel
from tests.decisions.tables import NAMESPACE, table
from tests.decisions.test_bounds import SCOPE

SECONDS = 5
MEGABYTES = 150


@contextmanager
def bounded() -> Iterator[None]:
    """Fails when what is inside takes too much time or memory."""
    begun, peak = time.process_time(), _peak_kilobytes()
    yield
    assert time.process_time() - begun < SECONDS
    assert _peak_kilobytes() - peak < MEGABYTES * 1_000


def _peak_kilobytes() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


HOSTILE = [
    "10 ** 10 ** 10",
    "10 ** (10 ** 10)",
    "1e999999999",
    "0.0000000001 ** 999999999",
    "9999999999999999999999999999999999 ** 6144",
    "1" * 15000,
    "exp(99999999999)",
    "exp(-99999999999)",
    "log(10 ** -6000)",
    "sqrt(10 ** 6144)",
    "modulo(10 ** 6144, 0.1 ** 6000)",
    "decimal(10 ** 6000, 6176)",
    "round up(1, 10 ** 20)",
    "floor(10 ** 6000, 6000)",
    'number("1e99999")',
    'number("' + "9" * 15000 + '")',
    "for i in 1..10**18 return i",
    "for i in -(10**18)..10**18 return i",
    'for d in @"0001-01-01"..@"9999-12-31" return d',
    "some i in 1..10**9 satisfies false",
    "every i in 1..10**9, j in 1..10**9 satisfies true",
    "count(for i in 1..700, j in 1..700 return i)",
    "for i in 1..400 return for j in 1..400 return [i, j]",
    "for i in 1..1000 return count(partial) + sum(partial)",
    "[1..10**18]",
    "sublist([1,2,3], 1, 10**18)",
    "[1,2,3][10**18]",
    'substring("abc", 1, 10**18)',
    'duration("P1D") * 10 ** 30',
    'duration("P1Y") * 10 ** 6000',
    'date("9999-12-31") + duration("P1Y")',
    'date("0001-01-01") - duration("P1D")',
    'date and time("9999-12-31T23:59:59Z") + duration("PT1S")',
    'date and time("0001-01-01T00:00:00+14:00") = date and time("0001-01-01T00:00:00Z")',
    'date and time("0001-01-01T00:00:00@Asia/Shanghai") < date and time("0001-01-01T00:00:00Z")',
    "time(10**9, 0, 0)",
    'time(1, 2, 3, duration("P9D"))',
    "date(10 ** 20, 1, 1)",
    '(function(s) s + s)("' + "a" * 9000 + '")',
    '{f: function(s, n) if n = 0 then s else f(s + s, n - 1), r: f("ab", 50)}.r',
    "{f: function(n) f(n), r: f(1)}.r",
    "{f: function(g) g(g), r: f(f)}.r",
    "{f: function(n) [f, f, n], r: f(f(f(1)))}.r",
    "sort(for i in 1..3000 return i, function(a, b) sort([3,2,1], function(c, d) c < d)[1] < a)",
    "distinct values(for i in 1..3000 return [i])",
    "union(for i in 1..3000 return {a: i})",
    "list replace(for i in 1..9000 return i, function(a, b) true, for i in 1..9000 return i)",
    'replace("' + "a" * 9000 + '", "a", "$0$0$0$0$0$0$0$0$0$0$0$0$0$0$0$0$0$0$0$0$0$0$0$0")',
    'matches("' + "ab" * 4000 + '", "((a|b)*)*c")',
    'matches("' + "a" * 9000 + '", "(.*)(.*)(.*)(.*)\\\\4\\\\3\\\\2\\\\1x")',
    'split("' + "a," * 4000 + '", "(a|,|a,)*?x?")',
    'matches("a", "a{1000}{1000}{1000}")',
    'matches("a", "[' + "a-z" * 150 + ']")',
    'matches("a", "' + "a?" * 200 + "a" * 50 + '")',
    'string join(for i in 1..90000 return "' + "x" * 1000 + '")',
    'for i in 1..90000 return "' + "x" * 9000 + '" + string(i)',
    "string(for i in 1..300 return for j in 1..300 return i * j)",
    "{" + ", ".join(f"k{i}: {i}" for i in range(1500)) + "}",
    "[" + ",".join("1" for _ in range(9000)) + "]",
    " or ".join("a = 1" for _ in range(1500)),
    "if " * 3000,
    "a." * 8000 + "a",
    "(((" * 5000,
    '"' + "\\u0041" * 3000 + '"',
    '"' + "\\" * 19999,
    "/*" * 9000,
    "//" * 9000,
    "@" * 9000,
    '@"' + "P" + "9" * 15000 + 'D"',
    "\x00\x01\x02",
    "\ud800",
    "\U0001f40e",
]


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_a_hostile_text_ends_soon_as_a_value_or_a_refusal(text: str) -> None:
    with bounded():
        for compile_text in (compile_expression, compile_unary_tests):
            with suppress(FeelError):
                compiled = compile_text(text)
                if hasattr(compiled, "evaluate"):
                    compiled.evaluate(SCOPE)
                else:
                    compiled.accepts(1, SCOPE)


VALID = [
    'if 名称 = "值" then a + 1 else sum([1, 2, 3])',
    "for x in 1..5, y in b return [x, y]",
    "some x in b satisfies x = 1 and not(false)",
    'date("2026-01-31") + duration("P1M") >= @"2026-02-28"',
    "{x: 1, 名 称: x + 1, f: function(p: number) p * x}.f(2)",
    'a in (1, [2..3], > 5) or a between 1 and 2 or "a" instance of string',
    'replace("a1b2", "[0-9]+", "<$0>")',
    "b[item = 1][1]",
    "count(b[a > 1].a) * -2 ** 2 / 3 - modulo(7, 2)",
    'string join(for i in 1..3 return string(i), ",")',
    "sort([3, 1, 2], function(l, r) l < r)",
    'context put({a: {b: 1}}, ["a", "b"], 2)',
    "(< 10) = (< 10) and [1..2] != ]1..2[",
    '// 注\n time("10:00:00@Asia/Shanghai").hour + @"P1DT2H".hours',
]
_PIECES = (
    "( ) [ ] { } , . .. : = != < <= > >= + - * / ** @ ? \" ' // /* */ null true 0 1 1e400 a b item"
    " partial and or not if then else for in return some every satisfies function external"
    " instance of between 中 \U0001f40e \ud800"
)
_TOKENS = st.sampled_from([*_PIECES.split(" "), " ", "\n"])


@st.composite
def mutated(draw: st.DrawFn, texts: list[str]) -> str:
    """A valid text with pieces taken out, put in, doubled or exchanged with another's."""
    text = draw(st.sampled_from(texts))
    for _ in range(draw(st.integers(1, 4))):
        begin = draw(st.integers(0, len(text)))
        end = draw(st.integers(begin, min(len(text), begin + 12)))
        other = draw(st.sampled_from(texts))
        at = draw(st.integers(0, len(other)))
        piece = draw(
            st.one_of(
                _TOKENS,
                st.just(""),
                st.just(text[begin:end] * 2),
                st.just(other[at : at + 15]),
            )
        )
        text = text[:begin] + piece + text[end:]
    return text


@settings(max_examples=250, deadline=None)
@given(mutated(VALID))
def test_a_valid_expression_with_something_wrong_gives_a_value_or_a_refusal(text: str) -> None:
    for names in (None, set(SCOPE)):
        with suppress(FeelError):
            compile_expression(text, names).explain(SCOPE)


@settings(max_examples=150, deadline=None)
@given(mutated(VALID), st.sampled_from([None, 1, True, "a", [1], {"a": 1}]))
def test_a_valid_text_as_a_cell_of_a_table_gives_a_truth_or_a_refusal(
    text: str, value: object
) -> None:
    with suppress(FeelError):
        assert compile_unary_tests(text).accepts(value, SCOPE) in (True, False, None)


@settings(max_examples=200, deadline=None)
@given(mutated(VALID))
def test_what_is_said_of_types_beforehand_is_true_of_every_value(text: str) -> None:
    with suppress(FeelError):
        expression = compile_expression(text)
        value = expression.evaluate(SCOPE)
        assert value is None or expression.kinds is None or kind(to_feel(value)) in expression.kinds


# --- models ---------------------------------------------------------------------------------------

SHIPPED = sorted((Path(__file__).resolve().parents[2] / "rules").glob("*.dmn"))
BOXED = (
    f'<definitions xmlns="{NAMESPACE}" name="m" namespace="urn:m">'
    '<itemDefinition name="t" isCollection="true"><typeRef>number</typeRef>'
    "<allowedValues><text>[1..9]</text></allowedValues></itemDefinition>"
    '<inputData id="x" name="x"><variable name="x" typeRef="number"/></inputData>'
    '<businessKnowledgeModel id="k" name="k"><encapsulatedLogic>'
    '<formalParameter name="p" typeRef="number"/>'
    "<literalExpression><text>p + 1</text></literalExpression>"
    "</encapsulatedLogic></businessKnowledgeModel>"
    '<decision id="d" name="d"><variable name="d" typeRef="Any"/>'
    '<informationRequirement><requiredInput href="#x"/></informationRequirement>'
    '<knowledgeRequirement><requiredKnowledge href="#k"/></knowledgeRequirement>'
    '<context><contextEntry><variable name="a"/><list>'
    "<literalExpression><text>x</text></literalExpression></list></contextEntry>"
    '<contextEntry><variable name="b"/><conditional>'
    "<if><literalExpression><text>x > 1</text></literalExpression></if>"
    "<then><literalExpression><text>k(x)</text></literalExpression></then>"
    "<else><literalExpression><text>0</text></literalExpression></else>"
    "</conditional></contextEntry>"
    '<contextEntry><variable name="c"/><for iteratorVariable="i">'
    "<in><literalExpression><text>1..3</text></literalExpression></in>"
    "<return><literalExpression><text>i * x</text></literalExpression></return></for>"
    "</contextEntry></context></decision></definitions>"
)
MODELS = [
    BOXED,
    table([["<= 3", '"a"'], ["> 3", '"b"']], policy="FIRST").decode(),
    table(
        [["-", "1"], ["[1..2]", "2"]],
        outputs=["y:number"],
        policy="COLLECT",
        aggregation="SUM",
        allowed=["[0..9]"],
    ).decode(),
    *(file.read_text("utf-8") for file in SHIPPED[:4]),
]


@settings(max_examples=120, deadline=None)
@given(mutated(MODELS))
def test_a_model_with_something_wrong_is_refused_or_answers(text: str) -> None:
    with suppress(DecisionError, FeelError):
        model = read_model(text.encode("utf-8", "surrogatepass"))
        for name in model.decision_names.values():
            model.evaluate({"x": 2}, name)
        model.decide({"x": 2})


def _decisions(count: int, text: str, needs: str) -> bytes:
    """Decisions d0, d1, … with the same text; `needs` says which one each requires."""
    parts = [f'<definitions xmlns="{NAMESPACE}" name="m" namespace="urn:m">']
    for number in range(count):
        parts.append(f'<decision id="d{number}" name="d{number}">')
        wanted = needs.format(before=number - 1, after=number + 1)
        if number or "before" not in needs:
            parts.append(
                f'<informationRequirement><requiredDecision href="#{wanted}"/>'
                "</informationRequirement>"
            )
        shown = text.format(before=number - 1) if number else "[1]"
        parts.append(f"<literalExpression><text>{shown}</text></literalExpression></decision>")
    parts.append("</definitions>")
    return "".join(parts).encode()


_LAUGHS = "".join(
    f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' if n else '<!ENTITY l0 "ha">' for n in range(12)
)
_WRAPPED = (
    f'<definitions xmlns="{NAMESPACE}" name="m" namespace="urn:m"><decision id="d" name="d">%s'
    "</decision></definitions>"
)
HOSTILE_MODELS = {
    "entities that multiply": f"<!DOCTYPE d [{_LAUGHS}]><definitions>&l11;</definitions>".encode(),
    "a file from outside": b'<!DOCTYPE d [<!ENTITY e SYSTEM "file:///etc/hosts">]><d>&e;</d>',
    "lists within lists": (_WRAPPED % ("<list>" * 2000 + "</list>" * 2000)).encode(),
    "deep lists": (_WRAPPED % ("<list>" * 200 + "</list>" * 200)).encode(),
    "deep conditions": (
        _WRAPPED % ("<conditional><if>" * 120 + "</if></conditional>" * 120)
    ).encode(),
    "types that contain themselves": (
        f'<definitions xmlns="{NAMESPACE}" name="m" namespace="urn:m">'
        '<itemDefinition name="t"><typeRef>t</typeRef></itemDefinition>'
        '<itemDefinition name="u"><itemComponent name="c"><typeRef>u</typeRef></itemComponent>'
        '</itemDefinition><inputData id="x" name="x"><variable name="x" typeRef="t"/></inputData>'
        '<decision id="d" name="d"><variable name="d" typeRef="u"/>'
        '<informationRequirement><requiredInput href="#x"/></informationRequirement>'
        "<literalExpression><text>{c: {c: x}}</text></literalExpression></decision></definitions>"
    ).encode(),
    "a long chain of decisions": _decisions(500, "count(d{before})", "d{before}"),
    "results that double": _decisions(60, "[d{before}, d{before}]", "d{before}"),
    "decisions that require themselves": _decisions(1, "1", "d{after}").replace(b"#d1", b"#d0"),
    "a large number of rows": table(
        [[f"[{n}..{n + 1})", '"a"'] for n in range(3000)], policy="FIRST"
    ),
    "many names with spaces": (
        _WRAPPED % "".join(f'<variable name="{"a b " * 50}{n}"/>' for n in range(300))
    ).encode(),
}


@pytest.mark.parametrize("name", HOSTILE_MODELS)
def test_a_hostile_model_is_refused_or_answers_soon(name: str) -> None:
    with bounded(), suppress(DecisionError, FeelError):
        model = read_model(HOSTILE_MODELS[name])
        last = next(reversed(model.decision_names))
        with suppress(FeelError):
            model.evaluate({"x": 1}, model.decision_names[last])
        model.decide({"x": 1}, last)
