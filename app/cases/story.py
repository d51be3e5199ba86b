"""The history of a case in words: who did what when, and what a table decided."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import orjson
from sqlalchemy import select
from sqlalchemy.orm import Session

from app import engine
from app.cases import history, in_words, requester
from app.cases.clocks import NAMES
from app.cases.models.city import Category, District
from app.cases.models.demand import Demand
from app.cases.models.history import HistoryEntry
from app.cases.models.procedure import Procedure
from app.cases.models.work_order import StepRecord, WorkOrder
from app.cases.notices import wording
from app.core.clock import CHINA
from app.core.phrase import Phrase
from app.engine.forms import Field, FieldType
from app.identity.models import HandlingUnit


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer given in a step, for people."""

    label: Phrase
    value: Phrase


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the story."""

    at: datetime
    who: str
    what: Phrase
    answers: tuple[Answer, ...]
    by_system: bool
    is_step: bool
    """Whether a person did a step; the rest is what followed from it."""
    element_id: str | None
    is_late: bool
    """Whether it says that a limit has passed."""


def story(session: Session, demand_id: int, process_id: int, roles: frozenset[str]) -> list[Line]:
    """Every entry of a case in words, oldest first; fields the reader may not see are left out."""
    records = {
        record.id: record
        for record in session.scalars(select(StepRecord).where(StepRecord.demand_id == demand_id))
    }
    names = _names(session)
    procedures = {
        procedure.id: procedure
        for procedure in session.scalars(select(Procedure).where(Procedure.demand_id == demand_id))
    }
    processes = {one.id: one.process_id for one in procedures.values()}
    versions = engine.version_changes(
        session, [process_id, *(one for one in processes.values() if one is not None)]
    )
    demand = session.get_one(Demand, demand_id)
    order_number = session.scalar(select(WorkOrder.number).where(WorkOrder.demand_id == demand_id))
    secret = requester.PERSONAL | requester.hidden(session, demand, roles)
    lines = []
    for entry in history.story(session, demand_id):
        record = records.get(entry.record_id or 0)
        procedure = orjson.loads(entry.facts).get("procedure")
        process = processes.get(procedure) or process_id
        element = (
            engine.element_at(
                session, process, entry.element_id, entry.at, versions.get(process, ())
            )
            if entry.element_id
            else None
        )
        label = element.label if element is not None else None
        if entry.command in _PROCEDURES and procedure in procedures:
            label = _procedure(session, entry.command, procedures[procedure])
        answers = []
        if record is not None and element is not None and element.form is not None:
            given = orjson.loads(record.answers)
            answers = [
                Answer(field.label, _value(field, given.get(field.name), names))
                for field in element.form.fields
                if field.is_visible_to(roles)
                and field.name not in secret
                and (
                    given.get(field.name) not in (None, "", False, [])
                    or (field.required and given.get(field.name) is False)
                )
            ]
        lines.append(
            Line(
                at=entry.at,
                who=entry.actor_name,
                what=_what(session, entry, label, demand.number, order_number or demand.number),
                answers=tuple(answers),
                by_system=entry.actor_id is None,
                is_step=entry.command == "step",
                element_id=entry.element_id,
                is_late=entry.command in _LATE,
            )
        )
    return lines


_LATE = frozenset({"mark_overdue", "sign_automatically"})
_PROCEDURES = frozenset({"open_procedure", "close_procedure"})


def _what(  # noqa: C901 - one case a kind of entry, as the book has them
    session: Session, entry: HistoryEntry, label: Phrase | None, demand: str, order: str
) -> Phrase:
    facts = orjson.loads(entry.facts)
    match entry.command:
        case "step" | "open_procedure" | "close_procedure" if label is not None:
            return label
        case "start_clock":
            name = _clock(facts)
            due = datetime.fromisoformat(facts["due_at"])
            return Phrase(
                f"起算{name.zh}，至{due_in_words(due)}",
                f"{name.en} limit started, due {due_in_words(due)}",
            )
        case "stop_clock":
            name = _clock(facts)
            return Phrase(f"停止{name.zh}", f"{name.en} limit stopped")
        case "continue_clock":
            name = _clock(facts)
            return Phrase(f"{name.zh}按原时限继续", f"{name.en} goes on, original limit")
        case "notify":
            text, count = wording(facts["message"], session, entry.at), len(facts["to"])
            return Phrase(
                f"发送通知（{count}人）：{_told(text.zh, facts, order)}",
                f"Told {count}: {_told(text.en, facts, order)}",
            )
        case "notify_requester":
            text = wording(facts["message"], session, entry.at)
            return Phrase(
                f"告知诉求人：{_told(text.zh, facts, demand)}",
                f"Told the requester: {_told(text.en, facts, demand)}",
            )
        case "recount_clock":
            return _recounted(facts)
        case "move_process" | "undo_move" | "limit_by_move":
            return _moved(entry.command, facts)
        case "supervise" | "withdraw_cause" | "handle_again_for_cause":
            return _cause(entry.command, facts)
        case "issue_letter":
            number = facts["letter"]
            return Phrase(f"出具督办文书{number}", f"Supervision letter {number} issued")
        case "hasten_clock":
            name = _clock(facts)
            earlier = due_in_words(datetime.fromisoformat(facts["due_after"]))
            return Phrase(f"{name.zh}提前至{earlier}", f"{name.en} brought forward to {earlier}")
        case "extend_clock" | "resume_clock":
            name, until = _clock(facts), due_in_words(datetime.fromisoformat(facts["due_after"]))
            if entry.command == "extend_clock":
                return Phrase(f"{name.zh}延至{until}", f"{name.en} limit extended until {until}")
            return Phrase(
                f"{name.zh}恢复计时，至{until}", f"{name.en} limit goes on, due {until} now"
            )
        case "pause_clock":
            name = _clock(facts)
            return Phrase(f"{name.zh}暂停", f"{name.en} limit stands still")
        case command:
            return COMMANDS.get(command, Phrase(command, command))


COMMANDS: Mapping[str, Phrase] = {
    "arrive": Phrase("诉求到达", "Demand arrived"),
    "create_order": Phrase("生成工单", "Work order created"),
    "sign_automatically": Phrase("逾期未签，系统自动签收", "Signed automatically"),
    "open_procedure": Phrase("启动办理事项", "Procedure opened"),
    "close_procedure": Phrase("办理事项结束", "Procedure closed"),
    "mark_part_overdue": Phrase("协办或下级单位逾期未答复", "The part of another unit is overdue"),
    "suspend": Phrase("列入挂账", "Entered in the register of pending matters"),
    "renew_suspension": Phrase("继续挂账", "Rests on"),
    "resume_order": Phrase("恢复办理", "Handling goes on"),
    "extend_in_bulk": Phrase("批量延期", "Extended with others"),
    "mark_overdue": Phrase("办理超期", "Overdue"),
    "withdraw_overdue": Phrase("按新工作日历未超期，撤销超期登记", "Not overdue after all"),
    "start_re_handling": Phrase("重办", "Handling again"),
    "close_order": Phrase("停钟归档", "Closed and filed"),
    "settle_return": Phrase("登记退单结果", "Return decided"),
    "open_dispute": Phrase("受理权属争议", "Dispute about the owner opened"),
    "begin_tier": Phrase("进入协调层级", "A tier of coordination began"),
    "settle_dispute": Phrase("执行协调结果", "Ruling carried out"),
    "change_catalogue": Phrase("审核派单目录变更", "Change of the catalogue reviewed"),
    "archive": Phrase("归档", "Filed away"),
    "reopen_order": Phrase("重开工单", "Reopened"),
    "joined_rated": Phrase("并案诉求人评价", "Rated by who joined the order"),
    "exclude_rating": Phrase("评价不计入单位考核", "Rating excluded from the unit's score"),
    "accept_after_all": Phrase("异议成立，改为受理", "Accepted after all"),
    "confirm_refusal": Phrase("维持不予受理", "The refusal stands"),
    "refer_order": Phrase("转送系统外单位", "Referred to a body outside"),
    "hold": Phrase("流程异常，待修复", "Held for repair"),
    "try_again": Phrase("修复后继续", "Tried again after a repair"),
    "free_hand_jump": Phrase("值班长处置：跳转环节", "Duty manager: put elsewhere"),
    "free_hand_reassign": Phrase("值班长处置：改派单位", "Duty manager: given to another unit"),
    "free_hand_cancel": Phrase("值班长处置：终止办理", "Duty manager: cancelled"),
    "reorganise": Phrase("机构调整，转由新单位办理", "Units reorganised: moved to the new unit"),
    "escalate_urgent": Phrase("紧急呈报超时，报领导", "Urgent report late: the leader was told"),
    "from_110": Phrase("由110转来", "Came from 110"),
    "return_to_110": Phrase("结果回传110", "Result returned to 110"),
    "relate": Phrase("关联为同一事项", "Related to an earlier demand"),
    "merge_demand": Phrase("并入在办工单", "Merged into an open order"),
    "joined_by": Phrase("另一诉求并入本单", "Another demand joined this order"),
    "raise_urgency": Phrase("提高紧急程度", "Made more urgent"),
    "attach": Phrase("添加附件", "File attached"),
    "open_identity": Phrase("查看证件", "Looked at identity papers"),
    "raise_supervision": Phrase("升级督办", "Supervision raised"),
    "miss_supervision_limit": Phrase("逾期未反馈督办", "Supervision not answered in time"),
    "receive_copy": Phrase("签阅抄送的督办文书", "Copy of a supervision letter received"),
    "refer_supervision": Phrase("移送纪检监察", "Referred to discipline inspection"),
    "unmask": Phrase("查看诉求人完整联系方式", "Looked at the requester's full contact"),
}


def _procedure(session: Session, command: str, procedure: Procedure) -> Phrase:
    """That a procedure began, or how it ended."""
    name = in_words.name_of(session, procedure)
    if command == "open_procedure":
        return Phrase(f"启动{name.zh}", f"{name.en} began")
    how = in_words.outcome_of(session, procedure)
    return Phrase(f"{name.zh}结束：{how.zh}", f"{name.en} ended: {how.en}")


def _clock(facts: Mapping[str, str]) -> Phrase:
    return NAMES.get(facts["clock"], Phrase(facts["clock"], facts["clock"]))


def _cause(command: str, facts: Mapping[str, Any]) -> Phrase:
    title, number = facts["title"], facts["number"]
    if command == "withdraw_cause":
        return Phrase(
            f"督办{number}的事由不成立：{title['zh']}",
            f"A cause of supervision {number} fell away: {title['en']}",
        )
    if command == "handle_again_for_cause":
        return Phrase(
            f"因督办{number}（{title['zh']}）提请重开",
            f"Proposed to be reopened for supervision {number} ({title['en']})",
        )
    return Phrase(f"触发督办：{title['zh']}", f"Supervision: {title['en']}")


def _recounted(facts: Mapping[str, str]) -> Phrase:
    name, due = _clock(facts), due_in_words(datetime.fromisoformat(facts["due_after"]))
    if facts["due_before"] == facts["due_after"]:
        return Phrase(
            f"{name.zh}按新工作日历重算，期限不变（{due}）",
            f"{name.en} limit recounted with the new calendar, still due {due}",
        )
    before = due_in_words(datetime.fromisoformat(facts["due_before"]))
    return Phrase(
        f"{name.zh}按新工作日历重算，由{before}改为{due}",
        f"{name.en} limit recounted with the new calendar: {before} becomes {due}",
    )


def _moved(command: str, facts: Mapping[str, Any]) -> Phrase:
    move = facts["move"]
    if command == "limit_by_move":
        name = _clock(facts)
        before, due = (
            due_in_words(datetime.fromisoformat(facts[of])) for of in ("due_before", "due_after")
        )
        return Phrase(
            f"{name.zh}随迁移单{move}由{before}改为{due}",
            f"{name.en} limit changed by move {move}: {before} becomes {due}",
        )
    old, new = facts["from"], facts["to"]
    if command == "undo_move":
        return Phrase(
            f"撤销迁移单{move}，流程由第{old}版恢复为第{new}版",
            f"Move {move} undone: the process is back from version {old} to {new}",
        )
    return Phrase(
        f"流程由第{old}版迁移到第{new}版（迁移单{move}，{facts['asked_by']}申请，"
        f"{facts['agreed_by']}批准）",
        f"Process moved from version {old} to {new} (move {move}, asked for by "
        f"{facts['asked_by']}, agreed by {facts['agreed_by']})",
    )


def _told(text: str, facts: Mapping[str, str], number: str) -> str:
    """A message as it was sent, without the title, which the page has, and without secrets."""
    text = text.replace("{number}", number).replace("“{title}”", "").replace("  ", " ")
    for untold in ("{site}/rate/{code}", "{code}", "{body}"):
        text = text.replace(untold, "…")
    for name, value in facts.items():
        text = text.replace(f"{{{name}}}", str(value))
    return text.strip()


def due_in_words(due: datetime) -> str:
    """Midnight is shown as 24:00 of the day that it ends."""
    local = due.astimezone(CHINA)
    if (local.hour, local.minute, local.second) == (0, 0, 0):
        return f"{local - timedelta(days=1):%Y-%m-%d} 24:00"
    return f"{local:%Y-%m-%d %H:%M}"


Names = Mapping[tuple[FieldType, object], Phrase]
"""What units, categories and districts are called, by kind of field and stored value."""


def _names(session: Session) -> Names:
    names: dict[tuple[FieldType, object], Phrase] = {}
    for unit in session.scalars(select(HandlingUnit)):
        names[FieldType.UNIT, unit.id] = Phrase(unit.name_zh, unit.name_en)
    for category in session.scalars(select(Category)):
        names[FieldType.CATEGORY, category.code] = Phrase(category.name_zh, category.name_en)
    for district in session.scalars(select(District)):
        names[FieldType.DISTRICT, district.code] = Phrase(district.name_zh, district.name_en)
    return names


_UNIT = Field("unit", FieldType.UNIT, Phrase("单位", "Unit"))


def _value(field: Field, value: object, names: Names) -> Phrase:
    if field.type is FieldType.BOOLEAN:
        return Phrase("是", "Yes") if value else Phrase("否", "No")
    if field.options:
        chosen = value if isinstance(value, list) else [value]
        labels = [option.label for option in field.options if option.value in chosen]
        return Phrase("、".join(p.zh for p in labels), ", ".join(p.en for p in labels))
    if field.type is FieldType.FILES and isinstance(value, list):
        return Phrase(f"{len(value)} 个文件", f"{len(value)} file{'s' * (len(value) != 1)}")
    if field.type is FieldType.UNITS and isinstance(value, list):
        units = [_value(_UNIT, unit, names) for unit in value]
        return Phrase("、".join(p.zh for p in units), ", ".join(p.en for p in units))
    if field.type is FieldType.DATETIME:
        moment = f"{datetime.fromisoformat(str(value)).astimezone(CHINA):%Y-%m-%d %H:%M}"
        return Phrase(moment, moment)
    plain = Phrase(str(value), str(value))
    if isinstance(value, str | int):
        return names.get((field.type, value), plain)
    return plain
