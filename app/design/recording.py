"""Recording a story: somebody clicks through a sandbox, and the story is kept step by step.

A sandbox is not kept between two clicks. The story is, and is told anew at each of them: it comes
out the same, in less than a second, whichever process of the server is asked.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import update
from sqlalchemy.orm import Session

from app.core.db import Sessions, reading
from app.core.errors import Conflict, Invalid, NotFound
from app.core.phrase import Phrase
from app.core.uow import UnitOfWork
from app.design import changes, drafts, scenario_text, scenarios, trying
from app.design.drafts import person
from app.design.models import DesignDraft, DesignRecording, Kind
from app.design.sandbox import Sandbox
from app.design.scenarios import Scenario, Step
from app.identity.policy import require

MOST_STEPS = 60
"""In one recorded story: it is told anew at every click."""

_UNNAMED = Phrase("录制", "Recording")


@dataclass(slots=True)
class Told:
    """A story told again: the sandbox as it stands then, or why it no longer goes so."""

    sandbox: Sandbox
    steps: Sequence[Step]
    difference: Phrase | None = None
    step: int = 0
    """Which step could not be done, from 1; 0 for none."""


def begin(uow: UnitOfWork, process: str, change_id: int | None) -> DesignRecording:
    """Begin a story about a process, under a change or what is in force.

    Raises `NotAllowed`, `NotFound` for a process or a change there is not.
    """
    require(uow.actor, "design.edit")
    if change_id is not None:
        changes.change(uow.session, change_id)
    if process not in trying.processes(uow.session, trying.texts_of(uow.session, change_id)):
        raise NotFound(Phrase("没有这个流程。", "There is no such process."))
    who = person(uow)
    made = DesignRecording(
        process=process,
        change_id=change_id,
        story=_written(()),
        revision=1,
        created_by=who.id,
        created_by_name=who.name,
        created_at=uow.now,
        changed_at=uow.now,
    )
    uow.session.add(made)
    uow.session.flush()
    return made


def recording(session: Session, recording_id: int) -> DesignRecording:
    """The recording with this id. Raises `NotFound`."""
    found = session.get(DesignRecording, recording_id)
    if found is None:
        raise NotFound(Phrase("没有这段录制。", "There is no such recording."))
    return found


def story_of(found: DesignRecording) -> tuple[Step, ...]:
    """The steps so far."""
    return scenario_text.read(found.story, "story").scenarios[0].story


def told(
    sessions: Sessions, now: datetime, found: DesignRecording, further: Step | None = None
) -> Told:
    """Tell the story again, with one `further` step. Close the sandbox afterwards.

    What a step refuses is in the answer; the sandbox then stands before that step. Raises
    `Invalid` where a draft of the change cannot be published, or the story has grown too long.
    """
    steps = story_of(found)
    if further is not None:
        steps = (*steps, further)
    if len(steps) > MOST_STEPS:
        raise Invalid(
            Phrase(
                f"一段录制最多 {MOST_STEPS} 步：请先保存为情景，再录下一段。",
                f"A recording takes at most {MOST_STEPS} steps: keep it as a scenario first.",
            )
        )
    with reading(sessions) as session:
        texts = trying.texts_of(session, found.change_id)
        usual = trying.usual_answers(trying.stories(session, texts)[0])
    sandbox = Sandbox.open(sessions, now, texts=texts, usual=usual)
    for number, step in enumerate(steps, 1):
        difference = scenarios.do_step(sandbox, step)
        if difference is not None:
            return Told(sandbox, steps[: number - 1], difference, number)
    return Told(sandbox, steps)


def keep(uow: UnitOfWork, recording_id: int, revision: int, steps: Sequence[Step]) -> None:
    """Keep the story as it is now. Raises `NotAllowed`, `NotFound`, `Conflict` when it has changed
    since `revision`.
    """
    require(uow.actor, "design.edit")
    recording(uow.session, recording_id)
    changed = uow.session.execute(
        update(DesignRecording)
        .where(DesignRecording.id == recording_id, DesignRecording.revision == revision)
        .values(story=_written(steps), revision=revision + 1, changed_at=uow.now)
        .returning(DesignRecording.id)
        .execution_options(synchronize_session=False)
    ).first()
    if changed is None:
        raise Conflict(
            Phrase(
                "这段录制已在别处继续：请刷新后再操作。",
                "This recording was continued elsewhere: reload, then go on.",
            )
        )


def save_as_scenario(
    uow: UnitOfWork,
    recording_id: int,
    name: str,
    told_: Told,
) -> DesignDraft:
    """Keep the story as a scenario of its process, with the history it had as what is expected.

    It goes into the change it was tried under, or into a new one, as a draft of the scenarios;
    one of that name is replaced. Raises `NotAllowed`, `Invalid` without a name or steps,
    `Conflict` when the change cannot be edited or another one holds the scenarios.
    """
    found = recording(uow.session, recording_id)
    name = name.strip()
    if not name or len(name) > 100:
        wrong = Phrase("请填写情景名称，最多 100 个字。", "Name it, in at most 100 characters.")
        raise Invalid(wrong, {"name": wrong})
    if not told_.steps:
        raise Invalid(
            Phrase("还没有任何步骤，不能保存。", "Nothing has been done yet: there is no story.")
        )
    expected = scenarios.as_it_was(told_.sandbox)
    scenario = Scenario(Phrase(name, name), tuple(told_.steps), expected)
    change_id = found.change_id
    if change_id is None:
        title = f"情景：{name}"
        change_id = changes.open_change(uow, title, "录制的情景。").id
    draft = drafts.open_draft(uow, change_id, Kind.SCENARIOS.value, found.process)
    document = scenarios.with_scenario(scenario_text.read(draft.content, found.process), scenario)
    text = scenario_text.write(document)
    return drafts.save(uow, draft.id, draft.revision, text)


def _written(steps: Sequence[Step]) -> str:
    empty = scenarios.Expectation()
    return scenario_text.write(scenarios.Document((Scenario(_UNNAMED, tuple(steps), empty),), {}))
