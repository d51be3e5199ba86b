"""What speaks for a change: weighed before it is proposed, shown to its approver, and kept."""

from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.core.db import Sessions, reading
from app.core.errors import Invalid
from app.core.phrase import Phrase
from app.design import checking, comparing, documents, trying
from app.design.checking import Finding
from app.design.differences import Difference
from app.design.documents import Document
from app.design.models import DesignChange, Kind
from app.design.replay.models import DesignReplay, ReplayStatus, snapshot
from app.design.trying import Report


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
    trial: Report
    """What came of the scenarios of the processes that the change may touch."""
    replay: int | None = None
    """The newest replay of real cases under exactly these drafts, if there is one."""

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
        self._require_scenarios()

    def _require_scenarios(self) -> None:
        if self.trial.ok:
            return
        failed = [one for one in self.trial.results if one.difference is not None]
        if failed:
            name, why = failed[0].scenario.name, failed[0].difference
            count = len(failed)
        else:
            key, why = next(iter(self.trial.unreadable.items()))
            name, count = Phrase(key, key), len(self.trial.unreadable)
        assert why is not None
        raise Invalid(
            Phrase(
                f"{count} 个情景与预期不符，须先改正流程或情景。“{name.zh}”：{why.zh}",
                f"{count} scenarios came out otherwise than expected: put the process or the "
                f"scenario right first. “{name.en}”: {why.en}",
            )
        )

    def to_json(self) -> dict[str, object]:
        """The evidence as it is kept with the change."""
        return {
            "trial": self.trial.to_json(),
            "replay": self.replay,
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


def weigh(sessions: Sessions, now: datetime, change_id: int) -> Evidence:
    """Check, compare and try the drafts of a change as they stand; nothing is written. What the
    checkers refuse is not tried: raises `Invalid` at once.

    Takes half a second a scenario: not within a transaction. A draft saved meanwhile makes the
    evidence one of the earlier revisions, which is no longer good for proposing.
    """
    with reading(sessions) as session:
        change = session.get_one(DesignChange, change_id)
        revisions = _revisions(change)
        checking.require_good(checking.check_change(session, change))
        only = trying.concerned(session, change_id)
    trial = trying.run_all(sessions, now, change_id, only=only)
    with reading(sessions) as session:
        found = examine(session, session.get_one(DesignChange, change_id), trial)
    return replace(found, revisions=revisions)


def examine(session: Session, change: DesignChange, trial: Report) -> Evidence:
    """Check and compare the drafts of a change, with what came of its scenarios."""
    return Evidence(
        revisions=_revisions(change),
        documents=tuple(_compared(session, change)),
        findings=checking.check_change(session, change),
        trial=trial,
        replay=replay_of(session, change),
    )


def replay_of(session: Session, change: DesignChange) -> int | None:
    """The newest replay of real cases under exactly these drafts that was finished."""
    return session.scalar(
        select(DesignReplay.id)
        .where(
            DesignReplay.change_id == change.id,
            DesignReplay.status == ReplayStatus.DONE,
            DesignReplay.drafts == snapshot(checking.texts_of(change)),
        )
        .order_by(DesignReplay.id.desc())
        .limit(1)
    )


def _revisions(change: DesignChange) -> dict[int, int]:
    return {one.id: one.revision for one in change.drafts}


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
                documents.title_of(session, what, draft.content),
                draft.based_on,
                draft.restores,
                documents.digest(draft.content),
                comparing.differences(what, before, draft.content),
            )
        )
    return found
