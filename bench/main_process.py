"""The product's main process, also as stock SpiffWorkflow can read it, and the lives led in it."""

import re

from lxml import etree

from app.office import DIAGRAMS
from bench.lives import Move

PROCESS = "work_order"
_BPMN = "{http://www.omg.org/spec/BPMN/20100524/MODEL}"

SCRIPTS = {
    "check_acceptance": 'acceptance = {"accepted": True}',
    "find_similar": "similar_count = 0",
    "decide_callback": 'callback = {"outcome": "satisfied", "send_link": False}',
}
"""What services and tables give back; everything else they do is outside the process."""

REGISTER = Move("register", {"anonymous": False, "urgency": "normal", "nature": "complaint"})
LEAD = (
    Move("answer_or_order", {"outcome": "order"}),
    Move(
        "dispatch",
        {
            "owner_unclear": False,
            "dispatch_mode": "assign",
            "lead_unit": 1,
            "co_units": None,
            "signed": False,
            "contacted": False,
        },
    ),
    Move("sign_for", {"signed": True}),
    Move("first_contact", {"contact_way": "phone", "contacted": True}),
)
REPLY = Move("reply", {"truth": "true", "handling_result": "resolved"})
APPROVE = Move("approve_reply", {"approval": "approved"})
PASS = Move("review_reply", {"review": "passed"})
REJECT = Move("review_reply", {"review": "rejected"})
CALL = Move(
    "callback",
    {
        "reached": "yes",
        "efficiency": "satisfied",
        "attitude": "satisfied",
        "result": "satisfied",
        "solved": "yes",
        "attempts": 1,
    },
)
CLOSE = Move("close", {"closing_reason": "resolved", "signed_by": "reviewer"})

LIFE = (REGISTER, *LEAD, REPLY, APPROVE, PASS, CALL, CLOSE)
"""The ten transitions of a smooth case, after its arrival."""

LOOP = (REPLY, APPROVE, REJECT)
"""The review rejects the reply: the unit handles it again."""


def sources() -> list[bytes]:
    """The diagram of the main process and those it calls."""
    found: dict[str, bytes] = {}
    ahead = [PROCESS]
    while ahead:
        name = ahead.pop()
        if name not in found:
            found[name] = (DIAGRAMS / f"{name}.bpmn").read_bytes()
            calls = etree.fromstring(found[name]).iter(f"{_BPMN}callActivity")
            ahead += [call.get("calledElement") for call in calls]
    return list(found.values())


def stock_sources() -> list[bytes]:
    """The diagrams with conditions in Python, services as empty scripts, and timers far ahead."""
    return [_stock(source) for source in sources()]


def _stock(source: bytes) -> bytes:
    root = etree.fromstring(source)
    for kind in ("serviceTask", "sendTask", "businessRuleTask"):
        for task in list(root.iter(f"{_BPMN}{kind}")):
            task.tag = f"{_BPMN}scriptTask"
            script = etree.SubElement(task, f"{_BPMN}script")
            script.text = SCRIPTS.get(task.get("id"), "pass")
    for condition in root.iter(f"{_BPMN}conditionExpression"):
        condition.text = _python(condition.text)
    for at in root.iter(f"{_BPMN}timeDate"):
        at.text = '"2099-01-01T00:00:00+00:00"'
    for span in root.iter(f"{_BPMN}timeDuration"):
        span.text = '"PT4H"'
    return etree.tostring(root)


def _python(condition: str) -> str:
    """The few comparisons of the diagram in Python."""
    text = condition.replace(" = ", " == ")
    text = re.sub(r"\b(true|false)\b", lambda found: found[0].title(), text)
    return re.sub(r"(\w+)\.(\w+)", r'\1["\2"]', text)
