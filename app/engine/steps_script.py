"""The script of a trial run: when it begins, what answers, and what is done step by step.

YAML (or JSON, which is YAML); the format is described in docs/designing.md.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, TypeAlias

import yaml
from dateutil.relativedelta import relativedelta
from marshmallow import Schema, ValidationError, fields, validate

from app.core.errors import Invalid
from app.core.phrase import Phrase
from app.engine import iso8601

DEFAULT_START = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
"""When a run begins if the script does not say: Monday 2 March 2026, 09:00 in China."""
MAX_BYTES = 1_000_000


@dataclass(frozen=True, slots=True)
class Answer:
    """What a service, a decision or a person says: data, or an error with a code."""

    data: Mapping[str, object] = field(default_factory=dict)
    error: str | None = None


@dataclass(frozen=True, slots=True)
class Answers:
    """Answers by element: one that always holds, or several to be given one after the other."""

    answers: tuple[Answer, ...]
    always: bool


@dataclass(frozen=True, slots=True)
class Complete:
    """Complete an open task; `instance` chooses among several of one element: the number of the
    instance where the activity is repeated, else (and where repeated activities stand in each
    other) the place among the open ones, from 1.
    """

    element: str
    data: Mapping[str, object]
    instance: int | None = None


@dataclass(frozen=True, slots=True)
class Send:
    """Deliver a message, or let a signal sound. `to` chooses among several waiting elements."""

    kind: str
    name: str
    data: Mapping[str, object]
    to: str | None = None


@dataclass(frozen=True, slots=True)
class Wait:
    """Let time pass: for a while, or until an instant."""

    span: relativedelta | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Fire:
    """A timer that waits for a named clock is due now."""

    element: str


@dataclass(frozen=True, slots=True)
class Reply:
    """From here on these elements are answered so."""

    answers: Mapping[str, Answers]


Step: TypeAlias = Complete | Send | Wait | Fire | Reply


@dataclass(frozen=True, slots=True)
class Script:
    """A whole script. `begin` names the message or signal that starts the process."""

    process: str | None = None
    start: datetime = DEFAULT_START
    begin: str | None = None
    data: Mapping[str, object] = field(default_factory=dict)
    answers: Mapping[str, Answers] = field(default_factory=dict)
    steps: tuple[Step, ...] = ()


def read_script(source: bytes, file_name: str) -> Script:
    """Read a script. Raises `Invalid` naming the place that is wrong."""
    if len(source) > MAX_BYTES:
        raise _refused(file_name, "文件过大", "it is too large")
    try:
        loaded = yaml.safe_load(source)
    except (yaml.YAMLError, ValueError) as error:
        raise _refused(file_name, f"不是 YAML：{error}", f"it is no YAML: {error}") from error
    try:
        found: dict[str, Any] = _ScriptSchema().load({} if loaded is None else loaded)
        return Script(
            process=found.get("process"),
            start=_instant(found["start"]) if "start" in found else DEFAULT_START,
            begin=found.get("begin"),
            data=found["data"],
            answers=_answers(found["answers"]),
            steps=tuple(_step(step, number) for number, step in enumerate(found["steps"], 1)),
        )
    except ValidationError as error:
        raise _refused(file_name, str(error.messages), str(error.messages)) from error


def _refused(file_name: str, zh: str, en: str) -> Invalid:
    return Invalid(
        Phrase(
            f"脚本 {file_name} 读不懂（{zh}）：请对照 docs/designing.md 修改。",
            f"The script {file_name} cannot be read ({en}): see docs/designing.md.",
        )
    )


def _data(**more: Any) -> fields.Dict:
    return fields.Dict(keys=fields.String(), values=fields.Raw(allow_none=True), **more)


_VERBS = ("complete", "message", "signal", "wait", "wait_until", "fire", "answer")


class _StepSchema(Schema):
    complete = fields.String()
    message = fields.String()
    signal = fields.String()
    wait = fields.String()
    wait_until = fields.Raw()
    fire = fields.String()
    answer = _data()
    data = _data()
    instance = fields.Integer(validate=validate.Range(min=1))
    to = fields.String()


class _ScriptSchema(Schema):
    process = fields.String()
    start = fields.Raw()
    begin = fields.String()
    data = _data(load_default=dict)
    answers = _data(load_default=dict)
    steps = fields.List(fields.Nested(_StepSchema), load_default=list)


def _step(step: dict[str, Any], number: int) -> Step:
    verbs = [verb for verb in _VERBS if verb in step]
    if len(verbs) != 1:
        raise ValidationError({f"steps[{number}]": f"exactly one of {', '.join(_VERBS)}"})
    verb = verbs[0]
    extras = {
        "complete": {"data", "instance"},
        "message": {"data", "to"},
        "signal": {"data"},
    }.get(verb, set())
    surplus = sorted(set(step) - extras - {verb})
    if surplus:
        raise ValidationError({f"steps[{number}]": f"{verb} takes no {', '.join(surplus)}"})
    data = step.get("data", {})
    match verb:
        case "complete":
            return Complete(step[verb], data, step.get("instance"))
        case "message" | "signal":
            return Send(verb, step[verb], data, step.get("to"))
        case "wait":
            try:
                return Wait(span=iso8601.parse_duration(step[verb]))
            except ValueError as error:
                raise ValidationError({f"steps[{number}]": str(error)}) from error
        case "wait_until":
            return Wait(until=_instant(step[verb]))
        case "fire":
            return Fire(step[verb])
        case _:
            return Reply(_answers(step[verb]))


def _instant(value: object) -> datetime:
    """YAML reads an unquoted instant itself; one without offset is refused either way."""
    if isinstance(value, datetime):
        if value.tzinfo is None:
            raise ValidationError({"instant": f"{value} lacks its offset, such as +08:00"})
        return value
    try:
        return iso8601.parse_instant(str(value))
    except ValueError as error:
        raise ValidationError({"instant": str(error)}) from error


def _answers(given: Mapping[str, object]) -> dict[str, Answers]:
    return {
        element: Answers(tuple(_answer(element, one) for one in answer), always=False)
        if isinstance(answer, list)
        else Answers((_answer(element, answer),), always=True)
        for element, answer in given.items()
    }


def _answer(element: str, given: object) -> Answer:
    if given is None:
        return Answer()
    if not isinstance(given, dict) or not all(isinstance(key, str) for key in given):
        raise ValidationError({element: "an answer is a mapping of names to values"})
    if set(given) == {"error"} or set(given) == {"error", "data"}:
        return Answer(given.get("data") or {}, str(given["error"]))
    return Answer(given)
