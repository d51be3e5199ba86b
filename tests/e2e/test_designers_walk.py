"""A designer's walk: a new step, a shorter limit, tried, replayed, compared; live cases moved over
and back. One office with more than five hundred live orders, its ticker running.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import pytest
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import text

from app.core import clock
from app.core.uow import SYSTEM, unit_of_work
from app.demo import city
from app.design import publishing
from app.design.documents import Document, newest
from app.design.models import Kind
from app.jobs import scheduler
from app.office import Office
from bench.multiply import multiply
from tests.e2e.board import Board
from tests.e2e.conftest import Desks, Site, served
from tests.e2e.test_dmn_editor import write

pytestmark = pytest.mark.browser

COPIES = 6
"""Of each of the demo city's live orders: more than five hundred together."""

STEP = 10_000
"""No id of the demo city is as high."""

PATIENCE_MS = 180_000
"""How long a page may say that the office is at work in the background."""

TITLE = "增加现场核实，投诉改为 4 个工作日"
NEW = "site_check"


@pytest.fixture(scope="module")
def busy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """The demo city with many copies of its live orders, and its ticker."""
    offices: list[Office] = []

    def fill(office: Office, now: datetime) -> None:
        city.load(office.sessions, office.files, now)
        with unit_of_work(office.sessions, SYSTEM, now) as uow:
            multiply(uow.session, COPIES, step=STEP, with_evidence=True)
            earlier = {"at": now - timedelta(days=120), "step": STEP}  # no replay looks so far back
            uow.session.execute(
                text("UPDATE demand SET arrived_at = :at WHERE id > :step"), earlier
            )
        offices.append(office)

    with served(tmp_path_factory.mktemp("busy"), fill) as site:
        office = replace(offices[0], settings=replace(offices[0].settings, tick_seconds=1))
        ticker = scheduler.start(office)
        yield site
        ticker.shutdown()


@pytest.fixture
def people(chromium: Browser, busy: Site) -> Iterator[Desks]:
    opened = Desks(chromium, busy)
    expect.set_options(timeout=30_000)  # checkers and sandboxes are at work behind these pages
    yield opened
    expect.set_options(timeout=5_000)
    complaints = [complaint for desk in opened.values() for complaint in desk.complaints]
    opened.close()
    assert complaints == []


@dataclass
class Walk:
    """What the designer and the others do, station by station."""

    people: Desks
    site: Site
    change: str = ""
    """The path of the change's page."""

    # The designer draws and writes ---------------------------------------------------------

    def opens_a_change(self) -> None:
        page = self.at("designer", "/design")
        page.fill("#title", TITLE)
        page.fill("#reason", "2026 年第 11 次例会：签收后先到现场核实；投诉类 4 个工作日办结。")
        page.click("section[aria-labelledby=new] .main-action")
        expect(page.locator("h1")).to_have_text(TITLE)
        self.change = page.url.removeprefix(self.site.address)

    def draws_the_step(self) -> None:
        """Between signing for an order and handling it: a step, its form, two working days."""
        self.takes_in("diagram:work_order")
        board = Board(self.people["designer"])
        board.do(f"""
            append start_first_contact_clock template-form
            set name 现场核实
            set name-en Site check
            set id {NEW}
            button field-remark
            set field-label 核实情况
            set field-label_en What was found
            set field-name site_finding
            button field-add
            set field-label 情况属实
            set field-label_en As reported
            set field-name site_truth
            pick field-type boolean
            append {NEW} boundary-timer-non
            set name 核实超时
            set name-en Site check late
            pick limit-mode working_days
            set limit-amount 2
            append boundary_event_1 service-notify_unit
            set parameter-message "overdue_1"
            append service_task_1 end
        """)
        expect(board.page.locator(".editor-findings")).to_contain_text("没有问题")
        self.look("01-diagram")
        board.do("button save")
        expect(board.page.locator(".state")).to_contain_text("已保存")

    def shortens_the_limit(self) -> None:
        """Complaints: a row of their own with four working days instead of five."""
        page = self.takes_in("table:time_limits")
        editor = page.locator(".editor")
        rows = editor.locator("td.rule-index")
        count = rows.count()
        editor.locator('[data-element-id="time_limits_row_8"].rule-index').click(button="right")
        page.click(".context-menu-entry-copy-rule")
        rows.last.scroll_into_view_if_needed()
        rows.last.click(button="right")
        page.click(".context-menu-entry-paste-rule-below")
        expect(rows).to_have_count(count + 1)
        cells = editor.locator("tbody tr").nth(count).locator("td[data-element-id]")
        nature, amount = (cells.nth(at).get_attribute("data-element-id") or "" for at in (1, 5))
        write(editor, nature, '"complaint"')
        write(editor, amount, "4")
        expect(editor.locator(".editor-findings")).to_contain_text("complaint")  # rows overlap now
        write(editor, "time_limits_row_8_input_1", 'not("consultation","complaint")')
        expect(editor.locator(".editor-findings li.error")).to_have_count(0)
        expect(editor.locator(".editor-findings")).to_contain_text("示例 15")
        self.look("02-table")
        editor.locator("button[name=save]").click()
        expect(editor.locator(".state")).to_contain_text("已保存")

    def corrects_the_example(self) -> None:
        """The test row that says five days for complaints, by the eighth row."""
        page = self.takes_in("examples:time_limits")
        box = page.locator("textarea").first
        written = box.input_value()
        shorter = re.sub(
            r'("nature": "complaint", "urgency": "normal"[^}]*"handling"}\s+outputs: {"amount": )5'
            r"([^}]*}\s+row: )8",
            r"\g<1>4\g<2>70",
            written,
        )
        assert shorter != written
        box.fill(shorter)
        page.click("main .main-action")
        page.wait_for_load_state()

    # ... tries and weighs --------------------------------------------------------------------

    def records(self, name: str, *ways: str) -> None:
        """A scenario by clicking: the new step is filled in, and time goes by."""
        page = self.at("designer", f"/design/trials/work_order?change={self.number}")
        page.click("text=录制新情景")
        page.wait_for_url("**/design/recordings/*")
        page.click('form[action$="/step"] button')
        page.select_option("#until", NEW)
        page.click('form[action$="/way"] button')
        expect(page.locator("#step")).to_contain_text("现场核实")
        for way in ways:
            page.click(f"button:has-text('{way}')")
            page.wait_for_load_state()
        page.click("#waiting ~ ul a:has-text('现场核实')")
        page.fill("#site_finding", "已到现场，情况属实。")
        page.click('form[action$="/step"] button')
        expect(page.locator("#waiting ~ ul")).to_contain_text("先行联系")
        self.look(f"03-{name}")
        page.fill("#scenario-name", name)
        page.click('form[action$="/save"] button')
        expect(page.locator("table")).to_contain_text(name)

    def replays_three_months(self) -> None:
        page = self.at("designer", self.change)
        page.click("text=用真实诉求回放")
        page.select_option("#months", "3")
        page.click("text=开始回放")
        page.wait_for_url("**/design/replays/*")
        self.await_words(page, "已完成")
        expect(page.locator("main")).to_contain_text("现场核实")  # nobody did it then: assumed
        self.look("04-replay")

    def compares(self) -> None:
        page = self.at("designer", self.change)
        page.locator("tr:has-text('work_order') a:has-text('对照')").first.click()
        page.wait_for_selector('.diagram[data-ready="1"] >> nth=1')
        expect(page.locator("table.differences").first).to_contain_text("现场核实")
        self.look("05-compare-diagrams")
        page = self.at("designer", self.change)
        page.locator("tr:has-text('决策表') a:has-text('对照')").first.click()
        expect(page.locator("main")).to_contain_text("complaint")
        self.look("06-compare-tables")

    # Live cases move -------------------------------------------------------------------------

    def tries_the_move(self, name: str, key: str = "work_order") -> None:
        page = self.at("designer", f"/design/moves/of/{key}")
        page.click("main button:has-text('预演')")
        page.wait_for_url(re.compile(r"/design/moves/\d+$"))
        expect(page.locator("main .tabs a").nth(3)).to_be_visible()
        expect(page.locator("main progress")).to_have_count(0, timeout=PATIENCE_MS)
        self.look(f"11-{name}")

    def moves(self, reason: str) -> None:
        """Asked for by the designer, agreed to by an administrator, carried out by the ticker."""
        page = self.people["designer"].page
        page.fill("#why", reason)
        page.click("text=提交审批")
        expect(page.locator("main")).to_contain_text("待批准")
        expect(page.locator("#decide")).to_have_count(0)
        path = page.url.removeprefix(self.site.address)
        page = self.at("admin", path)
        self.look("12-asked", "admin")
        page.fill("#opinion", "同意。")
        page.click("text=同意并开始迁移")
        expect(page.locator(".notice.done")).to_contain_text("已批准")
        self.look("13-moving", "admin")
        self.await_words(page, "已完成")
        self.look("14-moved", "admin")

    def maps(self, old: str, new: str) -> None:
        """The step that is gone: a click on it, a click on what takes its place."""
        page = self.people["designer"].page
        expect(page.locator("main .tabs")).to_contain_text("需指定对应环节")
        page.wait_for_selector('.diagram[data-side=new][data-ready="1"]')
        self.click_on(page, "old", old)
        self.click_on(page, "new", new)
        expect(page.locator(f'select[data-orphan="{old}"]')).to_have_value(new)
        self.look("16-mapping")
        page.click("text=按所选环节重新预演")
        expect(page.locator("main progress")).to_have_count(0, timeout=PATIENCE_MS)
        expect(page.locator("main .tabs")).to_contain_text("需指定对应环节 0")

    def undoes_the_move(self) -> None:
        page = self.people["admin"].page
        page.fill("#reason", "改为先试点。")
        page.click("button:has-text('撤销整批')")
        self.await_words(page, "已撤销")
        self.look("17-undone", "admin")

    # Helps ---------------------------------------------------------------------------------

    @staticmethod
    def click_on(page: Page, side: str, element: str) -> None:
        """In the drawing at reading size, where the element can be hit."""
        drawing = page.locator(f".diagram[data-side={side}]")
        drawing.locator(f'[data-element-id="{element}"] .djs-hit').first.dispatch_event("click")

    @staticmethod
    def await_words(page: Page, words: str) -> None:
        """Until the head of the page says so."""
        for _ in range(PATIENCE_MS // 1000):
            if page.locator("main .head .light").first.inner_text() == words:
                return
            page.wait_for_timeout(1000)
            page.reload()
        raise AssertionError(f"{page.url}: not {words}")

    @property
    def number(self) -> str:
        return self.change.rpartition("/")[2]

    def at(self, login: str, path: str) -> Page:
        desk = self.people[login]
        desk.go(path)
        return desk.page

    def takes_in(self, document: str) -> Page:
        page = self.at("designer", self.change)
        page.select_option("#document", document)
        page.locator('form[action$="/documents"] button').first.click()
        page.wait_for_url("**/design/drafts/*")
        if "examples" not in document:
            page.wait_for_selector('.editor[data-ready="1"]')
        return page

    def look(self, name: str, login: str = "designer") -> None:
        self.people[login].look(f"walk-{name}")


def test_a_designer_draws_writes_records_replays_and_compares(people: Desks, busy: Site) -> None:
    walk = Walk(people, busy)
    walk.opens_a_change()
    walk.draws_the_step()
    walk.shortens_the_limit()
    walk.corrects_the_example()
    walk.records("到期之前核实", "下一工作日")
    walk.records("跳过期限再核实", "跳到最近期限")
    walk.replays_three_months()
    walk.compares()


def test_cases_at_a_step_that_is_gone_move_by_two_clicks_and_back(
    people: Desks, busy: Site
) -> None:
    publish(busy, "supervision", '"supervision_feedback"', '"report_back"')
    walk = Walk(people, busy)
    walk.tries_the_move("supervision", "supervision")
    walk.maps("supervision_feedback", "report_back")
    walk.moves("新版已修正。")
    walk.undoes_the_move()


def test_more_than_five_hundred_live_orders_move(people: Desks, busy: Site) -> None:
    publish(busy, "work_order", 'name="派单"', 'name="派遣"')
    walk = Walk(people, busy)
    walk.tries_the_move("work-order")
    page = people["designer"].page
    movable = page.locator("main .tabs a").nth(1).inner_text()
    assert int(movable.rpartition(" ")[2]) > 500, movable
    walk.moves("新版已改名。")
    expect(people["admin"].page.locator("main .tabs")).to_contain_text("已迁移")


def publish(site: Site, key: str, old: str, new: str) -> None:
    """The next version of a diagram; how a change comes into force is told elsewhere."""
    with unit_of_work(site.sessions, SYSTEM, clock.now()) as uow:
        last = newest(uow.session, Document(Kind.DIAGRAM, key))
        assert last is not None
        assert old in last.content
        publishing.put(uow, {Document(Kind.DIAGRAM, key): last.content.replace(old, new)})
