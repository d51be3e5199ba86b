"""Procedures in words: how one is called, what set it going, how it ended.

What a designer named is read from the diagram that the process runs on.
"""

from collections.abc import Mapping

from sqlalchemy.orm import Session

from app import engine
from app.cases.models.procedure import Procedure
from app.core.phrase import Phrase

OUTCOMES: Mapping[str, Phrase] = {
    "accepted": Phrase("合格办结", "accepted"),
    "answered": Phrase("已答复", "answered"),
    "approved": Phrase("同意", "approved"),
    "broken": Phrase("未落实", "not kept"),
    "cancelled": Phrase("随处置终止", "ended by the duty manager"),
    "declined": Phrase("不愿评价", "declined to rate"),
    "dissatisfied": Phrase("不满意", "dissatisfied"),
    "ended": Phrase("提前终止", "ended early"),
    "kept": Phrase("本平台办理", "kept here"),
    "missing": Phrase("未答复", "not answered"),
    "no_contact": Phrase("无法联系", "could not be reached"),
    "not_rated": Phrase("未评价", "not rated"),
    "referred": Phrase("移送纪检监察", "referred to discipline inspection"),
    "refused": Phrase("不同意", "refused"),
    "released": Phrase("已解除协办", "released"),
    "reported": Phrase("已处置", "dealt with"),
    "result_back": Phrase("结果已回传", "result returned"),
    "resumed": Phrase("已恢复办理", "handling goes on"),
    "returned": Phrase("已退回", "returned"),
    "satisfied": Phrase("满意", "satisfied"),
    "void": Phrase("已失效", "no longer needed"),
    "withdrawn": Phrase("已撤回", "withdrawn"),
}
OF_KIND: Mapping[tuple[str, str], Phrase] = {
    ("promise", "kept"): Phrase("已落实", "kept"),
    ("supervision", "withdrawn"): Phrase("已撤销", "withdrawn"),
}
"""Where a code means something else in one kind of procedure."""


def name_of(session: Session, procedure: Procedure) -> Phrase:
    """What a procedure is called: the name of its diagram."""
    plain = procedure.kind.replace("_", " ").capitalize()
    if procedure.process_id is None:
        return Phrase(procedure.kind, plain)
    bundle = engine.bundle_of_process(session, procedure.process_id)
    diagram = bundle.processes[bundle.main]
    return Phrase(diagram.name or procedure.kind, diagram.name_en or plain)


def outcome_of(session: Session, procedure: Procedure) -> Phrase:
    """How a procedure ended; a designer's own outcome is called as the diagram's ends of that path
    are, or by its code where the diagram does not tell.
    """
    code = procedure.outcome or ""
    known = OF_KIND.get((procedure.kind, code)) or OUTCOMES.get(code)
    return known or _called_in_diagram(session, procedure, code) or Phrase(code, code)


def cause_of(procedure: Procedure) -> Phrase | None:
    """What set a procedure going by itself; None where somebody asked for it."""
    what, _colon, which = (procedure.cause or "").partition(":")
    if what.startswith("report/"):
        day = what.removeprefix("report/")
        return Phrase(f"上级{day}热线日报列为不满意", f"on the superior's report of {day}")
    match what:
        case "order":
            return Phrase("诉求登记为紧急", "the demand was registered as urgent")
        case "supervision":
            return Phrase("督办事由要求重新办理", "a cause of supervision asks to handle it again")
        case "recheck":
            return Phrase("回访复核不满意", "the requester was dissatisfied when asked again")
        case "re_check":
            day = which.partition(":")[0]
            return Phrase(f"{day}办结的工单抽样", f"drawn from the orders closed on {day}")
        case _:
            return None


def _called_in_diagram(session: Session, procedure: Procedure, code: str) -> Phrase | None:
    """The name of the step that ends a procedure with this outcome."""
    if procedure.process_id is None:
        return None
    written = f'"{code}"'
    for process in engine.bundle_of_process(session, procedure.process_id).processes.values():
        for element in process.elements.values():
            service = element.service
            given = service.parameters if service is not None else ()
            if element.name and any(
                one.name == "outcome" and one.value.feel == written for one in given
            ):
                return element.label
    return None
