"""The inspector's pages: ledger, evidence, letters, quota and the superior's report."""

import io

from lxml import html

from tests.web.conftest import Desks

INSTRUCTION = {
    "special_ground": "leader_instructed",
    "instruction_text": "请速办。",
    "instruction_number": "批1号",
}
CASE = "/cases/3"


def words(page: html.HtmlElement) -> str:
    return " ".join(page.text_content().split())


def supervise(desks: Desks) -> None:
    """An inspector records a leader's instruction on the case that is being handled."""
    inspector = desks.of("inspector")
    [address] = inspector.page(CASE).xpath("//a[contains(@href, 'instruction_recorded')]/@href")
    answer = inspector.post(address, INSTRUCTION)
    assert answer.status_code == 302, answer.text


def number_of(desks: Desks, case: str = CASE) -> str:
    return str(desks.of("inspector").page(case).xpath("string(//h1/span)"))


def test_an_instruction_that_waits_for_a_unit_stands_on_the_case_and_in_the_ledger(
    desks: Desks,
) -> None:
    case = desks.ordered()
    inspector = desks.of("inspector")
    [address] = inspector.page(case).xpath("//a[contains(@href, 'instruction_recorded')]/@href")
    assert inspector.post(address, INSTRUCTION).status_code == 302
    seen = desks.of("dispatcher").page(case)
    assert "领导批示" in words(seen.xpath("//div[@class='head']")[0])
    assert "请速办。（批1号）" in words(seen)
    assert "派单后自动督办" in words(seen)
    assert "在等待派单" in words(desks.of("dispatcher").page(f"{case}?tab=story"))
    [listed] = inspector.page("/supervisions").xpath("//section[@aria-labelledby='instructed']")
    assert f"{number_of(desks, case)} 柳荫路路灯不亮 待派单 领导批示：请速办。（批1号）" in words(
        listed
    )
    desks.do("dispatcher", case, {"lead_unit": desks.unit("urban_management")})
    assert not inspector.page("/supervisions").xpath("//*[@id='instructed']")
    assert "派单后自动督办" not in words(desks.of("dispatcher").page(case))


def test_the_ledger_shows_what_is_supervised_by_rung_with_what_is_left(worked: Desks) -> None:
    supervise(worked)
    page = worked.of("inspector").page("/supervisions")
    assert "督办通知单" in words(page)
    assert "领导批示" in words(page)
    assert page.xpath("//table//span[contains(@class, 'light')]")
    assert "督办通知单 1" in words(page)
    assert "没有符合条件的督办" in words(worked.of("inspector").page("/supervisions?rung=circular"))


def test_a_supervision_shows_its_evidence_and_the_row_that_fired(worked: Desks) -> None:
    supervise(worked)
    said = words(worked.of("inspector").page("/supervisions/1"))
    assert "领导批示：是" in said
    assert "督办情形表第 1 版第 7 行" in said
    assert "DB〔" in said


def test_its_letter_can_be_printed_as_it_was_issued(worked: Desks) -> None:
    supervise(worked)
    page = worked.of("inspector").page("/supervisions/letters")
    [address] = page.xpath("//table//a/@href")
    letter = worked.of("inspector").page(address)
    assert "市城市管理局：" in words(letter)
    assert number_of(worked) in words(letter)


def test_the_unit_answers_with_the_letter_beside_the_form(worked: Desks) -> None:
    supervise(worked)
    approver = worked.of("approver")
    page = approver.page(CASE)
    assert "查看督办文书" in words(page)
    assert (
        worked.do(
            "approver", CASE, {"feedback_result": "resolved", "feedback_text": "已修复。"}
        ).status_code
        == 302
    )
    assert worked.do("inspector", CASE, {"feedback_verdict": "accepted"}).status_code == 302
    assert "合格办结" in words(worked.of("inspector").page(CASE))


def test_another_unit_learns_nothing_of_it(worked: Desks) -> None:
    supervise(worked)
    stranger = worked.of("stranger")
    assert stranger.get("/supervisions/1").status_code == 404
    assert stranger.get("/supervisions/letters/1").status_code == 404
    assert "没有符合条件的督办" in words(stranger.page("/supervisions"))
    assert "DB〔" not in words(stranger.page("/supervisions/letters"))


def test_the_superior_s_report_supervises_what_it_lists_and_names_what_is_unknown(
    worked: Desks,
) -> None:
    inspector = worked.of("inspector")
    number = number_of(worked)
    text = f"序号,工单编号,评价\n1,{number},三不满意\n2,GD202001010001,三不满意\n"
    given = {"day": "2026-03-02", "text": text}
    assert inspector.post("/supervisions/report", given).status_code == 302
    said = words(inspector.page("/supervisions/report"))
    assert f"{number} 已督办" in said
    assert "GD202001010001 编号不明" in said
    again = inspector.post("/supervisions/report", given)
    assert again.status_code == 422
    assert "不再重复导入" in again.text


def test_a_report_may_be_a_file_as_spreadsheets_save_it(worked: Desks) -> None:
    number = number_of(worked)
    content = f"工单编号，评价\n{number}，三不满意\n".encode("gb18030")
    answer = worked.of("inspector").post(
        "/supervisions/report",
        {"day": "2026-03-02", "text": "", "file": (io.BytesIO(content), "日报.csv")},
    )
    assert answer.status_code == 302, answer.text
    assert f"{number} 已督办" in words(worked.of("inspector").page("/supervisions/report"))


def test_a_report_without_numbers_is_refused_in_words(worked: Desks) -> None:
    answer = worked.of("inspector").post(
        "/supervisions/report", {"day": "2026-03-02", "text": "今日无不满意工单"}
    )
    assert answer.status_code == 422
    assert "没有找到工单编号" in answer.text


def test_only_those_who_lead_supervision_see_the_quota_and_the_report(worked: Desks) -> None:
    for login in ("approver", "reviewer", "agent"):
        assert worked.of(login).get("/supervisions/quota").status_code == 403
        assert worked.of(login).get("/supervisions/report").status_code == 403
    assert "已达标" in words(worked.of("inspector").page("/supervisions/quota"))
