"""Cases of an office, led through the main process by its people; the product's own way."""

import random
from abc import ABC, abstractmethod
from collections.abc import Mapping
from datetime import timedelta

from sqlalchemy import select

from app.cases import intake, steps
from app.core.db import reading
from app.core.uow import UnitOfWork, unit_of_work
from app.engine import HumanTaskRow, ProcessRow
from bench.databases import Place
from bench.lives import Move
from bench.office import MORNING, staffed

WHO = {
    "answer_or_order": "agent",
    "dispatch": "dispatcher",
    "sign_for": "unit_liaison",
    "first_contact": "unit_handler",
    "reply": "unit_handler",
    "approve_reply": "unit_approver",
    "review_reply": "reviewer",
    "callback": "callback_agent",
    "close": "reviewer",
}
"""Whose step it is."""

LEAD = (
    Move("answer_or_order", {"outcome": "order"}),
    Move("dispatch"),
    Move("sign_for"),
    Move("first_contact", {"contact_way": "phone", "contact_note": "已联系诉求人。"}),
)
REPLY = Move(
    "reply",
    {"truth": "true", "handling_result": "resolved", "reply_text": "已责令夜间停工。"},
)
APPROVE = Move("approve_reply", {"approval": "approved"})
PASS = Move("review_reply", {"review": "passed"})
REJECT = Move("review_reply", {"review": "rejected", "review_opinion": "请补充现场照片。"})
CALL = Move(
    "callback",
    {
        "reached": "yes",
        "efficiency": "satisfied",
        "attitude": "satisfied",
        "result": "satisfied",
        "solved": "yes",
    },
)
CLOSE = Move("close", {"closing_reason": "resolved"})

LIFE = (*LEAD, REPLY, APPROVE, PASS, CALL, CLOSE)
"""With the registration ten transitions: a smooth case from arrival to file."""

LOOP = (REPLY, APPROVE, REJECT)
"""The review rejects the reply, and the unit handles the matter again."""


class OfficeCases(ABC):
    """What all ways of keeping an office have in common: people, demands, and the time of day.

    A second goes by per transition, so that nothing falls due. No two demands look alike, so
    that the look for similar ones costs the same for the first as for the thousandth.
    """

    def __init__(self, place: Place, seed: int) -> None:
        self._staff = staffed(place)
        self._sessions = place.sessions
        self._chance = random.Random(seed)
        self._moves: dict[int, int] = {}

    @abstractmethod
    def register(self, uow: UnitOfWork, given: Mapping[str, object]) -> int:
        """Take a demand in and register it; its id."""

    @abstractmethod
    def step(self, uow: UnitOfWork, task: int, given: Mapping[str, object]) -> None:
        """Do an open task."""

    def begin(self) -> int:
        """A demand arrives and is registered, in one transaction."""
        given = self._demand()
        with unit_of_work(self._sessions, self._staff.actors["agent"], MORNING) as uow:
            case = self.register(uow, given)
        self._moves[case] = 0
        return case

    def ticket(self, case: int, element: str) -> int:
        """The task a person has on the screen when they do the step."""
        with reading(self._sessions) as session:
            return session.scalars(
                select(HumanTaskRow.id).where(
                    HumanTaskRow.subject_kind == "demand",
                    HumanTaskRow.subject_id == case,
                    HumanTaskRow.element_id == element,
                    HumanTaskRow.closed_at.is_(None),
                )
            ).one()

    def do(self, case: int, move: Move, ticket: int) -> None:
        """The step, in one transaction."""
        self._moves[case] += 1
        at = MORNING + timedelta(seconds=self._moves[case])
        given = dict(move.answers)
        if move.element == "dispatch":
            given["lead_unit"] = self._staff.unit_id
        with unit_of_work(self._sessions, self._staff.actors[WHO[move.element]], at) as uow:
            self.step(uow, ticket, given)

    def state_bytes(self, case: int) -> int | None:
        """The state of the process."""
        with reading(self._sessions) as session:
            state = session.scalar(select(ProcessRow.state).where(ProcessRow.subject_id == case))
        return len(state) if state else None

    def _demand(self) -> dict[str, object]:
        number = self._chance.randrange(10**8)
        return {
            "channel": "phone",
            "requester_name": "张三丰",
            "requester_phone": f"138{number:08d}",
            "nature": "complaint",
            "category": "noise",
            "district": "east",
            "address": f"江东区幸福小区{number}号",
            "happened": "3月1日夜间",
            "title": "夜间施工噪音",
            "content": "连续三晚十一点后仍在打桩,老人无法休息。",
            "urgency": "normal",
        }


class ShippedCases(OfficeCases):
    """The product: its commands, its main process."""

    def register(self, uow: UnitOfWork, given: Mapping[str, object]) -> int:
        return intake.register(uow, given).demand.id

    def step(self, uow: UnitOfWork, task: int, given: Mapping[str, object]) -> None:
        steps.complete(uow, task, given)
