"""Says whether a diagram may run: what is not executed exactly as BPMN 2.0 says is refused.

`check` looks at a bundle of files together: element by element against the allow-list, then at
references, texts and forms, then at the flow of tokens. Findings name the element, in both
languages, and say what to do instead.
"""

from collections.abc import Sequence

from app.core.errors import Invalid
from app.core.phrase import Phrase
from app.engine.content_checks import Surroundings, check_calls, check_content
from app.engine.diagram import Diagram
from app.engine.findings import Finding, Severity
from app.engine.flow_checks import check_flows
from app.engine.markup_checks import check_markup
from app.engine.remarks import Remarks


def check(
    diagrams: Sequence[Diagram], surroundings: Surroundings | None = None
) -> tuple[Finding, ...]:
    """All findings on a bundle of files, in file and line order; none: it may run as drawn."""
    around = surroundings or Surroundings()
    remarks = [Remarks(diagram) for diagram in diagrams]
    for remark in remarks:
        check_markup(remark)
        _check_executable(remark)
        for process in remark.diagram.processes.values():
            if process.executable:
                check_content(remark, process, around, diagrams)
                check_flows(remark, process)
    check_calls(remarks)
    return tuple(finding for remark in remarks for finding in remark.in_order())


def require_accepted(diagrams: Sequence[Diagram], surroundings: Surroundings | None = None) -> None:
    """Let the bundle pass, or raise `Invalid` whose `fields` tell, by element id, what is wrong."""
    refused = [f for f in check(diagrams, surroundings) if f.severity is Severity.ERROR]
    if not refused:
        return
    first = refused[0]
    zh, en = first.phrase.zh, first.phrase.en
    raise Invalid(
        Phrase(
            f"流程图有 {len(refused)} 处不能执行，请先改正。“{first.element_id}”：{zh}",
            f"The diagram has {len(refused)} errors: correct them first. "
            f"“{first.element_id}”: {en}",
        ),
        {finding.element_id: finding.phrase for finding in reversed(refused)},
    )


def _check_executable(remarks: Remarks) -> None:
    processes = remarks.diagram.processes
    if not any(process.executable for process in processes.values()):
        for process in processes.values():
            remarks.error(
                "not_executable",
                process,
                f"流程“{process.id}”没有设为可执行：请在属性中勾选可执行（isExecutable）。",
                f"The process “{process.id}” is not executable: set isExecutable on it.",
            )
        return
    for process in processes.values():
        if not process.executable:
            remarks.warning(
                "not_executable",
                process,
                f"流程“{process.id}”没有设为可执行，只作说明，不会运行。",
                f"The process “{process.id}” is not executable: it is read as a note and not run.",
            )
