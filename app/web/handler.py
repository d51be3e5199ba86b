"""A handler's help: what other units have answered of their parts; a reply that was returned
begins with what was written, and says why.
"""

from app.cases import queries
from app.cases.orders import Case
from app.engine import HumanTaskRow
from app.web.access import reading_session
from app.web.case import HELPS, Help, event_of, lines_of
from app.web.parts import part_rows

_RETURNING = frozenset({"approve_reply", "review_reply", "judge"})
"""The steps that may send an order back to its handler."""


def replying(case: Case, task: HumanTaskRow) -> Help:
    """Of a second reply: the opinion that returned the first, and its text to be mended."""
    session = reading_session()
    written = queries.last_answers(session, case.demand.id, task.element_id)
    if written is None:
        return Help("beside_reply.html", {"returned": None, "parts": part_rows(session, case)})
    returning = (
        line
        for line in reversed(lines_of(session, case))
        if line.is_step and line.element_id in _RETURNING
    )
    returned = next(returning, None)
    return Help(
        "beside_reply.html",
        {
            "returned": event_of(returned) if returned is not None else None,
            "parts": part_rows(session, case),
        },
        begin={name: value for name, value in written.items() if value is not None},
    )


HELPS["reply"] = replying
