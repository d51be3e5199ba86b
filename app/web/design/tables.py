"""What the editor of decision tables asks: findings with examples, answers, test rows."""

from base64 import b64decode
from binascii import Error as NotBase64

from flask import Response

from app.core import clock
from app.core.errors import Invalid
from app.core.phrase import Phrase
from app.design import drafts, spreadsheets, trying_tables
from app.design.comparing_tables import differences
from app.design.differences import Difference
from app.design.documents import Document
from app.design.models import DesignDraft, Kind
from app.design.trying_tables import Tried
from app.web.access import acting, permission, reading_session
from app.web.design.answering import as_json, finding_as_json, given, refusals_as_json
from app.web.language import say


@permission("design.edit")
@refusals_as_json
def review_table(draft_id: int) -> Response:
    """Findings, inputs and test rows of a table that is not saved."""
    sent = given("content")
    draft, content = _table(draft_id, sent["content"])
    found = trying_tables.review(reading_session(), draft, content)
    return as_json(
        {
            "findings": [
                finding_as_json(one.finding)
                | {"example": dict(one.example), "missing": list(one.missing)}
                for one in sorted(found.proofs, key=lambda one: _ORDER[one.finding.severity])
            ],
            "inputs": [
                {
                    "name": one.name,
                    "label": one.label,
                    "type": one.type,
                    "allowed": list(one.allowed),
                }
                for one in found.inputs
            ],
            "tests": [
                {
                    "number": one.number,
                    "name": one.name,
                    "inputs": dict(one.inputs),
                    "expected": one.expected,
                    "tried": None if one.tried is None else _tried(one.tried),
                    "failure": None if one.failure is None else say(one.failure),
                }
                for one in found.tests
            ],
            "untold": found.untold,
        }
    )


@permission("design.edit")
@refusals_as_json
def ask_table(draft_id: int) -> Response:
    """What the table would answer to the inputs that were typed."""
    sent = given("content", "inputs")
    draft, content = _table(draft_id, sent["content"])
    found = trying_tables.ask(
        reading_session(), draft, content, _inputs(sent["inputs"]), clock.now()
    )
    return as_json(_tried(found))


@permission("design.edit")
@refusals_as_json
def add_test_row(draft_id: int) -> Response:
    """Keep inputs and what the table answers to them as a test row."""
    sent = given("content", "inputs", "name")
    _, content = _table(draft_id, sent["content"])
    with acting() as uow:
        rows = trying_tables.add_test_row(
            uow, draft_id, content, str(sent["name"]), _inputs(sent["inputs"])
        )
        answer = {"draft": rows.id, "revision": rows.revision}
    return as_json(answer)


@permission("design.see")
def table_sheet(draft_id: int) -> Response:
    """The table, as it is kept, as an Excel workbook."""
    draft = drafts.draft(reading_session(), draft_id)
    draft, content = _table(draft_id, draft.content)
    return Response(
        spreadsheets.write(content),
        mimetype="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        headers={"Content-Disposition": f'attachment; filename="{draft.key}.xlsx"'},
    )


@permission("design.edit")
@refusals_as_json
def read_sheet(draft_id: int) -> Response:
    """What the table would be with the rows of a workbook, and what that changes.

    Nothing is kept.
    """
    sent = given("content", "sheet")
    _, content = _table(draft_id, sent["content"])
    try:
        workbook = b64decode(sent["sheet"], validate=True)
    except (NotBase64, ValueError, TypeError):
        raise Invalid(
            Phrase("sheet 须是 base64 编码的文件。", "sheet must be a file in base64.")
        ) from None
    taken = spreadsheets.read(workbook, content)
    found = differences(content, taken)
    return as_json({"content": taken, "differences": [_difference(one) for one in found]})


def _difference(one: Difference) -> dict[str, object]:
    return {
        "what": one.what.value,
        "subject": say(one.subject),
        "aspect": say(one.aspect),
        "before": say(one.before),
        "after": say(one.after),
        "row": one.row or one.old_row,
    }


_ORDER = {"error": 0, "warning": 1, "remark": 2}


def _tried(found: Tried) -> dict[str, object]:
    return {
        "outputs": found.outputs,
        "rows": {key: list(rows) for key, rows in found.rows.items()},
    }


def _table(draft_id: int, content: object) -> tuple[DesignDraft, str]:
    draft = drafts.draft(reading_session(), draft_id)
    if draft.kind != Kind.TABLE or not isinstance(content, str):
        raise Invalid(Phrase("这份草稿不是决策表。", "This draft is no decision table."))
    drafts.require_readable(Document(Kind.TABLE, draft.key), content)
    return draft, content


def _inputs(sent: object) -> dict[str, object]:
    if not isinstance(sent, dict):
        raise Invalid(
            Phrase("inputs 须是按名称给出的值。", "inputs must be values by their names.")
        )
    return sent
