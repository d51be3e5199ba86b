"""The whole story of a case: every step, rule, deadline, pause and escalation with its evidence.

Only reads. Sections of modules above the cases register themselves (`section`).
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import orjson
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.cases import clocks, grounds, holding, in_words, queries, repeats, story
from app.cases.orders import SUBJECT, Case
from app.cases.procedures import procedures_of
from app.cases.story import due_in_words
from app.core.clock import CHINA
from app.core.phrase import Phrase
from app.decisions import registry
from app.decisions.models import DecisionRecord
from app.engine import ClockRevisionRow, ClockRow, ClockRungRow
from app.identity.models import HandlingUnit
from app.worktime.limits import LimitUnit


@dataclass(frozen=True, slots=True)
class Line:
    """One sentence; `depth` 1 belongs to the sentence before it."""

    text: Phrase
    depth: int = 0


@dataclass(frozen=True, slots=True)
class Section:
    """One part of the story."""

    title: Phrase
    lines: tuple[Line, ...]


Tell = Callable[[Session, Case, datetime], Iterable[Line]]

_SECTIONS: dict[str, tuple[Phrase, Tell]] = {}

_RUNGS = {
    "yellow": Phrase("黄灯", "yellow"),
    "red": Phrase("到期", "red"),
    "overdue_1": Phrase("第一次催办", "first reminder"),
    "overdue_2": Phrase("第二次催办", "second reminder"),
}
_REVISIONS = {
    "extension": Phrase("延期", "extended"),
    "pause": Phrase("暂停", "paused"),
    "resume": Phrase("恢复", "resumed"),
    "calendar": Phrase("日历调整", "recounted"),
    "continue": Phrase("按原时限继续", "continued"),
    "urgency": Phrase("提高紧急程度", "made more urgent"),
    "move": Phrase("随版本迁移", "by a move to another version"),
}


def section(title: Phrase) -> Callable[[Tell], Tell]:
    """Register the decorated function as a part of every story, after those of the cases."""

    def register(tell: Tell) -> Tell:
        _SECTIONS[title.zh] = (title, tell)
        return tell

    return register


def explain(session: Session, case: Case, now: datetime, roles: frozenset[str]) -> list[Section]:
    """The story of a case as somebody with `roles` may read it, section by section."""
    return [
        Section(title, lines)
        for title, tell in (
            (Phrase("概要", "In short"), _summary),
            (Phrase("在谁手里、责任在谁", "Who held it, and whose lateness it is"), _held),
            (Phrase("经过与依据", "What happened, and by which rule"), _course(roles)),
            (Phrase("时限", "Limits"), _limits),
            (Phrase("办理事项", "Procedures"), _procedures),
            *_SECTIONS.values(),
        )
        if (lines := tuple(tell(session, case, now)))
    ]


def duration(span: timedelta, *, of_work: bool = False) -> Phrase:
    """A length of time in days, hours and minutes; seconds are shown under a minute. Working time
    has no days: they would be read as working days.
    """
    minutes, seconds = divmod(round(span.total_seconds()), 60)
    days, minutes = (0, minutes) if of_work else divmod(minutes, 24 * 60)
    hours, minutes = divmod(minutes, 60)
    parts = [
        (days, "天", "d"),
        (hours, "小时", "h"),
        (minutes, "分", "min"),
        (seconds if not (days or hours) else 0, "秒", "s"),
    ]
    given = [part for part in parts if part[0]] or [(0, "分", "min")]
    return Phrase(
        "".join(f"{count}{zh}" for count, zh, _en in given),
        " ".join(f"{count} {en}" for count, _zh, en in given),
    )


def _at(moment: datetime) -> str:
    return f"{moment.astimezone(CHINA):%Y-%m-%d %H:%M}"


def _summary(session: Session, case: Case, _now: datetime) -> Iterator[Line]:
    demand, order = case.demand, case.order
    number = order.number if order is not None else demand.number
    yield Line(Phrase(f"{number} {demand.title}", f"{number} {demand.title}"))
    yield Line(
        Phrase(
            f"诉求{demand.number}，{_at(demand.arrived_at)}到达。",
            f"Demand {demand.number} arrived {_at(demand.arrived_at)}.",
        )
    )
    unit = _unit(session, case.unit_id)
    if unit is not None:
        yield Line(Phrase(f"主办单位：{unit.zh}。", f"Lead unit: {unit.en}."))
    if demand.closed_at is not None:
        yield Line(Phrase(f"{_at(demand.closed_at)}结束。", f"It ended {_at(demand.closed_at)}."))
    found = repeats.matter(session, repeats.matter_id_of(session, demand.id))
    if found.demands > 1:
        mass = Phrase("，属群体诉求", ", a mass demand") if found.is_mass else Phrase("", "")
        yield Line(
            Phrase(
                f"同一事项共{found.demands}件诉求、{found.requesters}人反映，"
                f"其中重复{found.repeats}次{mass.zh}。",
                f"{found.demands} demands of {found.requesters} people are about this matter, "
                f"{found.repeats} of them repeats{mass.en}.",
            )
        )


def _course(roles: frozenset[str]) -> Tell:
    def tell(session: Session, case: Case, _now: datetime) -> Iterator[Line]:
        """The steps in order, each followed by the rules that were asked at that instant.

        What was registered stands on the page, as far as the reader may see it.
        """
        assert case.demand.process_id is not None  # set when the demand arrived
        lines = story.story(session, case.demand.id, case.demand.process_id, roles)
        decisions = session.scalars(
            select(DecisionRecord)
            .where(
                DecisionRecord.subject_kind == SUBJECT,
                DecisionRecord.subject_id == case.demand.id,
            )
            .order_by(DecisionRecord.id)
        ).all()
        titles = {
            (key, version): registry.title(session, key, version)
            for key, version in {(one.decision_key, one.version) for one in decisions}
        }
        rules = [
            (one.decided_at, _rule(one, titles[one.decision_key, one.version])) for one in decisions
        ]
        for position, one in enumerate(lines):
            who = _who(one.who, by_system=one.by_system)
            yield Line(
                Phrase(
                    f"{_at(one.at)} {who.zh}：{one.what.zh}",
                    f"{_at(one.at)} {who.en}: {one.what.en}",
                )
            )
            for answer in () if one.element_id == "register" else one.answers:
                yield Line(
                    Phrase(
                        f"{answer.label.zh}：{answer.value.zh}",
                        f"{answer.label.en}: {answer.value.en}",
                    ),
                    depth=1,
                )
            following = lines[position + 1].at if position + 1 < len(lines) else None
            while rules and (following is None or rules[0][0] < following):
                yield rules.pop(0)[1]
        yield from (rule for _at_that_instant, rule in rules)

    return tell


def _rule(record: DecisionRecord, title: str) -> Line:
    """Which row of which table answered, where it comes from, and what it said."""
    tables = orjson.loads(record.rows)
    outputs = orjson.loads(record.outputs)
    matched = tables[-1]["rows"] if tables else []
    rows = "、".join(str(row["index"]) for row in matched) or "—"
    basis = next((row["annotations"].get("依据", "") for row in matched), "")
    answers = outputs if isinstance(outputs, list) else [outputs]
    said = [_said(one) for one in answers if isinstance(one, dict)]
    zh = "；".join(one.zh.rstrip("。") for one in said if one.zh)
    en = "; ".join(one.en.rstrip(".") for one in said if one.en)
    return Line(
        Phrase(
            f"依据《{title}》第{record.version}版第{rows}行"
            f"{f'（{basis}）' if basis else ''}{f'：{zh}' if zh else ''}",
            f"By the table “{record.decision_key.replace('_', ' ')}”, version {record.version}, "
            f"row {rows}"
            f"{f' ({basis})' if basis else ''}{f': {en}' if en else ''}",
        ),
        depth=1,
    )


_WORDS = ("reason", "what", "title", "form", "refusal", "label", "word")
"""Outputs of tables that are sentences or names for people; English stands in `…_en`."""


def _said(outputs: Mapping[str, object]) -> Phrase:
    """What an answer says in words; codes are left to the table, whose row is named."""
    for name in _WORDS:
        if outputs.get(name):
            return Phrase(str(outputs[name]), str(outputs.get(f"{name}_en") or outputs[name]))
    if outputs.get("unit") not in list(LimitUnit):
        return Phrase("", "")
    unit = LimitUnit(str(outputs["unit"])).phrase
    amount = outputs["amount"]
    one = unit.en.removesuffix("s") if amount == 1 else unit.en
    return Phrase(f"{amount} {unit.zh}", f"{amount} {one}")


def _limits(session: Session, case: Case, now: datetime) -> Iterator[Line]:
    for clock, _yellow in queries.clocks_of(session, case.demand.id):
        name = clocks.NAMES.get(clock.name, Phrase(clock.name, clock.name))
        state = _state(clock, now)
        yield Line(
            Phrase(
                f"{name.zh}（第{clock.run}次）：{_at(clock.started_at)}起算，{state.zh}",
                f"{name.en} (run {clock.run}): from {_at(clock.started_at)}, {state.en}",
            )
        )
        for line in clocks.explanation(session, clock):
            yield Line(line.phrase, depth=1)
        for revision in session.scalars(
            select(ClockRevisionRow)
            .where(ClockRevisionRow.clock_id == clock.id)
            .order_by(ClockRevisionRow.id)
        ):
            yield _revision(revision)
        for rung in session.scalars(
            select(ClockRungRow)
            .where(ClockRungRow.clock_id == clock.id, ClockRungRow.passed_at.is_not(None))
            .order_by(ClockRungRow.due_at)
        ):
            yield _escalation(session, rung)


def _state(clock: ClockRow, now: datetime) -> Phrase:
    if clock.due_at is None:
        return Phrase("没有期限。", "no deadline.")
    due = due_in_words(clock.due_at)
    until = clock.stopped_at or now
    late = until - clock.due_at
    if clock.paused_at is not None and clock.stopped_at is None:
        return Phrase(f"至{due}，现暂停。", f"due {due}, resting now.")
    ended = Phrase(f"，{_at(until)}停止", f", stopped {_at(until)}") if clock.stopped_at else None
    how = duration(late) if late > timedelta(0) else None
    return Phrase(
        f"至{due}{ended.zh if ended else '，计时中'}{f'，超期{how.zh}' if how else '，未超期'}。",
        f"due {due}{ended.en if ended else ', running'}{f', late by {how.en}' if how else ''}.",
    )


def _revision(revision: ClockRevisionRow) -> Line:
    what = _REVISIONS.get(revision.what, Phrase("变更", "changed"))
    moved = ""
    if revision.due_before and revision.due_after and revision.due_before != revision.due_after:
        moved = f" {due_in_words(revision.due_before)} → {due_in_words(revision.due_after)}"
    why = grounds.grounds_of(revision)
    because = Phrase(f"（{why.zh}）", f" ({why.en})") if why else Phrase("", "")
    at = _at(revision.at)
    return Line(
        Phrase(f"{at} {what.zh}{moved}{because.zh}", f"{at} {what.en}{moved}{because.en}"), depth=1
    )


def _escalation(session: Session, rung: ClockRungRow) -> Line:
    name = _RUNGS.get(rung.rung, Phrase(rung.rung, rung.rung))
    events = grounds.set_off_by(session, rung)
    set_off = "、".join(one.zh for one in events), ", ".join(f"“{one.en}”" for one in events)
    return Line(
        Phrase(
            f"{name.zh}：{_at(rung.due_at)}到点"
            + (f"，触发“{set_off[0]}”" if events else "，没有触发"),
            f"{name.en}: passed {_at(rung.due_at)}"
            + (f", set off {set_off[1]}" if events else ", set off nothing"),
        ),
        depth=1,
    )


def _procedures(session: Session, case: Case, _now: datetime) -> Iterator[Line]:
    for one in procedures_of(session, case.demand.id):
        name, unit = in_words.name_of(session, one), _unit(session, one.unit_id)
        for_unit = Phrase(f"，{unit.zh}", f", {unit.en}") if unit else Phrase("", "")
        by = _who(one.opened_by_name or "", by_system=one.opened_by is None)
        ended = Phrase("进行中", "open")
        if one.closed_at is not None:
            how, at = in_words.outcome_of(session, one), _at(one.closed_at)
            ended = Phrase(f"{at}结束（{how.zh}）", f"ended {at} ({how.en})")
        yield Line(
            Phrase(
                f"{name.zh}：{_at(one.opened_at)}由{by.zh}发起{for_unit.zh}，{ended.zh}。",
                f"{name.en}: opened {_at(one.opened_at)} by {by.en}{for_unit.en}, {ended.en}.",
            )
        )
        cause = in_words.cause_of(one)
        if cause is not None:
            yield Line(Phrase(f"事由：{cause.zh}", f"Cause: {cause.en}"), depth=1)


def _held(session: Session, case: Case, now: datetime) -> Iterator[Line]:
    held = holding.holdings(session, case, now)
    for one in held:
        wall, worked = duration(one.elapsed), duration(one.worked, of_work=True)
        step = Phrase(f"“{one.step.zh}”", f" “{one.step.en}”") if one.step.zh else Phrase("", "")
        yield Line(
            Phrase(
                f"{_at(one.since)}—{_at(one.until)} {one.holder.zh}{step.zh}："
                f"{wall.zh}，其中工作时间{worked.zh}",
                f"{_at(one.since)} to {_at(one.until)} {one.holder.en}{step.en}: "
                f"{wall.en}, {worked.en} of it working time",
            )
        )
    whole = duration(sum((one.elapsed for one in held), timedelta(0)))
    worked = duration(sum((one.worked for one in held), timedelta(0)), of_work=True)
    yield Line(
        Phrase(
            f"合计{whole.zh}，其中工作时间{worked.zh}。",
            f"In all {whole.en}, {worked.en} of it working time.",
        )
    )
    found = holding.lateness(session, case, held, now)
    if not found:
        yield Line(Phrase("各项时限均未超期。", "No limit was late."))
    for late in found:
        name = clocks.NAMES.get(late.clock.name, Phrase(late.clock.name, late.clock.name))
        length = duration(late.late)
        parts = [(who, duration(span)) for who, span in late.held_by]
        yield Line(
            Phrase(
                f"{name.zh}（第{late.clock.run}次）超期{length.zh}："
                + "；".join(f"{who.zh}{span.zh}" for who, span in parts)
                + "。",
                f"{name.en} (run {late.clock.run}) was late by {length.en}: "
                + "; ".join(f"{who.en} {span.en}" for who, span in parts)
                + ".",
            )
        )


def _who(name: str, *, by_system: bool) -> Phrase:
    return Phrase("系统", "The system") if by_system else Phrase(name, name)


def _unit(session: Session, unit_id: int | None) -> Phrase | None:
    unit = session.get(HandlingUnit, unit_id) if unit_id is not None else None
    return None if unit is None else Phrase(unit.name_zh, unit.name_en)
