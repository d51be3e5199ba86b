"""The pages: server-rendered, one module per role, forms that work without scripts."""

from flask import Flask

from app.core.db import Sessions


def register(app: Flask, sessions: Sessions, *, secure: bool) -> None:
    """Put all pages into `app`; `secure` tells that it is served by https only."""
    from app.web import language, routes, shell
    from app.web.access import SESSIONS

    app.extensions[SESSIONS] = sessions
    language.set_up(app)
    shell.set_up(app, secure=secure)
    app.register_blueprint(routes.web)
