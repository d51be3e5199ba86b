"""What holds for every page."""

from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask, session
from lxml import html

from app.core import clock
from app.core.db import Sessions
from app.core.errors import Conflict, Invalid, NotAllowed, NotFound
from app.core.files import FileStore
from app.core.phrase import Phrase
from app.web import access, register
from app.web.access import PUBLIC, permission, permission_of
from tests.web.conftest import DEMAND, PASSWORD, Browser, Desks


def test_a_page_carries_the_policy_that_forbids_inline_code(browser: Browser) -> None:
    answer = browser.get("/sign-in")
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_every_route_of_the_pages_names_its_permission(app: Flask) -> None:
    with app.app_context():
        for rule in app.url_map.iter_rules():
            assert permission_of(rule.endpoint), rule


def test_a_route_that_names_no_permission_cannot_be_reached(app: Flask, browser: Browser) -> None:
    app.view_functions["web.home"] = lambda: "open to all"
    assert browser.get("/").status_code == 500


def test_an_unknown_permission_is_refused_when_the_module_is_read() -> None:
    with pytest.raises(KeyError):
        permission("order.conjure")


def test_who_is_not_signed_in_is_asked_to_and_comes_back(browser: Browser) -> None:
    answer = browser.get("/password?from=mail")
    assert answer.status_code == 302
    assert answer.location == "/sign-in?next=/password?from%3Dmail"
    answer = browser.post(
        "/sign-in", {"login": "admin", "password": PASSWORD, "next": "/password?from=mail"}
    )
    assert answer.location == "/password?from=mail"


@pytest.mark.parametrize(
    "target", ["https://evil.example/", "//evil.example/", "/\\evil.example", "javascript:alert(1)"]
)
def test_signing_in_never_leads_to_another_site(browser: Browser, target: str) -> None:
    answer = browser.post("/sign-in", {"login": "admin", "password": PASSWORD, "next": target})
    assert answer.location == "/"


def test_a_wrong_password_does_not_tell_what_was_wrong(browser: Browser) -> None:
    wrong_password = browser.post("/sign-in", {"login": "admin", "password": "guess-guess"})
    wrong_login = browser.post("/sign-in", {"login": "nobody", "password": "guess-guess"})
    assert wrong_password.status_code == wrong_login.status_code == 422
    sentence = "登录名或密码不正确。请核对后重新输入。"
    assert sentence in wrong_password.text
    assert sentence in wrong_login.text


def test_five_wrong_passwords_lock_the_account_and_say_for_how_long(browser: Browser) -> None:
    for _ in range(5):
        browser.post("/sign-in", {"login": "admin", "password": "guess-guess"})
    answer = browser.sign_in("admin")
    assert answer.status_code == 422
    assert "十分钟" in answer.text


def test_a_form_without_its_token_is_refused(browser: Browser) -> None:
    browser.get("/sign-in")
    for token in (None, "", "wrong", "错"):
        data = {"login": "admin", "password": PASSWORD}
        if token is not None:
            data["csrf_token"] = token
        answer = browser.client.post("/sign-in", data=data)
        assert answer.status_code == 400
        assert "刷新后再提交" in answer.text


def test_the_token_of_another_session_is_refused(app: Flask, browser: Browser) -> None:
    foreign = Browser(app.test_client()).token()
    browser.get("/sign-in")
    answer = browser.client.post("/language", data={"language": "en", "csrf_token": foreign})
    assert answer.status_code == 400


def test_signing_in_starts_a_new_session(browser: Browser) -> None:
    before = browser.token()
    browser.sign_in("admin")
    assert browser.client.get("/password").status_code == 200
    with browser.client.session_transaction() as kept:
        assert kept.get("csrf") != before


def test_the_session_cookie_is_out_of_reach_for_scripts_and_other_sites(browser: Browser) -> None:
    cookie = browser.sign_in("admin").headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie


def test_a_session_ends_after_one_shift(browser: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    browser.sign_in("admin")
    assert browser.get("/password").status_code == 200
    later = clock.now() + access.LONGEST + timedelta(minutes=1)
    monkeypatch.setattr(clock, "now", lambda: later)
    assert browser.get("/password").status_code == 302


def test_a_new_password_ends_the_other_sessions(app: Flask, browser: Browser) -> None:
    elsewhere = Browser(app.test_client())
    browser.sign_in("admin")
    elsewhere.sign_in("admin")
    token = browser.client.get("/password").text.split('csrf-token" content="')[1].split('"')[0]
    data = {"old": PASSWORD, "new": "new-horse-88", "again": "new-horse-88", "csrf_token": token}
    assert browser.client.post("/password", data=data).status_code == 302
    assert browser.get("/password").status_code == 200
    assert elsewhere.get("/password").status_code == 302


def test_a_copied_cookie_is_worth_nothing_after_signing_out(app: Flask, browser: Browser) -> None:
    browser.sign_in("admin")
    thief = Browser(app.test_client())
    copied = browser.client.get_cookie("jieban")
    assert copied is not None
    thief.client.set_cookie("jieban", copied.value)
    assert thief.get("/password").status_code == 200
    assert browser.post("/sign-out").status_code == 302
    assert thief.get("/password").status_code == 302
    browser.sign_in("admin")
    assert browser.get("/password").status_code == 200
    assert thief.get("/password").status_code == 302, "a later session does not revive it"


def test_the_language_switch_turns_the_same_page_into_english(browser: Browser) -> None:
    assert '<html lang="zh-CN">' in browser.get("/sign-in").text
    answer = browser.post("/language", {"language": "en", "next": "/sign-in"})
    assert answer.location == "/sign-in"
    page = browser.get("/sign-in").text
    assert '<html lang="en">' in page
    assert "Sign in" in page
    assert "登录" not in page


def test_a_missing_page_says_so_in_the_readers_language(browser: Browser) -> None:
    answer = browser.get("/no/such/page")
    assert answer.status_code == 404
    assert "这个页面不存在" in answer.text
    assert "Content-Security-Policy" in answer.headers


@pytest.mark.parametrize(
    ("kind", "status"), [(NotFound, 404), (NotAllowed, 403), (Conflict, 409), (Invalid, 422)]
)
def test_a_refusal_becomes_a_page_with_its_own_sentence(
    app: Flask, browser: Browser, kind: type[Exception], status: int
) -> None:
    @permission(PUBLIC)
    def refuse() -> str:
        raise kind(Phrase("请先签收。", "Sign for it first."))

    app.view_functions["web.home"] = refuse
    answer = browser.get("/")
    assert answer.status_code == status
    assert "请先签收。" in answer.text


def test_a_defect_becomes_a_page_that_betrays_nothing_and_a_log_entry(
    app: Flask, browser: Browser, caplog: pytest.LogCaptureFixture
) -> None:
    @permission(PUBLIC)
    def break_down() -> str:
        session["x"] = 1
        raise RuntimeError("secret detail")

    app.view_functions["web.home"] = break_down
    answer = browser.get("/")
    assert answer.status_code == 500
    assert "错误已记录" in answer.text
    assert "secret detail" not in answer.text
    assert "secret detail" in caplog.text


def test_static_files_are_kept_for_ever_under_an_address_with_their_digest(
    browser: Browser,
) -> None:
    page = browser.get("/sign-in").text
    address = page.split('rel="stylesheet" href="')[1].split('"')[0]
    assert "kit.css?v=" in address
    answer = browser.get(address)
    assert answer.status_code == 200
    assert "immutable" in answer.headers["Cache-Control"]
    answer.close()


def test_nothing_outside_the_static_folder_is_served(browser: Browser) -> None:
    for path in ("../shell.py", "..%2fshell.py", "%2e%2e/shell.py", "/etc/passwd"):
        assert browser.client.get(f"/assets/{path}", follow_redirects=True).status_code == 404


def test_templates_hold_no_inline_code() -> None:
    for template in (Path(access.__file__).parent / "templates").rglob("*.html"):
        text = template.read_text()
        assert " style=" not in text, template
        assert "<style" not in text, template
        assert "javascript:" not in text, template
        assert " onclick" not in text, template
        assert "hx-on" not in text, template
        for script in text.split("<script")[1:]:
            assert " src=" in script.split(">")[0], template


def test_the_office_sets_how_long_a_session_idles_and_which_language_greets(
    sessions: Sessions, tmp_path: Path
) -> None:
    app = Flask("jieban-test", static_folder=None)
    app.config["SECRET_KEY"] = "test"
    files = FileStore(tmp_path)
    register(app, sessions, files, secure=True, idle=timedelta(minutes=5), language="en")
    assert app.permanent_session_lifetime == timedelta(minutes=5)
    answer = app.test_client().get("/sign-in")
    assert '<html lang="en">' in answer.text
    assert "Strict-Transport-Security" in answer.headers
    assert "Secure" in answer.headers["Set-Cookie"]


HERE = {"Origin": "http://localhost"}


def test_text_sent_after_the_session_has_ended_is_kept_through_the_sign_in(desks: Desks) -> None:
    browser = Browser(desks.app.test_client())
    late = browser.client.post("/demands/new", data={**DEMAND, "csrf_token": "old"}, headers=HERE)
    assert late.status_code == 401
    assert "内容尚未提交" in late.text
    kept = html.fromstring(late.text).xpath("//input[@name='kept']/@value")[0]

    wrong = browser.post("/sign-in", {"login": "agent", "password": "wrong-1", "kept": kept})
    assert html.fromstring(wrong.text).xpath("//input[@name='kept']/@value") == [kept]
    again = browser.post("/sign-in", {"login": "agent", "password": PASSWORD, "kept": kept})
    form = html.fromstring(again.text).xpath("//form[@action='/demands/new']")[0]
    sent = browser.client.post("/demands/new", data=dict(form.form_values()))
    assert sent.status_code == 302
    content = browser.page(sent.location).text_content()
    assert "整条路的灯都不亮" in content


@pytest.mark.parametrize("origin", ["https://evil.example", "null", ""])
def test_what_another_site_sends_is_not_kept(browser: Browser, origin: str) -> None:
    headers = {"Origin": origin} if origin else {}
    answer = browser.client.post("/demands/new", data=DEMAND, headers=headers)
    assert answer.status_code == 302
    assert answer.location == "/sign-in"


@pytest.mark.parametrize(
    "kept",
    ["", "nonsense", "[]", "[1, 2]", '["//evil.example", []]', '["https://evil.example", []]'],
)
def test_nonsense_in_place_of_kept_text_just_signs_in(browser: Browser, kept: str) -> None:
    answer = browser.post("/sign-in", {"login": "agent", "password": PASSWORD, "kept": kept})
    assert answer.status_code == 302


def test_a_part_of_a_page_never_becomes_the_sign_in_page(browser: Browser) -> None:
    asked = browser.get("/cases/1", **{"HX-Request": "true"})
    assert (asked.status_code, asked.headers["HX-Refresh"]) == (204, "true")
    hint = browser.client.post("/demands/similar", data=DEMAND, headers={"HX-Request": "true"})
    assert (hint.status_code, "HX-Refresh" in hint.headers) == (204, False)


def test_another_language_for_a_refused_form_leads_back_to_its_page(desks: Desks) -> None:
    agent = desks.of("agent")
    refused = html.fromstring(agent.post("/demands/new", {"title": "路灯"}).text)
    back = refused.xpath("//form[@action='/language']/input[@name='next']/@value")
    assert back == ["/demands/new"]
    unmasked = html.fromstring(agent.post(f"{desks.register()}/unmask").text)
    assert unmasked.xpath("//form[@action='/language']/input[@name='next']/@value") == [""]
