"""Signing in and out, the reader's language, a new password, and where work begins."""

from urllib.parse import urlsplit

from flask import current_app, flash, g, redirect, render_template, request, session, url_for
from werkzeug.wrappers import Response

from app.core import clock
from app.core.db import Sessions
from app.core.errors import Invalid, NotAllowed
from app.core.uow import SYSTEM, unit_of_work
from app.identity import directory
from app.identity.policy import ROLE_NAMES
from app.web import resuming, shell
from app.web.access import (
    DEMO,
    PUBLIC,
    SESSIONS,
    SIGNED_IN,
    acting,
    begin_session,
    permission,
    permission_of,
)
from app.web.forms import plain
from app.web.language import LANGUAGES, _, say

Page = str | Response | tuple[str, int]


@permission(SIGNED_IN)
def home() -> Page:
    """The first page of the user's work."""
    places = shell.navigation()
    if places:
        return redirect(url_for(places[0].endpoint))
    names = [say(ROLE_NAMES.get(code, code)) for code in sorted(g.actor.roles)]
    return render_template("home.html", roles=_("、").join(names))


@permission(PUBLIC)
def sign_in() -> Page:
    """Ask for login and password. A wrong one does not tell which of the two was wrong."""
    following = _local(request.values.get("next"))
    if request.method == "GET":
        if g.actor is not None:
            return redirect(following)
        return _sign_in_page(following)
    login = plain(request.form.get("login", ""))
    sessions: Sessions = current_app.extensions[SESSIONS]
    try:
        with unit_of_work(sessions, SYSTEM, clock.now()) as uow:
            user = directory.sign_in(uow, login, request.form.get("password", ""))
            # the visitor's choice wins over the one kept with the user
            chosen = session.get("language") or (user.language if user else "zh")
            if user is not None:
                begin_session(user, chosen)
    except NotAllowed as locked:
        refusal = say(locked.phrase)
    else:
        if user is not None:
            unsent = resuming.kept(request.form.get(resuming.FIELD, ""))
            if unsent is not None:
                return render_template("resume.html", kept=unsent)
            return redirect(following)
        refusal = _("登录名或密码不正确。请核对后重新输入。")
    kept = request.form.get(resuming.FIELD, "")
    return _sign_in_page(following, login, refusal, kept), 422


def keep_unsent() -> Page | None:
    """Before every page: whoever sends a text after the session has ended signs in and goes on."""
    if g.actor is not None or permission_of(request.endpoint or "") == PUBLIC:
        return None
    unsent = resuming.unsent()
    return (_sign_in_page(url_for("web.home"), kept=unsent), 401) if unsent else None


def _sign_in_page(
    following: str, login: str = "", refusal: str | None = None, kept: str = ""
) -> str:
    return render_template(
        "sign_in.html",
        following=following,
        login=login,
        refusal=refusal,
        kept=kept,
        demo=current_app.extensions[DEMO](),
    )


@permission(SIGNED_IN)
def sign_out() -> Page:
    """End the user's sessions on every machine and show the sign-in page in the same language.

    A session lives in its cookie, so forgetting the cookie here would leave a copy of it good.
    """
    chosen = session.get("language", "zh")
    with acting() as uow:
        directory.end_sessions(uow, g.user.id)
    session.clear()
    session["language"] = chosen
    flash(_("您已在所有设备上退出登录。"), "done")
    return redirect(url_for("web.sign_in"))


@permission(SIGNED_IN)
def still_here() -> Page:
    """Asked by the script of a page while its reader types: the answer renews the session."""
    return Response(status=204)


@permission(PUBLIC)
def set_language() -> Page:
    """Show the pages in another language from now on, beginning with the present one."""
    asked = request.form.get("language", "")
    if asked in LANGUAGES:
        session["language"] = asked
    return redirect(_local(request.form.get("next")))


@permission(SIGNED_IN)
def password() -> Page:
    """Give oneself a new password; other sessions of the same user end."""
    if request.method == "GET":
        return render_template("password.html", errors={}, refusal=None)
    form = request.form
    errors: dict[str, str] = {}
    if form.get("new") != form.get("again"):
        errors["again"] = _("两次输入的新密码不一致。")
    else:
        try:
            with acting() as uow:
                user = directory.change_password(
                    uow, g.user.id, form.get("old", ""), form.get("new", "")
                )
                begin_session(user, session.get("language", "zh"))
        except Invalid as refusal:
            errors = {name: say(phrase) for name, phrase in refusal.fields.items()}
    if errors:
        return render_template("password.html", errors=errors), 422
    flash(_("密码已修改。"), "done")
    return redirect(url_for("web.home"))


def _local(target: str | None) -> str:
    """`target` if it is a path of this site, else the home page: no redirect leads elsewhere."""
    if target and target.startswith("/") and not target.startswith(("//", "/\\")):
        parts = urlsplit(target)
        if not parts.scheme and not parts.netloc:
            return target
    return url_for("web.home")
