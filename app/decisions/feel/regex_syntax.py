"""Regular expressions of XPath 3.1, which FEEL uses, as trees."""

import unicodedata
from dataclasses import dataclass, field
from typing import TypeAlias

from app.decisions.feel.errors import FeelNull

MAX_PATTERN = 500
_MAX_NESTING = 30
_MAX_REPEAT = 1000


@dataclass(slots=True)
class CharSet:
    """A set of characters: ranges and classes, possibly negated, less another set.

    `fold`: upper and lower case are the same.
    """

    ranges: list[tuple[str, str]] = field(default_factory=list)
    classes: list[tuple[str, bool]] = field(default_factory=list)  # name, positive
    negated: bool = False
    less: "CharSet | None" = None
    fold: bool = False
    _known: dict[str, bool] = field(default_factory=dict)

    def has(self, char: str) -> bool:
        """Whether `char` is in the set."""
        known = self._known.get(char)
        if known is None:
            known = self._known[char] = self._has(char)
        return known

    def _has(self, char: str) -> bool:
        variants = {char, char.lower(), char.upper()} if self.fold else {char}
        inside = any(self._listed(variant) for variant in variants)
        if inside is self.negated:
            return False
        return self.less is None or not self.less.has(char)

    def _listed(self, char: str) -> bool:
        if any(low <= char <= high for low, high in self.ranges):
            return True
        return any(in_class(name, char) is positive for name, positive in self.classes)


@dataclass(slots=True)
class Sequence:
    """One after the other."""

    parts: "list[Node]"


@dataclass(slots=True)
class Choice:
    """One of several, the first before the others."""

    parts: "list[Node]"


@dataclass(slots=True)
class Group:
    """A group that captures under `number`."""

    number: int
    inner: "Node"


@dataclass(slots=True)
class Repeat:
    """`inner` from `low` to `high` times (None: without end)."""

    inner: "Node"
    low: int
    high: int | None
    greedy: bool


@dataclass(slots=True)
class Anchor:
    """`^` or `$`."""

    end: bool


@dataclass(slots=True)
class BackReference:
    """What the group `number` matched."""

    number: int


Node: TypeAlias = CharSet | Sequence | Choice | Group | Repeat | Anchor | BackReference


def in_class(name: str, char: str) -> bool:
    r"""Whether `char` belongs to the class `\\name` or the category or block `\\p{name}`."""
    if name == "d":
        return unicodedata.category(char) == "Nd"
    if name == "s":
        return char in " \t\n\r"
    if name == "w":
        return unicodedata.category(char)[0] not in "PZC"
    if name == "i":
        return char.isalpha() or char in "_:"
    if name == "c":
        return char.isalnum() or char in "_:-.\u00b7" or unicodedata.category(char)[0] == "M"
    if name == ".":
        return char not in "\n\r"
    if name in _BLOCKS:
        low, high = _BLOCKS[name]
        return low <= ord(char) <= high
    return unicodedata.category(char).startswith(name)


_BLOCKS = {
    "IsBasicLatin": (0, 0x7F),
    "IsLatin-1Supplement": (0x80, 0xFF),
    "IsGreek": (0x370, 0x3FF),
    "IsCyrillic": (0x400, 0x4FF),
    "IsHiragana": (0x3040, 0x309F),
    "IsKatakana": (0x30A0, 0x30FF),
    "IsCJKSymbolsandPunctuation": (0x3000, 0x303F),
    "IsCJKUnifiedIdeographs": (0x4E00, 0x9FFF),
}
_CATEGORIES = frozenset(
    [
        "L",
        "Lu",
        "Ll",
        "Lt",
        "Lm",
        "Lo",
        "M",
        "Mn",
        "Mc",
        "Me",
        "N",
        "Nd",
        "Nl",
        "No",
        "P",
        "Pc",
        "Pd",
        "Ps",
        "Pe",
        "Pi",
        "Pf",
        "Po",
        "Z",
        "Zs",
        "Zl",
        "Zp",
        "S",
        "Sm",
        "Sc",
        "Sk",
        "So",
        "C",
        "Cc",
        "Cf",
        "Co",
        "Cn",
    ]
)
_ESCAPED = {"n": "\n", "r": "\r", "t": "\t"}
_META = frozenset("\\|.?*+(){}[]^$-")


def parse(pattern: str, flags: str) -> tuple[Node, int]:
    """The tree of `pattern` and its number of groups; raises FeelNull when it is malformed."""
    if len(pattern) > MAX_PATTERN or any(flag not in "smixq" for flag in flags):
        raise FeelNull(
            "正则太长或标志不对。", "The pattern is too long or has flags that do not exist."
        )
    if "q" in flags:
        return Sequence([CharSet([(c, c)], fold="i" in flags) for c in pattern]), 0
    parser = _Parser(_without_space(pattern) if "x" in flags else pattern, flags)
    return parser.parse(), parser.groups


def _without_space(pattern: str) -> str:
    kept: list[str] = []
    depth = 0
    escaped = False
    for char in pattern:
        if char in " \t\n\r" and depth == 0:
            continue
        if not escaped:
            depth += (char == "[") - (char == "]" and depth > 0)
        escaped = char == "\\" and not escaped
        kept.append(char)
    return "".join(kept)


class _Parser:
    def __init__(self, pattern: str, flags: str) -> None:
        self._pattern = pattern
        self._at = 0
        self._nesting = 0
        self._closed: set[int] = set()
        self._fold = "i" in flags
        self._dot_all = "s" in flags
        self.groups = 0

    def parse(self) -> Node:
        node = self._choice()
        if self._at < len(self._pattern):
            raise _malformed()
        return node

    def _peek(self) -> str:
        return self._pattern[self._at : self._at + 1]

    def _take(self) -> str:
        char = self._peek()
        if not char:
            raise _malformed()
        self._at += 1
        return char

    def _accept(self, text: str) -> bool:
        if self._pattern.startswith(text, self._at):
            self._at += len(text)
            return True
        return False

    def _choice(self) -> Node:
        self._nesting += 1
        if self._nesting > _MAX_NESTING:
            raise FeelNull("正则嵌套太深。", "The pattern is nested too deeply.")
        parts = [self._sequence()]
        while self._accept("|"):
            parts.append(self._sequence())
        self._nesting -= 1
        return parts[0] if len(parts) == 1 else Choice(parts)

    def _sequence(self) -> Node:
        parts: list[Node] = []
        while self._peek() not in {"", "|", ")"}:
            parts.append(self._quantified(self._atom()))
        return parts[0] if len(parts) == 1 else Sequence(parts)

    def _atom(self) -> Node:
        char = self._take()
        if char == "(":
            return self._group()
        if char == "[":
            return self._set()
        if char == "\\":
            return self._escape()
        if char == ".":
            if self._dot_all:
                return CharSet(negated=True)
            return CharSet(classes=[(".", True)])
        if char in "^$":
            return Anchor(char == "$")
        if char in "?*+{}]":
            raise _malformed()
        return self._one(char)

    def _one(self, char: str) -> CharSet:
        return CharSet([(char, char)], fold=self._fold)

    def _group(self) -> Node:
        if self._accept("?:"):
            inner = self._choice()
            if not self._accept(")"):
                raise _malformed()
            return inner
        self.groups += 1
        number = self.groups
        inner = self._choice()
        if not self._accept(")"):
            raise _malformed()
        self._closed.add(number)
        return Group(number, inner)

    def _quantified(self, atom: Node) -> Node:
        char = self._peek()
        bounds: tuple[int, int | None]
        if char in {"?", "*", "+"}:
            self._at += 1
            bounds = {"?": (0, 1), "*": (0, None), "+": (1, None)}[char]
        elif char == "{":
            self._at += 1
            bounds = self._bounds()
        else:
            return atom
        greedy = not self._accept("?")
        if self._peek() in {"?", "*", "+", "{"} and self._peek():
            raise _malformed()
        return Repeat(atom, *bounds, greedy)

    def _bounds(self) -> tuple[int, int | None]:
        end = self._pattern.find("}", self._at)
        low, comma, high = self._pattern[self._at : max(end, self._at)].partition(",")
        if end < 0 or not low.isdecimal() or (high and not high.isdecimal()):
            raise _malformed()
        self._at = end + 1
        most = int(low) if not comma else (int(high) if high else None)
        if int(low) > _MAX_REPEAT or (most is not None and not int(low) <= most <= _MAX_REPEAT):
            raise FeelNull("正则的重复次数不对。", "The number of repetitions is not accepted.")
        return int(low), most

    def _escape(self) -> Node:
        char = self._take()
        if char.isdecimal() and char != "0":
            number = int(char)
            following = self._peek()
            if following.isdecimal() and number * 10 + int(following) in self._closed:
                number = number * 10 + int(self._take())
            if number not in self._closed:
                raise _malformed()
            return BackReference(number)
        return self._class_or_char(char)

    def _class_or_char(self, char: str) -> CharSet:
        if char in "pP":
            return CharSet(classes=[(self._category(), char == "p")])
        if char.lower() in {"d", "s", "w", "i", "c"}:
            return CharSet(classes=[(char.lower(), char.islower())])
        if char in _ESCAPED:
            return self._one(_ESCAPED[char])
        if char in _META:
            return self._one(char)
        raise _malformed()

    def _category(self) -> str:
        end = self._pattern.find("}", self._at)
        if not self._accept("{") or end < 0:
            raise _malformed()
        name = self._pattern[self._at : end]
        self._at = end + 1
        if name not in _CATEGORIES and name not in _BLOCKS:
            raise _malformed()
        return name

    def _set(self) -> CharSet:
        result = CharSet(negated=self._accept("^"), fold=self._fold)
        first = True
        while first or self._peek() != "]":
            first = False
            if self._accept("-["):
                result.less = self._set()
                if self._peek() != "]":
                    raise _malformed()
                break
            self._member(result)
        self._at += 1
        return result

    def _member(self, result: CharSet) -> None:
        char = self._take()
        if char in "[]":
            raise _malformed()
        if char == "\\":
            inner = self._class_or_char(self._take())
            if inner.classes:
                result.classes += inner.classes
                return
            char = inner.ranges[0][0]
        following = self._pattern[self._at : self._at + 2]
        if following[:1] != "-" or following[1:] in {"", "]", "["}:
            result.ranges.append((char, char))
            return
        self._at += 1
        high = self._take()
        if high == "\\":
            inner = self._class_or_char(self._take())
            if inner.classes:
                raise _malformed()
            high = inner.ranges[0][0]
        if high < char:
            raise _malformed()
        result.ranges.append((char, high))


def _malformed() -> FeelNull:
    return FeelNull("正则写法不对。", "The pattern is not well formed.")
