"""Built-in functions on strings, and the conversions to and from them."""

import re
from decimal import Decimal

from app.decisions.feel.errors import FeelNull
from app.decisions.feel.functions import builtin
from app.decisions.feel.limits import MAX_LIST, MAX_STRING
from app.decisions.feel.regexes import Match, compiled, replacement
from app.decisions.feel.run import Run
from app.decisions.feel.texts import text_of
from app.decisions.feel.values import NUMBERS, Value

_NUMBER = re.compile(r"-?(?:\d+(?:\.\d+)?|\.\d+)(?:[eE][+-]?\d{1,5})?\Z", re.ASCII)


@builtin("string", "from: any")
def _string(run: Run, value: Value) -> str | None:
    return None if value is None else text_of(value, run.spend)


@builtin("number", "from: any")
def _number(_run: Run, value: Value) -> Decimal:
    if type(value) is Decimal:
        return value
    if type(value) is not str or not _NUMBER.match(value) or len(value) > 400:
        raise FeelNull("这段文字不是数字。", "This text is not a number.")
    return NUMBERS.create_decimal(value)


@builtin("number", "from: string, grouping separator: any, decimal separator?: any")
def _number_grouped(run: Run, value: str, grouping: Value, decimal: Value = None) -> Decimal:
    if grouping not in (" ", ",", ".", None) or decimal not in (",", ".", None):
        raise FeelNull("分隔符只能是空格、逗号或点。", "Separators are space, comma or dot.")
    if grouping is not None and grouping == decimal:
        raise FeelNull("两个分隔符不能相同。", "The two separators must differ.")
    text = value.replace(grouping, "") if grouping else value
    if decimal == ",":
        text = text.replace(".", "\0").replace(",", ".")
    return _number(run, text)


@builtin("substring", "string: string, start position: number, length?: number")
def _substring(_run: Run, text: str, start: Decimal, length: Decimal | None = None) -> str:
    first = int(start)
    if first == 0 or abs(first) > len(text):
        raise FeelNull("起始位置不在文字里。", "The start position is outside the text.")
    if length is not None and length < 1:
        raise FeelNull("长度必须是正数。", "The length must be positive.")
    begin = first - 1 if first > 0 else len(text) + first
    return text[begin:] if length is None else text[begin : begin + int(length)]


@builtin("string length", "string: string")
def _string_length(_run: Run, text: str) -> Decimal:
    return Decimal(len(text))


@builtin("upper case", "string: string")
def _upper_case(_run: Run, text: str) -> str:
    return text.upper()


@builtin("lower case", "string: string")
def _lower_case(_run: Run, text: str) -> str:
    return text.lower()


@builtin("substring before", "string: string, match: string")
def _substring_before(_run: Run, text: str, match: str) -> str:
    before, found, _ = text.partition(match) if match else ("", "", "")
    return before if found else ""


@builtin("substring after", "string: string, match: string")
def _substring_after(_run: Run, text: str, match: str) -> str:
    return text.partition(match)[2] if match else text


@builtin("contains", "string: string, match: string")
def _contains(_run: Run, text: str, match: str) -> bool:
    return match in text


@builtin("starts with", "string: string, match: string")
def _starts_with(_run: Run, text: str, match: str) -> bool:
    return text.startswith(match)


@builtin("ends with", "string: string, match: string")
def _ends_with(_run: Run, text: str, match: str) -> bool:
    return text.endswith(match)


@builtin("matches", "input: string, pattern: string, flags?: string")
def _matches(run: Run, text: str, pattern: str, flags: str | None = None) -> bool:
    return compiled(pattern, flags or "").found_in(text, run.spend)


@builtin("replace", "input: string, pattern: string, replacement: string, flags?: string")
def _replace(run: Run, text: str, pattern: str, substitute: str, flags: str | None = None) -> str:
    expression = compiled(pattern, flags or "")
    if expression.found_in("", run.spend):
        raise FeelNull("正则不能匹配空文字。", "The pattern must not match the empty text.")
    parts = replacement(substitute, expression.groups, literal="q" in (flags or ""))
    pieces: list[str] = []
    length = last = 0
    for match in expression.matches(text, run.spend):
        start, end = match[0] or (last, last)
        added = text[last:start] + "".join(_part(part, match, text) for part in parts)
        last = end
        length += len(added)
        if length > MAX_STRING:
            raise FeelNull("替换后的文字太长。", "The text with replacements is too long.")
        pieces.append(added)
    return "".join(pieces) + text[last:]


def _part(part: str | int, match: Match, text: str) -> str:
    if isinstance(part, str):
        return part
    span = match[part]
    return "" if span is None else text[span[0] : span[1]]


@builtin("split", "string: string, delimiter: string")
def _split(run: Run, text: str, delimiter: str) -> list[str]:
    pieces: list[str] = []
    last = 0
    for match in compiled(delimiter, "").matches(text, run.spend):
        start, end = match[0] or (last, last)
        if start == end:
            continue
        pieces.append(text[last:start])
        last = end
    return [*pieces, text[last:]]


@builtin("string join", "list: list, delimiter?: any")
def _string_join(_run: Run, items: list[Value], delimiter: Value = None) -> str:
    if delimiter is not None and type(delimiter) is not str:
        raise FeelNull("分隔符必须是文字。", "The delimiter must be a text.")
    texts: list[str] = []
    for item in items:
        if item is None:
            continue
        if type(item) is not str:
            raise FeelNull("列表里必须都是文字。", "All elements must be texts.")
        texts.append(item)
    glue = delimiter or ""
    if sum(map(len, texts)) + len(glue) * len(texts) > MAX_STRING or len(texts) > MAX_LIST:
        raise FeelNull("拼接后的文字太长。", "The joined text is too long.")
    return glue.join(texts)
