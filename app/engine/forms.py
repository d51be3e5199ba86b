"""The form of a user task as data: which fields a person sees and fills in.

A form is kept inside the diagram (`<jieban:form>` with `<jieban:field …>`), so it is versioned
with it; pages and the API render and check it from here. Nothing in a form is code: its
conditions are FEEL, compiled when the diagram is checked.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from typing import Any

from app.core.clock import CHINA
from app.core.phrase import Phrase
from app.engine.markup import Node, attribute, children, jieban, line, local

_NAME = re.compile(r"[a-z][a-z0-9_]{0,62}")
_MAX_FIELDS = 100
_MAX_PATTERN = 200
_MAX_RULES = 20
_MAX_MEGABYTES = 20
"""The office takes no larger file anywhere."""


class FieldType(StrEnum):
    """What may be entered in a field."""

    TEXT = "text"
    LONG_TEXT = "long_text"
    NUMBER = "number"
    CHOICE = "choice"
    MULTI_CHOICE = "multi_choice"
    DATE = "date"
    DATETIME = "datetime"
    BOOLEAN = "boolean"
    PHONE = "phone"
    UNIT = "unit"
    UNITS = "units"
    """Several units, or none."""
    CATEGORY = "category"
    DISTRICT = "district"
    FILES = "files"


class FileKind(StrEnum):
    """What the files of a field show; who may see them depends on it."""

    MATERIAL = "material"
    """What the requester brought, or anything else."""
    IDENTITY = "identity"
    """Papers that say who somebody is."""
    CONTACT = "contact"
    """That the requester was contacted."""
    HANDLING = "handling"
    """What was done."""


class FileSort(StrEnum):
    """What a file is by its format; a field may take some of these only."""

    DOCUMENT = "document"
    PICTURE = "picture"
    RECORDING = "recording"
    VIDEO = "video"


@dataclass(frozen=True, slots=True)
class Option:
    """One of the values a choice offers."""

    value: str
    label: Phrase


@dataclass(frozen=True, slots=True)
class Rule:
    """What must be so: a condition (FEEL) over the fields and the data in scope, and the sentence
    that is told at the field where it is not. Where something it names is empty, it is passed over.
    """

    holds: str
    message: Phrase


@dataclass(frozen=True, slots=True)
class Field:
    """One field. `minimum` and `maximum` bound numbers and dates (as written: a number or an ISO
    date); `min_length` and `max_length` count characters of texts, or files and choices; `kind`,
    `accepts` and `max_megabytes` (of each) are of files only. An empty `visible_to` or
    `editable_by` means everybody who may do the step, an empty `accepts` whatever the office takes.

    `shown_when` and `required_when` are FEEL conditions; a `default` that begins with “=” is a FEEL
    expression.
    """

    name: str
    type: FieldType
    label: Phrase
    help: Phrase | None = None
    required: bool = False
    options: tuple[Option, ...] = ()
    minimum: str | None = None
    maximum: str | None = None
    max_length: int | None = None
    pattern: str | None = None
    visible_to: frozenset[str] = frozenset()
    editable_by: frozenset[str] = frozenset()
    default: str | None = None
    kind: FileKind = FileKind.MATERIAL
    min_length: int | None = None
    pattern_words: Phrase | None = None
    shown_when: str | None = None
    required_when: str | None = None
    rules: tuple[Rule, ...] = ()
    accepts: frozenset[FileSort] = frozenset()
    max_megabytes: int | None = None

    @property
    def default_expression(self) -> str | None:
        """The FEEL expression that the field begins with; none where it begins with a fixed value
        or with nothing.
        """
        if self.default is None or not self.default.startswith("="):
            return None
        return self.default[1:].strip()

    @property
    def is_conditional(self) -> bool:
        """Whether anything about the field depends on other values."""
        return bool(self.shown_when or self.required_when or self.rules or self.default_expression)

    def is_visible_to(self, roles: frozenset[str]) -> bool:
        """Whether somebody with `roles` sees the field."""
        return not self.visible_to or bool(self.visible_to & roles)

    def is_editable_by(self, roles: frozenset[str]) -> bool:
        """Whether somebody with `roles` may fill the field in (seeing it is a condition)."""
        return self.is_visible_to(roles) and (
            not self.editable_by or bool(self.editable_by & roles)
        )


@dataclass(frozen=True, slots=True)
class Form:
    """The fields of one step, in the order in which they are shown."""

    fields: tuple[Field, ...]

    def field(self, name: str) -> Field | None:
        """The field of that name, if there is one."""
        return next((field for field in self.fields if field.name == name), None)

    @property
    def is_conditional(self) -> bool:
        """Whether the form needs the data in scope to be shown or checked."""
        return any(field.is_conditional for field in self.fields)

    def locked(self, roles: frozenset[str]) -> list[Field]:
        """The fields that somebody with `roles` may not fill in: they hold what others said."""
        return [field for field in self.fields if not field.is_editable_by(roles)]


@dataclass(frozen=True, slots=True)
class FormProblem:
    """A mistake in a form: what is wrong and what to do, the line in the file, and the name of the
    field it is about, empty where it is about none.
    """

    phrase: Phrase
    line: int
    field: str = ""


def read_form(node: Node) -> tuple[Form, tuple[FormProblem, ...]]:
    """The form written in a `<jieban:form>` element, and what is wrong with it.

    Never raises: a field that cannot be understood is left out of the form and is a problem,
    and a diagram with a problem is refused by the checker.
    """
    fields: list[Field] = []
    problems: list[FormProblem] = []

    def problem(at: Node, zh: str, en: str) -> None:
        about = at if at.tag == jieban("field") else at.getparent()
        name = attribute(about, "name") if about is not None and about is not node else ""
        problems.append(FormProblem(Phrase(zh, en), line(at), name))

    for key in map(str, node.attrib):
        problem(
            node,
            f"表单没有“{key}”这个属性：请删除。",
            f"A form has no attribute “{key}”: remove it.",
        )
    seen: set[str] = set()
    for child in children(node):
        if child.tag != jieban("field"):
            problem(
                child,
                f"表单里只能放 jieban:field：请删除 {local(child)}。",
                f"A form holds only jieban:field: remove {local(child)}.",
            )
            continue
        name = attribute(child, "name")
        if name in seen:
            problem(
                child,
                f"字段“{name}”出现了两次：请改名。",
                f"The field “{name}” appears twice: rename one of them.",
            )
            continue
        seen.add(name)
        field = _field(child, problem)
        if field is not None:
            fields.append(field)
    if not fields and not problems:
        problem(
            node,
            "表单没有字段：请添加字段或删除表单。",
            "The form is empty: add a field or remove it.",
        )
    if len(fields) > _MAX_FIELDS:
        problem(
            node,
            f"表单最多 {_MAX_FIELDS} 个字段：请拆成几步。",
            f"A form has at most {_MAX_FIELDS} fields: split the step.",
        )
    return Form(tuple(fields)), tuple(problems)


_ATTRIBUTES = frozenset(
    {
        "name", "type", "label", "label_en", "help", "help_en", "required", "min", "max",
        "min_length", "max_length", "pattern", "pattern_words", "pattern_words_en", "visible_to",
        "editable_by", "default", "kind", "shown_when", "required_when", "accept", "max_mb",
    }
)  # fmt: skip

_Report = Callable[[Node, str, str], None]


def _field(node: Node, problem: _Report) -> Field | None:
    name = attribute(node, "name")
    if not _NAME.fullmatch(name):
        problem(
            node,
            f"字段名“{name}”不合规：用小写英文字母、数字和下划线，以字母开头，最多 63 个字符。",
            f"The field name “{name}” is not allowed: use lower-case letters, digits and "
            "underscores, beginning with a letter, at most 63 characters.",
        )
        return None
    for key in map(str, node.attrib):
        if key not in _ATTRIBUTES:
            problem(
                node,
                f"字段“{name}”没有“{key}”这个属性：请删除。",
                f"The field “{name}” has an unknown attribute “{key}”: remove it.",
            )
    kind_text = attribute(node, "type")
    if kind_text not in set(FieldType):
        kinds = "、".join(FieldType)
        problem(
            node,
            f"字段“{name}”的类型“{kind_text}”不存在：请用 {kinds} 之一。",
            f"The field “{name}” has an unknown type “{kind_text}”: use one of "
            f"{', '.join(FieldType)}.",
        )
        return None
    kind = FieldType(kind_text)
    label = _phrase(node, "label")
    if label is None:
        problem(
            node,
            f"字段“{name}”没有中文名称：请填写 label。",
            f"The field “{name}” has no Chinese label: fill in label.",
        )
        return None
    return Field(
        name=name,
        type=kind,
        label=label,
        help=_phrase(node, "help"),
        required=_boolean(node, "required", name, problem),
        options=_options(node, kind, name, problem),
        minimum=_bound(node, "min", kind, name, problem),
        maximum=_bound(node, "max", kind, name, problem),
        max_length=_length(node, "max_length", name, problem),
        pattern=_pattern(node, name, problem),
        visible_to=_roles(node, "visible_to"),
        editable_by=_roles(node, "editable_by"),
        default=_default(node, kind, name, problem),
        kind=_file_kind(node, kind, name, problem),
        min_length=_length(node, "min_length", name, problem),
        pattern_words=_phrase(node, "pattern_words"),
        shown_when=_condition(node, "shown_when"),
        required_when=_condition(node, "required_when"),
        rules=_rules(node, name, problem),
        accepts=_accepts(node, kind, name, problem),
        max_megabytes=_megabytes(node, kind, name, problem),
    )


def _phrase(node: Node, key: str) -> Phrase | None:
    zh = attribute(node, key).strip()
    if not zh:
        return None
    return Phrase(zh, attribute(node, f"{key}_en").strip() or zh)


def _roles(node: Node, key: str) -> frozenset[str]:
    return frozenset(attribute(node, key).replace(",", " ").split())


def _boolean(node: Node, key: str, name: str, problem: _Report) -> bool:
    text = node.get(key, "false")
    if text not in {"true", "false"}:
        problem(
            node,
            f"字段“{name}”的 {key} 只能是 true 或 false：请改正。",
            f"{key} of the field “{name}” is either true or false: correct it.",
        )
    return text == "true"


def _options(node: Node, kind: FieldType, name: str, problem: _Report) -> tuple[Option, ...]:
    options: list[Option] = []
    for child in children(node):
        if child.tag == jieban("rule"):
            continue
        label = _phrase(child, "label")
        value = attribute(child, "value")
        if child.tag != jieban("option") or label is None or not value:
            problem(
                child,
                f"字段“{name}”里的选项不完整：请写成 jieban:option，并有 value 和 label。",
                f"An option of the field “{name}” is incomplete: write a jieban:option with value "
                "and label.",
            )
        elif any(option.value == value for option in options):
            problem(
                child,
                f"字段“{name}”的选项“{value}”出现了两次：请删除一个。",
                f"The field “{name}” offers “{value}” twice: remove one.",
            )
        else:
            options.append(Option(value, label))
    chooses = kind in {FieldType.CHOICE, FieldType.MULTI_CHOICE}
    if chooses and not options:
        problem(
            node,
            f"选择字段“{name}”没有选项：请添加 jieban:option。",
            f"The choice “{name}” offers nothing: add a jieban:option.",
        )
    if options and not chooses:
        problem(
            node,
            f"字段“{name}”不是选择类型，不能有选项：把类型改为 choice 或 multi_choice。",
            f"The field “{name}” is no choice and cannot have options: make its type choice or "
            "multi_choice.",
        )
    return tuple(options)


def _condition(node: Node, key: str) -> str | None:
    """A FEEL text without the “=” that other tools put before it; an empty one is none."""
    return attribute(node, key).strip().removeprefix("=").strip() or None


def _rules(node: Node, name: str, problem: _Report) -> tuple[Rule, ...]:
    rules: list[Rule] = []
    for child in children(node):
        if child.tag != jieban("rule"):
            continue
        for key in map(str, child.attrib):
            if key not in {"holds", "message", "message_en"}:
                problem(
                    child,
                    f"字段“{name}”的规则没有“{key}”这个属性：请删除。",
                    f"A rule of the field “{name}” has an unknown attribute “{key}”: remove it.",
                )
        holds, message = _condition(child, "holds"), _phrase(child, "message")
        if holds is None or message is None:
            problem(
                child,
                f"字段“{name}”的规则不完整：请填写条件（holds）和不满足时的提示（message）。",
                f"A rule of the field “{name}” is incomplete: fill in the condition (holds) and "
                "what is said where it is not met (message).",
            )
        else:
            rules.append(Rule(holds, message))
    if len(rules) > _MAX_RULES:
        problem(
            node,
            f"字段“{name}”的规则最多 {_MAX_RULES} 条：请合并或删减。",
            f"The field “{name}” has at most {_MAX_RULES} rules: join or remove some.",
        )
    return tuple(rules)


_READERS: dict[FieldType, Callable[[str], object]] = {
    FieldType.NUMBER: Decimal,
    FieldType.DATE: date.fromisoformat,
    FieldType.DATETIME: datetime.fromisoformat,
}
"""How the values of types that have bounds are written."""


def _is_written(kind: FieldType, text: str) -> bool:
    try:
        value = _READERS[kind](text)
    except (ValueError, InvalidOperation):
        return False
    return not isinstance(value, Decimal) or value.is_finite()


def _bound(node: Node, key: str, kind: FieldType, name: str, problem: _Report) -> str | None:
    text = node.get(key)
    if text is None:
        return None
    if kind in _READERS and _is_written(kind, text):
        other = attribute(node, "min")
        if key == "max" and _is_written(kind, other) and _crossed(kind, other, text):
            problem(
                node,
                f"字段“{name}”的下限“{other}”大于上限“{text}”，什么都填不了：请改正。",
                f"The field “{name}” has the bounds “{other}” and “{text}”, between which there "
                "is nothing: correct them.",
            )
        return text
    problem(
        node,
        f"字段“{name}”的 {key}“{text}”无效：只有数字和日期可以有上下限，"
        "请写成数字或 2026-01-31 这样的日期。",
        f"{key} “{text}” of the field “{name}” is not valid: only numbers and dates have bounds, "
        "written as a number or a date such as 2026-01-31.",
    )
    return None


def _crossed(kind: FieldType, low: str, high: str) -> bool:
    least: Any = _READERS[kind](low)
    most: Any = _READERS[kind](high)
    if kind is FieldType.DATETIME:
        least, most = least.astimezone(CHINA), most.astimezone(CHINA)
    return bool(least > most)


def _default(node: Node, kind: FieldType, name: str, problem: _Report) -> str | None:
    """What the field begins with: a value of its type, or an expression."""
    text = node.get("default")
    if text is None or text.startswith("="):
        return text
    if kind in {FieldType.CHOICE, FieldType.MULTI_CHOICE}:
        offered = {attribute(child, "value") for child in children(node)}
        chosen = [text] if kind is FieldType.CHOICE else text.split()
        for one in chosen:
            if one not in offered:
                problem(
                    node,
                    f"字段“{name}”的默认值“{one}”不在选项中：请添加该选项或改默认值。",
                    f"The default “{one}” of the field “{name}” is not among its options: add the "
                    "option or change the default.",
                )
    elif (
        (kind in _READERS and not _is_written(kind, text))
        or (kind is FieldType.BOOLEAN and text not in {"true", "false"})
        or kind is FieldType.FILES
    ):
        problem(
            node,
            f"字段“{name}”的默认值“{text}”与类型不符：请填写这种类型的值，或删除默认值。",
            f"The default “{text}” of the field “{name}” is no value of its type: write one, or "
            "remove it.",
        )
    return text


def _accepts(node: Node, kind: FieldType, name: str, problem: _Report) -> frozenset[FileSort]:
    text = node.get("accept")
    if text is None:
        return frozenset()
    named = frozenset(text.split())
    if kind is FieldType.FILES and named and named <= set(FileSort):
        return frozenset(map(FileSort, named))
    problem(
        node,
        f"字段“{name}”的 accept“{text}”无效：只有 files 类型可以限定格式，"
        f"请用 {'、'.join(FileSort)}（空格分开）。",
        f"accept “{text}” of the field “{name}” is not valid: only files are limited to formats, "
        f"out of {', '.join(FileSort)}, separated by blanks.",
    )
    return frozenset()


def _megabytes(node: Node, kind: FieldType, name: str, problem: _Report) -> int | None:
    text = node.get("max_mb")
    if text is None:
        return None
    if kind is FieldType.FILES and text.isascii() and text.isdecimal():
        size = int(text[:9])
        if 0 < size <= _MAX_MEGABYTES:
            return size
    problem(
        node,
        f"字段“{name}”的 max_mb“{text}”无效：只有 files 类型可以限定大小，"
        f"请写 1 到 {_MAX_MEGABYTES} 的整数（MB）。",
        f"max_mb “{text}” of the field “{name}” is not valid: only files are limited in size, by a "
        f"whole number of megabytes from 1 to {_MAX_MEGABYTES}.",
    )
    return None


def _file_kind(node: Node, kind: FieldType, name: str, problem: _Report) -> FileKind:
    text = node.get("kind")
    if text is None:
        return FileKind.MATERIAL
    if kind is FieldType.FILES and text in set(FileKind):
        return FileKind(text)
    problem(
        node,
        f"字段“{name}”的 kind“{text}”无效：只有 files 类型有 kind，"
        f"请用 {'、'.join(FileKind)} 之一。",
        f"kind “{text}” of the field “{name}” is not valid: only files have a kind, one of "
        f"{', '.join(FileKind)}.",
    )
    return FileKind.MATERIAL


def _length(node: Node, key: str, name: str, problem: _Report) -> int | None:
    text = node.get(key)
    if text is None:
        return None
    if text.isascii() and text.isdecimal() and 0 < int(text[:9]) <= 100_000:
        least = attribute(node, "min_length")
        if key == "max_length" and least.isdecimal() and int(least[:9]) > int(text[:9]):
            problem(
                node,
                f"字段“{name}”的 min_length 大于 max_length，什么都填不了：请改正。",
                f"min_length of the field “{name}” is more than its max_length: correct them.",
            )
        return int(text)
    problem(
        node,
        f"字段“{name}”的 {key} 无效：请写 1 到 100000 的整数。",
        f"{key} of the field “{name}” is not valid: write a whole number from 1 to 100000.",
    )
    return None


def _pattern(node: Node, name: str, problem: _Report) -> str | None:
    """A regular expression as FEEL's `matches` knows it, which the whole text must match.

    Nested repetition is refused here, as it may take for ever to match; whether it is well formed
    is asked of FEEL when the diagram is checked.
    """
    text = node.get("pattern")
    if text is None or (len(text) <= _MAX_PATTERN and not _may_take_for_ever(text)):
        return text
    problem(
        node,
        f"字段“{name}”的 pattern 过长，或匹配可能没有尽头：请改写"
        f"（最多 {_MAX_PATTERN} 个字符，重复的括号里不能再有重复或选择）。",
        f"The pattern of the field “{name}” is too long or may take for ever to match: write "
        f"another (at most {_MAX_PATTERN} characters, no repetition or choice inside a repeated "
        "group).",
    )
    return None


_PART = re.compile(r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]|\(\?<?[:=!]|\(\?P<\w+>|.", re.DOTALL)
"""The parts of a regular expression: escapes, classes, openings of groups, single signs."""


def _may_take_for_ever(text: str) -> bool:
    """Whether a repeated group holds a repetition or a choice: there may be exponentially many
    ways to match it. Careful rather than exact.
    """
    varied = [False]
    closed_varied = False
    for part in _PART.findall(text):
        repeats = part in {"*", "+", "{"}
        if repeats and closed_varied:
            return True
        closed_varied = False
        if part.startswith("("):
            varied.append(False)
        elif part == ")" and len(varied) > 1:
            closed_varied = varied.pop()
            varied[-1] |= closed_varied
        elif repeats or part in {"?", "|"}:
            varied[-1] = True
    return False
