"""The pages: server-rendered, one module per role, forms that work without scripts."""

from collections.abc import Sequence
from datetime import timedelta

from flask import Flask

from app.core.db import Sessions


def register(
    app: Flask,
    sessions: Sessions,
    *,
    secure: bool,
    idle: timedelta = timedelta(minutes=30),
    language: str = "zh",
    demo: Sequence[tuple[str, str, str]] = (),
) -> None:
    """Put all pages into `app`.

    `secure` tells that it is served by https only, `idle` after how long without a request a
    session ends, `language` what is spoken before anybody has chosen, `demo` the sign-ins (login,
    name, password) that the sign-in page shows of a demo.
    """
    from app.web import language as languages
    from app.web import routes, shell
    from app.web.access import DEMO, SESSIONS

    app.extensions[SESSIONS] = sessions
    app.extensions[DEMO] = tuple(demo)
    languages.set_up(app, language)
    shell.set_up(app, secure=secure, idle=idle)
    app.register_blueprint(routes.web)
