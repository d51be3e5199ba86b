"""What differs between two decision tables: rows cell by cell, columns, hit policy.

Rows are paired by what they say, not by where they stand: a row that was inserted changes nothing
about those below it.
"""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from app.core.phrase import Phrase
from app.decisions import xml
from app.decisions.xml import Element, children, local
from app.design.differences import NOTHING, Difference, What

_ALIKE = 0.5
"""Rows of which at least this share of cells is the same are one row that was changed."""
_TRIED = 250_000
"""Pairs of rows that are weighed against each other; beyond, only ids pair them."""

_ROW = Phrase("行", "Row")
_ORDER = Phrase("行序", "Order of rows")
_IN_ORDER = frozenset({"FIRST", "RULE ORDER"})
"""The hit policies under which the order of rows means something."""


def differences(before: str, after: str) -> list[Difference]:
    """Every difference of the table `after` from `before`. Raises `DecisionError` for no DMN."""
    old, new = xml.parse(before.encode()), xml.parse(after.encode())
    found: list[Difference] = []
    old_tables, new_tables = tables_of(old), tables_of(new)
    for key, table in old_tables.items():
        if key not in new_tables:
            found.append(Difference(What.REMOVED, table.name, _TABLE, element=key, old_element=key))
    for key, table in new_tables.items():
        if key not in old_tables:
            found.append(Difference(What.ADDED, table.name, _TABLE, element=key))
        else:
            found += _in_tables(old_tables[key], table)
    found += _of_the_rest(old, new)
    return found


_TABLE = Phrase("决策表", "Decision table")


@dataclass(frozen=True, slots=True)
class Column:
    """A column: by what it is known, what it is called, and what its heading says."""

    key: str
    label: str
    allowed: str
    """The allowed values as they are written; empty where none are."""
    said: Mapping[Phrase, Phrase]


@dataclass(frozen=True, slots=True)
class Row:
    """A row: its number from 1, its id, and its cells by the keys of the columns."""

    number: int
    id: str
    cells: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Table:
    """A decision table: what its heading says, its columns by key, its rows."""

    id: str
    name: Phrase
    policy: str
    said: Mapping[Phrase, Phrase]
    columns: Mapping[str, Column]
    rows: Sequence[Row]


# --- reading --------------------------------------------------------------------------------------


def tables_of(root: Element) -> dict[str, Table]:
    """The tables of a model as they are written, by the ids of their decisions."""
    found = {}
    for decision in children(root, "decision"):
        for table in children(decision, "decisionTable"):
            found[decision.get("id", "")] = _table(decision, table)
    return found


def _table(decision: Element, table: Element) -> Table:
    columns = list(_columns(table))
    rows = []
    for number, rule in enumerate(children(table, "rule"), 1):
        cells = [
            _cell(entry)
            for entry in [
                *children(rule, "inputEntry"),
                *children(rule, "outputEntry"),
                *children(rule, "annotationEntry"),
            ]
        ]
        said = {column.key: cell for column, cell in zip(columns, cells, strict=False)}
        rows.append(Row(number, rule.get("id", ""), said))
    name = decision.get("name", "") or decision.get("id", "")
    policy = table.get("hitPolicy", "UNIQUE")
    return Table(
        decision.get("id", ""),
        _plain(name),
        policy,
        {
            Phrase("名称", "Name"): _plain(name),
            Phrase("命中策略", "Hit policy"): _plain(
                f"{policy} {table.get('aggregation', '')}".strip()
            ),
        },
        {column.key: column for column in columns},
        rows,
    )


def _columns(table: Element) -> Iterator[Column]:
    seen: dict[str, int] = defaultdict(int)

    heading, kind = Phrase("列名", "Heading"), Phrase("类型", "Type")
    allowed = Phrase("允许的值", "Allowed values")

    def column(key: str, label: str, said: Mapping[Phrase, str]) -> Column:
        seen[key] += 1
        unique = key if seen[key] == 1 else f"{key}#{seen[key]}"
        words = {aspect: _plain(value) for aspect, value in said.items()}
        return Column(unique, label, said.get(allowed, ""), words)

    for node in children(table, "input"):
        expression = xml.child(node, "inputExpression")
        written = "" if expression is None else xml.text(expression).strip()
        label = node.get("label", "") or written
        yield column(
            f"in:{written}",
            label,
            {
                heading: label,
                kind: "" if expression is None else expression.get("typeRef", ""),
                allowed: _text_of(node, "inputValues"),
            },
        )
    for node in children(table, "output"):
        label = node.get("label", "") or node.get("name", "")
        yield column(
            f"out:{node.get('name', '')}",
            label,
            {
                heading: label,
                kind: node.get("typeRef", ""),
                allowed: _text_of(node, "outputValues"),
                Phrase("默认值", "Default"): _text_of(node, "defaultOutputEntry"),
            },
        )
    for node in children(table, "annotation"):
        name = node.get("name", "")
        yield column(f"note:{name}", name, {heading: name})


def _text_of(node: Element, name: str) -> str:
    return xml.text(xml.child(node, name)).strip()


def _cell(entry: Element) -> str:
    """What stands in a cell; an empty input means any value, as a hyphen does."""
    written = " ".join(xml.text(entry).split())
    return "-" if not written and local(entry) == "inputEntry" else written


# --- tables ---------------------------------------------------------------------------------------


def _in_tables(old: Table, new: Table) -> Iterator[Difference]:
    yield from _said(old.said, new.said, new.name, new.id)
    for key, column in old.columns.items():
        if key not in new.columns:
            aspect = Phrase("列", "Column")
            yield Difference(What.REMOVED, _plain(column.label), aspect, element=new.id)
    for key, column in new.columns.items():
        earlier = old.columns.get(key)
        if earlier is None:
            yield Difference(
                What.ADDED, _plain(column.label), Phrase("列", "Column"), element=new.id
            )
        else:
            yield from _said(earlier.said, column.said, _plain(column.label), new.id)
    yield from _of_rows(old, new)


def _said(
    before: Mapping[Phrase, Phrase], after: Mapping[Phrase, Phrase], subject: Phrase, element: str
) -> Iterator[Difference]:
    for aspect, becomes in after.items():
        was = before.get(aspect, NOTHING)
        if was != becomes:
            yield Difference(What.CHANGED, subject, aspect, was, becomes, element, element)


def _of_rows(old: Table, new: Table) -> Iterator[Difference]:
    pairs = pair_rows(old, new)
    kept = {earlier.number for earlier in pairs.values()}
    shared = [key for key in new.columns if key in old.columns]
    for row in old.rows:
        if row.number not in kept:
            subject = Phrase(f"原第 {row.number} 行", f"Former row {row.number}")
            yield Difference(
                What.REMOVED, subject, _ROW, before=_in_words(old, row), element=old.id,
                old_element=old.id, old_row=row.number,
            )  # fmt: skip
    moved = _moved(
        [(row.number, pairs[row.number].number) for row in new.rows if row.number in pairs]
    )
    if moved and new.policy not in _IN_ORDER:
        words = Phrase(
            f"{len(moved)} 行换了位置，结果不变", f"{len(moved)} rows moved, to no effect"
        )
        yield Difference(What.LAYOUT, _ORDER, words, element=new.id, old_element=old.id)
    for row in new.rows:
        earlier = pairs.get(row.number)
        if earlier is None:
            subject = Phrase(f"第 {row.number} 行", f"Row {row.number}")
            yield Difference(
                What.ADDED, subject, _ROW, after=_in_words(new, row), element=new.id,
                row=row.number,
            )  # fmt: skip
            continue
        subject = _both(row.number, earlier.number)
        if row.number in moved and new.policy in _IN_ORDER:
            yield Difference(
                What.MOVED, subject, _ORDER, _plain(str(earlier.number)),
                _plain(str(row.number)), new.id, old.id, row.number, earlier.number,
            )  # fmt: skip
        for key in shared:
            was, becomes = earlier.cells.get(key, ""), row.cells.get(key, "")
            if was != becomes:
                yield Difference(
                    What.CHANGED, subject, _plain(new.columns[key].label), _plain(was),
                    _plain(becomes), new.id, old.id, row.number, earlier.number,
                )  # fmt: skip


def pair_rows(old: Table, new: Table) -> dict[int, Row]:
    """For each row of the newer table that is one of the older: which, by its number.

    First what is the same and stands in the same order, then what is the same and stands
    elsewhere, then what is alike enough, the most alike first.
    """
    shared = [key for key in new.columns if key in old.columns]

    def said(row: Row) -> tuple[str, ...]:
        return tuple(row.cells.get(key, "") for key in shared)

    pairs: dict[int, Row] = {}
    left = {row.number: row for row in old.rows}
    matcher = SequenceMatcher(
        None, [said(row) for row in old.rows], [said(row) for row in new.rows], autojunk=False
    )
    for block in matcher.get_matching_blocks():
        for offset in range(block.size):
            earlier, later = old.rows[block.a + offset], new.rows[block.b + offset]
            pairs[later.number] = left.pop(earlier.number)
    elsewhere: dict[tuple[str, ...], list[Row]] = defaultdict(list)
    for row in left.values():
        elsewhere[said(row)].append(row)
    for row in new.rows:
        if row.number not in pairs and elsewhere.get(said(row)):
            pairs[row.number] = left.pop(elsewhere[said(row)].pop(0).number)
    rest = [row for row in new.rows if row.number not in pairs]
    for later, earlier in _most_alike(rest, list(left.values()), shared):
        pairs[later.number] = earlier
    return pairs


def _most_alike(
    new: Sequence[Row], old: Sequence[Row], columns: Sequence[str]
) -> Iterator[tuple[Row, Row]]:
    weighed: list[tuple[float, int, int, Row, Row]] = []
    for later in new:
        for earlier in old:
            same_id = bool(later.id) and later.id == earlier.id
            if len(new) * len(old) > _TRIED and not same_id:
                continue
            score = _likeness(later, earlier, columns) + (0.25 if same_id else 0)
            if score >= _ALIKE:
                distance = abs(later.number - earlier.number)
                weighed.append((-score, distance, later.number, later, earlier))
    taken: set[int] = set()
    given: set[int] = set()
    for _score, _distance, _number, later, earlier in sorted(weighed, key=lambda w: w[:3]):
        if later.number not in taken and earlier.number not in given:
            taken.add(later.number)
            given.add(earlier.number)
            yield later, earlier


def _likeness(one: Row, other: Row, columns: Sequence[str]) -> float:
    """The share of cells that are the same; conditions weigh twice, notes half."""
    total = same = 0.0
    for key in columns:
        weight = 2.0 if key.startswith("in:") else 0.5 if key.startswith("note:") else 1.0
        total += weight
        same += weight * (one.cells.get(key) == other.cells.get(key))
    return same / total if total else 0.0


def _moved(pairs: Sequence[tuple[int, int]]) -> set[int]:
    """The rows outside the longest run of pairs that kept their order."""
    ends: list[int] = []  # the least number of the older table that a run of this length ends with
    at: list[int] = []
    before: list[int] = []
    for index, (_new, old) in enumerate(pairs):
        length = bisect_left(ends, old)
        before.append(at[length - 1] if length else -1)
        ends[length : length + 1] = [old]
        at[length : length + 1] = [index]
    kept = set()
    last = at[-1] if at else -1
    while last >= 0:
        kept.add(pairs[last][0])
        last = before[last]
    return {new for new, _old in pairs} - kept


def _in_words(table: Table, row: Row) -> Phrase:
    """A row as a sentence: what it asks and what it answers."""
    parts = [
        f"{column.label} {row.cells[key]}"
        for key, column in table.columns.items()
        if row.cells.get(key) not in {None, "", "-"} and not key.startswith("note:")
    ]
    return Phrase("；".join(parts), "; ".join(parts))


def _both(number: int, earlier: int) -> Phrase:
    if number == earlier:
        return Phrase(f"第 {number} 行", f"Row {number}")
    return Phrase(f"第 {number} 行（原第 {earlier} 行）", f"Row {number} (formerly {earlier})")


# --- the rest -----------------------------------------------------------------------------------


def _of_the_rest(old: Element, new: Element) -> Iterator[Difference]:
    """What is no table: inputs and their types, imports, other expressions, what needs what."""
    before, after = _others(old), _others(new)
    aspect = Phrase("内容", "Content")
    for key in [*before, *(one for one in after if one not in before)]:
        was, becomes = before.get(key), after.get(key)
        if was == becomes:
            continue
        what = What.CHANGED
        if was is None or becomes is None:
            what = What.ADDED if was is None else What.REMOVED
        yield Difference(
            what, _plain(key), aspect, _plain(was or ""), _plain(becomes or ""), key, key
        )


def _others(root: Element) -> dict[str, str]:
    """Each other part of the model by its name, as text without ids."""
    found: dict[str, str] = {}
    for node in root:
        if local(node) in {"", "DMNDI"} or xml.namespace(node) != xml.namespace(root):
            continue
        if local(node) == "decision":
            for part in node:
                if local(part) not in {"", "decisionTable", "variable", "extensionElements"}:
                    found[f"{node.get('id')}: {local(part)} {_reference(part)}".strip()] = _bare(
                        part
                    )
        elif local(node) != "extensionElements":
            found[f"{local(node)} {node.get('name') or node.get('id') or ''}".strip()] = _bare(node)
    return found


def _reference(part: Element) -> str:
    for inner in part:
        if inner.get("href"):
            return str(inner.get("href")).lstrip("#")
    return ""


def _bare(node: Element) -> str:
    """An element as text: its tag, what it says, without ids and layout."""
    said = [local(node)]
    said += [f"{name}={value}" for name, value in sorted(_attributes(node).items()) if name != "id"]
    written = _own_text(node)
    if written:
        said.append(written)
    said += [f"({_bare(inner)})" for inner in node if local(inner)]
    return " ".join(said)


def _attributes(node: Element) -> dict[str, str]:
    return {str(name): str(value) for name, value in node.attrib.items()}


def _own_text(node: Element) -> str:
    """The own text of an element, on one line."""
    return " ".join((node.text or "").split())


def _plain(value: str) -> Phrase:
    return Phrase(value, value)
