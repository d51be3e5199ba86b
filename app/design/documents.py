"""The documents of the office: which there are, their published versions and what they say."""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from html import unescape
from textwrap import shorten

import orjson
from sqlalchemy import ColumnElement, func, select, true
from sqlalchemy.orm import InstrumentedAttribute, Session

from app.core.errors import Invalid, NotFound
from app.core.phrase import Phrase
from app.core.texts import DocumentVersion
from app.decisions.models import DecisionVersion
from app.design.models import Kind
from app.engine import DiagramVersionRow, ProcessRow
from app.profiles.letters import LetterKind
from app.profiles.models import LetterVersion

MAX_BYTES = 2_000_000
"""Size of the largest text that a draft holds, in UTF-8."""

NAMES: dict[Kind, Phrase] = {
    Kind.DIAGRAM: Phrase("流程图", "Process diagram"),
    Kind.TABLE: Phrase("决策表", "Decision table"),
    Kind.SCENARIOS: Phrase("情景", "Scenarios"),
    Kind.EXAMPLES: Phrase("决策表用例", "Test rows"),
    Kind.LETTER: Phrase("文书模板", "Letter"),
    Kind.MESSAGE: Phrase("通知短信", "Message"),
    Kind.PROFILE: Phrase("城市方案", "City profile"),
}

_KEY = re.compile(r"[a-z][a-z0-9_]{0,62}")


@dataclass(frozen=True, slots=True)
class Document:
    """One document: its kind and its key within it."""

    kind: Kind
    key: str


@dataclass(frozen=True, slots=True)
class Version:
    """A published version and its text."""

    document: Document
    number: int
    content: str
    published_at: datetime


def document(kind: str, key: str) -> Document:
    """The document an address names. Raises `NotFound` for a kind there is not."""
    if kind not in set(Kind):
        raise NotFound(Phrase("没有这类文档。", "There is no such kind of document."))
    return Document(Kind(kind), key)


def require_key(kind: Kind, key: str) -> None:
    """Refuse a new document that could not be named in a diagram or a file, or that nothing would
    ever use: letters, messages and the profile are those the product knows. Raises `Invalid`.
    """
    if kind in {Kind.LETTER, Kind.MESSAGE, Kind.PROFILE}:
        raise Invalid(
            Phrase(
                "不能新建这类文档，只能修改已有的。",
                "Nobody makes new ones of this kind: change those there are.",
            )
        )
    if not _KEY.fullmatch(key):
        wrong = Phrase(
            "编号须以小写字母开头，只含小写字母、数字和下划线，最多 63 个字符。",
            "A key begins with a lower-case letter and holds lower-case letters, digits and "
            "underscores, at most 63.",
        )
        raise Invalid(wrong, {"key": wrong})


def keys(session: Session, kind: Kind) -> Sequence[str]:
    """The keys of all published documents of a kind, in order."""
    rows = _rows(kind)
    return session.scalars(select(rows.key).where(rows.own).distinct().order_by(rows.key)).all()


def newest_number(session: Session, what: Document) -> int | None:
    """The number of the newest version; none where nothing was published yet."""
    rows = _rows(what.kind)
    return session.scalar(select(func.max(rows.number)).where(rows.own, rows.key == what.key))


def newest(session: Session, what: Document) -> Version | None:
    """The newest version; none where nothing was published yet."""
    number = newest_number(session, what)
    return None if number is None else version(session, what, number)


def newest_of(session: Session, kind: Kind) -> dict[str, Version]:
    """The newest version of every published document of a kind, by key, in order."""
    rows = _rows(kind)
    last = (
        select(rows.key.label("key"), func.max(rows.number).label("number"))
        .where(rows.own)
        .group_by(rows.key)
        .subquery()
    )
    found = session.execute(
        select(rows.key, rows.number, rows.published_at, *rows.text)
        .join(last, (last.c.key == rows.key) & (last.c.number == rows.number))
        .where(rows.own)
        .order_by(rows.key)
    )
    return {
        key: Version(Document(kind, key), number, _content(kind, text), published_at)
        for key, number, published_at, *text in found
    }


def version(session: Session, what: Document, number: int) -> Version:
    """One published version with its text. Raises `NotFound`."""
    rows = _rows(what.kind)
    row = session.execute(
        select(rows.published_at, *rows.text).where(
            rows.own, rows.key == what.key, rows.number == number
        )
    ).one_or_none()
    if row is None:
        raise NotFound(Phrase("没有这个版本。", "There is no such version."))
    published_at, *text = row
    return Version(what, number, _content(what.kind, text), published_at)


def numbers(session: Session, what: Document) -> Sequence[tuple[int, datetime]]:
    """Every published version, the newest first, and when it was published."""
    rows = _rows(what.kind)
    found = session.execute(
        select(rows.number, rows.published_at)
        .where(rows.own, rows.key == what.key)
        .order_by(rows.number.desc())
    )
    return [(number, at) for number, at in found]


def live_cases(session: Session, key: str) -> dict[int, int]:
    """How many processes run under each version of a diagram."""
    found = session.execute(
        select(DiagramVersionRow.version, func.count())
        .join(ProcessRow, ProcessRow.diagram_version_id == DiagramVersionRow.id)
        .where(DiagramVersionRow.key == key, ProcessRow.ended_at.is_(None))
        .group_by(DiagramVersionRow.version)
    )
    return {number: int(count) for number, count in found}


def live_by_key(session: Session) -> dict[str, int]:
    """How many processes run of each diagram, whatever their version."""
    found = session.execute(
        select(DiagramVersionRow.key, func.count())
        .join(ProcessRow, ProcessRow.diagram_version_id == DiagramVersionRow.id)
        .where(ProcessRow.ended_at.is_(None))
        .group_by(DiagramVersionRow.key)
    )
    return {key: int(count) for key, count in found}


def title(what: Document, content: str) -> Phrase:
    """What people call the document, as its text names it; its key where it has no name."""
    named: Phrase | None = None
    match what.kind:
        case Kind.DIAGRAM:
            named = _named("process", what.key, content)
        case Kind.TABLE:
            named = _named("decision", what.key, content)
        case Kind.LETTER:
            named = LetterKind(what.key).phrase
        case Kind.MESSAGE:
            named = _beginning(content)
        case Kind.PROFILE:
            named = _city(content)
        case _:
            pass
    return named or Phrase(what.key, what.key)


def title_of(session: Session, what: Document, content: str) -> Phrase:
    """As `title`; what belongs to a diagram or a table is called after that."""
    whose = {Kind.SCENARIOS: Kind.DIAGRAM, Kind.EXAMPLES: Kind.TABLE}.get(what.kind)
    last = None if whose is None else newest(session, Document(whose, what.key))
    if last is None:
        return title(what, content)
    of = title(last.document, last.content)
    kind = NAMES[what.kind]
    return Phrase(f"{of.zh} · {kind.zh}", f"{of.en} · {kind.en}")


def newest_titles(session: Session, kind: Kind) -> dict[str, Phrase]:
    """What the newest version of each document of a kind is called, by key."""
    return {key: title(one.document, one.content) for key, one in newest_of(session, kind).items()}


def wording_text(zh: str, en: str) -> str:
    """A letter or message as a draft holds it: JSON with both languages."""
    return orjson.dumps({"zh": zh, "en": en}, option=orjson.OPT_INDENT_2).decode()


def _beginning(content: str) -> Phrase | None:
    """How a message begins: it has no name of its own."""
    try:
        found = orjson.loads(content)
        return Phrase(*(shorten(found[one], 40, placeholder="…") for one in ("zh", "en")))
    except (orjson.JSONDecodeError, KeyError, TypeError, AttributeError):
        return None


def _city(content: str) -> Phrase | None:
    """What the city calls itself."""
    try:
        found = orjson.loads(content)
        return Phrase(str(found["title_zh"]), str(found["title_en"]))
    except (orjson.JSONDecodeError, KeyError, TypeError):
        return None


def digest(text: str) -> str:
    """By what a text is known again."""
    return hashlib.sha256(text.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class _Rows:
    """Where the versions of a kind are kept."""

    key: InstrumentedAttribute[str]
    number: InstrumentedAttribute[int]
    published_at: InstrumentedAttribute[datetime]
    text: tuple[InstrumentedAttribute[str], ...]
    own: ColumnElement[bool]


def _rows(kind: Kind) -> _Rows:
    match kind:
        case Kind.DIAGRAM:
            row = DiagramVersionRow
            return _Rows(row.key, row.version, row.published_at, (row.bundle,), true())
        case Kind.TABLE:
            table = DecisionVersion
            return _Rows(table.key, table.version, table.published_at, (table.xml,), true())
        case Kind.LETTER:
            letter = LetterVersion
            texts = (letter.text_zh, letter.text_en)
            return _Rows(letter.kind, letter.version, letter.published_at, texts, true())
        case _:
            one = DocumentVersion
            own = one.kind == kind.value
            return _Rows(one.key, one.version, one.published_at, (one.content,), own)


def _content(kind: Kind, text: Sequence[str]) -> str:
    match kind:
        case Kind.DIAGRAM:
            files: dict[str, str] = orjson.loads(text[0])["files"]
            return next(iter(files.values()))
        case Kind.LETTER:
            return wording_text(*text)
        case _:
            return text[0]


_NAME = re.compile(r'\bname="([^"]*)"')
_ENGLISH = re.compile(r'\s*<(?:\w+:)?extensionElements>\s*<(?:\w+:)?name\b[^>]*\ben="([^"]*)"')


def _named(tag: str, key: str, content: str) -> Phrase | None:
    """The name that the element `tag` with id `key` bears; read without parsing, for lists."""
    element = re.search(rf'<(?:\w+:)?{tag}\b[^>]*\bid="{re.escape(key)}"[^>]*>', content)
    name = None if element is None else _NAME.search(element[0])
    if element is None or name is None or not name[1]:
        return None
    zh = unescape(name[1])
    english = _ENGLISH.match(content, element.end())
    return Phrase(zh, unescape(english[1]) if english is not None else zh)
