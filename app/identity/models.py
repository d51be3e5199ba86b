"""People and the units they work in."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.core.db import Base, Id


class HandlingUnit(Base):
    """An office, enterprise or authority that can be given a work order, or the centre itself."""

    __tablename__ = "handling_unit"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    code: Mapped[str] = mapped_column(unique=True)
    name_zh: Mapped[str]
    name_en: Mapped[str]
    kind: Mapped[str]
    district: Mapped[str | None]
    """Code of the district the unit answers for; none for city-wide units."""
    parent_id: Mapped[int | None] = mapped_column(Id, ForeignKey("handling_unit.id"))
    calendar_code: Mapped[str] = mapped_column(default="CN")
    """The calendar in which this unit's limits are counted."""
    active: Mapped[bool] = mapped_column(default=True)

    def name_in(self, language: str) -> str:
        """The unit's name for a reader of `language`."""
        return self.name_zh if language.startswith("zh") else self.name_en


class User(Base):
    """A person who signs in."""

    __tablename__ = "app_user"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    login: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    password_hash: Mapped[str]
    unit_id: Mapped[int | None] = mapped_column(Id, ForeignKey("handling_unit.id"), index=True)
    phone: Mapped[str | None]
    email: Mapped[str | None]
    language: Mapped[str] = mapped_column(default="zh")
    active: Mapped[bool] = mapped_column(default=True)
    failed_sign_ins: Mapped[int] = mapped_column(default=0)
    locked_until: Mapped[datetime | None]
    session_version: Mapped[int] = mapped_column(default=1)
    """Raised when the user signs out or gets a new password: a session that names another ends."""

    unit: Mapped[HandlingUnit | None] = relationship()
    roles: Mapped[list["UserRole"]] = relationship(back_populates="user", lazy="selectin")


class UserRole(Base):
    """One role of one user."""

    __tablename__ = "user_role"
    __table_args__ = (
        UniqueConstraint("user_id", "role"),
        Index("ix_user_role_role", "role"),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    user_id: Mapped[int] = mapped_column(Id, ForeignKey("app_user.id"))
    role: Mapped[str]

    user: Mapped[User] = relationship(back_populates="roles")
