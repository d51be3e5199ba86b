"""The small diagram of the thin series, and the lives that are led in it."""

from bench.lives import Move

PROCESS = "thin"


def diagram(*, is_true: str) -> bytes:
    """The diagram as BPMN; `is_true` is how its expression language asks for it.

    sign → handle → returned? back to sign : review → rejected? back to sign : callback
    """
    tasks = "".join(
        f'<bpmn:userTask id="{name}" name="{name}"/>'
        for name in ("sign", "handle", "review", "callback")
    )
    flows = (
        ("to_sign", "start", "sign", ""),
        ("to_handle", "sign", "handle", ""),
        ("handled", "handle", "returned_or_not", ""),
        ("to_review", "returned_or_not", "review", ""),
        ("back_to_unit", "returned_or_not", "sign", f"returned {is_true}"),
        ("reviewed", "review", "rejected_or_not", ""),
        ("to_callback", "rejected_or_not", "callback", ""),
        ("rejected_to_unit", "rejected_or_not", "sign", f"rejected {is_true}"),
        ("to_end", "callback", "end", ""),
    )
    arrows = "".join(
        f'<bpmn:sequenceFlow id="{name}" sourceRef="{source}" targetRef="{target}">'
        + (f"<bpmn:conditionExpression>{condition}</bpmn:conditionExpression>" if condition else "")
        + "</bpmn:sequenceFlow>"
        for name, source, target, condition in flows
    )
    return (
        '<bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL" '
        'id="definitions" targetNamespace="https://jieban.dev/bench">'
        f'<bpmn:process id="{PROCESS}" isExecutable="true"><bpmn:startEvent id="start"/>{tasks}'
        '<bpmn:exclusiveGateway id="returned_or_not" default="to_review"/>'
        '<bpmn:exclusiveGateway id="rejected_or_not" default="to_callback"/>'
        f'<bpmn:endEvent id="end"/>{arrows}</bpmn:process></bpmn:definitions>'
    ).encode()


SIGN = Move("sign", {"unit": 17})
RETURN = Move("handle", {"returned": True, "reason": "not_ours"})
HANDLE = Move("handle", {"returned": False, "result": "resolved"})
REJECT = Move("review", {"rejected": True})
PASS = Move("review", {"rejected": False})
CALL = Move("callback", {"satisfied": True})

LIFE = (SIGN, RETURN, SIGN, HANDLE, PASS, CALL)
"""With the start seven transitions; the unit returns the case once."""

LONG_LIFE = (SIGN, RETURN, SIGN, HANDLE, REJECT, SIGN, HANDLE, PASS, CALL)
"""Ten transitions with the start: returned once, rejected once."""

LOOP = (SIGN, RETURN)
