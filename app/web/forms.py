"""Forms on a page: how a form that is data is drawn, and how what was typed is read.

The form of a step comes with its diagram, the pages' own forms are written with the same parts,
so that labels, help, marks, refusals and kept text look and behave alike everywhere.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from marshmallow import Schema, ValidationError, fields, validate
from werkzeug.datastructures import MultiDict

from app.core.clock import CHINA
from app.core.phrase import Phrase
from app.engine.forms import Field, FieldType, Form
from app.web.language import _, say

Options = Sequence[tuple[str, str]]
"""Values and their labels, in the reader's language."""
Groups = Sequence[tuple[str, Options]]
"""Options under headings: a choice from a tree of two levels."""

_PHONE_RULE = re.compile(r"\+?[0-9][0-9 \-]{2,18}[0-9]\Z")
_WIDE = frozenset({FieldType.LONG_TEXT, FieldType.MULTI_CHOICE, FieldType.FILES})
_CHOSEN = frozenset({FieldType.CHOICE, FieldType.MULTI_CHOICE, FieldType.UNIT, FieldType.BOOLEAN})
_FEW = 4
"""A choice of up to so many options shows them all at once."""
_INPUT_TYPES = {
    FieldType.NUMBER: "number",
    FieldType.DATE: "date",
    FieldType.DATETIME: "datetime-local",
    FieldType.PHONE: "tel",
    FieldType.FILES: "file",
}


@dataclass(frozen=True, slots=True)
class Choices:
    """What a select offers beyond the options written in the form: units, categories."""

    options: Options = ()
    groups: Groups = ()

    def values(self) -> set[str]:
        """Every value that may be chosen."""
        grouped = [value for _group, options in self.groups for value, _label in options]
        return {value for value, _label in self.options} | set(grouped)


@dataclass(frozen=True, slots=True)
class FieldView:
    """One field, ready for the template: nothing is left to decide there."""

    id: str
    name: str
    type: str
    label: str
    help: str
    required: bool
    readonly: bool
    values: tuple[str, ...]
    error: str
    options: Options
    groups: Groups
    minimum: str | None
    maximum: str | None
    max_length: int | None
    attributes: Mapping[str, str]

    @property
    def value(self) -> str:
        """What stands in the field, as typed."""
        return self.values[0] if self.values else ""

    @property
    def wide(self) -> bool:
        """Whether the field takes the whole width of a form of two columns."""
        return self.type in _WIDE

    @property
    def rows(self) -> int:
        """Height of a text area: short for short texts."""
        return 3 if self.max_length is not None and self.max_length <= 200 else 5

    @property
    def blank(self) -> str:
        """The first line of a select, which chooses nothing."""
        return _("请选择")

    @property
    def input_type(self) -> str:
        """The type of the input element."""
        return _INPUT_TYPES.get(FieldType(self.type), "text")


@dataclass(frozen=True, slots=True)
class FormView:
    """A form, ready for the template. `prefix` keeps ids of two forms on one page apart."""

    fields: tuple[FieldView, ...]
    prefix: str = ""

    @property
    def errors(self) -> tuple[FieldView, ...]:
        """The fields that must be corrected, in the order of the form."""
        return tuple(one for one in self.fields if one.error)

    @property
    def has_files(self) -> bool:
        """Whether the form must be sent as multipart."""
        return any(one.type == FieldType.FILES for one in self.fields)


@dataclass(frozen=True, slots=True)
class Reading:
    """What was sent: `values` as typed Python values, `errors` by field in the reader's language.

    An empty optional field is not in `values`. Values are only complete when there is no error.
    """

    values: dict[str, Any]
    errors: dict[str, str] = field(default_factory=dict)


def form_view(
    form: Form,
    roles: frozenset[str],
    *,
    typed: Mapping[str, Any] | None = None,
    errors: Mapping[str, str] | None = None,
    choices: Mapping[str, Choices] | None = None,
    attributes: Mapping[str, Mapping[str, str]] | None = None,
    prefix: str = "",
) -> FormView:
    """Draw `form` for somebody with `roles`.

    `typed` holds what stands in the fields (a MultiDict of what was sent, or values to begin
    with), `choices` what selects offer beyond the form, by name of the field or by its type.
    """
    return FormView(
        tuple(
            _field_view(one, roles, typed, errors or {}, choices or {}, attributes or {}, prefix)
            for one in form.fields
            if one.is_visible_to(roles)
        ),
        prefix,
    )


def read(
    form: Form,
    roles: frozenset[str],
    sent: MultiDict[str, str],
    choices: Mapping[str, Choices] | None = None,
) -> Reading:
    """Check what was sent for the fields that somebody with `roles` may fill in."""
    editable = [one for one in form.fields if one.is_editable_by(roles)]
    schema = Schema.from_dict({one.name: _checked(one, choices or {}) for one in editable})()
    raw: dict[str, Any] = {}
    for one in editable:
        if one.type is FieldType.MULTI_CHOICE:
            chosen: Any = [value for value in sent.getlist(one.name) if value]
        else:
            chosen = sent.get(one.name, "").replace("\r\n", "\n").strip()
        if chosen:
            raw[one.name] = chosen
    try:
        loaded: dict[str, Any] = schema.load(raw)
    except ValidationError as refusal:
        messages = refusal.normalized_messages()  # type: ignore[no-untyped-call]
        return Reading({}, {name: _first(problem) for name, problem in messages.items()})
    return Reading(loaded)


def errors_in_words(problems: Mapping[str, Phrase]) -> dict[str, str]:
    """What a command found wrong, in the reader's language."""
    return {name: say(phrase) for name, phrase in problems.items()}


def _field_view(
    one: Field,
    roles: frozenset[str],
    typed: Mapping[str, Any] | None,
    errors: Mapping[str, str],
    choices: Mapping[str, Choices],
    attributes: Mapping[str, Mapping[str, str]],
    prefix: str,
) -> FieldView:
    offered = _offered(one, choices)
    kind: str = one.type
    if one.type is FieldType.BOOLEAN:
        offered = Choices([("true", _("是")), ("false", _("否"))])
    elif one.type is FieldType.CHOICE and not offered.groups and len(offered.options) <= _FEW:
        kind = "choice_radio"
    return FieldView(
        id=f"{prefix}{one.name}",
        name=one.name,
        type=kind,
        label=say(one.label),
        help=say(one.help),
        required=one.required,
        readonly=not one.is_editable_by(roles),
        values=_typed_values(one, typed),
        error=errors.get(one.name, ""),
        options=offered.options,
        groups=offered.groups,
        minimum=one.minimum,
        maximum=one.maximum,
        max_length=one.max_length,
        attributes=attributes.get(one.name, {}),
    )


def _offered(one: Field, choices: Mapping[str, Choices]) -> Choices:
    if one.options:
        return Choices([(option.value, say(option.label)) for option in one.options])
    return choices.get(one.name) or choices.get(one.type) or Choices()


def _typed_values(one: Field, typed: Mapping[str, Any] | None) -> tuple[str, ...]:
    if typed is None or one.name not in typed:
        sent = isinstance(typed, MultiDict)
        return () if sent or one.default is None else (one.default,)
    if isinstance(typed, MultiDict):
        return tuple(typed.getlist(one.name))
    value = typed[one.name]
    if isinstance(value, list | tuple):
        return tuple(str(item) for item in value)
    if isinstance(value, bool):
        return ("true" if value else "false",)
    if isinstance(value, datetime):
        return (value.astimezone(CHINA).strftime("%Y-%m-%dT%H:%M"),)
    return () if value is None else (str(value),)


def _checked(one: Field, choices: Mapping[str, Choices]) -> fields.Field[Any]:
    """The marshmallow field that checks what was typed into `one`."""
    wrong = {
        FieldType.NUMBER: _("请填写数字。"),
        FieldType.DATE: _("请填写日期，例如 2026-01-31。"),
        FieldType.DATETIME: _("请填写日期和时间，例如 2026-01-31 09:30。"),
    }.get(one.type, _("填写的内容无效。"))
    common: dict[str, Any] = {
        "required": one.required,
        "error_messages": {
            "required": _("请选择。") if one.type in _CHOSEN else _("请填写。"),
            "invalid": wrong,
            "too_large": wrong,
            "special": wrong,
        },
    }
    match one.type:
        case FieldType.NUMBER:
            return fields.Decimal(allow_nan=False, validate=_bounds(one, Decimal), **common)
        case FieldType.DATE:
            return fields.Date(validate=_bounds(one, date.fromisoformat), **common)
        case FieldType.DATETIME:
            return fields.AwareDateTime(
                default_timezone=CHINA, validate=_bounds(one, _instant), **common
            )
        case FieldType.BOOLEAN:
            return fields.Boolean(truthy={"true"}, falsy={"false"}, **common)
        case FieldType.MULTI_CHOICE:
            chosen = fields.String(validate=_one_of(one, choices))
            return fields.List(chosen, **common)
        case FieldType.CHOICE | FieldType.UNIT:
            return fields.String(validate=_one_of(one, choices), **common)
        case _:
            return fields.String(validate=_text_rules(one), **common)


def _instant(text: str) -> datetime:
    instant = datetime.fromisoformat(text)
    return instant if instant.tzinfo else instant.replace(tzinfo=CHINA)


def _bounds(one: Field, convert: Callable[[str], Any]) -> validate.Validator | None:
    if one.minimum is None and one.maximum is None:
        return None
    return validate.Range(
        min=convert(one.minimum) if one.minimum is not None else None,
        max=convert(one.maximum) if one.maximum is not None else None,
        error=_out_of_bounds(one),
    )


def _out_of_bounds(one: Field) -> str:
    if one.minimum is None:
        return _("不能大于 %(maximum)s。", maximum=one.maximum)
    if one.maximum is None:
        return _("不能小于 %(minimum)s。", minimum=one.minimum)
    return _("要在 %(minimum)s 和 %(maximum)s 之间。", minimum=one.minimum, maximum=one.maximum)


def _one_of(one: Field, choices: Mapping[str, Choices]) -> validate.Validator:
    offered = {option.value for option in one.options}
    if not offered:
        offered = (choices.get(one.name) or choices.get(one.type) or Choices()).values()
    return validate.OneOf(sorted(offered), error=_("请从列表中选择。"))


def _text_rules(one: Field) -> list[validate.Validator]:
    rules: list[validate.Validator] = []
    if one.max_length is not None:
        too_long = _("最多 %(count)s 个字，请缩短。", count=one.max_length)
        rules.append(validate.Length(max=one.max_length, error=too_long))
    if one.type is FieldType.PHONE:
        rules.append(validate.Regexp(_PHONE_RULE, error=_("请填写电话号码，例如 13812345678。")))
    if one.pattern is not None:
        rules.append(validate.Regexp(f"(?:{one.pattern})\\Z", error=_("格式不符合要求。")))
    return rules


def _first(problem: Any) -> str:
    """The first sentence of what marshmallow says about one field."""
    if isinstance(problem, str):
        return problem
    return _first(next(iter(problem.values() if isinstance(problem, dict) else problem)))
