"""A table while it is edited: its findings with an example each, its test rows, and asking it.

Nothing here is kept but a test row, which goes into the draft of the table's test rows in the same
change, so that table and rows are approved together.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy.orm import Session

from app.core.errors import DomainError, Invalid
from app.core.phrase import Phrase
from app.core.uow import UnitOfWork
from app.decisions import xml
from app.decisions.checks.missing_rows import ANYTHING
from app.decisions.dmn import Model
from app.decisions.errors import DecisionError
from app.decisions.evidence import json_value
from app.decisions.examples import examples_in
from app.decisions.feel.syntax import Name
from app.design import checking, documents, drafts
from app.design.comparing_tables import tables_of
from app.design.documents import Document
from app.design.models import DesignDraft, Kind

_SHOWN = 500
"""Test rows that are asked at every change; more are told by number only."""


@dataclass(frozen=True, slots=True)
class Proof:
    """A finding with the input that shows it, as JSON; `missing` are the cells, one for each input
    column, of a row that would answer it. Both empty where there is no such input.
    """

    finding: checking.Finding
    example: Mapping[str, object] = field(default_factory=dict)
    missing: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Tried:
    """What the table answers: outputs as JSON, and the numbers of the rows by their table."""

    outputs: object
    rows: Mapping[str, Sequence[int]]


@dataclass(frozen=True, slots=True)
class AskedRow:
    """A test row, what the table says to it, and why it was not passed (None if it was)."""

    number: int
    name: str
    inputs: Mapping[str, object]
    expected: object
    tried: Tried | None
    failure: Phrase | None


@dataclass(frozen=True, slots=True)
class InputField:
    """An input of the table: what to type there. `allowed` are texts to choose from, if listed."""

    name: str
    label: str
    type: str
    allowed: Sequence[str]


@dataclass(frozen=True, slots=True)
class Review:
    """All there is to say about a table that is being edited."""

    proofs: Sequence[Proof]
    inputs: Sequence[InputField]
    tests: Sequence[AskedRow]
    untold: int
    """Test rows beyond those that were asked."""


def review(session: Session, draft: DesignDraft, content: str) -> Review:
    """The findings, inputs and test rows of the draft, were `content` its text."""
    found = checking.check_draft(session, draft, content)
    try:
        model = _model(session, draft, content)
        inputs = list(_inputs(model, content))
        rows = [] if model.problems else _rows(session, draft)
    except DomainError:
        return Review([Proof(one) for one in found], (), (), 0)
    asked = [_asked(model, number, row) for number, row in enumerate(rows[:_SHOWN], 1)]
    return Review(
        _proofs(model, found),
        inputs,
        asked,
        max(0, len(rows) - _SHOWN),
    )


def ask(
    session: Session, draft: DesignDraft, content: str, inputs: Mapping[str, object], now: datetime
) -> Tried:
    """What the table would answer. Raises `DecisionError` where it has no right answer."""
    return _tried(_model(session, draft, content), inputs, now)


def add_test_row(
    uow: UnitOfWork, draft_id: int, content: str, name: str, inputs: Mapping[str, object]
) -> DesignDraft:
    """Keep what the table of this draft answers to `inputs` as a test row, in the same change.

    Raises like `drafts.open_draft` and `drafts.save`, and `DecisionError` where it has no answer.
    """
    table = drafts.draft(uow.session, draft_id)
    tried = ask(uow.session, table, content, inputs, uow.now)
    before = _text(uow.session, table)
    text = f"examples:\n{_line(table, tried, name, inputs)}"
    if before is not None:
        had = examples_in(before, table.key)
        if any(row["inputs"] == inputs for row in had):
            raise Invalid(
                Phrase("已有输入相同的测试行。", "There is a test row of these inputs already.")
            )
        if had:
            text = f"{before.rstrip()}\n{_line(table, tried, name, inputs)}"
    examples_in(text, table.key)
    rows = drafts.open_draft(uow, table.change_id, Kind.EXAMPLES, table.key, text)
    return drafts.save(uow, rows.id, rows.revision, text)


def _line(table: DesignDraft, tried: Tried, name: str, inputs: Mapping[str, object]) -> str:
    matched = list(tried.rows.get(table.key, ()))
    said = [] if not name.strip() else [f"name: {_json(name.strip())}"]
    said += [f"inputs: {_json(inputs)}", f"outputs: {_json(tried.outputs)}"]
    if matched:
        said.append(f"row: {_json(matched[0] if len(matched) == 1 else matched)}")
    return "  - " + "\n    ".join(said) + "\n"


def _json(value: object) -> str:
    return orjson.dumps(value).decode()


def _model(session: Session, draft: DesignDraft, content: str) -> Model:
    texts = checking.texts_of(draft.change)
    texts[Document(Kind.TABLE, draft.key)] = content
    return checking.model_of(session, texts, draft.key)


def _text(session: Session, draft: DesignDraft) -> str | None:
    """The test rows of the change, else those that are published."""
    what = Document(Kind.EXAMPLES, draft.key)
    text = checking.texts_of(draft.change).get(what)
    if text is not None:
        return text
    newest = documents.newest(session, what)
    return None if newest is None else newest.content


def _rows(session: Session, draft: DesignDraft) -> list[dict[str, Any]]:
    text = _text(session, draft)
    return [] if text is None else examples_in(text, draft.key)


# --- findings -------------------------------------------------------------------------------------


def _proofs(model: Model, found: Sequence[checking.Finding]) -> list[Proof]:
    proofs = []
    for one in found:
        example = one.example
        missing = _missing(model, one) if one.missing else ()
        proofs.append(
            Proof(one, {name: json_value(value) for name, value in example.items()}, missing)
        )
    return proofs


def _missing(model: Model, one: checking.Finding) -> list[str]:
    """The input cells of a row that closes a gap, one for each column."""
    table = next(table for table in model.tables if table.decision_id == one.element)
    cells = []
    for column in table.inputs:
        name = column.expression.name if isinstance(column.expression, Name) else ""
        cells.append(one.missing.get(name) or one.missing.get(column.label, ANYTHING))
    return cells


# --- asking ---------------------------------------------------------------------------------------


def _asked(model: Model, number: int, row: Mapping[str, Any]) -> AskedRow:
    tried, failure = None, None
    try:
        tried = _tried(model, row["inputs"], None)
    except DomainError as refusal:
        failure = refusal.phrase
    else:
        failure = _difference(tried, row)
    return AskedRow(
        number,
        str(row.get("name") or ""),
        row["inputs"],
        json_value(row["outputs"]),
        tried,
        failure,
    )


def _difference(tried: Tried, row: Mapping[str, Any]) -> Phrase | None:
    wanted = row.get("row")
    matched = list(list(tried.rows.values())[-1]) if tried.rows else []
    if wanted is not None and matched != (wanted if isinstance(wanted, list) else [wanted]):
        return Phrase(
            f"应由第 {wanted} 行回答，实际是 {matched}。",
            f"Row {wanted} was to answer, {matched} did.",
        )
    if tried.outputs != json_value(row["outputs"]):
        return Phrase(
            f"应为 {_json(json_value(row['outputs']))}，实际是 {_json(tried.outputs)}。",
            f"Expected {_json(json_value(row['outputs']))}, got {_json(tried.outputs)}.",
        )
    return None


def _tried(model: Model, inputs: Mapping[str, object], now: datetime | None) -> Tried:
    try:
        answer = model.decide(inputs, now=now)
    except RecursionError:
        raise DecisionError(
            Phrase("输入的嵌套太深。", "The inputs are nested too deeply.")
        ) from None
    return Tried(
        json_value(answer.outputs),
        {table.decision_id: [row.index for row in table.rows] for table in answer.evidence.tables},
    )


def _inputs(model: Model, content: str) -> Iterator[InputField]:
    columns = [
        column
        for table in tables_of(xml.parse(content.encode())).values()
        for column in table.columns.values()
    ]
    for name in model.input_names:
        declared = model.input_types.get(name)
        column = next((one for one in columns if one.key == f"in:{name}"), None)
        allowed = "" if column is None else column.allowed
        yield InputField(
            name,
            name if column is None else column.label,
            "Any" if declared is None else declared.name,
            _texts(allowed),
        )


def _texts(allowed: str) -> list[str]:
    """The texts that a list of allowed values names; none for ranges and expressions."""
    try:
        found = orjson.loads(f"[{allowed}]") if allowed else []
    except orjson.JSONDecodeError:
        return []
    return [one for one in found if isinstance(one, str)]
