"""What the story of a case tells of its moves: when, to which version, why, who agreed."""

from collections.abc import Iterator
from datetime import datetime

import orjson
from sqlalchemy.orm import Session

from app.cases.clocks import NAMES
from app.cases.explaining import Line, section
from app.cases.orders import Case
from app.cases.story import due_in_words
from app.core.clock import CHINA
from app.core.phrase import Phrase
from app.design.moving.models import CaseMove, CaseMoveLine, MoveOutcome
from app.design.moving.moves import moves_of_case


@section(Phrase("版本迁移", "Moves to another version"))
def told(session: Session, case: Case, _now: datetime) -> Iterator[Line]:
    """Each move that reached the case, with what it did to the limits."""
    for move, line in moves_of_case(session, case.demand.id):
        yield Line(in_words(move, line))
        for clock in orjson.loads(line.deadlines):
            before, after = (
                due_in_words(datetime.fromisoformat(clock[of]["due_at"]))
                for of in ("before", "after")
            )
            if before != after:
                name = NAMES.get(clock["clock"], Phrase(clock["clock"], clock["clock"]))
                yield Line(
                    Phrase(f"{name.zh}由{before}改为{after}。", f"{name.en}: {before} → {after}."),
                    depth=1,
                )


def in_words(move: CaseMove, line: CaseMoveLine) -> Phrase:
    """One move of one case in a sentence."""
    assert line.done_at is not None  # it has had its turn
    at = f"{line.done_at.astimezone(CHINA):%Y-%m-%d %H:%M}"
    back = line.outcome == MoveOutcome.UNDONE
    zh, en = ("，已撤销", ", undone since") if back else ("", "")
    return Phrase(
        f"迁移单{move.id}：流程“{move.diagram}”由第{line.from_version}版迁移到第{move.version}版"
        f"{zh}（{at}）。理由：{move.reason}（{move.asked_by_name}申请，"
        f"{move.decided_by_name}批准）",
        f'Move {move.id}: process "{move.diagram}" from version {line.from_version} to '
        f"{move.version}{en} ({at}). Reason: {move.reason} (asked for by {move.asked_by_name}, "
        f"agreed by {move.decided_by_name})",
    )
