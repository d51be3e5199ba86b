"""What the checker says about a diagram."""

from dataclasses import dataclass
from enum import StrEnum

from app.core.phrase import Phrase


class Severity(StrEnum):
    """An error refuses the diagram; a warning says what the author may not expect."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Finding:
    """One remark. `element_id` is empty where the remark is about the whole file; `line` is the
    line of the file, 0 when unknown. `field` names the field of the element's form it is about,
    if it is about one.
    """

    code: str
    severity: Severity
    element_id: str
    element_name: str
    phrase: Phrase
    line: int
    file_name: str
    field: str = ""


def is_refused(findings: tuple[Finding, ...]) -> bool:
    """Whether a diagram with these findings may not run."""
    return any(finding.severity is Severity.ERROR for finding in findings)
