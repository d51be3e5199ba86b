"""The pages: server-rendered, one module per role, forms that work without scripts."""

from collections.abc import Callable, Sequence
from datetime import timedelta

from flask import Flask

from app.core.db import Sessions
from app.core.files import FileStore
from app.core.phrase import Phrase


def register(
    app: Flask,
    sessions: Sessions,
    files: FileStore,
    *,
    secure: bool,
    idle: timedelta = timedelta(minutes=30),
    language: str = "zh",
    demo: Callable[[], Sequence[tuple[str, Phrase, str]]] = tuple,
) -> None:
    """Put all pages into `app`.

    `secure` tells that it is served by https only, `idle` after how long without a request a
    session ends, `language` what is spoken before anybody has chosen, `demo` gives the
    sign-ins (login, name, password) that the sign-in page of a demo shows.
    """
    from app.web import language as languages
    from app.web import routes, shell
    from app.web.access import DEMO, FILES, SESSIONS

    app.extensions[SESSIONS] = sessions
    app.extensions[FILES] = files
    app.extensions[DEMO] = demo
    languages.set_up(app, language)
    shell.set_up(app, secure=secure, idle=idle)
    app.register_blueprint(routes.web)
