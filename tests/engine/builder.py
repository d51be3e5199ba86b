"""A short notation for diagrams in tests: one line per element, one per flow.

diagram("p", '''
    start s
    user reply role=handler
    xor check default=back
    end e
    s > reply > check
    check > e : result = "ok"
    back: check > reply
''')
"""

import re
from itertools import pairwise
from xml.sax.saxutils import escape, quoteattr

from app.engine.diagram import Diagram, read_diagram

KINDS = {
    "start": "startEvent", "end": "endEvent", "user": "userTask", "manual": "manualTask",
    "task": "task", "service": "serviceTask", "rule": "businessRuleTask", "send": "sendTask",
    "receive": "receiveTask", "xor": "exclusiveGateway", "and": "parallelGateway",
    "or": "inclusiveGateway", "race": "eventBasedGateway", "catch": "intermediateCatchEvent",
    "throw": "intermediateThrowEvent", "boundary": "boundaryEvent", "sub": "subProcess",
    "call": "callActivity",
}  # fmt: skip
WORDS = re.compile(r'(\w+)=("[^"]*"|\S+)')


def event(options: dict[str, str]) -> str:
    for kind in ("message", "signal", "error", "escalation"):
        if kind in options:
            return f'<bpmn:{kind}EventDefinition {kind}Ref="{kind}_{options[kind]}"/>'
    for kind in ("date", "duration", "cycle"):
        if kind in options:
            tag = f"time{kind.title()}"
            return (
                f"<bpmn:timerEventDefinition><bpmn:{tag}>{escape(options[kind])}</bpmn:{tag}>"
                "</bpmn:timerEventDefinition>"
            )
    return "<bpmn:terminateEventDefinition/>" if "terminate" in options else ""


def loop(options: dict[str, str]) -> str:
    if "while" in options:
        before = ' testBefore="true"' if "before" in options else ""
        return (
            f'<bpmn:standardLoopCharacteristics{before} loopMaximum="{options.get("max", "9")}">'
            f"<bpmn:loopCondition>{escape(options['while'])}</bpmn:loopCondition>"
            "</bpmn:standardLoopCharacteristics>"
        )
    if "each" not in options and "times" not in options:
        return ""
    inside = ""
    if "each" in options:
        inside += f"<bpmn:extensionElements><jieban:each of={quoteattr(options['each'])}"
        for name in ("as", "collect", "into"):
            if name in options:
                inside += f' {name}="{options[name]}"'
        inside += "/></bpmn:extensionElements>"
    if "times" in options:
        inside += f"<bpmn:loopCardinality>{escape(options['times'])}</bpmn:loopCardinality>"
    if "until" in options:
        inside += f"<bpmn:completionCondition>{escape(options['until'])}</bpmn:completionCondition>"
    sequential = "true" if "sequential" in options else "false"
    return (
        f'<bpmn:multiInstanceLoopCharacteristics isSequential="{sequential}">{inside}'
        "</bpmn:multiInstanceLoopCharacteristics>"
    )


def extension(options: dict[str, str]) -> str:
    inside = ""
    if "call" in options:
        results = "".join(
            f'<jieban:result name="{name}"/>'
            for name in options.get("gives", "").split(",")
            if name
        )
        parameters = "".join(
            f'<jieban:parameter name="{name}" value={quoteattr(value)}/>'
            for name, _, value in (
                p.partition(":") for p in options.get("with", "").split(";") if p
            )
        )
        inside += f'<jieban:service name="{options["call"]}">{parameters}{results}</jieban:service>'
    if "table" in options:
        inside += (
            f'<jieban:decision key="{options["table"]}" binding="{options.get("binding", "case")}"'
            f' result="{options.get("result", "")}"/>'
        )
    if "role" in options:
        inside += f'<jieban:role name="{options["role"]}"/>'
    return f"<bpmn:extensionElements>{inside}</bpmn:extensionElements>" if inside else ""


def process(key: str, text: str) -> str:  # noqa: C901 - one small grammar, read in one go
    lines = [line for line in text.splitlines() if line.strip()]
    position = 0
    names: dict[str, set[str]] = {k: set() for k in ("message", "signal", "error", "escalation")}
    flows = 0

    def block(indent: int) -> str:  # noqa: C901
        nonlocal position, flows
        out = ""
        while position < len(lines):
            line = lines[position]
            depth = len(line) - len(line.lstrip())
            if depth < indent:
                return out
            position += 1
            body = line.strip()
            if ">" in body and body.split()[0].rstrip(":") not in KINDS:
                path, _, condition = body.partition(" : ")
                flow_id, colon, rest = path.partition(": ")
                nodes = [n.strip() for n in (rest if colon else path).split(">")]
                for place, (source, target) in enumerate(pairwise(nodes)):
                    flows += 1
                    name = flow_id if colon and place == 0 else f"{key}_f{flows}"
                    out += (
                        f'<bpmn:sequenceFlow id="{name}" sourceRef="{source}" targetRef="{target}"'
                    )
                    out += (
                        f"><bpmn:conditionExpression>{escape(condition)}"
                        "</bpmn:conditionExpression></bpmn:sequenceFlow>"
                        if condition
                        else "/>"
                    )
                continue
            kind, name, *rest_words = body.split(None, 2)
            rest_text = rest_words[0] if rest_words else ""
            options = {
                k: v.strip('"') if v.startswith('"') else v for k, v in WORDS.findall(rest_text)
            }
            for flag in re.sub(WORDS, "", rest_text).split():
                options[flag] = ""
            for k, found in names.items():
                if k in options:
                    found.add(options[k])
            tag = KINDS[kind]
            attributes = f'id="{name}" name="{options.get("name", name)}"'
            if "default" in options:
                attributes += f' default="{options["default"]}"'
            if kind == "boundary":
                attributes += f' attachedToRef="{options["on"]}"'
                if "beside" in options:
                    attributes += ' cancelActivity="false"'
            if kind == "call":
                attributes += f' calledElement="{options["process"]}"'
            inside = ""
            if kind in {"receive", "send"} and "message" in options:
                attributes += f' messageRef="message_{options["message"]}"'
            elif kind in {"start", "end", "catch", "throw", "boundary"}:
                inside = event(options)
            inside = extension(options) + inside + loop(options)
            if kind == "sub":
                inside += block(depth + 1)
            out += f"<bpmn:{tag} {attributes}>{inside}</bpmn:{tag}>"
        return out

    body = block(0)
    heads = "".join(
        f'<bpmn:{kind} id="{kind}_{n}" name="{n}"'
        + (f' {kind}Code="{n}"' if kind in {"error", "escalation"} and n != "any" else "")
        + "/>"
        for kind, found in names.items()
        for n in sorted(found)
    )
    return f'{heads}<bpmn:process id="{key}" name="{key}" isExecutable="true">{body}</bpmn:process>'


def document(*processes: str) -> bytes:
    return (
        '<bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL" '
        'xmlns:jieban="https://jieban.dev/bpmn/1.0" targetNamespace="https://jieban.dev/test">'
        + "".join(processes)
        + "</bpmn:definitions>"
    ).encode()


def diagram(key: str, text: str) -> Diagram:
    return read_diagram(document(process(key, text)), f"{key}.bpmn")
