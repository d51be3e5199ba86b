"""A diagram as text: one line per element, for reading and comparing without coordinates.

    process work_order 工单
    startEvent begin -> reply
    userTask reply 答复 for handler (result!, note) -> done
    boundaryEvent overdue on reply after PT72H, which stays open -> remind

Every diagram in `bpmn/` has its outline beside it; a test keeps them in step.
"""

from collections.abc import Iterator

from app.engine.allowed import BY_PEOPLE
from app.engine.diagram import Diagram, Element, Flow, Loop, LoopKind, Process, TimerKind
from app.engine.forms import Field


def outline(diagram: Diagram) -> str:
    """The outline of all processes of a file, ending with a line break."""
    lines: list[str] = []
    for process in diagram.processes.values():
        note = "" if process.executable else " (not executable)"
        lines.append(f"process {process.id} {process.name}".rstrip() + note)
        lines += _scope(diagram, process, process.id, "")
        lines.append("")
    return "\n".join(lines)


def _scope(diagram: Diagram, process: Process, scope: str, indent: str) -> Iterator[str]:
    for element in in_walking_order(process, scope):
        yield indent + " ".join(part for part in _line(diagram, process, element) if part)
        if element.kind == "subProcess":
            yield from _scope(diagram, process, element.id, indent + "    ")


def in_walking_order(process: Process, scope: str) -> list[Element]:
    """What lies directly in a process or sub-process: depth first along the flows from the
    beginning, boundary events after their activity.
    """
    inside = list(process.within(scope))
    beginnings = [e for e in inside if not e.incoming and e.kind != "boundaryEvent"]
    found: dict[str, Element] = {}

    def visit(first: Element) -> None:
        todo = [first]
        while todo:
            element = todo.pop()
            if element.id in found:
                continue
            found[element.id] = element
            following = [process.flows[name].target for name in element.outgoing]
            following += [event.id for event in process.attached(element.id)]
            todo += [
                process.elements[name] for name in reversed(following) if name in process.elements
            ]

    for element in beginnings + inside:
        visit(element)
    return list(found.values())


def _line(diagram: Diagram, process: Process, element: Element) -> Iterator[str]:
    yield element.kind
    yield element.id
    yield " ".join(element.name.split())
    if element.attached_to:
        yield f"on {element.attached_to}"
    yield _event(diagram, element)
    if element.kind == "boundaryEvent" and not element.interrupting:
        yield "(not interrupting)"
    if element.role and (element.kind in BY_PEOPLE or element.form is not None):
        yield f"for {element.role}" + (f" of {element.unit}" if element.unit else "")
    if element.form is not None:
        yield f"({', '.join(map(_field, element.form.fields))})"
    if element.service is not None:
        call = element.service
        given = ", ".join(f"{p.name}={p.value.feel}" for p in call.parameters)
        kept = ", ".join(r.into if r.into == r.name else f"{r.into}={r.name}" for r in call.results)
        yield f"{call.name}({given})" + (f" giving {kept}" if kept else "")
    if element.decision is not None:
        result = f" giving {element.decision.result}" if element.decision.result else ""
        yield f"decides {element.decision.key} [{element.decision.binding}]{result}"
    if element.called:
        yield f"calls {element.called}"
    if element.loop is not None:
        yield _loop(element.loop)
    if element.outgoing:
        flows = (process.flows[name] for name in element.outgoing)
        yield "-> " + ", ".join(_flow(flow, element) for flow in flows)


def _field(field: Field) -> str:
    """Its name, “!” where it must be filled in, and what it depends on."""
    told = [
        f"{word} {text}"
        for word, text in (("if", field.shown_when), ("! if", field.required_when))
        if text is not None
    ]
    told += [f"where {rule.holds}" for rule in field.rules]
    return field.name + "!" * field.required + (f" [{'; '.join(told)}]" if told else "")


def _event(diagram: Diagram, element: Element) -> str:
    event = element.event
    if element.message is not None:
        message = diagram.messages.get(element.message)
        return f"message {message.name if message else element.message}"
    if event is None:
        return ""
    if event.timer is not None:
        word = {
            TimerKind.DATE: "at",
            TimerKind.DURATION: "after",
            TimerKind.CYCLE: "every",
        }[event.timer.kind]
        return f"{word} {event.timer.expression.feel}"
    definition = diagram.definition(event)
    if definition is None:
        return f"any {event.kind}" if element.kind == "boundaryEvent" else event.kind
    return f"{event.kind} {definition.code or definition.name}"


def _loop(loop: Loop) -> str:
    if loop.kind is LoopKind.STANDARD:
        bound = "" if loop.maximum is None else f" at most {loop.maximum} times"
        word = "while" if loop.test_before else "again while"
        return f"{word} {loop.condition.feel if loop.condition else ''}{bound}"
    if loop.collection is not None:
        text = f"for each {loop.item or 'item'} of {loop.collection.feel}"
    else:
        text = f"{loop.cardinality.feel if loop.cardinality else ''} times"
    if loop.kind is LoopKind.SEQUENTIAL:
        text += ", one after the other"
    if loop.completion is not None:
        text += f", until {loop.completion.feel}"
    if loop.results:
        text += f", collecting {loop.result} into {loop.results}"
    return text


def _flow(flow: Flow, element: Element) -> str:
    name = f"“{' '.join(flow.name.split())}” " if flow.name.strip() else ""
    if flow.id == element.default:
        return f"{name}otherwise {flow.target}"
    if flow.condition is not None:
        return f"{name}if {flow.condition.feel}: {flow.target}"
    return f"{name}{flow.target}"
