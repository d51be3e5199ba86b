"""The editor of decision tables as a designer uses it."""

import re
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import pytest
from openpyxl import load_workbook  # type: ignore[import-untyped]
from playwright.sync_api import Browser, Locator, expect

from tests.e2e.conftest import AXE, Desk, Site, open_desk

RULES = Path(__file__).parents[2] / "rules"


@pytest.fixture
def desk(chromium: Browser, studio: Site) -> Iterator[Desk]:
    opened = open_desk(chromium, studio)
    opened.page.set_default_timeout(15_000)
    opened.sign_in("designer")
    yield opened
    complaints = opened.complaints
    withdraw(opened)
    opened.page.context.close()
    assert complaints == []


def begin(desk: Desk, key: str) -> Locator:
    """The editor on a draft of the table `key`, in a change of its own."""
    page, address = desk.page, desk.site.address
    desk.go("/design")
    token = page.locator('meta[name="csrf-token"]').get_attribute("content") or ""
    form = {"csrf_token": token, "title": f"改表 {key}", "reason": "会议纪要"}
    made = page.request.post(f"{address}/design/changes", form=form)
    what = {"csrf_token": token, "kind": "table", "key": key}
    added = page.request.post(f"{made.url}/documents", form=what)
    assert added.ok, added.text()
    desk.go(added.url.removeprefix(address))
    page.wait_for_selector('.editor[data-ready="1"]')
    return page.locator(".editor")


def withdraw(desk: Desk) -> None:
    """Give back what was taken into changes: one open change holds a table at a time."""
    desk.go("/design")
    token = desk.page.locator('meta[name="csrf-token"]').get_attribute("content") or ""
    changes = desk.page.locator('main a[href^="/design/changes/"]')
    for path in {one.get_attribute("href") for one in changes.all()}:
        form = {"csrf_token": token, "note": "试毕"}
        desk.page.request.post(f"{desk.site.address}{path}/withdraw", form=form)


def state(editor: Locator, words: str) -> None:
    expect(editor.locator(".state")).to_contain_text(words, timeout=15_000)


def cell(editor: Locator, column: str) -> Locator:
    return editor.locator(f'td[data-element-id="{column}"]')


def test_every_shipped_table_is_opened_and_written_without_loss(desk: Desk) -> None:
    editor = begin(desk, "acceptance")
    for path in sorted(RULES.rglob("*.dmn")):
        found = editor.evaluate(
            """async (one, text) => {
              one.querySelectorAll('dialog').forEach((dialog) => dialog.close());
              one.editor.saving.block('');
              const opened = await one.editor.open(text);
              const warnings = [...one.querySelectorAll('.warnings li')];
              return [opened, warnings.map((each) => each.textContent)];
            }""",
            path.read_text(),
        )
        assert found == [True, []], path.name


def write(editor: Locator, column: str, text: str) -> None:
    """Type into a cell as its content."""
    cell(editor, column).locator("[contenteditable]").first.click()
    editor.page.keyboard.press("Control+A")
    editor.page.keyboard.insert_text(text)


def test_a_cell_that_is_no_feel_is_told_at_the_cell(desk: Desk) -> None:
    editor = begin(desk, "merge")
    write(editor, "merge_row_1_input_1", '"yes')
    expect(editor.locator(".editor-findings li.error")).to_contain_text("字符串没有结束")
    cell(editor, "merge_row_1_input_1").hover()
    expect(editor.locator(".cell-words")).to_contain_text("字符串没有结束")
    desk.look("dmn-error")
    editor.locator("button[name=save]").click()
    state(editor, "已保存")


def test_a_gap_is_shown_by_an_example_and_filled_by_a_row(desk: Desk) -> None:
    editor = begin(desk, "traffic_light")
    write(editor, "traffic_light_row_1_input_2", "<= 4")
    add = editor.locator("button[name=add-missing]").first
    expect(add).to_be_visible()
    rows = editor.locator("td.rule-index").count()
    add.click()
    expect(editor.locator("td.rule-index")).to_have_count(rows + 1)
    desk.look("dmn-gap")
    editor.locator("button[name=save]").click()
    state(editor, "已保存")


def test_what_is_tried_is_answered_by_a_marked_row_and_kept_as_a_test_row(desk: Desk) -> None:
    editor = begin(desk, "closing")
    expect(editor.locator(".tests .failed")).to_have_count(0)
    for name, value in (("closing_reason", "resolved"), ("solved", "yes"), ("re_handled", "7")):
        editor.locator(f'[name="try-{name}"]').fill(value)
    editor.locator("button[name=try]").click()
    expect(editor.locator(".answer")).to_contain_text("reviewer")
    desk.look("dmn-tried")
    before = editor.locator(".tests li").count()
    editor.locator("button[name=keep-test]").click()
    expect(editor.locator(".tests li")).to_have_count(before + 1)


def test_a_workbook_goes_out_and_comes_in_once_its_changes_were_seen(desk: Desk) -> None:
    editor = begin(desk, "signing")
    with desk.page.expect_download() as download:
        editor.locator("button[name=export-sheet]").click()
    book = load_workbook(BytesIO(download.value.path().read_bytes()))
    book["signing"].delete_rows(5)
    changed = BytesIO()
    book.save(changed)
    editor.locator("input[name=file]").set_input_files(
        {"name": "signing.xlsx", "mimeType": "application/x", "buffer": changed.getvalue()}
    )
    expect(editor.locator("dialog .differences li")).not_to_have_count(0)
    desk.look("dmn-sheet")
    editor.locator("dialog button[name=take]").click()
    expect(editor.locator("td.rule-index")).to_have_count(3)
    expect(editor.locator("button[name=add-missing]")).not_to_have_count(0)
    editor.locator("button[name=save]").click()
    state(editor, "已保存")


def test_a_missing_row_stands_in_the_table_with_its_example(desk: Desk) -> None:
    editor = begin(desk, "traffic_light")
    write(editor, "traffic_light_row_1_input_2", "<= 4")
    missing = editor.locator("tr.missing")
    expect(missing.locator(".words")).to_contain_text("例如：时限单位 =")
    behind = missing.locator("xpath=preceding-sibling::tr[1]").locator("td[data-element-id]")
    expect(behind.nth(1)).to_contain_text("working_day")  # the row it is most like
    desk.look("dmn-missing-row")
    rows = editor.locator("td.rule-index").count()
    missing.locator("button").focus()
    desk.page.keyboard.press("Enter")
    expect(editor.locator("td.rule-index")).to_have_count(rows + 1)


def test_rows_that_overlap_tell_it_in_every_cell(desk: Desk) -> None:
    editor = begin(desk, "traffic_light")
    write(editor, "traffic_light_row_2_input_2", "> 4")
    expect(editor.locator(".editor-findings li.error").first).to_contain_text("例如")
    cell(editor, "traffic_light_row_1_input_1").locator("[contenteditable]").first.focus()
    expect(editor.locator(".cell-words")).to_contain_text("例如")
    desk.look("dmn-overlap")


def test_marked_text_is_typed_over_without_a_complaint(desk: Desk) -> None:
    editor = begin(desk, "traffic_light")
    field = cell(editor, "traffic_light_row_1_input_2").locator("[contenteditable]").first
    for text in ("1", '"a', "<= 5"):
        field.click()
        desk.page.keyboard.press("Control+A")
        desk.page.keyboard.type(text)
        expect(field).to_contain_text(text)


def test_a_cell_is_changed_and_a_row_added_by_keyboard_alone(desk: Desk) -> None:
    editor = begin(desk, "closing")
    keyboard = desk.page.keyboard
    rows = editor.locator("td.rule-index").count()
    editor.locator("button[name=save]").focus()
    for _press in range(60):
        keyboard.press("Tab")
        if editor.locator("td[data-element-id] [contenteditable]:focus").count():
            break
    keyboard.press("Control+A")
    keyboard.type('"resolved"')
    for _press in range(rows + 3):  # Enter takes what is offered, goes down, and adds a last row
        if editor.locator("td.rule-index").count() > rows:
            break
        keyboard.press("Enter")
    expect(editor.locator("td.rule-index")).to_have_count(rows + 1)
    keyboard.type('"by_agreement"')
    keyboard.press("Control+s")
    state(editor, "已保存")
    kept = editor.evaluate(
        "async (one) => (await (await fetch(one.dataset.content)).json()).content"
    )
    assert "by_agreement" in kept


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_page_is_accessible_speaks_one_language_and_asks_no_other_host(
    desk: Desk, language: str
) -> None:
    page = desk.page
    hosts: set[str] = set()
    page.on("request", lambda one: hosts.add(one.url.partition("//")[2].partition("/")[0]))
    if language == "en":
        desk.go("/design")
        page.locator("button[name=language]").click()
        page.wait_for_selector('html[lang^="en"]')
    editor = begin(desk, "extension")
    page.evaluate(AXE.read_text())
    found = page.evaluate("async () => (await axe.run()).violations")
    assert [(one["id"], one["nodes"][0]["html"]) for one in found] == []
    if language == "zh":
        assert editor.evaluate("(one) => [...one.editor.untranslated]") == []
    else:
        # what remains Chinese are the words of the table itself
        chrome = (
            editor.locator(".editor-toolbar").inner_text()
            + editor.get_by_role("heading").first.inner_text()
        )
        assert not re.search("[\u4e00-\u9fff]", chrome), chrome
    desk.look(f"dmn-page-{language}")
    assert hosts <= {desk.site.address.partition("//")[2], ""}


def test_a_table_of_thousands_of_rows_is_edited_page_by_page(desk: Desk) -> None:
    editor = begin(desk, "re_handling")
    editor.evaluate(
        """async (one) => {
          const text = await one.editor.text();
          const row = /<rule [^]*?<\\/rule>/.exec(text)[0];
          const copy = (_each, at) => row.replace(/id="/g, `id="c${at}_`);
          const more = Array.from({ length: 1100 }, copy);
          one.editor.saving.block('');
          await one.editor.open(text.replace(row, row + more.join('')));
        }"""
    )
    expect(editor.locator(".pages")).to_contain_text("第 1–100 行，共 1105 行")
    expect(editor.locator("td.rule-index")).to_have_count(100)
    editor.locator("button[name=page-after]").click()
    expect(editor.locator("td.rule-index").first).to_have_text("101")
    field = editor.locator("td[data-element-id] [contenteditable]").first
    field.click()
    desk.page.keyboard.press("Control+A")
    desk.page.keyboard.insert_text('"found_again"')
    editor.locator(".editor-side h2").first.click()
    editor.locator("input[name=look]").fill("found_again")
    expect(editor.locator("td.rule-index")).to_have_text(["101"])
    assert editor.evaluate("async (one) => (await one.editor.text()).includes('found_again')")
