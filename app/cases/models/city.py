"""What differs from city to city and is loaded as data: districts and the tree of categories."""

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base


class District(Base):
    """A county, city district or development zone."""

    __tablename__ = "district"

    code: Mapped[str] = mapped_column(primary_key=True)
    name_zh: Mapped[str]
    name_en: Mapped[str]
    position: Mapped[int]


class Category(Base):
    """A node of the subject tree by which demands are sorted and dispatched."""

    __tablename__ = "category"

    code: Mapped[str] = mapped_column(primary_key=True)
    name_zh: Mapped[str]
    name_en: Mapped[str]
    parent_code: Mapped[str | None] = mapped_column(ForeignKey("category.code"))
    position: Mapped[int]
