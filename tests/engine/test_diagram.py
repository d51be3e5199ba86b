"""Reading BPMN files: what is taken from them, and what is not read at all."""

import pytest

from app.core.errors import Invalid
from app.engine.diagram import LoopKind, TimerKind, read_diagram
from app.engine.forms import FieldType
from app.engine.markup import MAX_BYTES

HEAD = (
    '<bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL" '
    'xmlns:jieban="https://jieban.dev/bpmn/1.0" targetNamespace="t">'
)


def read(inside: str):
    return read_diagram(f"{HEAD}{inside}</bpmn:definitions>".encode(), "t.bpmn")


def process(inside: str, **attributes: str):
    shown = "".join(f' {key}="{value}"' for key, value in attributes.items())
    return read(f'<bpmn:process id="p"{shown}>{inside}</bpmn:process>').processes["p"]


def test_elements_know_their_flows_scope_and_names() -> None:
    found = process(
        '<bpmn:startEvent id="s"/><bpmn:subProcess id="h" name="办&#10;理"><bpmn:extensionElements>'
        '<jieban:name en="Handle"/></bpmn:extensionElements><bpmn:userTask id="a"/>'
        '</bpmn:subProcess><bpmn:sequenceFlow id="f" sourceRef="s" targetRef="h"/>'
    )
    assert list(found.elements) == ["s", "h", "a"]
    assert found.elements["s"].outgoing == ("f",)
    assert found.elements["h"].incoming == ("f",)
    assert found.elements["a"].scope == "h"
    assert (found.elements["h"].label.zh, found.elements["h"].label.en) == ("办 理", "Handle")
    assert found.elements["a"].label.zh == "a"


@pytest.mark.parametrize(
    ("written", "meant"), [("true", True), ("1", True), ("false", False), ("0", False)]
)
def test_truth_values_are_read_in_both_spellings_of_xml(written: str, meant: bool) -> None:
    assert process("", isExecutable=written).executable is meant
    found = process(
        f'<bpmn:task id="a"/><bpmn:boundaryEvent id="b" attachedToRef="a" '
        f'cancelActivity="{written}"/>'
    )
    assert found.elements["b"].interrupting is meant


def test_a_role_comes_from_the_task_or_from_the_innermost_lane_that_has_one() -> None:
    found = process(
        '<bpmn:laneSet><bpmn:lane id="l"><bpmn:extensionElements><jieban:role name="agent"/>'
        "</bpmn:extensionElements><bpmn:flowNodeRef>a</bpmn:flowNodeRef>"
        "<bpmn:flowNodeRef>b</bpmn:flowNodeRef><bpmn:childLaneSet><bpmn:lane id='m'>"
        "<bpmn:flowNodeRef>b</bpmn:flowNodeRef></bpmn:lane></bpmn:childLaneSet></bpmn:lane>"
        '</bpmn:laneSet><bpmn:userTask id="a"><bpmn:extensionElements><jieban:role name="leader"/>'
        '</bpmn:extensionElements></bpmn:userTask><bpmn:userTask id="b"/>'
    )
    assert found.elements["a"].role == "leader"
    assert found.elements["b"].role == "agent"
    assert found.elements["b"].lane == "m"


def test_a_timer_is_literal_or_an_expression() -> None:
    found = process(
        '<bpmn:intermediateCatchEvent id="a"><bpmn:timerEventDefinition><bpmn:timeDuration>PT3H'
        "</bpmn:timeDuration></bpmn:timerEventDefinition></bpmn:intermediateCatchEvent>"
        '<bpmn:intermediateCatchEvent id="b"><bpmn:timerEventDefinition><bpmn:timeDate>'
        '=clock("handle", "red")</bpmn:timeDate></bpmn:timerEventDefinition>'
        "</bpmn:intermediateCatchEvent>"
    )
    first, second = (found.elements[name].event.timer for name in "ab")
    assert (first.kind, first.is_literal) == (TimerKind.DURATION, True)
    assert (second.kind, second.is_literal) == (TimerKind.DATE, False)
    assert second.expression.feel == 'clock("handle", "red")'


def test_repetition_is_read_from_the_standard_and_from_our_extension() -> None:
    standard = process(
        '<bpmn:task id="a"><bpmn:multiInstanceLoopCharacteristics isSequential="true">'
        "<bpmn:loopDataInputRef>units</bpmn:loopDataInputRef>"
        "<bpmn:loopDataOutputRef>answers</bpmn:loopDataOutputRef>"
        '<bpmn:inputDataItem id="unit"/><bpmn:outputDataItem id="answer"/>'
        "</bpmn:multiInstanceLoopCharacteristics></bpmn:task>"
    ).elements["a"]
    ours = process(
        '<bpmn:task id="a"><bpmn:multiInstanceLoopCharacteristics isSequential="true">'
        '<bpmn:extensionElements><jieban:each of="units" as="unit" collect="answer" '
        'into="answers"/></bpmn:extensionElements></bpmn:multiInstanceLoopCharacteristics>'
        "</bpmn:task>"
    ).elements["a"]
    for element in (standard, ours):
        assert element.loop.kind is LoopKind.SEQUENTIAL
        assert element.loop.collection.feel == "units"
        assert (element.loop.item, element.loop.result, element.loop.results) == (
            "unit",
            "answer",
            "answers",
        )


def test_references_may_carry_a_declared_prefix() -> None:
    diagram = read_diagram(
        (
            HEAD.replace(">", ' xmlns:my="t">') + '<bpmn:message id="m" name="go"/>'
            '<bpmn:process id="p"><bpmn:receiveTask id="r" messageRef="my:m"/></bpmn:process>'
            "</bpmn:definitions>"
        ).encode(),
        "t.bpmn",
    )
    assert diagram.messages[diagram.processes["p"].elements["r"].message].name == "go"


def test_every_text_to_be_evaluated_is_listed_with_its_place() -> None:
    diagram = read(
        '<bpmn:process id="p"><bpmn:serviceTask id="w"><bpmn:extensionElements>'
        '<jieban:service name="x"><jieban:parameter name="n" value="=a + 1"/></jieban:service>'
        "</bpmn:extensionElements><bpmn:standardLoopCharacteristics><bpmn:loopCondition>b"
        "</bpmn:loopCondition></bpmn:standardLoopCharacteristics></bpmn:serviceTask>"
        '<bpmn:boundaryEvent id="t" attachedToRef="w"><bpmn:timerEventDefinition>'
        "<bpmn:timeDuration>c</bpmn:timeDuration></bpmn:timerEventDefinition>"
        '</bpmn:boundaryEvent><bpmn:sequenceFlow id="f" sourceRef="w" targetRef="w">'
        '<bpmn:conditionExpression language="feel">d</bpmn:conditionExpression>'
        "</bpmn:sequenceFlow></bpmn:process>"
    )
    assert [(p.owner, p.what, p.expression.feel) for p in diagram.expressions()] == [
        ("w", "loop_condition", "b"),
        ("w", "parameter", "a + 1"),
        ("t", "timer", "c"),
        ("f", "condition", "d"),
    ]


def test_a_form_is_data_with_roles() -> None:
    form = (
        process(
            '<bpmn:userTask id="a"><bpmn:extensionElements><jieban:form><jieban:field name="reply" '
            'type="long_text" label="答复" label_en="Reply" required="true" max_length="200" '
            'visible_to="handler reviewer" editable_by="handler"/></jieban:form>'
            "</bpmn:extensionElements></bpmn:userTask>"
        )
        .elements["a"]
        .form
    )
    field = form.field("reply")
    assert (field.type, field.required, field.max_length) == (FieldType.LONG_TEXT, True, 200)
    assert field.is_editable_by(frozenset({"handler"}))
    assert not field.is_editable_by(frozenset({"reviewer"}))
    assert field.is_visible_to(frozenset({"reviewer"}))
    assert not field.is_visible_to(frozenset({"agent"}))
    assert form.field("other") is None


@pytest.mark.parametrize(
    "source",
    [
        b"",
        b"not xml",
        b"<bpmn:definitions/>",
        b"<definitions/>",
        b"\xff\xfe\x00",
        (HEAD + "</bpmn:definitions>").encode(),
        b'<!DOCTYPE d [<!ENTITY a "b">]>' + (HEAD + "</bpmn:definitions>").encode(),
        b'<!DOCTYPE d SYSTEM "http://example.invalid/x.dtd">'
        + (HEAD + '<bpmn:process id="p"/></bpmn:definitions>').encode(),
        b" " * (MAX_BYTES + 1),
    ],
    ids=[
        "empty", "text", "no namespace", "no BPMN", "no encoding", "no process", "entity", "dtd",
        "too large",
    ],
)  # fmt: skip
def test_what_is_no_bpmn_file_is_refused_with_a_sentence(source: bytes) -> None:
    with pytest.raises(Invalid) as refusal:
        read_diagram(source, "t.bpmn")
    assert "t.bpmn" in refusal.value.phrase.zh
    assert "t.bpmn" in refusal.value.phrase.en


def test_a_file_full_of_nested_entities_is_refused_at_once() -> None:
    bomb = '<!DOCTYPE d [<!ENTITY a "aaaaaaaaaa">'
    for number in range(1, 12):
        bomb += f'<!ENTITY a{number} "{f"&a{number - 1 if number > 1 else str()};" * 10}">'
    bomb += f"]>{HEAD}<bpmn:process id='p'><bpmn:documentation>&a11;</bpmn:documentation>"
    with pytest.raises(Invalid):
        read_diagram((bomb + "</bpmn:process></bpmn:definitions>").encode(), "t.bpmn")
