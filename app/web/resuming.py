"""Text that was sent after its session had ended: kept through the sign-in, then sent on.

It travels in a hidden field and nowhere else: nothing typed is stored before somebody has signed
in. Only what a page of ours sent is kept, so that no other site can have its text sent on.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from flask import request

from app.web import csrf

FIELD = "kept"


@dataclass(frozen=True, slots=True)
class Kept:
    """A form as it was sent: the path it went to, and names with their values."""

    path: str
    fields: Sequence[tuple[str, str]]
    files: Sequence[str] = ()
    """Names of the files that came with it and were not kept."""

    @property
    def texts(self) -> list[str]:
        """What of it a person wrote, to be recognised by; codes of choices are left out."""
        return [value for _name, value in self.fields if not value.isascii() or len(value) > 30]


def unsent() -> str:
    """What this request, which comes too late, wanted to send; empty where nothing is lost."""
    origin = urlsplit(request.headers.get("Origin", "")).netloc
    if request.method != "POST" or origin != request.host:
        return ""
    fields = [item for item in request.form.items(multi=True) if item[0] != csrf.FIELD]
    if not Kept("", fields).texts:
        return ""
    files = [file.filename for _name, file in request.files.items(multi=True) if file.filename]
    return json.dumps([request.path, fields, files], ensure_ascii=False)


def kept(text: str) -> Kept | None:
    """What `unsent` wrote; none for anything else."""
    try:
        path, fields, files = json.loads(text)
        sent = [(str(name), str(value)) for name, value in fields]
        found = Kept(str(path), sent, [str(name) for name in files])
    except (ValueError, TypeError):
        return None
    is_here = found.path.startswith("/") and not found.path.startswith(("//", "/\\"))
    return found if is_here else None
