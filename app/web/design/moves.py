"""Moving live cases: asking for a dry run, and the page of one move from dry run to undoing."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

import orjson
from flask import flash, g, redirect, render_template, request, url_for
from sqlalchemy import func, select
from sqlalchemy.orm import Session
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response

from app import engine
from app.cases import clocks
from app.core.clock import CHINA
from app.core.errors import Conflict, Invalid, NotAllowed
from app.core.phrase import Phrase
from app.core.uow import UnitOfWork
from app.design import documents, using
from app.design.documents import Document
from app.design.models import Kind
from app.design.moving import dry_runs, moves
from app.design.moving.models import CaseMove, CaseMoveLine, MoveOutcome, MoveStatus
from app.design.moving.orphans import Orphan, orphans
from app.design.moving.prospects import Query
from app.design.moving.sheet import move_of
from app.design.using import How
from app.engine import Verdict
from app.identity.models import HandlingUnit
from app.identity.policy import may
from app.web.access import acting, holds, permission, reading_session
from app.web.design.comparing import Drawing
from app.web.design.workshop import document_title
from app.web.labels import City
from app.web.language import _, due, language, say
from app.web.paging import ROWS, asked_page, page_out_of

Page = str | Response | tuple[str, int]

STATUS: Mapping[str, tuple[Phrase, str]] = {
    MoveStatus.TRIED: (Phrase("预演", "Dry run"), "grey"),
    MoveStatus.WAITING: (Phrase("待批准", "Waiting for agreement"), "yellow"),
    MoveStatus.RUNNING: (Phrase("迁移中", "Under way"), "yellow"),
    MoveStatus.INTERRUPTED: (Phrase("已中断", "Interrupted"), "red"),
    MoveStatus.DONE: (Phrase("已完成", "Done"), "green"),
    MoveStatus.UNDOING: (Phrase("撤销中", "Being undone"), "yellow"),
    MoveStatus.UNDONE: (Phrase("已撤销", "Undone"), "grey"),
    MoveStatus.REFUSED: (Phrase("未批准", "Refused"), "grey"),
    MoveStatus.WITHDRAWN: (Phrase("已撤回", "Withdrawn"), "grey"),
}
OUTCOMES: Mapping[MoveOutcome | None, tuple[Phrase, str]] = {
    None: (Phrase("待处理", "To come"), "grey"),
    MoveOutcome.MOVED: (Phrase("已迁移", "Moved"), "green"),
    MoveOutcome.SKIPPED: (Phrase("已跳过", "Skipped"), "grey"),
    MoveOutcome.NEEDS_MAPPING: (Phrase("缺少对应环节", "Needs a mapping"), "yellow"),
    MoveOutcome.REFUSED: (Phrase("不能迁移", "Cannot move"), "red"),
    MoveOutcome.FAILED: (Phrase("出错，未变动", "Failed, as it was"), "red"),
    MoveOutcome.UNDONE: (Phrase("已撤销", "Undone"), "grey"),
    MoveOutcome.GONE_ON: (Phrase("已继续办理，未撤销", "Gone on, not undone"), "yellow"),
}
VERDICTS: Mapping[Verdict, tuple[Phrase, str]] = {
    Verdict.WILL_MOVE: (Phrase("可以迁移", "Will move"), "green"),
    Verdict.NEEDS_MAPPING: (Phrase("需指定对应环节", "Needs a mapping"), "yellow"),
    Verdict.CANNOT: (Phrase("不能迁移", "Cannot move"), "red"),
}
_MAPPED = "map."


@dataclass(frozen=True, slots=True)
class Asked:
    """What a dry run is asked for: the version, the cases, and whether limits follow."""

    version: int
    query: Query
    recount: bool
    shown: Mapping[str, str]
    """As it was typed."""


@dataclass(frozen=True, slots=True)
class LimitRow:
    """A running clock before and after."""

    name: str
    before: str
    after: str
    kept: str


@dataclass(frozen=True, slots=True)
class CaseRow:
    """One process of a move."""

    demand_id: int
    number: str
    from_version: int
    outcome: str
    colour: str
    why: Sequence[str]
    tasks: Sequence[tuple[str, str]]
    limits: Sequence[LimitRow]
    undoable: int | None = None
    """The line, where it can be put back."""


@dataclass(frozen=True, slots=True)
class MoveRow:
    """One move in the list."""

    move: CaseMove
    status: str
    colour: str
    total: int
    moved: int


@permission("design.see")
def moves_of_diagram(key: str) -> str:
    """The moves of a diagram so far, and the dry run of another one."""
    return _asking(key, request.args)


@permission("design.move")
def try_move(key: str) -> Page:
    """A dry run of what was typed."""
    asked = _asked(key, request.form)
    with acting() as uow:
        made = dry_runs.try_out(
            uow, key, asked.version, query=asked.query, recount_limits=asked.recount
        ).id
    return redirect(url_for("web.case_move", move_id=made))


@permission("design.move")
def map_move(move_id: int) -> Page:
    """Name what takes the place of elements; the cases that stand there are looked at again."""
    names = {
        name.removeprefix(_MAPPED): value
        for name, value in request.form.items()
        if name.startswith(_MAPPED)
    }
    told = _("已按所选环节重新预演。")
    return _do(move_id, lambda uow: dry_runs.choose(uow, move_id, names), told)


@permission("design.move")
def ask_move(move_id: int) -> Page:
    """Ask for what the dry run has shown."""
    reason = request.form.get("reason", "")
    told = _("已提交迁移申请，待系统管理员批准。")
    return _do(move_id, lambda uow: moves.ask(uow, move_id, reason), told)


@permission("design.see")
def case_move(move_id: int) -> str:
    """One move: who asked and agreed, how far it has come, what became of each case."""
    return _page(move_id)


@permission("design.see")
def move_progress(move_id: int) -> Page:
    """How far it has come, for the box on the page; at the end the page is read anew."""
    progress = _progress(move_id)
    if not progress["working"]:
        return Response(status=204, headers={"HX-Refresh": "true"})
    return render_template("design/move_progress.html", **progress)


@permission("design.agree_to_move")
def agree_to_move(move_id: int) -> Page:
    """A second person agrees."""
    opinion = request.form.get("opinion", "")
    return _do(move_id, lambda uow: moves.agree(uow, move_id, opinion), _("已批准，开始迁移。"))


@permission("design.agree_to_move")
def refuse_move(move_id: int) -> Page:
    """A second person refuses."""
    opinion = request.form.get("opinion", "")
    return _do(move_id, lambda uow: moves.refuse(uow, move_id, opinion), _("已答复不同意。"))


@permission("design.move")
def withdraw_move(move_id: int) -> Page:
    """Take it back before anybody has decided."""
    return _do(move_id, lambda uow: moves.withdraw(uow, move_id), _("已撤回迁移申请。"))


@permission("design.see")
def interrupt_move(move_id: int) -> Page:
    """Stop it."""
    told = _("已中断，已迁移的案件不变。")
    return _do(move_id, lambda uow: moves.interrupt(uow, move_id), told)


@permission("design.agree_to_move")
def continue_move(move_id: int) -> Page:
    """Go on where it was stopped."""
    return _do(move_id, lambda uow: moves.go_on(uow, move_id), _("继续迁移。"))


@permission("design.agree_to_move")
def undo_move(move_id: int) -> Page:
    """Have all of it undone that has not gone on."""
    reason = request.form.get("reason", "")
    return _do(move_id, lambda uow: moves.undo(uow, move_id, reason), _("开始撤销。"))


@permission("design.agree_to_move")
def undo_move_of_case(move_id: int, line_id: int) -> Page:
    """Put one case back."""
    told = _("已恢复到原版本。")
    return _do(move_id, lambda uow: moves.undo_case(uow, line_id), told)


def _do(move_id: int, act: Callable[[UnitOfWork], object], told: str) -> Page:
    try:
        with acting() as uow:
            act(uow)
    except NotAllowed as refused:
        return _page(move_id, say(refused.phrase)), 403
    except Invalid as wrong:
        return _page(move_id, say(wrong.phrase)), 422
    except Conflict as late:
        return _page(move_id, say(late.phrase)), 409
    flash(told, "done")
    return redirect(url_for("web.case_move", move_id=move_id))


def _asking(key: str, given: MultiDict[str, str]) -> str:
    session = reading_session()
    what = documents.document("diagram", key)
    city = City(session)
    callers = [one.document for one in using.used_by(session, what) if one.how is How.CALLS]
    return render_template(
        "design/moves.html",
        key=key,
        title=document_title(session, what),
        versions=[number for number, _at in documents.numbers(session, what)],
        live=documents.live_cases(session, key),
        callers=[(one.key, document_title(session, one)) for one in callers],
        asked=_asked(key, given),
        units=city.units(),
        categories=city.categories(),
        moves=[_move_row(session, one) for one in moves.moves_of_diagram(session, key)],
        may_try=may(g.actor, "design.move"),
    )


def _asked(key: str, given: MultiDict[str, str]) -> Asked:
    session = reading_session()
    newest = documents.newest_number(session, Document(Kind.DIAGRAM, key)) or 1
    first, last = _day(given.get("from", "")), _day(given.get("to", ""))
    numbers = given.get("numbers", "").replace("，", " ").replace(",", " ").replace("、", " ")
    return Asked(
        version=_number(given.get("version", "")) or newest,
        query=Query(
            unit_id=_number(given.get("unit", "")),
            category=given.get("category", ""),
            registered_from=None if first is None else _beginning(first),
            registered_before=None if last is None else _beginning(last + timedelta(days=1)),
            numbers=tuple(numbers.split()),
        ),
        recount=bool(given.get("recount")),
        shown={name: value for name, value in given.items() if value and name != "csrf_token"},
    )


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else None


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text.strip())
    except ValueError:
        return None


def _beginning(day: date) -> datetime:
    return datetime.combine(day, time(), CHINA)


def _drawings(
    lost: Sequence[Orphan], mapping: Mapping[str, str]
) -> list[tuple[str, tuple[int, Drawing], tuple[int, Drawing] | None]]:
    """The old drawing beside the new one, once for each diagram that draws an orphan."""
    found = []
    for which in dict.fromkeys((one.process, one.old_version, one.new_version) for one in lost):
        process, old, new = which
        own = [one for one in lost if (one.process, one.old_version, one.new_version) == which]
        heirs = [
            mapping.get(one.element_id) or one.candidates[0].id for one in own if one.candidates
        ]
        found.append(
            (
                process,
                (old, _drawn(process, old, removed=[one.element_id for one in own])),
                None if new is None else (new, _drawn(process, new, added=heirs)),
            )
        )
    return found


def _drawn(
    process: str, number: int, *, added: Sequence[str] = (), removed: Sequence[str] = ()
) -> Drawing:
    address = url_for("web.version_drawing", key=process, number=number)
    return Drawing(address, added=added, removed=removed)


def _page(move_id: int, refusal: str = "") -> str:
    session = reading_session()
    move = move_of(session, move_id)
    tried = move.status in _TRIED
    page = _lines_asked(session, move)
    may_agree = may(g.actor, "design.agree_to_move")
    may_move = may(g.actor, "design.move")
    mapping = orjson.loads(move.mapping)
    lost = _orphans(session, move, mapping) if tried else []
    found = dry_runs.verdicts(session, move_id)
    undoable = may_agree and move.status in _UNDOABLE
    return render_template(
        "design/move.html",
        **_progress(move_id),
        title=document_title(session, Document(Kind.DIAGRAM, move.diagram)),
        mapping=_mapping_in_words(session, move, mapping),
        chosen=mapping,
        tried=tried,
        meant=_meant_in_words(session, move),
        orphans=lost,
        drawings=_drawings(lost, mapping),
        recounted=dry_runs.limits_changed(session, move_id) if move.recount_limits else 0,
        page=page_out_of([_line(one, undoable=undoable) for one in page.rows], page.total),
        refusal=refusal,
        reason=request.form.get("reason", ""),
        may_map=move.status == MoveStatus.TRIED and may_move,
        may_ask=move.status == MoveStatus.TRIED
        and may_move
        and not found[None]
        and found[Verdict.WILL_MOVE] > 0,
        may_decide=move.status == MoveStatus.WAITING
        and may_agree
        and move.asked_by != g.actor.user_id,
        may_withdraw=move.status == MoveStatus.WAITING and may_move,
        may_interrupt=move.status == MoveStatus.RUNNING and (may_agree or may_move),
        may_continue=move.status == MoveStatus.INTERRUPTED and may_agree,
        may_undo=move.status in {MoveStatus.DONE, MoveStatus.INTERRUPTED} and may_agree,
        may_open=holds(g.actor, "order.see"),
    )


_TRIED = {MoveStatus.TRIED, MoveStatus.WAITING}
"""While nothing was decided, the page tells what the dry run has seen."""

_UNDOABLE = {MoveStatus.DONE, MoveStatus.INTERRUPTED, MoveStatus.RUNNING}


@dataclass(frozen=True, slots=True)
class _Asked:
    rows: Sequence[CaseMoveLine]
    total: int


def _lines_asked(session: Session, move: CaseMove) -> _Asked:
    """The lines of the page that is looked at, of one list or of all."""
    column = CaseMoveLine.verdict if move.status in _TRIED else CaseMoveLine.outcome
    wanted = request.args.get("list", "")
    chosen = select(CaseMoveLine).where(CaseMoveLine.move_id == move.id)
    if wanted:
        chosen = chosen.where(column.is_(None) if wanted == "none" else column == wanted)
    total = session.scalar(select(func.count()).select_from(chosen.subquery())) or 0
    at = min(asked_page(), max(1, -(-total // ROWS)))
    ordered = chosen.order_by(CaseMoveLine.id).limit(ROWS).offset((at - 1) * ROWS)
    return _Asked(session.scalars(ordered).all(), total)


def _orphans(session: Session, move: CaseMove, mapping: Mapping[str, str]) -> list[Orphan]:
    stand = dry_runs.standing(session, move.id)
    return orphans(session, move.diagram, move.version, stand, mapping)


def _mapping_in_words(
    session: Session, move: CaseMove, mapping: Mapping[str, str]
) -> list[tuple[str, str]]:
    """Element by element, by the names that people know."""
    if not mapping:
        return []
    new = engine.bundle_of(session, engine.version_id_of(session, move.diagram, move.version))
    found = []
    for old, other in mapping.items():
        element = new.element(other)
        found.append((old, other if element is None else f"{say(element.label)}（{other}）"))
    return found


def _meant_in_words(session: Session, move: CaseMove) -> list[tuple[str, str]]:
    """Which cases were asked for, condition by condition; none: all."""
    query, city = Query.from_json(move.query), City(session)
    found = []
    if query.unit_id is not None:
        unit = session.get(HandlingUnit, query.unit_id)
        found.append((_("承办单位"), "—" if unit is None else unit.name_in(language())))
    if query.category:
        found.append((_("诉求类别"), city.category(query.category)))
    if query.registered_from is not None:
        found.append((_("登记日期从"), f"{query.registered_from.astimezone(CHINA):%Y-%m-%d}"))
    if query.registered_before is not None:
        last = query.registered_before.astimezone(CHINA) - timedelta(days=1)
        found.append((_("登记日期到"), f"{last:%Y-%m-%d}"))
    if query.numbers:
        found.append((_("编号"), "、".join(query.numbers)))
    return found


def _progress(move_id: int) -> dict[str, object]:
    session = reading_session()
    move = move_of(session, move_id)
    status, colour = STATUS[move.status]
    if move.status in _TRIED:
        found = dry_runs.verdicts(session, move_id)
        total, working = sum(found.values()), found[None] > 0
        counted = [
            (verdict.value, say(name), tint, found[verdict])
            for verdict, (name, tint) in VERDICTS.items()
        ]
        done = total - found[None]
    else:
        outcomes = moves.counts(session, move_id)
        total = sum(outcomes.values())
        working = move.status in {MoveStatus.RUNNING, MoveStatus.UNDOING}
        done = total - (moves.left(session, move_id) if working else outcomes[None])
        counted = [
            (outcome.value if outcome else "none", say(name), tint, outcomes[outcome])
            for outcome, (name, tint) in OUTCOMES.items()
            if outcomes[outcome]
        ]
    return {
        "move": move,
        "status": say(status),
        "colour": colour,
        "total": total,
        "done": done,
        "working": working,
        "counted": counted,
    }


def _line(line: CaseMoveLine, *, undoable: bool) -> CaseRow:
    outcome = None if line.outcome is None else MoveOutcome(line.outcome)
    verdict = None if line.verdict is None else Verdict(line.verdict)
    name, colour = OUTCOMES[outcome]
    if outcome is None and verdict is not None:
        name, colour = VERDICTS[verdict]
    zh, _line, en = line.note.partition("\n")
    return CaseRow(
        line.demand_id,
        line.number,
        line.from_version,
        say(name),
        colour,
        [say(Phrase(zh, en))] if zh else [],
        [
            (say(Phrase(*before)), say(Phrase(*after)) if after else "—")
            for before, after in orjson.loads(line.tasks)
        ],
        [
            LimitRow(
                say(clocks.NAMES.get(told["clock"], told["clock"])),
                due(datetime.fromisoformat(told["before"]["due_at"])),
                due(datetime.fromisoformat(told["after"]["due_at"])),
                say(Phrase(*told["kept"])) if told["kept"] else "",
            )
            for told in orjson.loads(line.deadlines)
        ],
        line.id if undoable and outcome is MoveOutcome.MOVED else None,
    )


def _move_row(session: Session, move: CaseMove) -> MoveRow:
    counted = moves.counts(session, move.id)
    status, colour = STATUS[move.status]
    moved = counted[MoveOutcome.MOVED] + counted[MoveOutcome.GONE_ON]
    return MoveRow(move, say(status), colour, sum(counted.values()), moved)
