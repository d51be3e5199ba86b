"""Decision tables: hit policies, refusals, evidence, and the index."""

import json
from contextlib import suppress
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.decisions.dmn import read_model
from app.decisions.errors import DecisionError
from app.decisions.feel.expression import compile_unary_tests
from tests.decisions.tables import NAMESPACE, table

OVERLAPPING = [["> 1", '"a"'], ["> 2", '"b"'], ["> 3", '"a"']]


def test_a_unique_table_answers_with_the_row_its_annotation_and_the_inputs_as_seen() -> None:
    model = read_model(table([["<= 3", '"short"'], ["> 3", '"long"']]))
    answer = model.decide({"x": 5}, key="k", version=2)
    assert answer.outputs == "long"
    evidence = answer.evidence
    assert [(row.index, row.id) for row in evidence.rows] == [(2, "r2")]
    stored = json.loads(json.dumps(evidence.to_json()))
    assert stored["key"] == "k"
    assert stored["version"] == 2
    assert stored["tables"][0] == {
        "decision_id": "t",
        "decision_name": "表",
        "hit_policy": "UNIQUE",
        "rows": [{"index": 2, "id": "r2", "annotations": {"依据": "第2条"}}],
        "inputs": {"x": 5},
        "outputs": "long",
        "used_default": False,
    }


def test_two_rows_under_unique_are_an_error_that_names_table_rows_and_inputs() -> None:
    with pytest.raises(DecisionError) as refusal:
        read_model(table(OVERLAPPING)).decide({"x": 3})
    for part in ("表", "1, 2", "x = 3"):
        assert part in refusal.value.phrase.zh
        assert part in refusal.value.phrase.en


def test_no_row_is_an_error_unless_there_is_a_default() -> None:
    with pytest.raises(DecisionError, match="No row"):
        read_model(table(OVERLAPPING)).decide({"x": 1})
    answer = read_model(table(OVERLAPPING, defaults=['"none"'])).decide({"x": 1})
    assert answer.outputs == "none"
    assert answer.evidence.tables[0].used_default
    assert answer.evidence.rows == ()


@pytest.mark.parametrize(
    ("inputs", "match"),
    [
        ({"x": "three"}, "type"),
        ({"x": True}, "type"),
        ({"x": object()}, "type"),
        ({}, "No row"),
        ({"x": 7}, "allowed"),
    ],
)
def test_an_input_that_does_not_fit_is_an_error_and_never_a_guess(
    inputs: dict[str, object], match: str
) -> None:
    model = read_model(table([["-", '"any"']], allowed=["[0..5]"] if "x" in inputs else []))
    if not inputs:
        model = read_model(table([["> 0", '"any"']]))
    with pytest.raises(DecisionError, match=match):
        model.decide(inputs)


def test_a_cell_that_cannot_be_compared_is_an_error_with_its_row_and_column() -> None:
    model = read_model(table([["> 3", '"a"'], ["-", '"b"']], inputs=["x:Any"], policy="FIRST"))
    with pytest.raises(DecisionError) as refusal:
        model.decide({"x": "four"})
    assert "Row 1" in refusal.value.phrase.en
    assert "“x”" in refusal.value.phrase.zh


def test_an_output_that_fails_is_an_error_and_not_an_empty_answer() -> None:
    model = read_model(table([["-", "10 / x"]], outputs=["y:number"]))
    assert model.decide({"x": 4}).outputs == Decimal("2.5")
    with pytest.raises(DecisionError, match="zero"):
        model.decide({"x": 0})
    model = read_model(table([["-", "x", "10 / x"]], outputs=["y:number", "z:number"]))
    with pytest.raises(DecisionError, match="Rows 1"):
        model.decide({"x": 0})
    with pytest.raises(DecisionError, match="must be string"):
        read_model(table([["-", "x"]])).decide({"x": 0})


@pytest.mark.parametrize(
    ("policy", "aggregation", "expected"),
    [
        ("FIRST", "", 10),
        ("RULE ORDER", "", [10, 30, 20]),
        ("OUTPUT ORDER", "", [30, 20, 10]),
        ("PRIORITY", "", 30),
        ("COLLECT", "", [10, 30, 20]),
        ("COLLECT", "SUM", 60),
        ("COLLECT", "MIN", 10),
        ("COLLECT", "MAX", 30),
        ("COLLECT", "COUNT", 3),
    ],
)
def test_each_hit_policy_does_what_it_is_called(
    policy: str, aggregation: str, expected: object
) -> None:
    rows = [["> 1", "10"], ["> 2", "30"], ["> 3", "20"]]
    model = read_model(
        table(
            rows, outputs=["y:number"], policy=policy, aggregation=aggregation, values=["30,20,10"]
        )
    )
    assert model.decide({"x": 4}).outputs == expected


def test_any_wants_equal_outputs() -> None:
    rows = [["> 1", '"a"'], ["> 2", '"b"'], ["> 3", '"a"'], ["< 1", '"c"'], ["< 0", '"c"']]
    model = read_model(table(rows, policy="ANY"))
    assert model.decide({"x": 2}).outputs == "a"
    answer = model.decide({"x": -1})
    assert answer.outputs == "c"
    assert [row.index for row in answer.evidence.rows] == [4, 5]
    with pytest.raises(DecisionError, match="1, 2, 3"):
        model.decide({"x": 4})


def test_several_outputs_come_by_name_and_keep_their_order() -> None:
    model = read_model(
        table([["-", '"a"', "x + 1"]], outputs=["unit:string", "amount:number"], policy="FIRST")
    )
    assert model.decide({"x": 1}).outputs == {"unit": "a", "amount": 2}


def test_a_faulty_cell_is_reported_with_row_and_column_and_the_table_is_not_used() -> None:
    model = read_model(table([["> 3", '"a'], ["> ", '"b"'], ["< limit", '"c"']]))
    assert sorted((p.row, p.column) for p in model.problems) == [(1, 2), (2, 1), (3, 1)]
    assert any("limit" in problem.phrase.en for problem in model.problems)
    with pytest.raises(DecisionError, match="row 2"):
        model.decide({"x": 5})


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"not xml",
        b"<definitions/>",
        b'<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL"/>',
        b'<!DOCTYPE d [<!ENTITY e SYSTEM "file:///etc/passwd">]><definitions xmlns="%s">&e;'
        b"</definitions>" % NAMESPACE.encode(),
        table([["-", '"a"']], policy="SOMETIMES"),
        table([["-"]]).replace(b"<inputEntry><text>-</text></inputEntry>", b""),
    ],
)
def test_what_is_not_dmn_is_refused_in_a_sentence(data: bytes) -> None:
    with pytest.raises(DecisionError) as refusal:
        read_model(data)
    assert refusal.value.phrase.zh.endswith("。")


def test_expressions_in_other_languages_and_external_functions_are_problems() -> None:
    xml = table([["-", '"a"']]).decode()
    foreign = xml.replace(
        "</decision>",
        "</decision><decision id='d' name='d'><literalExpression expressionLanguage='python'>"
        "<text>1</text></literalExpression></decision>",
    )
    assert "python" in read_model(foreign.encode()).problems[0].phrase.en
    external = xml.replace(
        "</decision>",
        "</decision><businessKnowledgeModel id='b' name='b'><encapsulatedLogic kind='Java'>"
        "<literalExpression><text>1</text></literalExpression></encapsulatedLogic>"
        "</businessKnowledgeModel>",
    )
    assert "Java" in read_model(external.encode()).problems[0].phrase.en


_CONSTANTS = st.sampled_from(['"a"', '"b"', '"a","c"', "-", 'not("a")', "null", '"b",null'])
_POINTS = ["-", "1", "2,3", "not(1)", "null", "1, null", "!= 2", "? > 1", "1 + 1"]
_RANGES = ["> 2", "<= 1", "[1..2]", "(1..3)", "]0..2]", "[3..1]", "not([1..2])", "< 2, 3"]
_NUMBERS = st.sampled_from([*_POINTS, *_RANGES, "not(< 2, 3)", ">= 0, [1..2], 2"])
_SOME_DAYS = ["-", 'date("2026-01-02")', '@"2026-01-01"', 'not(date("2026-01-02"))', "null"]
_SPANS_OF_DAYS = ['[@"2026-01-01"..@"2026-01-03")', '> @"2026-01-01"', '< date("2026-01-02")']
_DAYS = st.sampled_from([*_SOME_DAYS, *_SPANS_OF_DAYS, '< @"2026-01-02", @"2026-01-03"'])
_TEXTS = st.sampled_from(["-", '"b"', '["a".."b"]', '> "a"', 'not("a", "b")', 'not(< "b")', "null"])


@settings(max_examples=200, deadline=None)
@given(
    st.lists(st.tuples(_CONSTANTS, _NUMBERS), min_size=1, max_size=8),
    st.sampled_from(["a", "b", "c", None]),
    st.sampled_from([0, 1, 2, 3, 4, None]),
)
def test_the_index_finds_the_rows_that_testing_cell_by_cell_finds(
    cells: list[tuple[str, str]], text: str | None, number: int | None
) -> None:
    model = read_model(
        table(
            [[a, b, str(i)] for i, (a, b) in enumerate(cells)],
            inputs=["s:string", "x:number"],
            outputs=["y:number"],
            policy="RULE ORDER",
        )
    )
    expected = [
        i
        for i, (a, b) in enumerate(cells)
        if compile_unary_tests(a).accepts(text, {}) is True
        and compile_unary_tests(b).accepts(number, {}) is True
    ]
    assert model.decide({"s": text, "x": number}).outputs == expected


@settings(max_examples=100, deadline=None)
@given(st.lists(st.text(alphabet='"ab1,-?<>()[].中= ', max_size=8), min_size=2, max_size=6))
def test_tables_of_garbage_are_read_and_refused_without_a_crash(cells: list[str]) -> None:
    rows = [cells[i : i + 2] for i in range(0, len(cells) - 1, 2)]
    model = read_model(table(rows, inputs=["x:Any"], outputs=["y:Any"], policy="COLLECT"))
    model.evaluate({"x": 1}, "表")
    if model.problems:
        with pytest.raises(DecisionError):
            model.decide({"x": 1})


@settings(max_examples=200, deadline=None)
@given(
    st.lists(st.tuples(_DAYS, _TEXTS), min_size=1, max_size=8),
    st.sampled_from([date(2026, 1, day) for day in range(1, 5)] + [None]),
    st.sampled_from(["a", "b", "c", "", None]),
)
def test_ranges_of_dates_and_texts_are_found_as_testing_cell_by_cell_finds_them(
    cells: list[tuple[str, str]], day: date | None, text: str | None
) -> None:
    model = read_model(
        table(
            [[a, b, str(i)] for i, (a, b) in enumerate(cells)],
            inputs=["d:date", "s:string"],
            outputs=["y:number"],
            policy="RULE ORDER",
        )
    )
    expected = [
        i
        for i, (a, b) in enumerate(cells)
        if compile_unary_tests(a).accepts(day, {}) is True
        and compile_unary_tests(b).accepts(text, {}) is True
    ]
    assert model.decide({"d": day, "s": text}).outputs == expected


def test_a_value_of_another_type_is_refused_by_a_range_and_passed_by_by_a_constant() -> None:
    mixed = [["1", '"number"'], ['"one"', '"text"'], ["-", '"any"']]
    model = read_model(table(mixed, inputs=["x:Any"], policy="FIRST"))
    assert [model.decide({"x": x}).outputs for x in (1, "one", True, [1], None)] == [
        "number",
        "text",
        "any",
        "any",
        "any",
    ]
    ranged = read_model(
        table([["> 3", '"a"'], ["-", '"b"']], inputs=["x:Any"], policy="RULE ORDER")
    )
    assert ranged.decide({"x": 5}).outputs == ["a", "b"]
    assert ranged.decide({"x": None}).outputs == ["b"]
    for value in ("four", True, [4], {"n": 4}):
        with pytest.raises(DecisionError, match="Row 1"):
            ranged.decide({"x": value})


SHIPPED = sorted((Path(__file__).resolve().parents[2] / "rules").glob("*.dmn"))


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_a_damaged_file_is_refused_or_read_without_a_crash(data: st.DataObject) -> None:
    content = bytearray(data.draw(st.sampled_from(SHIPPED)).read_bytes())
    start = data.draw(st.integers(0, len(content) - 1))
    length = data.draw(st.integers(0, 40))
    content[start : start + length] = data.draw(
        st.sampled_from([b"", b'"', b"null", b"[1..", b"</rule>", b"<text>", b"(", b"\xff"])
    )
    with suppress(DecisionError):
        read_model(bytes(content)).decide({"x": 1})


def test_the_shipped_tables_are_read_without_problems() -> None:
    assert SHIPPED
    for file in SHIPPED:
        assert read_model(file.read_bytes()).problems == []


def _model(body: str) -> bytes:
    opening = f'<definitions xmlns="{NAMESPACE}" name="m" namespace="urn:test">'
    return f"{opening}{body}</definitions>".encode()


def test_a_refused_answer_names_what_was_asked_and_the_inputs() -> None:
    literal = (
        '<inputData id="x" name="x"><variable name="x" typeRef="number"/></inputData>'
        '<decision id="d" name="份额"><variable name="份额" typeRef="string"/>'
        '<informationRequirement><requiredInput href="#x"/></informationRequirement>'
        "<literalExpression><text>10 / x</text></literalExpression></decision>"
    )
    model = read_model(_model(literal))
    for inputs, match in (({"x": 0}, "zero.*x = 0"), ({"x": 4}, "string.*x = 4")):
        with pytest.raises(DecisionError, match=f"“份额”.*{match}"):
            model.decide(inputs)
    with pytest.raises(DecisionError, match=r"“x” of “m”.*number"):
        model.decide({"x": "four"})


def test_a_decision_without_logic_and_an_import_that_is_not_there_are_told() -> None:
    empty = read_model(_model('<decision id="d" name="d"><variable name="d"/></decision>'))
    with pytest.raises(DecisionError, match="no logic"):
        empty.decide({})
    assert empty.evaluate({}, "d")[1]
    importing = read_model(_model('<import namespace="urn:other" name="o" importType="x"/>'))
    assert "urn:other" in importing.problems[0].phrase.en


def test_a_model_uses_what_it_imports() -> None:
    other = read_model(
        _model(
            '<itemDefinition name="人"><itemComponent name="名"><typeRef>string</typeRef>'
            "</itemComponent></itemDefinition>"
            '<businessKnowledgeModel id="h" name="say hello"><encapsulatedLogic>'
            '<formalParameter name="p" typeRef="人"/>'
            '<literalExpression><text>"你好，" + p.名</text></literalExpression>'
            "</encapsulatedLogic></businessKnowledgeModel>"
        ).replace(b"urn:test", b"urn:o")
    )
    importing = _model(
        '<import namespace="urn:o" name="lib" importType="x"/>'
        '<inputData id="p" name="p"><variable name="p" typeRef="lib.人"/></inputData>'
        '<decision id="d" name="d"><variable name="d"/>'
        '<informationRequirement><requiredInput href="#p"/></informationRequirement>'
        '<knowledgeRequirement><requiredKnowledge href="urn:o#h"/></knowledgeRequirement>'
        "<literalExpression><text>lib.say hello(p)</text></literalExpression></decision>"
    )
    assert read_model(importing, [other]).decide({"p": {"名": "张三"}}).outputs == "你好，张三"
    with pytest.raises(DecisionError, match="人"):
        read_model(importing, [other]).decide({"p": {"name": "no such component"}})


def test_outputs_that_can_never_be_right_are_problems_of_the_table() -> None:
    wrong_type = read_model(table([["-", '"a"'], ["> 1", "5"]], policy="FIRST"))
    assert [(p.row, p.column) for p in wrong_type.problems] == [(2, 2)]
    outside = read_model(table([["-", '"c"']], values=['"a","b"']))
    assert "not allowed" in outside.problems[0].phrase.en
    computed = read_model(table([["-", 'if x > 1 then "a" else "c"']], values=['"a","b"']))
    assert computed.problems == []
    assert computed.decide({"x": 2}).outputs == "a"
    with pytest.raises(DecisionError, match="not allowed"):
        computed.decide({"x": 1})
