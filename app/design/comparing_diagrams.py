"""What differs between two diagrams: elements, what they say, the flows between them.

Elements are known by their ids; one that was drawn anew under another id is known by its kind and
name. Flows are known by what they connect.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from lxml import etree

from app.cases.attachments import KINDS as ATTACHED
from app.cases.attachments import SORTS
from app.core.phrase import Phrase
from app.design.diagram_words import called, kind_of, timer_in_words
from app.design.differences import NOTHING, Difference, What
from app.engine.allowed import BY_PEOPLE
from app.engine.diagram import (
    Diagram,
    Element,
    EventDefinition,
    Flow,
    Lane,
    Loop,
    LoopKind,
    Process,
    read_diagram,
)
from app.engine.forms import Field, FieldType, FileSort, Form
from app.engine.markup import Node, bpmn, read_xml, text
from app.engine.outline import in_walking_order
from app.identity.policy import ROLE_NAMES

_ELEMENT = Phrase("环节", "Element")
_FLOW = Phrase("连线", "Flow")
_LANE = Phrase("泳道", "Lane")
_DI = "{http://www.omg.org/spec/BPMN/20100524/DI}"

Aspects = Mapping[Phrase, Phrase]
"""What something says, part by part."""


def differences(before: str, after: str) -> list[Difference]:
    """Every difference of the diagram `after` from `before`. Raises `Invalid` for no diagram."""
    old, new = _read(before), _read(after)
    found: list[Difference] = []
    found += _of_processes(old, new)
    pairs = _pairs(old, new)
    found += _of_elements(old, new, pairs)
    found += _of_flows(old, new, pairs)
    found += _of_lanes(old, new)
    found += _of_notes(old, new)
    found += _of_layout(old, new)
    return found


@dataclass(frozen=True, slots=True)
class _Side:
    """One of the two diagrams, with what reading for execution leaves out."""

    diagram: Diagram
    process: Process
    root: Node
    documentation: Mapping[str, str]
    units: Mapping[str, Phrase]

    def element(self, element_id: str) -> Element:
        return self.process.elements[element_id]

    def label(self, element_id: str) -> Phrase:
        element = self.process.elements.get(element_id)
        return _plain(element_id) if element is None else called(self.process, element)


def _read(content: str, units: Mapping[str, Phrase] | None = None) -> _Side:
    data = content.encode()
    diagram = read_diagram(data, "diagram.bpmn")
    root = read_xml(data, "diagram.bpmn")
    documentation = {
        str(parent.get("id")): text(node)
        for node in root.iter(bpmn("documentation"))
        if (parent := node.getparent()) is not None and parent.get("id")
    }
    return _Side(diagram, next(iter(diagram.processes.values())), root, documentation, units or {})


# --- one diagram in words -------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Described:
    """An element in words: what it is called, what it is, all that it says, and how deep in
    sub-processes it lies (from 0).
    """

    element: str
    label: Phrase
    kind: Phrase
    level: int
    aspects: Aspects


def described(content: str, units: Mapping[str, Phrase] | None = None) -> list[Described]:
    """The elements of a diagram, along its flows; `units` are the names of units by their codes.

    Raises `Invalid` for no diagram.
    """
    side = _read(content, units)
    return list(_described(side, side.process.id, 0))


def _described(side: _Side, scope: str, level: int) -> Iterator[Described]:
    for element in in_walking_order(side.process, scope):
        said = _aspects(side, element) | dict(_ways(side, element))
        told = {one: value for one, value in said.items() if one not in _TOLD_BY_BEING_ADDED}
        yield Described(element.id, side.label(element.id), kind_of(element), level, told)
        yield from _described(side, element.id, level + 1)


def _ways(side: _Side, element: Element) -> Iterator[tuple[Phrase, Phrase]]:
    """Where an element leads, and under which condition."""
    for flow in (side.process.flows[one] for one in element.outgoing):
        target = side.label(flow.target)
        condition = _condition(flow)
        if condition == NOTHING:
            condition = Phrase("默认", "Otherwise") if element.default == flow.id else _ALWAYS
        yield Phrase(f"去往“{target.zh}”", f"On to “{target.en}”"), condition


_ALWAYS = Phrase("不附条件", "Always")


# --- elements ---------------------------------------------------------------------------------


def _pairs(old: _Side, new: _Side) -> dict[str, str]:
    """Which element of the newer diagram is which of the older one."""
    before, after = old.process.elements, new.process.elements
    pairs = {name: name for name in after if name in before}
    lost = [e for e in before.values() if e.id not in after]
    for element in after.values():
        if element.id in pairs or not element.name.strip():
            continue
        same = [e for e in lost if (e.kind, e.name) == (element.kind, element.name)]
        if len(same) == 1:
            pairs[element.id] = same[0].id
            lost.remove(same[0])
    return pairs


def _of_elements(old: _Side, new: _Side, pairs: Mapping[str, str]) -> Iterator[Difference]:
    kept = set(pairs.values())
    for element in old.process.elements.values():
        if element.id not in kept:
            yield Difference(
                What.REMOVED, old.label(element.id), _ELEMENT, before=kind_of(element),
                element=element.id,
                old_element=element.id,
            )  # fmt: skip
    for element in new.process.elements.values():
        if element.id not in pairs:
            yield from _added(new, element)
            continue
        earlier = old.element(pairs[element.id])
        yield from _changed(
            _aspects(old, earlier),
            _aspects(new, element),
            new.label(element.id),
            element.id,
            earlier.id,
        )


def _added(side: _Side, element: Element) -> Iterator[Difference]:
    yield Difference(
        What.ADDED, side.label(element.id), _ELEMENT, after=kind_of(element), element=element.id
    )
    for aspect, value in _aspects(side, element).items():
        if aspect not in _TOLD_BY_BEING_ADDED and value != NOTHING:
            yield Difference(What.ADDED, side.label(element.id), aspect, NOTHING, value, element.id)


def _changed(
    before: Aspects, after: Aspects, subject: Phrase, element: str, old_element: str
) -> Iterator[Difference]:
    for aspect in [*before, *(one for one in after if one not in before)]:
        was, becomes = before.get(aspect, NOTHING), after.get(aspect, NOTHING)
        if was == becomes:
            continue
        what = What.CHANGED
        if aspect not in before or was == NOTHING:
            what = What.ADDED
        elif aspect not in after or becomes == NOTHING:
            what = What.REMOVED
        yield Difference(what, subject, aspect, was, becomes, element, old_element)


_NAME = Phrase("名称", "Name")
_NAME_EN = Phrase("英文名称", "English name")
_KIND = Phrase("类型", "Kind")
_ROLE = Phrase("角色", "Role")
_UNIT = Phrase("指定单位", "Unit")
_TOLD_BY_BEING_ADDED = frozenset({_NAME, _NAME_EN, _KIND})


def _aspects(side: _Side, element: Element) -> dict[Phrase, Phrase]:
    """All that an element says, part by part, in the order in which a reader asks."""
    return {aspect: value for aspect, value in _said(side, element) if value != NOTHING}


def _said(side: _Side, element: Element) -> Iterator[tuple[Phrase, Phrase]]:
    yield _KIND, kind_of(element)
    yield _NAME, _plain(" ".join(element.name.split()))
    yield _NAME_EN, _plain(element.name_en or "")
    if element.kind in BY_PEOPLE or element.form is not None:
        yield _ROLE, _role(element.role)
        yield _UNIT, side.units.get(element.unit or "", _plain(element.unit or ""))
    if element.scope != side.process.id:
        yield Phrase("所在子流程", "Inside"), side.label(element.scope)
    if element.attached_to:
        yield Phrase("附着于", "Attached to"), side.label(element.attached_to)
    for event in element.events:
        yield from _event(side.diagram, event)
    if element.events and element.kind in {"boundaryEvent", "startEvent"}:
        yield Phrase("中断", "Interrupting"), _yes(element.interrupting)
    if element.message is not None:
        message = side.diagram.messages.get(element.message)
        yield Phrase("消息", "Message"), _plain(message.name if message else element.message)
    if element.loop is not None:
        yield from _loop(element.loop)
    if element.called:
        yield Phrase("调用的流程", "Called process"), _plain(element.called)
    yield from _calls(element)
    if element.default and element.default in side.process.flows:
        target = side.process.flows[element.default].target
        yield Phrase("默认去向", "Default flow to"), side.label(target)
    if element.form is not None:
        yield from _form(element.form)
    yield Phrase("说明文字", "Documentation"), _plain(side.documentation.get(element.id, ""))


def _calls(element: Element) -> Iterator[tuple[Phrase, Phrase]]:
    """The service or the table that an element names, with what it hands over and keeps."""
    if element.service is not None:
        yield Phrase("服务", "Service"), _plain(element.service.name)
        for parameter in element.service.parameters:
            name = parameter.name
            yield Phrase(f"参数“{name}”", f"Parameter “{name}”"), _plain(parameter.value.feel)
        for result in element.service.results:
            name = result.name
            yield Phrase(f"结果“{name}”存入", f"Result “{name}” into"), _plain(result.into)
    if element.decision is not None:
        decision = element.decision
        yield Phrase("决策表", "Decision table"), _plain(decision.key)
        yield (
            Phrase("决策表版本", "Version of the table"),
            _BINDINGS.get(decision.binding, _plain(decision.binding)),
        )
        yield Phrase("结论存入", "Result into"), _plain(decision.result or "")


_BINDINGS = {
    "case": Phrase("随工单开始时的版本", "As when the case began"),
    "current": Phrase("始终用最新版本", "Always the newest"),
}


def _event(diagram: Diagram, event: EventDefinition) -> Iterator[tuple[Phrase, Phrase]]:
    if event.timer is not None:
        kind = {
            "date": Phrase("定时：时刻", "Timer: instant"),
            "duration": Phrase("定时：时长", "Timer: duration"),
            "cycle": Phrase("定时：周期", "Timer: cycle"),
        }[event.timer.kind.value]
        yield kind, timer_in_words(event.timer)
        return
    words = _EVENTS.get(event.kind, _plain(event.kind))
    definition = diagram.definition(event)
    if definition is None:
        yield words, Phrase("任意", "Any") if event.kind in {"error", "escalation"} else _YES
    else:
        yield words, _plain(definition.code or definition.name)


_EVENTS = {
    "message": Phrase("消息", "Message"),
    "signal": Phrase("信号", "Signal"),
    "error": Phrase("错误", "Error"),
    "escalation": Phrase("升级", "Escalation"),
    "terminate": Phrase("终止", "Terminate"),
}


def _loop(loop: Loop) -> Iterator[tuple[Phrase, Phrase]]:
    yield (
        Phrase("重复", "Repeated"),
        {
            LoopKind.STANDARD: Phrase("循环", "Loop"),
            LoopKind.PARALLEL: Phrase("多个同时", "Several at once"),
            LoopKind.SEQUENTIAL: Phrase("多个依次", "Several in turn"),
        }[loop.kind],
    )
    for aspect, expression in (
        (Phrase("重复次数", "How often"), loop.cardinality),
        (Phrase("逐项对应", "For each of"), loop.collection),
        (Phrase("提前结束条件", "Ends early if"), loop.completion),
        (Phrase("循环条件", "Loop condition"), loop.condition),
    ):
        yield aspect, _plain("" if expression is None else expression.feel)
    for aspect, name in (
        (Phrase("每项名称", "Each is called"), loop.item),
        (Phrase("每项结果", "Result of each"), loop.result),
        (Phrase("全部结果", "All results"), loop.results),
    ):
        yield aspect, _plain(name or "")
    if loop.kind is LoopKind.STANDARD:
        yield Phrase("先判断", "Tested before"), _yes(loop.test_before)
        yield Phrase("最多次数", "At most"), _plain(str(loop.maximum or ""))


def _form(form: Form) -> Iterator[tuple[Phrase, Phrase]]:
    names = [field.name for field in form.fields]
    yield Phrase("字段顺序", "Order of fields"), _plain("、".join(names))
    for field in form.fields:
        yield from _field(field)


_TYPES: Mapping[FieldType, Phrase] = {
    FieldType.TEXT: Phrase("单行文字", "text"),
    FieldType.LONG_TEXT: Phrase("多行文字", "long text"),
    FieldType.NUMBER: Phrase("数字", "number"),
    FieldType.CHOICE: Phrase("单选", "choice"),
    FieldType.MULTI_CHOICE: Phrase("多选", "several choices"),
    FieldType.DATE: Phrase("日期", "date"),
    FieldType.DATETIME: Phrase("日期和时间", "date and time"),
    FieldType.BOOLEAN: Phrase("是否", "yes or no"),
    FieldType.PHONE: Phrase("电话", "phone"),
    FieldType.UNIT: Phrase("单位", "unit"),
    FieldType.UNITS: Phrase("多个单位", "several units"),
    FieldType.CATEGORY: Phrase("诉求类别", "category"),
    FieldType.DISTRICT: Phrase("区域", "district"),
    FieldType.FILES: Phrase("文件", "files"),
}


def _field(field: Field) -> Iterator[tuple[Phrase, Phrase]]:
    def of(zh: str, en: str) -> Phrase:
        name = field.name
        return Phrase(f"字段“{name}”·{zh}", f"Field “{name}”: {en}")

    yield of("标签", "label"), field.label
    yield of("类型", "type"), _TYPES[field.type]
    yield of("必填", "required"), _yes(field.required)
    yield of("提示", "help"), field.help or NOTHING
    yield of("下限", "minimum"), _plain(field.minimum or "")
    yield of("上限", "maximum"), _plain(field.maximum or "")
    files = field.type is FieldType.FILES
    least, most = ("最少个数", "最多个数") if files else ("最少字数", "最多字数")
    counted = "files" if files else "characters"
    yield of(least, f"at least {counted}"), _plain(str(field.min_length or ""))
    yield of(most, f"at most {counted}"), _plain(str(field.max_length or ""))
    yield of("格式", "pattern"), _plain(field.pattern or "")
    yield of("格式提示", "words on the pattern"), field.pattern_words or NOTHING
    yield of("显示条件", "shown when"), _plain(field.shown_when or "")
    yield of("必填条件", "required when"), _plain(field.required_when or "")
    for number, rule in enumerate(field.rules, 1):
        yield of(f"规则{number}", f"rule {number}"), _plain(rule.holds)
        yield of(f"规则{number}提示", f"words on rule {number}"), rule.message
    yield of("默认值", "default"), _plain(field.default or "")
    yield of("谁可见", "visible to"), _roles(field.visible_to)
    yield of("谁可填", "editable by"), _roles(field.editable_by)
    if files:
        yield of("文件种类", "kind of files"), ATTACHED[field.kind]
        sorts = [SORTS[one] for one in FileSort if one in field.accepts]
        yield (
            of("只收格式", "formats"),
            Phrase("、".join(one.zh for one in sorts), ", ".join(one.en for one in sorts)),
        )
        yield of("每个最大（MB）", "largest (MB)"), _plain(str(field.max_megabytes or ""))
    if field.options:
        yield (
            of("选项", "options"),
            Phrase(
                "、".join(f"{one.label.zh}（{one.value}）" for one in field.options),
                ", ".join(f"{one.label.en} ({one.value})" for one in field.options),
            ),
        )


# --- flows, lanes, notes, layout ------------------------------------------------------------------


def _of_flows(old: _Side, new: _Side, pairs: Mapping[str, str]) -> Iterator[Difference]:
    """Flows by what they connect; one that kept its id and connects other things was rewired."""
    before, after = dict(old.process.flows), dict(new.process.flows)
    for flow in list(after.values()):
        earlier = _same_flow(before, flow, pairs)
        if earlier is None:
            continue
        del before[earlier.id], after[flow.id]
        yield from _changed(
            _flow_said(old, earlier), _flow_said(new, flow), _way(new, flow), flow.id, earlier.id
        )
    for flow in before.values():
        yield Difference(
            What.REMOVED, _way(old, flow), _FLOW, before=_condition(flow), element=flow.id,
            old_element=flow.id,
        )  # fmt: skip
    for flow in after.values():
        yield Difference(
            What.ADDED, _way(new, flow), _FLOW, after=_condition(flow), element=flow.id
        )


def _same_flow(before: Mapping[str, Flow], flow: Flow, pairs: Mapping[str, str]) -> Flow | None:
    source, target = pairs.get(flow.source), pairs.get(flow.target)
    same = [one for one in before.values() if (one.source, one.target) == (source, target)]
    named = [one for one in same if one.id == flow.id]
    if named or same:
        return (named or same)[0]
    return before.get(flow.id)


def _flow_said(side: _Side, flow: Flow) -> dict[Phrase, Phrase]:
    said = {
        Phrase("从", "From"): side.label(flow.source),
        Phrase("到", "To"): side.label(flow.target),
        _NAME: _plain(" ".join(flow.name.split())),
        _NAME_EN: _plain(flow.name_en or ""),
        Phrase("条件", "Condition"): _condition(flow),
    }
    return {aspect: value for aspect, value in said.items() if value != NOTHING}


def _way(side: _Side, flow: Flow) -> Phrase:
    source, target = side.label(flow.source), side.label(flow.target)
    return Phrase(f"{source.zh} → {target.zh}", f"{source.en} → {target.en}")


def _condition(flow: Flow) -> Phrase:
    return _plain("" if flow.condition is None else flow.condition.feel)


def _of_processes(old: _Side, new: _Side) -> Iterator[Difference]:
    def said(side: _Side) -> dict[Phrase, Phrase]:
        process = side.process
        return {
            Phrase("编号", "Id"): _plain(process.id),
            _NAME: _plain(process.name),
            _NAME_EN: _plain(process.name_en or ""),
            Phrase("可执行", "Executable"): _yes(process.executable),
            Phrase("说明文字", "Documentation"): _plain(side.documentation.get(process.id, "")),
        }

    process = Phrase("流程", "Process")
    yield from _changed(said(old), said(new), process, new.process.id, old.process.id)


def _of_lanes(old: _Side, new: _Side) -> Iterator[Difference]:
    before, after = old.process.lanes, new.process.lanes
    for lane in before.values():
        if lane.id not in after:
            yield Difference(
                What.REMOVED, _plain(lane.name or lane.id), _LANE, _whose(lane), NOTHING,
                lane.id, lane.id,
            )  # fmt: skip
    for lane in after.values():
        earlier = before.get(lane.id)
        subject = _plain(lane.name or lane.id)
        if earlier is None:
            yield Difference(What.ADDED, subject, _LANE, NOTHING, _whose(lane), lane.id)
            continue
        was, becomes = _said_by_lane(earlier), _said_by_lane(lane)
        yield from _changed(was, becomes, subject, lane.id, lane.id)


def _said_by_lane(lane: Lane) -> Aspects:
    return {_NAME: _plain(lane.name), _ROLE: _role(lane.role), _UNIT: _plain(lane.unit or "")}


def _whose(lane: Lane) -> Phrase:
    role = _role(lane.role)
    return Phrase(f"{role.zh} {lane.unit or ''}".strip(), f"{role.en} {lane.unit or ''}".strip())


def _of_notes(old: _Side, new: _Side) -> Iterator[Difference]:
    def notes(side: _Side) -> dict[str, str]:
        found = side.root.iter(bpmn("textAnnotation"))
        return {str(node.get("id")): text(node.find(bpmn("text"))) for node in found}

    before, after = notes(old), notes(new)
    for name in [*before, *(one for one in after if one not in before)]:
        was, becomes = before.get(name), after.get(name)
        if was != becomes:
            what = What.CHANGED
            if was is None or becomes is None:
                what = What.ADDED if was is None else What.REMOVED
            note = Phrase("注释", "Note")
            yield Difference(what, note, note, _plain(was or ""), _plain(becomes or ""), name, name)


def _of_layout(old: _Side, new: _Side) -> Iterator[Difference]:
    """How many of the drawings that both have lie elsewhere or look different."""
    before, after = _drawings(old.root), _drawings(new.root)
    moved = sum(1 for name in after if name in before and before[name] != after[name])
    if moved:
        yield Difference(
            What.LAYOUT,
            Phrase("布局", "Layout"),
            Phrase(f"{moved} 个图形移动或改变外观", f"{moved} shapes moved or look different"),
        )


def _drawings(root: Node) -> dict[str, bytes]:
    return {
        str(node.get("bpmnElement")): etree.tostring(node, method="c14n", with_comments=False)
        for node in root.iter(f"{_DI}BPMNShape", f"{_DI}BPMNEdge")
    }


# --- words ----------------------------------------------------------------------------------------

_YES, _NO = Phrase("是", "Yes"), Phrase("否", "No")


def _yes(value: bool) -> Phrase:
    return _YES if value else _NO


def _role(role: str | None) -> Phrase:
    return NOTHING if not role else ROLE_NAMES.get(role, _plain(role))


def _roles(roles: frozenset[str]) -> Phrase:
    names = [_role(role) for role in sorted(roles)]
    return Phrase("、".join(n.zh for n in names), ", ".join(n.en for n in names))


def _plain(value: str) -> Phrase:
    return Phrase(value, value)
