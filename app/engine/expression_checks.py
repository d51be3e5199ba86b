"""Holds every text to be evaluated against the one expression language, FEEL, and ISO 8601."""

import re
import unicodedata
from collections.abc import Callable, Mapping

from app.core.phrase import Phrase
from app.engine import iso8601
from app.engine.diagram import Element, Expression, Flow, Timer, TimerKind
from app.engine.ports import Compile
from app.engine.remarks import Remarks

_LANGUAGES = (
    ("feel", None),
    ("juel", "JUEL"),
    ("xpath", "XPath"),
    ("xquery", "XQuery"),
    ("javascript", "JavaScript"),
    ("ecmascript", "JavaScript"),
    ("groovy", "Groovy"),
    ("python", "Python"),
    ("jython", "Python"),
    ("ruby", "Ruby"),
    ("mvel", "MVEL"),
    ("spel", "SpEL"),
    ("drools", "Drools"),
    ("java", "Java"),
)
"""What a declared language contains, and whose it is (None: ours)."""

_MARKS = (
    (re.compile(r"[$#]\{"), "JUEL"),
    (re.compile(r"T\(\s*java|#\w"), "SpEL"),
    (
        re.compile(r"getDataObject\(|getVariable\(|\$\w|/\w+/text\(\)|::|\b(true|false)\(\)"),
        "XPath",
    ),
    (
        re.compile(r"===|!==|&&|\|\||=>|;|\b(var|let|const)\s+\w+\s*=|\bnew\s+\w+\(|\btypeof\s"),
        "JavaScript",
    ),
    (
        re.compile(
            r"__\w+__|\b(True|False|None)\b|\blambda\s|\bimport\s+\w|\bis\s+(not\s|null|\w+$)|==|'"
        ),
        "Python",
    ),
)
"""What only another language writes. Strings are cut out before looking."""

MAX_SHOWN = 120
"""Characters of an expression or time that a finding shows."""

_STRING = re.compile(r'"(?:[^"\\]|\\.)*"')
_FUNCTION = Callable[..., object]


def foreign_language(expression: Expression) -> str | None:
    """The name of the language when it is declared or evidently another than FEEL."""
    evident = _evident_language(expression)
    if evident is not None:
        return evident
    declared = (expression.language or "").strip()
    if not declared:
        return None
    for part, owner in _LANGUAGES:
        if part in declared.lower():
            return owner
    return declared


def _clipped(text: str) -> str:
    """Enough of a text to know it again: a sentence is read by a person."""
    return text if len(text) <= MAX_SHOWN else f"{text[:MAX_SHOWN]}…"


def _evident_language(expression: Expression) -> str | None:
    bare = _STRING.sub('""', expression.text)
    return next((name for pattern, name in _MARKS if pattern.search(bare)), None)


def check_expression(
    remarks: Remarks,
    where: Element | Flow,
    expression: Expression,
    compile_expression: Compile | None,
    functions: Mapping[str, _FUNCTION] | None = None,
    *,
    condition: bool = False,
) -> None:
    """Remark on a text that is no FEEL, or no correct FEEL, or no condition where one belongs."""
    shown = _clipped(expression.text)
    if not expression.feel:
        remarks.error(
            "empty_expression",
            where,
            "表达式是空的：请填写 FEEL 表达式。",
            "The expression is empty: write one in FEEL.",
        )
        return
    language = foreign_language(expression)
    if language is not None and language != _evident_language(expression):
        remarks.error(
            "foreign_language",
            where,
            f"“{shown}”声明为 {language} 表达式（{expression.language}），这里只用 FEEL："
            '若本来就是 FEEL，请在表达式上写 language="feel"，或删去文件的 expressionLanguage；'
            "否则请改写。",
            f"“{shown}” is declared to be {language} ({expression.language}), and only "
            'FEEL is used here: if it is FEEL, give the expression language="feel" or remove '
            "expressionLanguage from the file; otherwise rewrite it.",
        )
        return
    if language is not None:
        remarks.error(
            "foreign_language",
            where,
            f"“{shown}”是 {language} 表达式，这里只用 FEEL：请改写，"
            '例如 amount > 3 and result = "approved"。',
            f"“{shown}” is written in {language}, and only FEEL is used here: rewrite "
            'it, for example amount > 3 and result = "approved".',
        )
        return
    if compile_expression is None:
        return
    try:
        kinds = compile_expression(expression.feel, functions or {}).kinds
    except Exception as error:  # noqa: BLE001 - whatever the compiler says is told to the author
        phrase = getattr(error, "phrase", None) or Phrase(str(error), str(error))
        column = getattr(error, "column", None)
        row = getattr(error, "line", None)
        place = Phrase("", "")
        if column is not None:
            place = Phrase(f"（第 {row} 行第 {column} 列）", f" (line {row}, column {column})")
        remarks.error(
            "feel",
            where,
            f"表达式“{shown}”不是正确的 FEEL{place.zh}：{phrase.zh}",
            f"“{shown}” is not correct FEEL{place.en}: {phrase.en}",
        )
        return
    if condition and kinds is not None and "boolean" not in kinds:
        remarks.error(
            "condition",
            where,
            f"“{shown}”不会得出 true 或 false，不能作条件：请写成比较，例如 amount > 3。",
            f"“{shown}” never gives true or false, so it is no condition: write a comparison,"
            " for example amount > 3.",
        )


def check_timer(
    remarks: Remarks,
    where: Element,
    timer: Timer,
    compile_expression: Compile | None,
    functions: Mapping[str, _FUNCTION],
) -> None:
    """Remark on a timer that does not say for certain when it is due."""
    text = timer.expression.text.strip()
    if not timer.is_literal:
        quoted = re.fullmatch(r"=?\s*[\"']([^\"']*)[\"']", text)
        if quoted and (iso8601.looks_like_duration(quoted[1]) or quoted[1][:4].isdecimal()):
            remarks.error(
                "timer",
                where,
                f"定时文字 {text} 带了引号：请去掉引号，写成 {quoted[1]}。",
                f"The timer text {text} is in quotes: write {quoted[1]} without them.",
            )
            return
        if _is_meant_as_literal(timer.expression.feel):
            remarks.error("timer", where, *_HOW_TO_WRITE[timer.kind](_clipped(text)))
            return
        check_expression(remarks, where, timer.expression, compile_expression, functions)
        return
    try:
        match timer.kind:
            case TimerKind.DATE:
                iso8601.parse_instant(text)
            case TimerKind.DURATION:
                iso8601.parse_duration(text)
            case TimerKind.CYCLE:
                iso8601.parse_repetition(text)
    except ValueError:
        remarks.error("timer", where, *_HOW_TO_WRITE[timer.kind](_clipped(text)))


_LITERAL = re.compile(
    r"[+-]?P(T?[\d.,]+[YMWDHS])*T?|[\d.]+|R-?\d*/.*|\d{4}-?\d{2}-?\d{2}(T[\d:.]*(Z|[+-].*)?)?"
)


def _is_meant_as_literal(text: str) -> bool:
    """Whether what would pass as FEEL is a time: in small or full-width letters, behind “=”, a
    number without unit, or a duration where an instant belongs. As FEEL it would be a name that
    nothing has, or an arithmetic of such names.
    """
    return _LITERAL.fullmatch(unicodedata.normalize("NFKC", text).upper()) is not None


def _date(text: str) -> tuple[str, str]:
    return (
        f"时刻“{text}”无效或缺少时区：请写成 2026-03-01T17:30:00+08:00。",
        f"The instant “{text}” is not valid or lacks its offset: write 2026-03-01T17:30:00+08:00.",
    )


def _duration(text: str) -> tuple[str, str]:
    return (
        f"时长“{text}”无效：请写成 PT72H、P3D 这样的 ISO 8601 时长，且要大于零。",
        f"The duration “{text}” is not valid: write one of more than nothing, as PT72H or P3D.",
    )


def _cycle(text: str) -> tuple[str, str]:
    return (
        f"周期“{text}”无效：请写成 R3/PT24H 或 R/P1D 这样的 ISO 8601 周期（不支持 cron）。",
        f"The cycle “{text}” is not valid: write R3/PT24H or R/P1D (cron is not supported).",
    )


_HOW_TO_WRITE = {
    TimerKind.DATE: _date,
    TimerKind.DURATION: _duration,
    TimerKind.CYCLE: _cycle,
}
