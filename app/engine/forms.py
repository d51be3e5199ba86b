"""The form of a user task as data: which fields a person sees and fills in.

A form is kept inside the diagram (`<jieban:form>` with `<jieban:field …>`), so it is versioned
with it; pages and the API render and check it from here. Nothing in a form is code.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from enum import StrEnum

from app.core.phrase import Phrase
from app.engine.markup import Node, attribute, children, jieban, line, local

_NAME = re.compile(r"[a-z][a-z0-9_]{0,62}")
_MAX_FIELDS = 100
_MAX_PATTERN = 200


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


@dataclass(frozen=True, slots=True)
class Option:
    """One of the values a choice offers."""

    value: str
    label: Phrase


@dataclass(frozen=True, slots=True)
class Field:
    """One field. `minimum` and `maximum` bound numbers and dates (as written: a number or an ISO
    date); `max_length` counts characters of texts, or files; `kind` is of files only. An empty
    `visible_to` or `editable_by` means everybody who may do the step.
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


@dataclass(frozen=True, slots=True)
class FormProblem:
    """A mistake in a form: what is wrong and what to do, and the line in the file."""

    phrase: Phrase
    line: int


def read_form(node: Node) -> tuple[Form, tuple[FormProblem, ...]]:
    """The form written in a `<jieban:form>` element, and what is wrong with it.

    Never raises: a field that cannot be understood is left out of the form and is a problem,
    and a diagram with a problem is refused by the checker.
    """
    fields: list[Field] = []
    problems: list[FormProblem] = []

    def problem(at: Node, zh: str, en: str) -> None:
        problems.append(FormProblem(Phrase(zh, en), line(at)))

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
        "max_length", "pattern", "visible_to", "editable_by", "default", "kind",
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
        max_length=_length(node, name, problem),
        pattern=_pattern(node, name, problem),
        visible_to=_roles(node, "visible_to"),
        editable_by=_roles(node, "editable_by"),
        default=node.get("default"),
        kind=_file_kind(node, kind, name, problem),
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
    default = node.get("default")
    if kind is FieldType.CHOICE and default and all(o.value != default for o in options):
        problem(
            node,
            f"字段“{name}”的默认值“{default}”不在选项中：请添加该选项或改默认值。",
            f"The default “{default}” of the field “{name}” is not among its options: add the "
            "option or change the default.",
        )
    return tuple(options)


def _bound(node: Node, key: str, kind: FieldType, name: str, problem: _Report) -> str | None:
    text = node.get(key)
    if text is None:
        return None
    readers: dict[FieldType, Callable[[str], object]] = {
        FieldType.NUMBER: Decimal,
        FieldType.DATE: date.fromisoformat,
        FieldType.DATETIME: datetime.fromisoformat,
    }
    reader = readers.get(kind)
    try:
        if reader is not None:
            reader(text)
            return text
    except (ValueError, InvalidOperation):
        pass
    problem(
        node,
        f"字段“{name}”的 {key}“{text}”无效：只有数字和日期可以有上下限，"
        "请写成数字或 2026-01-31 这样的日期。",
        f"{key} “{text}” of the field “{name}” is not valid: only numbers and dates have bounds, "
        "written as a number or a date such as 2026-01-31.",
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


def _length(node: Node, name: str, problem: _Report) -> int | None:
    text = node.get("max_length")
    if text is None:
        return None
    if text.isascii() and text.isdecimal() and 0 < int(text[:9]) <= 100_000:
        return int(text)
    problem(
        node,
        f"字段“{name}”的 max_length 无效：请写 1 到 100000 的整数。",
        f"max_length of the field “{name}” is not valid: write a whole number from 1 to 100000.",
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
