"""The ledger of returns."""

from tests.web.conftest import Desks
from tests.web.test_letters_and_promises import CASE, words


def test_returns_are_listed_with_their_reason_and_counted_by_unit(worked: Desks) -> None:
    liaison = worked.of("liaison")
    [address] = liaison.page(CASE).xpath("//a[contains(@href, 'return_after_signing')]/@href")
    asked = liaison.post(
        address,
        {"reason_code": "R05", "return_statement": "未写明是哪一栋楼。"},
    )
    assert asked.status_code == 302
    page = worked.of("inspector").page("/returns")
    assert words(page.xpath("//table[1]//tbody/tr")[0]) == "市城市管理局 1 0 0 0"
    assert "未写明是哪一栋楼。" in words(page)
    assert "待审核" in words(page)
    assert "没有符合条件" in words(worked.of("inspector").page("/returns?decision=refused"))
    assert "没有符合条件" in words(worked.of("stranger").page("/returns"))
    assert "未写明是哪一栋楼。" in words(
        worked.of("liaison").page("/returns?decision=x&month=1999")
    )
    assert worked.of("designer").get("/returns").status_code == 403
