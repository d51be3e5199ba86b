"""What designers do with a diagram: drawn in the browser, judged by the engine (edits.yaml)."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml
from playwright.sync_api import Browser

from app.engine.diagram import read_diagram
from tests.e2e.board import Board, judge
from tests.e2e.conftest import Site, open_desk
from tests.engine.corpus.notation import to_xml
from tests.web.test_modeler_round_trip import meaning

TABLE = yaml.safe_load(Path(__file__).with_name("edits.yaml").read_text(encoding="utf-8"))


@dataclass(frozen=True)
class Edit:
    """What is drawn, what is done with it, and what becomes of it."""

    name: str
    base: str
    do: str
    then: str


EDITS = [Edit(**row) for row in TABLE["edits"]]


@pytest.fixture(scope="module")
def board(chromium: Browser, studio: Site) -> Iterator[Board]:
    desk = open_desk(chromium, studio)
    desk.page.set_default_timeout(15_000)
    desk.sign_in("designer")
    board = Board(desk)
    board.begin("extension")
    yield board
    desk.page.context.close()


@pytest.mark.parametrize("edit", EDITS, ids=lambda edit: edit.name)
def test_an_edit_is_saved_as_drawn(board: Board, edit: Edit) -> None:
    board.draw(to_xml(TABLE["bases"][edit.base]))
    before = board.text()
    board.do(edit.do)
    text = board.text()
    assert judge(text, edit.then) == "", text
    board.undo_all()
    assert meant(board.text()) == meant(before)
    assert board.desk.complaints == []


def meant(text: str) -> object:
    return meaning(read_diagram(text.encode(), "drawn.bpmn"))
