"""An administrator's calendar pages: what is in force, notices, local days, and the recount.

Publishing a calendar moves no running deadline; the recount page shows what would move, and the
ticker moves it after the administrator has agreed.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from flask import flash, g, redirect, render_template, request, url_for
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from app.cases import answers, calendar_keeping, clocks, recounting
from app.cases.calendar_keeping import PERMISSION
from app.cases.recounting import Effect, Recount
from app.core import clock, jobs
from app.core.clock import CHINA
from app.core.errors import Conflict, Invalid
from app.core.phrase import Phrase
from app.engine.forms import Field, FieldType, Form, Option
from app.identity.directory import units
from app.identity.models import HandlingUnit
from app.identity.policy import may
from app.web.access import acting, permission, reading_session
from app.web.forms import (
    Choices,
    FormView,
    errors_in_words,
    form_view,
    number_in,
    plain,
    submitted,
)
from app.web.language import _, language, say
from app.web.paging import page_of
from app.worktime import offices
from app.worktime.days import DayChange, DayKind, DayRow, differences
from app.worktime.hours import parse_segments, segments_text
from app.worktime.models import Calendar, CalendarLevel, CalendarVersion
from app.worktime.national import Notice
from app.worktime.notices import packaged_differences, read_notice

Page = str | Response | tuple[str, int]

KINDS = (
    Option(DayKind.HOLIDAY, Phrase("放假", "Holiday")),
    Option(DayKind.RESTDAY, Phrase("休息日", "Rest day")),
    Option(DayKind.WORKDAY, Phrase("工作日", "Working day")),
    Option(DayKind.MAKEUP, Phrase("调休上班", "Make-up working day")),
)
LEVELS = (
    Option(CalendarLevel.PROVINCE, Phrase("省", "Province")),
    Option(CalendarLevel.CITY, Phrase("市", "City")),
    Option(CalendarLevel.UNIT, Phrase("单位", "Unit")),
)
NOTICE_FORM = Form(
    (
        Field(
            "text",
            FieldType.LONG_TEXT,
            Phrase("通知全文", "Text of the notice"),
            Phrase(
                "粘贴国务院办公厅通知的全文，或只粘贴各节日段落，每个节日一行。",
                "Paste the notice as published, or only its paragraphs, one holiday a line.",
            ),
            required=True,
            max_length=20_000,
        ),
        Field(
            "number",
            FieldType.TEXT,
            Phrase("发文字号", "Document number"),
            Phrase("文中已有的不必填写。", "Leave empty what the text itself says."),
            max_length=60,
        ),
        Field("issued", FieldType.DATE, Phrase("成文日期", "Date of issue")),
        Field("year", FieldType.NUMBER, Phrase("安排年份", "Year"), minimum="2000", maximum="2100"),
    )
)
DAY_FORM = Form(
    (
        Field("day", FieldType.DATE, Phrase("日期", "Date"), required=True),
        Field(
            "kind", FieldType.CHOICE, Phrase("当日安排", "The day is"), required=True, options=KINDS
        ),
        Field(
            "document",
            FieldType.TEXT,
            Phrase("发文字号", "Document number"),
            required=True,
            max_length=80,
        ),
        Field("name", FieldType.TEXT, Phrase("事由", "Occasion"), max_length=40),
        Field(
            "hours",
            FieldType.TEXT,
            Phrase("当日工时", "Hours of that day"),
            Phrase(
                "只在与平日不同时填写，如 08:30-12:00。", "Only where they differ: 08:30-12:00."
            ),
            max_length=60,
        ),
    )
)
UNIT_FORM = Form((Field("unit", FieldType.UNIT, Phrase("单位", "Unit"), required=True),))


@dataclass(frozen=True, slots=True)
class CalendarRow:
    """One calendar in the list."""

    calendar: Calendar
    level: str
    parent: str
    version: CalendarVersion
    provisional: str
    units: int


@dataclass(frozen=True, slots=True)
class RecountRow:
    """One clock in the preview of a recount."""

    one: Recount
    unit: str
    clock: str
    effect: str
    colour: str
    reason: str
    fired: str


@permission("calendar.see")
def calendars() -> str:
    """Every calendar with what is in force of it, what is missing, and what waits."""
    return _calendars_page()


@permission(PERMISSION)
def open_calendar() -> Page:
    """Set up a local calendar."""
    try:
        form = _form_of_a_calendar(offices.calendars(reading_session()))
        given = answers.check(form, submitted(form, request.form), g.actor.roles)
        with acting() as uow:
            made = calendar_keeping.open_calendar(
                uow,
                str(given["code"]),
                str(given["name"]),
                CalendarLevel(str(given["level"])),
                str(given["parent"]),
            )
            code = made.code
    except (Invalid, Conflict) as refusal:
        return _calendars_page(refusal), 422
    flash(_("已建立日历 %(code)s。", code=code), "done")
    return redirect(url_for("web.calendar", code=code))


@permission("calendar.see")
def calendar(code: str) -> str:
    """One calendar: its special days of a year, its versions, who counts by it."""
    return _calendar_page(code)


@permission(PERMISSION)
def set_day(code: str) -> Page:
    """Publish what one date is in a local calendar."""
    try:
        given = answers.check(DAY_FORM, submitted(DAY_FORM, request.form), g.actor.roles)
        row = DayRow(
            date.fromisoformat(str(given["day"])),
            DayKind(str(given["kind"])),
            str(given["name"] or ""),
            "",
            str(given["document"]),
            parse_segments(str(given["hours"])) if given["hours"] else None,
        )
        with acting() as uow:
            version = calendar_keeping.set_day(uow, code, row, _seen())
            number = version.number
    except (Invalid, Conflict) as refusal:
        return _calendar_page(code, refusal), 422
    flash(_("已发布第 %(number)s 版。在办时限要经过重算才会变动。", number=number), "done")
    return redirect(url_for("web.calendar", code=code, year=row.date.year))


@permission(PERMISSION)
def remove_day(code: str) -> Page:
    """Let a date of a local calendar be again what the calendars above say."""
    day = _day(request.form.get("day", ""))
    if day is not None:
        with acting() as uow:
            calendar_keeping.remove_day(uow, code, day, _seen())
        flash(_("已取消 %(day)s 的安排。在办时限要经过重算才会变动。", day=day), "done")
    return redirect(url_for("web.calendar", code=code, year=day.year if day else None))


@permission(PERMISSION)
def count_by(code: str) -> Page:
    """Let a unit's limits be counted in this calendar from now on."""
    unit_id = number_in(plain(request.form.get("unit", "")))
    if unit_id is not None:
        with acting() as uow:
            calendar_keeping.count_by(uow, unit_id, code)
        flash(_("此后起算的时限按本日历计算；在办时限仍按原日历。"), "done")
    return redirect(url_for("web.calendar", code=code))


@permission(PERMISSION)
def notice() -> Page:
    """Read a pasted notice, show what it changes, and publish it once that is agreed to."""
    if request.method == "GET" or request.form.get("agreed") == "no":
        return _notice_page(_seen_nation())
    try:
        given = answers.check(NOTICE_FORM, submitted(NOTICE_FORM, request.form), g.actor.roles)
        issued, year = given["issued"], given["year"]
        text = str(given["text"])
        read = read_notice(
            text,
            str(given["number"]) if given["number"] else None,
            date.fromisoformat(str(issued)) if issued else None,
            int(str(year)) if year else None,
        )
        if request.form.get("agreed") != "yes":
            return _notice_page(_seen_nation(), read)
        with acting() as uow:
            version = calendar_keeping.adopt_notice(uow, read, text, _seen())
            number = version.number
    except (Invalid, Conflict) as refusal:
        return _notice_page(_seen_nation(), refusal=refusal), 422
    flash(_("通知已导入，全国日历第 %(number)s 版已发布。", number=number), "done")
    return redirect(url_for("web.recount"))


@permission("calendar.see")
def recount() -> str:
    """What a recount would do to the open clocks, the effects chosen in the address."""
    session = reading_session()
    found = recounting.preview(session, clock.now())
    asked = request.args.get("effect", "")
    chosen = [one for one in found.recounts if asked in {"", one.effect}]
    page = page_of(chosen)
    names = {unit.id: unit.name_in(language()) for unit in units(session)}
    page_rows = [_recount_row(one, names) for one in page.rows]
    return render_template(
        "recount.html",
        page=page,
        rows=page_rows,
        chips=[
            (effect, _effect(effect), found.counts[effect], _COLOURS[effect])
            for effect in Effect
            if found.counts[effect]
        ],
        total=found.counts.total(),
        changing=found.counts.total() - found.counts[Effect.KEPT],
        unfounded=found.unfounded,
        job=jobs.latest(session, recounting.JOB),
        may_keep=may(g.actor, PERMISSION),
    )


@permission(PERMISSION)
def ask_recount() -> Response:
    """Agree: the ticker recounts every open clock."""
    with acting() as uow:
        recounting.ask_for_all(uow)
    flash(_("已开始重算，可以离开本页。"), "done")
    return redirect(url_for("web.recount"))


@permission("calendar.see")
def recount_progress() -> str | Response:
    """How far the recount is, for the page that waits for it; at the end it loads anew."""
    job = jobs.latest(reading_session(), recounting.JOB)
    if job is None or job.finished_at is not None:
        return Response(status=204, headers={"HX-Refresh": "true"})
    return render_template("recount_progress.html", job=job)


# What the pages show ------------------------------------------------------------------------------


def _calendars_page(refusal: Invalid | Conflict | None = None) -> str:
    session = reading_session()
    found = offices.calendars(session)
    names = {one.id: one.name for one in found}
    users = Counter(_counts_by(session, unit) for unit in units(session))
    rows = [
        CalendarRow(
            calendar=one,
            level=_level(one.level),
            parent=names.get(one.parent_id or 0, ""),
            version=offices.versions(session, one.code)[0],
            provisional=_provisional(offices.versions(session, one.code)[0]),
            units=users[one.code],
        )
        for one in found
    ]
    job = jobs.latest(session, recounting.JOB)
    published_at = max(row.version.published_at for row in rows)
    today = clock.now().astimezone(CHINA).date()
    alarm = offices.calendar_alarm(session, today, recounting.last_open_deadline(session))
    return render_template(
        "calendars.html",
        rows=rows,
        alarm=alarm,
        outdated=recounting.outdated_cases(session),
        job=job,
        recounted=job is not None and job.asked_at >= published_at,
        may_keep=may(g.actor, PERMISSION),
        refusal=refusal and say(refusal.phrase),
        form=_form(_form_of_a_calendar(found), refusal),
    )


def _calendar_page(code: str, refusal: Invalid | Conflict | None = None) -> str:
    session = reading_session()
    layer = offices.newest_layer(session, code)
    [one] = [one for one in offices.calendars(session) if one.code == code]
    history = offices.versions(session, code)
    this_year = clock.now().astimezone(CHINA).year
    years = sorted({row.date.year for row in layer.rows} | {this_year}, reverse=True)
    asked = number_in(request.args.get("year", ""))
    year = asked if asked in years else this_year
    everybody = [(unit, _counts_by(session, unit)) for unit in units(session)]
    return render_template(
        "calendar.html",
        calendar=one,
        level=_level(one.level),
        version=history[0],
        provisional=_provisional(history[0]),
        years=years,
        year=year,
        days=[(row, _kind(row.kind), _hours(row)) for row in layer.rows if row.date.year == year],
        page=page_of(history),
        units=[unit.name_in(language()) for unit, by in everybody if by == code],
        may_choose=may(g.actor, PERMISSION)
        and (code != offices.NATION or offices.standard_code(session) == code),
        is_local=code != offices.NATION,
        may_keep=may(g.actor, PERMISSION),
        refusal=refusal and say(refusal.phrase),
        form=_form(DAY_FORM, refusal),
        unit_form=form_view(
            UNIT_FORM,
            g.actor.roles,
            choices={
                "unit": Choices(
                    [
                        (str(unit.id), unit.name_in(language()))
                        for unit, by in everybody
                        if by != code
                    ]
                )
            },
            prefix="by-",
        ),
    )


def _notice_page(
    seen: int, read: Notice | None = None, refusal: Invalid | Conflict | None = None
) -> str:
    changes: Sequence[DayChange] = ()
    official = None
    doubtful = None
    adopted = False
    if read is not None:
        session = reading_session()
        before = offices.newest_layer(session, offices.NATION)
        after = offices.with_notice(before, read)
        changes = differences(before.rows, after.rows)
        official = before.official_through, after.official_through
        doubtful = packaged_differences(read)
        adopted = offices.is_adopted(session, read.number)
    return render_template(
        "calendar_notice.html",
        form=_form(NOTICE_FORM, refusal),
        refusal=refusal and say(refusal.phrase),
        seen=seen,
        read=read,
        adopted=adopted,
        changes=[_change_row(change) for change in changes if change.moves_work],
        renamed=[_change_row(change) for change in changes if not change.moves_work],
        official=official,
        doubtful=doubtful,
    )


def _change_row(change: DayChange) -> tuple[date, str, str]:
    return change.date, _what(change.before), _what(change.after)


def _form_of_a_calendar(above: Iterable[Calendar]) -> Form:
    parents = tuple(Option(one.code, Phrase(one.name, one.code)) for one in above)
    return Form(
        (
            Field(
                "code",
                FieldType.TEXT,
                Phrase("代码", "Code"),
                Phrase(
                    "大写字母、数字和连字符，如 HALL-1。", "Capitals, digits and hyphens: HALL-1."
                ),
                required=True,
                max_length=20,
                pattern="[A-Z][A-Z0-9-]*",
            ),
            Field("name", FieldType.TEXT, Phrase("名称", "Name"), required=True, max_length=40),
            Field(
                "level", FieldType.CHOICE, Phrase("层级", "Level"), required=True, options=LEVELS
            ),
            Field(
                "parent",
                FieldType.CHOICE,
                Phrase("上级日历", "Below"),
                required=True,
                options=parents,
            ),
        )
    )


def _form(form: Form, refusal: Invalid | Conflict | None) -> FormView:
    """The form as it was sent, with what is wrong in it; an empty one on a page that was asked."""
    errors = errors_in_words(refusal.fields) if isinstance(refusal, Invalid) else {}
    typed = request.form if request.method == "POST" else None
    return form_view(form, g.actor.roles, typed=typed, errors=errors)


def _recount_row(one: Recount, names: dict[int, str]) -> RecountRow:
    fired = _("、").join(_rung(rung.rung) for rung in one.unfounded)
    return RecountRow(
        one=one,
        unit=names.get(one.unit_id or 0, ""),
        clock=say(clocks.NAMES.get(one.clock, one.clock)),
        effect=_effect(one.effect),
        colour=_COLOURS[one.effect],
        reason=say(one.reason),
        fired=fired,
    )


_COLOURS = {
    Effect.EARLIER: "yellow",
    Effect.LATER: "green",
    Effect.OFFICIAL: "green",
    Effect.SAME: "grey",
    Effect.KEPT: "grey",
}


def _effect(effect: Effect) -> str:
    return {
        Effect.EARLIER: _("提前"),
        Effect.LATER: _("延后"),
        Effect.OFFICIAL: _("不再暂定"),
        Effect.SAME: _("不变"),
        Effect.KEPT: _("保留原期限"),
    }[effect]


def _rung(code: str) -> str:
    return {
        "yellow": _("黄灯"),
        "red": _("红灯"),
        "overdue_1": _("首次催办"),
        "overdue_2": _("再次催办"),
    }.get(code, code)


def _level(code: str) -> str:
    return _("全国") if code == CalendarLevel.NATION else _named(LEVELS, code)


def _kind(code: str) -> str:
    return _named(KINDS, code)


def _named(options: Iterable[Option], code: str) -> str:
    return next((say(option.label) for option in options if option.value == code), code)


def _what(row: DayRow | None) -> str:
    if row is None:
        return "—"
    return " ".join(part for part in (_kind(row.kind), row.name, _hours(row)) if part)


def _hours(row: DayRow) -> str:
    return segments_text(row.hours) if row.hours else ""


def _provisional(version: CalendarVersion) -> str:
    """The years a version holds without a notice: 2027–2029."""
    if version.official_through is None or version.last_day is None:
        return ""
    first, last = version.official_through.year + 1, version.last_day.year
    return f"{first}–{last}" if first < last else str(last) if first == last else ""


def _counts_by(session: Session, unit: HandlingUnit) -> str:
    """The calendar of a unit; one that names the nation's counts as its office does."""
    named = unit.calendar_code
    return offices.standard_code(session) if named == offices.NATION else named


def _seen() -> int:
    """The version the reader looked at; one that is no number is none that is in force."""
    return number_in(request.form.get("seen", "")) or 0


def _seen_nation() -> int:
    number = offices.newest_layer(reading_session(), offices.NATION).number
    return int(number)


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(plain(text))
    except ValueError:
        return None
