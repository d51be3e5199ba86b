"""Forms on a page: how a form that is data is drawn, and how what was typed is handed on.

The form of a step comes with its diagram; filters and other forms of the pages are written with
the same parts, so that labels, help, marks, refusals and kept text look alike everywhere.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import groupby
from typing import Any

from werkzeug.datastructures import MultiDict

from app.core.clock import CHINA
from app.core.phrase import Phrase
from app.engine.forms import Field, FieldType, FileSort, Form
from app.web.language import _, say

Options = Sequence[tuple[str, str]]
"""Values and their labels, in the reader's language."""
Groups = Sequence[tuple[str, Options]]
"""Options under headings: a choice from a tree of two levels."""

_OFFSET = "+08:00"
"""What is typed as date and time carries no offset; it is meant in the office's zone."""
_SEVERAL = frozenset({FieldType.MULTI_CHOICE, FieldType.UNITS, FieldType.FILES})
_WIDE = _SEVERAL | {FieldType.LONG_TEXT}
_FEW = 4
"""A choice of up to so many options shows them all at once."""
_INPUT_TYPES: dict[str, str] = {
    FieldType.NUMBER: "number",
    FieldType.PHONE: "tel",
}


# A browser writes its own date fields in the order of its own language, 11/21/2026 on an English
# machine: dates are typed as the office writes them.
_EXAMPLES: dict[str, str] = {
    FieldType.DATE: "2026-01-31",
    FieldType.DATETIME: "2026-01-31 09:30",
}


@dataclass(frozen=True, slots=True)
class Choices:
    """What a select offers beyond the options written in the form: units, categories."""

    options: Options = ()
    groups: Groups = ()


@dataclass(frozen=True, slots=True)
class Standing:
    """How a form with conditions stands when it is drawn: the fields that are not to be seen, those
    that must be filled in, what stands in some before anybody has typed, and where to ask again.
    """

    hidden: frozenset[str] = frozenset()
    required: frozenset[str] = frozenset()
    kept: Mapping[str, object] = field(default_factory=dict)
    address: str = ""


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
    blank: str
    """The first line of a select, which chooses nothing."""
    accepts: frozenset[FileSort] = frozenset()
    megabytes: int | None = None
    hidden: bool = False
    """Whether its condition does not hold just now: a script hides it, without one it stays."""
    conditional: bool = False
    """Whether it may come and go, or be required at times, while the form is filled in."""

    @property
    def value(self) -> str:
        """What stands in the field, as typed."""
        return self.values[0] if self.values else ""

    @property
    def most_bytes(self) -> int | None:
        """Of each file; none where the field says nothing."""
        return None if self.megabytes is None else self.megabytes * 1024 * 1024

    @property
    def wide(self) -> bool:
        """Whether the field takes the whole width of a form of two columns."""
        return self.type in _WIDE

    @property
    def rows(self) -> int:
        """Height of a text area: short for short texts."""
        return 3 if self.max_length is not None and self.max_length <= 200 else 5

    @property
    def input_type(self) -> str:
        """The type of the input element."""
        return _INPUT_TYPES.get(self.type, "text")

    @property
    def placeholder(self) -> str:
        """An example of how a date is written; empty for everything else."""
        example = _EXAMPLES.get(self.type)
        return _("如 %(example)s", example=example) if example else ""


@dataclass(frozen=True, slots=True)
class FormView:
    """A form, ready for the template. `prefix` keeps ids of two forms on one page apart."""

    fields: tuple[FieldView, ...]
    prefix: str = ""
    look: str = ""
    """Where to ask which fields are shown and required; empty where that is fixed."""

    @property
    def errors(self) -> tuple[FieldView, ...]:
        """The fields that must be corrected, in the order of the form."""
        return tuple(one for one in self.fields if one.error)

    @property
    def runs(self) -> list[tuple[str, list[FieldView]]]:
        """Neighbouring fields of one type together: ticks then stand on one line."""
        return [(kind, list(run)) for kind, run in groupby(self.fields, lambda one: one.type)]

    @property
    def has_files(self) -> bool:
        """Whether the form must be sent as multipart."""
        return any(one.type == FieldType.FILES for one in self.fields)


def form_view(
    form: Form,
    roles: frozenset[str],
    *,
    typed: Mapping[str, Any] | None = None,
    errors: Mapping[str, str] | None = None,
    choices: Mapping[str, Choices] | None = None,
    attributes: Mapping[str, Mapping[str, str]] | None = None,
    blank: str | None = None,
    prefix: str = "",
    standing: Standing | None = None,
) -> FormView:
    """Draw `form` for somebody with `roles`, with conditions as it is `standing`.

    `typed` holds what stands in the fields (a MultiDict of what was sent, or values to begin
    with), `choices` what selects offer beyond the form, by name of the field or by its type. What
    narrows a list gives `blank`, the word for everything: its choices are selects, however few.
    """
    return FormView(
        tuple(
            _field_view(
                one,
                roles,
                typed,
                (errors or {}).get(one.name, ""),
                choices or {},
                (attributes or {}).get(one.name, {}),
                blank,
                prefix,
                standing or Standing(),
            )
            for one in form.fields
            if one.is_visible_to(roles)
        ),
        prefix,
        standing.address if standing is not None else "",
    )


def submitted(form: Form, sent: MultiDict[str, str]) -> dict[str, object]:
    """What was sent for the fields of `form`, as the command expects it: trimmed texts, a list
    for a multiple choice or files, an instant with the office's offset. The command checks it.
    """
    values: dict[str, object] = {}
    for one in form.fields:
        if one.type in _SEVERAL:
            values[one.name] = [plain(value) for value in sent.getlist(one.name) if value]
            continue
        text = plain(sent.get(one.name, ""))
        if text and one.type is FieldType.DATETIME:
            text += _OFFSET
        if one.type is FieldType.UNIT and number_in(text) is None:
            text = ""
        values[one.name] = text
    return values


def plain(text: str) -> str:
    """A typed text without the blanks around it, with plain line ends, and without NUL, which no
    keyboard types and PostgreSQL does not store.
    """
    return text.replace("\0", "").replace("\r\n", "\n").strip()


def number_in(text: str) -> int | None:
    """A key sent by a form, or none for anything that is no key."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 19 else None


def errors_in_words(problems: Mapping[str, Phrase]) -> dict[str, str]:
    """What a command found wrong, in the reader's language."""
    return {name: say(phrase) for name, phrase in problems.items()}


def _field_view(
    one: Field,
    roles: frozenset[str],
    typed: Mapping[str, Any] | None,
    error: str,
    choices: Mapping[str, Choices],
    attributes: Mapping[str, str],
    blank: str | None,
    prefix: str,
    standing: Standing,
) -> FieldView:
    offered = _offered(one, choices)
    kind: str = one.type
    few = blank is None and len(offered.options) <= _FEW
    if one.type is FieldType.BOOLEAN and (one.required or one.required_when):
        offered = Choices([("true", _("是")), ("false", _("否"))])
    elif one.type is FieldType.BOOLEAN:
        kind = "tick"
    elif one.type is FieldType.CHOICE and not offered.groups and few:
        kind = "choice_radio"
    return FieldView(
        id=f"{prefix}{one.name}",
        name=one.name,
        type=kind,
        label=say(one.label),
        help=say(one.help),
        required=one.required or one.name in standing.required,
        readonly=not one.is_editable_by(roles),
        values=_values(one, typed, standing.kept, locked=not one.is_editable_by(roles)),
        error=error,
        options=offered.options,
        groups=offered.groups,
        minimum=one.minimum,
        maximum=one.maximum,
        max_length=one.max_length,
        attributes=attributes,
        blank=blank or _("请选择"),
        accepts=one.accepts,
        megabytes=one.max_megabytes,
        hidden=one.name in standing.hidden,
        conditional=one.shown_when is not None or one.required_when is not None,
    )


def _offered(one: Field, choices: Mapping[str, Choices]) -> Choices:
    if one.options:
        return Choices([(option.value, say(option.label)) for option in one.options])
    return choices.get(one.name) or choices.get(one.type) or Choices()


def _values(
    one: Field, typed: Mapping[str, Any] | None, kept: Mapping[str, object], *, locked: bool
) -> tuple[str, ...]:
    """What stands in the field: what was typed, else what it begins with. A field of others shows
    what they said, whatever was sent.
    """
    if locked and one.name in kept:
        return _written(one, kept[one.name])
    if typed is not None and one.name in typed:
        return _written(
            one, typed.getlist(one.name) if isinstance(typed, MultiDict) else typed[one.name]
        )
    if isinstance(typed, MultiDict):
        return ()
    if one.name in kept:
        return _written(one, kept[one.name])
    if one.default is None or one.default_expression is not None:
        return ()
    return _written(one, one.default.split() if one.type in _SEVERAL else one.default)


def _written(one: Field, value: object) -> tuple[str, ...]:
    """A value as it stands in the field."""
    if isinstance(value, list | tuple):
        return tuple(str(item) for item in value)
    if isinstance(value, bool):
        return ("true" if value else "false",)
    if one.type is FieldType.DATETIME and isinstance(value, str) and "T" in value:
        value = _instant(value)
    if isinstance(value, datetime):
        return (value.astimezone(CHINA).strftime("%Y-%m-%d %H:%M"),)
    return () if value is None else (str(value),)


def _instant(text: str) -> datetime | str:
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        return text
    return instant if instant.tzinfo is not None else instant.replace(tzinfo=CHINA)
