"""Moving a running process to another version of its diagram, and undoing it exactly.

A state holds only what is alive, so a move re-maps tokens: each token's element must exist in the
new version, under its own id or under the one the mapping names, in the same (sub-)process and of
the same kind. Data, armed timers and their instants stay; events that are no longer attached are
disarmed, new ones are armed at the instant of the move. Called processes move with the caller.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session

from app.core.errors import Conflict
from app.core.phrase import Phrase
from app.core.uow import UnitOfWork
from app.engine import processes, state
from app.engine.diagram import Element
from app.engine.kernel import Bundle, Instance
from app.engine.models import ProcessMoveRow
from app.engine.nodes import BoundaryEvent, EventGateway, Join, Plan, SubProcess
from app.engine.passed import moved_on
from app.engine.ports import Outcome
from app.engine.processes import PROCESS
from app.engine.spec import INNER
from app.engine.versions import bundle_of, version_of
from app.engine.wiring import wired


class Verdict(StrEnum):
    """What would become of a process."""

    WILL_MOVE = "will_move"
    NEEDS_MAPPING = "needs_mapping"
    CANNOT = "cannot"


@dataclass(frozen=True, slots=True)
class Obstacle:
    """Why a token cannot simply move. `mappable` when naming a new element would help."""

    element_id: str
    phrase: Phrase
    mappable: bool


@dataclass(frozen=True, slots=True)
class Prospect:
    """The dry run of a move."""

    verdict: Verdict
    obstacles: tuple[Obstacle, ...] = ()


@dataclass(frozen=True, slots=True)
class VersionChange:
    """A process goes over to another version; both by id of the published version."""

    at: datetime
    before: int
    after: int


def can_move(
    session: Session, process_id: int, version: int, mapping: Mapping[str, str] | None = None
) -> Prospect:
    """Whether a process could move to `version` of its diagram; nothing changes.

    `mapping` names the new element (or sequence flow, for a token that waits at a join) of those
    that have another id in the new version.
    """
    row = processes.row_of(session, process_id)
    if row.state is None:
        return Prospect(Verdict.CANNOT, (_ended(),))
    old = bundle_of(session, row.diagram_version_id)
    new = bundle_of(session, version_of(session, old.main, version).id)
    mover = _Mover(old, new, mapping or {})
    mover.map(state.read(row.state))
    return mover.prospect()


def move(
    uow: UnitOfWork, process_id: int, version: int, mapping: Mapping[str, str] | None = None
) -> Outcome:
    """Move a process to `version` of its diagram.

    Raises `Conflict` with the first obstacle when `can_move` says that it cannot.
    """
    loaded = processes.take(uow, process_id, stuck=True)
    row, old = loaded.row, loaded.bundle
    assert row.state is not None  # else it could not be taken
    target = version_of(uow.session, old.main, version)
    new = bundle_of(uow.session, target.id)
    mover = _Mover(old, new, mapping or {})
    found = mover.map(state.read(row.state))
    obstacles = mover.prospect().obstacles
    if obstacles:
        raise Conflict(obstacles[0].phrase)
    instance = Instance.restore(new, wired(), found)
    outcome = instance.adopt(at=uow.now, host=loaded.host)
    _put(uow, row, target.id, instance.dump(), outcome)
    uow.session.execute(
        insert(ProcessMoveRow).values(
            process_id=process_id,
            from_version_id=row.diagram_version_id,
            to_version_id=target.id,
            state_before=row.state,
            revision_after=row.revision + 1,
            moved_at=uow.now,
        )
    )
    return outcome


def restore(uow: UnitOfWork, process_id: int) -> None:
    """Undo the last move of a process, exactly.

    Raises `Conflict` when it was not moved, or has gone on since.
    """
    loaded = processes.take(uow, process_id, stuck=True)
    last = uow.session.scalar(
        select(ProcessMoveRow)
        .where(ProcessMoveRow.process_id == process_id, ProcessMoveRow.undone_at.is_(None))
        .order_by(ProcessMoveRow.id.desc())
        .limit(1)
    )
    if last is None or last.revision_after != loaded.row.revision:
        raise Conflict(
            Phrase(
                "该流程没有迁移过，或迁移后已继续办理，不能撤销：请改为再次迁移。",
                "This process was not moved, or has gone on since, so the move cannot be undone: "
                "move it again instead.",
            )
        )
    last.undone_at = uow.now
    uow.session.flush()
    _put(uow, loaded.row, last.from_version_id, last.state_before, None)


def version_changes(session: Session, process_ids: Iterable[int]) -> dict[int, list[VersionChange]]:
    """When which of these processes went over to another version, or back; oldest first."""
    found: dict[int, list[VersionChange]] = {}
    for row in session.scalars(
        select(ProcessMoveRow).where(ProcessMoveRow.process_id.in_(list(process_ids)))
    ):
        there, back = row.from_version_id, row.to_version_id
        found.setdefault(row.process_id, []).append(VersionChange(row.moved_at, there, back))
        if row.undone_at is not None:
            found[row.process_id].append(VersionChange(row.undone_at, back, there))
    for changes in found.values():
        changes.sort(key=lambda change: change.at)
    return found


def element_at(
    session: Session,
    process_id: int,
    element_id: str,
    at: datetime,
    changes: Sequence[VersionChange] = (),
) -> Element | None:
    """An element as it was in the version under which the process ran at `at`.

    `changes` are those of the process. An element that is not in that version is looked for in
    the others that it has run under.
    """
    now = processes.bundle_of_process(session, process_id)
    if not changes:
        return now.element(element_id)
    then = [change.after for change in changes if change.at < at] or [changes[0].before]
    others = [version for change in reversed(changes) for version in (change.after, change.before)]
    for version in (then[-1], *others):
        element = bundle_of(session, version).element(element_id)
        if element is not None:
            return element
    return None


def _put(
    uow: UnitOfWork, row: processes.Stored, version_id: int, saved: bytes, outcome: Outcome | None
) -> None:
    """Save the state under a version and bring the rows in step."""
    done = outcome is not None and outcome.completed
    changed = uow.session.connection().execute(
        update(PROCESS)
        .where(PROCESS.c.id == row.id, PROCESS.c.revision == row.revision)
        .values(
            diagram_version_id=version_id,
            state=None if done else saved,
            revision=row.revision + 1,
            passed=None if row.passed is None else moved_on(row.passed, row.diagram_version_id),
        )
    )
    if changed.rowcount != 1:
        raise Conflict(
            Phrase(
                "该流程刚刚被他人办理：请刷新后再迁移。",
                "Somebody has just worked on this process: reload and move it again.",
            )
        )
    processes.forget(uow, row.id)
    processes.rebuild(uow, row.id)


def _ended() -> Obstacle:
    return Obstacle(
        "",
        Phrase(
            "该流程已经结束或尚未开始，无需迁移。",
            "This process has ended or not begun: there is nothing to move.",
        ),
        False,
    )


class _Mover:
    """Maps one state from one bundle to another and collects what stands in the way."""

    def __init__(self, old: Bundle, new: Bundle, mapping: Mapping[str, str]) -> None:
        self._old = old
        self._new = new
        self._mapping = mapping
        self._obstacles: list[Obstacle] = []

    def prospect(self) -> Prospect:
        """The verdict on what has been mapped."""
        obstacles = tuple(self._obstacles)
        if not obstacles:
            return Prospect(Verdict.WILL_MOVE)
        mappable = all(obstacle.mappable for obstacle in obstacles)
        return Prospect(Verdict.NEEDS_MAPPING if mappable else Verdict.CANNOT, obstacles)

    def map(self, found: dict[str, Any]) -> dict[str, Any]:
        """The state in terms of the new bundle; only usable without obstacles."""
        plans = {0: (self._old.plans[self._old.main], self._new.plans[self._new.main])}
        moved = {**found, "p": self._new.main}
        moved["t"] = self._tokens(found["t"], *plans[0], plans)
        moved["s"] = []
        for owner, _, root, data, tokens in found["s"]:
            if owner not in plans:
                continue  # its owner is in the way already
            old_plan, new_plan = plans[owner]
            inside = self._tokens(tokens, old_plan, new_plan, plans)
            moved["s"].append([owner, new_plan.name, root, data, inside])
        return moved

    def _tokens(
        self,
        rows: list[list[Any]],
        old: Plan,
        new: Plan,
        plans: dict[int, tuple[Plan, Plan]],
    ) -> list[list[Any]]:
        moved: list[list[Any]] = []
        gone: set[int] = set()
        for row in rows:
            node = old.node(row[1])
            name = self._mapping.get(node.element_id, node.element_id)
            if row[3] in gone:
                gone.add(row[0])
                continue
            target = new.task_specs.get(name + INNER if node.inner else name)
            part = isinstance(node, BoundaryEvent) or self._raced(rows, row, old)
            if part and (target is None or not self._still_attached(rows, row, old, new, name)):
                gone.add(row[0])  # the event is no longer attached: it is disarmed
                continue
            if target is None:
                self._obstacle(node.element_id, mappable=True)
                continue
            if type(target) is not type(node):
                self._obstacle(node.element_id, mappable=False)
                continue
            if isinstance(node, SubProcess):
                plans[row[0]] = (self._old.plans[node.spec], self._new.plans[target.spec])
            new_row = [row[0], target.name, *row[2:]]
            if isinstance(node, Join) and len(row) > 4 and "by" in row[4]:
                new_row[4] = {**row[4], "by": self._flow(row[4]["by"], target)}
            moved.append(new_row)
        return moved

    @staticmethod
    def _raced(rows: list[list[Any]], row: list[Any], old: Plan) -> bool:
        owner = next((r for r in rows if r[0] == row[3]), None)
        return owner is not None and isinstance(old.node(owner[1]), EventGateway)

    def _still_attached(
        self, rows: list[list[Any]], row: list[Any], old: Plan, new: Plan, name: str
    ) -> bool:
        owner = next((r for r in rows if r[0] == row[3]), None)
        if owner is None:
            return True  # it has fired and is a token of its own
        owner_id = old.node(owner[1]).element_id
        holder = new.task_specs.get(self._mapping.get(owner_id, owner_id))
        if holder is None:
            return True  # the owner itself is in the way and will be named
        if isinstance(holder, EventGateway):
            return name in {route.target for route in holder.made.routes}
        return name in holder.made.boundaries

    def _flow(self, flow: str, new: Join) -> str:
        """The flow by which a waiting token came: by mapping, by id, or by its source."""
        wanted = self._mapping.get(flow, flow)
        if wanted in new.made.incoming:
            return wanted
        source = self._source(self._old, flow)
        source = self._mapping.get(source, source)
        same = [f for f in new.made.incoming if self._source(self._new, f) == source]
        if len(same) == 1:
            return same[0]
        self._obstacle(flow, mappable=True)
        return flow

    @staticmethod
    def _source(bundle: Bundle, flow: str) -> str:
        for process in bundle.processes.values():
            if flow in process.flows:
                return process.flows[flow].source
        return ""

    def _obstacle(self, element_id: str, *, mappable: bool) -> None:
        element = self._old.element(element_id)
        label = element.label if element is not None else Phrase(element_id, element_id)
        if mappable:
            phrase = Phrase(
                f"新版本的同一层中没有“{label.zh}”（{element_id}）：请指定它对应的新元素。",
                f'The new version has no "{label.en}" ({element_id}) at the same level: name the '
                "element that takes its place.",
            )
        else:
            phrase = Phrase(
                f"“{label.zh}”（{element_id}）在新版本中是另一种元素，不能迁移："
                "请等它办完这一步，或先跳转到别的步骤。",
                f'"{label.en}" ({element_id}) is another kind of element in the new version: wait '
                "until this step is done, or jump to another one first.",
            )
        self._obstacles.append(Obstacle(element_id, phrase, mappable))
