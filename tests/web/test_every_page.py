"""What every page must have, for everybody who may open it, in both languages."""

import re

import pytest
from lxml import html

from tests.web.conftest import PEOPLE, Browser, Desks

EXAMPLES = {
    "demand_id": "1",
    "bulk_id": "1",
    "task_id": "1",
    "process_id": "1",
    "attachment_id": "1",
    "item_id": "1",
    "gap_id": "1",
    "letter_id": "1",
    "copy_id": "1",
    "procedure_id": "1",
    "dispute_id": "1",
    "change_id": "1",
    "draft_id": "1",
    "offer_id": "1",
    "recording_id": "1",
    "replay_id": "1",
    "move_id": "1",
    "line_id": "1",
    "kind": "diagram",
    "number": "1",
    "name": "kit.css",
    "key": "work_order",
    "code": "CN",
}


def addresses(desks: Desks) -> list[str]:
    found = []
    for rule in desks.app.url_map.iter_rules():
        if "GET" in (rule.methods or ()):
            path = re.sub(r"<(?:\w+:)?(\w+)>", lambda part: EXAMPLES[part[1]], rule.rule)
            found.append(path)
    return sorted(found)


def check(path: str, text: str, language: str) -> None:
    page = html.document_fromstring(text)
    where = f"{path} in {language}"
    assert page.get("lang") == {"zh": "zh-CN", "en": "en"}[language], where
    assert page.findtext("head/title"), where
    assert len(page.xpath("//h1")) == 1, where
    assert len(page.xpath("//main[@id='main']")) == 1, where
    ids = page.xpath("//@id")
    assert len(ids) == len(set(ids)), where
    for form in page.xpath("//form[translate(@method, 'POST', 'post') = 'post']"):
        assert form.xpath(".//input[@name='csrf_token']/@value"), where
    for control in page.xpath("//input[not(@type='hidden')] | //select | //textarea"):
        named = (
            control.get("aria-label")
            or control.getparent().tag == "label"
            or page.xpath("//label[@for=$id]", id=control.get("id") or "-")
        )
        assert named, f"{where}: {control.get('name')} has no label"
    for table in page.xpath("//table"):
        assert all(head.get("scope") for head in table.xpath(".//th")), where
    assert not page.xpath("//*[@style] | //style | //script[not(@src)]"), where


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("login", sorted(PEOPLE))
def test_every_page_is_complete_for_everybody(worked: Desks, login: str, language: str) -> None:
    browser: Browser = worked.of(login)
    browser.post("/language", {"language": language})
    seen = 0
    for path in addresses(worked):
        answer = browser.get(path)
        policy = answer.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy, path
        assert answer.status_code in {200, 204, 302, 403, 404}, (path, answer.text)
        if answer.status_code == 200 and answer.mimetype == "text/html":
            text = answer.text
            if "<html" in text:
                check(path, text, language)
                seen += 1
        answer.close()
    assert seen >= 2


@pytest.mark.parametrize("tab", ["progress", "deadlines", "diagram"])
@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_tab_of_a_case_is_complete(worked: Desks, tab: str, language: str) -> None:
    browser = worked.of("handler")
    browser.post("/language", {"language": language})
    path = f"/cases/3?tab={tab}"
    check(path, browser.get(path).text, language)


def test_nobody_who_is_not_signed_in_reads_more_than_the_sign_in_page(desks: Desks) -> None:
    stranger = Browser(desks.app.test_client())
    for path in addresses(desks):
        answer = stranger.get(path)
        if path.startswith(("/sign-in", "/assets/")):
            assert answer.status_code == 200
        elif path.startswith("/rate/"):
            assert answer.status_code == 404  # open to whoever has a link: this one is none
        else:
            assert answer.status_code == 302, path
            assert answer.location.startswith("/sign-in"), path
        answer.close()


def test_every_changing_address_refuses_a_request_without_the_token(desks: Desks) -> None:
    browser = desks.of("agent")
    for rule in desks.app.url_map.iter_rules():
        if "POST" in (rule.methods or ()):
            path = re.sub(r"<(?:\w+:)?(\w+)>", lambda part: EXAMPLES[part[1]], rule.rule)
            answer = browser.client.post(path)
            assert answer.status_code in {400, 403}, path
