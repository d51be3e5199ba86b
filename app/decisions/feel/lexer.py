"""From text to tokens. Names with spaces are recognised because they are known beforehand.

FEEL has no reserved way to write a name with spaces: which words belong together depends on the
names in scope. The lexer therefore takes the known names, knows those of the standard, and adds
those that the text itself defines (keys of contexts, parameters, variables of iterations).
"""

import re
from collections.abc import Iterable, Iterator

from lark import Token

from app.core.phrase import Phrase
from app.decisions.feel.errors import FeelError

KEYWORDS = {
    "if": "_IF",
    "then": "_THEN",
    "else": "_ELSE",
    "for": "_FOR",
    "return": "_RETURN",
    "some": "SOME",
    "every": "EVERY",
    "satisfies": "_SATISFIES",
    "in": "_IN",
    "between": "_BETWEEN",
    "and": "_AND",
    "or": "_OR",
    "function": "_FUNCTION",
    "external": "EXTERNAL",
    "true": "TRUE",
    "false": "FALSE",
    "null": "NULL",
}

STANDARD_NAMES = (
    "date and time",
    "days and time duration",
    "years and months duration",
    "day of year",
    "day of week",
    "month of year",
    "week of year",
    "string length",
    "string join",
    "upper case",
    "lower case",
    "substring before",
    "substring after",
    "starts with",
    "ends with",
    "list contains",
    "list replace",
    "insert before",
    "index of",
    "distinct values",
    "get value",
    "get entries",
    "context put",
    "context merge",
    "met by",
    "overlaps before",
    "overlaps after",
    "finished by",
    "started by",
    "round up",
    "round down",
    "round half up",
    "round half down",
    "time offset",
    "start included",
    "end included",
)
"""Names with spaces that the standard defines: functions, types and properties."""

_NAME_START = r"[^\W\d]|[\U00010000-\U000EFFFF]"
_NAME_PART = r"\w|[\U00010000-\U000EFFFF]"
_WORD = rf"(?:{_NAME_START})(?:{_NAME_PART})*"
_MORE = rf"(?:(?:[ \t\u00a0]+|[ \t\u00a0]*[.+\-*/'](?!\.)[ \t\u00a0]*)(?:{_NAME_PART})+)"
_WORDS = rf"{_WORD}{_MORE}*'?"

_SPACE = re.compile(r"(?:\s|\ufeff|//[^\n\r]*|/\*.*?\*/)+", re.DOTALL)
_NUMBER = re.compile(r"(?:\d+(?:\.\d+)?|\.\d+)(?:[eE][+-]?\d+)?")
_STRING = re.compile(r'"((?:[^"\\]|\\.)*)"', re.DOTALL)
_NAME = re.compile(_WORD)
_KEY = re.compile(rf"({_WORDS})\s*(?=:)")
_PARAMETER = re.compile(rf"({_WORDS})\s*(?=[:,)])")
_VARIABLE = re.compile(rf"({_WORD}{_MORE}*?)\s+(?=in\b)")
_OPERATOR = re.compile(r"\.\.|\*\*|->|!=|<=|>=|[-+*/=<>()\[\]{},.:@?]")
_INSTANCE = re.compile(r"instance\s+of\b")
_CLOSES_RANGE = re.compile(
    r"\s*(?:$|[)\],}:=!<>*/+]|\.(?!\d)|(?:and|or|then|else|return|satisfies|in)\b)"
)
_ESCAPE = re.compile(r"\\(?:u([0-9a-fA-F]{4})|U([0-9a-fA-F]{6})|(.))", re.DOTALL)
_SIMPLE_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", '"': '"', "'": "'", "\\": "\\"}

_SYMBOLS = {
    "..": "_DOTS",
    "**": "POWER",
    "->": "_ARROW",
    "!=": "COMPARE",
    "<=": "COMPARE",
    ">=": "COMPARE",
    "=": "COMPARE",
    "<": "LESS",
    ">": "GREATER",
    "+": "PLUS",
    "-": "MINUS",
    "*": "TIMES",
    "/": "TIMES",
    "(": "LPAR",
    ")": "RPAR",
    "[": "LSQB",
    "]": "RSQB",
    "{": "_LBRACE",
    "}": "_RBRACE",
    ",": "_COMMA",
    ".": "_DOT",
    ":": "_COLON",
    "@": "_AT",
    "?": "QUESTION_MARK",
}

_ENDS_OPERAND = frozenset(
    (
        "NUMBER",
        "STRING",
        "NAME",
        "TRUE",
        "FALSE",
        "NULL",
        "QUESTION_MARK",
        "RPAR",
        "RSQB",
        "_RBRACE",
        "RANGE_END",
    )
)

_FULL_WIDTH = {
    "，": ",",
    "（": "(",
    "）": ")",
    "【": "[",
    "】": "]",
    "：": ":",
    "“": '"',
    "”": '"',
    "‘": '"',
    "’": '"',
    "、": ",",
    "；": ",",
    "＝": "=",
    "＞": ">",
    "＜": "<",
    "。": ".",
    "？": "?",
}


def tokens(text: str, known_names: Iterable[str] = (), *, unary: bool = False) -> list[Token]:
    """The tokens of `text`; raises FeelError where it is not FEEL."""
    return list(_Lexer(text, known_names, unary=unary).run())


def normal_name(name: str) -> str:
    """A name with its inner spaces as the standard compares them: one space between words."""
    return " ".join(name.split())


def unescaped(body: str) -> str:
    """The characters that the inside of a string literal stands for."""
    return _ESCAPE.sub(_escape, body) if "\\" in body else body


def _escape(match: re.Match[str]) -> str:
    code = match[1] or match[2]
    if code:
        number = int(code, 16)
        return chr(number) if number <= 0x10FFFF else match[0]
    return _SIMPLE_ESCAPES.get(match[3], match[0])


def _join_surrogates(text: str) -> str:
    """Two escapes that form one character, as JavaScript writes emoji, become that character."""
    if not any("\ud800" <= char <= "\udfff" for char in text):
        return text
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


class _Lexer:
    def __init__(self, text: str, known_names: Iterable[str], *, unary: bool) -> None:
        self._text = text
        self._unary = unary
        self._at = 0
        self._line = 1
        self._line_start = 0
        self._before = ""  # type of the token before
        self._open: list[str] = []  # what is open: ( call [ { params for range
        self._known = {normal_name(name) for name in (*STANDARD_NAMES, *known_names)}
        self._known_pattern = _known_pattern(self._known)

    def run(self) -> Iterator[Token]:
        text = self._text
        while True:
            space = _SPACE.match(text, self._at)
            if space:
                self._move(space.end())
            if self._at >= len(text):
                return
            token = self._next()
            self._before = token.type
            yield token

    def _next(self) -> Token:
        key = self._definition()
        if key is not None:
            return key
        text, at = self._text, self._at
        number = _NUMBER.match(text, at)
        if number:
            return self._token("NUMBER", number[0], number.end())
        char = text[at]
        if char == '"':
            return self._string()
        if char not in ".?+-*/'" or self._before == "_DOT":
            word = self._word()
            if word is not None:
                return word
        symbol = _OPERATOR.match(text, at)
        if not symbol:
            raise self._stray(char)
        return self._symbol(symbol[0])

    def _definition(self) -> Token | None:
        """A name that is being defined here: key, named argument, parameter, variable."""
        top = self._open[-1] if self._open else ""
        pattern = None
        if self._before in {"_FOR", "SOME", "EVERY"} or (self._before == "_COMMA" and top == "for"):
            pattern = _VARIABLE
        elif (self._before == "_LBRACE") or (self._before == "_COMMA" and top == "{"):
            pattern = _KEY
        elif (self._before == "LPAR" and top in {"call", "params"}) or (
            self._before == "_COMMA" and top in {"call", "params"}
        ):
            pattern = _PARAMETER if top == "params" else _KEY
        match = pattern.match(self._text, self._at) if pattern else None
        if not match:
            return None
        name = normal_name(match[1])
        if not _NAME.fullmatch(name) and name not in self._known:
            self._known.add(name)
            self._known_pattern = _known_pattern(self._known)
        return self._token("KEY", name, match.end())

    def _string(self) -> Token:
        match = _STRING.match(self._text, self._at)
        if not match:
            raise self._error(
                "字符串没有结束：请补上双引号。", "A string is not closed: add the quotation mark."
            )
        value = _join_surrogates(unescaped(match[1]))
        return self._token("STRING", value, match.end())

    def _word(self) -> Token | None:
        known = self._known_pattern.match(self._text, self._at)
        if known:
            return self._token("NAME", normal_name(known[0]), known.end())
        match = _NAME.match(self._text, self._at)
        if not match:
            return None
        word = match[0]
        if self._before == "_DOT":
            return self._token("NAME", word, match.end())
        instance = _INSTANCE.match(self._text, self._at)
        if instance and self._before in _ENDS_OPERAND:
            return self._token("_INSTANCE_OF", instance[0], instance.end())
        if word == "not" and self._negates_all(match.end()):
            return self._token("_NOT", word, match.end())
        kind = KEYWORDS.get(word, "NAME")
        if kind in {"_FOR", "SOME", "EVERY"}:
            self._open.append("for")
        elif kind in {"_RETURN", "_SATISFIES"} and self._open and self._open[-1] == "for":
            self._open.pop()
        return self._token(kind, word, match.end())

    def _negates_all(self, end: int) -> bool:
        """Whether `not(` opens the unary tests as a whole."""
        rest = self._text[end:].lstrip()
        return self._unary and self._before == "" and rest.startswith("(")

    def _symbol(self, symbol: str) -> Token:
        kind = _SYMBOLS[symbol]
        after_operand = self._before in _ENDS_OPERAND
        end = self._at + len(symbol)
        if symbol == "(":
            if self._before == "_FUNCTION":
                self._open.append("params")
            else:
                self._open.append("call" if after_operand else "(")
        elif symbol == "[":
            if self._closes_range(end):
                kind = "RANGE_END"
                self._close()
            else:
                self._open.append("[")
        elif symbol == "{":
            self._open.append("{")
        elif symbol == "]" and not after_operand and self._before != "LSQB":
            kind = "RANGE_START"
            self._open.append("]")
        elif symbol in ")]}":
            self._close()
        elif symbol == ".." and self._open and self._open[-1] in {"(", "[", "]", "call"}:
            self._open[-1] = "range"
        return self._token(kind, symbol, end)

    def _closes_range(self, end: int) -> bool:
        return (
            bool(self._open)
            and self._open[-1] == "range"
            and self._before in _ENDS_OPERAND
            and _CLOSES_RANGE.match(self._text, end) is not None
        )

    def _close(self) -> None:
        while self._open and self._open[-1] == "for":
            self._open.pop()
        if self._open:
            self._open.pop()

    def _token(self, kind: str, value: str, end: int) -> Token:
        token = Token(kind, value, self._at, self._line, self._at - self._line_start + 1)
        self._move(end)
        return token

    def _move(self, end: int) -> None:
        lines = self._text.count("\n", self._at, end)
        if lines:
            self._line += lines
            self._line_start = self._text.rindex("\n", self._at, end) + 1
        self._at = end

    def _stray(self, char: str) -> FeelError:
        plain = _FULL_WIDTH.get(char)
        if plain:
            return self._error(
                f"这里的“{char}”是全角符号，请改成半角“{plain}”。",
                f"“{char}” is a full-width sign: write “{plain}” instead.",
            )
        if char in "'`":
            return self._error(
                "字符串要用半角双引号。", "Strings are written in double quotation marks."
            )
        return self._error(f"这里不能写“{char}”。", f"“{char}” cannot be used here.")

    def _error(self, zh: str, en: str) -> FeelError:
        return FeelError(Phrase(zh, en), self._line, self._at - self._line_start + 1)


def _known_pattern(names: Iterable[str]) -> re.Pattern[str]:
    special = sorted((n for n in names if not _NAME.fullmatch(n)), key=len, reverse=True)
    parts = [r"\s*".join(_piece(word) for word in _split(name)) for name in special]
    return re.compile(rf"(?:{'|'.join(parts)})(?!{_NAME_PART})" if parts else r"(?!)")


_PIECES = re.compile(rf"(?:{_NAME_PART})+|\S|\s+")


def _split(name: str) -> list[str]:
    """The words, signs and gaps of a name; a gap between two words must stay one."""
    return _PIECES.findall(name)


def _piece(part: str) -> str:
    return r"\s" if part.isspace() else re.escape(part)
