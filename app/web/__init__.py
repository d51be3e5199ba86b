"""The pages: server-rendered, one module per role, forms that work without scripts."""

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
) -> None:
    """Put all pages into `app`.

    `secure` tells that it is served by https only, `idle` after how long without a request a
    session ends, `language` what is spoken before anybody has chosen.
    """
    from app.web import language as languages
    from app.web import routes, shell
    from app.web.access import SESSIONS

    app.extensions[SESSIONS] = sessions
    languages.set_up(app, language)
    shell.set_up(app, secure=secure, idle=idle)
    app.register_blueprint(routes.web)
