"""Elements and timers of a diagram in words, where the diagram itself has none."""

import re

from app.cases.clocks import NAMES as CLOCKS
from app.core.phrase import Phrase
from app.design.naming import RUNGS
from app.engine.diagram import GATEWAYS, Element, Process, Timer, TimerKind

KINDS: dict[str, Phrase] = {
    "task": Phrase("任务", "Task"),
    "userTask": Phrase("人工任务", "User task"),
    "manualTask": Phrase("线下任务", "Manual task"),
    "serviceTask": Phrase("服务任务", "Service task"),
    "businessRuleTask": Phrase("决策任务", "Rule task"),
    "sendTask": Phrase("发送任务", "Send task"),
    "receiveTask": Phrase("接收任务", "Receive task"),
    "scriptTask": Phrase("脚本任务", "Script task"),
    "subProcess": Phrase("子流程", "Sub-process"),
    "callActivity": Phrase("调用流程", "Call activity"),
    "exclusiveGateway": Phrase("排他网关", "Exclusive gateway"),
    "parallelGateway": Phrase("并行网关", "Parallel gateway"),
    "inclusiveGateway": Phrase("包容网关", "Inclusive gateway"),
    "eventBasedGateway": Phrase("事件网关", "Event-based gateway"),
    "startEvent": Phrase("开始事件", "Start event"),
    "endEvent": Phrase("结束事件", "End event"),
    "intermediateCatchEvent": Phrase("捕获事件", "Catching event"),
    "intermediateThrowEvent": Phrase("抛出事件", "Throwing event"),
    "boundaryEvent": Phrase("边界事件", "Boundary event"),
}
"""What the kinds of elements are called; others show their BPMN name."""


def kind_of(element: Element) -> Phrase:
    """What an element is."""
    return KINDS.get(element.kind, Phrase(element.kind, element.kind))


def called(process: Process, element: Element) -> Phrase:
    """The name of an element; without one what it is, and where it leads or behind what it is."""
    if element.name.strip():
        return element.label
    kind = kind_of(element)
    holder = process.elements.get(element.attached_to or "")
    if holder is not None:
        host = called(process, holder)
        return Phrase(f"{kind.zh}（附于“{host.zh}”）", f"{kind.en} (on “{host.en}”)")
    ways = [process.flows[flow].target for flow in element.outgoing]
    if element.kind not in GATEWAYS or not ways:
        before = [process.flows[flow].source for flow in element.incoming]
        sources = [_named(process.elements[one]) for one in before if one in process.elements]
        if len(sources) != 1:
            return kind
        return Phrase(
            f"{kind.zh}（在“{sources[0].zh}”之后）", f"{kind.en} (after “{sources[0].en}”)"
        )
    names = [_named(process.elements[way]) for way in ways if way in process.elements]
    to_zh = "".join(f"“{name.zh}”" for name in names)
    to_en = ", ".join(f"“{name.en}”" for name in names)
    if len(ways) == 1:
        return Phrase(f"{kind.zh}（汇合后到{to_zh}）", f"{kind.en} (joins, on to {to_en})")
    return Phrase(f"{kind.zh}（分往{to_zh}）", f"{kind.en} (parts to {to_en})")


def _named(element: Element) -> Phrase:
    return element.label if element.name.strip() else kind_of(element)


def timer_in_words(timer: Timer) -> Phrase:
    """When a timer happens, as people say it; as it is written where it is computed otherwise."""
    text = timer.expression.feel
    written = Phrase(text, text)
    match timer.kind:
        case TimerKind.DATE:
            return _working(text) or _rung(text) or written
        case TimerKind.DURATION:
            return _length(text) or written
        case TimerKind.CYCLE:
            found = _CYCLE.fullmatch(text)
            length = _length(found[2]) if found else None
            if found is None or length is None:
                return written
            every = Phrase(f"每隔 {length.zh}", f"every {length.en}")
            if not found[1]:
                return every
            return Phrase(f"{every.zh}，共 {found[1]} 次", f"{every.en}, {found[1]} times")


def _working(text: str) -> Phrase | None:
    found = _WORKING.fullmatch(text)
    if found is None:
        return None
    zh, en = ("工作日", "working day") if found[1] == "days" else ("工作小时", "working hour")
    return Phrase(f"{found[2]} {zh}", _counted(found[2], en))


def _rung(text: str) -> Phrase | None:
    found = _RUNG.fullmatch(text)
    if found is None or found[2] not in RUNGS:
        return None
    clock = CLOCKS.get(found[1], Phrase(found[1], found[1]))
    rung = RUNGS[found[2]]
    return Phrase(f"{clock.zh}：{rung.zh}", f"{clock.en}: {rung.en}")


def _length(text: str) -> Phrase | None:
    found = _LENGTH.fullmatch(text)
    if found is None or found.lastgroup is None:
        return None
    zh, en = _UNITS[found.lastgroup]
    amount = found[found.lastgroup]
    return Phrase(f"{amount} {zh}", _counted(amount, en))


def _counted(amount: str, unit: str) -> str:
    return f"{amount} {unit}" + ("" if amount == "1" else "s")


_WORKING = re.compile(r"working_(days|hours)\(\s*(\d+)\s*\)")
_RUNG = re.compile(r'clock\(\s*"([^"]*)"\s*,\s*"([^"]*)"\s*\)')
_LENGTH = re.compile(
    r"P(?:(?P<weeks>\d+)W|(?P<months>\d+)M|(?P<days>\d+)D|T(?P<hours>\d+)H|T(?P<minutes>\d+)M)"
)
_CYCLE = re.compile(r"R(\d*)/(P.*)")
_UNITS = {
    "weeks": ("周", "week"),
    "months": ("个月", "month"),
    "days": ("天", "day"),
    "hours": ("小时", "hour"),
    "minutes": ("分钟", "minute"),
}
