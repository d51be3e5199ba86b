"""Matching regular expressions within a bound of steps, whatever the pattern.

The matcher tries alternatives one after the other, as regular expressions with reluctant
quantifiers and back references demand, but counts its steps and gives up beyond a bound. Patterns
that can only take a few paths are handed to Python's own engine, which is quicker.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import IntEnum
from functools import lru_cache

from app.decisions.feel import regex_syntax as syntax
from app.decisions.feel.errors import FeelNull

MAX_TEXT = 10_000
"""Characters of a text that is searched."""

_MAX_PROGRAM = 5_000
_MAX_STEPS = 150_000
_MAX_PATHS = 50

Span = tuple[int, int] | None
Match = list[Span]
"""The whole match and its groups, by number; None for a group that took no part."""


class _Op(IntEnum):
    """What an instruction does."""

    CHAR = 0
    SPLIT = 1
    JUMP = 2
    SAVE = 3
    ANCHOR = 4
    BACK = 5
    MARK = 6
    MOVED = 7
    MATCH = 8


@lru_cache(maxsize=512)
def compiled(pattern: str, flags: str) -> "Regex":
    """The compiled pattern; raises FeelNull when it is not well formed or too large."""
    tree, groups = syntax.parse(pattern, flags)
    return Regex(tree, groups, multiline="m" in flags, fold="i" in flags)


class Regex:
    """A compiled pattern."""

    def __init__(self, tree: syntax.Node, groups: int, *, multiline: bool, fold: bool) -> None:
        self.groups = groups
        self._multiline = multiline
        self._fold = fold
        self._quick = _quick(tree, fold=fold) if not multiline else None
        self._registers = 2 * (groups + 1)
        self._program: list[tuple[_Op, object, object]] = []
        self._emit(_Op.SAVE, 0)
        self._compile(tree)
        self._emit(_Op.SAVE, 1)
        self._emit(_Op.MATCH)

    def found_in(self, text: str, spend: Callable[[int], None]) -> bool:
        """Whether the pattern matches somewhere in `text`."""
        return next(self.matches(text, spend), None) is not None

    def matches(self, text: str, spend: Callable[[int], None]) -> Iterator[Match]:
        """The matches from left to right, none overlapping; raises FeelNull beyond a bound.

        `spend` is told the number of steps taken.
        """
        if len(text) > MAX_TEXT:
            raise FeelNull(
                f"正则只用于 {MAX_TEXT} 个字符以内的文字。",
                f"Patterns are only applied to texts of up to {MAX_TEXT} characters.",
            )
        spend(len(text))
        start, steps = 0, [_MAX_STEPS]
        while start <= len(text):
            match = self._next(text, start, steps, spend)
            if match is None:
                return
            yield match
            assert match[0] is not None
            start = match[0][1] + (match[0][0] == match[0][1])

    def _next(
        self, text: str, start: int, steps: list[int], spend: Callable[[int], None]
    ) -> Match | None:
        """The first match from `start` on."""
        if self._quick is not None:
            quick = self._quick.search(text, start)
            if quick is None:
                return None
            spans = [quick.span(number) for number in range(self.groups + 1)]
            return [None if span[0] < 0 else span for span in spans]
        left = steps[0]
        try:
            for at in range(start, len(text) + 1):
                match = self._match(text, at, steps)
                if match is not None:
                    return match
        finally:
            spend(left - steps[0])
        return None

    # --- compiling to a program --------------------------------------------------------------

    def _emit(self, op: _Op, a: object = None, b: object = None) -> int:
        if len(self._program) >= _MAX_PROGRAM:
            raise FeelNull("正则太大。", "The pattern is too large.")
        self._program.append((op, a, b))
        return len(self._program) - 1

    def _compile(self, node: syntax.Node) -> None:
        match node:
            case syntax.CharSet():
                self._emit(_Op.CHAR, node)
            case syntax.Sequence(parts):
                for part in parts:
                    self._compile(part)
            case syntax.Choice(parts):
                self._compile_choice(parts)
            case syntax.Group(number, inner):
                self._emit(_Op.SAVE, 2 * number)
                self._compile(inner)
                self._emit(_Op.SAVE, 2 * number + 1)
            case syntax.Repeat():
                self._compile_repeat(node)
            case syntax.Anchor(end):
                self._emit(_Op.ANCHOR, end)
            case syntax.BackReference(number):
                self._emit(_Op.BACK, number)

    def _compile_choice(self, parts: list[syntax.Node]) -> None:
        ends = []
        for part in parts[:-1]:
            split = self._emit(_Op.SPLIT)
            self._compile(part)
            ends.append(self._emit(_Op.JUMP))
            self._program[split] = (_Op.SPLIT, split + 1, len(self._program))
        self._compile(parts[-1])
        for end in ends:
            self._program[end] = (_Op.JUMP, len(self._program), None)

    def _compile_repeat(self, node: syntax.Repeat) -> None:
        for _ in range(node.low):
            self._compile(node.inner)
        if node.high is None:
            mark = self._registers
            self._registers += 1
            split = self._emit(_Op.SPLIT)
            self._emit(_Op.MARK, mark)
            self._compile(node.inner)
            self._emit(_Op.MOVED, mark)
            self._emit(_Op.JUMP, split)
            self._set_split(split, greedy=node.greedy)
            return
        splits = []
        for _ in range(node.high - node.low):
            splits.append(self._emit(_Op.SPLIT))
            self._compile(node.inner)
        for split in splits:
            self._set_split(split, greedy=node.greedy)

    def _set_split(self, split: int, *, greedy: bool) -> None:
        inside, outside = split + 1, len(self._program)
        first, second = (inside, outside) if greedy else (outside, inside)
        self._program[split] = (_Op.SPLIT, first, second)

    # --- running it --------------------------------------------------------------------------

    def _match(self, text: str, start: int, steps: list[int]) -> Match | None:
        program = self._program
        pending: list[tuple[int, int, tuple[int, ...]]] = [(0, start, (-1,) * self._registers)]
        while pending:
            pc, at, registers = pending.pop()
            while True:
                steps[0] -= 1
                if steps[0] < 0:
                    raise FeelNull(
                        "正则匹配的步骤太多，已停止，请简化。",
                        "Matching takes too many steps and was stopped: simplify the pattern.",
                    )
                op, a, b = program[pc]
                pc += 1
                if op is _Op.SPLIT:
                    pending.append((b, at, registers))  # type: ignore[arg-type] # an address
                    pc = a  # type: ignore[assignment] # an address
                elif op is _Op.JUMP:
                    pc = a  # type: ignore[assignment] # an address
                elif op in (_Op.SAVE, _Op.MARK):
                    slot: int = a  # type: ignore[assignment] # a register
                    registers = (*registers[:slot], at, *registers[slot + 1 :])
                elif op is _Op.MATCH:
                    return self._spans(registers)
                else:
                    advanced = self._advanced(op, a, text, at, registers)
                    if advanced is None:
                        break
                    at = advanced
        return None

    def _advanced(
        self, op: _Op, a: object, text: str, at: int, registers: tuple[int, ...]
    ) -> int | None:
        """The position after an instruction that may fail; None where it does."""
        if op is _Op.CHAR:
            assert isinstance(a, syntax.CharSet)
            return at + 1 if at < len(text) and a.has(text[at]) else None
        if op is _Op.ANCHOR:
            return at if self._anchored(bool(a), text, at) else None
        assert isinstance(a, int)
        if op is _Op.MOVED:
            return at if registers[a] != at else None
        low, high = registers[2 * a], registers[2 * a + 1]
        group = "" if low < 0 or high < 0 else text[low:high]
        here = text[at : at + len(group)]
        same = here.lower() == group.lower() if self._fold else here == group
        return at + len(group) if same else None

    def _anchored(self, end: bool, text: str, at: int) -> bool:
        if end:
            return at == len(text) or (self._multiline and text[at] == "\n")
        return at == 0 or (self._multiline and at < len(text) and text[at - 1] == "\n")

    def _spans(self, registers: tuple[int, ...]) -> Match:
        spans: Match = []
        for number in range(self.groups + 1):
            low, high = registers[2 * number], registers[2 * number + 1]
            spans.append(None if low < 0 or high < 0 else (low, high))
        return spans


# --- the quick way --------------------------------------------------------------------------------


@dataclass(slots=True)
class _Cost:
    """How many ways a pattern can be tried at one place: bounded ones, and unbounded loops."""

    paths: int = 1
    loops: int = 0


def _quick(tree: syntax.Node, *, fold: bool) -> re.Pattern[str] | None:
    """The pattern for Python's engine, if it can only take a few paths; else None."""
    cost = _Cost()
    text = _translated(tree, cost, inside=False)
    if text is None or cost.loops > 1 or cost.paths > _MAX_PATHS:
        return None
    return re.compile(text, re.IGNORECASE if fold else 0)


def _translated(node: syntax.Node, cost: _Cost, *, inside: bool) -> str | None:
    """`node` in Python's words; `inside` a repetition only single characters are taken."""
    if isinstance(node, syntax.CharSet):
        return _set_text(node)
    if isinstance(node, syntax.Anchor):
        return None if inside else (r"\Z" if node.end else r"\A")
    if inside or isinstance(node, syntax.BackReference):
        return None
    if isinstance(node, syntax.Repeat):
        if node.high is None:
            cost.loops += 1
        else:
            cost.paths *= node.high - node.low + 1
        inner = _translated(node.inner, cost, inside=True)
        high = "" if node.high is None else node.high
        lazy = "" if node.greedy else "?"
        return None if inner is None else f"{inner}{{{node.low},{high}}}{lazy}"
    if isinstance(node, syntax.Group):
        inner = _translated(node.inner, cost, inside=False)
        return None if inner is None else f"({inner})"
    texts = [_translated(part, cost, inside=False) for part in node.parts]
    if any(text is None for text in texts):
        return None
    if isinstance(node, syntax.Choice):
        cost.paths *= len(texts)
        return "(?:" + "|".join(text or "" for text in texts) + ")"
    return "".join(text or "" for text in texts)


def _set_text(node: syntax.CharSet) -> str | None:
    if node.less is not None or (node.fold and node.negated):
        return None
    if node.classes == [(".", True)] and not node.ranges:
        return r"[^\n\r]"
    if node.classes:
        return None
    if not node.ranges:
        return r"[\s\S]" if node.negated else None
    if len(node.ranges) == 1 and node.ranges[0][0] == node.ranges[0][1] and not node.negated:
        return re.escape(node.ranges[0][0])
    listed = "".join(f"{re.escape(low)}-{re.escape(high)}" for low, high in node.ranges)
    return f"[{'^' if node.negated else ''}{listed}]"


def replacement(text: str, groups: int, *, literal: bool) -> list[str | int]:
    """The parts of a replacement: texts and numbers of groups (`$1`)."""
    if literal:
        return [text]
    parts: list[str | int] = []
    at = 0
    while at < len(text):
        char = text[at]
        if char == "$":
            digits = re.match(r"[0-9]{1,2}", text[at + 1 :])
            if not digits:
                raise FeelNull("“$”后面要写组号。", "“$” must be followed by a group number.")
            number = digits[0] if int(digits[0]) <= groups else digits[0][0]
            parts.append(int(number) if int(number) <= groups else "")
            at += 1 + len(number)
        elif char == "\\":
            if text[at + 1 : at + 2] not in {"\\", "$"}:
                raise FeelNull("“\\”后面只能是“\\”或“$”。", "“\\” must be followed by “\\” or “$”.")
            parts.append(text[at + 1])
            at += 2
        else:
            parts.append(char)
            at += 1
    return parts
