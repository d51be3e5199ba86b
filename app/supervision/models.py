"""Supervision cases: what set them going, the letters of each rung, the superior's daily list."""

from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, Index, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.core.db import Base, Id


class Trigger(StrEnum):
    """What sets a supervision going: the codes of the table `supervision_triggers`, and one that
    an inspector chooses.
    """

    BUCK_PASSING = "buck_passing"
    REPEAT_COMPLAINT = "repeat_complaint"
    DUE_BUT_UNDONE = "due_but_undone"
    CALLBACK_DISSATISFIED = "callback_dissatisfied"
    DISTRICT_DISSATISFIED = "district_dissatisfied"
    RECHECK_DISSATISFIED = "recheck_dissatisfied"
    LEADER_OR_MEDIA = "leader_or_media"
    OVERDUE = "overdue"
    STILL_DISSATISFIED = "still_dissatisfied"
    REMINDERS_IGNORED = "reminders_ignored"
    POOR_REPLY = "poor_reply"
    NO_PROGRESS = "no_progress"
    HOT_TOPIC = "hot_topic"
    SELECTED = "selected"


class SupervisionCase(Base):
    """The supervision of one order, beside its process; the procedure's outcome is how it ended.

    Further causes join it while it is open and may raise its rung.
    """

    __tablename__ = "supervision_case"
    __table_args__ = (Index("ix_supervision_case_rung", "rung"),)

    procedure_id: Mapped[int] = mapped_column(Id, ForeignKey("procedure.id"), primary_key=True)
    number: Mapped[str] = mapped_column(unique=True)
    """DC, the day, and a running number of that day."""
    timing: Mapped[str]
    """`pre_closure` or `post_closure`, as the table said at its beginning."""
    first_rung: Mapped[str]
    rung: Mapped[str]
    """Where on the ladder it stands."""

    causes: Mapped[list["SupervisionCause"]] = relationship(order_by="SupervisionCause.id")
    letters: Mapped[list["SupervisionLetter"]] = relationship(order_by="SupervisionLetter.id")


class SupervisionCause(Base):
    """A trigger that fired, once for its cause, with its evidence."""

    __tablename__ = "supervision_cause"
    __table_args__ = (UniqueConstraint("demand_id", "trigger", "cause"),)

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    demand_id: Mapped[int] = mapped_column(Id, ForeignKey("demand.id"))
    procedure_id: Mapped[int] = mapped_column(
        Id, ForeignKey("supervision_case.procedure_id"), index=True
    )
    trigger: Mapped[str]
    cause: Mapped[str]
    """The occasion and the evidence in a fixed form: the same cause fires the trigger once."""
    title_zh: Mapped[str]
    title_en: Mapped[str]
    rung: Mapped[str]
    timing: Mapped[str]
    with_re_handling: Mapped[bool]
    evidence: Mapped[str] = mapped_column(Text)
    """JSON: the facts it rests on, and version and rows of the table."""
    fired_at: Mapped[datetime]
    fired_by_name: Mapped[str]
    withdrawn_at: Mapped[datetime | None]
    """When it turned out that there was no such cause; it stays in sight."""


class SupervisionLetter(Base):
    """A rung as it was issued: form, number, addressee, reply limit, and what became of it.

    The text is kept as it was issued; a rung that is not written (a reminder) has none.
    """

    __tablename__ = "supervision_letter"
    __table_args__ = (UniqueConstraint("series", "year", "position"),)

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    procedure_id: Mapped[int] = mapped_column(
        Id, ForeignKey("supervision_case.procedure_id"), index=True
    )
    series: Mapped[str]
    year: Mapped[int]
    position: Mapped[int]
    """The number in the series of its form and year, from 1, without gaps."""
    number: Mapped[str] = mapped_column(unique=True)
    rung: Mapped[str]
    level: Mapped[int]
    form_zh: Mapped[str]
    form_en: Mapped[str]
    unit_id: Mapped[int] = mapped_column(Id, ForeignKey("handling_unit.id"))
    addressee: Mapped[str]
    copy_to: Mapped[str]
    """JSON list of who gets a copy, in the codes of the table; each receiver has a row."""
    signed_by: Mapped[str]
    """The role in whose name it is issued."""
    text_zh: Mapped[str | None] = mapped_column(Text)
    text_en: Mapped[str | None] = mapped_column(Text)
    letter_version: Mapped[int | None]
    issued_at: Mapped[datetime]
    reply_by: Mapped[datetime]
    answered_at: Mapped[datetime | None]
    answered_by_name: Mapped[str | None]
    settled_as: Mapped[str | None]
    """`accepted`, `rejected` or `unanswered`; `set_aside` when a graver cause overtook it,
    `withdrawn` with the supervision.
    """
    settled_at: Mapped[datetime | None]

    copies: Mapped[list["SupervisionLetterCopy"]] = relationship(
        order_by="SupervisionLetterCopy.id"
    )


class SupervisionLetterCopy(Base):
    """A copy of a letter for one receiver: a person, a unit, or a body outside the system.

    What goes to a body outside is handed on by the inspectors, who enter that it was received.
    """

    __tablename__ = "supervision_letter_copy"
    __table_args__ = (
        Index("ix_supervision_letter_copy_user_id", "user_id", "letter_id"),
        Index("ix_supervision_letter_copy_unit_id", "unit_id", "letter_id"),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    letter_id: Mapped[int] = mapped_column(Id, ForeignKey("supervision_letter.id"), index=True)
    code: Mapped[str]
    """As what it is received: a code of the table `supervision_ladder`."""
    receiver: Mapped[str]
    """The name of the person, unit or body, as it was then."""
    user_id: Mapped[int | None] = mapped_column(Id, ForeignKey("app_user.id"))
    unit_id: Mapped[int | None] = mapped_column(Id, ForeignKey("handling_unit.id"))
    sent_at: Mapped[datetime]
    received_at: Mapped[datetime | None]
    received_by_name: Mapped[str | None]


class YearlyNumber(Base):
    """The running number of a series in a year; the row is locked while the next is taken."""

    __tablename__ = "yearly_number"

    series: Mapped[str] = mapped_column(primary_key=True)
    year: Mapped[int] = mapped_column(primary_key=True)
    last: Mapped[int]


class SuperiorReport(Base):
    """A daily report of the superior hotline, as it was imported; each file once."""

    __tablename__ = "superior_report"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    day: Mapped[date]
    digest: Mapped[str] = mapped_column(unique=True)
    imported_at: Mapped[datetime]
    imported_by_name: Mapped[str]

    lines: Mapped[list["SuperiorReportLine"]] = relationship(order_by="SuperiorReportLine.id")


class SuperiorReportLine(Base):
    """One order on such a report, and what the import made of it."""

    __tablename__ = "superior_report_line"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    report_id: Mapped[int] = mapped_column(Id, ForeignKey("superior_report.id"), index=True)
    number: Mapped[str]
    demand_id: Mapped[int | None] = mapped_column(Id, ForeignKey("demand.id"))
    result: Mapped[str]
    """`supervised`, `known` (this cause had fired before), `unknown` or `no_unit`."""
