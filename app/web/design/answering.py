"""How the workshop answers its editors: JSON, with sentences in both languages."""

from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any, TypeVar

import orjson
from flask import Response, request
from werkzeug.exceptions import RequestEntityTooLarge

from app.core.errors import Conflict, DomainError, Invalid, NotAllowed, NotFound
from app.core.phrase import Phrase
from app.design.checking import Finding
from app.design.drafts import SavedMeanwhile
from app.web.language import say

View = TypeVar("View", bound=Callable[..., Any])

_STATUS: dict[type[DomainError], int] = {NotFound: 404, NotAllowed: 403, Conflict: 409}


def as_json(value: object, status: int = 200) -> Response:
    """An answer for a script."""
    return Response(orjson.dumps(value), status, mimetype="application/json")


def refusals_as_json(view: View) -> View:
    """Answer refusals of `view` as JSON: `text` in the reader's language, and in both."""

    @wraps(view)
    def answering(*args: Any, **kwargs: Any) -> Any:
        try:
            return view(*args, **kwargs)
        except SavedMeanwhile as late:
            found = {
                "revision": late.revision,
                "content": late.content,
                "by": late.by,
                "at": late.at.isoformat(),
            }
            return as_json(found | _words(late.phrase), 409)
        except Invalid as wrong:
            fields = {name: _words(phrase) for name, phrase in wrong.fields.items()}
            return as_json({**_words(wrong.phrase), "fields": fields}, 422)
        except DomainError as refusal:
            status = next((_STATUS[kind] for kind in type(refusal).mro() if kind in _STATUS), 422)
            return as_json(_words(refusal.phrase), status)

    return answering  # type: ignore[return-value] # the same view, wrapped


def given(*names: str) -> dict[str, Any]:
    """The object that a script sent. Raises `Invalid` unless it has all `names`."""
    try:
        sent = request.get_json(silent=True)
    except RequestEntityTooLarge:
        raise Invalid(
            Phrase("内容太大，不能保存：请拆成几份。", "The text is too large to keep: split it.")
        ) from None
    if not isinstance(sent, dict) or any(name not in sent for name in names):
        shown = "、".join(names)
        raise Invalid(
            Phrase(
                f"请求须是 JSON，并带有 {shown}。",
                f"The request must be JSON and hold {', '.join(names)}.",
            )
        )
    return sent


def finding_as_json(finding: Finding) -> dict[str, object]:
    """A finding for a script; `rows` holds every row it is about, `row` the first."""
    return {
        "kind": finding.document.kind.value,
        "key": finding.document.key,
        "code": finding.code,
        "severity": finding.severity,
        "element": finding.element,
        "element_name": finding.element_name,
        "row": finding.rows[0] if finding.rows else None,
        "rows": list(finding.rows),
        "column": finding.column,
        "field": finding.field,
        **_words(finding.phrase),
    }


def findings_as_json(findings: Sequence[Finding]) -> list[dict[str, object]]:
    """Findings for a script, errors first."""
    order = {"error": 0, "warning": 1, "remark": 2}
    return [finding_as_json(one) for one in sorted(findings, key=lambda f: order[f.severity])]


def _words(phrase: Phrase) -> dict[str, str]:
    return {"zh": phrase.zh, "en": phrase.en, "text": say(phrase)}
