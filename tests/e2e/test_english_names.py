"""The editor in English: names on the canvas are the English ones, and both stay in the file."""

import re
from collections.abc import Iterator
from html import unescape
from itertools import count

import pytest
from playwright.sync_api import Browser, expect
from sqlalchemy import select

from app.core import clock
from app.core.uow import SYSTEM, unit_of_work
from app.engine.diagram import Element, read_diagram
from app.identity.models import HandlingUnit
from app.office import DIAGRAMS
from tests.e2e.board import Board
from tests.e2e.conftest import Site, open_desk

pytestmark = pytest.mark.browser

SHIPPED = sorted(DIAGRAMS.glob("*.bpmn"))
KEYS = (f"in_english_{number}" for number in count(1))
HAN = re.compile(r"[\u4e00-\u9fff]")


@pytest.fixture
def board(chromium: Browser, studio: Site) -> Iterator[Board]:
    """An editor in English on a draft of its own."""
    opened = Board(open_desk(chromium, studio))
    opened.desk.page.set_default_timeout(15_000)
    opened.desk.sign_in("designer")
    opened.desk.page.click("button[value=en]")
    opened.desk.page.wait_for_selector("html[lang=en]")
    opened.begin(next(KEYS))
    yield opened
    complaints = opened.desk.complaints
    opened.desk.page.context.close()
    assert complaints == []


def shown(board: Board) -> list[str]:
    """The names on the canvas."""
    texts = board.page.locator(".editor-canvas .djs-element text").all_text_contents()
    return [text for text in texts if text.strip()]


def element(board: Board, name: str) -> Element:
    diagram = read_diagram(board.text().encode(), "drawn.bpmn")
    return next(one.elements[name] for one in diagram.processes.values() if name in one.elements)


def names(text: str) -> list[str]:
    """Every name in a file, in either language."""
    return sorted(unescape(one) for one in re.findall(r'\s(?:name|en)="[^"]*"', text))


def type_over(board: Board, name: str, text: str) -> None:
    """Type a name on the canvas, in place of the one that stands there."""
    board.do_select(name)
    board.desk.page.mouse.dblclick(*board.middle(name))
    box = board.page.locator(".djs-direct-editing-content")
    expect(box).to_be_visible()
    board.desk.page.keyboard.press("Control+a")
    board.desk.page.keyboard.type(text)
    board.desk.page.keyboard.press("Enter")
    expect(box).to_have_count(0)


def test_every_shipped_diagram_is_shown_in_english_and_stays_as_it_is(board: Board) -> None:
    for path in SHIPPED:
        source = path.read_text(encoding="utf-8")
        board.draw(source.encode())
        chinese = [text for text in shown(board) if HAN.search(text)]
        assert chinese == [], path.name
        assert board.page.evaluate("(one) => one.editor.warnings") == [], path.name
        saved = board.page.evaluate(
            "async (one) => (await one.editor.modeler.saveXML({format: true})).xml"
        )
        assert names(saved) == names(source), path.name
    board.draw((DIAGRAMS / "work_order.bpmn").read_bytes())
    board.desk.look("modeler-english-names")


def test_a_name_typed_on_the_canvas_is_the_english_one(board: Board) -> None:
    board.draw((DIAGRAMS / "extension.bpmn").read_bytes())
    diagram = read_diagram((DIAGRAMS / "extension.bpmn").read_bytes(), "extension.bpmn")
    [process] = diagram.processes.values()
    step = next(one for one in process.elements.values() if one.kind == "userTask")
    event = next(one for one in process.elements.values() if one.kind == "startEvent")
    for one in (step, event):
        type_over(board, one.id, "Quite another")
        now = element(board, one.id)
        assert (now.name, now.name_en) == (one.name, "Quite another")
        board.page.locator('button[name="undo"]').click()
        now = element(board, one.id)
        assert (now.name, now.name_en) == (one.name, one.name_en)
    assert "Quite" not in " ".join(shown(board))


def test_the_panel_shows_the_english_name_first_and_f2_goes_there(board: Board) -> None:
    board.draw((DIAGRAMS / "extension.bpmn").read_bytes())
    board.do_key("decide_extension", "F2")
    expect(board.page.locator('.editor-panel [name="name-en"]')).to_be_focused()
    fields = board.page.locator(".editor-panel input").evaluate_all("all => all.map(x => x.name)")
    assert fields.index("name-en") < fields.index("name")
    board.do("set name-en Decide on more time")
    assert "Decide on more time" in " ".join(" ".join(shown(board)).split())
    board.do("set name 批延期")
    now = element(board, "decide_extension")
    assert (now.name, now.name_en) == ("批延期", "Decide on more time")
    assert "批" not in "".join(shown(board))


def test_a_new_event_bears_the_name_that_is_typed_and_loses_it_again(board: Board) -> None:
    board.draw((DIAGRAMS / "extension.bpmn").read_bytes())
    board.do("append decide_extension boundary-timer-non")
    made = str(board.page.evaluate("(one) => one.editor.selected[0].id"))
    board.do("set name-en Too slow")
    assert "Too slow" in " ".join(shown(board))
    assert element(board, made).name_en == "Too slow"
    board.do("set name-en")
    assert "Too slow" not in " ".join(shown(board))
    board.page.locator('button[name="undo"]').click()
    assert "Too slow" in " ".join(shown(board))


def test_a_name_is_not_deleted_with_its_text_on_the_canvas(board: Board) -> None:
    board.draw((DIAGRAMS / "extension.bpmn").read_bytes())
    event = "extension_asked"
    before = element(board, event)
    board.page.evaluate(
        """(one, id) => {
          const { modeler } = one.editor;
          modeler.get('selection').select(modeler.get('elementRegistry').get(`${id}_label`));
          modeler.get('editorActions').trigger('removeSelection');
        }""",
        event,
    )
    now = element(board, event)
    assert (now.name, now.name_en) == (before.name, before.name_en)


def test_a_unit_is_chosen_beside_the_role(board: Board, studio: Site) -> None:
    with unit_of_work(studio.sessions, SYSTEM, clock.now()) as uow:
        if uow.session.scalar(select(HandlingUnit).where(HandlingUnit.code == "lamps")) is None:
            uow.session.add(
                HandlingUnit(code="lamps", name_zh="路灯管理处", name_en="Lamps", kind="department")
            )
    board.desk.page.reload()
    board.desk.page.wait_for_selector('.editor[data-ready="1"]')
    board.draw((DIAGRAMS / "extension.bpmn").read_bytes())
    board.do("select decide_extension\npick unit lamps")
    assert element(board, "decide_extension").unit == "lamps"
    board.desk.look("modeler-unit")
    board.do("pick role leader")
    now = element(board, "decide_extension")
    assert (now.role, now.unit) == ("leader", "lamps")
    board.do("pick unit")
    assert element(board, "decide_extension").unit is None
