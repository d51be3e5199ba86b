"""The whole story of an order, and who held it for how long."""

import re
from datetime import timedelta
from pathlib import Path

import pytest

from app.cases import clocks, explaining, free_hand, holding, in_words
from app.cases.orders import find
from app.cases.procedures import procedures_of
from app.core.db import reading
from tests.office import Office

_DIAGRAMS = Path(__file__).parents[2] / "bpmn"
_OUTCOMES = sorted(
    {
        (diagram.stem, code)
        for diagram in _DIAGRAMS.glob("*.bpmn")
        for code in re.findall(r"name=\"outcome\" value='\"(\w+)\"'", diagram.read_text())
    }
    | {
        ("promise", "kept"),
        ("promise", "broken"),
        ("sub_order", "missing"),
        ("recheck", "declined"),
    }
    | {("recheck", code) for code in ("satisfied", "dissatisfied", "not_rated", "no_contact")}
)
"""As the diagrams write them, and those that a form or a table gives."""


def told(office: Office, case: int, language: str = "zh") -> dict[str, list[str]]:
    with reading(office.sessions) as session:
        sections = explaining.explain(
            session, find(session, case), office.now, frozenset({"inspector"})
        )
        return {
            section.title.in_language(language): [
                line.text.in_language(language) for line in section.lines
            ]
            for section in sections
        }


def held(office: Office, case: int) -> list[holding.Holding]:
    with reading(office.sessions) as session:
        return holding.holdings(session, find(session, case), office.now)


def late_by(office: Office, case: int, clock: str) -> holding.Lateness:
    with reading(office.sessions) as session:
        found = find(session, case)
        parts = holding.holdings(session, found, office.now)
        [late] = [
            one
            for one in holding.lateness(session, found, parts, office.now)
            if one.clock.name == clock
        ]
        return late


def test_the_parts_add_up_to_the_whole_in_wall_clock_and_in_working_time(office: Office) -> None:
    case = office.bring_to("sign_for")
    for hours in (3, 30, 50, 100):
        office.wait(hours=hours)
        step = office.waiting(case)[0]
        office.do(case, step)
    parts = held(office, case)
    assert [one.until for one in parts[:-1]] == [one.since for one in parts[1:]]
    whole = office.now - office.demand(case).arrived_at
    assert sum((one.elapsed for one in parts), timedelta(0)) == whole
    with reading(office.sessions) as session:
        calendar = clocks.calendar_of(session, find(session, case).unit_id)
    assert sum((one.worked for one in parts), timedelta(0)) == calendar.worked_between(
        office.demand(case).arrived_at, office.now
    )
    assert "市城市管理局" in {one.holder.zh for one in parts}


def test_lateness_is_whose_step_was_open_and_of_nobody_else(office: Office) -> None:
    case = office.bring_to("reply")
    office.wait(days=10)
    due = office.clock(case, "handling").due_at
    assert due is not None
    late = late_by(office, case, "handling")
    assert late.late == office.now - due
    assert [(who.zh, span) for who, span in late.held_by] == [("市城市管理局", late.late)]


def test_working_time_is_told_in_hours_and_that_nothing_was_late(office: Office) -> None:
    case = office.bring_to("sign_for")
    office.do(case, "sign_for")
    office.do(case, "first_contact")
    office.wait(days=2, hours=1)
    said = told(office, case)["在谁手里、责任在谁"]
    assert said[-1] == "各项时限均未超期。"
    assert said[-2] == "合计2天1小时，其中工作时间15小时。"


def test_a_late_part_is_its_own_units_lateness_while_the_lead_unit_is_in_time(
    office: Office,
) -> None:
    case = office.bring_to("dispatch")
    office.do(case, "dispatch", co_units=[office.unit("water_group")])
    office.wait(days=3)
    office.bring_to("reply", case)
    due = office.clock(case, "part").due_at
    assert due is not None
    office.wait_until(due)
    office.wait(hours=2)
    late = late_by(office, case, "part")
    assert [(who.zh, span) for who, span in late.held_by] == [
        ("市水务集团有限公司", timedelta(hours=2))
    ]
    assert any(
        "协办及下级时限（第1次）超期2小时：市水务集团有限公司2小时" in line
        for line in told(office, case)["在谁手里、责任在谁"]
    )


def test_a_late_decision_is_the_desks_whose_step_it_was(office: Office) -> None:
    case = office.bring_to("reply")
    office.act(case, "extension_asked", "liaison", days="2", ground="complex",
               extension_reason="须会商。", legal_basis="办法第二十条")  # fmt: skip
    due = office.clock(case, "extension_decision").due_at
    assert due is not None
    office.wait_until(due)
    office.wait(hours=3)
    office.do(case, "decide_extension")
    late = late_by(office, case, "extension_decision")
    assert [(who.zh, span) for who, span in late.held_by] == [
        ("热线中心（值班长）", timedelta(hours=3))
    ]


def test_a_closed_order_keeps_its_parts(office: Office) -> None:
    case = office.bring_to("close")
    office.wait(days=1)
    office.do(case, "close")
    before = held(office, case)
    office.wait(days=30)
    assert held(office, case) == before
    assert before[-1].holder.zh == "热线中心（热线审核员）"


def test_after_another_unit_took_over_each_answers_for_its_own_time(office: Office) -> None:
    case = office.bring_to("reply")
    office.wait(days=2)
    with office.acting("duty") as uow:
        free_hand.reassign(
            uow,
            case,
            {"reason": "权属调整。", "evidence": "纪要", "unit": str(office.unit("water_group"))},
        )
    office.wait(days=1)
    holders = {one.holder.zh: one.elapsed for one in held(office, case)}
    assert holders["市水务集团有限公司"] == timedelta(days=1)
    assert holders["市城市管理局"] == timedelta(days=2)


def test_the_story_names_step_rule_deadline_pause_and_escalation(office: Office) -> None:
    case = office.bring_to("reply")
    office.act(case, "extension_asked", "liaison", days="2", ground="complex",
               extension_reason="须会商。", legal_basis="办法第二十条")  # fmt: skip
    office.do(case, "decide_extension")
    office.wait(days=20)
    office.bring_to("close", case)
    office.do(case, "close")
    zh, en = told(office, case), told(office, case, "en")
    assert list(zh)[:4] == ["概要", "在谁手里、责任在谁", "经过与依据", "时限"]
    course = "\n".join(zh["经过与依据"])
    assert "冯经办：办理答复" in course
    assert "依据《办理时限" in course
    assert "5 个工作日" in course
    assert "=" not in course  # codes of tables are for designers
    assert f"编号{office.demand(case).number}" in course
    limits = "\n".join(zh["时限"])
    assert "延期 2026-03-09 24:00 → 2026-03-11 24:00" in limits
    assert "到期：" in limits
    assert "触发“红灯”" in limits
    assert "（第1次，理由：情况特别复杂）" in limits
    assert any("延期" in line and "结束（同意）" in line for line in zh["办理事项"])
    assert any("Extension" in line and "(approved)" in line for line in en["Procedures"])
    assert "郑联络：启动延期" in course
    assert "吴值班：延期结束：同意" in course
    assert any("办理时限（第1次）超期" in line for line in zh["在谁手里、责任在谁"])
    assert {len(lines) for lines in zh.values()} == {len(lines) for lines in en.values()}
    assert "13800001234" not in str(zh)
    assert "张三丰" not in str(zh)


@pytest.mark.parametrize("outcome", _OUTCOMES, ids=":".join)
def test_every_outcome_that_a_shipped_diagram_gives_has_words(outcome: tuple[str, str]) -> None:
    kind, code = outcome
    assert (kind, code) in in_words.OF_KIND or code in in_words.OUTCOMES


def test_an_outcome_of_a_designers_own_is_called_as_the_step_that_ends_it(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = office.bring_to("reply")
    office.act(case, "extension_asked", "liaison", days="2", ground="complex",
               extension_reason="须会商。", legal_basis="办法第二十条")  # fmt: skip
    office.do(case, "decide_extension")
    monkeypatch.setattr(in_words, "OUTCOMES", {})
    with reading(office.sessions) as session:
        [extension] = procedures_of(session, case, "extension")
        assert in_words.outcome_of(session, extension).zh == "登记：已延期"


def test_a_demand_without_an_order_has_a_story_too(office: Office) -> None:
    case = office.register()
    office.do(case, "answer_or_order", outcome="answered", answer="已答复。")
    zh = told(office, case)
    assert "经过与依据" in zh
    assert zh["在谁手里、责任在谁"]
