"""What differs between two texts is said in meaning: element by element, row by row."""

import re
from pathlib import Path

import pytest

from app.design.comparing import differences
from app.design.comparing_diagrams import described
from app.design.diagram_words import timer_in_words
from app.design.differences import Difference, What
from app.design.documents import Document
from app.design.models import Kind
from app.engine.diagram import Expression, Timer, TimerKind, read_diagram
from app.office import DIAGRAMS

EXTENSION = (DIAGRAMS / "extension.bpmn").read_text()
MAIN = (DIAGRAMS / "work_order.bpmn").read_text()
RULES = DIAGRAMS.parent / "rules"
LIMITS = (RULES / "time_limits.dmn").read_text()


def test_a_diagram_is_told_in_words_along_its_flows() -> None:
    told = described(EXTENSION)
    [deciding] = [one for one in told if one.element == "decide_extension"]
    said = {aspect.zh: value for aspect, value in deciding.aspects.items()}
    assert (deciding.label.zh, deciding.label.en) == ("延期审批", "Decide the extension")
    assert said["角色"].zh == "值班长"
    assert deciding.level == 1  # inside the sub-process
    [asked] = [one for one in told if one.element == "approved"]
    ways = [value.zh for aspect, value in asked.aspects.items() if aspect.zh.startswith("去往")]
    assert ways == ['extension_verdict = "approved"', "默认"]
    order = [one.element for one in told]
    assert order.index("extension_asked") < order.index("deciding") < order.index("extended")


@pytest.mark.parametrize(
    ("kind", "text", "zh", "en"),
    [
        ("date", "working_days(2)", "2 工作日", "2 working days"),
        ("date", "= working_hours( 1 )", "1 工作小时", "1 working hour"),
        (
            "date",
            'clock("handling", "yellow")',
            "办理时限：黄灯（临期）",
            "Handling: Yellow (due soon)",
        ),
        ("date", 'clock("own", "red")', "own：红灯（到期）", "own: Red (due)"),
        ("date", "limit.due", "limit.due", "limit.due"),
        ("duration", "PT72H", "72 小时", "72 hours"),
        ("duration", "P1DT2H", "P1DT2H", "P1DT2H"),
        ("cycle", "R3/P1W", "每隔 1 周，共 3 次", "every 1 week, 3 times"),
        ("cycle", "R/PT1M", "每隔 1 分钟", "every 1 minute"),
    ],
)
def test_a_timer_is_told_in_words(kind: str, text: str, zh: str, en: str) -> None:
    told = timer_in_words(Timer(TimerKind(kind), Expression(text)))
    assert (told.zh, told.en) == (zh, en)


def test_what_has_no_name_is_told_by_what_it_does() -> None:
    told = {one.element: one.label for one in described(EXTENSION)}
    [process] = read_diagram(EXTENSION.encode(), "extension.bpmn").processes.values()
    for name, element in process.elements.items():
        assert told[name].zh.strip()
        assert name not in told[name].zh, "an id is no name"
        if element.kind.endswith("Gateway") and not element.name.strip():
            assert told[name].zh.startswith("排他网关（汇合后到“")
            assert told[name].en.startswith("Exclusive gateway (joins, on to “")


def diagram(before: str | None, after: str) -> list[Difference]:
    return list(differences(Document(Kind.DIAGRAM, "extension"), before, after))


def table(before: str | None, after: str) -> list[Difference]:
    return list(differences(Document(Kind.TABLE, "time_limits"), before, after))


def lines(found: list[Difference]) -> list[str]:
    return [
        f"{one.what.value} {one.subject.zh} {one.aspect.zh}: {one.before.zh} -> {one.after.zh}"
        for one in found
    ]


def edited(text: str, before: str, after: str, count: int = 1) -> str:
    assert before in text, before
    return text.replace(before, after, count)


def at(text: str, found: re.Match[str], new: str) -> str:
    """The text with the first group of a match replaced there."""
    return text[: found.start(1)] + new + text[found.end(1) :]


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        (
            '<jieban:name en="Extension of the limit" /></bpmn:extensionElements>\n    <bpmn:lane',
            '<jieban:name en="More time" /></bpmn:extensionElements>\n    <bpmn:lane',
            "changed 流程 英文名称: Extension of the limit -> More time",
        ),
        (
            'name="duty_manager" /></bpmn:extensionElements>\n        <bpmn:flowNodeRef',
            'name="leader" /></bpmn:extensionElements>\n        <bpmn:flowNodeRef',
            "changed 热线中心 角色: 值班长 -> 分管领导",
        ),
        (
            'required="true"',
            'required="false"',
            "changed 申请延期 字段“days”·必填: 是 -> 否",
        ),
        (
            'cancelActivity="false"',
            'cancelActivity="true"',
            "中断: 否 -> 是",
        ),
        (
            '<jieban:service name="close_procedure">',
            '<jieban:service name="notify_unit">',
            "服务: close_procedure -> notify_unit",
        ),
    ],
)
def test_one_edit_of_a_diagram_is_one_sentence(before: str, after: str, told: str) -> None:
    found = lines(diagram(EXTENSION, edited(EXTENSION, before, after)))
    assert len(found) == 1, found
    assert told in found[0]


@pytest.mark.parametrize("file", sorted(DIAGRAMS.glob("*.bpmn")), ids=lambda file: file.stem)
def test_a_diagram_does_not_differ_from_itself_written_otherwise(file: Path) -> None:
    text = file.read_text()
    what = Document(Kind.DIAGRAM, file.stem)
    assert differences(what, text, text) == ()
    (only,) = differences(what, text, re.sub(r">\s+<", ">\n<", text))
    assert only.what is What.LAYOUT


@pytest.mark.parametrize("file", sorted(RULES.glob("*.dmn")), ids=lambda file: file.stem)
def test_a_table_does_not_differ_from_itself_written_otherwise(file: Path) -> None:
    text = file.read_text()
    what = Document(Kind.TABLE, file.stem)
    (only,) = differences(what, text, re.sub(r">\s+<(?!/text)", ">\n<", text))
    assert only.what is What.LAYOUT


def test_every_condition_of_the_main_diagram_that_changes_is_told() -> None:
    conditions = list(re.finditer(r"<bpmn:conditionExpression[^>]*>([^<]+)<", MAIN))
    assert len(conditions) > 10
    for found in conditions:
        (only,) = diagram(MAIN, at(MAIN, found, f"{found[1]} and true"))
        assert only.aspect.zh == "条件"
        assert only.after.zh == f"{only.before.zh} and true"


def test_every_service_parameter_that_changes_is_told() -> None:
    parameters = list(
        re.finditer(r"""<jieban:parameter name="\w+" value=["']([^"']*|"\w+")'""", MAIN)
    )
    assert len(parameters) > 5
    for found in parameters:
        (only,) = diagram(MAIN, at(MAIN, found, "null"))
        assert only.aspect.zh.startswith("参数")
        assert (only.before.zh, only.after.zh) == (found[1], "null")


def test_a_step_put_between_two_others_is_told_with_its_flows_and_fields() -> None:
    flow = re.search(r'<bpmn:sequenceFlow id="(\w+)"[^>]*targetRef="(approved)"[^>]*/>', EXTENSION)
    assert flow is not None
    visit = (
        '<bpmn:userTask id="site_visit" name="现场核实"><bpmn:extensionElements>'
        '<jieban:role name="unit_handler" /><jieban:form><jieban:field name="seen" type="text" '
        'label="所见" required="true" /></jieban:form></bpmn:extensionElements></bpmn:userTask>'
        '<bpmn:sequenceFlow id="visit_to_approved" sourceRef="site_visit" targetRef="approved" />'
    )
    after = EXTENSION.replace(
        flow[0], flow[0].replace('targetRef="approved"', 'targetRef="site_visit"') + visit
    )
    found = lines(diagram(EXTENSION, after))
    assert "added 现场核实 环节:  -> 人工任务" in found
    assert "added 现场核实 角色:  -> 承办人" in found
    assert "added 现场核实 字段“seen”·必填:  -> 是" in found
    assert any(line.startswith("changed") and "到: 同意？ -> 现场核实" in line for line in found)
    assert "added 现场核实 → 同意？ 连线:  -> " in found
    back = lines(diagram(after, EXTENSION))
    assert "removed 现场核实 环节: 人工任务 -> " in back


def test_an_element_drawn_anew_under_another_id_is_the_same_element() -> None:
    after = EXTENSION.replace('"tell_refusal"', '"tell_them"').replace(
        ">tell_refusal<", ">tell_them<"
    )
    found = diagram(EXTENSION, after)
    assert [one.what for one in found] == [What.LAYOUT]


def test_a_new_diagram_is_all_added() -> None:
    found = diagram(None, EXTENSION)
    assert {one.what for one in found} <= {What.ADDED, What.CHANGED}
    assert "added 审批 环节:  -> 子流程" in lines(found)


def test_a_text_that_cannot_be_read_is_compared_by_lines() -> None:
    found = diagram(EXTENSION, "<oops/>")
    assert found
    assert all("无法读取" in one.subject.zh for one in found)


def rows(text: str) -> list[str]:
    return re.findall(r"\n *<rule .*?</rule>", text, re.DOTALL)


def test_a_cell_that_changed_is_told_by_row_and_heading() -> None:
    row = rows(LIMITS)[4]
    cells = re.findall(r"<text>([^<]*)</text>", row)
    number = next(cell for cell in cells if cell.isdecimal())
    after = LIMITS.replace(row, row.replace(f"<text>{number}<", "<text>99<", 1))
    assert lines(table(LIMITS, after)) == [f"changed 第 5 行 数量: {number} -> 99"]


def test_a_row_put_in_front_changes_nothing_about_the_others() -> None:
    first = rows(LIMITS)[0]
    new = re.sub(r"<text>[^<]*</text>", '<text>"新"</text>', first).replace("row_1", "row_new")
    found = table(LIMITS, LIMITS.replace(first, new + first))
    assert [(one.what, one.row) for one in found] == [(What.ADDED, 1)]
    back = table(LIMITS.replace(first, new + first), LIMITS)
    assert [(one.what, one.old_row) for one in back] == [(What.REMOVED, 1)]


def test_rows_that_moved_under_first_are_told_and_under_unique_only_counted() -> None:
    first, second = rows(LIMITS)[:2]
    swapped = LIMITS.replace(first, "@").replace(second, first).replace("@", second)
    unique = 'hitPolicy="UNIQUE"'
    assert unique in LIMITS
    assert [one.what for one in table(LIMITS, swapped)] == [What.LAYOUT]
    ordered = [text.replace(unique, 'hitPolicy="FIRST"') for text in (LIMITS, swapped)]
    (moved,) = table(*ordered)
    assert moved.what is What.MOVED


def test_hit_policy_headings_and_columns_are_told() -> None:
    after = edited(LIMITS, 'hitPolicy="UNIQUE"', 'hitPolicy="FIRST"')
    after = edited(after, 'label="数量"', 'label="时限"')
    assert [(one.aspect.zh, one.before.zh, one.after.zh) for one in table(LIMITS, after)] == [
        ("命中策略", "UNIQUE", "FIRST"),
        ("列名", "数量", "时限"),
    ]


def test_the_type_of_an_input_that_changed_is_told() -> None:
    after = edited(
        LIMITS, 'typeRef="string" />\n  </inputData>', 'typeRef="number" />\n  </inputData>'
    )
    (only,) = table(LIMITS, after)
    assert only.what is What.CHANGED
    assert "inputData" in only.subject.zh
