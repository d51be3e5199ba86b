"""Why a limit was changed, and what a reminder set off, in words."""

from collections.abc import Iterator, Mapping

import orjson
from sqlalchemy.orm import Session

from app import engine
from app.cases.extending import GROUNDS
from app.cases.hastening import URGENCIES
from app.cases.return_ledger import DECISIONS
from app.core.phrase import Phrase
from app.engine import ClockRevisionRow, ClockRungRow


def grounds_of(revision: ClockRevisionRow) -> Phrase | None:
    """Why a limit was changed, from what was kept with the change; None where there is nothing to
    say beyond what happened.
    """
    evidence = orjson.loads(revision.evidence)
    said = list(_grounds(evidence)) if isinstance(evidence, dict) else []
    if not said:
        return None
    return Phrase("，".join(one.zh for one in said), ", ".join(one.en for one in said))


def set_off_by(session: Session, rung: ClockRungRow) -> list[Phrase]:
    """The events of diagrams that a rung set off, as they are called there."""
    found = []
    for line in rung.fired_for.split("\n"):
        process_id, _colon, element_id = line.partition(":")
        if element_id:
            bundle = engine.bundle_of_process(session, int(process_id))
            element = bundle.element(element_id)
            found.append(element.label if element is not None else Phrase("提醒", "a reminder"))
    return found


def _grounds(evidence: Mapping[str, object]) -> Iterator[Phrase]:
    number = evidence.get("number")
    if number is not None:
        yield Phrase(f"第{number}次", f"request {number}")
    if evidence.get("bulk_extension") is not None:
        bulk = evidence["bulk_extension"]
        yield Phrase(f"批量延期第{bulk}号", f"bulk extension {bulk}")
    ground = GROUNDS.get(str(evidence.get("ground")))
    if ground is not None:
        yield Phrase(f"理由：{ground.zh}", ground.en)
    if evidence.get("return_request") is not None:
        decision = DECISIONS.get(str(evidence.get("decision")), Phrase("申请退单", "asked for"))
        yield Phrase(f"退单：{decision.zh}", f"return: {decision.en.lower()}")
    if evidence.get("suspension") is not None:
        yield Phrase("挂账", "suspension")
    urgency = URGENCIES.get(str(evidence.get("urgency")))
    if urgency is not None:
        yield Phrase(f"提高为{urgency.zh}", f"now {urgency.en.lower()}")
    reason = evidence.get("reason")
    if isinstance(reason, dict):
        yield Phrase(str(reason["zh"]).rstrip("。"), str(reason["en"]).rstrip("."))
    if evidence.get("move") is not None:
        undone = bool(evidence.get("undone"))
        yield Phrase(
            f"{'撤销' if undone else ''}迁移单{evidence['move']}",
            f"move {evidence['move']}{' undone' if undone else ''}",
        )
