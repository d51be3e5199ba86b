"""Checks of what the fields of a form say in FEEL: conditions, rules, patterns, first values."""

import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from difflib import get_close_matches

from app.engine.data_names import COUNTERS, data_names, untold
from app.engine.diagram import Diagram, Element, Expression
from app.engine.expression_checks import check_expression
from app.engine.forms import Field, FieldType, Form
from app.engine.ports import Compile, CompiledText
from app.engine.remarks import Remarks


@dataclass(slots=True)
class Known:
    """The names that the data of the processes of a bundle may hold; looked up when asked."""

    bundle: Sequence[Diagram]
    elsewhere: Callable[[], Collection[str]]
    """What other diagrams, tables and the office's own steps put there."""
    _given: frozenset[str] | None = field(default=None, init=False)

    def __contains__(self, name: str) -> bool:
        return name in self.names

    @property
    def names(self) -> frozenset[str]:
        """All of them."""
        if self._given is None:
            own = (name for diagram in self.bundle for name in data_names(diagram))
            self._given = frozenset([*own, *COUNTERS, *self.elsewhere()])
        return self._given

    def is_untold(self, name: str) -> bool:
        """Whether a form asks for it, and its answer never becomes data of the process."""
        return any(name in untold(diagram) for diagram in self.bundle)


def check_form(
    remarks: Remarks,
    element: Element,
    form: Form,
    compile_expression: Compile | None,
    known: Known | None,
) -> None:
    """Remark on every field whose condition, rule, pattern or first value says nothing certain.

    Without a compiler there is nothing to ask; without `known`, names are not looked up.
    """
    if compile_expression is not None:
        _FormCheck(remarks, element, form, compile_expression, known).check()


_SAMPLES: Mapping[FieldType, object] = {
    FieldType.NUMBER: 1,
    FieldType.DATE: date(2026, 1, 31),
    FieldType.DATETIME: datetime(2026, 1, 31, 1, 30, tzinfo=UTC),
    FieldType.BOOLEAN: True,
    FieldType.MULTI_CHOICE: ["a"],
    FieldType.UNIT: 1,
    FieldType.UNITS: [1],
    FieldType.FILES: [1],
}
"""A value of each type that is no text: with it a condition must come to true or false."""

_COMPARED = re.compile(r'\b(\w+)\s*!?=\s*"([^"]*)"')


class _FormCheck:
    def __init__(
        self,
        remarks: Remarks,
        element: Element,
        form: Form,
        compile_expression: Compile,
        known: Known | None,
    ) -> None:
        self._remarks = remarks
        self._element = element
        self._form = form
        self._compile = compile_expression
        self._known = known
        self._own = {one.name: one for one in form.fields}
        self._shown_by: dict[str, frozenset[str]] = {}

    def check(self) -> None:
        for one in self._form.fields:
            self._check_pattern(one)
            for what, text in _conditions(one):
                self._check_condition(one, what, text)
            if one.default_expression is not None:
                self._check_default(one, one.default_expression)
            self._check_reach(one)
        self._check_rounds()

    def _error(self, about: Field, zh: str, en: str) -> None:
        self._remarks.error(
            "form",
            self._element,
            f"字段“{about.label.zh}”（{about.name}）：{zh}",
            f"Field “{about.label.en}” ({about.name}): {en}",
            about.name,
        )

    def _check_pattern(self, about: Field) -> None:
        """Patterns are matched as FEEL matches them: what it cannot read is refused here."""
        if about.pattern is None:
            return
        matches = self._compile('matches("", pattern)', {})
        if matches.evaluate({"pattern": about.pattern}) is None:
            self._error(
                about,
                "pattern 不是 FEEL 能识别的正则表达式：请改写（不能用 \\b 和前后断言）。",
                "its pattern is no regular expression FEEL can read: write another (without \\b "
                "and look-around).",
            )

    def _check_condition(self, about: Field, what: tuple[str, str], text: str) -> None:
        zh, en = what
        made = self._compiled(about, zh, en, text, condition=True)
        if made is None:
            return
        if what in {_SHOWN, _REQUIRED} and about.name in made.names:
            self._error(
                about,
                f"{zh}用到了字段自己“{about.name}”，它要先填才知道：请改用别的字段。",
                f"{en} names the field itself, which is filled in only afterwards: use other "
                "fields.",
            )
            return
        if what == _SHOWN:
            self._shown_by[about.name] = made.names & self._own.keys()
        self._check_names(about, zh, en, made)
        self._check_values(about, zh, en, text)
        self._check_decides(about, zh, en, made)

    def _check_default(self, about: Field, text: str) -> None:
        made = self._compiled(about, "默认值", "its default", text)
        if made is None:
            return
        mine = sorted(made.names & self._own.keys())
        if mine:
            self._error(
                about,
                f"默认值用到了本表单的“{mine[0]}”，打开表单时它还没有填：请改用流程数据或函数。",
                f"its default names “{mine[0]}” of the same form, which is not filled in yet: use "
                "data of the process or functions.",
            )
            return
        self._check_names(about, "默认值", "its default", made)

    def _compiled(
        self, about: Field, zh: str, en: str, text: str, *, condition: bool = False
    ) -> CompiledText | None:
        """The compiled text; None where it is refused, which is remarked upon."""
        found = Remarks(self._remarks.diagram)
        check_expression(found, self._element, Expression(text), self._compile, condition=condition)
        for one in found.in_order():
            self._error(about, f"{zh}：{one.phrase.zh}", f"{en}: {one.phrase.en}")
        return None if found.errors() else self._compile(text, {})

    def _check_names(self, about: Field, zh: str, en: str, made: CompiledText) -> None:
        if self._known is None:
            return
        for name in sorted(made.names - self._own.keys()):
            if name in self._known:
                continue
            if self._known.is_untold(name):
                self._error(
                    about,
                    f"{zh}用到了“{name}”，它是别的步骤填写的文字、日期或文件，不进入流程数据："
                    "请改用选择、数字、是否等字段。",
                    f"{en} names “{name}”, a text, date or file of another step, which never "
                    "becomes data of the process: use a choice, a number or a yes/no.",
                )
                continue
            close = get_close_matches(name, [*self._own, *self._known.names], 1)
            self._error(
                about,
                f"{zh}用到了“{name}”，本表单和流程数据里都没有："
                + (f"是不是“{close[0]}”？" if close else "请核对拼写。"),
                f"{en} names “{name}”, which neither this form nor the data of the process has: "
                + (f"is it “{close[0]}”?" if close else "check its spelling."),
            )

    def _check_values(self, about: Field, zh: str, en: str, text: str) -> None:
        """A choice that is compared with a value it does not offer never has it."""
        for name, value in _COMPARED.findall(text):
            asked = self._own.get(name)
            offered = [one.value for one in asked.options] if asked is not None else []
            if asked is not None and asked.type is FieldType.CHOICE and value not in offered:
                self._error(
                    about,
                    f"{zh}把“{asked.label.zh}”与“{value}”比较，选项里没有这个值：请用"
                    f"{'、'.join(offered)}之一。",
                    f"{en} compares “{asked.label.en}” with “{value}”, which is not among its "
                    f"options: use one of {', '.join(offered)}.",
                )

    def _check_decides(self, about: Field, zh: str, en: str, made: CompiledText) -> None:
        """With everything filled in, a condition over this form comes to true or false: where it
        does not, kinds are compared that cannot be, and it would never hold.
        """
        if not made.names <= self._own.keys():
            return
        filled = {name: _sample(self._own[name]) for name in made.names}
        now = datetime(2026, 1, 31, 1, 30, tzinfo=UTC)
        if not isinstance(made.evaluate(filled, now=now), bool):
            self._error(
                about,
                f"{zh}得不出是或否，永远不起作用：请核对所比较的是不是同一类（数字与数字、"
                "日期与日期、文字加英文引号）。",
                f"{en} never comes to true or false, so it has no effect: compare like with like "
                "(numbers with numbers, dates with dates, texts in quotes).",
            )

    def _check_reach(self, about: Field) -> None:
        role = self._element.role
        if role and about.required and not about.is_editable_by(frozenset({role})):
            self._remarks.warning(
                "form",
                self._element,
                f"字段“{about.label.zh}”（{about.name}）：必填，但办理这一步的角色不能填，"
                "会空着：请改“谁能填”，或去掉必填。",
                f"Field “{about.label.en}” ({about.name}): it is required, but the role of this "
                "step may not fill it in, so it stays empty: change who may fill it in, or make "
                "it optional.",
                about.name,
            )

    def _check_rounds(self) -> None:
        """Fields that show each other: none of them could ever be the first."""
        for name in self._shown_by:
            seen: list[str] = []
            todo = [name]
            while todo:
                for other in sorted(self._shown_by.get(todo.pop(), frozenset())):
                    if other not in seen:
                        seen.append(other)
                        todo.append(other)
            if name in seen:
                self._error(
                    self._own[name],
                    f"显示条件绕了一圈又回到自己（经{'、'.join(seen)}）：请断开。",
                    f"its condition to be shown comes back to itself (by {', '.join(seen)}): "
                    "break the round.",
                )


_SHOWN = ("显示条件", "its condition to be shown")
_REQUIRED = ("必填条件", "its condition to be required")


def _conditions(about: Field) -> Iterator[tuple[tuple[str, str], str]]:
    if about.shown_when is not None:
        yield _SHOWN, about.shown_when
    if about.required_when is not None:
        yield _REQUIRED, about.required_when
    for number, rule in enumerate(about.rules, 1):
        which = f" {number}" if len(about.rules) > 1 else ""
        yield (f"规则{which.strip()}", f"rule{which}"), rule.holds


def _sample(about: Field) -> object:
    if about.options and about.type is FieldType.CHOICE:
        return about.options[0].value
    if about.options:
        return [about.options[0].value]
    return _SAMPLES.get(about.type, "1")
