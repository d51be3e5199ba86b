"""What speaks for a change: weighed before it is proposed, shown to its approver, and kept."""

from dataclasses import dataclass

from sqlalchemy.orm import Session

from app.core.errors import Invalid
from app.core.phrase import Phrase
from app.design import checking, comparing, documents
from app.design.checking import Finding
from app.design.differences import Difference
from app.design.documents import Document
from app.design.models import DesignChange, Kind


@dataclass(frozen=True, slots=True)
class Compared:
    """One document of a change beside the version it is based on."""

    document: Document
    title: Phrase
    based_on: int | None
    restores: int | None
    sha256: str
    differences: tuple[Difference, ...]


@dataclass(frozen=True, slots=True)
class Evidence:
    """What was found about the drafts of a change, at exactly these revisions (by draft)."""

    revisions: dict[int, int]
    documents: tuple[Compared, ...]
    findings: tuple[Finding, ...]

    def require_good(self) -> None:
        """Raise `Invalid` when the change may not be proposed as it is."""
        if not self.documents:
            raise Invalid(
                Phrase("变更单里还没有文档，请先加入。", "The change is empty: add a document.")
            )
        same = [one for one in self.documents if one.based_on is not None and not one.differences]
        if same:
            name = same[0].title
            raise Invalid(
                Phrase(
                    f"“{name.zh}”与现行版本没有差别：请修改，或移出变更单。",
                    f"“{name.en}” is the same as what is in force: change it, or take it out.",
                )
            )
        checking.require_good(self.findings)

    def to_json(self) -> dict[str, object]:
        """The evidence as it is kept with the change."""
        return {
            "documents": [
                {
                    "kind": one.document.kind.value,
                    "key": one.document.key,
                    "title": {"zh": one.title.zh, "en": one.title.en},
                    "based_on": one.based_on,
                    "restores": one.restores,
                    "sha256": one.sha256,
                    "differences": [difference.to_json() for difference in one.differences],
                }
                for one in self.documents
            ],
            "findings": [
                {
                    "kind": one.document.kind.value,
                    "key": one.document.key,
                    "code": one.code,
                    "severity": one.severity,
                    "element": one.element,
                    "element_name": one.element_name,
                    "rows": list(one.rows),
                    "column": one.column,
                    "zh": one.phrase.zh,
                    "en": one.phrase.en,
                }
                for one in self.findings
            ],
        }


def weigh(session: Session, change: DesignChange) -> Evidence:
    """Check and compare the drafts of a change as they stand; nothing is written."""
    return Evidence(
        revisions={one.id: one.revision for one in change.drafts},
        documents=tuple(_compared(session, change)),
        findings=checking.check_change(session, change),
    )


def _compared(session: Session, change: DesignChange) -> list[Compared]:
    found = []
    for draft in change.drafts:
        what = Document(Kind(draft.kind), draft.key)
        before = (
            None
            if draft.based_on is None
            else documents.version(session, what, draft.based_on).content
        )
        found.append(
            Compared(
                what,
                documents.title(what, draft.content),
                draft.based_on,
                draft.restores,
                documents.digest(draft.content),
                comparing.differences(what, before, draft.content),
            )
        )
    return found
