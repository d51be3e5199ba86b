"""The editor of decision tables as a designer uses it."""

from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import pytest
from openpyxl import load_workbook  # type: ignore[import-untyped]
from playwright.sync_api import Browser, Locator, expect

from tests.e2e.conftest import Desk, Site, open_desk

RULES = Path(__file__).parents[2] / "rules"


@pytest.fixture
def desk(chromium: Browser, studio: Site) -> Iterator[Desk]:
    opened = open_desk(chromium, studio)
    opened.page.set_default_timeout(15_000)
    opened.sign_in("designer")
    yield opened
    complaints = opened.complaints
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
    editor.page.keyboard.press("Delete")  # replacing marked text, Chromium tries to style it
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


def test_a_table_too_large_to_be_drawn_says_so_and_can_still_be_tried(desk: Desk) -> None:
    editor = begin(desk, "re_handling")
    editor.evaluate(
        """async (one) => {
          const text = await one.editor.text();
          const row = /<rule [^]*?<\\/rule>/.exec(text)[0];
          const copy = (_each, at) => row.replace(/id="/g, `id="c${at}_`);
          const more = Array.from({ length: 2400 }, copy);
          one.editor.saving.block('');
          await one.editor.open(text.replace(row, row + more.join('')));
        }"""
    )
    expect(editor.locator(".large")).to_contain_text("Excel")
    expect(editor.locator("button[name=try]")).to_be_enabled()
