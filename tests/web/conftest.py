"""An app with real tables on a file of its own, and people who can sign in."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from app.core.db import Base, Sessions, make_engine, make_sessions
from app.core.uow import SYSTEM, unit_of_work
from app.identity.directory import add_user
from app.identity.models import HandlingUnit
from app.identity.policy import Role
from app.web import register
from app.web.build import compile_translations

PASSWORD = "right-horse-7"


@pytest.fixture(scope="session", autouse=True)
def _translations() -> None:
    compile_translations()


@pytest.fixture
def sessions(tmp_path: Path) -> Iterator[Sessions]:
    engine = make_engine(f"sqlite:///{tmp_path / 'web.db'}")
    Base.metadata.create_all(engine)
    sessions = make_sessions(engine)
    with unit_of_work(sessions, SYSTEM, datetime(2026, 11, 20, tzinfo=UTC)) as uow:
        unit = HandlingUnit(
            code="urban_management",
            name_zh="云江市城市管理局",
            name_en="Urban Management",
            kind="city",
        )
        add_user(uow, "admin", "何平", PASSWORD, [Role.ADMINISTRATOR], None)
        add_user(uow, "handler", "王敏", PASSWORD, [Role.UNIT_HANDLER], unit)
    yield sessions
    engine.dispose()


@pytest.fixture
def app(sessions: Sessions) -> Flask:
    app = Flask("jieban-test", static_folder=None)
    app.config.update(SECRET_KEY="test", TESTING=False)
    register(app, sessions, secure=False)
    return app


@dataclass
class Browser:
    """A client that fills in the hidden token as a browser would."""

    client: FlaskClient

    def get(self, path: str, **kwargs: object) -> TestResponse:
        return self.client.get(path, **kwargs)

    def post(
        self, path: str, data: dict[str, object] | None = None, **kwargs: object
    ) -> TestResponse:
        return self.client.post(path, data={**(data or {}), "csrf_token": self.token()}, **kwargs)

    def token(self) -> str:
        page = self.client.get("/sign-in", follow_redirects=True).text
        found = re.search(r'name="csrf-token" content="([^"]+)"', page)
        assert found is not None
        return found[1]

    def sign_in(self, login: str, password: str = PASSWORD) -> TestResponse:
        return self.post("/sign-in", {"login": login, "password": password})


@pytest.fixture
def browser(app: Flask) -> Browser:
    return Browser(app.test_client())
