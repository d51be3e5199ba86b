"""What is known beside a request for more time: the limit as it stands, and what was granted."""

from app import engine
from app.cases import clocks, extending
from app.cases.acts import Act
from app.cases.extending import CLOCK, GROUNDS
from app.cases.orders import SUBJECT, Case, find_in_scope
from app.engine import HumanTaskRow
from app.identity.models import HandlingUnit
from app.web import acts, case
from app.web.access import reading_session
from app.web.case import Help
from app.web.language import _, due, language, say
from app.web.views import Fact

TEMPLATE = "beside_facts.html"


def asking(found: Case, _act: Act) -> Help:
    """The limit that is to be moved, before the unit asks."""
    return Help(TEMPLATE, {"known": _limit(found)})


def deciding(found: Case, task: HumanTaskRow) -> Help:
    """The limit, and what the unit asks for and why."""
    session = reading_session()
    asked = extending.request_of(session, find_in_scope(session, found.demand.id, task.scope))
    unit = session.get_one(HandlingUnit, asked.unit_id)
    return Help(
        TEMPLATE,
        {
            "known": [
                *_limit(found),
                Fact(_("申请单位"), unit.name_in(language())),
                Fact(_("第几次申请"), str(asked.number)),
                Fact(_("申请天数"), str(asked.days)),
                Fact(_("延期理由"), say(GROUNDS.get(asked.ground, GROUNDS["other"]))),
                Fact(_("延期事由"), asked.reason, wide=True),
                Fact(_("依据"), asked.legal_basis, wide=True),
            ]
        },
    )


def _limit(found: Case) -> list[Fact]:
    session = reading_session()
    clock = engine.clock_of(session, SUBJECT, found.demand.id, CLOCK)
    if clock is None or clock.due_at is None:
        return []
    limit = clocks.given(clock).limit
    granted = [one.days_granted or 0 for one in extending.requests_for(session, clock.id)]
    return [
        Fact(_("原时限"), say(limit.phrase)),
        Fact(_("当前期限"), due(clock.due_at)),
        Fact(
            _("已批准延期"),
            _("%(times)s 次，共 %(days)s 天", times=len(granted), days=sum(granted)),
        ),
    ]


acts.HELPS["extension_asked"] = asking
for _step in ("decide_extension", "decide_second_extension"):
    case.HELPS[_step] = deciding
