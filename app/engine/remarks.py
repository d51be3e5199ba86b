"""Collects what the checker has to say about one file."""

from app.core.phrase import Phrase
from app.engine.diagram import Diagram, Element, Flow, Process
from app.engine.findings import Finding, Severity
from app.engine.markup import BPMN, Node, attribute, line, namespace

Where = Process | Element | Flow | Node | None


class Remarks:
    """The findings on one diagram, in the making."""

    def __init__(self, diagram: Diagram) -> None:
        self.diagram = diagram
        self._findings: dict[Finding, None] = {}

    def error(self, code: str, where: Where, zh: str, en: str, field: str = "") -> None:
        """The diagram may not run, because of this."""
        self._add(Severity.ERROR, code, where, Phrase(zh, en), field)

    def warning(self, code: str, where: Where, zh: str, en: str, field: str = "") -> None:
        """The diagram may run, but its author may expect something else."""
        self._add(Severity.WARNING, code, where, Phrase(zh, en), field)

    def errors(self) -> frozenset[str]:
        """The ids of the elements with errors."""
        return frozenset(f.element_id for f in self._findings if f.severity is Severity.ERROR)

    def in_order(self) -> list[Finding]:
        """The findings by line."""
        return sorted(self._findings, key=lambda finding: finding.line)

    def _add(self, severity: Severity, code: str, where: Where, phrase: Phrase, field: str) -> None:
        if where is None:
            element_id, name, at = "", "", 0
        elif isinstance(where, Process | Element | Flow):
            element_id, name, at = where.id, where.name, where.line
        else:
            owner = _owner(where)
            element_id, name, at = attribute(owner, "id"), attribute(owner, "name"), line(where)
        self._findings[
            Finding(
                code, severity, element_id, " ".join(name.split()), phrase, at,
                self.diagram.file_name, field,
            )
        ] = None  # fmt: skip


_PARTS = ("EventDefinition", "Characteristics", "Expression", "Condition", "Association")


def _owner(node: Node) -> Node:
    """The nearest BPMN element around `node` that a person can click on."""
    found: Node | None = node
    while found is not None:
        name = str(found.tag)
        if namespace(found) == BPMN and attribute(found, "id") and not name.endswith(_PARTS):
            return found
        found = found.getparent()
    return node
