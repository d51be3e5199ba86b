"""Decision tables as Excel workbooks: out and in again, and what is not let in."""

import zipfile
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import pytest
from lxml import etree
from openpyxl import Workbook, load_workbook  # type: ignore[import-untyped]

from app.core.errors import Invalid
from app.decisions import xml
from app.design import spreadsheets
from app.design.comparing_tables import differences, tables_of

RULES = Path(__file__).parents[2] / "rules"
CLOSING = (RULES / "closing.dmn").read_text()


def edited(change: Callable[[Workbook], None]) -> bytes:
    """The workbook of the table `closing` after `change`."""
    book = load_workbook(BytesIO(spreadsheets.write(CLOSING)))
    change(book)
    kept = BytesIO()
    book.save(kept)
    return kept.getvalue()


def with_part(name: str, data: bytes) -> bytes:
    """The workbook of the table `closing` with one more part."""
    kept = BytesIO(spreadsheets.write(CLOSING))
    with zipfile.ZipFile(kept, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, data)
    return kept.getvalue()


@pytest.mark.parametrize("path", sorted(RULES.rglob("*.dmn")), ids=lambda path: path.stem)
def test_every_shipped_table_comes_back_as_it_went_out(path: Path) -> None:
    content = path.read_text()
    again = spreadsheets.read(spreadsheets.write(content), content)
    assert etree.canonicalize(again) == etree.canonicalize(content)


def test_changed_added_and_removed_rows_are_taken_over() -> None:
    def change(book: Workbook) -> None:
        sheet = book["closing"]
        sheet["B5"] = '"partly_resolved"'
        sheet.delete_rows(6)
        sheet.append(
            [
                "",
                '"explained"',
                "-",
                "-",
                3,
                True,
                '"leader"',
                False,
                "null",
                "null",
                "会议纪要",
                "",
            ]
        )

    again = spreadsheets.read(edited(change), CLOSING)
    rows = tables_of(xml.parse(again.encode()))["closing"].rows
    assert len(rows) == 9
    assert rows[0].cells["in:closing_reason"] == '"partly_resolved"'
    assert (rows[-1].cells["in:re_handled"], rows[-1].cells["out:allowed"]) == ("3", "true")
    assert rows[-1].cells["note:依据"] == "会议纪要"
    assert len({row.id for row in rows}) == 9
    assert {one.what.value for one in differences(CLOSING, again)} >= {"changed"}


def test_cells_are_words_even_where_they_look_like_formulas() -> None:
    content = CLOSING.replace("&gt;= 2", "= 2")
    assert spreadsheets.read(spreadsheets.write(content), content).count("= 2") >= 1


def test_cells_offer_the_allowed_values() -> None:
    book = load_workbook(BytesIO(spreadsheets.write(CLOSING)))
    assert book["values"].sheet_state == "hidden"
    assert len(book["closing"].data_validations.dataValidation) == 4
    assert [cell.value for cell in book["values"]["A"]][:2] == ['"resolved"', '"partly_resolved"']


def formula(book: Workbook) -> None:
    book["closing"]["B5"] = '=HYPERLINK("http://example.org")'


def other_columns(book: Workbook) -> None:
    book["closing"].delete_cols(3)


def copied_row(book: Workbook) -> None:
    book["closing"]["A6"] = book["closing"]["A5"].value


def other_sheet(book: Workbook) -> None:
    book["closing"].title = "other"


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (formula, "formula"),
        (other_columns, "columns"),
        (copied_row, "twice"),
        (other_sheet, "no sheet"),
    ],
)
def test_a_workbook_that_says_something_else_is_refused(
    change: Callable[[Workbook], None], why: str
) -> None:
    with pytest.raises(Invalid, match=why):
        spreadsheets.read(edited(change), CLOSING)


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"PK no workbook", "cannot be read"),
        (b"\0" * (spreadsheets.LARGEST + 1), "2 MB"),
        (with_part("xl/vbaProject.bin", b"x"), "macros"),
        (with_part("xl/externalLinks/externalLink1.xml", b"<a/>"), "links"),
        (with_part("xl/theme/more.xml", b"<!DOCTYPE a [<!ENTITY b 'c'>]><a/>"), "cannot be read"),
        (with_part("xl/media/more.png", b"\0" * 60_000_000), "too much"),
    ],
    ids=["no zip", "large", "macro", "link", "entities", "bomb"],
)
def test_a_hostile_file_is_refused_unread(data: bytes, why: str) -> None:
    with pytest.raises(Invalid, match=why):
        spreadsheets.read(data, CLOSING)
