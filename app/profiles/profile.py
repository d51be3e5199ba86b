"""What a profile says: whose practice it is, what its sources give, and what it inherits."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from pathlib import Path

from app.core.phrase import Phrase
from app.profiles.letters import Letter, LetterKind
from app.worktime.days import Layer


class Level(StrEnum):
    """Whose practice a profile is."""

    PRODUCT = "product"
    PROVINCE = "province"
    CITY = "city"
    COUNTY = "county"
    SUBDISTRICT = "subdistrict"
    DEPARTMENT = "department"
    SOLUTION = "solution"
    """A vendor's paper that belongs to no place."""

    @property
    def phrase(self) -> Phrase:
        """The level as a reader sees it."""
        return _LEVELS[self]


_LEVELS = {
    Level.PRODUCT: Phrase("随产品", "product"),
    Level.PROVINCE: Phrase("省级", "province"),
    Level.CITY: Phrase("市级", "city"),
    Level.COUNTY: Phrase("县级", "county"),
    Level.SUBDISTRICT: Phrase("街镇", "subdistrict"),
    Level.DEPARTMENT: Phrase("部门", "department"),
    Level.SOLUTION: Phrase("方案", "solution paper"),
}


class SourceKind(StrEnum):
    """How near to the regulation a source is."""

    OFFICIAL = "official"
    LAW_DATABASE = "law_database"
    MIRROR = "mirror"
    PRESS = "press"
    PAPER = "paper"

    @property
    def phrase(self) -> Phrase:
        """The kind as a reader sees it."""
        return _SOURCES[self]


_SOURCES = {
    SourceKind.OFFICIAL: Phrase("官方发布", "official publication"),
    SourceKind.LAW_DATABASE: Phrase("法规库", "law database"),
    SourceKind.MIRROR: Phrase("官方文本的转载", "mirror of an official text"),
    SourceKind.PRESS: Phrase("媒体报道", "press"),
    SourceKind.PAPER: Phrase("工作材料节录", "excerpt of a working paper"),
}


@dataclass(frozen=True, slots=True)
class Source:
    """Where something is said; `address` is missing where only an excerpt is known."""

    id: str
    title: Phrase
    kind: SourceKind
    dated: str
    """The year or day of the source as it gives it; empty where it gives none."""
    address: str | None


@dataclass(frozen=True, slots=True)
class Given:
    """One thing the sources give, the source that gives it, and the tables that carry it."""

    what: Phrase
    source: str
    tables: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ExtraLine:
    """A telephone line beside 12345."""

    number: str
    name: Phrase
    source: str


class Satisfaction(StrEnum):
    """Which ratings count as satisfied, of those who rated: the `definition` that the table
    `satisfaction` is asked with.
    """

    SATISFIED_ONLY = "satisfied_only"
    SATISFIED_OR_BASICALLY = "satisfied_or_basically"
    RESULT_ONLY = "result_only"

    @property
    def phrase(self) -> Phrase:
        """The definition as a reader sees it."""
        return _SATISFACTIONS[self]


_SATISFACTIONS = {
    Satisfaction.SATISFIED_ONLY: Phrase("只计“满意”", "“satisfied” only"),
    Satisfaction.SATISFIED_OR_BASICALLY: Phrase(
        "“满意”和“基本满意”都计", "“satisfied” and “basically satisfied”"
    ),
    Satisfaction.RESULT_ONLY: Phrase("只看办理结果一项", "the result alone"),
}


@dataclass(frozen=True, slots=True)
class Report:
    """How the place counts in its reports."""

    satisfaction: Satisfaction
    counts_superior_platform: bool
    """Whether demands sent down by the superior platform are part of the total."""


@dataclass(frozen=True, slots=True)
class Profile:
    """A profile as it applies: its own settings over those it inherits."""

    name: str
    title: Phrase
    level: Level
    summary: Phrase
    valid_from: date | None
    valid_through: date | None
    sources: tuple[Source, ...]
    gives: tuple[Given, ...]
    inherits: tuple[Phrase, ...]
    lines: tuple[ExtraLine, ...]
    issuer: Phrase
    """In whose name letters are issued."""
    report: Report
    letters: Mapping[LetterKind, Letter]
    tables: Mapping[str, Path]
    """Every decision table by key: the profile's own file, or the default's."""
    calendar: Layer
    """What differs from the nation's calendar; without rows, hours and week it changes nothing."""
    categories: tuple[Mapping[str, str], ...]
    """Rows code, name_zh, name_en, parent that are added to the category tree."""
    own: frozenset[str]
    """What is not inherited: keys of tables, `letters.KIND`, `report.FIELD`, `issuer`, `calendar`,
    `categories`."""

    def source(self, id_: str) -> Source:
        """The source with this id; `load` has made sure of it."""
        return next(source for source in self.sources if source.id == id_)
