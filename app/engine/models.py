"""Tables of the engine: published diagrams, processes, what they wait for, and clocks."""

import zlib
from datetime import datetime

from sqlalchemy import ForeignKey, Index, LargeBinary, Text, UniqueConstraint, text
from sqlalchemy.engine import Dialect
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import TypeDecorator

from app.core.db import Base, Id, never_changes


def _partial(name: str, *columns: str, where: str, unique: bool = False) -> Index:
    return Index(
        name, *columns, unique=unique, sqlite_where=text(where), postgresql_where=text(where)
    )


class Packed(TypeDecorator[bytes]):
    """Bytes kept compressed: a state is written anew at every step, and each byte is logged.

    About 20 µs for a kilobyte, which becomes less than half of it.
    """

    impl = LargeBinary
    cache_ok = True

    def process_bind_param(self, value: bytes | None, dialect: Dialect) -> bytes | None:  # noqa: ARG002 - SQLAlchemy's signature
        """Compressed."""
        return None if value is None else zlib.compress(value, 1)

    def process_result_value(self, value: bytes | None, dialect: Dialect) -> bytes | None:  # noqa: ARG002 - SQLAlchemy's signature
        """As it was."""
        return None if value is None else zlib.decompress(value)


@never_changes
class DiagramVersionRow(Base):
    """A published version of a diagram with everything it calls. Never changes."""

    __tablename__ = "diagram_version"
    __table_args__ = (UniqueConstraint("key", "version"),)

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    key: Mapped[str]
    """Id of the process that is started."""
    version: Mapped[int]
    sha256: Mapped[str]
    """Of `bundle`."""
    bundle: Mapped[str] = mapped_column(Text)
    """JSON: `files` (name → BPMN text), `calls` (process → version of its diagram), `decisions`
    (key → version)."""
    published_at: Mapped[datetime]
    published_by: Mapped[int | None]


class ProcessRow(Base):
    """A running or ended process."""

    __tablename__ = "process"
    __table_args__ = (
        Index("ix_process_subject", "subject_kind", "subject_id"),
        _partial("ix_process_stuck", "id", where="status = 'stuck'"),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    diagram_version_id: Mapped[int] = mapped_column(ForeignKey("diagram_version.id"), index=True)
    subject_kind: Mapped[str]
    subject_id: Mapped[int] = mapped_column(Id)
    scope: Mapped[int] = mapped_column(Id, default=0, server_default="0")
    """0 for the main process of the subject; else an id of the product's. A subject's processes
    hear each other and move under its one lock, but each scope has clocks of its own.
    """
    state: Mapped[bytes | None] = mapped_column(Packed)
    """Volatile state in the engine's own format; gone once the process has ended."""
    state_format: Mapped[int]
    status: Mapped[str]
    """`created`, `active`, `completed`, `cancelled` or `stuck`."""
    revision: Mapped[int]
    """Counts the changes; a change that has read an older one loses."""
    started_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    passed: Mapped[bytes | None] = mapped_column(LargeBinary)
    """The sequence flows that were passed: `passed.py`. Empty for what began before they were kept.
    """


class HumanTaskRow(Base):
    """A task somebody has to do, or has done."""

    __tablename__ = "human_task"
    __table_args__ = (
        UniqueConstraint("process_id", "token"),
        _partial("ix_human_task_open_subject", "subject_kind", "subject_id",
                 where="closed_at IS NULL"),
        _partial("ix_human_task_open_role", "role", "subject_kind", where="closed_at IS NULL"),
        _partial("ix_human_task_unit", "unit_id", "subject_kind", where="unit_id IS NOT NULL"),
    )  # fmt: skip

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    process_id: Mapped[int] = mapped_column(ForeignKey("process.id"))
    token: Mapped[str]
    element_id: Mapped[str]
    instance: Mapped[int | None]
    """Which instance of a repeated task, from 1."""
    name: Mapped[str]
    name_en: Mapped[str]
    role: Mapped[str | None]
    unit_id: Mapped[int | None] = mapped_column(Id)
    """The unit that the step names, as the product knows it; none where it is for the unit of the
    subject. It changes when another unit takes over.
    """
    subject_kind: Mapped[str]
    subject_id: Mapped[int] = mapped_column(Id)
    scope: Mapped[int] = mapped_column(Id, default=0, server_default="0")
    """That of its process."""
    opened_at: Mapped[datetime]
    closed_at: Mapped[datetime | None]
    closed_how: Mapped[str | None]
    """`completed` or `cancelled`."""


class ClockRow(Base):
    """One run of a clock: it owns the deadline that everything else reads."""

    __tablename__ = "clock"
    __table_args__ = (UniqueConstraint("subject_kind", "subject_id", "scope", "name", "run"),)

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    subject_kind: Mapped[str]
    subject_id: Mapped[int] = mapped_column(Id)
    scope: Mapped[int] = mapped_column(Id, default=0, server_default="0")
    """That of the processes whose timers ask it."""
    name: Mapped[str]
    run: Mapped[int]
    """From 1; a restart makes a new row."""
    started_at: Mapped[datetime]
    due_at: Mapped[datetime | None]
    paused_at: Mapped[datetime | None]
    stopped_at: Mapped[datetime | None]
    provisional: Mapped[bool]
    """Whether the calendar it was counted in is not yet official there."""
    calendar_code: Mapped[str | None]
    calendar_version: Mapped[str | None]
    terms: Mapped[str] = mapped_column(Text)
    """JSON: limit, policy, pauses and extensions, enough to count it again."""
    evidence: Mapped[str] = mapped_column(Text)
    """JSON: which table, version and row set it, with which inputs."""


class ClockRungRow(Base):
    """An instant of a run at which something is to happen: yellow, red, reminders."""

    __tablename__ = "clock_rung"
    __table_args__ = (
        UniqueConstraint("clock_id", "rung"),
        _partial("ix_clock_rung_armed", "fire_at", "id", where="fire_at IS NOT NULL"),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    clock_id: Mapped[int] = mapped_column(ForeignKey("clock.id"))
    rung: Mapped[str]
    due_at: Mapped[datetime]
    fire_at: Mapped[datetime | None]
    """`due_at` while the rung is armed; empty once passed, and while the clock stands still."""
    passed_at: Mapped[datetime | None]
    """The due instant, once it is noticed that it has passed."""
    fired_at: Mapped[datetime | None]
    """When the first timer was told; passing and telling differ by an outage of the ticker."""
    fired_for: Mapped[str] = mapped_column(Text, default="")
    """Processes and elements whose timers were told, one `process:element` per line: each once."""


class ClockRevisionRow(Base):
    """A change of a run: pause, resumption, extension, calendar change, continuation."""

    __tablename__ = "clock_revision"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    clock_id: Mapped[int] = mapped_column(ForeignKey("clock.id"), index=True)
    at: Mapped[datetime]
    what: Mapped[str]
    due_before: Mapped[datetime | None]
    due_after: Mapped[datetime | None]
    evidence: Mapped[str] = mapped_column(Text)


class TimerWaitRow(Base):
    """A timer of a diagram that is armed: on an instant of its own, or on a rung of a clock."""

    __tablename__ = "timer_wait"
    __table_args__ = (
        UniqueConstraint("process_id", "token"),
        _partial("ix_timer_wait_due", "due_at", "id", where="due_at IS NOT NULL"),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    process_id: Mapped[int] = mapped_column(ForeignKey("process.id"))
    token: Mapped[str]
    element_id: Mapped[str]
    clock_name: Mapped[str | None]
    rung: Mapped[str | None]
    due_at: Mapped[datetime | None]
    armed_at: Mapped[datetime]


class MessageWaitRow(Base):
    """A process waits for a message or a signal."""

    __tablename__ = "message_wait"
    __table_args__ = (UniqueConstraint("process_id", "token"),)
    """Found by its process. By name there is no index: thousands wait for one and the same."""

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    process_id: Mapped[int] = mapped_column(ForeignKey("process.id"))
    token: Mapped[str]
    element_id: Mapped[str]
    kind: Mapped[str]
    """`message` or `signal`."""
    name: Mapped[str]


class RepairItemRow(Base):
    """A process that could not go on by itself and needs somebody who understands diagrams."""

    __tablename__ = "repair_item"
    __table_args__ = (_partial("ix_repair_item_open", "process_id", where="resolved_at IS NULL"),)

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    process_id: Mapped[int] = mapped_column(ForeignKey("process.id"))
    what: Mapped[str]
    """What was being done: `fire handling/red`, `stuck` …"""
    error: Mapped[str] = mapped_column(Text)
    opened_at: Mapped[datetime]
    resolved_at: Mapped[datetime | None]


class ProcessMoveRow(Base):
    """A move of a process to another version, with what it takes to undo it exactly."""

    __tablename__ = "process_move"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    process_id: Mapped[int] = mapped_column(ForeignKey("process.id"), index=True)
    from_version_id: Mapped[int] = mapped_column(ForeignKey("diagram_version.id"))
    to_version_id: Mapped[int] = mapped_column(ForeignKey("diagram_version.id"))
    state_before: Mapped[bytes] = mapped_column(Packed)
    revision_after: Mapped[int]
    moved_at: Mapped[datetime]
    undone_at: Mapped[datetime | None]
