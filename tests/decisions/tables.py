"""Small decision tables for tests, written as rows of texts."""

from collections.abc import Sequence
from xml.sax.saxutils import escape, quoteattr

NAMESPACE = "https://www.omg.org/spec/DMN/20191111/MODEL/"


def table(
    rows: Sequence[Sequence[str]],
    inputs: Sequence[str] = ("x:number",),
    outputs: Sequence[str] = ("y:string",),
    policy: str = "UNIQUE",
    aggregation: str = "",
    values: Sequence[str] = (),
    allowed: Sequence[str] = (),
    defaults: Sequence[str] = (),
) -> bytes:
    """A model of one table `t`; columns as `name:type`, each row the cells of both."""
    parts = [
        f'<definitions xmlns="{NAMESPACE}" id="m" name="m" namespace="urn:test">',
        '<decision id="t" name="表">',
    ]
    names = [column.split(":") for column in inputs]
    for name, _ in names:
        parts.append(
            f'<informationRequirement><requiredInput href="#{name}_data"/></informationRequirement>'
        )
    kind = f' aggregation="{aggregation}"' if aggregation else ""
    parts.append(f'<decisionTable id="tt" hitPolicy="{policy}"{kind}>')
    for number, (name, type_name) in enumerate(names):
        parts.append(
            f'<input id="i{number}" label="{name}"><inputExpression typeRef="{type_name}">'
            f"<text>{name}</text></inputExpression>"
            f"{_values('inputValues', allowed, number)}</input>"
        )
    for number, column in enumerate(outputs):
        name, type_name = column.split(":")
        default = ""
        if number < len(defaults):
            default = (
                f"<defaultOutputEntry><text>{escape(defaults[number])}</text></defaultOutputEntry>"
            )
        parts.append(
            f'<output id="o{number}" name={quoteattr(name)} typeRef="{type_name}">'
            f"{_values('outputValues', values, number)}{default}</output>"
        )
    parts.append('<annotation name="依据"/>')
    for number, row in enumerate(rows, 1):
        cells = [f"<text>{escape(cell)}</text>" for cell in row]
        parts.append(f'<rule id="r{number}">')
        parts += [f"<inputEntry>{cell}</inputEntry>" for cell in cells[: len(names)]]
        parts += [f"<outputEntry>{cell}</outputEntry>" for cell in cells[len(names) :]]
        parts.append(f"<annotationEntry><text>第{number}条</text></annotationEntry></rule>")
    parts.append("</decisionTable></decision>")
    for name, type_name in names:
        parts.append(
            f'<inputData id="{name}_data" name="{name}">'
            f'<variable name="{name}" typeRef="{type_name}"/></inputData>'
        )
    parts.append("</definitions>")
    return "".join(parts).encode()


def _values(element: str, texts: Sequence[str], number: int) -> str:
    if number >= len(texts) or not texts[number]:
        return ""
    return f"<{element}><text>{escape(texts[number])}</text></{element}>"
