"""What the checker says about the conditions, rules, patterns and first values of a form."""

import pytest

from app.cases.expressions import compile_expression
from app.engine.checker import check
from app.engine.content_checks import Surroundings
from app.engine.diagram import Diagram, read_diagram
from app.engine.findings import Finding, Severity
from app.engine.forms import FileSort, Rule

HEAD = (
    '<bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL" '
    'xmlns:jieban="https://jieban.dev/bpmn/1.0" id="d" targetNamespace="t">'
    '<bpmn:process id="p" isExecutable="true"><bpmn:startEvent id="begin"/>'
    '<bpmn:sequenceFlow id="f1" sourceRef="begin" targetRef="ask"/>'
    '<bpmn:userTask id="ask" name="先问"><bpmn:extensionElements><jieban:form>'
    '<jieban:field name="nature" type="text" label="经过"/>'
    '<jieban:field name="weight" type="number" label="分量"/>'
    "</jieban:form></bpmn:extensionElements></bpmn:userTask>"
    '<bpmn:sequenceFlow id="f2" sourceRef="ask" targetRef="visit"/>'
    '<bpmn:userTask id="visit" name="现场核实"><bpmn:extensionElements>'
    '<jieban:role name="handler"/><jieban:form>'
)
TAIL = (
    "</jieban:form></bpmn:extensionElements></bpmn:userTask>"
    '<bpmn:sequenceFlow id="f3" sourceRef="visit" targetRef="over"/>'
    '<bpmn:endEvent id="over"/></bpmn:process></bpmn:definitions>'
)
FOUND = (
    '<jieban:field name="found" type="choice" label="情况">'
    '<jieban:option value="as_told" label="属实"/><jieban:option value="other" label="不符"/>'
    "</jieban:field>"
)
DATES = (
    '<jieban:field name="begun" type="date" label="开始"/>'
    '<jieban:field name="ended" type="date" label="结束">{}</jieban:field>'
)


def diagram(fields: str) -> Diagram:
    return read_diagram((HEAD + fields + TAIL).encode(), "t.bpmn")


def findings(fields: str) -> list[Finding]:
    around = Surroundings(compile_expression=compile_expression, names=lambda: ["tier"])
    return [one for one in check([diagram(fields)], around) if one.element_id == "visit"]


def test_everything_a_field_can_say_is_read_and_found_good() -> None:
    fields = FOUND + DATES.format(
        '<jieban:rule holds="= begun &lt;= ended" message="结束不早于开始" message_en="No"/>'
    )
    fields += (
        '<jieban:field name="proof" type="files" label="照片" shown_when=\'found = "other"\' '
        'required_when="weight &gt; 3 or tier = 2" min_length="2" max_length="5" max_mb="8" '
        'accept="picture video"/>'
        '<jieban:field name="seen_on" type="date" label="日期" default="=today()"/>'
        '<jieban:field name="plate" type="text" label="车牌" pattern="[A-Z]{2}" '
        'pattern_words="两个大写字母" pattern_words_en="Two capital letters"/>'
    )
    assert findings(fields) == []
    form = diagram(fields).processes["p"].elements["visit"].form
    assert form is not None
    assert form.is_conditional
    ended, proof, seen_on, plate = (form.field(x) for x in ("ended", "proof", "seen_on", "plate"))
    assert ended is not None
    assert ended.rules[0].holds == "begun <= ended"
    assert isinstance(ended.rules[0], Rule)
    assert proof is not None
    assert (proof.min_length, proof.max_length, proof.max_megabytes) == (2, 5, 8)
    assert proof.accepts == {FileSort.PICTURE, FileSort.VIDEO}
    assert proof.shown_when == 'found = "other"'
    assert seen_on is not None
    assert seen_on.default_expression == "today()"
    assert plate is not None
    assert plate.pattern_words is not None
    assert plate.pattern_words.en == "Two capital letters"


@pytest.mark.parametrize(
    ("fields", "field", "said"),
    [
        ('<jieban:field name="a" type="text" label="甲" shown_when="found ="/>', "a", "FEEL"),
        ('<jieban:field name="a" type="text" label="甲" shown_when="1 + 2"/>', "a", "true"),
        ('<jieban:field name="a" type="text" label="甲" shown_when="${x}"/>', "a", "JUEL"),
        (
            '<jieban:field name="a" type="text" label="甲" shown_when=\'foumd = "other"\'/>',
            "a",
            "是不是“found”",
        ),
        (
            '<jieban:field name="a" type="text" label="甲" required_when=\'nature = "x"\'/>',
            "a",
            "不进入流程数据",
        ),
        (
            '<jieban:field name="a" type="text" label="甲" shown_when=\'found = "othr"\'/>',
            "a",
            "选项里没有这个值",
        ),
        (
            '<jieban:field name="a" type="text" label="甲" required_when=\'a != ""\'/>',
            "a",
            "用到了字段自己",
        ),
        (
            (
                '<jieban:field name="a" type="boolean" label="甲" shown_when="b = true"/>'
                '<jieban:field name="b" type="boolean" label="乙" shown_when="a = true"/>'
            ),
            "a",
            "绕了一圈",
        ),
        (DATES.format('<jieban:rule holds="begun &lt; 3" message="错"/>'), "ended", "得不出是或否"),
        (DATES.format('<jieban:rule holds="begun &lt; ended"/>'), "ended", "规则不完整"),
        (
            DATES.format('<jieban:rule holds="true" message="错" sometimes="x"/>'),
            "ended",
            "没有“sometimes”",
        ),
        ('<jieban:field name="a" type="date" label="甲" default="=found"/>', "a", "还没有填"),
        ('<jieban:field name="a" type="date" label="甲" default="soon"/>', "a", "与类型不符"),
        ('<jieban:field name="a" type="number" label="甲" min="5" max="3"/>', "a", "大于上限"),
        (
            '<jieban:field name="a" type="text" label="甲" min_length="9" max_length="3"/>',
            "a",
            "min_length 大于",
        ),
        ('<jieban:field name="a" type="files" label="甲" accept="exe"/>', "a", "accept"),
        ('<jieban:field name="a" type="files" label="甲" max_mb="500"/>', "a", "max_mb"),
        ('<jieban:field name="a" type="text" label="甲" max_mb="5"/>', "a", "max_mb"),
        ('<jieban:field name="a" type="text" label="甲" pattern="a\\b"/>', "a", "正则表达式"),
    ],
)
def test_what_is_wrong_is_named_with_its_step_and_field(fields: str, field: str, said: str) -> None:
    found = findings(FOUND + fields)
    assert [one.field for one in found if said in one.phrase.zh][:1] == [field], found
    assert all(one.severity is Severity.ERROR for one in found)


def test_a_required_field_that_the_role_of_the_step_may_not_fill_in_is_warned_of() -> None:
    found = findings(
        FOUND
        + '<jieban:field name="a" type="text" label="甲" required="true" editable_by="leader"/>'
    )
    assert [(one.severity, one.field) for one in found] == [(Severity.WARNING, "a")]


def test_without_knowing_the_data_names_are_not_looked_up() -> None:
    fields = FOUND + '<jieban:field name="a" type="text" label="甲" shown_when="elsewhere = 1"/>'
    around = Surroundings(compile_expression=compile_expression)
    assert check([diagram(fields)], around) == ()
