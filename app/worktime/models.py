"""Tables of the calendars. What has been published is never changed or removed: a new version is
new rows, so that every deadline ever given can be computed again.
"""

from datetime import date, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, CheckConstraint, ForeignKey, UniqueConstraint, event
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.core.db import Base, Id


class CalendarLevel(StrEnum):
    """Whose calendar it is; each level may override those above it."""

    NATION = "nation"
    PROVINCE = "province"
    CITY = "city"
    UNIT = "unit"


class Calendar(Base):
    """One layer of working days: the nation's, or what a place or unit does differently."""

    __tablename__ = "calendar"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    code: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    level: Mapped[str]
    parent_id: Mapped[int | None] = mapped_column(Id, ForeignKey("calendar.id"))
    """The layer it overrides; only the nation's has none."""


class HoursVersion(Base):
    """One published version of an hours profile."""

    __tablename__ = "hours_version"
    __table_args__ = (UniqueConstraint("code", "number"),)

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    code: Mapped[str]
    number: Mapped[int]
    profile: Mapped[dict[str, Any]] = mapped_column(JSON)
    """As `HoursProfile.to_json` wrote it."""
    published_at: Mapped[datetime]


class CalendarVersion(Base):
    """One published version of one calendar, with all the rows of its layer."""

    __tablename__ = "calendar_version"
    __table_args__ = (
        UniqueConstraint("calendar_id", "number"),
        CheckConstraint("number > 0", name="number_from_one"),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    calendar_id: Mapped[int] = mapped_column(Id, ForeignKey("calendar.id"))
    number: Mapped[int]
    workweek: Mapped[str | None]
    hours_id: Mapped[int | None] = mapped_column(Id, ForeignKey("hours_version.id"))
    official_through: Mapped[date | None]
    """The last date that is final in this version; beyond it deadlines are provisional."""
    first_day: Mapped[date | None]
    last_day: Mapped[date | None]
    digest: Mapped[str]
    """SHA-256 of the content; compared whenever the version is read."""
    reason: Mapped[str]
    published_at: Mapped[datetime]
    published_by: Mapped[str]

    calendar: Mapped[Calendar] = relationship()
    hours: Mapped[HoursVersion | None] = relationship()
    days: Mapped[list["CalendarDay"]] = relationship(
        order_by="CalendarDay.day", passive_deletes="all"
    )


class CalendarDay(Base):
    """What one date is in one version, and under which document."""

    __tablename__ = "calendar_day"

    version_id: Mapped[int] = mapped_column(Id, ForeignKey("calendar_version.id"), primary_key=True)
    day: Mapped[date] = mapped_column(primary_key=True)
    kind: Mapped[str]
    name: Mapped[str]
    statutory: Mapped[str]
    document: Mapped[str]
    """Empty only for the statutory days of a year without a notice."""
    hours: Mapped[str | None]


class CalendarNotice(Base):
    """A document that has been worked into a calendar, as it was read."""

    __tablename__ = "calendar_notice"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    number: Mapped[str] = mapped_column(unique=True)
    issued_on: Mapped[date]
    text: Mapped[str]
    version_id: Mapped[int] = mapped_column(Id, ForeignKey("calendar_version.id"))
    imported_at: Mapped[datetime]
    imported_by: Mapped[str]


def _refuse(_mapper: Any, _connection: Any, target: Base) -> None:
    raise TypeError(f"{type(target).__name__} rows are published: publish a new version instead")


for _table in (HoursVersion, CalendarVersion, CalendarDay, CalendarNotice):
    event.listen(_table, "before_update", _refuse)
    event.listen(_table, "before_delete", _refuse)
