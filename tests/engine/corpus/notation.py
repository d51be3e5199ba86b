"""A compact notation for small diagrams, and the BPMN XML it stands for.

    start s -> g
    xor g default=b -> a [x > 1], b
    sub handle -> e {
      start hs -> work
      user work -> he
      end he
    }
    boundary late on=handle non timer=PT1H -> remind
    service remind call=[notify] give=[who="unit"] keep=[sent] -> re

A line is: kind, id, options (key=word, key=[text], bare flags, @attribute=value), then the ways
out. `process id` begins another process. A line beginning with `+` is raw XML inside the element
above, `~` raw XML inside the scope, `!` raw XML beside the processes. Flows are named
source_target; definitions of messages and the like are made from their names.
"""

import re
from collections import Counter
from dataclasses import dataclass, field
from xml.sax.saxutils import escape, quoteattr

KINDS = {
    "start": "startEvent",
    "end": "endEvent",
    "task": "task",
    "user": "userTask",
    "manual": "manualTask",
    "service": "serviceTask",
    "rule": "businessRuleTask",
    "send": "sendTask",
    "receive": "receiveTask",
    "script": "scriptTask",
    "xor": "exclusiveGateway",
    "and": "parallelGateway",
    "or": "inclusiveGateway",
    "events": "eventBasedGateway",
    "complex": "complexGateway",
    "sub": "subProcess",
    "transaction": "transaction",
    "adhoc": "adHocSubProcess",
    "call": "callActivity",
    "catch": "intermediateCatchEvent",
    "throw": "intermediateThrowEvent",
    "boundary": "boundaryEvent",
}
NAMED = ("message", "signal", "error", "escalation")
PLAIN = ("terminate", "compensate", "cancel", "link", "conditional")

_OPTION = re.compile(r"(@?[\w:]+)(?:=(?:\[((?:[^\[\]]|\[[^\]]*\])*)\]|(\S+)))?\s*")
_WAY = re.compile(r"\s*([\w.\-]+)\s*(?:\[((?:[^\[\]]|\[[^\]]*\])*)\])?\s*")


@dataclass
class _Writer:
    out: list[str] = field(default_factory=list)
    defined: dict[str, set[str]] = field(default_factory=lambda: {kind: set() for kind in NAMED})
    beside: list[str] = field(default_factory=list)
    flow_ids: Counter[str] = field(default_factory=Counter)


def to_xml(text: str, *, language: str | None = None) -> bytes:
    """The BPMN document a text in the notation stands for."""
    writer = _Writer()
    lines = [line.strip() for line in text.strip().splitlines()]
    lines = [line for line in lines if line and not line.startswith("#")]
    if not lines[0].startswith("process"):
        lines.insert(0, "process p")
    position = 0
    while position < len(lines):
        position = _process(lines, position, writer)
    definitions = []
    for kind in NAMED:
        for name in sorted(writer.defined[kind]):
            code = f" {kind}Code={quoteattr(name)}" if kind in {"error", "escalation"} else ""
            definitions.append(f'<bpmn:{kind} id="{kind}_{name}" name={quoteattr(name)}{code}/>')
    spoken = f" expressionLanguage={quoteattr(language)}" if language else ""
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL" '
        'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" '
        'xmlns:jieban="https://jieban.dev/bpmn/1.0" '
        'xmlns:camunda="http://camunda.org/schema/1.0/bpmn" '
        'xmlns:zeebe="http://camunda.org/schema/zeebe/1.0" '
        'xmlns:spiffworkflow="http://spiffworkflow.org/bpmn/schema/1.0/core" '
        f'xmlns:other="urn:other" id="definitions_1" targetNamespace="urn:corpus"{spoken}>\n'
        + "\n".join(definitions + writer.out + writer.beside)
        + "\n</bpmn:definitions>\n"
    ).encode()


def _process(lines: list[str], position: int, writer: _Writer) -> int:
    _word, name, options = _head(lines[position].partition("->")[0])
    attributes = {"isExecutable": "true"} | _raw(options)
    shown = "".join(f" {key}={quoteattr(value)}" for key, value in attributes.items())
    writer.out.append(f'<bpmn:process id="{name}"{shown}>')
    position = _scope(lines, position + 1, writer)
    writer.out.append("</bpmn:process>")
    return position


def _scope(lines: list[str], position: int, writer: _Writer) -> int:
    """Write elements until the scope ends; their flows follow them."""
    flows: list[str] = []
    while position < len(lines) and not lines[position].startswith("process "):
        line = lines[position]
        position += 1
        if line == "}":
            break
        if line.startswith("~"):
            writer.out.append(line[1:].strip())
            continue
        if line.startswith("!"):
            writer.beside.append(line[1:].strip())
            continue
        position = _element(line, lines, position, writer, flows)
    writer.out.extend(flows)
    return position


def _element(line: str, lines: list[str], position: int, writer: _Writer, flows: list[str]) -> int:
    opens = line.endswith("{")
    head, _, ways = line.removesuffix("{").partition("->")
    kind, name, options = _head(head)
    tag = KINDS[kind]
    default = options.get("default")
    attributes = {"id": name}
    if "name" in options:
        attributes["name"] = options["name"]
    if default:
        attributes["default"] = f"{name}_{default}"
    if kind == "boundary":
        attributes["attachedToRef"] = options["on"]
        if "non" in options:
            attributes["cancelActivity"] = "false"
    if kind == "call" and "of" in options:
        attributes["calledElement"] = options["of"]
    if kind in {"receive", "send"} and "message" in options:
        attributes["messageRef"] = f"message_{options['message']}"
        writer.defined["message"].add(options["message"])
    attributes |= _raw(options)
    shown = "".join(f" {key}={quoteattr(value)}" for key, value in attributes.items())
    writer.out.append(f"<bpmn:{tag}{shown}>")
    raw: list[str] = []
    while position < len(lines) and lines[position].startswith("+"):
        raw.append(lines[position][1:].strip())
        position += 1
    writer.out.extend(_extensions(kind, options))
    writer.out.extend(raw)
    if kind in {"start", "end", "catch", "throw", "boundary"}:
        writer.out.extend(_events(options, writer))
    writer.out.extend(_loop(options))
    if opens:
        position = _scope(lines, position, writer)
    writer.out.append(f"</bpmn:{tag}>")
    for way in _ways(ways):
        flows.append(_flow(name, *way, writer))
    return position


def _head(text: str) -> tuple[str, str, dict[str, str]]:
    kind, name, *rest = text.strip().split(None, 2)
    options: dict[str, str] = {}
    for key, bracketed, bare in _OPTION.findall(rest[0] if rest else ""):
        options[key] = bracketed or bare
    return kind, name, options


def _raw(options: dict[str, str]) -> dict[str, str]:
    return {key[1:]: value for key, value in options.items() if key.startswith("@")}


def _ways(text: str) -> list[tuple[str, str]]:
    found = []
    while text.strip():
        matched = _WAY.match(text)
        assert matched, text
        found.append((matched[1], matched[2] or ""))
        text = text[matched.end() :].lstrip(", ")
    return found


def _flow(source: str, target: str, condition: str, writer: _Writer) -> str:
    name = f"{source}_{target}"
    writer.flow_ids[name] += 1
    if writer.flow_ids[name] > 1:
        name += str(writer.flow_ids[name])
    inside = ""
    if condition:
        inside = (
            '<bpmn:conditionExpression xsi:type="bpmn:tFormalExpression">'
            f"{escape(condition)}</bpmn:conditionExpression>"
        )
    return (
        f'<bpmn:sequenceFlow id="{name}" sourceRef="{source}" targetRef="{target}">'
        f"{inside}</bpmn:sequenceFlow>"
    )


def _extensions(kind: str, options: dict[str, str]) -> list[str]:
    inside = []
    if "call" in options and kind in {"service", "send"}:
        parts = []
        for pair in filter(None, options.get("give", "").split(";")):
            key, _, value = pair.partition("=")
            parts.append(
                f'<jieban:parameter name="{key.strip()}" value={quoteattr(value.strip())}/>'
            )
        parts += [
            f'<jieban:result name="{key.strip()}"/>'
            for key in filter(None, options.get("keep", "").split(","))
        ]
        inside.append(f"<jieban:service name={quoteattr(options['call'])}>{''.join(parts)}"
                      "</jieban:service>")  # fmt: skip
    if "decision" in options:
        result = f' result="{options["result"]}"' if "result" in options else ""
        inside.append(f'<jieban:decision key="{options["decision"]}"{result}/>')
    if "role" in options:
        inside.append(f'<jieban:role name="{options["role"]}"/>')
    if "form" in options:
        inside.append(f"<jieban:form>{options['form']}</jieban:form>")
    if not inside:
        return []
    return [f"<bpmn:extensionElements>{''.join(inside)}</bpmn:extensionElements>"]


def _events(options: dict[str, str], writer: _Writer) -> list[str]:
    found = []
    for kind in NAMED:
        if kind not in options:
            continue
        name = options[kind]
        ref = ""
        if name != "*":
            writer.defined[kind].add(name)
            ref = f' {kind}Ref="{kind}_{name}"'
        found.append(f"<bpmn:{kind}EventDefinition{ref}/>")
    for kind in PLAIN:
        if kind in options:
            found.append(f"<bpmn:{kind}EventDefinition/>")
    for key, tag in (("timer", "timeDuration"), ("at", "timeDate"), ("every", "timeCycle")):
        if key in options:
            text = escape(options[key])
            found.append(
                f'<bpmn:timerEventDefinition><bpmn:{tag} xsi:type="bpmn:tFormalExpression">{text}'
                f"</bpmn:{tag}></bpmn:timerEventDefinition>"
            )
    return found


def _loop(options: dict[str, str]) -> list[str]:
    if "while" in options:
        before = ' testBefore="true"' if "before" in options else ""
        maximum = f' loopMaximum="{options["max"]}"' if "max" in options else ""
        return [
            (
                f"<bpmn:standardLoopCharacteristics{before}{maximum}>"
                f"<bpmn:loopCondition>{escape(options['while'])}</bpmn:loopCondition>"
                "</bpmn:standardLoopCharacteristics>"
            )
        ]
    if "each" not in options and "times" not in options:
        return []
    inside = ""
    if "each" in options:
        names = "".join(
            f' {key}="{options[key]}"' for key in ("as", "collect", "into") if key in options
        )
        inside = (
            f"<bpmn:extensionElements><jieban:each of={quoteattr(options['each'])}{names}/>"
            "</bpmn:extensionElements>"
        )
    elif "collect" in options:
        inside = (
            f'<bpmn:extensionElements><jieban:each collect="{options["collect"]}" '
            f'into="{options["into"]}"/></bpmn:extensionElements>'
        )
    if "times" in options:
        inside += f"<bpmn:loopCardinality>{escape(options['times'])}</bpmn:loopCardinality>"
    if "until" in options:
        inside += f"<bpmn:completionCondition>{escape(options['until'])}</bpmn:completionCondition>"
    sequential = ' isSequential="true"' if "seq" in options else ""
    return [
        (
            f"<bpmn:multiInstanceLoopCharacteristics{sequential}>{inside}"
            "</bpmn:multiInstanceLoopCharacteristics>"
        )
    ]
