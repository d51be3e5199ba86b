"""Jieban (接办): case management for Chinese 12345 government hotlines."""

from datetime import timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flask import Flask

    from app.office import Office


def create_app(office: "Office | None" = None) -> "Flask":
    """The web application of an office; without one, the office the environment describes.

    Only wiring: pages and rules are elsewhere. Imports late, so that the pure packages below
    can be used without Flask.
    """
    from flask import Flask
    from werkzeug.middleware.proxy_fix import ProxyFix

    from app import web
    from app.demo import city
    from app.office import open_office
    from app.settings import read_settings

    office = office or open_office(read_settings())
    app = Flask("app", static_folder=None)
    if office.settings.proxies:  # else every citizen would have the proxy's address
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=office.settings.proxies, x_proto=0)  # type: ignore[method-assign]
    app.config.update(SECRET_KEY=office.settings.secret_key, MAX_CONTENT_LENGTH=2 * 1024 * 1024)
    app.config["INSTALLED"] = office.settings
    web.register(
        app,
        office.sessions,
        office.files,
        secure=office.settings.secure_cookies,
        idle=timedelta(minutes=office.settings.session_minutes),
        language=office.settings.language,
        demo=(lambda: city.sign_ins_of(office.sessions)) if office.settings.demo else list,
    )
    return app
