"""What every page has in common: security headers, error pages, navigation, static files."""

import hashlib
import json
import logging
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from pathlib import Path

from flask import Flask, g, render_template, request, send_from_directory, url_for
from werkzeug.exceptions import HTTPException
from werkzeug.routing import IntegerConverter, Map
from werkzeug.wrappers import Response

from app.cases import attachments
from app.core.errors import Conflict, DomainError, Invalid, NotAllowed, NotFound
from app.web import csrf, files
from app.web.access import PUBLIC, close_reading, holds, permission
from app.web.build import BUILT
from app.web.language import LANGUAGES, _, language, language_tag, say

STATIC = Path(__file__).parent / "static"

CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "font-src 'self'; connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; "
    "form-action 'self'"
)
_HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "Cache-Control": "no-store",
}
_STATUS_OF: dict[type[DomainError], int] = {
    NotFound: 404,
    NotAllowed: 403,
    Conflict: 409,
    Invalid: 422,
}
_log = logging.getLogger(__name__)


class _Id(IntegerConverter):
    """A key in an address; a number that no database holds is no such page."""

    def __init__(self, rules: Map) -> None:
        super().__init__(rules, max=2**63 - 1)


def set_up(app: Flask, *, secure: bool, idle: timedelta) -> None:
    """Harden the session, put headers on every answer, and answer errors with pages of ours."""
    app.config.update(
        SESSION_COOKIE_NAME="jieban",
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=secure,
        PERMANENT_SESSION_LIFETIME=idle,
    )
    app.url_map.converters["id"] = _Id
    app.teardown_request(close_reading)

    @app.after_request
    def _headers(response: Response) -> Response:
        for name, value in _HEADERS.items():
            response.headers.setdefault(name, value)
        if secure:
            response.headers.setdefault("Strict-Transport-Security", "max-age=31536000")
        return response

    app.register_error_handler(DomainError, _refused)
    app.register_error_handler(HTTPException, _http_error)
    app.register_error_handler(Exception, _defect)
    app.context_processor(_for_templates)
    app.add_template_global(asset)
    app.add_template_global(files.accepted, "accepted_files")
    app.jinja_env.globals["most_bytes"] = attachments.MAX_BYTES
    app.jinja_options = {**app.jinja_options, "trim_blocks": True, "lstrip_blocks": True}


@permission(PUBLIC)
def static_file(name: str) -> Response:
    """A file the browser needs. Its address changes with its content, so it is kept for a year."""
    response = send_from_directory(STATIC, name, conditional=True)
    response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
    return response


@dataclass(frozen=True, slots=True)
class Place:
    """One entry of the navigation."""

    endpoint: str
    label: str
    permission: str

    @property
    def here(self) -> str:
        """`page` where the reader is on this page, `true` where below it, else empty."""
        if request.endpoint == self.endpoint:
            return "page"
        return "true" if _section() == self.endpoint else ""


def navigation() -> list[Place]:
    """The pages the signed-in user may open, in the order of the work."""
    if g.get("actor") is None:
        return []
    return [place for place in _places() if holds(g.actor, place.permission)]


def _section() -> str | None:
    """The nearest entry above the page, by its address."""
    above = [
        (len(address), place.endpoint)
        for place in _places()
        if (address := url_for(place.endpoint)) == request.path
        or request.path.startswith(f"{address}/")
    ]
    return max(above, default=(0, None))[1]


def _places() -> list[Place]:
    return [
        Place("web.register", _("登记诉求"), "demand.register"),
        Place("web.worklist", _("待办工单"), "order.see_worklist"),
        Place("web.callbacks", _("回访"), "callback.see"),
        Place("web.my_demands", _("我登记的诉求"), "demand.register"),
        Place("web.knowledge_gaps", _("待补充知识"), "knowledge.edit"),
        Place("web.orders", _("工单查询"), "order.see"),
        Place("web.disputes", _("权属协调"), "dispute.see"),
        Place("web.supervisions", _("督办台账"), "supervision.see"),
        Place("web.supervision_letters", _("督办文书"), "letter.see"),
        Place("web.returns", _("退单台账"), "return.see"),
        Place("web.suspended", _("挂账问题库"), "suspension.see"),
        Place("web.promises", _("申请承诺件"), "promise.see"),
        Place("web.bulk_extensions", _("批量延期"), "bulk_extension.see"),
        Place("web.urgent", _("紧急与110"), "urgent.see"),
        Place("web.matters", _("重复与群体诉求"), "matter.see"),
        Place("web.knowledge", _("知识库"), "knowledge.see"),
        Place("web.processes", _("业务流程"), "diagram.see"),
        Place("web.workshop", _("流程设计"), "design.see"),
        Place("web.watched", _("流程监测"), "design.watch"),
        Place("web.calendars", _("日历管理"), "calendar.see"),
        Place("web.users", _("用户"), "user.see"),
        Place("web.reorganise", _("机构调整"), "unit.reorganise"),
        Place("web.views", _("查看记录"), "case.see_views"),
        Place("web.repair", _("待修复流程"), "repair.see"),
    ]


def asset(name: str) -> str | None:
    """The address of a static file or bundle, or none for a bundle that was not built."""
    bundle = bundles().get(name)
    if bundle is not None:
        return url_for("web.static_file", name=f"build/{bundle}")
    if not (STATIC / name).is_file():
        return None
    return url_for("web.static_file", name=name, v=_fingerprint(name))


@cache
def bundles() -> dict[str, str]:
    """Which file each bundle became, as the build wrote it down; nothing before the first."""
    path = BUILT / "manifest.json"
    if not path.is_file():
        return {}
    manifest: dict[str, str] = json.loads(path.read_text())
    return manifest


@cache
def _fingerprint(name: str) -> str:
    return hashlib.sha256((STATIC / name).read_bytes()).hexdigest()[:12]


def _for_templates() -> dict[str, object]:
    return {
        "csrf_field": csrf.field,
        "csrf_token": csrf.token,
        "here": _here,
        "language": language(),
        "language_tag": language_tag(),
        "languages": LANGUAGES,
        "may_search": lambda: g.get("actor") is not None and holds(g.actor, "order.see"),
        "navigation": navigation,
        "user": g.get("user"),
    }


def _here() -> str:
    """The address at which the present page can be asked for again; empty where there is none."""
    if request.method == "GET":
        return request.full_path.rstrip("?")
    rule = request.url_rule
    return request.path if rule is not None and "GET" in (rule.methods or ()) else ""


def _refused(refusal: DomainError) -> tuple[str, int]:
    return _error_page(_STATUS_OF[type(refusal)], say(refusal.phrase))


def _http_error(error: HTTPException) -> Response | tuple[str, int]:
    if error.code is None or error.code < 400:
        return error.get_response()  # redirects are raised as errors
    if error.code == 400 and error.description == "csrf":
        return _error_page(
            400,
            _("页面停留过久，或不是从本系统打开的。请返回上一页刷新后再提交，已填内容请先复制。"),
        )
    return _error_page(error.code, None)


def _defect(error: Exception) -> tuple[str, int]:
    _log.exception("unexpected error at %s %s", request.method, request.path, exc_info=error)
    return _error_page(500, None)


def _error_page(status: int, sentence: str | None) -> tuple[str, int]:
    titles = {
        400: _("请求无法处理"),
        403: _("没有权限"),
        404: _("没有找到"),
        405: _("请求无法处理"),
        409: _("已有人先处理"),
        413: _("提交的内容太大"),
        422: _("内容需要修改"),
        500: _("系统出错"),
    }
    sentences = {
        400: _("请返回上一页，刷新后重试。"),
        403: _("您没有进行此项操作的权限。如确需办理，请联系系统管理员调整您的岗位。"),
        404: _("这个页面不存在，或者您无权查看。请检查地址，或从左侧菜单进入。"),
        405: _("请返回上一页，刷新后重试。"),
        409: _("请刷新页面，查看最新情况后再处理。"),
        413: _("请减少附件或缩短文字后再提交。"),
        422: _("请返回上一页，按提示修改。"),
        500: _("错误已记录。请稍后重试；如仍然出错，请把时间和操作告诉系统管理员。"),
    }
    known = status if status in titles else (400 if status < 500 else 500)
    page = render_template(
        "error.html",
        status=status,
        title=titles[known],
        sentence=sentence or sentences[known],
    )
    return page, status
