"""The inspector's pages: the ledger of supervisions, the month's quota, the superior's report.

Also what the unit sees beside its answer: the letter it answers.
"""

from dataclasses import dataclass
from datetime import date

from flask import flash, g, redirect, render_template, request, url_for
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from app.cases import answers, orders
from app.cases.models.procedure import Procedure
from app.cases.orders import Case
from app.core import clock
from app.core.clock import CHINA
from app.core.errors import Conflict, Invalid, NotFound
from app.core.phrase import Phrase
from app.engine import HumanTaskRow
from app.engine.forms import Field, FieldType, Form, Option
from app.identity import policy
from app.supervision import ladder, ledger, quota, superior
from app.supervision.models import SupervisionCase, SupervisionLetter
from app.web import labels, supervised
from app.web.access import acting, looking, permission, reading_session
from app.web.case import HELPS, Help, event_of, lines_of
from app.web.forms import FormView, errors_in_words, form_view, plain, submitted
from app.web.language import _, language, say
from app.web.lights import Light, Lights
from app.web.paging import ROWS, asked_page, page_out_of
from app.web.views import Event

Page = str | Response | tuple[str, int]

MOST_CANDIDATES = 50
_SAID = frozenset(
    {
        "leader_instructs",
        "instruction_recorded",
        "leader_adds",
        "instruction_added",
        "sign_letter",
        "supervision_feedback",
        "assess_feedback",
        "supervision_withdrawn",
    }
)
"""Steps and acts of a supervision in which people say something."""

FILTERS = Form(
    (
        Field(
            "rung",
            FieldType.CHOICE,
            Phrase("督办级别", "Rung"),
            options=tuple(Option(code, name) for code, name in ledger.RUNGS.items()),
        ),
        Field("ended", FieldType.BOOLEAN, Phrase("含已结束的", "Ended ones, too")),
    )
)
REPORT_FORM = Form(
    (
        Field("day", FieldType.DATE, Phrase("日报日期", "Day of the report"), required=True),
        Field(
            "text",
            FieldType.LONG_TEXT,
            Phrase("不满意工单清单", "List of dissatisfied orders"),
            Phrase(
                "粘贴《热线日报》的清单或表格（CSV），按工单编号或诉求编号识别。",
                "Paste the list or table (CSV) of the report; orders are found by their numbers.",
            ),
            max_length=200_000,
        ),
    )
)


@dataclass(frozen=True, slots=True)
class Row:
    """One supervision in the ledger."""

    number: str
    address: str
    order: str
    order_address: str
    title: str
    unit: str
    rung: str
    causes: str
    letter: str
    light: Light | None
    outcome: str


@dataclass(frozen=True, slots=True)
class Proposed:
    """An order that the month's supervision could take, with what speaks for it."""

    order: str
    title: str
    unit: str
    status: str
    reasons: str
    address: str


@permission("supervision.see")
def supervisions() -> str:
    """The ledger: open supervisions by the end of their reply limit, or all, newest first."""
    session, now = reading_session(), clock.now()
    rung = plain(request.args.get("rung", ""))
    ended = request.args.get("ended") == "true"
    found, total = ledger.ledger(
        session, g.actor, rung=rung, only_open=not ended, page=asked_page(), size=ROWS
    )
    lights = Lights(session, now)
    return render_template(
        "supervisions.html",
        page=page_out_of([_row(entry, lights) for entry in found], total),
        counts=[
            (code, supervised.rung(code), count)
            for code, count in ledger.counts_by_rung(session, g.actor).items()
        ],
        chosen=rung,
        instructed=supervised.instructed(session) if not rung and _is_of_centre() else [],
        filters=form_view(FILTERS, g.actor.roles, typed=request.args, blank=_("全部")),
        may_lead=policy.may(g.actor, "supervision.lead"),
        may_import=policy.may(g.actor, "supervision.import"),
    )


def _is_of_centre() -> bool:
    """What no unit has yet is the centre's."""
    return bool(g.actor.roles - policy.UNIT_ROLES)


@permission("supervision.see")
def supervision(procedure_id: int) -> str:
    """One supervision: causes with evidence, letters, and where it stands."""
    session = reading_session()
    case = ledger.supervision(session, procedure_id)
    procedure = session.get_one(Procedure, procedure_id)
    _require_own(procedure.unit_id)
    found = orders.find(session, procedure.demand_id)
    return render_template(
        "supervision.html",
        one=supervised.view(session, case, procedure),
        order=found.ordered.number,
        title=found.demand.title,
        order_address=url_for("web.case", demand_id=found.demand.id),
        events=_story(session, found, procedure),
    )


def _story(session: Session, found: Case, procedure: Procedure) -> list[Event]:
    """What people said in it: instructions, answers, verdicts."""
    ended_at = procedure.closed_at
    return [
        event_of(line)
        for line in lines_of(session, found)
        if line.element_id in _SAID
        and procedure.opened_at <= line.at
        and (ended_at is None or line.at <= ended_at)
    ]


@permission("supervision.lead")
def supervision_quota() -> str:
    """How the month stands against its share, and the orders proposed to reach it."""
    session, now = reading_session(), clock.now()
    standing = quota.quota(session, now)
    most = min(standing.missing, MOST_CANDIDATES)
    found = quota.candidates(session, now, most) if most else []
    rows = [
        Proposed(
            order=one.order.number,
            title=one.demand.title,
            unit=one.unit.name_in(language()),
            status=labels.order_status(one.order.status),
            reasons=_reasons(one),
            address=url_for("web.case", demand_id=one.demand.id),
        )
        for one in found
    ]
    return render_template("supervision_quota.html", standing=standing, rows=rows)


@permission("supervision.import")
def superior_report() -> Page:
    """Read the superior's daily report: the orders it lists are supervised at once."""
    if request.method == "GET":
        return _report_page()
    sent = {**request.form.to_dict()}
    file = request.files.get("file")
    if file is not None and file.filename:
        try:
            sent["text"] = "\n".join([sent.get("text", ""), _decoded(file.read(2_000_000))])
        except UnicodeDecodeError:
            flash(_("文件不是文本：请另存为 CSV（UTF-8 或 GB18030）后再上传。"), "stop")
            return _report_page(), 422
    try:
        given = answers.check(REPORT_FORM, submitted(REPORT_FORM, request.form), g.actor.roles)
        with acting() as uow:
            report = superior.adopt(uow, date.fromisoformat(str(given["day"])), sent["text"])
            results = [line.result for line in report.lines]
    except (Invalid, Conflict) as refusal:
        return _report_page(refusal), 422
    unknown = results.count("unknown")
    flash(
        _(
            "已导入 %(all)s 件，新发起督办 %(new)s 件，编号不明 %(unknown)s 件。",
            all=len(results),
            new=len([one for one in results if one in superior.SUPERVISED]),
            unknown=unknown,
        ),
        "warn" if unknown else "done",
    )
    return redirect(url_for("web.superior_report"))


def answering(_case: Case, task: HumanTaskRow) -> Help:
    """Beside the unit's answer and its assessment: the causes and the letter that is answered."""
    session = reading_session()
    row = session.get_one(SupervisionCase, task.scope)
    procedure = session.get_one(Procedure, task.scope)
    letter = ladder.current_letter(row) if row.letters else None
    return Help(
        "beside_supervision.html",
        {
            "supervision": supervised.view(session, row, procedure),
            "letter_text": _text(letter) if letter is not None and letter.text_zh else "",
        },
    )


for _step in ("supervision_feedback", "assess_feedback", "sign_letter"):
    HELPS[_step] = answering


def _report_page(refusal: Invalid | Conflict | None = None) -> str:
    session = reading_session()
    errors = errors_in_words(refusal.fields) if isinstance(refusal, Invalid) else {}
    typed = (
        request.form
        if request.method == "POST"
        else {"day": clock.now().astimezone(CHINA).date().isoformat()}
    )
    form: FormView = form_view(REPORT_FORM, g.actor.roles, typed=typed, errors=errors)
    names = {
        "supervised": _("已督办"),
        "proposed": _("已督办，已提请重开"),
        "waiting": _("已督办，此前已申请重开"),
        "not_proposed": _("已督办，此前已审批过重开"),
        "only_proposed": _("无承办单位，已提请重开"),
        "known": _("此前已督办"),
        "unknown": _("编号不明"),
        "no_unit": _("未派单位，不能督办"),
    }
    return render_template(
        "superior_report.html",
        form=form,
        refusal=say(refusal.phrase) if refusal is not None else "",
        reports=[
            (
                report,
                [
                    (
                        line.number,
                        names[line.result],
                        url_for("web.case", demand_id=line.demand_id) if line.demand_id else "",
                        line.result == "unknown",
                    )
                    for line in report.lines
                ],
            )
            for report in superior.reports(session)[:ROWS]
        ],
    )


def _decoded(content: bytes) -> str:
    """A text file as spreadsheets save it: UTF-8, else GB18030. Raises `UnicodeDecodeError`."""
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("gb18030")


def _row(entry: ledger.Entry, lights: Lights) -> Row:
    outcome = ledger.OUTCOMES.get(entry.procedure.outcome or "")
    return Row(
        number=entry.case.number,
        address=url_for("web.supervision", procedure_id=entry.case.procedure_id),
        order=entry.order.number,
        order_address=url_for("web.case", demand_id=entry.demand.id),
        title=entry.demand.title,
        unit=entry.unit.name_in(language()) if entry.unit is not None else "—",
        rung=supervised.rung(entry.case.rung),
        causes=_("；").join(supervised.cause_view(cause).title for cause in entry.case.causes),
        letter=entry.case.letters[-1].number if entry.case.letters else "",
        light=lights.of(entry.clock, entry.yellow_at) if entry.clock is not None else None,
        outcome=say(outcome) if outcome is not None else "",
    )


def _reasons(one: quota.Candidate) -> str:
    """What in an order asks for supervision."""
    order = one.order
    said = [
        (order.overdue, _("已超期")),
        (order.re_handled_count, _("重办 %(n)s 次", n=order.re_handled_count)),
        (order.returned_count, _("退单 %(n)s 次", n=order.returned_count)),
        (order.rejected_count, _("审核退回 %(n)s 次", n=order.rejected_count)),
    ]
    return _("、").join(words for holds, words in said if holds) or _("派单最早")


def _text(letter: SupervisionLetter) -> str:
    return (letter.text_zh if language() == "zh" else letter.text_en) or ""


def _require_own(unit_id: int | None) -> None:
    """Of units, the one that is asked may look; another learns nothing."""
    if not policy.may(looking().actor, "supervision.see", unit_id):
        raise NotFound(Phrase("没有这件督办。", "There is no such supervision."))
