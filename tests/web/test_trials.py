"""Scenarios in the browser: run, covered, shown step by step, recorded by clicking."""

import re

from sqlalchemy import select

from app.core.db import reading
from app.design import scenario_text
from app.design.models import DesignDraft, DesignRecording
from app.office import DIAGRAMS
from app.web.access import SESSIONS
from tests.web.conftest import Browser, Desks

REGISTERED = {
    "channel": "phone",
    "nature": "complaint",
    "anonymous": "true",
    "category": "street_lamps",
    "district": "qingshi",
    "address": "路口",
    "happened": "昨晚",
    "title": "路灯不亮",
    "content": "已有三天。",
}


def words(browser: Browser, path: str) -> str:
    return " ".join(browser.page(path).text_content().split())


def began(desks: Desks, process: str = "extension") -> tuple[Browser, str]:
    designer = desks.of("designer")
    answer = designer.post("/design/recordings", {"process": process})
    assert answer.status_code == 302, answer.text
    return designer, answer.location


def revision(browser: Browser, address: str) -> str:
    found = re.search(r'name="revision" value="(\d+)"', browser.get(address).text)
    assert found is not None
    return found[1]


def click(browser: Browser, address: str, what: str, /, **given: str) -> str:
    """Click and read the page that follows."""
    sent = {"revision": revision(browser, address), **given}
    answer = browser.post(f"{address}/{what}", sent)
    assert answer.status_code == 302, answer.text
    return words(browser, address)


def test_the_scenarios_of_a_process_are_run_and_what_they_pass_is_drawn(desks: Desks) -> None:
    designer = desks.of("designer")
    assert "同意延期" in words(designer, "/design/trials/extension")
    page = words(designer, "/design/trials/extension?run=1")
    assert "符合预期" in page
    assert "0 个与预期不符" in page
    assert "100%" in page
    assert "审批超时" in page


def test_a_scenario_is_shown_step_by_step_on_any_diagram_it_passes(desks: Desks) -> None:
    designer = desks.of("designer")
    page = words(designer, "/design/trials/extension/1")
    assert "承办单位联络员" in page
    assert "延期审批" in page
    assert "days_granted" in page or "extension_verdict" in page
    other = designer.page("/design/trials/extension/1?show=work_order")
    assert "reply" in other.xpath("//*[@data-marks]")[0].get("data-marks")
    assert designer.get("/design/trials/extension/99").status_code == 404
    assert designer.get("/design/trials/no_such_process").status_code == 404


def test_a_story_is_clicked_together_and_kept_as_a_scenario(desks: Desks) -> None:
    designer, address = began(desks)
    assert "登记诉求" in words(designer, address)
    form = {"step": "register", **REGISTERED}
    assert "直接答复或转工单" in click(designer, address, "step", **form)
    assert "办理答复" in click(designer, address, "way", until="reply")
    assert "2026-03-02 13:00" in click(designer, address, "time", amount="4", unit="hours")
    assert "2026-03-03 09:00" in click(designer, address, "time", words="下一工作日上午9点")
    [act] = designer.page(address).xpath("//a[contains(@href, 'step=extension_asked')]/@href")
    chosen = designer.page(act)
    assert chosen.xpath("//select[@name='ground'] | //input[@name='days']")
    name = chosen.xpath("//input[@name='step']/@value")[0]
    given = {"step": name, "days": "3", "ground": "complex", "extension_reason": "情况复杂",
             "legal_basis": "办法第八条"}  # fmt: skip
    page = click(designer, address, "step", **given)
    assert "延期审批" in page
    refused = designer.post(f"{address}/step", {"step": "decide_extension@9999", "revision": "1"})
    assert refused.status_code in {302, 422}
    click(designer, address, "undo")
    click(designer, address, "step", **given)
    saved = designer.post(f"{address}/save", {"name": "录制的延期"})
    assert saved.status_code == 302, saved.text
    listed = words(designer, saved.location)
    assert "录制的延期" in listed
    run = words(designer, f"{saved.location}&run=1")
    assert "0 个与预期不符" in run
    with reading(desks.app.extensions[SESSIONS]) as session:
        draft = session.scalars(select(DesignDraft).where(DesignDraft.kind == "scenarios")).one()
    assert "exactly: true" in draft.content
    assert "wait: 下一工作日上午9点" in draft.content
    assert "录制的延期" in words(designer, f"/design/trials/extension/8?change={draft.change_id}")


def test_every_deadline_that_lies_ahead_can_be_gone_to(desks: Desks) -> None:
    designer, address = began(desks)
    click(designer, address, "step", step="register", **REGISTERED)
    click(designer, address, "way", until="reply")
    page = designer.page(address)
    offered = {
        " ".join(one.text_content().split()): one.get("value")
        for one in page.xpath("//select[@id='rung']/option")
    }
    assert "办理时限 · 到期 · 2026-03-09 24:00" in offered
    words_of_it = offered["办理时限 · 到期 · 2026-03-09 24:00"]
    assert "2026-03-10 00:00" in click(designer, address, "time", words=words_of_it)
    assert "已超期" in words(designer, address)


def test_the_free_hand_and_a_reorganisation_are_recorded_too(desks: Desks) -> None:
    designer, address = began(desks)
    click(designer, address, "step", step="register", **REGISTERED)
    assert "值班长处置" not in words(designer, address)  # no order yet
    click(designer, address, "way", until="reply")
    page = designer.page(f"{address}?step=free_hand:jump")
    nodes = page.xpath("//*[@name='node']/@value | //select[@name='node']/option/@value")
    assert {"dispatch", "reply", "close"} <= set(nodes)
    why = {"reason": "现场已处置。", "evidence": "会议纪要"}
    page_text = click(designer, address, "step", step="free_hand:jump", node="close", **why)
    assert "办结归档" in page_text
    assert "依据（批示、会议纪要、文号）" in page_text  # the trace names the fields of the form
    [unit, heir] = designer.page(f"{address}?step=reorganise:merged").xpath(
        "//select[@name='heir']//option[contains(., '沙盒单位')]/@value"
    )[:2]
    click(designer, address, "step", step="reorganise:merged", unit=unit, heir=heir, basis="文件")
    assert "机构调整：单位并入其他单位" in words(designer, address)
    saved = designer.post(f"{address}/save", {"name": "调整"})
    assert "0 个与预期不符" in words(designer, f"{saved.location}&run=1")


def test_what_a_step_refuses_is_said_and_what_was_typed_stays(desks: Desks) -> None:
    designer, address = began(desks)
    form = {"step": "register", "revision": "1", "channel": "phone", "title": "只有标题"}
    answer = designer.post(f"{address}/step", form)
    assert answer.status_code == 422
    assert "只有标题" in answer.text
    with reading(desks.app.extensions[SESSIONS]) as session:
        assert session.scalars(select(DesignRecording.revision)).one() == 1


def test_two_pages_of_one_recording_do_not_overwrite_each_other(desks: Desks) -> None:
    designer, address = began(desks)
    form = {"step": "register", "revision": "1", **REGISTERED}
    assert designer.post(f"{address}/step", form).status_code == 302
    designer.post(f"{address}/time", {"revision": "1", "amount": "1", "unit": "days"})
    assert "已在别处继续" in words(designer, address)


def test_a_change_is_tried_on_its_page(desks: Desks) -> None:
    designer = desks.of("designer")
    made = designer.post("/design/changes", {"title": "试", "reason": "试"}).location
    designer.post(f"{made}/documents", {"document": "scenarios:promise"})
    page = designer.get(f"{made}")
    assert "trial" in page.text
    result = words(designer, f"{made}/trial")
    assert "共 2 个情景，0 个与预期不符" in result
    assert "申请承诺件 2 个符合预期 100%" in result


def test_an_editor_hears_after_a_save_what_came_of_the_scenarios(desks: Desks) -> None:
    designer = desks.of("designer")
    change = designer.post("/design/changes", {"title": "改延期", "reason": "试一试。"}).location
    added = designer.post(f"{change}/documents", {"document": "diagram:extension"})
    loaded = designer.get(f"{added.location}/content").json
    assert loaded is not None
    assert designer.get(f"{added.location}/trial").json == {
        "run": 7,
        "failed": [],
        "address": "/design/trials/extension?change=1",
    }
    other = loaded["content"].replace("extension_refused", "extension_waiting")
    designer.client.put(
        f"{added.location}/content",
        json={"revision": loaded["revision"], "content": other},
        headers={"X-CSRF-Token": designer.token()},
    )
    answer = designer.get(f"{added.location}/trial").json
    assert answer is not None
    [wrong] = answer["failed"]
    assert (wrong["name"], wrong["address"]) == ("不同意", "/design/trials/extension/2?change=1")
    assert "extension_refused" in wrong["text"]


def test_an_editor_of_a_table_hears_of_the_processes_that_ask_it(desks: Desks) -> None:
    designer = desks.of("designer")
    change = designer.post("/design/changes", {"title": "改挂账", "reason": "试一试。"}).location
    number = change.rpartition("/")[2]
    run = {
        key: len(
            scenario_text.read((DIAGRAMS / f"{key}.scenarios.yaml").read_text(), key).scenarios
        )
        for key in ("work_order", "suspension")
    }
    for table, expected, address in (
        ("assessment", run["work_order"], f"/design/trials/work_order?change={number}"),
        ("suspension_review", sum(run.values()), f"/design/changes/{number}#trial"),
    ):
        added = designer.post(f"{change}/documents", {"document": f"table:{table}"})
        answer = designer.get(f"{added.location}/trial").json
        assert answer == {"run": expected, "failed": [], "address": address}


def test_what_came_out_is_adopted_as_a_draft_of_the_change(desks: Desks) -> None:
    designer = desks.of("designer")
    change = designer.post("/design/changes", {"title": "改延期", "reason": "试一试。"}).location
    number = change.rpartition("/")[2]
    added = designer.post(f"{change}/documents", {"document": "diagram:extension"})
    loaded = designer.get(f"{added.location}/content").json
    assert loaded is not None
    designer.client.put(
        f"{added.location}/content",
        json={
            "revision": loaded["revision"],
            "content": loaded["content"].replace("extension_refused", "extension_waiting"),
        },
        headers={"X-CSRF-Token": designer.token()},
    )
    scenario = f"/design/trials/extension/2?change={number}"
    page = designer.page(scenario)
    [row] = page.xpath("//section[@aria-labelledby='adopt']//tbody/tr")
    told = [" ".join(cell.text_content().split()) for cell in row.xpath("td")]
    assert told[1:] == [
        "不同意",
        "预期通知",
        "extension_refused",
        "accepted、dispatched、extension_waiting",
    ]
    assert "以实际结果为新预期" not in words(designer, "/design/trials/extension/2")
    given = {"change": number, "seen": page.xpath("//input[@name='seen']/@value")[0]}
    stale = designer.post("/design/trials/extension/2/adopt", {**given, "seen": "0"})
    assert "结果已不同" in words(designer, stale.location)
    done = designer.post("/design/trials/extension/2/adopt", given)
    after = words(designer, done.location)
    assert "已采用实际结果" in after
    assert "与预期不符" not in after
    assert designer.get(f"{added.location}/trial").json["failed"] == []  # type: ignore[index]
    again = designer.post("/design/trials/extension/99/adopt", given)
    assert again.status_code == 404
    assert desks.of("duty").post("/design/trials/extension/2/adopt", given).status_code == 403


def test_only_who_sees_the_workshop_sees_runs(desks: Desks) -> None:
    assert desks.of("agent").get("/design/trials/extension").status_code == 403
    assert desks.of("agent").post("/design/recordings", {"process": "extension"}).status_code == 403
