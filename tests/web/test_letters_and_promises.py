"""The pages of letters with their copies, and of promises."""

from datetime import timedelta

from lxml import html

from app.core import clock
from tests.web.conftest import Desks

INSTRUCTION = {"special_ground": "leader_instructed", "instruction_text": "请速办。"}
CASE = "/cases/3"


def words(page: html.HtmlElement) -> str:
    return " ".join(page.text_content().split())


def supervise(desks: Desks) -> str:
    """A supervision notice on the case that is being handled; the address of the letter."""
    inspector = desks.of("inspector")
    [address] = inspector.page(CASE).xpath("//a[contains(@href, 'instruction_recorded')]/@href")
    assert inspector.post(address, INSTRUCTION).status_code == 302
    [letter] = inspector.page("/supervisions/letters").xpath("//table//a/@href")
    return str(letter)


def test_the_approver_enters_a_copy_and_the_letter_shows_who_received_it(worked: Desks) -> None:
    letter = supervise(worked)
    approver = worked.of("approver")
    assert "待签阅" in words(approver.page("/supervisions/letters"))
    [form] = approver.page(letter).xpath("//form[contains(@action, '/copies/')]/@action")
    assert approver.post(form).status_code == 302
    assert "待签阅" not in words(approver.page("/supervisions/letters"))
    table = words(worked.of("inspector").page(letter))
    assert "已签阅 1 / 2" in table
    assert "孙正" in table
    assert approver.post(form).status_code == 409


def test_what_is_for_a_body_outside_is_entered_by_the_inspectors(worked: Desks) -> None:
    letter = supervise(worked)  # nobody in this office has the leader's role
    inspector = worked.of("inspector")
    [form] = inspector.page(letter).xpath("//form[contains(@action, '/copies/')]/@action")
    assert worked.of("approver").post(form).status_code == 404
    assert inspector.post(form).status_code == 302
    assert "铁衡" in words(inspector.page(letter))


def test_another_unit_and_the_inspection_office_read_only_what_is_copied_to_them(
    worked: Desks,
) -> None:
    letter = supervise(worked)
    for login in ("stranger", "authority"):
        assert worked.of(login).get(letter).status_code == 404
        assert "还没有" in words(worked.of(login).page("/supervisions/letters"))


def test_letters_and_promises_are_in_the_navigation_of_those_who_may_open_them(
    desks: Desks,
) -> None:
    for login, addresses in (
        ("inspector", {"/supervisions/letters", "/promises"}),
        ("liaison", {"/supervisions/letters", "/promises"}),
        ("authority", {"/supervisions/letters"}),
        ("designer", set()),
    ):
        found = set(desks.of(login).page("/processes").xpath("//nav//a/@href"))
        assert found & {"/supervisions/letters", "/promises"} == addresses, login
    assert desks.of("designer").get("/promises").status_code == 403


def test_promises_are_listed_and_counted_apart_by_unit_and_month(worked: Desks) -> None:
    liaison = worked.of("liaison")
    [address] = liaison.page(CASE).xpath("//a[contains(@href, 'promise_made')]/@href")
    promised_on = (clock.now() + timedelta(days=40)).date().isoformat()
    made = liaison.post(address, {"promised_on": promised_on, "promise_words": "更换灯杆。"})
    assert made.status_code == 302
    page = worked.of("inspector").page("/promises")
    assert "更换灯杆。" in words(page)
    assert "承诺中" in words(page)
    counts = page.xpath("//table[1]//tbody/tr")[0]
    assert words(counts) == "市城市管理局 1 0 0 1"
    month = clock.now().astimezone(clock.CHINA).strftime("%Y-%m")
    assert "更换灯杆。" in words(worked.of("inspector").page(f"/promises?month={month}"))
    assert "没有符合条件" in words(worked.of("inspector").page("/promises?standing=broken"))
    assert "没有符合条件" in words(worked.of("stranger").page("/promises"))
    assert "更换灯杆。" in words(worked.of("inspector").page("/promises?standing=x&month=1999"))
