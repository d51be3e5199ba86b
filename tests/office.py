"""An office to act in: a real database, the real commands, and a clock that tests move."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

from sqlalchemy import Engine, select

from app.cases import acts, intake, queries, steps
from app.cases.acts import Act
from app.cases.clocks import calendar_of
from app.cases.models.city import Category, District
from app.cases.models.demand import Demand
from app.cases.models.work_order import WorkOrder
from app.cases.orders import find
from app.cases.story import story
from app.core.clock import CHINA
from app.core.db import Base, make_sessions, reading
from app.core.uow import SYSTEM, Actor, UnitOfWork, unit_of_work
from app.engine import ClockRow
from app.identity.directory import actor_of, add_user
from app.identity.models import HandlingUnit, User
from app.jobs.deadlines import tick
from app.office import publish_shipped, wire

MONDAY = datetime(2026, 3, 2, 9, 0, tzinfo=CHINA)
"""A Monday morning with four plain working weeks behind it."""

PEOPLE: tuple[tuple[str, str, str, str | None], ...] = (
    ("agent", "林话务", "agent", None),
    ("expert", "段专员", "policy_specialist", None),
    ("editor", "文编辑", "knowledge_editor", None),
    ("dispatcher", "王派单", "dispatcher", None),
    ("reviewer", "赵审核", "reviewer", None),
    ("caller", "孙回访", "callback_agent", None),
    ("inspector", "周督办", "inspector", None),
    ("duty", "吴值班", "duty_manager", None),
    ("leader", "蒋分管", "leader", None),
    ("coordinator", "李协调", "coordinator", None),
    ("authority", "韩编办", "ownership_authority", None),
    ("dispatcher2", "钱派单", "dispatcher", None),
    ("liaison", "郑联络", "unit_liaison", "urban_management"),
    ("handler", "冯经办", "unit_handler", "urban_management"),
    ("handler2", "陈经办", "unit_handler", "urban_management"),
    ("approver", "褚审核", "unit_approver", "urban_management"),
    ("stranger", "卫经办", "unit_handler unit_liaison unit_approver", "water_group"),
    ("subdistrict", "蒋街道", "unit_handler unit_liaison unit_approver", "riverside"),
    ("community", "沈社区", "unit_handler unit_liaison unit_approver", "willow_lane"),
)

DEMAND: dict[str, object] = {
    "channel": "phone",
    "requester_name": "张三丰",
    "requester_phone": "13800001234",
    "nature": "complaint",
    "category": "noise",
    "district": "jiangpan",
    "address": "江畔区幸福小区3号楼",
    "happened": "3月1日夜间",
    "title": "夜间施工噪音",
    "content": "连续三晚十一点后仍在打桩，老人无法休息。",
    "urgency": "normal",
}

WAY: dict[str, tuple[str, dict[str, object]]] = {
    "answer_or_order": ("agent", {"outcome": "order"}),
    "three_party_answer": ("expert", {}),
    "dispatch": ("dispatcher", {}),
    "sign_for": ("liaison", {}),
    "first_contact": ("handler", {"contact_way": "phone", "contact_note": "已联系诉求人。"}),
    "reply": (
        "handler",
        {"truth": "true", "handling_result": "resolved", "reply_text": "已责令夜间停工。"},
    ),
    "approve_reply": ("approver", {"approval": "approved"}),
    "review_reply": ("reviewer", {"review": "passed"}),
    "callback": (
        "caller",
        {
            "reached": "yes",
            "efficiency": "satisfied",
            "attitude": "satisfied",
            "result": "satisfied",
            "solved": "yes",
        },
    ),
    "answer_part": ("stranger", {"part_result": "done", "part_answer": "管线已探明，无渗漏。"}),
    "decide_part_return": ("dispatcher", {"part_verdict": "released"}),
    "sign_letter": ("leader", {}),
    "supervision_feedback": (
        "approver",
        {"feedback_result": "resolved", "feedback_text": "已到现场处理。"},
    ),
    "assess_feedback": ("inspector", {"feedback_verdict": "accepted"}),
    "decide_suspension": ("duty", {"suspension_verdict": "approved"}),
    "decide_suspension_as_leader": ("leader", {"suspension_verdict": "approved"}),
    "review_suspension": ("duty", {"condition_met": "true", "review_note": "气温已适宜施工。"}),
    "decide_extension": ("duty", {"extension_verdict": "approved"}),
    "decide_second_extension": ("leader", {"extension_verdict": "approved"}),
    "take_charge": ("approver", {"who_leads": "何局长", "what_now": "当日到场复核。"}),
    "answer_self": ("agent", {"self_result": "explained", "self_reply": "已向诉求人说明政策。"}),
    "re_check": (
        "caller",
        {
            "reached": "yes",
            "efficiency": "satisfied",
            "attitude": "satisfied",
            "result": "satisfied",
            "solved": "yes",
        },
    ),
    "decide_rating_objection": (
        "inspector",
        {"rating_verdict": "approved", "rating_opinion": "证据充分。"},
    ),
    "decide_reopening": (
        "duty",
        {"reopening_verdict": "approved", "reopening_opinion": "情况属实。"},
    ),
    "tell_non_acceptance": (
        "agent",
        {"lawful_channel": "江畔区人民法院", "explanation": "已在诉讼中。"},
    ),
    "decide_objection": (
        "dispatcher",
        {"objection_verdict": "accepted", "objection_opinion": "不属诉讼事项。"},
    ),
    "decide_return_request": ("dispatcher", {}),
    "report_promise": ("liaison", {}),
    "supplement": ("agent", {"supplement_note": "补充楼栋号和联系电话。"}),
    "agree_ownership": ("liaison", {"settled": "yes", "ruling": "经协商一致。"}),
    "rule_ownership": ("coordinator", {"settled": "yes", "ruling": "按管线产权确定主办单位。"}),
    "give_opinion": ("authority", {"opinion": "三定方案未列明，建议按产权确定。"}),
    "rule_by_leader": ("leader", {"settled": "yes", "ruling": "由产权单位主办。"}),
    "acknowledge_urgent": ("duty", {"measures": "已电话通知城管、应急到场。"}),
    "acknowledge_slip": ("leader", {"instruction": "请立即处置，确保安全。"}),
    "talk_of_three": ("agent", {"agreed": "police", "talk_note": "三方通话，110同意接警。"}),
    "police_accepts": ("agent", {"police_number": "JQ20260302001"}),
    "judge": ("inspector", {"judgement": "handle_again", "judgement_opinion": "未到现场。"}),
    "close": ("reviewer", {"closing_reason": "resolved"}),
    "sign_closure": ("leader", {"signature": "agreed"}),
}
"""Who does which step of the main process, and the answers of a smooth case."""


class Office:
    """The office of one test."""

    def __init__(self, database: Engine) -> None:
        self.database = database
        self.sessions = make_sessions(database)
        self.now = MONDAY
        wire()

    def found(self) -> None:
        """Tables, shipped rules and diagrams, people: once for an empty database."""
        Base.metadata.create_all(self.database)
        publish_shipped(self.sessions, self.now)
        with unit_of_work(self.sessions, SYSTEM, self.now) as uow:
            _people(uow)

    @contextmanager
    def acting(self, login: str) -> Iterator[UnitOfWork]:
        """A unit of work of the person with this login, at the office's present instant."""
        with unit_of_work(self.sessions, self.actor(login), self.now) as uow:
            yield uow

    def actor(self, login: str) -> Actor:
        with reading(self.sessions) as session:
            return actor_of(session.scalars(select(User).where(User.login == login)).one())

    def unit(self, code: str) -> int:
        with reading(self.sessions) as session:
            return session.scalars(select(HandlingUnit.id).where(HandlingUnit.code == code)).one()

    def wait(self, *, ticking: bool = True, **span: float) -> None:
        """Let time go by; the ticker looks once at the end (or is down)."""
        self.now += timedelta(**span)
        if ticking:
            self.tick()

    def wait_until(self, moment: datetime, *, ticking: bool = True) -> None:
        self.now = moment
        if ticking:
            self.tick()

    def tick(self) -> int:
        return tick(self.sessions, lambda: self.now)

    def register(self, by: str = "agent", **given: object) -> int:
        """Register a demand; its id."""
        with self.acting(by) as uow:
            return intake.register(uow, DEMAND | given).demand.id

    def do(self, demand_id: int, element: str, by: str | None = None, **answers: object) -> None:
        """Do an open step of the case, by the person whose step it is, with the usual answers."""
        login, usual = WAY[element]
        given = usual | answers
        if element == "dispatch" and "lead_unit" not in given:
            given["lead_unit"] = self.unit("urban_management")
        task_id = self.task(demand_id, element)
        with self.acting(by or login) as uow:
            steps.complete(uow, task_id, given)

    def act(self, demand_id: int, element: str, by: str, **answers: object) -> None:
        """Set something going on the case: the act whose message starts or waits at `element`."""
        with self.acting(by) as uow:
            acts.act(uow, demand_id, self.act_key(demand_id, element, by), answers)

    def act_key(self, demand_id: int, element: str, by: str) -> str:
        """The key of an act as `by` is offered it."""
        found = {act.element.id: act.key for act in self.acts(demand_id, by)}
        assert element in found, f"{by} is offered {sorted(found)}"
        return found[element]

    def acts(self, demand_id: int, by: str) -> list[Act]:
        with reading(self.sessions) as session:
            return acts.acts_of(session, find(session, demand_id), self.actor(by), self.now)

    def bring_to(self, element: str, demand_id: int | None = None, **given: object) -> int:
        """Bring a (new) case along the smooth way until `element` is open; its demand's id."""
        demand_id = demand_id or self.register("agent", **given)
        while element not in self.waiting(demand_id):
            self.do(demand_id, self._main_steps(demand_id)[0])
        return demand_id

    def _main_steps(self, demand_id: int) -> list[str]:
        """The open steps of the main process; what runs beside it waits for the test."""
        with reading(self.sessions) as session:
            return [t.element_id for t in queries.open_tasks(session, demand_id) if not t.scope]

    def task(self, demand_id: int, element: str) -> int:
        with reading(self.sessions) as session:
            for task in queries.open_tasks(session, demand_id):
                if task.element_id == element:
                    return task.id
        raise AssertionError(f"{element} is not open, but {self.waiting(demand_id)}")

    def waiting(self, demand_id: int) -> list[str]:
        """The elements of the open tasks of a case."""
        with reading(self.sessions) as session:
            return [task.element_id for task in queries.open_tasks(session, demand_id)]

    def demand(self, demand_id: int) -> Demand:
        with reading(self.sessions) as session:
            return session.get_one(Demand, demand_id)

    def order(self, demand_id: int) -> WorkOrder:
        with reading(self.sessions) as session:
            return session.scalars(select(WorkOrder).where(WorkOrder.demand_id == demand_id)).one()

    def clock(self, demand_id: int, name: str) -> ClockRow:
        """The latest run of a clock."""
        with reading(self.sessions) as session:
            return next(
                clock
                for clock, _yellow in reversed(queries.clocks_of(session, demand_id))
                if clock.name == name
            )

    def story(self, demand_id: int) -> list[str]:
        """The history as a reader sees it, in Chinese."""
        with reading(self.sessions) as session:
            demand = session.get_one(Demand, demand_id)
            assert demand.process_id is not None
            lines = story(session, demand_id, demand.process_id, frozenset({"duty_manager"}))
            return [line.what.zh for line in lines]

    def last_day(self, clock: ClockRow) -> str:
        """The date a person is shown as the last day of a deadline."""
        assert clock.due_at is not None
        return f"{clock.due_at.astimezone(CHINA) - timedelta(microseconds=1):%Y-%m-%d}"

    def is_working_day(self, moment: datetime) -> bool:
        with reading(self.sessions) as session:
            return calendar_of(session, None).is_working_day(moment.astimezone(CHINA).date())


def _people(uow: UnitOfWork) -> None:
    units = {}
    for code, zh, en, above in (
        ("urban_management", "市城市管理局", "Urban Management Bureau", None),
        ("water_group", "市水务集团有限公司", "Water Group", None),
        ("jiangpan_government", "江畔区人民政府", "Jiangpan District Government", None),
        ("riverside", "滨江街道办事处", "Riverside Subdistrict", "urban_management"),
        ("willow_lane", "柳巷社区", "Willow Lane Community", "riverside"),
    ):
        units[code] = HandlingUnit(code=code, name_zh=zh, name_en=en, kind="department")
        units[code].parent_id = units[above].id if above else None
        uow.session.add(units[code])
        uow.session.flush()
    uow.session.add(District(code="jiangpan", name_zh="江畔区", name_en="Jiangpan", position=0))
    uow.session.add(Category(code="noise", name_zh="噪音", name_en="Noise", position=0))
    uow.session.flush()
    for login, name, roles, unit in PEOPLE:
        add_user(
            uow,
            login,
            name,
            "correct horse",
            roles.split(),
            units[unit] if unit else None,
            phone=f"1390000{len(login):02d}{len(name):02d}",
        )
