"""What a profile's table takes over from the default's, row by row.

A profile overrides a whole table, so that what one sees is what counts. Its own rows stand first;
below them stand the default's, narrowed to what the own rows leave, marked 沿用默认. When the
default changes, `renewed` takes its rows over again and leaves the own rows as they are.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import yaml
from lxml import etree

from app.core.errors import Invalid
from app.core.phrase import Phrase
from app.decisions import xml
from app.decisions.dmn import Model, read_model
from app.decisions.evidence import json_value
from app.decisions.xml import Element
from app.profiles.profile import Profile

MARK = "沿用默认"
"""Begins the first annotation of a row that is the default's."""


@dataclass(frozen=True, slots=True)
class Cell:
    """What a cell lets through: the literals listed, or all but those; or a text as it stands."""

    literals: frozenset[str]
    is_complement: bool
    text: str | None = None
    """A condition that is no list of literals, such as `<= 5`; compared as text only."""

    @classmethod
    def read(cls, text: str) -> "Cell":
        """The cell as written; `-` lets everything through."""
        if text == "-":
            return cls(frozenset(), is_complement=True)
        inner, negated = text, text.startswith("not(") and text.endswith(")")
        if negated:
            inner = text[4:-1]
        literals = [part.strip() for part in inner.split(",")]
        if all(_is_literal(literal) for literal in literals):
            return cls(frozenset(literals), negated)
        return cls(frozenset(), is_complement=False, text=text)

    @property
    def is_all(self) -> bool:
        """Whether everything is let through."""
        return self.is_complement and not self.literals

    @property
    def is_nothing(self) -> bool:
        """Whether nothing is."""
        return not self.is_complement and not self.literals and self.text is None

    def both(self, other: "Cell") -> "Cell":
        """What both let through; raises `Invalid` where that cannot be told from the texts."""
        if self.is_all or self == other:
            return other
        if other.is_all:
            return self
        if self.text is not None or other.text is not None:
            raise _cannot_tell(self, other)
        if self.is_complement and other.is_complement:
            return Cell(self.literals | other.literals, is_complement=True)
        if self.is_complement:
            return Cell(other.literals - self.literals, is_complement=False)
        if other.is_complement:
            return Cell(self.literals - other.literals, is_complement=False)
        return Cell(self.literals & other.literals, is_complement=False)

    def without(self, other: "Cell") -> "Cell":
        """What this one lets through and the other does not."""
        if other.is_all or self == other:
            return Cell(frozenset(), is_complement=False)
        if other.text is not None:
            raise _cannot_tell(self, other)
        return self.both(Cell(other.literals, is_complement=not other.is_complement))

    def within(self, allowed: Sequence[str]) -> "Cell":
        """The same as a list of the allowed values, where the column has such."""
        if not allowed or not self.is_complement or self.is_all:
            return self
        return Cell(frozenset(allowed) - self.literals, is_complement=False)

    def written(self, allowed: Sequence[str]) -> str:
        """The cell as it is written, in the order of the allowed values."""
        if self.text is not None:
            return self.text
        if self.is_all:
            return "-"
        listed = [value for value in allowed if value in self.literals]
        listed += sorted(self.literals - set(allowed))
        return f"not({','.join(listed)})" if self.is_complement else ",".join(listed)


@dataclass(frozen=True, slots=True)
class Line:
    """One row: what it tests, answers and says about itself."""

    tests: tuple[Cell, ...]
    texts: tuple[str, ...]
    """The tests as they were written; kept where the row is taken over whole."""
    outputs: tuple[str, ...]
    notes: tuple[str, ...]

    @property
    def is_inherited(self) -> bool:
        """Whether the row says that it is the default's."""
        return bool(self.notes) and self.notes[0].startswith(MARK)


def renewed(default: bytes, own: bytes) -> bytes:
    """The own table with its own rows, and for the rest the default's rows as they are now.

    Raises `Invalid` where an own row overlaps one of the default's in a condition that is no list
    of values: then both have to be written with the same condition.
    """
    root, mine = xml.parse(default), xml.parse(own)
    tables = {_owner(table): table for table in _tables(mine)}
    for table in _tables(root):
        own_table = tables.get(_owner(table))
        written = [] if own_table is None else _lines(own_table)
        own_lines = [line for line in written if not line.is_inherited]
        if table.get("hitPolicy", "UNIQUE") in _ONE_ROW:
            _replace(table, [*own_lines, *_left(table, own_lines)])
        elif own_lines:
            _replace(table, list(_refreshed(table, written)))
    text = etree.tostring(root, xml_declaration=False, encoding="unicode")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{text}\n'.encode()


def renewed_examples(default: Path, own: Path, table: bytes) -> str:
    """The examples for the own table: the own ones, and one of the default's for each of its rows.

    A row that none of them reaches is given one.
    """
    model = read_model(table)
    final = next(t for t in _tables(xml.parse(table)) if _owner(t) == model.main_decision)
    inherited = _inherited_rows(final)
    reached: set[int] = set()
    mine: list[dict[str, Any]] = []
    theirs: list[dict[str, Any]] = []
    for example in _examples(own):
        rows = _rows(model, example["inputs"])
        if not rows or not rows <= inherited:  # an own example may show that no row applies
            mine.append(example)
            reached |= rows
    usual: dict[str, Any] = {}
    for example in _examples(default):
        usual = usual or example["inputs"]
        rows = _rows(model, example["inputs"])
        if rows <= inherited and not rows <= reached:
            theirs.append({key: value for key, value in example.items() if key != "row"})
            reached |= rows
    for number, inputs in _one_of_each(final, usual):
        if number not in reached:
            made = {"inputs": inputs, "outputs": json_value(model.decide(inputs).outputs)}
            (theirs if number in inherited else mine).append(made)
    return _examples_text(own.name.partition(".")[0], [*mine, *theirs])


def renew(profile: Profile, default: Profile) -> list[Path]:
    """Take the default's rows over again into every own table; the files that changed."""
    changed: list[Path] = []
    for key, path in profile.tables.items():
        if key not in profile.own:
            continue
        base = default.tables[key]
        table = renewed(base.read_bytes(), path.read_bytes())
        examples = path.with_suffix(".examples.yaml")
        text = renewed_examples(base.with_suffix(".examples.yaml"), examples, table)
        for file, content in ((path, table), (examples, text.encode())):
            if not file.exists() or file.read_bytes() != content:
                file.write_bytes(content)
                changed.append(file)
    return changed


_ONE_ROW = {"UNIQUE", "FIRST", "ANY", "PRIORITY"}
"""Hit policies by which one row answers. Where several do, a profile lists those it has."""


def _refreshed(table: Element, lines: Sequence[Line]) -> Iterator[Line]:
    """The own rows as they stand; of the inherited ones those the default still has."""
    default = {line.tests: line for line in _lines(table)}
    for line in lines:
        if not line.is_inherited:
            yield line
        elif line.tests in default:
            yield _inherited(default[line.tests])


def _inherited(line: Line) -> Line:
    return replace(line, notes=(f"{MARK}：{line.notes[0]}", *line.notes[1:]))


def _left(table: Element, own: Sequence[Line]) -> Iterator[Line]:
    """The default's rows, narrowed to what the own ones leave."""
    first_wins = table.get("hitPolicy", "UNIQUE") == "FIRST"
    allowed = _allowed(table)
    for line in _lines(table):
        pieces = [line.tests]
        for other in () if first_wins else own:
            pieces = [left for piece in pieces for left in _subtracted(piece, other.tests, allowed)]
        for piece in pieces:
            texts = line.texts if piece == line.tests else ()
            yield _inherited(replace(line, tests=piece, texts=texts))


def _subtracted(
    piece: tuple[Cell, ...], taken: tuple[Cell, ...], allowed: Sequence[Sequence[str]]
) -> Iterator[tuple[Cell, ...]]:
    """What of `piece` is not `taken`, in pieces that do not overlap."""
    columns = list(zip(piece, taken, allowed, strict=True))
    lists = [(cell, other, values) for cell, other, values in columns if not cell.text]
    if any(
        cell.both(other).within(values).is_nothing
        for cell, other, values in lists
        if not other.text
    ):
        yield piece
        return
    common = [cell.both(other) for cell, other, _values in columns]
    for place, (cell, other, values) in enumerate(columns):
        rest = cell.without(other).within(values)
        if not rest.is_nothing:
            yield (*common[:place], rest, *piece[place + 1 :])


def _owner(table: Element) -> str:
    """The id of the decision a table belongs to."""
    parent = table.getparent()
    assert parent is not None  # a table stands in a decision
    return str(parent.get("id"))


def _tables(root: Element) -> list[Element]:
    return [element for element in root.iter() if xml.local(element) == "decisionTable"]


def _lines(table: Element) -> list[Line]:
    lines: list[Line] = []
    for rule in xml.children(table, "rule"):
        texts = [_texts(rule, name) for name in ("inputEntry", "outputEntry", "annotationEntry")]
        tests = tuple(Cell.read(text) for text in texts[0])
        lines.append(Line(tests, texts[0], texts[1], texts[2]))
    return lines


def _texts(rule: Element, name: str) -> tuple[str, ...]:
    entries = xml.children(rule, name)
    return tuple(xml.text(entry).strip() for entry in entries)


def _replace(table: Element, lines: Iterable[Line]) -> None:
    """Give the table these rows, a line of the file each, so that a diff shows whole rows."""
    for rule in list(xml.children(table, "rule")):
        table.remove(rule)
    allowed = _allowed(table)
    owner = _owner(table)
    last = table[-1]
    for number, line in enumerate(lines, 1):
        last.tail = "\n      "
        texts = line.texts or [
            cell.written(values) for cell, values in zip(line.tests, allowed, strict=True)
        ]
        last = _rule(table, f"{owner}_{number}", texts, line)
    last.tail = "\n    "


def _rule(table: Element, id_: str, tests: Sequence[str], line: Line) -> Element:
    prefix = f"{{{xml.namespace(table)}}}"
    rule = etree.SubElement(table, f"{prefix}rule", id=id_)
    for kind, letter, texts in (
        ("inputEntry", "i", tests),
        ("outputEntry", "o", line.outputs),
        ("annotationEntry", "", line.notes),
    ):
        for place, text in enumerate(texts, 1):
            entry = etree.SubElement(rule, f"{prefix}{kind}")
            if letter:
                entry.set("id", f"{id_}{letter}{place}")
            etree.SubElement(entry, f"{prefix}text").text = text
    return rule


def _allowed(table: Element) -> list[list[str]]:
    """The allowed values of each input; none where it is open, or not a list of values."""
    listed: list[list[str]] = []
    for column in xml.children(table, "input"):
        text = xml.text(xml.child(column, "inputValues"))
        values = [value.strip() for value in text.split(",")]
        listed.append(values if all(_is_literal(value) for value in values) else [])
    return listed


def _inherited_rows(table: Element) -> set[int]:
    return {number for number, line in enumerate(_lines(table), 1) if line.is_inherited}


def _one_of_each(table: Element, usual: Mapping[str, Any]) -> Iterator[tuple[int, dict[str, Any]]]:
    """Inputs that reach each row whose conditions are lists of values; else as `usual`."""
    columns = list(xml.children(table, "input"))
    names = [xml.text(xml.child(column, "inputExpression")).strip() for column in columns]
    for number, line in enumerate(_lines(table), 1):
        asked = list(zip(names, line.tests, _allowed(table), strict=True))
        if all(cell.is_all or (name in usual and not cell.text) for name, cell, _values in asked):
            chosen = {
                name: json.loads(_some_value(cell, values))
                for name, cell, values in asked
                if not cell.is_all
            }
            yield number, {**usual, **chosen}


def _some_value(cell: Cell, allowed: Sequence[str]) -> str:
    if cell.is_complement:
        return next((value for value in allowed if value not in cell.literals), "null")
    return next((value for value in allowed if value in cell.literals), min(cell.literals))


def _examples(path: Path) -> list[dict[str, Any]]:
    if not path.exists():
        return []
    return list(yaml.safe_load(path.read_text(encoding="utf-8"))["examples"])


def _rows(model: Model, inputs: Mapping[str, object]) -> set[int]:
    return {row.index for row in model.decide(inputs).evidence.rows}


def _examples_text(name: str, examples: Iterable[Mapping[str, Any]]) -> str:
    lines = [f"# 决策表 {name} 的示例：输入、应得的结果。", "examples:"]
    for example in examples:
        lead = "  - "
        for key in ("name", "inputs", "outputs"):
            if key in example:
                value = json.dumps(json_value(example[key]), ensure_ascii=False)
                lines.append(f"{lead}{key}: {value}")
                lead = "    "
    return "\n".join(lines) + "\n"


def _is_literal(text: str) -> bool:
    if text in {"true", "false", "null"}:
        return True
    return len(text) >= 2 and text[0] == text[-1] == '"' and '"' not in text[1:-1]


def _cannot_tell(one: Cell, other: Cell) -> Invalid:
    zh, en = (" 与 ", " and ")
    texts = [cell.text or cell.written(()) for cell in (one, other)]
    return Invalid(
        Phrase(
            f"无法判断条件 {zh.join(texts)} 是否重叠；请在方案的表里使用与默认表相同的条件。",
            f"It cannot be told whether {en.join(texts)} overlap: use the same condition in the "
            "profile's table as in the default's.",
        )
    )
