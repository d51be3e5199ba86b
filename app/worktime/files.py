"""What comes in from files: calendar rows, hours and deadlines to check, validated row by row.

A file that would be published is refused as a whole, with a sentence for every wrong cell that
names row and column; of a file that is only checked, the rows that can be read are.
"""

import csv
import io
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import MAXYEAR, MINYEAR, date, datetime
from decimal import Decimal
from typing import Any

from marshmallow import Schema, ValidationError, fields, validate

from app.core.clock import CHINA
from app.core.errors import Invalid
from app.core.phrase import Phrase
from app.worktime.days import DayKind, DayRow
from app.worktime.hours import HoursProfile, parse_segments, segments_text

_DATE = Phrase("日期，如 2026-10-01", "a date like 2026-10-01")
_KIND = Phrase("workday、restday、holiday、makeup 之一", "one of workday, restday, holiday, makeup")
_TEXT = Phrase("不留空的文字", "some text")
_HOURS = Phrase(
    "时段，如 08:30-12:00,14:00-17:30，前后不重叠",
    "segments like 08:30-12:00,14:00-17:30 that do not overlap",
)


def _segments(text: str) -> None:
    try:
        parse_segments(text)
    except Invalid as error:
        raise ValidationError(str(error)) from error


class DayRowSchema(Schema):
    """One row of a calendar file."""

    date = fields.Date(required=True, metadata={"expects": _DATE})
    kind = fields.Enum(DayKind, by_value=True, required=True, metadata={"expects": _KIND})
    holiday_name = fields.String(load_default="")
    statutory = fields.String(load_default="")
    notice = fields.String(
        required=True,
        validate=validate.Length(min=1),
        metadata={"expects": Phrase("发文字号", "the number of the document")},
    )
    hours = fields.String(
        load_default="",
        validate=lambda text: _segments(text) if text else None,
        metadata={"expects": _HOURS},
    )


class NationalDaySchema(DayRowSchema):
    """One row of the shipped file, which also says when the notice was issued."""

    issued = fields.Date(required=True, metadata={"expects": _DATE})


_MONTH_DAY = validate.Regexp(r"(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])\Z")
SeasonSchema = Schema.from_dict(
    {
        "from": fields.String(required=True, validate=_MONTH_DAY),
        "to": fields.String(required=True, validate=_MONTH_DAY),
        "segments": fields.String(required=True, validate=_segments),
    },
    name="SeasonSchema",
)
"""Hours between two dates of every year."""


class HoursSchema(Schema):
    """An hours profile, as shipped, exported and imported."""

    code = fields.String(required=True, validate=validate.Length(min=1))
    name = fields.String(required=True, validate=validate.Length(min=1))
    segments = fields.String(required=True, validate=_segments)
    seasons = fields.List(fields.Nested(SeasonSchema))
    weekdays = fields.Dict(
        keys=fields.String(validate=validate.OneOf("1234567")),
        values=fields.String(validate=_segments),
    )


class NoticeSchema(Schema):
    """The text of a notice with what stands around it."""

    number = fields.String(required=True, validate=validate.Length(min=1))
    issued = fields.Date(required=True)
    year = fields.Integer(required=True, validate=validate.Range(2000, 2100))
    lines = fields.List(fields.String(), required=True, validate=validate.Length(min=1))


@dataclass(frozen=True, slots=True)
class NoticeForm:
    """A notice as it came in a JSON file."""

    number: str
    issued: date
    year: int
    text: str


def _instant(at: datetime) -> None:
    try:
        in_china(at)
    except ValueError as error:
        raise ValidationError(str(error)) from error


class VectorSchema(Schema):
    """One deadline to recompute. Instants without an offset are read as China's."""

    id = fields.String(required=True, validate=validate.Length(min=1), metadata={"expects": _TEXT})
    start = fields.DateTime(
        required=True,
        validate=_instant,
        metadata={
            "expects": Phrase(
                "时刻，如 2026-02-13T17:30:00+08:00", "an instant like 2026-02-13T17:30:00+08:00"
            )
        },
    )
    limit = fields.Decimal(
        required=True,
        validate=validate.Range(min=Decimal(0), min_inclusive=False),
        metadata={"expects": Phrase("大于零的数", "a number above zero")},
    )
    unit = fields.String(
        required=True,
        validate=validate.OneOf(["WD", "WH", "NH", "ND", "MON"]),
        metadata={
            "expects": Phrase("WD、WH、NH、ND、MON 之一", "one of WD, WH, NH, ND, MON"),
        },
    )
    calendar = fields.String(required=True, validate=validate.Length(min=1))
    hours = fields.String(required=True, validate=validate.Length(min=1))
    receipt_rule = fields.String(
        load_default="",
        validate=validate.OneOf(["", "next", "defer", "same"]),
        metadata={"expects": Phrase("next、defer、same 或留空", "next, defer, same or nothing")},
    )
    end_rule = fields.String(
        load_default="",
        validate=validate.OneOf(["", "24", "close"]),
        metadata={"expects": Phrase("24、close 或留空", "24, close or nothing")},
    )
    roll = fields.String(
        load_default="",
        validate=validate.OneOf(["", "0", "1"]),
        metadata={"expects": Phrase("0、1 或留空", "0, 1 or nothing")},
    )
    pauses = fields.String(load_default="")
    extension = fields.String(load_default="")
    deadline_date = fields.Date(required=True, metadata={"expects": _DATE})
    deadline_at = fields.DateTime(
        required=True,
        validate=_instant,
        metadata={
            "expects": Phrase(
                "时刻，如 2026-02-25T00:00:00+08:00", "an instant like 2026-02-25T00:00:00+08:00"
            )
        },
    )
    status = fields.String(
        load_default="",
        validate=validate.OneOf(["", "final", "provisional"]),
        metadata={"expects": Phrase("final、provisional 或留空", "final, provisional or nothing")},
    )


def national_days(text: str) -> list[tuple[date, DayRow]]:
    """Day of issue and row of the shipped file, in its order."""
    return [(row["issued"], _day_row(row)) for _line, row in _rows(text, NationalDaySchema())]


def day_rows(text: str) -> tuple[DayRow, ...]:
    """The rows of a calendar file, sorted by date. `Invalid` also when a date stands twice."""
    rows: dict[date, DayRow] = {}
    for number, loaded in _rows(text, DayRowSchema()):
        row = _day_row(loaded)
        if row.date in rows:
            phrase = Phrase(
                f"第 {number} 行“date”列：{row.date} 已经出现过，每个日期只能有一行。",
                f'Row {number}, column "date": {row.date} stands there twice; once is enough.',
            )
            raise Invalid(phrase, {f"{number}.date": phrase})
        rows[row.date] = row
    return tuple(rows[day] for day in sorted(rows))


def day_rows_csv(rows: Iterable[DayRow]) -> str:
    """The file that `day_rows` reads back; provisional days, having no document, are left out."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["date", "kind", "holiday_name", "statutory", "notice", "hours"])
    for row in rows:
        if row.document:
            hours = segments_text(row.hours) if row.hours else ""
            writer.writerow(
                [row.date, row.kind.value, row.name, row.statutory, row.document, hours]
            )
    return out.getvalue()


@dataclass(frozen=True, slots=True)
class VectorRow:
    """A row of a file of deadlines: its values, instants aware, or what is wrong with its cells."""

    id: str
    values: Mapping[str, Any]
    wrong: tuple[Phrase, ...] = ()


def vector_rows(text: str) -> list[VectorRow]:
    """Every row of a file of deadlines, also those that cannot be read.

    Raises `Invalid` for a file without the columns.
    """
    return [_vector(row) for row in _read_rows(text, VectorSchema())]


def _vector(row: "_Row") -> VectorRow:
    if row.wrong:
        return VectorRow(row.cells.get("id") or f"#{row.line}", {}, tuple(row.wrong.values()))
    start, due = in_china(row.values["start"]), in_china(row.values["deadline_at"])
    return VectorRow(row.values["id"], {**row.values, "start": start, "deadline_at": due})


def notice_forms(text: str) -> list[NoticeForm]:
    """The notices of a JSON file: one object or a list of them."""
    return [
        NoticeForm(form["number"], form["issued"], form["year"], "\n".join(form["lines"]))
        for form in _objects(text, NoticeSchema())
    ]


def hours_profile(text: str) -> HoursProfile:
    """The hours profile of a JSON file with one object."""
    return HoursProfile.from_json(_objects(text, HoursSchema())[0])


def _objects(text: str, schema: Schema) -> list[dict[str, Any]]:
    try:
        data = json.loads(text)
    except RecursionError:
        raise Invalid(
            Phrase(
                "文件的 JSON 嵌套过深，请核对是否选错了文件。",
                "The JSON of the file is nested too deep: is it the right file?",
            )
        ) from None
    except json.JSONDecodeError as error:
        raise Invalid(
            Phrase(
                f"文件不是 JSON：第 {error.lineno} 行第 {error.colno} 列有误。",
                f"The file is no JSON: see line {error.lineno}, column {error.colno}.",
            )
        ) from None
    objects = data if isinstance(data, list) else [data]
    loaded: list[dict[str, Any]] = []
    wrong: dict[str, Phrase] = {}
    for number, item in enumerate(objects, start=1):
        try:
            loaded.append(schema.load(item))
        except ValidationError as error:
            for name, why in error.messages_dict.items():
                wrong[f"{number}.{name}"] = Phrase(
                    f"第 {number} 个对象的“{name}”不对：{why}",
                    f'Object {number}, "{name}" is wrong: {why}',
                )
    if wrong:
        raise Invalid(_together(list(wrong.values())), wrong)
    return loaded


def in_china(at: datetime) -> datetime:
    """An instant written without an offset is China's.

    Raises `ValueError` in the first and last year of all: other zones have no such instant.
    """
    if not MINYEAR < at.year < MAXYEAR:
        raise ValueError(f"{at} is out of reach")
    return at if at.tzinfo else at.replace(tzinfo=CHINA)


def _day_row(row: dict[str, Any]) -> DayRow:
    return DayRow(
        row["date"],
        row["kind"],
        row["holiday_name"],
        row["statutory"],
        row["notice"],
        parse_segments(row["hours"]) if row["hours"] else None,
    )


@dataclass(frozen=True, slots=True)
class _Row:
    """A row of a CSV file: where it ends, its cells as written, and its values or its faults."""

    line: int
    cells: Mapping[str, str]
    values: dict[str, Any]
    wrong: Mapping[str, Phrase]
    """Column → what is wrong with its cell."""


def _rows(text: str, schema: Schema) -> list[tuple[int, dict[str, Any]]]:
    """Every row with its line. Raises `Invalid` with every wrong cell of the file."""
    rows = list(_read_rows(text, schema))
    wrong = {f"{row.line}.{name}": said for row in rows for name, said in row.wrong.items()}
    if wrong:
        raise Invalid(_together(list(wrong.values())), wrong)
    return [(row.line, row.values) for row in rows]


def _read_rows(text: str, schema: Schema) -> Iterator[_Row]:
    """Every row through the schema; columns the schema does not know are passed over."""
    reader = csv.DictReader(io.StringIO(text.removeprefix("\ufeff")))
    missing = [
        name
        for name, column in schema.fields.items()
        if column.required and name not in (reader.fieldnames or ())
    ]
    if missing:
        columns = ", ".join(missing)
        raise Invalid(
            Phrase(
                f"文件缺少这些列：{columns}。首行应是列名，以逗号分隔，编码为 UTF-8。",
                f"The file lacks these columns: {columns}. "
                "Its first line names the columns, separated by commas, in UTF-8.",
            )
        )
    for row in reader:
        cells = {name: (row[name] or "").strip() for name in schema.fields if name in row}
        values: dict[str, Any] = {}
        wrong: dict[str, Phrase] = {}
        try:
            values = schema.load(cells)
        except ValidationError as error:
            for name in error.messages_dict:
                wrong[name] = _cell(schema, reader.line_num, name, cells.get(name, ""))
        yield _Row(reader.line_num, cells, values, wrong)


def _cell(schema: Schema, number: int, name: str, value: str) -> Phrase:
    expects = schema.fields[name].metadata.get("expects", _TEXT)
    return Phrase(
        f"第 {number} 行“{name}”列：“{value}”不对，应为{expects.zh}。",
        f'Row {number}, column "{name}": "{value}" is wrong; it takes {expects.en}.',
    )


def _together(sentences: Sequence[Phrase]) -> Phrase:
    shown = sentences[:10]
    more = len(sentences) - len(shown)
    return Phrase(
        "\n".join(phrase.zh for phrase in shown) + (f"\n另有 {more} 处。" if more else ""),
        "\n".join(phrase.en for phrase in shown) + (f"\nAnd {more} more." if more else ""),
    )
