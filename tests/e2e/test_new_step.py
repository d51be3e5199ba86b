"""A step with rules is drawn in the panel, published by two people, and done at a desk."""

from collections.abc import Iterator, Mapping
from datetime import datetime

import pytest
from playwright.sync_api import Browser, expect
from sqlalchemy import delete, select

from app.cases import intake, queries, steps
from app.cases.models.city import Category, District
from app.core import clock
from app.core.db import Sessions, reading
from app.core.texts import DocumentVersion
from app.core.uow import SYSTEM, Actor, unit_of_work
from app.demo import city
from app.engine.diagram import read_diagram
from app.engine.forms import Field, FileSort
from app.identity.directory import actor_of, add_user
from app.identity.models import HandlingUnit, User
from app.jobs import proposing, publishing
from app.office import Office
from tests.e2e.board import Board
from tests.e2e.conftest import AXE, Desk, Desks, Site, served
from tests.engine.corpus.notation import to_xml
from tests.web.conftest import DEMAND

pytestmark = pytest.mark.browser

PEOPLE = {
    "agent": ("agent", None),
    "dispatcher": ("dispatcher", None),
    "liaison": ("unit_liaison", "lamps"),
    "handler": ("unit_handler", "lamps"),
    "designer": ("process_designer", None),
    "duty": ("duty_manager", None),
}
"""Login → role, unit."""

DRAWN = """
    append start_handling_clock user-task
    set name 现场核实
    set name-en Site visit
    pick role unit_handler
    button field-add
    set field-label 现场情况
    set field-label_en What was seen
    set field-name seen
    pick field-type choice
    tick field-required
    set option-label-0 与诉求一致
    set option-label_en-0 As told
    set option-value-0 as_told
    set option-label-1 与诉求不符
    set option-label_en-1 Otherwise
    set option-value-1 other
    button field-add
    set field-label 到场日期
    set field-label_en Came on
    set field-name came_on
    pick field-type date
    pick field-begins =today()
    button field-add
    set field-label 离场日期
    set field-label_en Left on
    set field-name left_on
    pick field-type date
    tick field-required
    button rule-add
    set rule-holds-0 came_on <= left_on
    set rule-message-0 离场不早于到场。
    set rule-message_en-0 Not before arriving.
    button field-add
    set field-label 不符之处
    set field-label_en Difference
    set field-name difference
    set field-shown_when seen = "othr"
    set field-required_when seen = "other"
"""


@pytest.fixture(scope="module")
def workplace(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A small office of its own, whose process may be changed."""

    def fill(office: Office, now: datetime) -> None:
        with unit_of_work(office.sessions, SYSTEM, now) as uow:
            unit = HandlingUnit(
                code="lamps", name_zh="路灯所", name_en="Street Lamps", kind="city_department"
            )
            place = District(code="qingshi", name_zh="青石区", name_en="Qingshi", position=1)
            matter = Category(
                code="street_lamps", name_zh="路灯", name_en="Street lamps", position=0
            )
            uow.session.add_all([unit, place, matter])
            for login, (role, of) in PEOPLE.items():
                add_user(uow, login, f"{login}甲", city.PASSWORD, [role], unit if of else None)

    with served(tmp_path_factory.mktemp("workplace"), fill) as running:
        yield running


@pytest.fixture
def people(chromium: Browser, workplace: Site) -> Iterator[Desks]:
    opened = Desks(chromium, workplace)
    yield opened
    complaints = [complaint for desk in opened.values() for complaint in desk.complaints]
    opened.close()
    assert complaints == []


def test_a_step_with_a_rule_is_drawn_published_and_done(people: Desks, workplace: Site) -> None:
    board = Board(people["designer"])
    draft = board.begin("work_order")
    board.do(DRAWN)
    wrong = board.page.locator(".form-field .wrong")
    expect(wrong).to_contain_text("选项里没有这个值")
    people["designer"].look("new-step-finding")
    board.do('set field-shown_when seen = "other"')
    expect(wrong).to_have_count(0)
    board.do("button save")
    expect(board.page.locator(".state")).to_contain_text("已保存", timeout=15_000)
    people["designer"].look("new-step-panel")

    change = change_of(people["designer"], draft)
    publish(people, workplace, change)
    demand = brought_to_the_step(workplace.sessions)

    desk = people["handler"]
    page = desk.page
    desk.go(f"/cases/{demand}")
    expect(page.locator("#step-name")).to_contain_text("现场核实")
    difference = page.locator("#difference")
    expect(difference).to_be_hidden()
    desk.choose("seen", "other")
    expect(difference).to_be_visible()
    expect(page.locator('[data-field="difference"] .must')).to_be_visible()
    expect(page.locator("#came_on")).to_have_value(f"{clock.now():%Y-%m-%d}")
    difference.fill("灯是小区自管的")
    page.fill("#left_on", "2020-01-01")
    desk.submit()
    expect(page.locator("#left_on-wrong")).to_have_text("离场不早于到场。")
    expect(difference).to_have_value("灯是小区自管的")
    expect(page.locator("#left_on")).to_have_value("2020-01-01")
    desk.look("new-step-refused")
    page.evaluate(AXE.read_text())
    found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    assert [one["id"] for one in found["violations"]] == []
    desk.choose("seen", "as_told")
    expect(difference).to_be_hidden()
    page.fill("#left_on", "2099-01-01")
    desk.submit()
    desk.go(f"/cases/{demand}?tab=progress")
    told = page.locator("#panel")
    expect(told).to_contain_text("与诉求一致")
    expect(told).not_to_contain_text("灯是小区自管的")
    page.click("text=English")
    desk.go(f"/cases/{demand}?tab=progress")
    expect(told).to_contain_text("As told")
    desk.look("new-step-history")


def change_of(designer: Desk, draft: str) -> str:
    """The page of the change that holds a draft."""
    designer.go(draft)
    address = designer.page.locator('.crumbs a[href*="/design/changes/"]').get_attribute("href")
    assert address is not None
    return address


def publish(people: Desks, workplace: Site, change: str) -> None:
    """Propose it, let a second person approve it, and let the ticker put it into force."""
    with unit_of_work(workplace.sessions, SYSTEM, clock.now()) as uow:  # stories of before it
        uow.session.execute(delete(DocumentVersion).where(DocumentVersion.kind == "scenarios"))
    designer, duty = people["designer"], people["duty"]
    designer.go(change)
    with designer.page.expect_navigation():
        designer.page.click('form[action$="/propose"] button')
    assert proposing.work(workplace.sessions, clock.now) == 1
    duty.go(change)
    with duty.page.expect_navigation():
        duty.page.click('form[action$="/approve"] button')
    assert publishing.work(workplace.sessions, clock.now) == 1


def brought_to_the_step(sessions: Sessions) -> int:
    """A demand whose order was signed for; its id."""
    with unit_of_work(sessions, actor(sessions, "agent"), clock.now()) as uow:
        demand = intake.register(uow, DEMAND).demand.id
    with reading(sessions) as session:
        unit = session.scalars(select(HandlingUnit.id)).one()
    for login, answers in (
        ("agent", {"outcome": "order"}),
        ("dispatcher", {"lead_unit": str(unit)}),
        ("liaison", {}),
    ):
        do(sessions, demand, login, answers)
    return demand


def do(sessions: Sessions, demand: int, login: str, answers: Mapping[str, object]) -> None:
    with reading(sessions) as session:
        (task,) = [one.id for one in queries.open_tasks(session, demand)]
    with unit_of_work(sessions, actor(sessions, login), clock.now()) as uow:
        steps.complete(uow, task, answers)


def actor(sessions: Sessions, login: str) -> Actor:
    with reading(sessions) as session:
        return actor_of(session.scalars(select(User).where(User.login == login)).one())


def test_all_that_a_field_can_say_is_set_in_the_panel_and_undone(people: Desks) -> None:
    board = Board(people["designer"])
    board.begin("drawn_field")
    board.draw(to_xml("start s -> a\nuser a role=unit_handler -> e\nend e"))
    board.do(
        """
        select a
        button field-add
        set field-name came_at
        pick field-type datetime
        set field-min 2026-01-31 09:30
        pick field-begins =now()
        button field-add
        set field-name card
        set field-min_length 15
        pick field-format (\\d{17}[\\dXx]|\\d{15})
        button field-add
        set field-name proof
        pick field-type files
        tick field-accept-picture
        tick field-accept-video
        set field-max_mb 8
        set field-required_when came_at > now()
        button rule-add
        set rule-holds-0 count(proof) < 4
        set rule-message-0 最多三个。
        """
    )
    came_at, card, proof = fields(board)
    assert came_at.minimum == "2026-01-31T09:30:00+08:00"
    assert came_at.default == "=now()"
    assert (card.min_length, card.pattern) == (15, r"(\d{17}[\dXx]|\d{15})")
    assert card.pattern_words is not None
    assert card.pattern_words.zh == "请填写 15 位或 18 位身份证号。"
    assert proof.accepts == {FileSort.PICTURE, FileSort.VIDEO}
    assert proof.max_megabytes == 8
    assert proof.required_when == "came_at > now()"
    assert [(one.holds, one.message.zh) for one in proof.rules] == [
        ("count(proof) < 4", "最多三个。")
    ]
    board.do("pick field-type text")
    assert fields(board)[2].accepts == frozenset()
    board.do("button undo")
    assert fields(board) == (came_at, card, proof)
    board.undo_all()
    assert read_diagram(board.text().encode(), "x").processes["p"].elements["a"].form is None


def fields(board: Board) -> tuple[Field, ...]:
    """The fields of the step `a` as they would be saved."""
    form = read_diagram(board.text().encode(), "x").processes["p"].elements["a"].form
    assert form is not None
    return form.fields
