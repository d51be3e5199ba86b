"""The demo city as each of its people sees it: every link leads somewhere, and nothing is amiss."""

import re
from collections import Counter
from urllib.parse import urlsplit

import pytest
from lxml import html

from app.demo import city
from tests.e2e.conftest import AXE, WIDTHS, Desk, Desks

pytestmark = pytest.mark.browser

PAGES_OF_A_KIND = 1
SEEN: set[str] = set()
"""Kinds of pages that axe has looked at and that were measured; once for all people is enough."""


def kind_of(address: str) -> str:
    """Addresses that differ in their numbers alone, or in the process, are pages of one kind."""
    parts = urlsplit(address)
    names = "&".join(pair.partition("=")[0] for pair in parts.query.split("&") if pair)
    path = re.sub(r"^(/processes|/design/(?:moves/of|[a-z]+))/[a-z_0-9]+", r"\1/KEY", parts.path)
    return f"{re.sub(r'[0-9]+', 'N', path)}?{names}"


def links_in(markup: str) -> list[str]:
    """The addresses within the product that a page leads to."""
    found = html.document_fromstring(markup).xpath("//a/@href")
    own = [str(href).partition("#")[0] for href in found if str(href).startswith("/")]
    return [href for href in own if href and not href.startswith("/assets/")]


def look_at(desk: Desk, address: str) -> list[str]:
    """What is wrong with a page: wider than the screen, or not usable by everybody."""
    page, wrong = desk.page, []
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        wide = page.evaluate("document.documentElement.scrollWidth")
        if wide > width:
            wrong.append(f"{address}: {wide} wide on a screen of {width}")
    page.set_viewport_size({"width": WIDTHS[0], "height": 900})
    page.evaluate(AXE.read_text())
    violations = page.evaluate("axe.run()")["violations"]
    wrong += [f"{address}: {one['id']} {one['nodes'][0]['html'][:120]}" for one in violations]
    return wrong


@pytest.mark.parametrize("login", [login for login, _name, _roles in city.sign_ins()])
def test_every_link_leads_to_a_page_that_is_whole(desks: Desks, login: str) -> None:
    """Each person asks for what their pages lead to; the first to come to a kind of page looks."""
    if not AXE.is_file():
        pytest.skip("axe-core is not installed: run python -m app.web.build")
    desk, kinds, wrong = desks[login], Counter[str](), []
    todo, known = ["/"], {"/"}
    while todo:
        address = todo.pop(0)
        kind = kind_of(address)
        if kinds[kind] >= PAGES_OF_A_KIND:
            continue
        kinds[kind] += 1
        answer = desk.page.request.get(desk.site.address + address)
        if not answer.ok:
            wrong.append(f"{address}: {answer.status}")
        if not answer.ok or "text/html" not in answer.headers["content-type"]:
            continue
        new = [link for link in links_in(answer.text()) if link not in known]
        known.update(new)
        todo += new
        if kind not in SEEN:
            SEEN.add(kind)
            desk.go(address)
            wrong += look_at(desk, address)
    assert wrong == []
