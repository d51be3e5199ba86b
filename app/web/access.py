"""Who may open which page: every route names its permission here, or it cannot be reached.

Also the two ways in which a page talks to the database: `reading_session()` for what it shows,
`acting()` for the one command it carries out.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any, TypeVar

from flask import abort, current_app, g, redirect, request, session, url_for
from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload
from werkzeug.wrappers import Response

from app.core import clock
from app.core.db import READ_ONLY, Sessions
from app.core.uow import Actor, UnitOfWork, unit_of_work
from app.identity.directory import actor_of
from app.identity.models import User
from app.identity.policy import PERMISSIONS

PUBLIC = "public"
"""Whoever opens the address, signed in or not."""
SIGNED_IN = "signed_in"
"""Whoever is signed in."""

LONGEST = timedelta(hours=12)
"""How long a session lives at most: one shift."""

SESSIONS = "jieban.sessions"
"""Where `register` puts the session factory in `app.extensions`."""

FILES = "jieban.files"
"""Where `register` puts the folder of uploaded files in `app.extensions`."""

DEMO = "jieban.demo"
"""Where `register` puts what gives the sign-ins that the sign-in page of a demo shows."""

View = TypeVar("View", bound=Callable[..., Any])


def permission(name: str) -> Callable[[View], View]:
    """Name what a view needs: PUBLIC, SIGNED_IN or a permission of app.identity.policy.

    For a matter of a unit, holding the permission somewhere opens the page; whether it holds for
    the very matter is asked by the query or command. Raises KeyError for an unknown permission.
    """
    if name not in {PUBLIC, SIGNED_IN}:
        PERMISSIONS[name]

    def mark(view: View) -> View:
        vars(view)["permission"] = name
        return view

    return mark


def permission_of(endpoint: str) -> str | None:
    """The permission a route names, or none when it forgot to."""
    named = vars(current_app.view_functions[endpoint]).get("permission")
    return named if isinstance(named, str) else None


def holds(actor: Actor, name: str) -> bool:
    """Whether `actor` has the permission for at least some matter: then the page is theirs."""
    return any(line.role in actor.roles for line in PERMISSIONS[name])


def recognise() -> None:
    """Before every request: who asks, as far as the session tells."""
    g.user = _signed_in_user()
    g.actor = actor_of(g.user) if g.user is not None else None


def admit() -> Response | None:
    """Before every page: let in, send to the sign-in page, or refuse."""
    endpoint = request.endpoint or ""
    needed = permission_of(endpoint)
    if needed is None:
        raise RuntimeError(f"the route {endpoint} names no permission")
    if needed == PUBLIC:
        return None
    if g.actor is None and request.headers.get("HX-Request"):
        # a sign-in page is no part of a page: load the whole anew, or leave what is typed alone
        return Response(status=204, headers={"HX-Refresh": "true"} if _is_get() else None)
    if g.actor is None:
        target = request.full_path.rstrip("?") if _is_get() else None
        return redirect(url_for("web.sign_in", next=target))
    if needed != SIGNED_IN and not holds(g.actor, needed):
        abort(403)
    return None


def _is_get() -> bool:
    return request.method == "GET"


def begin_session(user: User, language: str) -> None:
    """Start a fresh session for `user`: nothing of what the browser sent before survives."""
    session.clear()
    session.permanent = True
    session["user"] = user.id
    session["version"] = user.session_version
    session["since"] = clock.now().isoformat()
    session["language"] = language


def reading_session() -> Session:
    """The session in which this request reads; it is closed when the request ends."""
    if "reading" not in g:
        opened = _sessions()()
        opened.connection(execution_options={READ_ONLY: True})
        g.reading = opened
    reading: Session = g.reading
    return reading


def close_reading(_error: BaseException | None = None) -> None:
    """End the reading session; what is read afterwards sees what was committed meanwhile."""
    opened = g.pop("reading", None)
    if opened is not None:
        opened.close()


@contextmanager
def acting() -> Iterator[UnitOfWork]:
    """The unit of work of the signed-in user for the one command of this request."""
    close_reading()
    with unit_of_work(_sessions(), g.actor, clock.now()) as uow:
        yield uow


def looking() -> UnitOfWork:
    """A unit of work for queries: the signed-in user, the present instant, nothing to commit."""
    return UnitOfWork(reading_session(), g.actor, clock.now())


def _sessions() -> Sessions:
    sessions: Sessions = current_app.extensions[SESSIONS]
    return sessions


def _signed_in_user() -> User | None:
    user_id, since = session.get("user"), session.get("since")
    if user_id is None or since is None:
        return None
    if clock.now() - datetime.fromisoformat(since) > LONGEST:
        session.clear()
        return None
    user = reading_session().scalar(
        select(User).where(User.id == user_id, User.active).options(joinedload(User.unit))
    )
    if user is None or user.session_version != session.get("version"):
        session.clear()
        return None
    return user
