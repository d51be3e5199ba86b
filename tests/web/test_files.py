"""Uploading, keeping what was chosen, and handing files out."""

import io
from pathlib import Path
from urllib.parse import unquote

import pytest
from lxml import html
from werkzeug.datastructures import FileStorage, MultiDict
from werkzeug.test import TestResponse, encode_multipart

from app.cases import attachments
from app.core.files import FileStore
from tests.web.conftest import DEMAND, REPLY, Browser, Desks

PNG = b"\x89PNG\r\n\x1a\n" + b"pixels"


def send(browser: Browser, path: str, data: dict[str, object], **files: object) -> TestResponse:
    """Post with files: field=(content, name) or a list of them."""
    sent: MultiDict[str, object] = MultiDict({**data, "csrf_token": browser.token()})
    for field, given in files.items():
        for content, name in given if isinstance(given, list) else [given]:
            sent.add(field, FileStorage(io.BytesIO(content), filename=name))
    boundary, body = encode_multipart(sent)
    kind = f"multipart/form-data; boundary={boundary}"
    return browser.client.post(path, data=body, content_type=kind)


def step(browser: Browser, case: str) -> str:
    return str(browser.page(case).xpath("//form[starts-with(@action, '/tasks/')]/@action")[0])


def links(browser: Browser, case: str) -> list[str]:
    return browser.page(case).xpath("//section[@aria-labelledby='files-title']//li/a/@href")


def test_a_file_chosen_in_a_step_stands_on_the_case_with_who_when_and_size(desks: Desks) -> None:
    case = desks.handled()
    handler = desks.of("handler")
    answer = send(handler, step(handler, case), dict(REPLY), handling_files=(PNG, "路灯 现场.png"))
    assert answer.status_code == 302
    section = desks.of("reviewer").page(case).xpath("//section[@aria-labelledby='files-title']")[0]
    shown = " ".join(section.text_content().split())
    assert "办理材料 路灯 现场.png 1 KB · 王敏" in shown
    (address,) = links(desks.of("reviewer"), case)
    got = desks.of("reviewer").get(address)
    assert got.data == PNG
    assert got.headers["Content-Disposition"].startswith("attachment; filename")
    assert "路灯 现场.png" in unquote(got.headers["Content-Disposition"])
    assert got.headers["X-Content-Type-Options"] == "nosniff"
    assert got.headers["Cache-Control"] == "no-store"
    assert "sandbox" in got.headers["Content-Security-Policy"]
    assert got.mimetype == "image/png"
    got.close()
    assert desks.of("stranger").get(address).status_code == 404
    progress = desks.of("reviewer").get(case, query={"tab": "progress"}).text
    assert "添加附件" in progress
    assert "1 个文件" in progress
    assert "路灯 现场.png" not in progress


def test_a_refused_form_keeps_its_text_and_the_files_that_were_chosen(desks: Desks) -> None:
    case = desks.handled()
    handler = desks.of("handler")
    without = {**REPLY, "truth": ""}
    refused = send(handler, step(handler, case), without, handling_files=(PNG, "现场.png"))
    assert refused.status_code == 422
    page = html.fromstring(refused.text)
    (kept,) = page.xpath("//input[@name='handling_files'][@type='checkbox']")
    assert kept.get("checked") is not None
    assert "已上传：现场.png（1 KB）" in refused.text
    assert REPLY["reply_text"] in refused.text
    assert links(handler, case) == []
    done = send(handler, step(handler, case), dict(REPLY) | {"handling_files": kept.get("value")})
    assert done.status_code == 302
    assert len(links(handler, case)) == 1


@pytest.mark.parametrize(
    ("name", "content"), [("照片.png", b"MZ program"), ("run.exe", b"MZ"), ("空.png", b"")]
)
def test_a_file_that_is_not_taken_is_named_and_the_others_are_kept(
    desks: Desks, name: str, content: bytes
) -> None:
    case = desks.handled()
    handler = desks.of("handler")
    files = [(PNG, "好.png"), (content, name)]
    refused = send(handler, step(handler, case), dict(REPLY), handling_files=files)
    assert refused.status_code == 422
    page = html.fromstring(refused.text)
    assert name in page.xpath("//*[@id='handling_files-wrong']")[0].text_content()
    assert "已上传：好.png" in refused.text
    assert step(handler, case), "nothing was done"


def test_a_demand_is_registered_with_material_that_survives_a_refusal(desks: Desks) -> None:
    agent = desks.of("agent")
    refused = send(agent, "/demands/new", {**DEMAND, "title": ""}, materials=(PNG, "来信.png"))
    assert refused.status_code == 422
    (kept,) = html.fromstring(refused.text).xpath("//input[@name='materials'][@checked]/@value")
    done = send(agent, "/demands/new", {**DEMAND, "materials": kept})
    assert done.status_code == 302
    assert len(links(agent, done.location)) == 1


def test_who_comes_second_keeps_the_chosen_files_on_the_page(desks: Desks) -> None:
    case = desks.handled()
    late = desks.of("handler2")
    action = step(late, case)
    desks.do("handler", case, REPLY)
    answer = send(late, action, dict(REPLY), handling_files=(PNG, "我的照片.png"))
    assert answer.status_code == 409
    assert "已上传：我的照片.png" in answer.text


def test_files_are_added_beside_the_steps_and_what_is_refused_is_named(desks: Desks) -> None:
    case = desks.handled()
    agent = desks.of("agent")
    files = [(PNG, "补充.png"), (b"MZ", "病毒.exe")]
    answer = send(agent, f"{case}/files", {"kind": "material"}, files=files)
    assert answer.status_code == 302
    text = agent.get(case).text
    assert "已添加 1 个附件" in text
    assert "病毒.exe" in text
    assert len(links(agent, case)) == 1
    nothing = send(agent, f"{case}/files", {"kind": "material"})
    assert nothing.status_code == 302
    assert "请选择要上传的文件" in agent.get(case).text
    assert send(desks.of("stranger"), f"{case}/files", {}, files=(PNG, "x.png")).status_code == 403


def test_identity_papers_are_opened_by_a_button_and_that_is_recorded(desks: Desks) -> None:
    case = desks.handled()
    agent, handler = desks.of("agent"), desks.of("handler")
    send(agent, f"{case}/files", {"kind": "identity"}, files=(PNG, "证件.png"))
    assert links(handler, case) == []
    (action,) = handler.page(case).xpath("//form[starts-with(@action, '/files/')]/@action")
    assert handler.get(action).status_code == 403
    got = handler.post(action)
    assert got.data == PNG
    got.close()
    assert "查看证件" in handler.get(case, query={"tab": "progress"}).text
    approver = desks.of("approver")
    assert not approver.page(case).xpath("//form[starts-with(@action, '/files/')]")
    assert approver.post(action).status_code == 403


def test_of_a_sealed_case_a_unit_sees_its_own_files_and_is_told_so(desks: Desks) -> None:
    case = desks.handled(confidential="true")
    send(desks.of("agent"), f"{case}/files", {"kind": "material"}, files=(PNG, "举报信.png"))
    page = desks.of("handler").get(case).text
    assert "举报信" not in page
    assert "保密件：只显示本单位上传的附件" in page
    assert "举报信" in desks.of("reviewer").get(case).text


def test_a_file_missing_on_disk_is_said_in_words(desks: Desks, office: object) -> None:
    case = desks.handled()
    agent = desks.of("agent")
    send(agent, f"{case}/files", {"kind": "material"}, files=(PNG, "a.png"))
    (address,) = links(agent, case)
    store = desks.app.extensions["jieban.files"]
    for path in store.root.glob("*/*"):
        path.unlink()
    answer = agent.get(address)
    assert answer.status_code == 404
    assert "从备份中恢复" in answer.text


def test_where_a_file_cannot_be_written_the_text_is_kept_and_the_page_says_what_to_do(
    desks: Desks, tmp_path: Path
) -> None:
    case = desks.handled()
    handler = desks.of("handler")
    blocked = tmp_path / "blocked"
    blocked.write_text("no folder")
    desks.app.extensions["jieban.files"] = FileStore(blocked)
    answer = send(handler, step(handler, case), dict(REPLY), handling_files=(PNG, "现场.png"))
    assert answer.status_code == 422
    assert "没有保存成功" in answer.text
    assert REPLY["reply_text"] in answer.text


def test_only_requests_that_bring_files_may_be_large(desks: Desks) -> None:
    case = desks.handled()
    handler = desks.of("handler")
    large = PNG.ljust(3 * 1024 * 1024, b"x")
    assert send(handler, f"{case}/files", {"kind": "material"}, files=(large, "a.png")).location
    assert len(links(handler, case)) == 1
    assert send(handler, "/password", {"old": "x"}, files=(large, "a.png")).status_code == 413
    above = PNG.ljust(attachments.MAX_BYTES + 1, b"x")
    send(handler, f"{case}/files", {"kind": "material"}, files=(above, "b.png"))
    assert "超过 20 MB" in handler.get(case).text


def test_text_sent_with_a_file_after_the_session_has_ended_says_what_became_of_the_file(
    desks: Desks,
) -> None:
    case = desks.handled()
    handler = desks.of("handler")
    action = step(handler, case)
    token = handler.token()
    handler.post("/sign-out")
    answer = handler.client.post(
        action,
        data={
            **REPLY,
            "csrf_token": token,
            "handling_files": (io.BytesIO(PNG), "现场.png"),
        },
        content_type="multipart/form-data",
        headers={"Origin": "http://localhost"},
    )
    assert answer.status_code == 401
    (kept,) = html.fromstring(answer.text).xpath("//input[@name='kept']/@value")
    again = handler.post(
        "/sign-in", {"login": "handler", "password": "right-horse-7", "kept": kept}
    )
    assert "附件没有收下" in again.text
    assert "现场.png" in again.text
