"""Checking what a person entered in a step's form.

The form is data of the diagram; from it a marshmallow schema is built. Choices, yes/no and
numbers become routing facts, which conditions may read; free text never leaves the record.
"""

import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from marshmallow import Schema, ValidationError, fields, validate

from app.core.errors import Invalid
from app.core.phrase import Phrase
from app.decisions.feel import regexes
from app.decisions.feel.errors import FeelNull
from app.engine.forms import Field, FieldType, Form

Answers = dict[str, object]

PHONE = re.compile(r"\+?[0-9][0-9 -]{4,18}[0-9]")

_FACTS = frozenset(
    {
        FieldType.CHOICE,
        FieldType.BOOLEAN,
        FieldType.NUMBER,
        FieldType.UNIT,
        FieldType.UNITS,
        FieldType.CATEGORY,
        FieldType.DISTRICT,
    }
)

_CHOSEN = _FACTS - {FieldType.NUMBER} | {FieldType.MULTI_CHOICE}
_KEY = validate.Range(min=1, max=2**63 - 1)
_WRITTEN = {FieldType.DATE: "2026-01-31", FieldType.DATETIME: "2026-01-31 09:30"}


def check(form: Form | None, given: Mapping[str, object], roles: frozenset[str]) -> Answers:
    """The answers as values. Fields the person may not fill in are ignored.

    Raises `Invalid` with a sentence for every field that is missing or wrong.
    """
    if form is None:
        return {}
    editable = [field for field in form.fields if field.is_editable_by(roles)]
    schema = Schema.from_dict({field.name: _value_of(field) for field in editable})()
    present = {
        field.name: value
        for field in editable
        if (value := given.get(field.name)) not in (None, "", [])
    }
    try:
        loaded = schema.load(present)
    except ValidationError as error:
        wrong = error.messages_dict
        raise Invalid(
            Phrase("请更正标出的内容后再提交。", "Please correct what is marked, then submit."),
            {
                field.name: _sentence(field, field.name in present)
                for field in editable
                if field.name in wrong
            },
        ) from None
    return {
        field.name: _plain(loaded[field.name])
        if field.name in loaded
        else (False if field.type is FieldType.BOOLEAN else None)
        for field in editable
    }


def facts(form: Form | None, checked: Answers) -> Answers:
    """What of the answers conditions of the diagram may read: never free text."""
    if form is None:
        return {}
    return {
        field.name: checked[field.name]
        for field in form.fields
        if field.type in _FACTS and field.name in checked
    }


def _value_of(field: Field) -> fields.Field[Any]:
    checks: list[Callable[[str], object]] = []
    if field.max_length is not None:
        checks.append(validate.Length(max=field.max_length))
    if field.pattern is not None:
        checks.append(_fits(field.pattern))
    options = [option.value for option in field.options]
    match field.type:
        case FieldType.NUMBER:
            low = Decimal(field.minimum) if field.minimum is not None else None
            high = Decimal(field.maximum) if field.maximum is not None else None
            return fields.Decimal(required=field.required, validate=validate.Range(low, high))
        case FieldType.BOOLEAN:
            return fields.Boolean(required=field.required)
        case FieldType.CHOICE:
            return fields.String(required=field.required, validate=validate.OneOf(options))
        case FieldType.MULTI_CHOICE:
            one = fields.String(validate=validate.OneOf(options))
            return fields.List(one, required=field.required)
        case FieldType.FILES:
            most = validate.Length(max=field.max_length)
            return fields.List(
                fields.Integer(validate=_KEY), required=field.required, validate=most
            )
        case FieldType.DATE:
            return fields.Date(required=field.required)
        case FieldType.DATETIME:
            return fields.AwareDateTime(required=field.required, default_timezone=None)
        case FieldType.UNIT:
            return fields.Integer(required=field.required, validate=_KEY)
        case FieldType.UNITS:
            return fields.List(fields.Integer(validate=_KEY), required=field.required)
        case FieldType.PHONE:
            checks.append(validate.Regexp(rf"(?:{PHONE.pattern})\Z"))
            return fields.String(required=field.required, validate=checks)
        case _:
            return fields.String(required=field.required, validate=checks)


def _fits(pattern: str) -> Callable[[str], None]:
    """The whole text matches, found within a bound of steps; what takes longer does not fit."""
    expression = regexes.compiled(f"^(?:{pattern})$", "")

    def check(text: str) -> None:
        try:
            fits = expression.found_in(text, _uncounted)
        except FeelNull:
            fits = False
        if not fits:
            raise ValidationError(pattern)

    return check


def _uncounted(_steps: int) -> None:
    """Each match has its own bound; a form counts none over all its fields."""


def _sentence(field: Field, given: bool) -> Phrase:
    if not given:
        if field.type in _CHOSEN:
            return Phrase(f"请选择{field.label.zh}。", f"Please choose: {field.label.en}.")
        if field.type is FieldType.FILES:
            return Phrase(f"请上传{field.label.zh}。", f"Please upload: {field.label.en}.")
        return Phrase(f"请填写{field.label.zh}。", f"Please fill in: {field.label.en}.")
    if field.type in _WRITTEN:
        example = _WRITTEN[field.type]
        return Phrase(f"请按 {example} 的格式填写。", f"Write it like {example}.")
    if field.type is FieldType.PHONE:
        return Phrase(
            "请填写电话号码，如 13800001234 或 0512-66661234。",
            "Enter a phone number such as 13800001234.",
        )
    if field.type is FieldType.NUMBER:
        low, high = field.minimum, field.maximum
        bounds = f" {low or '…'} – {high or '…'}" if low or high else ""
        return Phrase(f"请填写数字{bounds}。", f"Enter a number{bounds}.")
    if field.type is FieldType.FILES and field.max_length is not None:
        return Phrase(
            f"{field.label.zh}最多 {field.max_length} 个文件，请取消勾选多余的。",
            f"{field.label.en}: at most {field.max_length} files; untick the others.",
        )
    if field.max_length is not None:
        return Phrase(
            f"{field.label.zh}最多 {field.max_length} 个字。",
            f"{field.label.en}: at most {field.max_length} characters.",
        )
    return Phrase(f"{field.label.zh}填写有误。", f"{field.label.en}: this cannot be used.")


def _plain(value: object) -> object:
    """Numbers as the engine keeps them: whole ones as int, others as float-free text."""
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    return value
