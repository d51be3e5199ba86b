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
    "decide_callback": 'callback = {"outcome": "satisfied"}',
}
"""What services and tables give back; everything else they do is outside the process."""

REGISTER = Move("register", {"anonymous": False, "urgency": "normal", "nature": "complaint"})
LEAD = (
    Move("answer_or_order", {"outcome": "order"}),
    Move("dispatch", {"lead_unit": 1}),
    Move("sign_for"),
    Move("first_contact", {"contact_way": "phone"}),
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


def source() -> bytes:
    """The diagram of the main process."""
    return (DIAGRAMS / f"{PROCESS}.bpmn").read_bytes()


def stock_source() -> bytes:
    """The diagram with conditions in Python, services as empty scripts, and timers far ahead."""
    root = etree.fromstring(source())
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
