"""The editor around the canvas: saving, conflicts, findings, fields, files, keys, languages."""

import json
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from app.engine.diagram import read_diagram
from tests.design.test_foreign_files import DIALECTS, brought, bytes_of
from tests.e2e.board import Board, judge
from tests.e2e.conftest import AXE, Site, open_desk
from tests.engine.corpus.notation import to_xml
from tests.web.test_modeler_round_trip import SHIPPED, meaning

LINE = "start s -> a\nuser a role=dispatcher -> e\nend e"
KEYS = (f"drawn_{number}" for number in count(1))


@pytest.fixture
def boards(chromium: Browser, studio: Site) -> Iterator["Boards"]:
    opened = Boards(chromium, studio)
    yield opened
    complaints = [one for board in opened.all for one in board.desk.complaints]
    for board in opened.all:
        board.desk.page.context.close()
    assert complaints == []


class Boards:
    """The windows of one test."""

    def __init__(self, chromium: Browser, studio: Site) -> None:
        self._chromium, self._studio = chromium, studio
        self.all: list[Board] = []

    def open(self, login: str = "designer", **context: object) -> Board:
        desk = open_desk(self._chromium, self._studio, **context)
        desk.page.set_default_timeout(15_000)
        desk.sign_in(login)
        board = Board(desk)
        self.all.append(board)
        return board

    def begin(self, **context: object) -> tuple[Board, str]:
        """An editor on a draft of its own: one step `a` between start and end; and its path."""
        board = self.open(**context)
        key = next(KEYS)
        path = board.begin(key)
        board.take(to_xml(f"process {key}\n{LINE}"))
        expect(board.row("a")).to_be_visible()
        board.do("button save")
        state(board, "已保存")
        return board, path


def kept(board: Board) -> str:
    """The text that the server keeps."""
    answer = board.page.evaluate(
        "async (one) => (await (await fetch(one.dataset.content)).json()).content"
    )
    return str(answer)


def state(board: Board, words: str) -> None:
    expect(board.page.locator(".state")).to_contain_text(words, timeout=15_000)


def rename(board: Board, element: str, name: str) -> None:
    board.do(f"select {element}\nset name {name}")


def test_what_is_drawn_is_saved_by_itself_and_found_again(boards: Boards) -> None:
    board, path = boards.begin()
    rename(board, "a", "改过的环节")
    state(board, "有改动")
    state(board, "已保存")
    assert 'name="改过的环节"' in kept(board)
    board.open(path)
    expect(board.row("a")).to_contain_text("改过的环节")


def test_the_scenarios_are_run_after_a_save(boards: Boards) -> None:
    board, _path = boards.begin()
    told = board.page.locator(".editor-findings .trial")
    expect(told).to_have_count(0)
    rename(board, "a", "改过的环节")
    expect(told).to_contain_text("还没有情景", timeout=60_000)


def test_two_designers_lose_nothing(boards: Boards) -> None:
    mine, path = boards.begin()
    theirs = boards.open("second")
    theirs.open(path)
    rename(theirs, "a", "对方改的")
    theirs.do("button save")
    state(theirs, "已保存")
    rename(mine, "a", "我改的")
    mine.do("button save")
    dialog = mine.page.locator("dialog")
    expect(dialog).to_contain_text("严设计")
    texts = dialog.locator("textarea").evaluate_all("(all) => all.map((one) => one.value)")
    assert "我改的" in texts[0]
    assert "对方改的" in texts[1]
    expect(dialog.locator(".differences")).to_contain_text("对方改的")
    with mine.desk.page.expect_download() as download:
        dialog.locator("button[name=download]").click()
    assert "我改的" in download.value.path().read_text()
    dialog.locator("button[name=mine]").click()
    state(mine, "已保存")
    assert "我改的" in kept(mine)


def test_who_takes_the_others_text_gets_their_own_as_a_file(boards: Boards) -> None:
    mine, path = boards.begin()
    theirs = boards.open("second")
    theirs.open(path)
    rename(theirs, "a", "对方改的")
    theirs.do("button save")
    state(theirs, "已保存")
    rename(mine, "a", "我改的")
    mine.do("button save")
    with mine.desk.page.expect_download() as download:
        mine.page.locator("dialog button[name=theirs]").click()
    assert "我改的" in download.value.path().read_text()
    expect(mine.row("a")).to_contain_text("对方改的")
    state(mine, "已保存")


def test_a_session_that_ends_keeps_what_was_drawn(boards: Boards) -> None:
    board, _path = boards.begin()
    context = board.desk.page.context
    context.clear_cookies()
    rename(board, "a", "登录过期时改的")
    board.do("button save")
    dialog = board.page.locator("dialog")
    expect(dialog).to_contain_text("登录已过期")
    again = context.new_page()
    again.goto(board.desk.site.address + "/sign-in")
    again.fill("#login", "designer")
    again.fill("#password", "jieban-demo")
    again.click("main button")
    again.wait_for_selector(".who")
    dialog.locator("button[name=go]").click()
    state(board, "已保存")
    assert "登录过期时改的" in kept(board)


def test_a_server_that_is_away_is_asked_again(boards: Boards) -> None:
    board, _path = boards.begin()
    page = board.desk.page
    page.route("**/content", lambda route: route.abort())
    rename(board, "a", "断网时改的")
    board.do("button save")
    state(board, "未保存")
    page.unroute("**/content")
    board.do("button save")
    state(board, "已保存")
    assert "断网时改的" in kept(board)
    board.desk.complaints[:] = [one for one in board.desk.complaints if "ERR_FAILED" not in one]


def test_leaving_with_something_unsaved_is_asked_about(boards: Boards) -> None:
    board, _path = boards.begin()
    asked: list[str] = []
    board.desk.page.on("dialog", lambda dialog: (asked.append(dialog.type), dialog.accept()))
    rename(board, "a", "还没保存")
    board.desk.page.goto(board.desk.site.address + "/design")
    assert asked == ["beforeunload"]


def test_findings_follow_the_hand_and_lead_to_their_element(boards: Boards) -> None:
    board, _path = boards.begin()
    board.do("append a exclusive-gateway\nappend exclusive_gateway_1 user-task")
    findings = board.page.locator(".editor-findings")
    expect(findings).to_contain_text("默认")
    board.do("select s")
    findings.locator("button.link").first.click()
    expect(board.row("exclusive_gateway_1")).to_have_attribute("aria-selected", "true")
    expect(board.page.locator(".finding-sign.error")).not_to_have_count(0)
    expect(board.page.locator(".panel-findings")).to_contain_text("默认")


def test_a_file_that_is_not_understood_is_not_saved_over_the_draft(boards: Boards) -> None:
    board, _path = boards.begin()
    before = kept(board)
    strange = to_xml(LINE).replace(b"<jieban:role", b'<jieban:rule name="x"/><jieban:role', 1)
    board.take(strange)
    dialog = board.page.locator("dialog")
    expect(dialog).to_contain_text("jieban:rule")
    dialog.locator("button[name=leave]").click()
    state(board, "暂不保存")
    board.do("button save")
    assert kept(board) == before


def test_what_is_dropped_from_a_file_is_dropped_by_agreement(boards: Boards) -> None:
    board, _path = boards.begin()
    strange = to_xml(LINE).replace(b"<jieban:role", b'<jieban:rule name="x"/><jieban:role', 1)
    board.take(strange)
    board.page.locator("dialog button[name=go]").click()
    board.page.locator("dialog button[name=rename]").click()
    board.do("button save")
    state(board, "已保存")
    assert "jieban:rule" not in kept(board)


@pytest.mark.parametrize("name", sorted(DIALECTS))
def test_a_file_of_another_tool_is_drawn(boards: Boards, name: str) -> None:
    board = boards.open()
    board.begin(next(KEYS))
    board.take(bytes_of(name))
    dialog = board.page.locator("dialog")
    while dialog.count() or not shows(board, name):
        told = dialog.inner_text()
        assert "无法画出" not in told
        if name == "chinese_ids" and "编号改了" in told:
            assert "是否 属实？ → exclusive_gateway_1" in " ".join(told.split())
            board.desk.look("modeler-renamed-ids")
        dialog.locator("button").last.click()
    assert board.page.locator(".state").inner_text() != "暂不保存"


def shows(board: Board, name: str) -> bool:
    """Whether every element with a name is on the canvas."""
    drawn = " ".join(board.page.locator(".outline-list").inner_text().split())
    diagram = brought(name)
    [process] = diagram.processes.values()
    names = [" ".join(one.name.split()) for one in process.elements.values() if one.name]
    return all(one in drawn for one in names)


def test_a_file_is_taken_in_and_handed_out(boards: Boards) -> None:
    board, _path = boards.begin()
    board.take(to_xml("process other\n" + LINE.replace(" a", " b")))
    board.page.locator("dialog button[name=rename]").click()
    board.do("button save")
    state(board, "已保存")
    page = board.desk.page
    found = {}
    for form in ("bpmn", "svg", "png"):
        board.page.locator("details.menu summary").click()
        with page.expect_download() as download:
            board.do(f"button hand-{form}")
        found[form] = Path(download.value.path()).read_bytes()
    assert judge(found["bpmn"].decode(), "start | b\nb | done > e") == ""
    assert b"<svg" in found["svg"]
    assert found["png"].startswith(b"\x89PNG")


def test_every_shipped_diagram_is_opened_and_saved_unchanged(boards: Boards) -> None:
    board, _path = boards.begin()
    for path in SHIPPED:
        board.draw(path.read_bytes())
        assert board.page.evaluate("(one) => one.editor.warnings") == []
        again = read_diagram(board.text().encode(), path.name)
        assert meaning(again) == meaning(read_diagram(path.read_bytes(), path.name)), path.name


def test_a_form_is_built_field_by_field(boards: Boards) -> None:
    board, _path = boards.begin()
    board.draw(to_xml(LINE))
    board.do(
        """
        select a
        button field-add
        set field-label 办理结果
        set field-label_en Result
        set field-name result
        pick field-type choice
        tick field-required
        set option-label-0 已解决
        set option-value-0 solved
        button option-add
        set option-label-2 不予支持
        set option-value-2 refused
        pick field-default solved
        button field-add
        set field-label 金额
        set field-name amount
        pick field-type number
        set field-min 1
        set field-max 99
        set field-help 单位：元
        button field-add
        set field-name files_of_it
        pick field-type files
        pick field-kind handling
        set field-max_length 3
        """
    )
    element = read_diagram(board.text().encode(), "x.bpmn").processes["p"].elements["a"]
    assert element.form is not None
    result, amount, files = element.form.fields
    assert (result.name, result.type, result.required) == ("result", "choice", True)
    assert (result.label.zh, result.label.en) == ("办理结果", "Result")
    assert [option.value for option in result.options] == ["solved", "no", "refused"]
    assert result.default == "solved"
    assert (amount.minimum, amount.maximum, amount.help) == ("1", "99", amount.help)
    assert amount.help is not None
    assert amount.help.zh == "单位：元"
    assert (files.kind, files.max_length) == ("handling", 3)
    board.page.locator('button[aria-label="上移“金额”"]').click()
    moved = read_diagram(board.text().encode(), "x.bpmn").processes["p"].elements["a"].form
    assert moved is not None
    assert [one.name for one in moved.fields] == ["amount", "result", "files_of_it"]
    board.page.locator('button[aria-label="删除“金额”"]').click()
    board.do("button undo\nbutton undo")
    back = read_diagram(board.text().encode(), "x.bpmn").processes["p"].elements["a"].form
    assert back == element.form


def test_an_expression_offers_the_names_and_values_in_scope(boards: Boards) -> None:
    board, _path = boards.begin()
    board.draw(
        to_xml(
            """
            start s -> a
            user a role=dispatcher form=[<jieban:field name="verdict" type="choice" label="结论"><jieban:option value="approved" label="同意"/><jieban:option value="refused" label="不同意"/></jieban:field>] -> g
            xor g default=e -> b, e
            user b -> e
            end e
            """  # noqa: E501 - one line is one element
        )
    )
    keyboard = board.desk.page.keyboard
    board.do("select g_b")
    board.page.locator("textarea[name=condition]").click()
    keyboard.type("verd")
    expect(board.page.locator(".offer [role=option]").first).to_contain_text("verdict")
    keyboard.press("Enter")
    keyboard.type(' = "ap')
    keyboard.press("Enter")
    expect(board.page.locator("textarea[name=condition]")).to_have_value('verdict = "approved"')
    board.do("select s")
    flow = read_diagram(board.text().encode(), "x.bpmn").processes["p"].flows["g_b"]
    assert flow.condition is not None
    assert flow.condition.feel == 'verdict = "approved"'


def test_a_process_is_drawn_by_keyboard_alone(boards: Boards) -> None:
    board, _path = boards.begin()
    board.draw(to_xml("start s -> e\nend e"))
    page, keyboard = board.desk.page, board.desk.page.keyboard
    board.row("p").focus()
    keyboard.press("ArrowDown")
    keyboard.press("a")
    keyboard.type("人工环节")
    keyboard.press("ArrowDown")
    keyboard.press("Enter")
    expect(board.row("user_task_1")).to_be_focused()
    keyboard.press("F2")
    keyboard.type("审核")
    keyboard.press("Enter")
    expect(board.row("user_task_1")).to_contain_text("审核")
    board.row("user_task_1").focus()
    keyboard.press("a")
    keyboard.type("exclusive-gateway")
    keyboard.press("Enter")
    expect(board.row("exclusive_gateway_1")).to_be_focused()
    keyboard.press("c")
    keyboard.type("user_task_1")
    keyboard.press("Enter")
    page.wait_for_selector('.editor-panel [name="condition"]')
    board.do("set condition again = true\nselect sequence_flow_2\ntick default")
    play = """
        start | user_task_1
        user_task_1 {again: true} | user_task_1
        user_task_1 {again: false} | done > e
    """
    assert judge(board.text(), play) == ""


def test_keys_that_mean_nothing_for_a_row_change_nothing(boards: Boards) -> None:
    board, _path = boards.begin()
    before = board.text()
    keyboard = board.desk.page.keyboard
    process = board.page.locator('.outline-list [role="treeitem"]').first
    for row in (process, board.row("s_a"), board.row("e")):
        for key in ("a", "c", "t", "Delete"):
            if key == "Delete" and row is not process:
                continue
            row.focus()
            keyboard.press(key)
            keyboard.press("Escape")
            expect(board.page.locator("dialog")).to_have_count(0)
    assert board.text() == before


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_editor_is_accessible_and_speaks_one_language(boards: Boards, language: str) -> None:
    board = boards.open(bypass_csp=True)
    page = board.desk.page
    if language == "en":
        page.click("button[value=en]")
        page.wait_for_selector("html[lang=en]")
    board.begin(next(KEYS))
    board.draw((SHIPPED[0].parent / "extension.bpmn").read_bytes())
    for row in board.page.locator('.outline-list [role="treeitem"]').all()[:12]:
        row.click()
    board.page.locator('button[name="minimap"]').click()
    page.evaluate(AXE.read_text())
    found = page.evaluate("async () => (await axe.run()).violations")
    shown = [(one["id"], [node["html"][:150] for node in one["nodes"]]) for one in found]
    assert shown == [], json.dumps(shown, ensure_ascii=False, indent=1)
    assert board.page.evaluate("(one) => [...one.editor.untranslated]") == []
    board.desk.look(f"modeler-{language}")


def test_the_mark_of_bpmn_io_stays_in_sight(boards: Boards) -> None:
    board, _path = boards.begin()
    assert board.page.evaluate(
        """(one) => {
          const mark = one.querySelector('.bjs-powered-by');
          const box = mark.getBoundingClientRect();
          const top = document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2);
          return mark.contains(top);
        }"""
    )


def test_a_copy_has_all_that_its_original_was_given(boards: Boards) -> None:
    board, _path = boards.begin()
    board.do(
        """
        append a template-form
        pick role dispatcher
        select a
        append a service-start_clock
        set parameter-clock "handling"
        """
    )
    for element, copy in (("user_task_1", "visit_again"), ("service_task_1", "clock_again")):
        board.do(f"click {element}\npress Control+c\npaste {element} 0 160\nset id {copy}")
    diagram = read_diagram(board.text().encode(), "drawn.bpmn")
    [process] = diagram.processes.values()
    first, again = process.elements["user_task_1"], process.elements["visit_again"]
    assert first.form is not None
    assert (meaning(again.form), again.role) == (meaning(first.form), "dispatcher")
    called, twice = process.elements["service_task_1"], process.elements["clock_again"]
    assert called.service is not None
    assert called.service.parameters
    assert meaning(twice.service) == meaning(called.service)


def test_elements_are_found_by_their_name(boards: Boards) -> None:
    board, _path = boards.begin()
    board.draw((SHIPPED[0].parent / "extension.bpmn").read_bytes())
    board.row("extension_asked").click()
    board.desk.page.keyboard.press("Control+f")
    board.desk.page.keyboard.type("再次延期")
    board.desk.page.keyboard.press("Enter")
    expect(board.row("decide_second_extension")).to_have_attribute("aria-selected", "true")
