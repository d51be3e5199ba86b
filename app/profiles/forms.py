"""The files of a profile as they must be written: `profile.yaml` and `categories.csv`.

A file that is not so is refused with a sentence for every wrong field, which names file and field.
"""

import csv
import io
from collections.abc import Iterator, Mapping
from typing import Any

import yaml
from marshmallow import Schema, ValidationError, fields, post_load, validate

from app.core.errors import Invalid
from app.core.phrase import Phrase
from app.profiles.letters import LetterKind
from app.profiles.profile import (
    ExtraLine,
    Given,
    Level,
    Satisfaction,
    Source,
    SourceKind,
)

_TEXT = Phrase("不留空的文字", "some text")
_BOTH = Phrase("zh 和 en 两种文字", "text in both languages, zh and en")
_ID = Phrase("小写字母、数字和下划线", "small letters, digits and underscores")
_LIST = Phrase("列表", "a list")
_YES_NO = Phrase("true 或 false", "true or false")


def _one_of(values: type[Level] | type[SourceKind] | type[Satisfaction]) -> Phrase:
    return Phrase("、".join(values) + " 之一", "one of " + ", ".join(values))


def _text(**more: Any) -> fields.String:
    return fields.String(
        required=True, validate=validate.Length(min=1), metadata={"expects": _TEXT}, **more
    )


def _id() -> fields.String:
    return fields.String(
        required=True,
        validate=validate.Regexp(r"[a-z][a-z0-9_]*\Z"),
        metadata={"expects": _ID},
    )


class PhraseSchema(Schema):
    """A text in both languages."""

    zh = _text()
    en = _text()

    @post_load
    def _made(self, data: dict[str, str], **_: object) -> Phrase:
        return Phrase(data["zh"], data["en"])


def _phrase() -> fields.Nested:
    return fields.Nested(PhraseSchema(), required=True, metadata={"expects": _BOTH})


class SourceSchema(Schema):
    """Where something is said."""

    id = _id()
    title = _phrase()
    kind = fields.Enum(
        SourceKind, by_value=True, required=True, metadata={"expects": _one_of(SourceKind)}
    )
    dated = fields.String(load_default="", metadata={"expects": _TEXT})
    address = fields.Url(
        load_default=None,
        schemes={"http", "https"},
        metadata={"expects": Phrase("http(s) 网址", "an http(s) address")},
    )

    @post_load
    def _made(self, data: dict[str, Any], **_: object) -> Source:
        return Source(**data)


class GivenSchema(Schema):
    """One thing the sources give."""

    what = _phrase()
    source = _id()
    tables = fields.List(_id(), load_default=[], metadata={"expects": _LIST})

    @post_load
    def _made(self, data: dict[str, Any], **_: object) -> Given:
        return Given(data["what"], data["source"], tuple(data["tables"]))


class LineSchema(Schema):
    """A telephone line beside 12345."""

    number = fields.String(
        required=True,
        validate=validate.Regexp(r"\d{3,12}\Z"),
        metadata={"expects": Phrase("电话号码，只写数字，加引号", "a number: digits, in quotes")},
    )
    name = _phrase()
    source = _id()

    @post_load
    def _made(self, data: dict[str, Any], **_: object) -> ExtraLine:
        return ExtraLine(**data)


class ReportSchema(Schema):
    """How the place counts; what is left out is inherited."""

    satisfaction = fields.Enum(
        Satisfaction, by_value=True, metadata={"expects": _one_of(Satisfaction)}
    )
    counts_superior_platform = fields.Boolean(
        truthy={True}, falsy={False}, metadata={"expects": _YES_NO}
    )


class CalendarSchema(Schema):
    """Hours and week; single days stand in `calendar.csv`."""

    hours = fields.String(metadata={"expects": Phrase("工时代码，如 H7", "hours such as H7")})
    workweek = fields.String(
        validate=validate.Regexp(r"[01]{7}\Z"),
        metadata={
            "expects": Phrase(
                "周一到周日七位，1 表示上班，加引号",
                "seven digits from Monday, 1 means work, quoted",
            )
        },
    )


def _date() -> fields.Date:
    return fields.Date(
        load_default=None,
        allow_none=True,
        metadata={
            "expects": Phrase("加引号的日期，如 '2026-01-01'", "a date such as '2026-01-01'")
        },
    )


class ProfileSchema(Schema):
    """The whole of `profile.yaml`."""

    title = _phrase()
    level = fields.Enum(Level, by_value=True, required=True, metadata={"expects": _one_of(Level)})
    summary = _phrase()
    valid_from = _date()
    valid_through = _date()
    sources = fields.List(
        fields.Nested(SourceSchema()), load_default=[], metadata={"expects": _LIST}
    )
    gives = fields.List(fields.Nested(GivenSchema()), load_default=[], metadata={"expects": _LIST})
    inherits = fields.List(
        fields.Nested(PhraseSchema()), load_default=[], metadata={"expects": _LIST}
    )
    lines = fields.List(fields.Nested(LineSchema()), load_default=[], metadata={"expects": _LIST})
    issuer = fields.Nested(PhraseSchema(), load_default=None, metadata={"expects": _BOTH})
    report = fields.Nested(ReportSchema(), load_default={})
    calendar = fields.Nested(CalendarSchema(), load_default={})


class CategorySchema(Schema):
    """One row of `categories.csv`."""

    code = _id()
    name_zh = _text()
    name_en = _text()
    parent = fields.String(load_default="")


def read_profile(text: str, file: str) -> dict[str, Any]:
    """The content of a `profile.yaml`; `file` is how refusals name it. Raises `Invalid`."""
    try:
        data = yaml.safe_load(text)
    except yaml.YAMLError as error:
        mark = error.problem_mark if isinstance(error, yaml.MarkedYAMLError) else None
        line = mark.line + 1 if mark else 1
        raise Invalid(
            Phrase(
                f"{file} 第 {line} 行附近不是有效的 YAML，请核对缩进、引号和冒号。",
                f"{file} is not YAML near line {line}: check indents, quotes and colons.",
            )
        ) from None
    if not isinstance(data, dict):
        raise Invalid(
            Phrase(
                f"{file} 须由“字段: 值”组成，第一项如“title:”。",
                f"{file} is made of “field: value”, beginning with “title:”.",
            )
        )
    loaded: dict[str, Any] = _loaded(ProfileSchema(), data, file)
    return loaded


def read_categories(text: str, file: str) -> tuple[dict[str, str], ...]:
    """The rows of a `categories.csv`; raises `Invalid` naming file, line and column."""
    rows: list[dict[str, str]] = []
    for row in csv.DictReader(io.StringIO(text.removeprefix("\ufeff"))):
        rows.append(_loaded(CategorySchema(), row, f"{file}:{len(rows) + 2}"))
    return tuple(rows)


def refused(file: str, path: str, phrase: Phrase) -> Invalid:
    """A refusal of one field, as those of the schemas are worded."""
    said = Phrase(f"{file} 的“{path}”：{phrase.zh}", f"{file}, “{path}”: {phrase.en}")
    return Invalid(said, {path: said})


def _loaded(schema: Schema, data: Mapping[str, Any], file: str) -> Any:
    try:
        return schema.load(data)
    except ValidationError as error:
        wrong = {
            path: refused(file, path, phrase).phrase
            for path, phrase in _faults(error.messages_dict, schema, data, "")
        }
    raise Invalid(
        Phrase(
            "\n".join(said.zh for said in wrong.values()),
            "\n".join(said.en for said in wrong.values()),
        ),
        wrong,
    )


def _faults(
    messages: Mapping[Any, Any], schema: Schema, data: Any, under: str
) -> Iterator[tuple[str, Phrase]]:
    """Path and sentence of every fault marshmallow found."""
    for name, said in messages.items():
        path = f"{under}{name}"
        field = schema.fields.get(name)
        value = data.get(name) if isinstance(data, Mapping) else None
        if name == "_schema":
            yield under.rstrip("."), Phrase("须写成“字段: 值”。", "write “field: value”.")
        elif field is None:
            known = list(schema.fields)
            yield (
                path,
                Phrase(
                    f"没有这个字段；可用的有{'、'.join(known)}。",
                    f"there is no such field; there are {', '.join(known)}.",
                ),
            )
        elif isinstance(said, Mapping) and isinstance(field, fields.Nested):
            yield from _faults(said, field.schema, value, f"{path}.")
        elif isinstance(said, Mapping) and isinstance(field, fields.List):
            yield from _faults_of_list(said, field, value, path)
        else:
            yield path, _expected(field, value, missing=name not in (data or {}))


def _faults_of_list(
    messages: Mapping[int, Any], field: fields.List[Any], values: Any, path: str
) -> Iterator[tuple[str, Phrase]]:
    for index, said in messages.items():
        inner, value, place = field.inner, values[index], f"{path}.{index + 1}"
        if isinstance(said, Mapping) and isinstance(inner, fields.Nested):
            yield from _faults(said, inner.schema, value, f"{place}.")
        else:
            yield place, _expected(inner, value, missing=False)


def _expected(field: fields.Field[Any], value: object, *, missing: bool) -> Phrase:
    expects: Phrase = field.metadata["expects"]
    if missing:
        return Phrase(f"必须填写，须为{expects.zh}。", f"it must be given: {expects.en}.")
    return Phrase(
        f"须为{expects.zh}，不能是“{value}”。", f"it must be {expects.en}, not “{value}”."
    )


LETTER_FILES = {
    (kind, language): f"{kind.value}.{language}.txt"
    for kind in LetterKind
    for language in ("zh", "en")
}
"""The file of each letter in each language."""
