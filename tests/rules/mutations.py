"""Mutations of decision tables, and whether they change what a table says.

A mutation deletes a row, doubles it, or shifts a bound of one of its cells. It changes meaning
when the answers differ anywhere on the grid of all boundary values and the values one step beside
them; the grid is looked at where the row matched before or matches now, for only there can they.
"""

import copy
import random
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from functools import cache
from itertools import islice, product
from typing import Any

from lxml import etree

from app.core.errors import DomainError
from app.decisions import xml
from app.decisions.dmn import Model, read_model
from app.decisions.evidence import json_value
from app.decisions.feel.expression import compile_unary_tests
from app.decisions.xml import Element

MAX_POINTS = 4_000
"""Points of the grid that are asked for one mutation; a larger grid is sampled."""

Change = Callable[[Element, random.Random], str | None]


@dataclass(frozen=True)
class Mutant:
    """A table with one change: what was done, where, and the cells of the row before and after."""

    what: str
    text: bytes
    model: Model
    cells: Sequence[Mapping[str, str]]


def mutate(source: bytes, change: Change, choice: random.Random) -> Mutant | None:
    """A mutant by `change` of a random row; None where that row has nothing to change."""
    root = xml.parse(source)
    table = choice.choice(_tables(root))
    rules = list(xml.children(table, "rule"))
    number = choice.randrange(len(rules))
    before = _cells(table, rules[number])
    what = change(rules[number], choice)
    if what is None:
        return None
    after = before if rules[number].getparent() is None else _cells(table, rules[number])
    text = etree.tostring(root)
    return Mutant(f"row {number + 1}: {what}", text, read_model(text), [before, after])


def changes_meaning(source: bytes, mutant: Mutant, choice: random.Random) -> bool:
    """Whether the mutant answers anything differently."""
    original = _model_of(source)
    return any(
        _said(original, point) != _said(mutant.model, point)
        for point in _points(source, mutant, choice)
    )


def _said(model: Model, inputs: Mapping[str, object]) -> object:
    try:
        return json_value(model.decide(inputs).outputs)
    except DomainError:
        return _REFUSED


_REFUSED = object()


# --- the mutations -------------------------------------------------------------------------------


def delete(rule: Element, _choice: random.Random) -> str:
    """Take the row out."""
    table = rule.getparent()
    assert table is not None
    table.remove(rule)
    return "deleted"


def double(rule: Element, choice: random.Random) -> str:
    """Put a copy of the row behind a random one."""
    table = rule.getparent()
    assert table is not None
    rules = list(xml.children(table, "rule"))
    twin = copy.deepcopy(rule)
    choice.choice(rules).addnext(twin)
    return "doubled"


def shift(rule: Element, choice: random.Random) -> str | None:
    """Move a bound of the row by one step, or let it in or out."""
    texts = [
        t for cell in xml.children(rule, "inputEntry") if (t := xml.child(cell, "text")) is not None
    ]
    shifts = [
        (text, match) for text in texts for match in _BOUND.finditer(_blanked(text.text or ""))
    ]
    if not shifts:
        return None
    text, match = choice.choice(shifts)
    old = text.text or ""
    text.text = (
        old[: match.start()]
        + _shifted(old[match.start() : match.end()], choice)
        + old[match.end() :]
    )
    return f"{old} became {text.text}"


_BOUND = re.compile(
    r"\d{4}-\d\d-\d\d|(?<![\w.-])-?\d+(?:\.\d+)?|<=?|>=?|[\[(](?=[^\[\]()]*\.\.)|(?<=\d)[\])]"
)


def _blanked(text: str) -> str:
    """The text with the inside of strings hidden, dates excepted."""
    return re.sub(
        r'"([^"]*)"',
        lambda m: m[0] if re.fullmatch(r"\d{4}-\d\d-\d\d", m[1]) else '"' + "x" * len(m[1]) + '"',
        text,
    )


_SWAPPED = {"<": "<=", "<=": "<", ">": ">=", ">=": ">", "[": "(", "(": "[", "]": ")", ")": "]"}


def _shifted(bound: str, choice: random.Random) -> str:
    if bound in _SWAPPED:
        return _SWAPPED[bound]
    sign = choice.choice((-1, 1))
    if re.fullmatch(r"\d{4}-\d\d-\d\d", bound):
        return (date.fromisoformat(bound) + timedelta(days=sign)).isoformat()
    return str(Decimal(bound) + sign * _step(bound))


def _step(number: str) -> Decimal:
    _, _, fraction = number.partition(".")
    return Decimal(1).scaleb(-len(fraction))


# --- the grid ------------------------------------------------------------------------------------


def _points(source: bytes, mutant: Mutant, choice: random.Random) -> Iterator[dict[str, Any]]:
    names = mutant.model.input_names
    values = {name: list(found) for name, found in _boundary_values(source).items()}
    for name, text in mutant.cells[-1].items():
        if name in values:
            values[name] = _distinct([*values[name], *_fitting(mutant.model, name, _around(text))])
    near = [
        [v for v in values.get(name, [None]) if any(_accepts(c, name, v) for c in mutant.cells)]
        for name in names
    ]
    size = 1
    for some in near:
        size *= len(some)
    if size <= MAX_POINTS:
        points: Iterator[tuple[Any, ...]] = product(*near)
    else:
        points = islice(iter(lambda: tuple(choice.choice(some) for some in near), ()), MAX_POINTS)
    for point in points:
        yield dict(zip(names, point, strict=True))


def _accepts(cells: Mapping[str, str], name: str, value: object) -> bool:
    text = cells.get(name, "-")
    try:
        return compile_unary_tests(text).accepts(value, {}) is True
    except DomainError:
        return True  # it reads other data: let the tables decide


@cache
def _model_of(source: bytes) -> Model:
    return read_model(source)


@cache
def _boundary_values(source: bytes) -> dict[str, list[Any]]:
    """For every input the constants of its columns and what lies one step beside them."""
    model = _model_of(source)
    found: dict[str, list[Any]] = {name: [] for name in model.input_names}
    for table in _tables(xml.parse(source)):
        for index, column in enumerate(xml.children(table, "input")):
            expression = xml.text(xml.child(column, "inputExpression"))
            texts = [expression, xml.text(xml.child(column, "inputValues"))]
            texts += [
                xml.text(list(xml.children(rule, "inputEntry"))[index])
                for rule in xml.children(table, "rule")
            ]
            for name in found:
                if re.search(rf"(?<!\w){re.escape(name)}(?!\w)", expression):
                    found[name] += [value for text in texts for value in _around(text)]
    extra = [None, True, False, 0, 1, "其他"]
    return {
        name: _distinct(_fitting(model, name, [*values, *extra])) for name, values in found.items()
    }


def _distinct(values: Sequence[Any]) -> list[Any]:
    return list({repr(value): value for value in values}.values())


def _fitting(model: Model, name: str, values: Iterable[Any]) -> list[Any]:
    """The values of the type that the input is declared to have."""
    declared = model.input_types[name]
    kind = None if declared is None else declared.base_kind()
    return [value for value in values if value is None or _is_of(kind, value)]


def _is_of(kind: str | None, value: object) -> bool:
    wanted = {"boolean": bool, "string": str, "date": date, "number": (int, Decimal)}.get(
        kind or ""
    )
    if wanted is None:
        return True
    return isinstance(value, wanted) and not (kind == "number" and isinstance(value, bool))


def _around(text: str) -> Iterator[Any]:
    for quoted in re.findall(r'"([^"]*)"', text):
        if re.fullmatch(r"\d{4}-\d\d-\d\d", quoted):
            day = date.fromisoformat(quoted)
            yield from (day - timedelta(days=1), day, day + timedelta(days=1))
        yield quoted
    for number in re.findall(r"(?<![\w.-])-?\d+(?:\.\d+)?", re.sub(r'"[^"]*"', "", text)):
        step = _step(number)
        yield from (Decimal(number) - step, Decimal(number), Decimal(number) + step)


def _tables(root: Element) -> list[Element]:
    return [e for e in root.iter() if xml.local(e) == "decisionTable"]


def _cells(table: Element, rule: Element) -> dict[str, str]:
    """The cells of a row by the input they test, where they test one."""
    names = [
        xml.text(xml.child(c, "inputExpression")).strip() for c in xml.children(table, "input")
    ]
    cells = [xml.text(cell).strip() or "-" for cell in xml.children(rule, "inputEntry")]
    return dict(zip(names, cells, strict=True))
