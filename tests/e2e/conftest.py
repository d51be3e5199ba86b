"""A real server with the demo city, and Chromium to look at it."""

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, sync_playwright
from waitress.server import create_server

from app import create_app
from app.core import clock
from app.core.db import Sessions
from app.core.uow import SYSTEM, unit_of_work
from app.demo import city
from app.identity.directory import add_user
from app.office import Office, open_office, prepare
from app.settings import VAR, read_settings
from app.web.build import BUILT, compile_translations

CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")
FLAGS = [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
]  # fmt: skip
AXE = Path(__file__).parents[2] / "node_modules" / "axe-core" / "axe.min.js"
SCREENS = VAR / "screens"
WIDTHS = (1440, 1024)


@dataclass
class Site:
    """The running product."""

    address: str
    sessions: Sessions


@contextmanager
def served(folder: Path, fill: Callable[[Office, datetime], None]) -> Iterator[Site]:
    """A running office in `folder` that `fill` has put people and work into."""
    compile_translations()
    if not (BUILT / "manifest.json").is_file():
        pytest.skip("the front end is not built: run python -m app.web.build")
    settings = read_settings(
        {
            "JIEBAN_DATABASE_URL": f"sqlite:///{folder / 'site.db'}",
            "JIEBAN_FILES": str(folder / "files"),
            "JIEBAN_SECRET_KEY": "e2e" * 16,
        }
    )
    office = open_office(settings)
    now = clock.now()
    prepare(office, now)
    fill(office, now)
    server = create_server(create_app(office), host="127.0.0.1", port=0, threads=4)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    yield Site(f"http://127.0.0.1:{server.effective_port}", office.sessions)
    server.task_dispatcher.shutdown(timeout=120)  # editors may have asked for scenarios last
    server.close()
    thread.join(timeout=10)
    office.database.dispose()


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    def fill(office: Office, now: datetime) -> None:
        city.load(office.sessions, office.files, now)

    with served(tmp_path_factory.mktemp("site"), fill) as running:
        yield running


@pytest.fixture(scope="session")
def studio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """An office where nothing happens but design."""

    def fill(office: Office, now: datetime) -> None:
        with unit_of_work(office.sessions, SYSTEM, now) as uow:
            for login, name in (("designer", "屠设计"), ("second", "严设计")):
                add_user(uow, login, name, city.PASSWORD, ["process_designer"], None)

    with served(tmp_path_factory.mktemp("studio"), fill) as running:
        yield running


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    if not Path(CHROMIUM).is_file():
        pytest.skip(f"no Chromium at {CHROMIUM}: install it or set CHROMIUM")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


@dataclass
class Desk:
    """One person at a browser, and everything the browser complained about."""

    page: Page
    site: Site
    complaints: list[str] = field(default_factory=list)

    def go(self, path: str) -> None:
        self.page.goto(self.site.address + path)
        self.page.wait_for_selector('body[data-ready="1"]')

    def works_at(self, path: str) -> None:
        """Wait until the page is at `path` and its script has run."""
        self.page.wait_for_url(f"**{path}")
        self.page.wait_for_selector('body[data-ready="1"]')

    def sign_in(self, login: str) -> None:
        self.go("/sign-in")
        self.page.fill("#login", login)
        self.page.fill("#password", city.PASSWORD)
        self.page.click("main button")
        self.page.wait_for_selector(".who")

    def choose(self, name: str, value: str) -> None:
        """Pick a radio or an option by its value."""
        radio = self.page.locator(f"input[name={name}][value={value}]")
        if radio.count():
            radio.check()
        else:
            self.page.select_option(f"select[name={name}]", value)

    def choose_below(self, name: str, group: str, label: str) -> None:
        """Pick from a tree of two levels: first the group, then what is in it."""
        self.page.locator(f"select[name={name}]").locator(
            "xpath=preceding-sibling::select"
        ).select_option(label=group)
        self.page.select_option(f"select[name={name}]", label=label)

    def submit(self) -> None:
        """Press the main button of the form and wait for the next page."""
        with self.page.expect_navigation():
            self.page.click("main .actions .main-action")
        self.page.wait_for_selector('body[data-ready="1"]')

    def look(self, name: str) -> None:
        """Take a picture at both widths."""
        SCREENS.mkdir(parents=True, exist_ok=True)
        for width in WIDTHS:
            self.page.set_viewport_size({"width": width, "height": 900})
            self.page.screenshot(path=SCREENS / f"{name}-{width}.png", full_page=True)


def open_desk(browser: Browser, site: Site, **context: object) -> Desk:
    """A fresh browser window that writes down what goes wrong in it."""
    page = browser.new_context(
        viewport={"width": WIDTHS[0], "height": 900},
        **context,  # type: ignore[arg-type]
    ).new_page()
    desk = Desk(page, site)
    page.on("pageerror", lambda error: desk.complaints.append(f"{page.url}: {error}"))

    def hear(message: ConsoleMessage) -> None:
        refused = "server responded with a status of 4" in message.text  # an answer, no defect
        if message.type in {"error", "warning"} and not refused:
            desk.complaints.append(f"{page.url}: {message.text}")

    page.on("console", hear)
    return desk


class Desks(dict[str, Desk]):
    """The windows of everybody by login; made and signed in at first use."""

    def __init__(self, browser: Browser, site: Site) -> None:
        super().__init__()
        self._browser, self._site = browser, site

    def __missing__(self, login: str) -> Desk:
        desk = self[login] = open_desk(self._browser, self._site)
        desk.sign_in(login)
        return desk

    def close(self) -> None:
        for desk in self.values():
            desk.page.context.close()


@pytest.fixture
def desks(chromium: Browser, site: Site) -> Iterator[Desks]:
    opened = Desks(chromium, site)
    yield opened
    complaints = [complaint for desk in opened.values() for complaint in desk.complaints]
    opened.close()
    assert complaints == []
