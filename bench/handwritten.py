"""The main process without an engine: what a programmer would write for this one diagram.

The same tables end with the same rows after every step; what comes next stands in the code
instead of a diagram. History, decision tables, working time, forms and the outbox are the
product's own: they have nothing to do with an engine. It goes the ways the bench goes.
"""

import secrets
from collections.abc import Callable, Mapping
from typing import ClassVar

import orjson
from sqlalchemy import bindparam, delete, insert, select, update

from app.cases import (
    answers,
    calling_back,
    clocks,
    closing,
    history,
    knowledge,
    merging,
    transfer_110,
)
from app.cases.answers import Answers
from app.cases.intake import MAIN_PROCESS
from app.cases.models.city import Category, District
from app.cases.models.demand import Demand, DemandStatus
from app.cases.models.work_order import (
    Callback,
    DispatchMode,
    OrderStatus,
    RatingWay,
    StepRecord,
    WorkOrder,
)
from app.cases.orders import SUBJECT, Case, next_number
from app.cases.similar import matter_of, similar_demands
from app.cases.story import due_in_words
from app.core import audit
from app.core.errors import Conflict, Invalid, NotAllowed
from app.core.facts import happened
from app.core.outbox import post
from app.core.phrase import Phrase
from app.core.uow import UnitOfWork
from app.decisions import registry
from app.engine import (
    ClockRevisionRow,
    ClockRow,
    ClockRungRow,
    HumanTaskRow,
    MessageWaitRow,
    ProcessRow,
    TimerWaitRow,
    bundle_of,
    version_id_of,
)
from app.engine.state import FORMAT
from app.identity.directory import people_of
from app.identity.models import HandlingUnit
from app.identity.policy import Role, may_do_step, require
from app.worktime.deadlines import deadline
from bench.databases import Place
from bench.office_cases import OfficeCases

SIGN_TIMERS = (("sign_for_late", "sign_for", "red"), ("sign_for_lapsed", "sign_for", "overdue_1"))
HANDLING_TIMERS = (
    ("yellow_light", "handling", "yellow"),
    ("red_light", "handling", "red"),
    ("first_reminder", "handling", "overdue_1"),
    ("second_reminder", "handling", "overdue_2"),
)
LATE_TIMERS = {
    "dispatch": (("dispatch_late", "dispatch", "red"),),
    "first_contact": (("first_contact_late", "first_contact", "red"),),
    "review_reply": (("review_late", "review", "red"),),
    "callback": (("callback_late", "callback", "red"),),
}
"""By step: the reminder of whose step it is, once its limit has passed."""
REFUSED = Phrase("不能办理。", "This cannot be done.")
LETTERS = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"

_SUBJECT = select(HumanTaskRow.subject_id).where(HumanTaskRow.id == bindparam("task"))
_KEEP = insert(StepRecord.__table__).returning(StepRecord.id)
_DUE_RUNG = (
    select(ClockRungRow.id, ClockRow.name)
    .join(ClockRow, ClockRow.id == ClockRungRow.clock_id)
    .where(
        ClockRow.subject_kind == SUBJECT,
        ClockRow.subject_id == bindparam("subject"),
        ClockRungRow.fire_at < bindparam("at"),
    )
)
_DUE_TIMER = (
    select(TimerWaitRow.id)
    .where(TimerWaitRow.process_id == bindparam("process"), TimerWaitRow.due_at <= bindparam("at"))
    .limit(1)
)

Act = Callable[["HandwrittenCases", UnitOfWork, Case, Answers], Mapping[str, object] | None]


class HandwrittenCases(OfficeCases):
    """The office without an engine."""

    def __init__(self, place: Place, seed: int) -> None:
        super().__init__(place, seed)
        self._tokens = 0
        with place.sessions() as session:
            self._version_id = version_id_of(session, MAIN_PROCESS)
            bundle = bundle_of(session, self._version_id)
        self._elements = {e: found for e in self.STEPS if (found := bundle.element(e)) is not None}

    # The two verbs --------------------------------------------------------------------------

    def register(self, uow: UnitOfWork, given: Mapping[str, object]) -> int:
        require(uow.actor, "demand.register")
        demand = Demand(
            number=next_number(uow, "SQ"),
            query_code="".join(secrets.choice(LETTERS) for _ in range(6)),
            status=DemandStatus.REGISTERING,
            channel=str(given["channel"]),
            arrived_at=uow.now,
            requester_name="",
            requester_phone="",
            nature="other",
            category="",
            district="",
            address="",
            happened="",
            title="",
            content="",
        )
        uow.session.add(demand)
        uow.session.flush()
        history.record(uow, demand.id, "arrive", facts={"channel": demand.channel})
        process = ProcessRow(
            diagram_version_id=self._version_id,
            subject_kind=SUBJECT,
            subject_id=demand.id,
            state_format=FORMAT,
            status="active",
            revision=0,
            started_at=uow.now,
        )
        uow.session.add(process)
        uow.session.flush()
        demand.process_id = process.id
        task = self._open(uow, Case(demand), "register")
        self.began(uow, process)
        uow.session.flush()
        self._complete(uow, Case(demand), task, given)
        return demand.id

    def step(self, uow: UnitOfWork, task: int, given: Mapping[str, object]) -> None:
        subject = uow.session.connection().execute(_SUBJECT, {"task": task}).scalar_one()
        demand = uow.session.get_one(Demand, subject, with_for_update=True)
        self._let_due_pass(uow, demand)
        row = uow.session.get_one(HumanTaskRow, task)
        if row.closed_at is not None:
            raise Conflict(REFUSED)
        self._complete(uow, Case(demand), row, given)

    def began(self, uow: UnitOfWork, process: ProcessRow) -> None:
        """Nothing: there is no engine."""

    def moved(self, uow: UnitOfWork, case: Case, element: str, facts: Mapping[str, object]) -> None:
        """Nothing: there is no engine."""

    def _complete(
        self, uow: UnitOfWork, case: Case, task: HumanTaskRow, given: Mapping[str, object]
    ) -> None:
        if not may_do_step(uow.actor, task.role or "", case.unit_id):
            raise NotAllowed(REFUSED)
        form = self._elements[task.element_id].form
        checked = answers.check(form, given, uow.actor.roles, {}, uow.now)
        facts = dict(answers.facts(form, checked))
        act, go_on = self.STEPS[task.element_id]
        facts |= act(self, uow, case, checked) or {}
        self._record(uow, case, task.element_id, checked, facts)
        task.closed_at = uow.now
        task.closed_how = "completed"
        go_on(self, uow, case, facts)
        self.moved(uow, case, task.element_id, facts)

    # What people do ---------------------------------------------------------------------------

    def _register(self, uow: UnitOfWork, case: Case, given: Answers) -> None:
        if not given["anonymous"] and not (given["requester_name"] and given["requester_phone"]):
            raise Invalid(REFUSED)
        for field, table in (("category", Category), ("district", District)):
            if uow.session.get(table, given[field]) is None:
                raise Invalid(REFUSED)
        demand = case.demand
        for field in (
            *("channel", "anonymous", "confidential", "enterprise", "nature", "category"),
            *("district", "address", "happened", "title", "content", "urgency"),
        ):
            setattr(demand, field, given[field])
        demand.requester_name = str(given["requester_name"] or "")
        phone = str(given["requester_phone"] or "")
        demand.requester_phone = phone.replace(" ", "").replace("-", "").removeprefix("+86")
        demand.registered_at = uow.now
        demand.registered_by = uow.actor.user_id
        ground = {"non_acceptance_ground": given["non_acceptance_ground"]}
        if not registry.answer(uow.session, "acceptance", ground, version=1).outputs["accepted"]:
            raise Invalid(REFUSED)
        demand.status = DemandStatus.ACCEPTED

    def _after_register(self, uow: UnitOfWork, case: Case, facts: Mapping[str, object]) -> None:
        demand = case.demand
        acceptance = registry.decide(
            uow, "acceptance", facts, subject_kind=SUBJECT, subject_id=demand.id, version=1
        )
        if not acceptance.outputs["accepted"]:
            raise Invalid(REFUSED)
        due = due_in_words(clocks.promised(uow.session, demand, uow.now))
        post(
            uow,
            key=f"{demand.number}:accepted:{uow.now.isoformat()}",
            medium="sms",
            recipient=demand.requester_phone,
            template="accepted",
            values={"number": demand.number, "due": due, "code": demand.query_code},
        )
        history.record(
            uow,
            demand.id,
            "notify_requester",
            element_id="tell_acceptance",
            facts={"message": "accepted", "due": due},
        )
        similar_demands(uow.session, uow.now, matter_of(demand), other_than=demand.id)
        self._open(uow, case, "answer_or_order")

    def _answer_or_order(self, _uow: UnitOfWork, _case: Case, given: Answers) -> None:
        if given["outcome"] != "order":
            raise Invalid(REFUSED)

    def _after_answer(self, uow: UnitOfWork, case: Case, _facts: Mapping[str, object]) -> None:
        demand = case.demand
        order = WorkOrder(
            number=next_number(uow, "GD"),
            demand=demand,
            status=OrderStatus.PENDING_DISPATCH,
            created_at=uow.now,
        )
        uow.session.add(order)
        demand.status = DemandStatus.ORDERED
        uow.session.flush()
        history.record(uow, demand.id, "create_order", facts={"order": order.id})
        self._start_clock(uow, case, "total")
        self._start_clock(uow, case, "dispatch")
        self._open_with_reminder(uow, case, "dispatch")

    def _dispatch(self, uow: UnitOfWork, case: Case, given: Answers) -> Mapping[str, object]:
        self._stop_clock(uow, case, "dispatch")
        unit = uow.session.get(HandlingUnit, given["lead_unit"])
        if unit is None or not unit.active:
            raise Invalid(REFUSED)
        order = case.ordered
        order.lead_unit_id = unit.id
        order.dispatch_mode = DispatchMode.ASSIGN
        order.dispatched_at, order.signed_at, order.contacted_at = uow.now, None, None
        order.status = OrderStatus.DISPATCHED
        return {"signed": False, "contacted": False, "dispatch_mode": "assign"}

    def _after_dispatch(self, uow: UnitOfWork, case: Case, _facts: Mapping[str, object]) -> None:
        self._end_reminder(uow, case, "dispatch")
        order = case.ordered
        assert order.lead_unit_id is not None
        liaisons = people_of(uow.session, order.lead_unit_id, Role.UNIT_LIAISON)
        for person in liaisons:
            assert person.phone is not None
            post(
                uow,
                key=f"{order.number}:dispatched:{uow.now.isoformat()}:{person.id}",
                medium="sms",
                recipient=person.phone,
                template="dispatched",
                values={"number": order.number, "title": case.demand.title},
            )
        history.record(
            uow,
            case.demand.id,
            "notify",
            element_id="notify_unit",
            facts={"message": "dispatched", "to": [person.id for person in liaisons]},
        )
        self._start_clock(uow, case, "sign_for")
        self._open(uow, case, "sign_for")
        self._arm(uow, case, SIGN_TIMERS)
        self._await_return(uow, case, "return_before_signing")

    def _sign_for(self, uow: UnitOfWork, case: Case, _given: Answers) -> Mapping[str, object]:
        order = case.ordered
        order.signed_at = uow.now
        order.status = OrderStatus.SIGNED
        self._stop_clock(uow, case, "sign_for")
        return {"signed": True}

    def _after_sign_for(self, uow: UnitOfWork, case: Case, _facts: Mapping[str, object]) -> None:
        self._disarm(uow, case)
        self._start_clock(uow, case, "handling")
        self._start_clock(uow, case, "first_contact")
        self._arm(uow, case, HANDLING_TIMERS)
        self._open_with_reminder(uow, case, "first_contact")
        self._await_return(uow, case, "return_after_signing")

    def _first_contact(self, uow: UnitOfWork, case: Case, given: Answers) -> Mapping[str, object]:
        self._stop_clock(uow, case, "first_contact")
        order = case.ordered
        tried = {"contact_way": given["contact_way"], "anonymous": case.demand.anonymous}
        answer = registry.answer(uow.session, "first_contact", tried, version=1)
        if answer.outputs["contacted"]:
            order.contacted_at = order.contacted_at or uow.now
        order.status = OrderStatus.HANDLING
        return {"contacted": True}

    def _after_first_contact(self, uow: UnitOfWork, case: Case, _f: Mapping[str, object]) -> None:
        self._end_reminder(uow, case, "first_contact")
        self._open(uow, case, "reply")

    def _reply(self, _uow: UnitOfWork, case: Case, given: Answers) -> None:
        case.ordered.public_reply = str(given["public_reply"]) if given["public_reply"] else None
        case.ordered.status = OrderStatus.IN_APPROVAL

    def _after_reply(self, uow: UnitOfWork, case: Case, _facts: Mapping[str, object]) -> None:
        self._open(uow, case, "approve_reply")

    def _approve(self, uow: UnitOfWork, case: Case, given: Answers) -> None:
        order = case.ordered
        if given["approval"] == "rejected":
            if not given["approval_opinion"]:
                raise Invalid(REFUSED)
            order.status = OrderStatus.HANDLING
            return
        order.replied_at = uow.now
        order.status = OrderStatus.FEEDBACK

    def _after_approve(self, uow: UnitOfWork, case: Case, facts: Mapping[str, object]) -> None:
        if facts["approval"] == "rejected":
            self._open(uow, case, "reply")
            return
        self._stop_clock(uow, case, "handling")
        self._start_clock(uow, case, "review")
        self._open_with_reminder(uow, case, "review_reply")

    def _review(self, uow: UnitOfWork, case: Case, given: Answers) -> None:
        order = case.ordered
        self._stop_clock(uow, case, "review")
        if given["review"] == "rejected":
            if not given["review_opinion"]:
                raise Invalid(REFUSED)
            order.rejected_count += 1
            order.status = OrderStatus.HANDLING
            happened(uow, "reply_rejected", case.demand.id)
            return
        order.reviewed_at = uow.now
        order.status = OrderStatus.PENDING_CALLBACK

    def _after_review(self, uow: UnitOfWork, case: Case, facts: Mapping[str, object]) -> None:
        if facts["review"] == "rejected":
            self._end_reminder(uow, case, "review_reply")
            self._continue_clock(uow, case, "handling")
            self._open(uow, case, "reply")
            return
        self._disarm(uow, case)
        self._start_clock(uow, case, "callback")
        self._open_with_reminder(uow, case, "callback")

    def _callback(self, uow: UnitOfWork, case: Case, given: Answers) -> Mapping[str, object]:
        if given["reached"] != "yes" or not given["solved"]:
            raise Invalid(REFUSED)
        calling_back.keep_attempt(
            uow,
            case,
            given,
            RatingWay.PHONE,
            calling_back.next_attempt(uow.session, case.ordered),
        )
        return {"attempts": 0}

    def _after_callback(self, uow: UnitOfWork, case: Case, facts: Mapping[str, object]) -> None:
        decided = registry.decide(
            uow, "callback", facts, subject_kind=SUBJECT, subject_id=case.demand.id, version=1
        )
        if decided.outputs["outcome"] != "satisfied":
            raise Invalid(REFUSED)
        self._stop_clock(uow, case, "callback")
        self._end_reminder(uow, case, "callback")
        case.ordered.status = OrderStatus.PENDING_CLOSURE
        self._open(uow, case, "close")

    def _close(self, uow: UnitOfWork, case: Case, given: Answers) -> Mapping[str, object]:
        order = case.ordered
        solved = uow.session.execute(
            select(Callback.solved)
            .where(Callback.order_id == order.id, Callback.result.is_not(None))
            .order_by(Callback.attempt.desc())
            .limit(1)
        ).scalar_one_or_none()
        decided = registry.decide(
            uow,
            "closing",
            {
                "closing_reason": given["closing_reason"],
                "solved": None if solved is None else "yes" if solved else "no",
                "judgement": None,
                "re_handled": order.re_handled_count,
            },
            subject_kind=SUBJECT,
            subject_id=case.demand.id,
            version=1,
        ).outputs
        if not decided["allowed"] or (decided["note_required"] and not given["closing_note"]):
            raise Invalid(REFUSED)
        order.closing_reason = str(given["closing_reason"])
        return {"signed_by": decided["signed_by"]}

    def _after_close(self, uow: UnitOfWork, case: Case, _facts: Mapping[str, object]) -> None:
        demand, order = case.demand, case.ordered
        order.status = OrderStatus.CLOSED
        order.closed_at = demand.closed_at = uow.now
        demand.status = DemandStatus.CLOSED
        for name in sorted(
            uow.session.scalars(
                select(ClockRow.name).where(
                    ClockRow.subject_kind == SUBJECT,
                    ClockRow.subject_id == demand.id,
                    ClockRow.stopped_at.is_(None),
                )
            )
        ):
            self._stop_clock(uow, case, name)
        order.published = closing._is_published(uow, case)
        history.record(
            uow,
            demand.id,
            "close_order",
            facts={"reason": order.closing_reason, "published": order.published},
        )
        knowledge.note_gap(uow, case, uow.now)
        merging.tell_joined(uow, case)
        transfer_110.ask_to_return(uow, case, uow.now)
        process = uow.session.get_one(ProcessRow, demand.process_id)
        process.status = "completed"
        process.ended_at = uow.now

    STEPS: ClassVar[dict[str, tuple[Act, Act]]] = {
        "register": (_register, _after_register),
        "answer_or_order": (_answer_or_order, _after_answer),
        "dispatch": (_dispatch, _after_dispatch),
        "sign_for": (_sign_for, _after_sign_for),
        "first_contact": (_first_contact, _after_first_contact),
        "reply": (_reply, _after_reply),
        "approve_reply": (_approve, _after_approve),
        "review_reply": (_review, _after_review),
        "callback": (_callback, _after_callback),
        "close": (_close, _after_close),
    }

    # Rows -------------------------------------------------------------------------------------

    def _open(self, uow: UnitOfWork, case: Case, element_id: str) -> HumanTaskRow:
        element = self._elements[element_id]
        task = HumanTaskRow(
            process_id=case.demand.process_id,
            token=self._token(),
            element_id=element_id,
            name=element.label.zh,
            name_en=element.label.en,
            role=element.role,
            subject_kind=SUBJECT,
            subject_id=case.demand.id,
            opened_at=uow.now,
        )
        uow.session.add(task)
        return task

    def _arm(self, uow: UnitOfWork, case: Case, timers: tuple[tuple[str, str, str], ...]) -> None:
        uow.session.execute(
            insert(TimerWaitRow),
            [
                {
                    "process_id": case.demand.process_id,
                    "token": self._token(),
                    "element_id": element_id,
                    "clock_name": clock,
                    "rung": rung,
                    "armed_at": uow.now,
                }
                for element_id, clock, rung in timers
            ],
        )

    def _open_with_reminder(self, uow: UnitOfWork, case: Case, element_id: str) -> None:
        self._open(uow, case, element_id)
        self._arm(uow, case, LATE_TIMERS[element_id])

    def _end_reminder(self, uow: UnitOfWork, case: Case, element_id: str) -> None:
        [(timer, _clock, _rung)] = LATE_TIMERS[element_id]
        uow.session.execute(
            delete(TimerWaitRow)
            .where(
                TimerWaitRow.process_id == case.demand.process_id, TimerWaitRow.element_id == timer
            )
            .execution_options(synchronize_session=False)
        )

    def _disarm(self, uow: UnitOfWork, case: Case) -> None:
        uow.session.execute(
            delete(TimerWaitRow)
            .where(TimerWaitRow.process_id == case.demand.process_id)
            .execution_options(synchronize_session=False)
        )
        uow.session.execute(
            delete(MessageWaitRow)
            .where(MessageWaitRow.process_id == case.demand.process_id)
            .execution_options(synchronize_session=False)
        )

    def _await_return(self, uow: UnitOfWork, case: Case, element_id: str) -> None:
        """The unit may ask to return the order from here on."""
        uow.session.execute(
            insert(MessageWaitRow),
            {
                "process_id": case.demand.process_id,
                "token": self._token(),
                "element_id": element_id,
                "kind": "message",
                "name": "return_asked",
            },
        )

    def _token(self) -> str:
        """Rows have a column for the engine's token, unique within a process."""
        self._tokens += 1
        return str(self._tokens)

    def _let_due_pass(self, uow: UnitOfWork, demand: Demand) -> None:
        connection = uow.session.connection()
        due = connection.execute(_DUE_RUNG, {"subject": demand.id, "at": uow.now}).all()
        waiting = connection.execute(
            _DUE_TIMER, {"process": demand.process_id, "at": uow.now}
        ).first()
        if waiting is not None or {name for _rung, name in due} - {"dispatch"}:
            raise Conflict(REFUSED)  # nothing that a timer asks for falls due in the bench
        if due:
            uow.session.execute(
                update(ClockRungRow)
                .where(ClockRungRow.id.in_([rung for rung, _name in due]))
                .values(passed_at=ClockRungRow.fire_at, fire_at=None)
                .execution_options(synchronize_session=False)
            )

    def _start_clock(self, uow: UnitOfWork, case: Case, name: str) -> None:
        demand = case.demand
        answer = registry.decide(
            uow,
            "time_limits",
            {
                "nature": demand.nature,
                "urgency": demand.urgency,
                "channel": demand.channel,
                "stage": name,
            },
            subject_kind=SUBJECT,
            subject_id=demand.id,
            version=1,
        )
        terms = clocks.read_terms(answer.outputs)
        calendar = clocks.calendar_of(uow.session, case.unit_id)
        begun = clocks._anchored(case, terms.policy.anchor, uow.now)
        due = deadline(calendar, begun, terms.limit, terms.policy)
        before = self._clock(uow, case, name)
        clock = ClockRow(
            subject_kind=SUBJECT,
            subject_id=demand.id,
            name=name,
            run=1 if before is None else before.run + 1,
            started_at=due.start,
            due_at=due.due_at,
            provisional=due.provisional,
            calendar_code=due.calendar,
            calendar_version=due.version,
            terms=orjson.dumps(due.to_json()).decode(),
            evidence=orjson.dumps({"decision": answer.evidence.to_json(), "stage": name}).decode(),
        )
        uow.session.add(clock)
        uow.session.flush()
        asked = {"unit": due.limit.unit.value, "amount": due.limit.amount}
        outputs = registry.answer(uow.session, "traffic_light", asked, version=1).outputs
        uow.session.execute(
            insert(ClockRungRow),
            [
                {"clock_id": clock.id, "rung": rung, "due_at": at, "fire_at": at, "fired_for": ""}
                for rung, at in clocks.read_rungs(outputs, calendar, due).items()
            ],
        )
        history.record(
            uow,
            demand.id,
            "start_clock",
            facts={
                "clock": name,
                "run": clock.run,
                "stage": name,
                "due_at": due.due_at.isoformat(),
                "calendar": f"{due.calendar}@{due.version}",
            },
        )

    def _stop_clock(self, uow: UnitOfWork, case: Case, name: str) -> None:
        clock = self._clock(uow, case, name)
        if clock is None or clock.stopped_at is not None:
            return
        clock.stopped_at = uow.now
        self._set_rungs(uow, clock, None)
        history.record(uow, case.demand.id, "stop_clock", facts={"clock": name})

    def _continue_clock(self, uow: UnitOfWork, case: Case, name: str) -> None:
        clock = self._clock(uow, case, name)
        assert clock is not None
        uow.session.add(
            ClockRevisionRow(
                clock_id=clock.id,
                at=uow.now,
                what="continue",
                due_before=clock.due_at,
                due_after=clock.due_at,
                evidence="null",
            )
        )
        clock.stopped_at = None
        self._set_rungs(uow, clock, ClockRungRow.due_at)
        history.record(uow, case.demand.id, "continue_clock", facts={"clock": name})

    def _clock(self, uow: UnitOfWork, case: Case, name: str) -> ClockRow | None:
        return uow.session.scalar(
            select(ClockRow)
            .where(
                ClockRow.subject_kind == SUBJECT,
                ClockRow.subject_id == case.demand.id,
                ClockRow.name == name,
            )
            .order_by(ClockRow.run.desc())
            .limit(1)
        )

    def _set_rungs(self, uow: UnitOfWork, clock: ClockRow, fire_at: object) -> None:
        uow.session.execute(
            update(ClockRungRow)
            .where(ClockRungRow.clock_id == clock.id, ClockRungRow.passed_at.is_(None))
            .values(fire_at=fire_at)
            .execution_options(synchronize_session=False)
        )

    def _record(
        self,
        uow: UnitOfWork,
        case: Case,
        element_id: str,
        checked: Answers,
        facts: Mapping[str, object],
    ) -> None:
        text = orjson.dumps(checked, option=orjson.OPT_SORT_KEYS, default=str).decode()
        salt = audit.salt()
        kept = uow.session.connection().execute(
            _KEEP,
            {
                "demand_id": case.demand.id,
                "element_id": element_id,
                "done_at": uow.now,
                "done_by": uow.actor.user_id,
                "done_by_name": uow.actor.name,
                "answers": text,
                "salt": salt,
            },
        )
        history.record(
            uow,
            case.demand.id,
            "step",
            element_id=element_id,
            facts={"facts": dict(facts), "record": audit.digest_of_text(salt, text)},
            record_id=kept.scalar_one(),
        )
