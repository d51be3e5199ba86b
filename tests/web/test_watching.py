"""Watching processes in the browser."""

import csv
import io
import json

from tests.web.conftest import Browser, Desks

MAP = "/design/watch/work_order"


def words(browser: Browser, path: str) -> str:
    return " ".join(browser.page(path).text_content().split())


def test_the_heat_map_says_the_same_in_drawing_table_and_file(desks: Desks) -> None:
    desks.ordered()
    duty = desks.of("duty")
    assert "工单" in words(duty, "/design/watch")
    page = duty.page(f"{MAP}?measure=now")
    [drawn] = page.xpath("//div[@data-heat]")
    assert json.loads(drawn.get("data-heat")) == {"dispatch": 4}
    assert json.loads(drawn.get("data-counts")) == {"dispatch": "1"}
    assert duty.get(drawn.get("data-diagram")).mimetype == "application/xml"
    [row] = page.xpath("//tr[td/a[contains(@href, 'element=dispatch')]]")
    assert row.findall("td")[1].text_content().startswith("1")
    [file] = page.xpath("//caption/a/@href")
    lines = list(csv.reader(io.StringIO(duty.get(file).data.decode("utf-8-sig"))))
    assert next(line for line in lines if line[0] == "dispatch")[2] == "1"


def test_the_table_is_sorted_by_the_heading_that_was_followed(desks: Desks) -> None:
    desks.ordered()
    duty = desks.of("duty")
    [link] = [
        one for one in duty.page(MAP).xpath("//th/a/@href") if "sort=now" in one
    ]  # fmt: skip
    page = duty.page(link)
    assert page.xpath("//th[@aria-sort='descending']/a")[0].text_content().startswith("目前在办")
    assert "element=dispatch" in page.xpath("//tbody/tr[1]/td[2]/a/@href")[0]


def test_from_an_element_the_duty_manager_comes_to_its_cases_and_a_designer_does_not(
    desks: Desks,
) -> None:
    case = desks.ordered()
    path = f"{MAP}/cases?element=dispatch"
    assert case in desks.of("duty").page(path).xpath("//td/a/@href")
    designer = desks.of("designer")
    assert designer.get(path).status_code == 403
    assert "不足 5 件" in words(designer, MAP)
    assert "element=dispatch" not in designer.get(MAP).text


def test_ways_and_what_late_cases_share_have_a_page(desks: Desks) -> None:
    desks.ordered()
    page = words(desks.of("duty"), f"{MAP}/variants")
    assert "没有可以显示的办理路径" in page
    assert "不说明原因" in page


def test_logs_are_downloaded_and_pseudonyms_only_by_who_may_have_them(desks: Desks) -> None:
    desks.ordered()
    designer, duty = desks.of("designer"), desks.of("duty")
    for form, kind in (
        ("xes", "application/xml"),
        ("json", "application/json"),
        ("csv", "text/csv"),
    ):
        answer = designer.get(f"{MAP}/log?format={form}")
        assert answer.mimetype == kind
        assert f"work_order.{form}" in answer.headers["Content-Disposition"]
        assert "dispatch" in answer.text
        assert "李晓" not in answer.text
    assert designer.get(f"{MAP}/log?format=csv&people=1").status_code == 403
    assert ",P" in duty.get(f"{MAP}/log?format=csv&people=1").text
    assert designer.get(f"{MAP}/log?format=doc").status_code == 404
    assert designer.get("/design/watch/no_such_process/log?format=csv").status_code == 404


def test_a_wrong_date_is_told_at_its_field_and_the_agent_sees_nothing(desks: Desks) -> None:
    assert "请按 年-月-日 填写日期" in words(desks.of("duty"), f"{MAP}?arrived_from=gestern")
    assert desks.of("agent").get(MAP).status_code == 403
