"""Checking what a person entered in a step's form.

The form is data of the diagram; from it a marshmallow schema is built. Choices, yes/no and
numbers become routing facts, which conditions may read; free text never leaves the record.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from marshmallow import Schema, ValidationError, fields, validate

from app.cases import conditions
from app.core.clock import CHINA
from app.core.errors import Invalid
from app.core.phrase import Phrase
from app.decisions.feel import regexes
from app.decisions.feel.errors import FeelNull
from app.engine.data_names import FACT_TYPES
from app.engine.forms import Field, FieldType, Form

Answers = dict[str, object]

PHONE = re.compile(r"\+?[0-9][0-9 -]{4,18}[0-9]")

_CHOSEN = FACT_TYPES - {FieldType.NUMBER} | {FieldType.MULTI_CHOICE}
_KEY = validate.Range(min=1, max=2**63 - 1)
_WRITTEN = {FieldType.DATE: "2026-01-31", FieldType.DATETIME: "2026-01-31 09:30"}


def check(
    form: Form | None,
    given: Mapping[str, object],
    roles: frozenset[str],
    scope: Mapping[str, object] | None = None,
    now: datetime | None = None,
) -> Answers:
    """The answers as values. Fields the person may not fill in, or does not see, are ignored.

    `scope` is the data that the conditions of the form read beside its answers, `now` (aware) what
    they take for the present; a form with conditions needs both. Raises `Invalid` with a sentence
    for every field that is missing or wrong.
    """
    if form is None:
        return {}
    editable = [field for field in form.fields if field.is_editable_by(roles)]
    present = _present(editable, given)
    loaded, wrong = _loaded(editable, present)
    entered = _entered(form, editable, loaded, scope)
    shown = _look(form, entered, scope, now)
    errors: dict[str, Phrase] = {}
    for field in editable:
        if field.name in shown.hidden:
            continue
        if field.name in wrong:
            errors[field.name] = _sentence(field, wrong[field.name])
        elif field.name in shown.required and field.name not in present:
            errors[field.name] = _missing(field)
    if form.is_conditional and scope is not None and now is not None:
        said = conditions.broken(form, shown, entered, scope, now)
        mine = {field.name for field in editable}
        errors |= {name: why for name, why in said.items() if name in mine - errors.keys()}
    if errors:
        raise Invalid(
            Phrase("请更正标出的内容后再提交。", "Please correct what is marked, then submit."),
            {field.name: errors[field.name] for field in editable if field.name in errors},
        )
    return {field.name: _answer(field, loaded, shown) for field in editable}


def look(
    form: Form,
    given: Mapping[str, object],
    roles: frozenset[str],
    scope: Mapping[str, object],
    now: datetime,
) -> conditions.Look:
    """How the form stands with what was typed so far; what is wrong counts as empty."""
    editable = [field for field in form.fields if field.is_editable_by(roles)]
    loaded, _wrong = _loaded(editable, _present(editable, given))
    return _look(form, _entered(form, editable, loaded, scope), scope, now)


def _entered(
    form: Form,
    editable: Sequence[Field],
    loaded: Mapping[str, object],
    scope: Mapping[str, object] | None,
) -> dict[str, object]:
    """What stands in the fields: what was typed, a tick that was not set being no, and in those of
    others what the data say.
    """
    mine = {field.name for field in editable}
    kept = {
        field.name: scope[field.name]
        for field in form.fields
        if scope is not None and field.name not in mine and field.name in scope
    }
    unticked = {field.name: False for field in editable if _is_tick(field)}
    return {**kept, **unticked, **loaded}


def _is_tick(field: Field) -> bool:
    """Whether the field is a box to be ticked, not a question to be answered yes or no."""
    return field.type is FieldType.BOOLEAN and not field.required and not field.required_when


def _look(
    form: Form,
    entered: Mapping[str, object],
    scope: Mapping[str, object] | None,
    now: datetime | None,
) -> conditions.Look:
    if not form.is_conditional:
        return conditions.Look(
            frozenset(), frozenset(field.name for field in form.fields if field.required)
        )
    if scope is None or now is None:
        raise ValueError("a form with conditions is checked against the data in scope and a now")
    return conditions.look(form, entered, scope, now)


def _present(editable: Sequence[Field], given: Mapping[str, object]) -> dict[str, object]:
    return {
        field.name: value
        for field in editable
        if (value := given.get(field.name)) not in (None, "", [])
    }


def _loaded(
    editable: Sequence[Field], present: Mapping[str, object]
) -> tuple[dict[str, object], dict[str, str]]:
    """The values that can be read, and by field why the others cannot: a code of `_SAID`."""
    schema = Schema.from_dict({field.name: _value_of(field) for field in editable})()
    try:
        loaded: dict[str, object] = dict(schema.load(present))
    except ValidationError as error:
        wrong = {name: _code(said) for name, said in error.messages_dict.items()}
        kept = error.valid_data if isinstance(error.valid_data, dict) else {}
        return {name: value for name, value in kept.items() if name not in wrong}, wrong
    return loaded, {}


def _code(said: object) -> str:
    """The code that a check of ours raised with; empty for a value that could not be read."""
    while isinstance(said, dict):
        said = next(iter(said.values()))
    first = said[0] if isinstance(said, list) and said else said
    return first if isinstance(first, str) and first in _CODES else ""


def _answer(field: Field, loaded: Mapping[str, object], shown: conditions.Look) -> object:
    if field.name in shown.hidden:
        return None
    if field.name in loaded:
        return _plain(loaded[field.name])
    return False if _is_tick(field) else None


def kept_value(field: Field, value: object) -> object:
    """An answer as a record keeps it, as a value again."""
    match field.type:
        case FieldType.DATE if isinstance(value, str):
            return date.fromisoformat(value)
        case FieldType.DATETIME if isinstance(value, str):
            return datetime.fromisoformat(value)
        case FieldType.NUMBER if isinstance(value, float):
            return Decimal(repr(value))
        case _:
            return value


def facts(form: Form | None, checked: Answers) -> Answers:
    """What of the answers conditions of the diagram may read: never free text."""
    if form is None:
        return {}
    return {
        field.name: checked[field.name]
        for field in form.fields
        if field.type in FACT_TYPES and field.name in checked
    }


_LOW, _HIGH, _SHORT, _LONG, _PATTERN = "low", "high", "short", "long", "pattern"
_CODES = frozenset({_LOW, _HIGH, _SHORT, _LONG, _PATTERN})


def _value_of(field: Field) -> fields.Field[Any]:
    sized = _sized(field)
    options = [option.value for option in field.options]
    match field.type:
        case FieldType.NUMBER:
            return fields.Decimal(validate=_within(field, Decimal))
        case FieldType.BOOLEAN:
            return fields.Boolean()
        case FieldType.CHOICE:
            return fields.String(validate=validate.OneOf(options))
        case FieldType.MULTI_CHOICE:
            return fields.List(fields.String(validate=validate.OneOf(options)), validate=sized)
        case FieldType.FILES | FieldType.UNITS:
            return fields.List(fields.Integer(validate=_KEY), validate=sized)
        case FieldType.DATE:
            return fields.Date(validate=_within(field, date.fromisoformat))
        case FieldType.DATETIME:
            return fields.AwareDateTime(default_timezone=None, validate=_within(field, _instant))
        case FieldType.UNIT:
            return fields.Integer(validate=_KEY)
        case FieldType.PHONE:
            number = validate.Regexp(rf"(?:{PHONE.pattern})\Z")
            return fields.String(validate=[number, *sized, *_fitting(field)])
        case _:
            return fields.String(validate=[*sized, *_fitting(field)])


def _instant(text: str) -> datetime:
    """A bound as it is written; without an offset it is meant in the office's zone."""
    instant = datetime.fromisoformat(text)
    return instant if instant.tzinfo is not None else instant.replace(tzinfo=CHINA)


def _within(field: Field, read: Callable[[str], Any]) -> list[Callable[[Any], None]]:
    def low(value: Any) -> None:
        if field.minimum is not None and value < read(field.minimum):
            raise ValidationError(_LOW)

    def high(value: Any) -> None:
        if field.maximum is not None and value > read(field.maximum):
            raise ValidationError(_HIGH)

    return [low, high]


def _sized(field: Field) -> list[Callable[[Any], None]]:
    def short(value: Any) -> None:
        if field.min_length is not None and len(value) < field.min_length:
            raise ValidationError(_SHORT)

    def long(value: Any) -> None:
        if field.max_length is not None and len(value) > field.max_length:
            raise ValidationError(_LONG)

    return [short, long]


def _fitting(field: Field) -> list[Callable[[str], None]]:
    return [] if field.pattern is None else [_fits(field.pattern)]


def _fits(pattern: str) -> Callable[[str], None]:
    """The whole text matches, found within a bound of steps; what takes longer does not fit."""
    expression = regexes.compiled(f"^(?:{pattern})$", "")

    def check(text: str) -> None:
        try:
            fits = expression.found_in(text, _uncounted)
        except FeelNull:
            fits = False
        if not fits:
            raise ValidationError(_PATTERN)

    return check


def _uncounted(_steps: int) -> None:
    """Each match has its own bound; a form counts none over all its fields."""


def _missing(field: Field) -> Phrase:
    if field.type in _CHOSEN:
        return Phrase(f"请选择{field.label.zh}。", f"Please choose: {field.label.en}.")
    if field.type is FieldType.FILES:
        return Phrase(f"请上传{field.label.zh}。", f"Please upload: {field.label.en}.")
    return Phrase(f"请填写{field.label.zh}。", f"Please fill in: {field.label.en}.")


def _sentence(field: Field, code: str) -> Phrase:
    """What is wrong with a value that was given."""
    match code:
        case "low" | "high":
            return _out_of_bounds(field)
        case "short" | "long":
            return _wrong_size(field)
        case "pattern" if field.pattern_words is not None:
            return field.pattern_words
    if field.type in _WRITTEN:
        example = _WRITTEN[field.type]
        return Phrase(f"请按 {example} 的格式填写。", f"Write it like {example}.")
    if field.type is FieldType.PHONE:
        return Phrase(
            "请填写电话号码，如 13800001234 或 0512-66661234。",
            "Enter a phone number such as 13800001234.",
        )
    if field.type is FieldType.NUMBER:
        return _out_of_bounds(field)
    return Phrase(f"{field.label.zh}填写有误。", f"{field.label.en}: this cannot be used.")


def _out_of_bounds(field: Field) -> Phrase:
    """Between which values a number, a date or an instant may be."""
    low, high = (_shown(field, bound) for bound in (field.minimum, field.maximum))
    if field.type is FieldType.NUMBER:
        zh, en = "数字", "a number"
    else:
        zh, en = "日期", "a date"
    if low and high:
        return Phrase(f"请填写 {low} 到 {high} 之间的{zh}。", f"Enter {en} from {low} to {high}.")
    if low:
        words = Phrase("不小于", "or more")
        if field.type is not FieldType.NUMBER:
            words = Phrase("不早于", "or later")
        return Phrase(f"请填写{words.zh} {low} 的{zh}。", f"Enter {en}: {low} {words.en}.")
    if high:
        words = Phrase("不大于", "or less")
        if field.type is not FieldType.NUMBER:
            words = Phrase("不晚于", "or earlier")
        return Phrase(f"请填写{words.zh} {high} 的{zh}。", f"Enter {en}: {high} {words.en}.")
    return Phrase(f"请填写{zh}。", f"Enter {en}.")


def _shown(field: Field, bound: str | None) -> str:
    if bound is None or field.type is not FieldType.DATETIME:
        return bound or ""
    return f"{_instant(bound).astimezone(CHINA):%Y-%m-%d %H:%M}"


def _wrong_size(field: Field) -> Phrase:
    """How many files, choices or characters are wanted."""
    label, least, most = field.label, field.min_length, field.max_length
    if field.type is FieldType.FILES and least is None:
        return Phrase(
            f"{label.zh}最多 {most} 个文件，请取消勾选多余的。",
            f"{label.en}: at most {most} files; untick the others.",
        )
    zh, en = _COUNTED.get(field.type, ("个字", "characters"))
    if least is None:
        return Phrase(f"{label.zh}最多 {most} {zh}。", f"{label.en}: at most {most} {en}.")
    if most is None:
        return Phrase(f"{label.zh}至少 {least} {zh}。", f"{label.en}: at least {least} {en}.")
    return Phrase(f"{label.zh}须 {least} 到 {most} {zh}。", f"{label.en}: {least} to {most} {en}.")


_COUNTED = {
    FieldType.FILES: ("个文件", "files"),
    FieldType.MULTI_CHOICE: ("项", "choices"),
    FieldType.UNITS: ("个单位", "units"),
}


def _plain(value: object) -> object:
    """Numbers as the engine keeps them: whole ones as int, others as float-free text."""
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    return value
