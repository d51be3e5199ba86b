"""Replays that designers ask for: what is run, how far it is, and what came of it."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from app.cases import clocks
from app.core import jobs
from app.core.db import Sessions, reading
from app.core.errors import Conflict, Invalid, NotFound
from app.core.phrase import Phrase
from app.core.uow import UnitOfWork
from app.design import changes, checking, trying
from app.design.documents import Document
from app.design.models import Kind
from app.design.replay import models, recorded, report
from app.design.replay.models import DesignReplay, DesignReplayPart, ReplayStatus
from app.design.replay.running import Replay
from app.engine import read_diagram
from app.identity.policy import require

JOB = "replay"


def ask(uow: UnitOfWork, since: datetime, change_id: int | None = None) -> DesignReplay:
    """Replay the cases that arrived since then, under the drafts of a change or as they were.

    The ticker does it. Raises `NotAllowed`, `NotFound`, `Invalid` where there is nothing to replay
    and `Conflict` while another replay runs.
    """
    require(uow.actor, "design.edit")
    session = uow.session
    if running(session) is not None:
        raise Conflict(
            Phrase(
                "另一次回放还在运行，请等它完成或先取消它。",
                "Another replay is running: wait until it is done, or cancel it.",
            )
        )
    drafts = "[]"
    if change_id is not None:
        drafts = models.snapshot(checking.texts_of(changes.change(session, change_id)))
    parts = recorded.parts(session, since, uow.now)
    if not parts:
        nothing = Phrase(
            "这段时间没有登记过诉求，请选择更长的时间。",
            "No demand was registered in this time: choose a longer one.",
        )
        raise Invalid(nothing, {"months": nothing})
    replay = DesignReplay(
        change_id=change_id,
        since=since,
        asked_at=uow.now,
        asked_by=uow.actor.user_id,
        asked_by_name=uow.actor.name,
        drafts=drafts,
        status=ReplayStatus.RUNNING,
        cases=sum(map(len, parts)),
    )
    session.add(replay)
    session.flush()
    for position, demands in enumerate(parts, 1):
        session.add(
            DesignReplayPart(
                replay_id=replay.id, position=position, demands=orjson.dumps(demands).decode()
            )
        )
    session.flush()
    jobs.ask(uow, JOB, len(parts))
    return replay


def cancel(uow: UnitOfWork, replay_id: int) -> None:
    """End a running replay; what was run of it is kept. Raises `NotAllowed`, `NotFound`."""
    require(uow.actor, "design.edit")
    found = replay(uow.session, replay_id)
    if found.status == ReplayStatus.RUNNING:
        found.status, found.finished_at = ReplayStatus.CANCELLED, uow.now


def replay(session: Session, replay_id: int) -> DesignReplay:
    """The replay. Raises `NotFound`."""
    found = session.get(DesignReplay, replay_id)
    if found is None:
        raise NotFound(Phrase("没有这次回放。", "There is no such replay."))
    return found


def replays(
    session: Session, change_id: int | None = None, most: int = 20
) -> Sequence[DesignReplay]:
    """The replays, of one change on request, the newest first."""
    found = select(DesignReplay).order_by(DesignReplay.id.desc()).limit(most)
    if change_id is not None:
        found = found.where(DesignReplay.change_id == change_id)
    return session.scalars(found).all()


def running(session: Session) -> DesignReplay | None:
    """The replay that is under way, if there is one."""
    return session.scalar(
        select(DesignReplay)
        .where(DesignReplay.status == ReplayStatus.RUNNING)
        .order_by(DesignReplay.id)
        .limit(1)
    )


def waiting(session: Session, replay_id: int) -> Sequence[int]:
    """The parts that were not run yet."""
    return session.scalars(
        select(DesignReplayPart.id)
        .where(DesignReplayPart.replay_id == replay_id, DesignReplayPart.result.is_(None))
        .order_by(DesignReplayPart.position)
    ).all()


def progress(session: Session, replay_id: int) -> tuple[int, int]:
    """How many parts were run, of how many."""
    done, total = session.execute(
        select(func.count(DesignReplayPart.result), func.count()).where(
            DesignReplayPart.replay_id == replay_id
        )
    ).one()
    return done, total


def run_part(sessions: Sessions, part_id: int) -> str:
    """Run one part; what came of it, as JSON. Nothing is written."""
    with reading(sessions) as session:
        part = session.get_one(DesignReplayPart, part_id)
        asked = session.get_one(DesignReplay, part.replay_id)
        demands: list[int] = orjson.loads(part.demands)
        texts = _texts_of(asked)
        recording = recorded.read(session, demands)
    with (
        Replay(sessions, recording, asked.asked_at, asked.asked_at, texts) as run,
        reading(sessions) as before,
    ):
        run.run()
        with reading(run.sessions) as after:
            result = report.compared(
                report.facts_of(before, demands),
                report.facts_of(after, run.demands),
                clocks.calendar_of(before, None),
            )
            result |= report.told(run.account)
            result["load_before"] = report.load_of(before, demands)
            result["load_after"] = report.load_of(after, run.demands)
            result["passed"] = dict(sorted(run.passed.items()))
            result["not_replayed"] = dict(recording.not_replayed)
            return orjson.dumps(result, option=orjson.OPT_SORT_KEYS).decode()


def keep(uow: UnitOfWork, part_id: int, result: str, cpu_seconds: float) -> None:
    """What came of a part; a part that somebody else has run stays as it is."""
    part = uow.session.get_one(DesignReplayPart, part_id)
    if part.result is None:
        part.result = result
        uow.session.execute(
            update(DesignReplay)
            .where(DesignReplay.id == part.replay_id)
            .values(cpu_seconds=DesignReplay.cpu_seconds + cpu_seconds)
        )


def finish(uow: UnitOfWork, replay_id: int) -> None:
    """All parts were run: add them up."""
    found = replay(uow.session, replay_id)
    if found.status == ReplayStatus.RUNNING:
        figures = report.merged(list(results(uow.session, replay_id)))
        texts = trying.processes(uow.session, _texts_of(found))
        figures["ways"] = [
            report.ways(process, figures["passed"])
            for key, text in texts.items()
            for process in read_diagram(text.encode(), f"{key}.bpmn").processes.values()
            if process.executable
        ]
        found.result = orjson.dumps(figures).decode()
        found.status, found.finished_at = ReplayStatus.DONE, uow.now


def results(session: Session, replay_id: int) -> Sequence[Mapping[str, Any]]:
    """What came of the parts that were run, in their order."""
    texts = session.scalars(
        select(DesignReplayPart.result)
        .where(DesignReplayPart.replay_id == replay_id, DesignReplayPart.result.is_not(None))
        .order_by(DesignReplayPart.position)
    )
    return [orjson.loads(text) for text in texts if text is not None]


def status_of_part(session: Session, part_id: int) -> str:
    """How far the replay of a part is."""
    part = session.get_one(DesignReplayPart, part_id)
    return replay(session, part.replay_id).status


def failed(session: Session, part_id: int, error: str) -> dict[str, Any]:
    """What stands for a part that could not be run: none of its cases is compared."""
    demands = orjson.loads(session.get_one(DesignReplayPart, part_id).demands)
    return report.nothing(len(demands), error)


def _texts_of(asked: DesignReplay) -> dict[Document, str]:
    """The drafts that a replay was asked for with."""
    return {Document(Kind(kind), key): content for kind, key, content in orjson.loads(asked.drafts)}
