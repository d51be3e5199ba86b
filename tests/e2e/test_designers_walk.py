"""A designer's walk, from the drawing to the day it is taken back: a new step and a shorter limit,
tried, replayed, compared, signed by a second person, published at its time, the live orders moved
over, rolled back, and moved back. One office with more than five hundred live orders, its ticker
running.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import pytest
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import select, text

from app.cases.models.work_order import WorkOrder
from app.core import clock
from app.core.clock import CHINA
from app.core.db import reading
from app.core.uow import SYSTEM, unit_of_work
from app.demo import city
from app.engine import HumanTaskRow
from app.identity.models import User, UserRole
from app.identity.policy import Role
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

PATIENCE_MS = 600_000
"""How long a page may say that the office is at work in the background."""

TITLE = "增加现场核实，投诉改为 4 个工作日"
NEW = "site_check"
OTHERWISE = "逾期未签收，系统自动签收"
"""The shipped scenario that waits at the step behind the new one."""
LIMIT_PASSED = "跳过期限再核实"


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
            pick role unit_handler
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
        editor.locator("button[name=save]").click()
        expect(editor.locator(".state")).to_contain_text("已保存")
        trial = editor.locator(".editor-findings .trial")
        expect(trial).to_contain_text("1 个情景与预期不符", timeout=PATIENCE_MS)
        self.look("02-table")

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

    def adopts_what_comes_out(self) -> None:
        """Of one scenario the change means another outcome: seen on its page, and agreed to."""
        page = self.at("designer", self.change)
        results = page.locator("#trial-results")
        expect(results).to_contain_text(OTHERWISE, timeout=PATIENCE_MS)
        expect(results.locator(".light.red")).to_have_count(1)
        self.look("03-otherwise")
        results.locator(f"a:has-text('{OTHERWISE}')").click()
        expect(page.locator("#adopt ~ .scroll")).to_contain_text(NEW)
        self.look("04-adopt")
        page.click("text=采用实际结果")
        expect(page.locator("main .head .light")).to_have_text("符合预期")

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
        self.look(f"05-{name}")
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
        self.look("06-replay")

    def compares(self) -> None:
        page = self.at("designer", self.change)
        page.locator("tr:has-text('work_order') a:has-text('对照')").first.click()
        page.wait_for_selector('.diagram[data-ready="1"] >> nth=1')
        expect(page.locator("table.differences").first).to_contain_text("现场核实")
        self.look("07-compare-diagrams")
        page = self.at("designer", self.change)
        page.locator("tr:has-text('决策表') a:has-text('对照')").first.click()
        expect(page.locator("main")).to_contain_text("complaint")
        self.look("08-compare-tables")
        page = self.at("designer", self.change)
        page.locator("tr:has-text('情景') a:has-text('对照')").first.click()
        for words in (OTHERWISE, LIMIT_PASSED, NEW):
            expect(page.locator("table.differences")).to_contain_text(words)
        self.look("09-compare-scenarios")

    # The second person signs, and the time comes -----------------------------------------------

    def is_weighed(self, change: str, name: str) -> None:
        """Checked and tried with every scenario in the background, then put before another."""
        page = self.at("designer", change)
        page.click("text=检查并提交")
        expect(page.locator("main")).to_contain_text("正在检查并试跑全部情景")
        expect(page.locator("main .head .light").first).to_have_text("待审批", timeout=PATIENCE_MS)
        expect(page.locator("#decide")).to_have_count(0)  # not by whoever wrote it
        self.look(f"{name}-proposed")

    def is_approved(self, change: str, name: str, *, for_later: bool = False) -> None:
        """By the duty manager, who has the evidence on the page."""
        page = self.at("duty", change)
        self.look(f"{name}-evidence", "duty")
        if for_later:
            page.fill("#effective_at", f"{soon().astimezone(CHINA):%Y-%m-%dT%H:%M}")
        page.fill("#note", "例会已议定，同意。")
        page.click("button:has-text('批准')")
        expect(page.locator("main .head .light").first).to_have_text("已批准，待生效")

    def reads_the_evidence(self) -> None:
        """What differs, in words, what scenarios and real cases say to it."""
        page = self.at("duty", self.change)
        main = page.locator("main")
        for words in ("现场核实", "complaint", OTHERWISE, "个情景全部符合预期", "回放了"):
            expect(main).to_contain_text(words)

    def comes_into_force(self, change: str, name: str) -> None:
        page = self.at("designer", change)
        self.await_words(page, "已发布")
        self.look(f"{name}-published")

    def lives(self) -> tuple[int, set[int]]:
        """The newest version of the main process, and those by which orders live."""
        page = self.at("designer", "/design/diagram/work_order")
        rows = page.locator("table:has(th:has-text('在办')) tbody tr")
        numbers = [
            tuple(int(row.locator("td").nth(column).inner_text()) for column in (0, 6))
            for row in rows.all()
        ]
        return numbers[0][0], {number for number, live in numbers if live}

    # Live orders move --------------------------------------------------------------------------

    def tries_the_move(self, name: str) -> int:
        """A dry run of every live order; how many can be moved as they stand."""
        page = self.at("designer", "/design/moves/of/work_order")
        page.click("main button:has-text('预演')")
        page.wait_for_url(re.compile(r"/design/moves/\d+$"))
        expect(page.locator("main .tabs a").nth(3)).to_be_visible()
        expect(page.locator("main progress")).to_have_count(0, timeout=PATIENCE_MS)
        self.look(f"{name}-tried")
        return int(page.locator("main .tabs a").nth(1).inner_text().rpartition(" ")[2])

    def moves(self, reason: str, name: str) -> None:
        """Asked for by the designer, agreed to by an administrator, carried out by the ticker."""
        page = self.people["designer"].page
        page.fill("#why", reason)
        page.click("text=提交审批")
        expect(page.locator("main")).to_contain_text("待批准")
        expect(page.locator("#decide")).to_have_count(0)
        path = page.url.removeprefix(self.site.address)
        page = self.at("admin", path)
        self.look(f"{name}-asked", "admin")
        page.fill("#opinion", "同意。")
        page.click("text=同意并开始迁移")
        expect(page.locator(".notice.done")).to_contain_text("已批准")
        self.look(f"{name}-moving", "admin")
        self.await_words(page, "已完成")
        self.look(f"{name}-moved", "admin")

    def signs_for_an_order(self) -> None:
        """A unit signs for an order that was moved: the new step waits for its handler."""
        with reading(self.site.sessions) as session:
            demand_id, unit_id = session.execute(
                select(HumanTaskRow.subject_id, WorkOrder.lead_unit_id)
                .join(WorkOrder, WorkOrder.demand_id == HumanTaskRow.subject_id)
                .where(HumanTaskRow.element_id == "sign_for", HumanTaskRow.closed_at.is_(None))
                .order_by(HumanTaskRow.subject_id)
                .limit(1)
            ).one()
            liaison, handler = (
                session.scalars(
                    select(User.login)
                    .join(UserRole)
                    .where(User.unit_id == unit_id, UserRole.role == role)
                    .limit(1)
                ).one()
                for role in (Role.UNIT_LIAISON, Role.UNIT_HANDLER)
            )
        self.at(liaison, f"/cases/{demand_id}")
        self.people[liaison].submit()
        page = self.at(handler, f"/cases/{demand_id}")
        expect(page.locator("main")).to_contain_text("现场核实")
        expect(page.locator("[name=site_finding]")).to_be_visible()
        self.look("15-new-step", handler)

    def rolls_back(self) -> str:
        """What was in force before comes back as a change of its own; its page."""
        page = self.at("designer", self.change)
        page.fill("#undo-reason", "试行一周：先行联系前到现场，人手不够。")
        page.click("text=新建恢复的变更单")
        expect(page.locator("h1")).to_contain_text("恢复")
        self.look("16-roll-back")
        return page.url.removeprefix(self.site.address)

    def maps(self, old: str, new: str) -> None:
        """The step that is gone: a click on it, a click on what takes its place."""
        page = self.people["designer"].page
        expect(page.locator("main .tabs")).to_contain_text("需指定对应环节 1")
        page.wait_for_selector('.diagram[data-side=new][data-ready="1"]')
        self.click_on(page, "old", old)
        self.click_on(page, "new", new)
        expect(page.locator(f'select[data-orphan="{old}"]')).to_have_value(new)
        self.look("19-mapping")
        page.click("text=按所选环节重新预演")
        expect(page.locator("main progress")).to_have_count(0, timeout=PATIENCE_MS)
        expect(page.locator("main .tabs")).to_contain_text("需指定对应环节 0")

    def undoes_the_move(self) -> None:
        page = self.people["admin"].page
        page.fill("#reason", "在办的按新流程办完。")
        page.click("button:has-text('撤销整批')")
        self.await_words(page, "已撤销")
        self.look("21-undone", "admin")

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


def test_a_designers_walk(people: Desks, busy: Site) -> None:
    walk = Walk(people, busy)
    before, after, back = 1, 2, 3
    assert walk.lives() == (before, {before})

    walk.opens_a_change()
    walk.draws_the_step()
    walk.shortens_the_limit()
    walk.corrects_the_example()
    walk.adopts_what_comes_out()
    walk.records("到期之前核实", "下一工作日")
    walk.records(LIMIT_PASSED, "跳到最近期限")
    walk.replays_three_months()
    walk.compares()

    walk.is_weighed(walk.change, "10")
    walk.reads_the_evidence()
    walk.is_approved(walk.change, "10", for_later=True)
    assert walk.lives() == (before, {before})
    walk.comes_into_force(walk.change, "11")
    assert walk.lives() == (after, {before})

    assert walk.tries_the_move("12") > 500
    walk.moves("例会议定：在办工单一并按新流程。", "13")
    assert walk.lives() == (after, {after})
    walk.signs_for_an_order()

    undone = walk.rolls_back()
    walk.is_weighed(undone, "17")
    walk.is_approved(undone, "17")
    walk.comes_into_force(undone, "17")
    assert walk.lives() == (back, {after})  # cases keep the version they live by

    assert walk.tries_the_move("18") > 500
    walk.maps(NEW, "sign_for")
    walk.moves("流程已恢复，在办工单随之恢复。", "20")
    assert walk.lives() == (back, {back})
    walk.undoes_the_move()
    assert after in walk.lives()[1]


def soon() -> datetime:
    """The next full minute that leaves time to sign: forms know no seconds."""
    return (clock.now() + timedelta(seconds=90)).replace(second=0, microsecond=0)
