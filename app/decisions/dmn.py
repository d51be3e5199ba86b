"""DMN models: read from XML, compiled once, evaluated as often as needed.

`Model.decide` answers for the product and raises where there is no right answer;
`Model.evaluate` follows the standard to the letter: null and a diagnostic.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from app.core.phrase import Phrase
from app.decisions import xml
from app.decisions.boxed import BoxReader, argument_of, fitted
from app.decisions.errors import DecisionError, Problem
from app.decisions.evidence import Answer, Evidence
from app.decisions.feel import builtins  # noqa: F401 - defines the built-in functions
from app.decisions.feel.compiler import Compiler
from app.decisions.feel.errors import Diagnostic, FeelError, TooCostly
from app.decisions.feel.lexer import normal_name
from app.decisions.feel.parser import parse_unary_tests
from app.decisions.feel.run import Code, Run
from app.decisions.feel.syntax import Literal, Node
from app.decisions.feel.texts import text_of
from app.decisions.feel.types import TypeTest
from app.decisions.feel.values import (
    SMALL_NUMBERS,
    Function,
    Value,
    kind,
    to_feel,
    to_python,
)
from app.decisions.item_types import MISFIT, ItemType, base_type
from app.decisions.tables import DecisionTable
from app.decisions.xml import Element


@dataclass(slots=True)
class _Item:
    """An element of the requirement graph: input data, decision, knowledge model or service."""

    id: str
    name: str
    kind: str
    element: Element
    declared: ItemType | None = None
    needs: list[tuple[str, "_Item"]] = field(default_factory=list)  # by name in the scope
    inputs: tuple[str, ...] | None = None  # all that it needs, if that is only input data
    code: Code | None = None
    slots: int = 0
    plain: type | None = None  # the Python type of values that need no conversion
    owner: "Model | None" = None


class Model:
    """A compiled DMN model. Immutable; may be evaluated by many threads at once."""

    def __init__(self, root: Element, imports: Mapping[str, "Model"]) -> None:
        self.name = root.get("name", "")
        self.namespace = root.get("namespace", "")
        self._root = root
        self._imported: dict[str, Model] = {}
        self._items: dict[str, _Item] = {}
        self._types: dict[str, ItemType] = {}
        self._definitions = {
            normal_name(d.get("name", "")): d for d in xml.children(root, "itemDefinition")
        }
        self.problems: list[Problem] = []
        """What is wrong with the model; a model with problems is not published."""
        self._read_imports(imports)
        self._reader = BoxReader(_names_in(root, imports.values()), self.type_named)
        self._read_items()
        for item in self._items.values():
            self._link(item)
        for item in self._items.values():
            if item.kind in {"decision", "businessKnowledgeModel"}:
                self._compile(item)
        self.problems += self._reader.problems
        required = {id(needed) for item in self._items.values() for _, needed in item.needs}
        decisions = [item for item in self._items.values() if item.kind == "decision"]
        self._final = [item for item in decisions if id(item) not in required]
        self._input_types = {
            i.name: i.declared for i in self._items.values() if i.kind == "inputData"
        }
        self._input_classes = {
            name: None if declared is None else declared.plain_class()
            for name, declared in self._input_types.items()
        }

    # --- answering ---------------------------------------------------------------------------

    @property
    def main_decision(self) -> str:
        """The id of the decision that nothing else requires; raises if there are several."""
        if len(self._final) == 1:
            return self._final[0].id
        raise DecisionError(
            Phrase(
                "文件里没有唯一的主决策，请只留一个最终决策。",
                "The file has no single final decision: leave only one.",
            )
        )

    @property
    def input_names(self) -> tuple[str, ...]:
        """The names of the input data."""
        return tuple(i.name for i in self._items.values() if i.kind == "inputData")

    @property
    def decision_names(self) -> Mapping[str, str]:
        """The names of the decisions by their ids."""
        return {i.id: i.name for i in self._items.values() if i.kind == "decision"}

    @property
    def tables(self) -> tuple[DecisionTable, ...]:
        """The decision tables as they were read, in the order of the file."""
        return tuple(self._reader.tables)

    @property
    def input_types(self) -> Mapping[str, ItemType | None]:
        """The declared types of the input data by name; None where none is declared."""
        return self._input_types

    def require_sound(self) -> None:
        """Raise DecisionError with the first problem, if there is any."""
        if not self.problems:
            return
        shown = [problem.sentence for problem in self.problems[:10]]
        raise DecisionError(
            Phrase(
                "规则有错误：" + " ".join(sentence.zh for sentence in shown),
                "The rules have errors: " + " ".join(sentence.en for sentence in shown),
            )
        )

    def decide(
        self,
        inputs: Mapping[str, object],
        decision: str | None = None,
        *,
        key: str = "",
        version: int | None = None,
        now: datetime | None = None,
    ) -> Answer:
        """The answer of a decision (by id; the final one by default), with its evidence.

        Raises DecisionError where there is no right answer: a type that does not fit, several
        rows under UNIQUE, no row at all, or a null that an error produced.
        """
        self.require_sound()
        item = self._items.get(decision or self.main_decision)
        if item is None:
            raise DecisionError(
                Phrase(
                    f"文件里没有决策“{decision}”。",
                    f"There is no decision “{decision}” in the file.",
                )
            )
        run = Run({}, 0, now, None)
        run.strict, run.trace = True, []
        try:
            seen = self._accepted_inputs(inputs, run)
            value = to_python(_Session(self, seen, run).value_of(item), run.spend)
        except RecursionError:
            raise TooCostly(_TOO_DEEP) from None
        if value is None and run.diagnostics:
            raise DecisionError(_told(item.name, run.diagnostics[0].phrase, seen))
        return Answer(value, Evidence(key or item.id, version, seen, tuple(run.trace)))

    def evaluate(
        self, inputs: Mapping[str, object], name: str, *, now: datetime | None = None
    ) -> tuple[Value, tuple[Diagnostic, ...]]:
        """The value of the decision or service called `name`, as the standard has it."""
        run = Run({}, 0, now, None)
        try:
            value = self._evaluated(inputs, name, run)
        except RecursionError:
            raise TooCostly(_TOO_DEEP) from None
        return value, tuple(run.diagnostics or ())

    def _evaluated(self, inputs: Mapping[str, object], name: str, run: Run) -> Value:
        session = _Session(self, self._accepted_inputs(inputs, run), run)
        named = [item for item in self._items.values() if item.name == name]
        for item in named:
            if item.kind == "decision":
                return session.value_of(item)
        for item in named:
            if item.kind == "decisionService":
                return session.serve(item, inputs)
        return run.null(Phrase(f"没有决策“{name}”。", f"There is no decision “{name}”."))

    def _accepted_inputs(self, inputs: Mapping[str, object], run: Run) -> dict[str, Value]:
        """What the model declares of what is given, each as its type wants it.

        The data of a case holds much more, which is neither read nor evidence. An imported model
        may ask for the rest.
        """
        accepted: dict[str, Value] = {}
        classes = self._input_classes
        for name in inputs if self._imported else classes:
            if name not in inputs:
                continue
            value = inputs[name]
            cls = type(value)
            if cls is int and value in SMALL_NUMBERS:
                value, cls = SMALL_NUMBERS[value], Decimal
            if isinstance(value, Decimal) and not value.is_finite():
                value = None  # FEEL has no such numbers
            elif classes.get(name) is cls:
                accepted[name] = value
                continue
            try:
                converted = to_feel(value, run.spend)
            except TypeError:
                phrase = Phrase(
                    f"输入“{name}”的值不是规则能用的类型。",
                    f"The value of the input “{name}” has a type that rules cannot use.",
                )
                if run.strict:
                    raise DecisionError(phrase) from None
                converted = run.null(phrase)
            wanted = self._input_types.get(name)
            accepted[name] = (
                converted if wanted is None else self._input(run, name, converted, wanted)
            )
        return accepted

    def _input(self, run: Run, name: str, value: Value, wanted: ItemType) -> Value:
        """An input converted to its declared type; refused, or null, where it does not fit."""
        result = wanted.fit(value)
        if result is not MISFIT:
            return result
        phrase = Phrase(
            f"“{self.name}”的输入“{name}”应为“{wanted.name}”类型，实际是“{kind(value)}”："
            f"{text_of(value)}。",
            f"The input “{name}” of “{self.name}” must be of type {wanted.name}, but is"
            f" {kind(value)}: {text_of(value)}.",
        )
        if run.strict:
            raise DecisionError(phrase)
        return run.null(phrase)

    # --- reading -----------------------------------------------------------------------------

    def type_named(self, name: str | None) -> ItemType | None:
        """The type called `name`, a base type or an item definition; None where none is named."""
        if not name:
            return None
        name = normal_name(name.removeprefix("feel:"))
        if name in self._types:
            return self._types[name]
        if name in self._definitions:
            item = ItemType(name)
            self._types[name] = item  # before its parts: definitions may refer to each other
            self._define(item, self._definitions[name])
            return item
        prefix, dot, rest = name.partition(".")
        if dot and prefix in self._imported:
            return self._imported[prefix].type_named(rest)
        return base_type(name)

    def _test_named(self, name: str) -> TypeTest | None:
        found = self.type_named(name)
        return None if found is None else found.holds

    def _define(self, item: ItemType, element: Element) -> None:
        item.collection = element.get("isCollection") == "true"
        components = list(xml.children(element, "itemComponent"))
        if components:
            item.components = {}
            for part in components:
                name = normal_name(part.get("name", ""))
                component = item.components[name] = ItemType(name)
                self._define(component, part)
        elif xml.child(element, "functionItem") is not None:
            item.base = base_type("function")
        else:
            item.base = self.type_named(xml.content(element, "typeRef") or "Any")
            self._refuse_ring(item, element)
        allowed = xml.text(xml.child(element, "allowedValues", "typeConstraint")).strip()
        if allowed:
            item.allowed = self._allowed(allowed, element)
            item.allowed_texts = allowed

    def _refuse_ring(self, item: ItemType, element: Element) -> None:
        """A type that is defined as itself, directly or not, is none."""
        base = item.base
        while base is not None and base is not item:
            base = base.base
        if base is item:
            item.base = base_type("Any")
            phrase = Phrase(
                f"类型“{item.name}”用它自己来定义，请改成别的类型。",
                f"The type “{item.name}” is defined as itself: refer to another one.",
            )
            self.problems.append(Problem(phrase, element.get("id", item.name)))

    def _allowed(self, text: str, element: Element) -> Callable[[Value], bool | None] | None:
        compiler = Compiler(None, None, lenient=True)
        try:
            code = compiler.tests(parse_unary_tests(text))
        except FeelError as error:
            self.problems.append(Problem(error.phrase, element.get("id", ""), text=text))
            return None
        slots = compiler.findings.slots

        def accepts(value: Value) -> bool | None:
            run = Run({}, slots, None, None)
            run.input = value
            truth = code(run)
            return truth if isinstance(truth, bool) else None

        return accepts

    def _read_imports(self, imports: Mapping[str, "Model"]) -> None:
        for element in xml.children(self._root, "import"):
            wanted = element.get("namespace", "")
            if wanted in imports:
                self._imported[normal_name(element.get("name", ""))] = imports[wanted]
            else:
                phrase = Phrase(
                    f"引用了文件“{wanted}”，但没有提供，请把所需的内容放进本文件。",
                    f"It imports “{wanted}”, which was not given: put what is needed into"
                    " this file.",
                )
                self.problems.append(Problem(phrase, element.get("name", "")))

    def _read_items(self) -> None:
        for element in xml.children(
            self._root, "inputData", "decision", "businessKnowledgeModel", "decisionService"
        ):
            variable = xml.child(element, "variable")
            name = element.get("name", "")
            declared = None
            if variable is not None:
                name = variable.get("name", name)
                declared = self.type_named(variable.get("typeRef"))
            identifier = element.get("id", name)
            kind = xml.local(element)
            item = _Item(identifier, normal_name(name), kind, element, declared, owner=self)
            self._items[identifier] = item

    def _link(self, item: _Item) -> None:
        for requirement in xml.children(
            item.element, "informationRequirement", "knowledgeRequirement"
        ):
            for target in requirement:
                found = self.find(target.get("href", ""))
                if found is not None:
                    item.needs.append((self._name_in_scope(found), found))

    def _name_in_scope(self, found: _Item) -> str:
        if found.owner is self or found.owner is None:
            return found.name
        prefix = next(name for name, model in self._imported.items() if model is found.owner)
        return f"{prefix}.{found.name}" if prefix else found.name

    def find(self, href: str) -> _Item | None:
        """The element that `href` points to, here or in an imported model."""
        namespace, _, identifier = href.rpartition("#")
        if not namespace or namespace == self.namespace:
            return self._items.get(identifier)
        for model in self._imported.values():
            if model.namespace == namespace:
                return model.find("#" + identifier)
        return None

    # --- compiling ---------------------------------------------------------------------------

    def _compile(self, item: _Item) -> None:
        if item.declared is not None:
            item.plain = item.declared.plain_class()
        if all(found.kind == "inputData" and found.owner is self for _, found in item.needs):
            item.inputs = tuple(name for name, _ in item.needs)
        node = self._tree(item)
        names = {name.partition(".")[0] for name, _ in item.needs}
        names |= {name for name, _ in item.needs}
        compiler = Compiler(frozenset(names), {}, lenient=True, types=self._test_named)
        try:
            item.code = compiler.compile(node)
        except FeelError as error:
            self.problems.append(Problem(error.phrase, item.id))
            phrase = error.phrase
            item.code = lambda run: run.null(phrase)
        item.slots = compiler.findings.slots
        for found in compiler.findings.problems:
            row, column = found.cell or (None, None)
            self.problems.append(Problem(found.phrase, item.id, row, column))

    def _tree(self, item: _Item) -> Node:
        if item.kind == "decision":
            return self._reader.expression(item.element, (item.id, item.name))
        logic = xml.child(item.element, "encapsulatedLogic")
        return Literal(None) if logic is None else self._reader.function(logic)


class _Session:
    """One evaluation of a model: values are computed once, in the order they are asked for."""

    def __init__(self, model: Model, inputs: Mapping[str, Value], run: Run) -> None:
        self._model = model
        self._inputs = inputs
        self._run = run
        self._done: dict[int, Value] = {}

    def value_of(self, item: _Item) -> Value:
        """The value of an element of the requirement graph."""
        key = id(item)
        if key not in self._done:
            self._done[key] = None  # what requires itself gets null
            run = self._run
            run.enter()
            try:
                self._done[key] = self._evaluate(item)
            finally:
                run.level -= 1
        return self._done[key]

    def _evaluate(self, item: _Item) -> Value:
        if item.code is None:
            return self._inputs.get(item.name) if item.kind == "inputData" else self._service(item)
        scope = self._scope(item)
        run = self._run
        outer = run.scope, run.locals, run.memo, run.input
        run.scope, run.locals, run.memo = scope, [None] * item.slots, None
        try:
            value = item.code(run)
        finally:
            run.scope, run.locals, run.memo, run.input = outer
        if item.declared is None or type(value) is item.plain or item.kind != "decision":
            return value
        try:
            return fitted(run, value, item.declared)
        except DecisionError as error:
            raise DecisionError(_told(item.name, error.phrase, scope)) from None

    def _scope(self, item: _Item) -> dict[str, Value]:
        if item.inputs is not None:
            given = self._inputs
            return {name: given.get(name) for name in item.inputs}
        scope: dict[str, Value] = {}
        for name, found in item.needs:
            if found.kind == "inputData":
                value = self._inputs.get(found.name)
            else:
                value = self.value_of(found)
            if found.owner is item.owner:
                scope[name] = value
                continue
            prefix, dot, rest = name.partition(".")
            if dot:
                scope.setdefault(prefix, {})[rest] = value
            else:
                scope[name] = value
        return scope

    # --- decision services -------------------------------------------------------------------

    def _service(self, item: _Item) -> Function:
        names = tuple(found.name for found in self._parameters(item))

        def call(_caller: Run, *arguments: Value) -> Value:
            return self.serve(item, dict(zip(names, arguments, strict=True)))

        return Function(item.name, names, call)

    def _parameters(self, item: _Item) -> list[_Item]:
        return [*self._parts(item, "inputData"), *self._parts(item, "inputDecision")]

    def _parts(self, item: _Item, name: str) -> list[_Item]:
        owner = item.owner
        assert owner is not None
        found = [owner.find(part.get("href", "")) for part in xml.children(item.element, name)]
        return [part for part in found if part is not None]

    def serve(self, item: _Item, arguments: Mapping[str, object]) -> Value:
        """The value of a decision service for its arguments, by name."""
        inner = _Session(self._model, {}, self._run)
        inputs: dict[str, Value] = {}
        for parameter in self._parameters(item):
            value = to_feel(arguments.get(parameter.name), self._run.spend)
            if parameter.declared is not None:
                value = argument_of(value, parameter.declared)
            inputs[parameter.name] = value
            inner._done[id(parameter)] = value
        inner._inputs = inputs
        outputs = self._parts(item, "outputDecision")
        values = {output.name: inner.value_of(output) for output in outputs}
        result: Value = next(iter(values.values())) if len(values) == 1 else values
        return result if item.declared is None else fitted(self._run, result, item.declared)


def _told(name: str, problem: Phrase, inputs: Mapping[str, Value]) -> Phrase:
    """A problem with the decision that has it and what it was given, functions left out."""
    seen = {n: text_of(v) for n, v in inputs.items() if type(v) is not Function}
    shown = ", ".join(f"{n} = {value}" for n, value in seen.items())
    return Phrase(
        f"决策“{name}”：{problem.zh}输入：{shown}。",
        f"Decision “{name}”: {problem.en} Inputs: {shown}.",
    )


def read_model(data: bytes, imports: Iterable[Model] = ()) -> Model:
    """The compiled model of a DMN file; `imports` are the models it may import, by namespace.

    Raises DecisionError for what is not DMN; what is wrong inside is listed in `problems`.
    """
    try:
        return Model(xml.parse(data), {model.namespace: model for model in imports})
    except ValueError as error:  # a hit policy or aggregation that does not exist
        raise DecisionError(
            Phrase(f"文件里有未知的设置：{error}。", f"The file has an unknown setting: {error}.")
        ) from None


def _names_in(root: Element, imported: Iterable[Model]) -> set[str]:
    """All names that texts may use with spaces in them."""
    names: set[str] = set()
    roots = [root, *(model._root for model in imported)]  # noqa: SLF001
    for tree in roots:
        for element in tree.iter():
            if xml.local(element) in _NAMING:
                names.add(element.get("name", ""))
            elif xml.local(element) in {"for", "some", "every"}:
                names.add(element.get("iteratorVariable", ""))
    return {normal_name(name) for name in names if name.strip()}


_NAMING = frozenset(
    ("variable", "itemDefinition", "itemComponent", "formalParameter", "inputData", "decision")
) | {"businessKnowledgeModel", "decisionService", "import", "column", "output", "parameter"}

_TOO_DEEP = Phrase("决策互相嵌套太深，已停止。", "Decisions are nested too deeply: stopped.")
