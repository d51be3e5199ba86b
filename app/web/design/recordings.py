"""Recording a scenario: a designer clicks through a sandbox, in any role, on a clock of its own."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from flask import flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from app.cases import intake
from app.core import clock
from app.core.db import reading
from app.core.errors import Conflict, Invalid
from app.core.phrase import Phrase
from app.design import changes, recording, scenarios, time_words
from app.design.interventions import Intervention
from app.design.models import DesignRecording
from app.design.recording import Told
from app.design.sandbox import Sandbox
from app.design.sandbox import Step as Waiting
from app.engine.forms import FieldType, Form
from app.engine.ports import StepKind
from app.identity.policy import ROLE_NAMES
from app.web.access import acting, permission, reading_session
from app.web.case import choices_of
from app.web.design.running import Diagrams, deadline_row, lines, outcome_word, sessions
from app.web.forms import Choices, FormView, form_view, number_in, submitted
from app.web.labels import City
from app.web.language import _, say

Page = str | Response | tuple[str, int]

REGISTER = "register"


@dataclass(frozen=True, slots=True)
class Choice:
    """Something that can be done now; `name` is what addresses call it."""

    name: str
    label: str
    who: str
    process: str
    chosen: bool


@permission("design.edit")
def begin_recording() -> Response:
    """Begin a story."""
    change_id = number_in(request.form.get("change", ""))
    with acting() as uow:
        made = recording.begin(uow, request.form.get("process", ""), change_id).id
    return redirect(url_for("web.recording", recording_id=made))


@permission("design.see")
def show_recording(recording_id: int) -> Page:
    """The story so far, and what can be done next."""
    found = recording.recording(reading_session(), recording_id)
    told = recording.told(sessions(), clock.now(), found)
    with told.sandbox:
        return _page(found, told)


@permission("design.edit")
def record_step(recording_id: int) -> Page:
    """Do what waits for a person, with the answers of its form."""
    found = recording.recording(reading_session(), recording_id)
    told = recording.told(sessions(), clock.now(), found)
    name = request.form.get("step", "")
    with told.sandbox as sandbox:
        form = _form_of(sandbox, name)
        if form is None and name not in {_named(one) for one in _waiting(sandbox)}:
            flash(_("这一步现在不能办理，请重新选择。"), "stop")
            return redirect(url_for("web.recording", recording_id=recording_id))
        asked = _without_files(form) if form is not None else Form(())
        step = _step(sandbox, name, form, submitted(asked, request.form))
    return _go_on(found, step, request.form)


@permission("design.edit")
def record_time(recording_id: int) -> Page:
    """Let time pass."""
    found = recording.recording(reading_session(), recording_id)
    words = request.form.get("words") or _amount(request.form)
    return _go_on(found, scenarios.Step("wait", words))


@permission("design.edit")
def record_way(recording_id: int) -> Page:
    """Go on in the usual way until a step is open."""
    found = recording.recording(reading_session(), recording_id)
    return _go_on(found, scenarios.Step("go_on", request.form.get("until", "")))


@permission("design.edit")
def undo_step(recording_id: int) -> Page:
    """Take the last step back."""
    found = recording.recording(reading_session(), recording_id)
    return _keep(found, recording.story_of(found)[:-1])


@permission("design.edit")
def save_recording(recording_id: int) -> Page:
    """Keep the story as a scenario, in a draft."""
    found = recording.recording(reading_session(), recording_id)
    told = recording.told(sessions(), clock.now(), found)
    with told.sandbox:
        try:
            with acting() as uow:
                draft = recording.save_as_scenario(
                    uow, recording_id, request.form.get("name", ""), told
                )
                change_id = draft.change_id
        except (Invalid, Conflict) as refusal:
            status = 409 if isinstance(refusal, Conflict) else 422
            return _page(found, told, say(refusal.phrase)), status
    flash(_("已保存为情景，放入变更单。"), "done")
    return redirect(url_for("web.trials", key=found.process, change=change_id))


def _go_on(
    found: DesignRecording, step: scenarios.Step, typed: Mapping[str, Any] | None = None
) -> Page:
    """Tell the story with one more step, and keep it where that could be done."""
    told = recording.told(sessions(), clock.now(), found, step)
    with told.sandbox:
        if told.difference is not None:
            return _page(found, told, say(told.difference), typed), 422
        steps = told.steps
    return _keep(found, steps)


def _keep(found: DesignRecording, steps: Sequence[scenarios.Step]) -> Page:
    seen = number_in(request.form.get("revision", "")) or found.revision
    try:
        with acting() as uow:
            recording.keep(uow, found.id, seen, steps)
    except Conflict as late:
        flash(say(late.phrase), "stop")
    return redirect(url_for("web.recording", recording_id=found.id))


def _page(
    found: DesignRecording,
    told: Told,
    refusal: str = "",
    typed: Mapping[str, Any] | None = None,
) -> str:
    sandbox = told.sandbox
    if told.difference is not None and not refusal:
        refusal = _("第 %(step)s 步现在办不成了：%(why)s", step=told.step, why=say(told.difference))
    session = reading_session()
    diagrams = Diagrams(session, found.change_id)
    shown = request.args.get("show", found.process)
    if shown not in diagrams:
        shown = found.process
    waiting = _waiting(sandbox)
    chosen = _chosen(sandbox, waiting, typed)
    form = _form_of(sandbox, chosen)
    steps = lines(sandbox.trace, diagrams, shown)
    marks = steps[-1].marks if steps else None
    return render_template(
        "design/recording.html",
        recording=found,
        change=changes.change(session, found.change_id) if found.change_id else None,
        title=diagrams.title(found.process),
        refusal=refusal,
        now=sandbox.now,
        outcome=outcome_word(sandbox.outcome()) if sandbox.begun else "",
        deadlines=[deadline_row(one) for one in sandbox.deadlines()] if sandbox.begun else (),
        choices=_choices(waiting, chosen, diagrams) if sandbox.begun else (),
        beside=_choices_beside(sandbox, chosen),
        chosen=chosen,
        chosen_name=_label(sandbox, waiting, chosen),
        form=_form_view(sandbox, chosen, form, typed),
        ways=_ways(diagrams) if sandbox.begun else (),
        steps=steps,
        written=len(told.steps),
        shown=shown,
        address=diagrams.address(shown),
        active=marks.active if marks else (),
        done=[*marks.done, *marks.fresh] if marks else (),
        processes=[(one, diagrams.title(one)) for one in _processes(sandbox, found.process)],
        ahead=_ahead(sandbox) if sandbox.begun else (),
        next_deadline=time_words.NEXT_DEADLINE,
        next_working_day=time_words.NEXT_WORKING_DAY,
        editable=told.difference is None or bool(typed),
    )


def _ahead(sandbox: Sandbox) -> list[tuple[str, str, datetime]]:
    """The instants of clocks to go to: the words of a scenario for each, its name, and when."""
    rungs = {
        "yellow": _("黄灯"),
        "red": _("到期"),
        "overdue_1": _("首次催办"),
        "overdue_2": _("再次催办"),
    }
    return [
        (
            time_words.of_deadline(one.clock, one.rung),
            f"{say(one.label)} · {rungs[one.rung]}",
            one.at,
        )
        for one in sandbox.ahead()
    ]


def _processes(sandbox: Sandbox, own: str) -> list[str]:
    passed = [
        one.process
        for entry in sandbox.trace
        for move in entry.moves
        for one in move.passed
        if one.how is StepKind.ENTERED
    ]
    return list(dict.fromkeys([own, *passed]))


def _waiting(sandbox: Sandbox) -> list[Waiting]:
    return sandbox.steps() if sandbox.begun else []


def _named(one: Waiting) -> str:
    """What an address calls a step: its element, and the unit where it is one's."""
    return one.element.id if one.unit_id is None else f"{one.element.id}@{one.unit_id}"


def _chosen(sandbox: Sandbox, waiting: Sequence[Waiting], typed: Mapping[str, Any] | None) -> str:
    """The step whose form is shown: the one asked for, else the first task."""
    if not sandbox.begun:
        return REGISTER
    names = [*(_named(one) for one in waiting), *_beside(sandbox)]
    asked = (typed or {}).get("step") or request.args.get("step", "")
    if asked in names:
        return str(asked)
    tasks = [_named(one) for one in waiting if one.task_id is not None]
    return (tasks or [""])[0]


def _beside(sandbox: Sandbox) -> dict[str, Intervention]:
    """What can be done beside the diagrams, by what an address calls it."""
    found = sandbox.interventions() if sandbox.begun else []
    return {f"{one.verb}:{one.what}": one for one in found}


def _find(waiting: Sequence[Waiting], name: str) -> Waiting | None:
    return next((one for one in waiting if _named(one) == name), None)


def _label(sandbox: Sandbox, waiting: Sequence[Waiting], chosen: str) -> str:
    if chosen == REGISTER:
        return _("登记诉求")
    beside = _beside(sandbox).get(chosen)
    if beside is not None:
        return say(beside.label)
    found = _find(waiting, chosen)
    return "" if found is None else say(found.element.label)


def _form_of(sandbox: Sandbox, name: str) -> Form | None:
    if not sandbox.begun:
        return sandbox.registration()[0]
    beside = _beside(sandbox).get(name)
    if beside is not None:
        return beside.form
    found = _find(_waiting(sandbox), name)
    return None if found is None else found.form


def _choices(waiting: Sequence[Waiting], chosen: str, diagrams: Diagrams) -> list[Choice]:
    return [
        Choice(
            _named(one),
            say(one.element.label) or one.element.id,
            say(ROLE_NAMES.get(one.role, Phrase(one.role, one.role))),
            diagrams.title(one.process),
            _named(one) == chosen,
        )
        for one in waiting
    ]


def _choices_beside(sandbox: Sandbox, chosen: str) -> list[Choice]:
    return [
        Choice(name, say(one.label), say(ROLE_NAMES[one.role]), "", name == chosen)
        for name, one in _beside(sandbox).items()
    ]


def _ways(diagrams: Diagrams) -> list[tuple[str, str]]:
    """The steps of the main process that can be gone to in the usual way."""
    process = diagrams.diagram(intake.MAIN_PROCESS).processes[intake.MAIN_PROCESS]
    return [
        (one.id, say(one.label))
        for one in process.elements.values()
        if one.kind == "userTask" and one.id != REGISTER
    ]


def _form_view(
    sandbox: Sandbox, chosen: str, form: Form | None, typed: Mapping[str, Any] | None
) -> FormView | None:
    if form is None:
        return None
    if typed is None or typed.get("step") != chosen:
        typed = _begin_with(sandbox, chosen)
    found = _find(_waiting(sandbox), chosen) if chosen != REGISTER else None
    return form_view(
        _without_files(form),
        frozenset({"agent"}) if found is None else frozenset({found.role}),
        typed=typed,
        choices=_city(sandbox),
    )


def _city(sandbox: Sandbox) -> dict[str, Choices]:
    """The units and places of the sandbox: those of the city, and its stand-ins."""
    with reading(sandbox.sessions) as session:
        return choices_of(City(session))


def _begin_with(sandbox: Sandbox, chosen: str) -> dict[str, object]:
    """What a form begins with; units as the page knows them."""
    if chosen == REGISTER:
        form, given = sandbox.registration()
    elif (beside := _beside(sandbox).get(chosen)) is not None:
        form, given = beside.form, sandbox.suggested_intervention(beside)
    else:
        found = _find(_waiting(sandbox), chosen)
        if found is None or found.form is None:
            return {}
        form, given = found.form, sandbox.suggested(found)
    units = {one.name for one in form.fields if one.type in {FieldType.UNIT, FieldType.UNITS}}
    files = {one.name for one in form.fields if one.type is FieldType.FILES}
    begun: dict[str, object] = {}
    for name, value in given.items():
        many = value if isinstance(value, list) else [value]
        if name in units:
            begun[name] = [str(sandbox.unit(str(one))) for one in many if one]
        elif name in files:
            begun[name] = "、".join(str(one) for one in many)
        else:
            begun[name] = value
    return begun


def _without_files(form: Form) -> Form:
    """The form with a name to be typed where files would be uploaded: a sandbox keeps none."""
    return Form(
        tuple(
            replace(
                one,
                type=FieldType.TEXT,
                max_length=200,
                help=Phrase(
                    "填写文件名即可，沙盒不上传文件。", "A name will do: nothing is uploaded."
                ),
            )
            if one.type is FieldType.FILES
            else one
            for one in form.fields
        )
    )


def _step(
    sandbox: Sandbox, name: str, form: Form | None, sent: Mapping[str, object]
) -> scenarios.Step:
    """What was done, as a story tells it: units by their code, files by their names."""
    begun = _begin_with(sandbox, name)
    answers: dict[str, object] = {}
    for one in form.fields if form is not None else ():
        value = sent.get(one.name)
        if not value and one.name not in begun:
            continue  # left empty, as it would be anyway
        match one.type:
            case FieldType.UNIT if value:
                answers[one.name] = sandbox.unit_code(int(str(value)))
            case FieldType.UNITS if isinstance(value, list):
                answers[one.name] = [sandbox.unit_code(int(unit)) for unit in value]
            case FieldType.FILES:
                answers[one.name] = [part.strip() for part in str(value or "").split("、") if part]
            case _:
                answers[one.name] = value if isinstance(value, list) else str(value or "")
    if name == REGISTER:
        return scenarios.Step("register", "", answers)
    beside = _beside(sandbox).get(name)
    if beside is not None:
        return scenarios.Step(beside.verb, beside.what, answers)
    element, _at, unit = name.partition("@")
    alike = [one for one in _waiting(sandbox) if one.element.id == element]
    by = None
    if len(alike) > 1 and unit:
        by = f"{alike[0].role}@{sandbox.unit_code(int(unit))}"
    return scenarios.Step("do", element, answers, by)


def _amount(sent: Mapping[str, str]) -> str:
    return f"{sent.get('amount', '1')} {sent.get('unit', 'hours')}"
