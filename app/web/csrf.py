"""Requests that change something prove that they come from a page of ours.

One random token per session, in a hidden field of every form and in a header of every request
that the page's script sends.
"""

import secrets

from flask import abort, request, session
from markupsafe import Markup

FIELD = "csrf_token"
HEADER = "X-CSRF-Token"


def token() -> str:
    """The token of this session, made at first use."""
    if "csrf" not in session:
        session["csrf"] = secrets.token_urlsafe(32)
    return str(session["csrf"])


def field() -> Markup:
    """The hidden field that every form with method post contains."""
    return Markup('<input type="hidden" name="{}" value="{}">').format(FIELD, token())


def check() -> None:
    """Refuse a changing request without the token of its session with 400."""
    if request.method in {"GET", "HEAD", "OPTIONS"}:
        return
    sent = request.headers.get(HEADER) or request.form.get(FIELD, "")
    kept = session.get("csrf")
    if kept is None or not secrets.compare_digest(str(kept).encode(), sent.encode()):
        abort(400, "csrf")
