"""Scenarios as text: reading the YAML of a process strictly, and writing it."""

import math
import re
from collections.abc import Iterator, Mapping
from datetime import date, datetime
from typing import Any

import yaml
from marshmallow import Schema, ValidationError, fields, validate

from app.core.clock import CHINA
from app.core.errors import Invalid
from app.core.phrase import Phrase
from app.design import interventions, time_words
from app.design.sandbox import BEGIN
from app.design.scenarios import Document, Expectation, Scenario, Step
from app.engine.strict_yaml import read_yaml

MOST_SCENARIOS = 200
"""In one document."""
MOST_STEPS = 200
"""In one story."""


def read(text: str, name: str) -> Document:
    """Read a document of scenarios. Raises `Invalid` naming the place that is wrong."""
    try:
        loaded: Any = read_yaml(text.encode())
        found: dict[str, Any] = _DocumentSchema().load({} if loaded is None else loaded)
        scenarios = tuple(
            _scenario(one, number) for number, one in enumerate(found["scenarios"] or (), 1)
        )
    except ValidationError as error:
        place = "; ".join(f"{where}: {what}" for where, what in _places(error.messages))
        raise _refused(name, place, place) from error
    except (yaml.YAMLError, ValueError) as error:
        raise _refused(name, f"不是 YAML：{error}", f"it is no YAML: {error}") from error
    names = [one.name.zh for one in scenarios]
    twice = next((one for one in names if names.count(one) > 1), None)
    if twice is not None:
        raise _refused(name, f"有两个“{twice}”", f"“{twice}” stands twice")
    return Document(scenarios, found["usual"] or {})


def _refused(name: str, zh: str, en: str) -> Invalid:
    return Invalid(
        Phrase(
            f"情景 {name} 读不懂（{zh}）：请对照 docs/designing.md 修改。",
            f"The scenarios of {name} cannot be read ({en}): see docs/designing.md.",
        )
    )


def _places(messages: object, place: str = "") -> Iterator[tuple[str, str]]:
    """What is wrong where; scenarios and steps are counted from 1, as people do."""
    if isinstance(messages, dict):
        for key, inner in messages.items():
            if key in {"_schema", "key", "value"}:
                yield from _places(inner, place)
            elif isinstance(key, int):
                yield from _places(inner, f"{place}[{key + 1}]")
            else:
                yield from _places(inner, f"{place}.{key}" if place else str(key))
    elif isinstance(messages, list):
        for one in messages:
            yield from _places(one, place)
    else:
        yield place or "scenarios", str(messages)


def _mapping(**more: Any) -> fields.Dict:
    return fields.Dict(
        keys=fields.String(), values=fields.Raw(allow_none=True), allow_none=True, **more
    )


def _names() -> fields.List[str]:
    return fields.List(fields.String())


class _ExpectSchema(Schema):
    passed = _names()
    exactly = fields.Boolean()
    not_passed = _names()
    open = _names()
    deadlines = _mapping()
    lights = _mapping()
    notices = _names()
    outcome = fields.String()


class _StepSchema(Schema):
    register = _mapping()
    do = fields.String()
    go_on = fields.String()
    wait = fields.Raw()
    free_hand = fields.String()
    reorganise = fields.String()
    start = fields.String()
    send = fields.String()
    check = fields.Nested(_ExpectSchema)
    answers = _mapping()
    by = fields.String()
    case = fields.String()
    refused = fields.String()


class _ScenarioSchema(Schema):
    name = fields.String(required=True, validate=validate.Length(min=1, max=100))
    name_en = fields.String()
    begin = fields.Raw()
    story = fields.List(
        fields.Nested(_StepSchema), required=True, validate=validate.Length(max=MOST_STEPS)
    )
    expect = fields.Nested(_ExpectSchema, load_default=dict)


class _DocumentSchema(Schema):
    usual = fields.Dict(keys=fields.String(), values=_mapping(), load_default=dict, allow_none=True)
    scenarios = fields.List(
        fields.Nested(_ScenarioSchema),
        load_default=list,
        allow_none=True,
        validate=validate.Length(max=MOST_SCENARIOS),
    )


_VERBS = {
    "register": {"by", "case", "refused"},
    "do": {"answers", "by", "case", "refused"},
    "go_on": {"case"},
    "wait": {"case"},
    "free_hand": {"answers", "by", "case", "refused"},
    "reorganise": {"answers", "by", "case", "refused"},
    "start": {"answers", "case"},
    "send": {"answers", "case"},
    "check": {"case"},
}
"""What may stand beside each verb of a step."""


def _scenario(found: Mapping[str, Any], number: int) -> Scenario:
    place = f"scenarios[{number}]"
    try:
        begin = _begin(found["begin"]) if "begin" in found else BEGIN
        story = tuple(_step(one, n) for n, one in enumerate(found["story"], 1))
    except ValidationError as error:
        raise ValidationError({place: error.messages}) from error
    name = Phrase(found["name"], found.get("name_en") or found["name"])
    return Scenario(name, story, _expectation(found["expect"]), begin)


def _step(found: Mapping[str, Any], number: int) -> Step:
    place = f"story[{number}]"
    verbs = [verb for verb in _VERBS if verb in found]
    if len(verbs) != 1:
        raise ValidationError({place: f"exactly one of {', '.join(_VERBS)}"})
    verb = verbs[0]
    surplus = sorted(set(found) - _VERBS[verb] - {verb})
    if surplus:
        raise ValidationError({place: f"{verb} takes no {', '.join(surplus)}"})
    what = found[verb]
    if verb == "wait":
        what = str(_text(what))  # YAML reads an unquoted date itself
        try:
            time_words.read(what)
        except Invalid as refusal:
            raise ValidationError({place: refusal.phrase.zh}) from refusal
    known = [one for of, one in interventions.ALL if of == verb]
    if known and what not in known:
        raise ValidationError({place: f"{verb} is one of {', '.join(known)}"})
    given = found[verb] if verb == "register" else found.get("answers")
    return Step(
        verb,
        what if isinstance(what, str) else "",
        _plain(given or {}),
        found.get("by"),
        found.get("case", ""),
        found.get("refused"),
        _expectation(found[verb]) if verb == "check" else None,
    )


def _plain(given: Mapping[str, object]) -> dict[str, object]:
    """Answers as a page hands them in: texts and lists of texts."""
    return {name: _text(value) for name, value in given.items()}


def _text(value: object) -> object:
    if isinstance(value, list):
        return [_text(one) for one in value]
    if isinstance(value, bool):
        return "true" if value else ""
    if isinstance(value, datetime):
        return value.isoformat(timespec="minutes")
    if isinstance(value, date):
        return value.isoformat()
    return "" if value is None else str(value)


def _expectation(found: Mapping[str, Any]) -> Expectation:
    return Expectation(
        passed=tuple(found.get("passed", ())),
        not_passed=tuple(found.get("not_passed", ())),
        notices=tuple(found.get("notices", ())),
        deadlines=_texts(found.get("deadlines")),
        lights=_texts(found.get("lights")),
        exactly=found.get("exactly", False),
        open=tuple(found["open"]) if "open" in found else None,
        outcome=found.get("outcome"),
    )


def _texts(given: Mapping[str, object] | None) -> dict[str, str]:
    return {name: str(_text(value)) for name, value in (given or {}).items()}


_BEGIN = re.compile(r"\d{4}-\d{2}-\d{2}[ T]\d{2}:\d{2}(?::\d{2})?(?:\+08:00)?")


def _begin(value: object) -> datetime:
    """An instant in China's zone, written with or without it."""
    if isinstance(value, datetime):
        return value.replace(tzinfo=CHINA) if value.tzinfo is None else value
    text = str(value)
    if not _BEGIN.fullmatch(text):
        raise ValidationError({"begin": "write it like 2026-03-02 09:00"})
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise ValidationError({"begin": str(error)}) from error
    return moment.replace(tzinfo=CHINA)


def write(document: Document) -> str:
    """The document as YAML that `read` reads back."""
    found: dict[str, object] = {}
    if document.usual:
        found["usual"] = {name: dict(given) for name, given in document.usual.items()}
    found["scenarios"] = [_written(one) for one in document.scenarios]
    return yaml.safe_dump(found, allow_unicode=True, sort_keys=False, width=100)


def line(step: Step) -> str:
    """A step of a story in one line."""
    flow = yaml.safe_dump(
        _written_step(step),
        allow_unicode=True,
        sort_keys=False,
        default_flow_style=True,
        width=math.inf,
    )
    return flow.strip()[1:-1]


def _written(one: Scenario) -> dict[str, object]:
    found: dict[str, object] = {"name": one.name.zh}
    if one.name.en != one.name.zh:
        found["name_en"] = one.name.en
    if one.begin != BEGIN:
        found["begin"] = one.begin.astimezone(CHINA).strftime("%Y-%m-%d %H:%M")
    found["story"] = [_written_step(step) for step in one.story]
    expected = _written_expectation(one.expect)
    return {**found, "expect": expected} if expected else found


def _written_step(step: Step) -> dict[str, object]:
    if step.expect is not None:
        found: dict[str, object] = {"check": _written_expectation(step.expect)}
    elif step.kind == "register":
        found = {"register": dict(step.answers)}
    else:
        found = {step.kind: step.what}
        if step.answers:
            found["answers"] = dict(step.answers)
    for name in ("by", "case", "refused"):
        value = getattr(step, name)
        if value or (name == "refused" and value is not None):
            found[name] = value
    return found


def _written_expectation(expected: Expectation) -> dict[str, object]:
    found: dict[str, object] = {}
    for name in ("passed", "exactly", "not_passed", "deadlines", "lights", "notices", "outcome"):
        value = getattr(expected, name)
        if value:
            found[name] = list(value) if isinstance(value, tuple) else value
    if expected.open is not None:
        found["open"] = list(expected.open)
    return found
