"""What expressions of FEEL evaluate to, as the standard has it."""

from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Any

import pytest

from app.decisions.feel.compiler import HostFunction
from app.decisions.feel.errors import FeelError
from app.decisions.feel.expression import compile_expression, compile_unary_tests
from app.decisions.feel.values import Months

SCOPE = {
    "result": "approved",
    "amount": 5,
    "price": 1.1,
    "times": [1, 2, 3],
    "orders": [{"unit": "water", "days": 3}, {"unit": "gas", "days": 7}],
    "case": {"urgency": "urgent", "requester": {"name": "张三"}},
    "催办次数": 3,
    "诉求性质": "投诉",
    "nothing": None,
    "day": date(2026, 3, 31),
    "at": datetime(2026, 3, 31, 8, 30, tzinfo=UTC),
}


def value_of(text: str, scope: dict[str, object] | None = None) -> Any:
    return compile_expression(text).evaluate(SCOPE if scope is None else scope)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('result = "approved" and amount > 3', True),
        ("amount + 1", 6),
        ("0.1 + 0.2", Decimal("0.3")),
        ("price * 3", Decimal("3.3")),
        ("10 / 4", Decimal("2.5")),
        ("2 ** 3 ** 2", 64),
        ("-3 ** 2", 9),
        ("7 - 3 - 2", 2),
        ("1 + 2 * 3", 7),
        ("(1 + 2) * 3", 9),
        ('"a" + "b"', "ab"),
        ('"\\u4e2d\\n"', "中\n"),
        ('催办次数 >= 3 and 诉求性质 in ("投诉", "举报")', True),
        ("amount between 1 and 5 and true", True),
        ("amount in [1..5)", False),
        ("amount in ]4..5]", True),
        ("amount in (> 3, < 1)", True),
        ("amount in times", False),
        ("not(amount in (1, 2))", True),
        ('if amount > 3 then "long" else "short"', "long"),
        ("if nothing then 1 else 2", 2),
        ("for x in times return x * 2", [2, 4, 6]),
        ("for x in 1..3, y in [10, 20] return x + y", [11, 21, 12, 22, 13, 23]),
        ("for x in 3..1 return x", [3, 2, 1]),
        ("for x in [1, 2, 3] return count(partial)", [0, 1, 2]),
        ("some x in times satisfies x > 2", True),
        ("every x in times, y in times satisfies x + y > 2", False),
        ("times[2]", 2),
        ("times[-1]", 3),
        ("times[item > 1]", [2, 3]),
        ("orders[days > amount].unit", ["gas"]),
        ("orders.unit", ["water", "gas"]),
        ("case.requester.name", "张三"),
        ("case.requester.phone", None),
        ("{a: 1, b: a + 1}.b", 2),
        ('{first name: "x", full: first name + "y"}.full', "xy"),
        ("(function(x, y) x - y)(y: 1, x: 5)", 4),
        ("{add: function(a) function(b) a + b, r: add(1)(2)}.r", 3),
        ("sort([3, 1, 2], function(a, b) a > b)", [3, 2, 1]),
        ("amount instance of number", True),
        ("times instance of list<number>", True),
        ("times instance of list<string>", False),
        ('@"2026-01-31" + @"P1M"', date(2026, 2, 28)),
        ('day + duration("P1D")', date(2026, 4, 1)),
        ('date("2026-03-31") - date("2026-03-01")', timedelta(days=30)),
        ('date and time("2026-03-31T10:00:00Z") > at', True),
        ('time("08:30:00")', time(8, 30)),
        ('duration("P1Y2M")', Months(14)),
        ('duration("PT36H").days', 1),
        ("day.year", 2026),
        ("day of week(day)", "Tuesday"),
        ('string length("诉求人")', 3),
        ('substring("foobar", -3)', "bar"),
        ('string join(["a", null, "b"], "-")', "a-b"),
        ('contains(result, "prov")', True),
        ('matches(result, "^ap+r")', True),
        ('replace("2026-03", "(\\d+)-(\\d+)", "$2/$1")', "03/2026"),
        ('split("a,b;c", "[,;]")', ["a", "b", "c"]),
        ("sum(times) + max(1, 9) + min(times)", 16),
        ("mean([1, 2])", Decimal("1.5")),
        ("decimal(2.345, 2)", Decimal("2.34")),
        ("round half up(2.345, 2)", Decimal("2.35")),
        ("modulo(-12, 5)", 3),
        ('distinct values([1, 1, "1"])', [1, "1"]),
        ("flatten([1, [2, [3]]])", [1, 2, 3]),
        ("list contains(times, 2)", True),
        ('context put({a: 1}, "b", 2)', {"a": 1, "b": 2}),
        ("get entries({a: 1})", [{"key": "a", "value": 1}]),
        ('string([1, "a", null])', '[1, "a", null]'),
        ("[1..3].end", 3),
        ("overlaps([1..3], [3..5])", True),
        ('number("1 000,5", " ", ",")', Decimal("1000.5")),
        ("1 // a comment\n + /* another */ 1", 2),
        ('@"2021-03-28T01:30:00@Europe/Paris" + @"PT1H" = @"2021-03-28T03:30:00+02:00"', True),
        (
            '@"2021-03-28T12:00:00@Europe/Paris" - @"2021-03-27T12:00:00@Europe/Paris"',
            timedelta(hours=23),
        ),
        ('@"2024-02-29" + @"P1Y"', date(2025, 2, 28)),
        ('@"2026-03-31" - @"P1M"', date(2026, 2, 28)),
        ('time("10:30:00.1") = time("10:30:00.2")', True),
        ("[{item: 1}, {item: 2}][item >= 2]", [{"item": 2}]),
        ('"\\U01F40E" = "🐎"', True),
    ],
)
def test_an_expression_has_the_value_the_standard_gives_it(text: str, expected: object) -> None:
    actual = value_of(text)
    assert actual == expected
    assert type(actual) is type(expected)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("true and nothing", None),
        ("false and nothing", False),
        ("nothing or true", True),
        ("nothing or false", None),
        ("not(nothing)", None),
        ("nothing = null", True),
        ("nothing = 1", False),
        ("nothing != 1", True),
        ("nothing > 1", None),
        ('1 = "1"', None),
        ('amount > "3"', None),
        ("1 / 0", None),
        ("1 + null", None),
        ('"a" + 1', None),
        ('date("2026-02-30")', None),
        ("times[7]", None),
        ("unknown.path", None),
        ("count(null)", None),
        ("sqrt(-1)", None),
        ("product()", None),
        ("list replace([1, 2], 1.5, 3)", None),
        ("2 between 1 and null", None),
        ('number("1e99999")', None),
        ("exp(99999)", None),
        ("[1, nothing, 3] = [1, null, 3]", True),
    ],
)
def test_three_values_and_null_are_as_in_the_standard(text: str, expected: object) -> None:
    assert value_of(text) is expected


def test_every_null_that_comes_from_an_error_has_a_reason() -> None:
    wrong = ("1 / 0", 'amount > "3"', "unknown", "times[7]", 'date("x")', "count(null)", "sum()")
    for text in wrong:
        value, diagnostics = compile_expression(text).explain(SCOPE)
        assert value is None
        assert diagnostics
        assert diagnostics[0].phrase.zh
    assert compile_expression("nothing").explain(SCOPE) == (None, ())


@pytest.mark.parametrize(
    ("cell", "accepted", "refused"),
    [
        ("-", [1, None, "x"], []),
        ("", [1], []),
        ('"a","b"', ["a", "b"], ["c", None]),
        ('not("a","b")', ["c", None], ["a", "b"]),
        ("[1..5]", [1, 5], [0, 6]),
        ("]1..5[", [2], [1, 5]),
        ("> 3", [4], [3]),
        ("< 3, > 5", [2, 6], [4]),
        ("-5", [-5], [5]),
        ("? > 3 and ? < 7", [5], [3, 7]),
        ("not(? > 3) and true", [3], [4]),
        ("true", [True], [False]),
        ("null", [None], [1]),
        ("limit", [10], [9]),
        ("< limit", [9], [10]),
        ("[1, 2, 3]", [2], [4]),
        ('contains(?, "水")', ["停水"], ["停电"]),
        ('date("2026-01-01")', [date(2026, 1, 1)], [date(2026, 1, 2)]),
        ('>= date("2026-01-01")', [date(2026, 1, 1)], [date(2025, 1, 2)]),
    ],
)
def test_the_cells_of_a_table_accept_and_refuse(
    cell: str, accepted: list[object], refused: list[object]
) -> None:
    tests = compile_unary_tests(cell)
    scope = {"limit": 10}
    assert [v for v in accepted if tests.accepts(v, scope) is not True] == []
    assert [v for v in refused if tests.accepts(v, scope) is True] == []


def test_names_and_functions_that_are_used_are_known_and_undeclared_ones_are_refused() -> None:
    expression = compile_expression("a.b > limit and days(c) = 1 and count(a) > 0")
    assert expression.names == {"a", "limit", "c"}
    assert expression.functions == {"days"}
    with pytest.raises(FeelError) as refusal:
        compile_expression("amount >\n  limitt", names={"amount", "limit"})
    assert (refusal.value.line, refusal.value.column) == (2, 3)
    assert "limitt" in refusal.value.phrase.zh
    with pytest.raises(FeelError, match="days"):
        compile_expression("days(1)", names={"days2"})
    with pytest.raises(FeelError, match="string length"):
        compile_expression("string length()", names=set())


def test_a_filter_may_use_the_entries_of_its_items_and_the_names_outside() -> None:
    expression = compile_expression('orders[days > amount and unit = "gas"]', names=SCOPE)
    assert expression.evaluate(SCOPE) == [{"unit": "gas", "days": 7}]
    assert expression.names == {"orders", "amount"}


def test_host_functions_are_called_with_declared_parameters_only() -> None:
    functions = {"working_days": HostFunction(("amount", "from"), lambda n, f: f"{n} from {f}")}
    called = compile_expression("working_days(from: result, amount: 3)", functions=functions)
    assert called.evaluate(SCOPE) == "3 from approved"
    assert called.functions == {"working_days"}
    replaced = called.evaluate(SCOPE, functions={"working_days": lambda n, _f: n})
    assert replaced == 3
    for text in ("working_days(3)", "working_days(3, 4, 5)", "working_days(amount: 3)", "other(1)"):
        with pytest.raises(FeelError):
            compile_expression(text, functions=functions)


def test_values_of_the_host_are_converted_and_foreign_objects_kept_out() -> None:
    class Colour(StrEnum):
        RED = "red"

    scope: dict[str, object] = {"c": Colour.RED, "t": (1, 2), "f": float("nan"), "o": object()}
    assert value_of('c = "red"', scope) is True
    assert value_of("t[2]", scope) == 2
    assert value_of("f", scope) is None
    assert value_of("o", scope) is None
    assert scope["t"] == (1, 2)


def test_now_and_today_are_what_the_caller_says_and_nothing_else() -> None:
    now = datetime(2026, 11, 21, 22, 0, tzinfo=UTC)
    assert compile_expression("now()").evaluate({}, now=now) == now
    assert compile_expression("today()").evaluate({}, now=now) == date(2026, 11, 21)
    assert compile_expression("now()").explain({})[1]


@pytest.mark.parametrize(
    ("text", "kinds"),
    [
        ("5", {"number"}),
        ("a > 1", {"boolean"}),
        ('if a then 1 else "x"', {"number", "string"}),
        ("count(a) + 1", {"number"}),
        ("not(a)", {"boolean"}),
        ("for x in a return x", {"list"}),
        ("{x: 1}", {"context"}),
        ('date("2026-01-01")', {"date"}),
        ("a", None),
        ("a.b", None),
        ("a[1]", None),
        ("if a then 1 else b", None),
        ("(function(count) count(a))(b)", None),
        ("min(a)", None),
    ],
)
def test_the_types_of_values_are_known_beforehand_where_data_do_not_decide(
    text: str, kinds: set[str] | None
) -> None:
    assert compile_expression(text).kinds == kinds
    hosted = compile_expression("count(a)", functions={"count": HostFunction(("a",), len)})
    assert hosted.kinds is None


def test_full_width_punctuation_is_refused_with_the_sign_to_use_instead() -> None:
    with pytest.raises(FeelError) as refusal:
        compile_expression("amount ＞ 3", names={"amount"})
    assert ">" in refusal.value.phrase.zh
    with pytest.raises(FeelError, match="，"):
        compile_unary_tests('"甲"，"乙"')


def test_an_expression_evaluates_without_changing_its_scope() -> None:
    scope = {"xs": [3, 1, 2], "c": {"a": 1}}
    for text in ("sort(xs)", "append(xs, 4)", "reverse(xs)", 'context put(c, "a", 2)', "xs"):
        result = compile_expression(text).evaluate(scope)
        if isinstance(result, list):
            result.append(9)
    assert scope == {"xs": [3, 1, 2], "c": {"a": 1}}
