"""The editor of diagrams as a designer uses it: rows of the outline, menus, fields, keys."""

import re
from dataclasses import dataclass

from playwright.sync_api import Locator, expect

from app.cases.expressions import compile_expression
from app.engine.checker import check
from app.engine.content_checks import Surroundings
from app.engine.diagram import Diagram, read_diagram
from app.engine.findings import Severity
from tests.e2e.conftest import Desk
from tests.engine.corpus.case import Runs, Verdict, run


@dataclass
class Board:
    """One designer's editor with a draft in it."""

    desk: Desk

    @property
    def page(self) -> Locator:
        return self.desk.page.locator(".editor")

    def begin(self, key: str) -> str:
        """Open the editor on a draft of the diagram `key`, in a change of its own; its path.

        A key that no diagram has yet begins a new one.
        """
        page, address = self.desk.page, self.desk.site.address
        self.desk.go("/design")
        token = page.locator('meta[name="csrf-token"]').get_attribute("content") or ""
        form = {"csrf_token": token, "title": f"改流程 {key}", "reason": "会议纪要"}
        made = page.request.post(f"{address}/design/changes", form=form)
        what = {"csrf_token": token, "kind": "diagram", "key": key}
        added = page.request.post(f"{made.url}/documents", form=what)
        assert added.ok, added.text()
        path = added.url.removeprefix(address)
        self.open(path)
        return path

    def take(self, source: bytes) -> None:
        """Choose a file with the button for it."""
        self.page.locator('input[name="file"]').set_input_files(
            {"name": "other.bpmn", "mimeType": "application/xml", "buffer": source}
        )

    def open(self, path: str) -> None:
        self.desk.go(path)
        self.desk.page.wait_for_selector('.editor[data-ready="1"]')

    def draw(self, xml: bytes) -> None:
        """Take a file in place of what is drawn; nothing of it is saved."""
        self.page.evaluate(
            """async (one, text) => {
              one.querySelectorAll('dialog').forEach((dialog) => dialog.close());
              one.editor.saving.block('');
              await one.editor.open(text);
            }""",
            xml.decode(),
        )

    def text(self) -> str:
        """The diagram as it would be saved."""
        return str(self.page.evaluate("(one) => { one.editor.save(); return one.editor.text(); }"))

    def undo_all(self) -> None:
        """Press the button for it until there is nothing left to undo."""
        undo = self.page.locator('button[name="undo"]')
        while undo.is_enabled():
            undo.click()

    # What a designer does ---------------------------------------------------------------

    def do(self, steps: str) -> None:
        """Do steps, one a line: a word and what it is about; see the methods below."""
        for line in filter(None, map(str.strip, steps.splitlines())):
            word, _, rest = line.partition(" ")
            getattr(self, f"do_{word}")(*rest.split(" ", _WORDS.get(word, 9)))

    def row(self, element: str) -> Locator:
        return self.page.locator(f'.outline-list [data-id="{element}"]')

    def do_select(self, element: str) -> None:
        self.row(element).click()

    def do_key(self, element: str, key: str) -> None:
        """Press a key on a row of the outline."""
        self.row(element).focus()
        self.desk.page.keyboard.press(key)

    def do_copy(self, element: str) -> None:
        """Copy a row of the outline and paste it, by keyboard alone."""
        self.do_key(element, "Control+c")
        self.desk.page.keyboard.press("Control+v")

    def do_press(self, key: str) -> None:
        self.desk.page.keyboard.press(key)

    def do_choose(self, entry: str) -> None:
        """Choose an entry of the open dialog."""
        self.page.locator(f'dialog [data-id="{entry}"]').click()

    def do_append(self, element: str, kind: str) -> None:
        """Append behind `element`, as somebody does who has only a keyboard."""
        self.do_key(element, "a")
        self.do_choose(kind)

    def do_place(self, kind: str) -> None:
        self.page.evaluate("(one) => { one.editor.place(); }")
        self.do_choose(kind)

    def do_connect(self, source: str, target: str) -> None:
        self.do_key(source, "c")
        self.do_choose(target)

    def do_type(self, element: str, entry: str) -> None:
        self.do_key(element, "t")
        self.do_choose(entry)

    def do_delete(self, element: str) -> None:
        self.do_key(element, "Delete")

    def do_button(self, name: str) -> None:
        """Press a button of the tool bar or the panel by its name."""
        button = self.page.locator(f'button[name="{name}"]')
        self.unfold(button)
        button.click()

    def do_press_way(self, number: str) -> None:
        """Let the way that is tried as `number` be tried one earlier."""
        way = self.page.locator(".ways > li").nth(int(number) - 1)
        way.locator("button", has_text="↑").click()

    def do_set(self, name: str, value: str = "") -> None:
        """Fill a field of the panel and leave it."""
        field = self.page.locator(f'.editor-panel [name="{name}"]')
        self.unfold(field)
        field.fill(value)
        field.blur()

    def unfold(self, field: Locator) -> None:
        """Open the sections of the panel until a field shows."""
        closed = self.page.locator(".editor-panel details:not([open]) > summary")
        while not field.is_visible() and closed.count():
            closed.last.click()

    def do_pick(self, name: str, value: str = "") -> None:
        """Choose from a list of the panel."""
        field = self.page.locator(f'.editor-panel select[name="{name}"]')
        self.unfold(field)
        field.select_option(value)

    def do_tick(self, name: str) -> None:
        self.page.locator(f'.editor-panel input[name="{name}"]').click()

    def do_pad(self, element: str, action: str) -> None:
        """Click an entry of the pad beside an element of the canvas."""
        self.do_select(element)
        self.page.locator(f'.djs-context-pad [data-action="{action}"]').click()

    def do_drag(self, entry: str, element: str, right: str, down: str) -> None:
        """Take a new element from the palette and drop it beside the middle of another."""
        mouse = self.desk.page.mouse
        self.page.locator(f'.djs-palette [data-action="{entry}"]').click()
        x, y = self.middle(element)
        mouse.move(x + int(right) - 5, y + int(down) - 5)
        mouse.move(x + int(right), y + int(down), steps=3)
        mouse.click(x + int(right), y + int(down))

    def do_click(self, element: str) -> None:
        """Click an element on the canvas."""
        self.desk.page.mouse.click(*self.middle(element))
        expect(self.row(element)).to_have_attribute("aria-selected", "true")

    def do_move(self, element: str, right: str, down: str) -> None:
        """Drag an element on the canvas."""
        mouse = self.desk.page.mouse
        x, y = self.middle(element)
        mouse.move(x, y)
        mouse.down()
        mouse.move(x + int(right), y + int(down), steps=5)
        mouse.up()

    def do_paste(self, element: str, right: str, down: str) -> None:
        """Paste what was copied beside the middle of an element."""
        mouse = self.desk.page.mouse
        x, y = self.middle(element)
        mouse.move(x, y)
        expect(self.page.locator(".editor-canvas svg:focus")).to_have_count(1)
        rows = self.page.locator('.outline-list [role="treeitem"]')
        number = rows.count()
        self.desk.page.keyboard.press("Control+v")
        mouse.move(x + int(right) - 5, y + int(down) - 5)
        mouse.move(x + int(right), y + int(down), steps=3)
        mouse.click(x + int(right), y + int(down))
        expect(rows).to_have_count(number + 1)

    def middle(self, element: str) -> tuple[float, float]:
        box = self.page.locator(
            f'.djs-element[data-element-id="{element}"] > .djs-visual'
        ).bounding_box()
        assert box is not None, element
        return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


_WORDS = {"set": 1, "pick": 1}
"""Into how many parts a line is split at most, where the last may hold blanks."""


def problems(diagram: Diagram) -> set[tuple[str, str]]:
    """The errors of the checker: code and element."""
    findings = check([diagram], Surroundings(compile_expression=compile_expression))
    return {(f.code, f.element_id or "") for f in findings if f.severity is Severity.ERROR}


def judge(text: str, expected: str) -> str:
    """How a saved text differs from what is expected of it; empty if it does not.

    `expected` is either `refused CODE@element …` or lines of a play (see tests/engine/corpus),
    optionally after lines `answer ELEMENT {…}`. A play is run on the diagram as it was saved.
    """
    diagram = read_diagram(text.encode(), "drawn.bpmn")
    found = problems(diagram)
    if expected.strip().startswith("refused"):
        wanted = set(re.findall(r"(\w+)@([\w.]*)", expected))
        return "" if found == wanted else f"expected {wanted}, found {found}"
    if found:
        return f"refused: {sorted(found)}"
    verdict, why = run(Runs("drawn", "", expected), diagram)
    return "" if verdict is Verdict.RIGHT else f"{verdict}: {why}"
