"""The whole product on a small city of its own, and people who can sign in."""

import re
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import CodeType

import pytest
from flask import Flask
from flask.testing import FlaskClient
from jinja2.bccache import Bucket, BytecodeCache
from lxml import html
from werkzeug.test import TestResponse

from app import create_app, engine
from app.cases.models.city import Category, District
from app.core import clock
from app.core.db import Base, Sessions
from app.core.uow import SYSTEM, UnitOfWork, unit_of_work
from app.identity.directory import add_user
from app.identity.models import HandlingUnit
from app.office import Office, open_office, publish_shipped
from app.settings import read_settings
from app.web.build import compile_translations
from tests.statements import compiled_once

PASSWORD = "right-horse-7"

PEOPLE = {
    "agent": ("李晓", "agent", None),
    "dispatcher": ("陈刚", "dispatcher", None),
    "liaison": ("周宁", "unit_liaison", "urban_management"),
    "handler": ("王敏", "unit_handler", "urban_management"),
    "handler2": ("钱多", "unit_handler", "urban_management"),
    "approver": ("孙正", "unit_approver", "urban_management"),
    "stranger": ("吴远", "unit_handler", "water_group"),
    "reviewer": ("方细", "reviewer", None),
    "callback": ("夏音", "callback_agent", None),
    "duty": ("吴稳", "duty_manager", None),
    "admin": ("何平", "administrator", None),
    "coordinator": ("和书", "coordinator", None),
    "inspector": ("铁衡", "inspector", None),
    "designer": ("屠乔", "process_designer", None),
    "editor": ("文薇", "knowledge_editor", None),
    "expert": ("段知", "policy_specialist", None),
    "authority": ("衡明", "ownership_authority", None),
    "newcomer": ("新丁", "volunteer", None),
}
"""Login → name, role, unit."""

DEMAND = {
    "channel": "phone",
    "requester_name": "张小生",
    "requester_phone": "13812345678",
    "nature": "complaint",
    "category": "street_lamps",
    "district": "qingshi",
    "address": "青石区柳荫路8号",
    "happened": "昨晚",
    "title": "柳荫路路灯不亮",
    "content": "整条路的灯都不亮，\n已有三天。",
    "urgency": "normal",
}


def _office(database: Path) -> Office:
    made = open_office(
        read_settings(
            {
                "JIEBAN_DATABASE_URL": f"sqlite:///{database}",
                "JIEBAN_FILES": str(database.with_suffix(".files")),
                "JIEBAN_SECRET_KEY": "test" * 10,
            }
        )
    )
    compiled_once(made.database)
    return made


@pytest.fixture(scope="session")
def furnished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with tables, diagrams, a small city and its people, to be copied."""
    compile_translations()
    path = tmp_path_factory.mktemp("web") / "furnished.db"
    office = _office(path)
    create_app(office)  # with all its models
    Base.metadata.create_all(office.database)
    now = clock.now()
    publish_shipped(office.sessions, now)
    with unit_of_work(office.sessions, SYSTEM, now) as uow:
        _small_city(uow)
    office.database.dispose()  # the last connection folds the log into the file
    return path


def _small_city(uow: UnitOfWork) -> None:
    session = uow.session
    session.add(District(code="qingshi", name_zh="青石区", name_en="Qingshi", position=1))
    for position, (code, zh, en, parent) in enumerate(
        (
            ("urban_affairs", "城乡建设与管理", "Urban affairs", None),
            ("municipal_facilities", "市政设施", "Municipal facilities", "urban_affairs"),
            ("street_lamps", "路灯", "Street lamps", "municipal_facilities"),
        )
    ):
        category = Category(
            code=code, name_zh=zh, name_en=en, parent_code=parent, position=position
        )
        session.add(category)
        session.flush()
    units = {
        code: HandlingUnit(code=code, name_zh=zh, name_en=en, kind="city_department")
        for code, zh, en in (
            ("urban_management", "市城市管理局", "Urban Management Bureau"),
            ("water_group", "市水务集团", "Water Group"),
        )
    }
    session.add_all(units.values())
    for login, (name, role, unit) in PEOPLE.items():
        add_user(uow, login, name, PASSWORD, [role], units[unit] if unit else None)


@pytest.fixture
def office(furnished: Path, tmp_path: Path) -> Iterator[Office]:
    office = _copy(furnished, tmp_path / "web.db")
    yield office
    office.database.dispose()


def _copy(original: Path, path: Path) -> Office:
    shutil.copy(original, path)
    return _office(path)


@pytest.fixture
def sessions(office: Office) -> Sessions:
    return office.sessions


@pytest.fixture
def app(office: Office) -> Flask:
    return _app(office)


class _Templates(BytecodeCache):
    """What one app has compiled of the templates, for the apps after it: a quarter of the time."""

    def __init__(self) -> None:
        self._compiled: dict[tuple[str, str], CodeType | None] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        bucket.code = self._compiled.get((bucket.key, bucket.checksum))

    def dump_bytecode(self, bucket: Bucket) -> None:
        self._compiled[bucket.key, bucket.checksum] = bucket.code


_templates = _Templates()


def _app(office: Office) -> Flask:
    made = create_app(office)
    made.jinja_env.bytecode_cache = _templates
    return made


@dataclass
class Browser:
    """A client that fills in the hidden token as a browser would."""

    client: FlaskClient

    def get(
        self, path: str, *, query: Mapping[str, str] | None = None, **headers: str
    ) -> TestResponse:
        return self.client.get(path, query_string=query, headers=headers)

    def post(self, path: str, data: Mapping[str, object] | None = None) -> TestResponse:
        return self.client.post(path, data={**(data or {}), "csrf_token": self.token()})

    def token(self) -> str:
        page = self.client.get("/sign-in", follow_redirects=True).text
        found = re.search(r'name="csrf-token" content="([^"]+)"', page)
        assert found is not None
        return found[1]

    def sign_in(self, login: str, password: str = PASSWORD) -> TestResponse:
        return self.post("/sign-in", {"login": login, "password": password})

    def page(self, path: str) -> html.HtmlElement:
        """The parsed page; it must be there."""
        answer = self.client.get(path)
        assert answer.status_code == 200, answer.text[:2000]
        return html.fromstring(answer.text)


@pytest.fixture
def browser(app: Flask) -> Browser:
    return Browser(app.test_client())


@dataclass
class Desks:
    """Everybody at a browser of their own."""

    app: Flask
    _browsers: dict[str, Browser] = field(default_factory=dict)

    def of(self, login: str) -> Browser:
        """The browser of `login`, signed in."""
        if login not in self._browsers:
            browser = self._browsers[login] = Browser(self.app.test_client())
            browser.sign_in(login)
        return self._browsers[login]

    def register(self, **changes: str) -> str:
        """A demand an agent registers; the address of its page."""
        answer = self.of("agent").post("/demands/new", {**DEMAND, **changes})
        assert answer.status_code == 302, answer.text
        return answer.location

    def do(self, login: str, case: str, answers: Mapping[str, object]) -> TestResponse:
        """Fill in the form of the step that is shown to `login` on the page of the case."""
        browser = self.of(login)
        form = browser.page(case).xpath("//form[starts-with(@action, '/tasks/')]/@action")
        assert form, f"{login} has nothing to do in {case}"
        return browser.post(form[0], answers)

    def ordered(self, **changes: str) -> str:
        case = self.register(**changes)
        self.do("agent", case, {"outcome": "order"})
        return case

    def signed_under(self, main_process: str) -> str:
        """A case that its unit has signed for, under this text of the main process."""
        from app.web.access import SESSIONS

        diagram = engine.read_diagram(main_process.encode(), "work_order.bpmn")
        with unit_of_work(self.app.extensions[SESSIONS], SYSTEM, clock.now()) as uow:
            engine.publish(uow, "work_order", [diagram])
        case = self.ordered()
        self.do("dispatcher", case, {"lead_unit": self.unit("urban_management")})
        self.do("liaison", case, {})
        return case

    def unit(self, code: str) -> str:
        """The id of a unit as the dispatch form offers it."""
        with self.app.app_context():
            from sqlalchemy import select

            from app.web.access import SESSIONS

            with self.app.extensions[SESSIONS]() as session:
                unit_id = session.scalar(select(HandlingUnit.id).where(HandlingUnit.code == code))
        return str(unit_id)

    def handled(self, **changes: str) -> str:
        """A case that waits for the handler's reply."""
        case = self.ordered(**changes)
        self.do("dispatcher", case, {"lead_unit": self.unit("urban_management")})
        self.do("liaison", case, {})
        self.do("handler", case, {"contact_way": "phone", "contact_note": "已电话联系。"})
        return case


@pytest.fixture
def desks(app: Flask) -> Desks:
    return Desks(app)


@pytest.fixture(scope="session")
def worked_in(furnished: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database in which every list has something in it, to be copied."""
    path = tmp_path_factory.mktemp("web") / "worked.db"
    office = _copy(furnished, path)
    desks = Desks(_app(office))
    desks.register(title="待定")
    desks.ordered(title="待派")
    desks.handled(title="待办")
    office.database.dispose()
    return path


@pytest.fixture
def worked(worked_in: Path, tmp_path: Path) -> Iterator[Desks]:
    """The product with some work in it: cases 1 to 3, the last at its handler."""
    office = _copy(worked_in, tmp_path / "worked.db")
    yield Desks(_app(office))
    office.database.dispose()


REPLY = {
    "truth": "true",
    "handling_result": "resolved",
    "reply_text": "已更换全部灯具，恢复照明。",
    "public_reply": "路灯已修复。",
}
