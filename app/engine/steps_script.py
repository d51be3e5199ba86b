"""The script of a trial run: when it begins, what answers, and what is done step by step.

YAML (or JSON, which is YAML); the format is described in docs/designing.md.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, TypeAlias

import yaml
from dateutil.relativedelta import relativedelta
from marshmallow import Schema, ValidationError, fields, validate

from app.core.errors import Invalid
from app.core.phrase import Phrase
from app.engine import iso8601
from app.engine.strict_yaml import read_yaml
from app.engine.tokens import plain

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
        loaded: Any = read_yaml(source)
    except (yaml.YAMLError, ValueError) as error:
        raise _refused(file_name, f"不是 YAML：{error}", f"it is no YAML: {error}") from error
    try:
        found: dict[str, Any] = _ScriptSchema().load({} if loaded is None else loaded)
        return Script(
            process=found.get("process"),
            start=_instant(found["start"]) if "start" in found else DEFAULT_START,
            begin=found.get("begin"),
            data=_storable("data", found["data"]),
            answers=_answers(found["answers"] or {}),
            steps=tuple(_step(step, number) for number, step in enumerate(found["steps"] or (), 1)),
        )
    except ValidationError as error:
        problems = list(_problems(error.messages))
        zh = "；".join(f"{place}：{_IN_CHINESE.get(text, text)}" for place, text in problems)
        en = "; ".join(f"{place}: {text}" for place, text in problems)
        raise _refused(file_name, zh, en) from error


_IN_CHINESE = {
    "Unknown field.": "没有这个词，请核对拼写",
    "Not a valid string.": "应为文字",
    "Not a valid mapping type.": "应为名称到值的映射",
    "Not a valid list.": "应为列表",
    "Not a valid integer.": "应为整数",
    "Must be greater than or equal to 1.": "应为 1 或更大",
    "Field may not be null.": "不能为空",
    "Invalid input type.": "应为名称到值的映射",
}


def _problems(messages: object, place: str = "") -> Iterator[tuple[str, str]]:
    """What is wrong where; steps are counted from 1, as everywhere a person reads of them."""
    if isinstance(messages, Mapping):
        for key, inner in messages.items():
            if isinstance(key, int) and place == "steps":
                yield from _problems(inner, f"steps[{key + 1}]")
            elif key in {"_schema", "key", "value"}:
                yield from _problems(inner, place)
            else:
                yield from _problems(inner, f"{place}.{key}" if place else str(key))
    elif isinstance(messages, list):
        for inner in messages:
            yield from _problems(inner, place)
    else:
        yield place or "script", str(messages)


def _storable(place: str, data: object) -> Mapping[str, object]:
    """The data as a process can hold it."""
    try:
        found = plain(data or {})
    except (ValueError, RecursionError) as error:
        raise ValidationError({place: str(error)}) from error
    assert isinstance(found, dict)
    return found


def _refused(file_name: str, zh: str, en: str) -> Invalid:
    return Invalid(
        Phrase(
            f"脚本 {file_name} 读不懂（{zh}）：请对照 docs/designing.md 修改。",
            f"The script {file_name} cannot be read ({en}): see docs/designing.md.",
        )
    )


def _data(**more: Any) -> fields.Dict:
    return fields.Dict(
        keys=fields.String(), values=fields.Raw(allow_none=True), allow_none=True, **more
    )


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
    steps = fields.List(fields.Nested(_StepSchema), load_default=list, allow_none=True)


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
    data = _storable(f"steps[{number}].data", step.get("data"))
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
            return Reply(_answers(step[verb] or {}))


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
    if "error" not in given:
        return Answer(_storable(element, given))
    code, data = given["error"], given.get("data") or {}
    if set(given) - {"error", "data"} or not isinstance(data, dict):
        raise ValidationError({element: "beside error stands nothing but data, a mapping"})
    if not isinstance(code, str | int) or isinstance(code, bool) or not str(code).strip():
        raise ValidationError({element: "error is the code of an error"})
    return Answer(_storable(element, data), str(code))
