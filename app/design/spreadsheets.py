"""A decision table as an Excel workbook, and back.

Each table is a sheet: headings, keys of the columns, types and allowed values above, one row for
each rule below, sources and remarks in columns of their own. Cells hold FEEL as it is written.
Reading changes the rows of a table only: columns belong to the editor. A workbook comes from
outside: formulas, macros, links to other files and what unpacks to more than a table can be are
refused before anything of it is read.
"""

import re
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from io import BytesIO

from lxml import etree
from openpyxl import Workbook, load_workbook  # type: ignore[import-untyped]
from openpyxl.cell import Cell  # type: ignore[import-untyped]
from openpyxl.styles import Alignment, Font, PatternFill  # type: ignore[import-untyped]
from openpyxl.utils import get_column_letter  # type: ignore[import-untyped]
from openpyxl.utils.exceptions import IllegalCharacterError, InvalidFileException  # type: ignore[import-untyped]
from openpyxl.worksheet.datavalidation import DataValidation  # type: ignore[import-untyped]
from openpyxl.worksheet.worksheet import Worksheet  # type: ignore[import-untyped]

from app.core.errors import Invalid
from app.core.phrase import Phrase
from app.decisions import xml
from app.decisions.xml import Element, children
from app.design.comparing_tables import Column, Table, tables_of

LARGEST = 2_000_000
"""Bytes of the largest workbook that is taken in."""
_UNPACKED = 40_000_000
"""Bytes that its parts may unpack to."""
_PARTS = 200
_ROWS = 20_000
_LONGEST = 32_767
"""Characters that a cell of Excel holds."""

_HEAD = 4
"""Rows above the rules: headings, keys, types, allowed values."""
_TITLES = ("编号 id", "列 column", "类型 type", "允许的值 allowed values")
_LISTS = "values"
"""The hidden sheet that holds what cells offer to choose from."""
_LIST = re.compile(r'"(?:[^"\\]|\\.)*"|null|true|false')


def write(content: str) -> bytes:
    """The tables of a DMN text as a workbook. Raises `DecisionError` for no DMN, `Invalid` for a
    cell that is longer than Excel holds, or for a text with no table.
    """
    tables = tables_of(xml.parse(content.encode()))
    if not tables:
        raise Invalid(Phrase("这份文件里没有决策表。", "There is no decision table in this file."))
    book = Workbook()
    book.remove(book.active)
    lists = book.create_sheet(_LISTS)
    lists.sheet_state = "hidden"
    for key, table in tables.items():
        _write_table(book.create_sheet(_sheet_name(key), len(book.sheetnames) - 1), table, lists)
    kept = BytesIO()
    book.save(kept)
    return kept.getvalue()


def read(workbook: bytes, content: str) -> str:
    """`content` with the rows that the workbook has, in its order; rows are known by their ids.

    A row without id is new. Raises `Invalid` for a workbook that is none, is hostile, or has other
    columns than the tables of `content`, `DecisionError` for content that is no DMN.
    """
    xml.parse(content.encode())
    _require_harmless(workbook)
    try:
        book = load_workbook(BytesIO(workbook), keep_links=False)
    except (InvalidFileException, KeyError, ValueError, TypeError, OSError, etree.XMLSyntaxError):
        raise _unreadable() from None
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
    root = etree.fromstring(content.encode(), parser)
    for decision in children(root, "decision"):
        for table in children(decision, "decisionTable"):
            key = decision.get("id", "")
            if _sheet_name(key) not in book.sheetnames:
                raise Invalid(
                    Phrase(
                        f"工作簿里没有工作表“{_sheet_name(key)}”：请从导出的文件改起。",
                        f"The workbook has no sheet “{_sheet_name(key)}”: begin with the file that "
                        "was taken out.",
                    )
                )
            columns = list(tables_of(root)[key].columns.values())
            _replace(table, columns, _read_rows(book[_sheet_name(key)], columns))
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8").decode()


# --- writing --------------------------------------------------------------------------------------


def _write_table(sheet: Worksheet, table: Table, lists: Worksheet) -> None:
    columns = list(table.columns.values())
    heads: Sequence[Sequence[str]] = (
        [column.label for column in columns],
        [column.key for column in columns],
        [_type_of(column) for column in columns],
        [column.allowed for column in columns],
    )
    for number, (title, head) in enumerate(zip(_TITLES, heads, strict=True), 1):
        for place, words in enumerate([title, *head], 1):
            cell = sheet.cell(number, place)
            _put(cell, words)
            cell.font = Font(bold=number == 1, color="FF555555" if number > 1 else None)
            cell.fill = PatternFill("solid", fgColor="FFEEF2F7")
    for number, row in enumerate(table.rows, _HEAD + 1):
        for place, words in enumerate([row.id, *row.cells.values()], 1):
            cell = sheet.cell(number, place)
            _put(cell, words)
            cell.alignment = Alignment(wrap_text=True, vertical="top")
    sheet.freeze_panes = sheet.cell(_HEAD + 1, 2)
    for place, column in enumerate(columns, 2):
        sheet.column_dimensions[get_column_letter(place)].width = 24
        _offer(sheet, lists, place, column)


def _put(cell: Cell, words: str) -> None:
    """Write words as words: what begins with `=` or a digit is no formula and no number."""
    if len(words) > _LONGEST:
        raise Invalid(
            Phrase(
                f"有单元格超过 {_LONGEST} 个字符，Excel 放不下：请先缩短。",
                f"A cell has more than {_LONGEST} characters, which Excel cannot hold: shorten it.",
            )
        )
    try:
        cell.value = words
    except IllegalCharacterError:
        raise Invalid(
            Phrase(
                "有单元格含控制字符，请先删去。", "A cell holds control characters: remove them."
            )
        ) from None
    cell.data_type = "s"
    cell.number_format = "@"


def _offer(sheet: Worksheet, lists: Worksheet, place: int, column: Column) -> None:
    """Let the cells of a column be chosen from its allowed values; others may be typed."""
    offered = _LIST.findall(column.allowed)
    if not offered or _LIST.sub("", column.allowed).strip(", \t\n"):
        return
    used = lists.max_column + 1 if lists.cell(1, 1).value is not None else 1
    for number, words in enumerate(offered, 1):
        _put(lists.cell(number, used), words)
    letter = get_column_letter(used)
    rule = DataValidation("list", f"{_LISTS}!${letter}$1:${letter}${len(offered)}")
    rule.showErrorMessage = False
    below = get_column_letter(place)
    rule.add(f"{below}{_HEAD + 1}:{below}{_ROWS}")
    sheet.add_data_validation(rule)


def _type_of(column: Column) -> str:
    return next((said.zh for about, said in column.said.items() if about.en == "Type"), "")


def _sheet_name(key: str) -> str:
    return key[:31]


# --- reading --------------------------------------------------------------------------------------


def _unreadable() -> Invalid:
    return Invalid(
        Phrase(
            "读不了这个文件：请用导出的 .xlsx 文件修改后再导入。",
            "This file cannot be read: change the .xlsx file that was taken out, and bring it in.",
        )
    )


def _require_harmless(data: bytes) -> None:
    if len(data) > LARGEST:
        raise Invalid(Phrase("文件最大 2 MB，请拆分。", "A file has at most 2 MB: split it."))
    try:
        with zipfile.ZipFile(BytesIO(data)) as archive:
            _require_small(archive.infolist())
            for part in archive.infolist():
                _require_plain(part.filename, _unpacked(archive, part))
    except (zipfile.BadZipFile, zipfile.LargeZipFile, RuntimeError, NotImplementedError, EOFError):
        raise _unreadable() from None


def _require_small(parts: Sequence[zipfile.ZipInfo]) -> None:
    names = {part.filename for part in parts}
    if len(parts) > _PARTS or len(names) < len(parts):
        raise _unreadable()
    if sum(part.file_size for part in parts) > _UNPACKED:
        raise _too_large()


def _unpacked(archive: zipfile.ZipFile, part: zipfile.ZipInfo) -> bytes:
    """A part as it unpacks, however large it claims to be."""
    with archive.open(part) as opened:
        data = opened.read(_UNPACKED + 1)
    if len(data) > _UNPACKED:
        raise _too_large()
    return data


def _too_large() -> Invalid:
    return Invalid(
        Phrase("文件展开后太大，不予读取。", "The file unpacks to too much and is not read.")
    )


_MACROS = re.compile(r"vbaProject|macrosheets|activeX|embeddings|\.bin$", re.IGNORECASE)
_LINKS = re.compile(r"externalLinks|connections\.xml|queryTables", re.IGNORECASE)


def _require_plain(name: str, data: bytes) -> None:
    if _MACROS.search(name):
        raise Invalid(
            Phrase(
                "文件带有宏或嵌入的对象，不予读取：请另存为不带宏的 .xlsx。",
                "The file holds macros or embedded objects and is not read: save it as .xlsx "
                "without macros.",
            )
        )
    if _LINKS.search(name) or (name.endswith(".rels") and b'TargetMode="External"' in data):
        raise Invalid(
            Phrase(
                "文件链接到外部数据，不予读取：请先断开链接。",
                "The file links to data outside it and is not read: break the links first.",
            )
        )
    if name.endswith((".xml", ".rels")) and (b"<!DOCTYPE" in data or b"<!ENTITY" in data):
        raise _unreadable()


def _read_rows(sheet: Worksheet, columns: Sequence[Column]) -> list[list[str]]:
    if sheet.max_row > _ROWS + _HEAD or sheet.max_column > len(columns) + 50:
        raise Invalid(Phrase(f"表最多 {_ROWS} 行。", f"A table has at most {_ROWS} rows."))
    found = [
        [_words(cell) for cell in row]
        for row in sheet.iter_rows(min_row=1, max_col=len(columns) + 1)
    ]
    keys = found[1][1:] if len(found) > 1 else []
    if keys != [column.key for column in columns]:
        raise Invalid(
            Phrase(
                "工作表的列与这份草稿不同：请重新导出后修改；增删列请在编辑器里做。",
                "The columns of the sheet are not those of this draft: take the table out anew; "
                "columns are added and removed in the editor.",
            )
        )
    return [row for row in found[_HEAD:] if any(row)]


def _words(cell: Cell) -> str:
    if cell.data_type == "f":
        raise Invalid(
            Phrase(
                f"单元格 {cell.coordinate} 是公式，不予读取：请改成文字。",
                f"Cell {cell.coordinate} is a formula and is not read: make it a text.",
            )
        )
    match cell.value:
        case None:
            return ""
        case bool():
            return str(cell.value).lower()
        case float() if cell.value.is_integer():
            return str(int(cell.value))
        case _:
            return str(cell.value).strip()


def _replace(table: Element, columns: Sequence[Column], rows: Sequence[Sequence[str]]) -> None:
    """Make the rules of `table` those of `rows`; rules that stayed keep all that they have."""
    before = list(children(table, "rule"))
    by_id = {rule.get("id", ""): rule for rule in before}
    ids = [row[0] for row in rows if row[0]]
    twice = (
        next((one for one in ids if ids.count(one) > 1), None) if len(ids) > len(set(ids)) else None
    )
    if twice is not None:
        raise Invalid(
            Phrase(
                f"编号“{twice}”出现了两次：复制的行请清空编号。",
                f"The id “{twice}” stands there twice: clear the id of a row that was copied.",
            )
        )
    fresh = _fresh_ids(table)
    made = []
    for row in rows:
        rule = by_id.get(row[0])
        if rule is None:
            rule = _new_rule(table, next(fresh), columns)
        _fill(rule, row[1:])
        made.append(rule)
    if made == before:
        return
    tail = before[-1].tail if before else "\n"
    for rule in before:
        table.remove(rule)
    table.extend(made)
    for rule in made:
        rule.tail = tail


def _fill(rule: Element, cells: Sequence[str]) -> None:
    entries = [
        *children(rule, "inputEntry"),
        *children(rule, "outputEntry"),
        *children(rule, "annotationEntry"),
    ]
    wanted = dict(zip(range(len(cells)), cells, strict=True))
    while len(entries) < len(cells) and any(cells[len(entries) :]):
        entries.append(etree.SubElement(rule, rule.tag.replace("}rule", "}annotationEntry")))
    for place, entry in enumerate(entries):
        _set_text(entry, wanted.get(place, ""))


def _set_text(entry: Element, words: str) -> None:
    """Write a cell, unless it says the same already."""
    had = " ".join(xml.text(entry).split())
    same = words == had or (words == "-" and not had and xml.local(entry) == "inputEntry")
    if same:
        return
    inner = xml.child(entry, "text")
    if inner is None:
        inner = etree.SubElement(entry, entry.tag.rpartition("}")[0] + "}text")
    inner.text = words


def _new_rule(table: Element, name: str, columns: Sequence[Column]) -> Element:
    space = table.tag.rpartition("}")[0] + "}"
    rule = etree.SubElement(table, space + "rule", id=name)
    kinds: Mapping[str, str] = {
        "in": "inputEntry",
        "out": "outputEntry",
        "note": "annotationEntry",
    }
    for place, column in enumerate(columns, 1):
        kind = kinds[column.key.partition(":")[0]]
        entry = etree.SubElement(rule, space + kind)
        if kind != "annotationEntry":
            entry.set("id", f"{name}_{place}")
        etree.SubElement(entry, space + "text").text = ""
    return rule


def _fresh_ids(table: Element) -> Iterator[str]:
    taken = {one.get("id") for one in table.getroottree().iter() if one.get("id")}
    number = 0
    while True:
        number += 1
        name = f"{table.get('id', 'table')}_new_{number}"
        if name not in taken:
            yield name
