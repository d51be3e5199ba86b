"""Files in Chromium: chosen, refused, kept, shown and fetched; and the knowledge base."""

from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.e2e.conftest import Desk, Desks
from tests.e2e.test_path import UNIT, register

pytestmark = pytest.mark.browser

PNG = b"\x89PNG\r\n\x1a\n" + b"pixels" * 2000


def handed_out(desks: Desks, title: str) -> str:
    """A case that waits for the handler's first contact; its path."""
    agent, dispatcher = desks["agent1"], desks["dispatcher1"]
    case = register(agent, title)
    agent.choose("outcome", "order")
    agent.submit()
    dispatcher.go(case)
    dispatcher.choose_below("lead_unit", "市级部门", "市城市管理局")
    dispatcher.submit()
    liaison = desks[f"liaison.{UNIT}"]
    liaison.go(case)
    liaison.submit()
    return case


def choose_files(desk: Desk, field: str, *files: tuple[str, bytes]) -> None:
    desk.page.set_input_files(
        f"input[type=file][name={field}]",
        [
            {"name": name, "mimeType": "application/octet-stream", "buffer": content}
            for name, content in files
        ],
    )


def test_files_go_with_a_step_survive_a_refusal_and_come_back_whole(
    desks: Desks, tmp_path: Path
) -> None:
    case = handed_out(desks, "路灯要拍照")
    handler = desks[f"handler.{UNIT}"]
    page = handler.page
    handler.go(case)
    handler.choose("contact_way", "phone")
    choose_files(handler, "contact_files", ("通话记录.png", PNG), ("安装.exe", b"MZ"))
    handler.submit()
    expect(page.locator("#contact_files-wrong")).to_contain_text("安装.exe")
    expect(page.get_by_label("已上传：通话记录.png")).to_be_checked()
    handler.look("30-file-refused")
    page.fill("[name=contact_note]", "已电话联系。")
    handler.submit()
    handler.works_at(case)
    expect(page.locator("#panel")).to_contain_text("通话记录.png")
    handler.look("31-files")
    with page.expect_download() as fetched:
        page.click("text=通话记录.png")
    target = tmp_path / "fetched"
    fetched.value.save_as(target)
    assert target.read_bytes() == PNG
    assert fetched.value.suggested_filename == "通话记录.png"


def test_a_file_too_large_is_refused_before_it_is_sent(desks: Desks, tmp_path: Path) -> None:
    large = tmp_path / "录像.mp4"
    with large.open("wb") as file:
        file.truncate(21 * 1024 * 1024)
    agent = desks["agent1"]
    agent.go("/demands/new")
    agent.page.set_input_files("input[name=materials]", large)
    expect(agent.page.get_by_text("文件超过 20 MB")).to_be_visible()
    assert agent.page.evaluate("document.querySelector('[name=materials]').files.length") == 0
    choose_files(agent, "materials", ("小图.png", PNG))
    expect(agent.page.get_by_text("文件超过 20 MB")).to_be_hidden()


def test_identity_papers_are_fetched_by_a_button_as_often_as_needed(desks: Desks) -> None:
    case = handed_out(desks, "路灯与证件")
    agent = desks["agent1"]
    agent.go(case)
    agent.page.click("text=补充附件")
    agent.page.check("#panel [name=kind][value=identity]")
    choose_files(agent, "files", ("身份证.png", PNG))
    with agent.page.expect_navigation():
        agent.page.click("#panel >> text=上传")
    agent.page.wait_for_selector('body[data-ready="1"]')
    for _ in range(2):
        with agent.page.expect_download():
            agent.page.click("button:has-text('身份证.png')")
    agent.go(f"{case}?tab=progress")
    assert agent.page.get_by_text("查看证件").count() == 2


def test_the_knowledge_base_serves_agent_editor_and_specialist(desks: Desks) -> None:
    agent = desks["agent1"]
    case = register(agent, "路灯不亮由谁修")
    agent.look("32-answer-with-knowledge")
    agent.page.click("a:has-text('引用')")
    agent.page.wait_for_selector('body[data-ready="1"]')
    assert "市城市管理局" in agent.page.input_value("[name=answer]")
    agent.submit()
    agent.go(case)
    expect(agent.page.locator(".head").first).to_contain_text("在线答复")

    editor = desks["editor"]
    editor.go("/")
    editor.look("33-gaps")
    editor.go("/knowledge/new")
    editor.look("34-knowledge-form")
    editor.go("/knowledge")
    editor.look("35-knowledge")
    editor.page.locator("tbody a").first.click()
    editor.page.wait_for_selector('body[data-ready="1"]')
    editor.look("36-knowledge-item")

    expert = desks["policy1"]
    expert.go("/worklist")
    expert.look("37-expert-worklist")
    expert.page.locator("tbody a").first.click()
    expert.page.wait_for_selector('body[data-ready="1"]')
    expert.look("38-three-party")
    expert.page.click("text=English")
    expert.page.wait_for_selector('body[data-ready="1"]')
    expert.look("39-three-party-english")

    authority = desks["authority1"]
    authority.go("/orders")
    authority.page.locator("tbody a").first.click()
    authority.page.wait_for_selector('body[data-ready="1"]')
    authority.page.click(".tabs a[href$='tab=diagram']")
    authority.page.wait_for_selector("[data-diagram][data-ready='1']")
    authority.look("40-authority-diagram")
