"""Adopting what came of a scenario under a change: what that would alter, and doing it."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from flask import flash, redirect, request, url_for
from werkzeug.wrappers import Response

from app.core import clock
from app.core.errors import Conflict, Invalid, NotFound
from app.core.phrase import Phrase
from app.design import adopting, comparing_scenarios, scenario_text, scenarios, trying
from app.design.sandbox import Answers
from app.design.scenarios import Open, Scenario
from app.web.access import acting, permission, reading_session
from app.web.design.comparing import DifferenceRow, difference_rows
from app.web.design.running import sessions
from app.web.forms import number_in
from app.web.language import _, say


@dataclass(frozen=True, slots=True)
class Offer:
    """What adopting would alter; or why it cannot be done."""

    rows: Sequence[DifferenceRow] = ()
    seen: str = ""
    """What tells this outcome from another one that came of drafts saved meanwhile."""
    refusal: str = ""


def offer(scenario: Scenario, usual: Mapping[str, Answers], open_: Open) -> Offer:
    """What adopting the outcome of a scenario would alter. Runs it once more."""
    try:
        after = adopting.amended(scenario, usual, open_)
    except Invalid as refusal:
        return Offer(refusal=say(refusal.phrase))
    found = comparing_scenarios.of_one(scenario, after)
    return Offer(difference_rows(found), _digest(after))


@permission("design.edit")
def adopt_outcome(key: str, number: int) -> Response:
    """Take what came out over into the change's draft of the scenarios."""
    change_id = number_in(request.form.get("change", ""))
    session = reading_session()
    texts = trying.texts_of(session, change_id)
    found = trying.stories(session, texts)[0]
    document = found.get(key, scenarios.Document((), {}))
    if change_id is None or not 1 <= number <= len(document.scenarios):
        raise NotFound(Phrase("没有这个情景。", "There is no such scenario."))
    before = document.scenarios[number - 1]
    back = redirect(url_for("web.replay", key=key, number=number, change=change_id))
    open_ = trying.opener(sessions(), clock.now(), texts)
    try:
        after = adopting.amended(before, trying.usual_answers(found), open_)
        if _digest(after) != request.form.get("seen"):
            flash(_("草稿刚改过，结果已不同：请重新看过再采用。"), "stop")
            return back
        with acting() as uow:
            adopting.adopt(uow, change_id, key, before, after)
    except (Invalid, Conflict) as refusal:
        flash(say(refusal.phrase), "stop")
        return back
    flash(_("已采用实际结果，放入变更单的情景草稿。"), "done")
    return back


def _digest(scenario: Scenario) -> str:
    text = scenario_text.write(scenarios.Document((scenario,), {}))
    return hashlib.sha256(text.encode()).hexdigest()
