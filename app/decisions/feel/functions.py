"""The registry of built-in functions: names, parameters and kinds, and how a call finds its form.

A function may have several forms. A form is written as its parameters, `name: kind`, separated by
commas; a trailing `?` marks an optional one, a leading `*` one that takes all remaining arguments.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from app.decisions.feel.errors import FeelNull
from app.decisions.feel.run import Run
from app.decisions.feel.values import Value, kind

_GROUPS: Mapping[str, frozenset[str]] = {
    "moment": frozenset(("date", "date and time")),
    "clock": frozenset(("time", "date and time")),
    "duration": frozenset(("days and time duration", "years and months duration")),
    "point": frozenset(
        (
            "number",
            "string",
            "date",
            "time",
            "date and time",
            "days and time duration",
            "years and months duration",
        )
    ),
}


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter of a form: `kind` is a type of FEEL, a group of types, or `any`."""

    name: str
    kind: str
    optional: bool = False
    rest: bool = False


@dataclass(frozen=True, slots=True)
class Form:
    """One way to call a function. `call` receives the run, then the arguments."""

    parameters: tuple[Parameter, ...]
    call: Callable[..., Value]

    def value(self, run: Run, arguments: list[Value]) -> Value:
        """The value for fitted arguments; raises FeelNull where it is null by an error."""
        try:
            return self.call(run, *arguments)
        except ArithmeticError:
            raise FeelNull("结果无法表示。", "The result cannot be represented.") from None

    def takes(self, count: int) -> bool:
        """Whether `count` positional arguments fit."""
        if self.parameters and self.parameters[-1].rest:
            return count >= len(self.parameters) - 1
        required = sum(not parameter.optional for parameter in self.parameters)
        return required <= count <= len(self.parameters)

    def positions(self, names: Sequence[str]) -> list[int] | None:
        """Where each named argument goes, or None if this form has no such names."""
        places = {parameter.name: i for i, parameter in enumerate(self.parameters)}
        if any(name not in places for name in names):
            return None
        missing = [p for p in self.parameters if not p.optional and p.name not in names]
        return None if missing else [places[name] for name in names]

    def fitted(self, arguments: Sequence[Value]) -> list[Value] | None:
        """The arguments as this form wants them (after implicit conversions), or None."""
        result: list[Value] = []
        last = len(self.parameters) - 1
        for index, argument in enumerate(arguments):
            parameter = self.parameters[min(index, last)]
            if parameter.optional and argument is None:
                result.append(None)
                continue
            value = _converted(argument, parameter.kind)
            if value is _UNFIT:
                return None
            result.append(value)
        return result


_UNFIT = object()


def _converted(value: Value, wanted: str) -> Value:
    if wanted == "any":
        return value
    have = kind(value)
    if have == wanted or have in _GROUPS.get(wanted, ()):
        return value
    if wanted == "list":
        return _UNFIT if value is None else [value]
    if type(value) is list and len(value) == 1:
        return _converted(value[0], wanted)
    return _UNFIT


@dataclass(frozen=True, slots=True)
class Builtin:
    """A built-in function with its forms."""

    name: str
    forms: tuple[Form, ...]
    pure: bool = True

    def takes(self, count: int) -> bool:
        """Whether any form accepts `count` positional arguments."""
        return any(form.takes(count) for form in self.forms)

    def takes_names(self, names: Sequence[str]) -> bool:
        """Whether any form accepts exactly these named arguments."""
        return any(form.positions(names) is not None for form in self.forms)

    def invoke(self, run: Run, arguments: Sequence[Value]) -> Value:
        """The value for positional arguments; raises FeelNull where it is null by an error."""
        for form in self.forms:
            if form.takes(len(arguments)):
                fitted = form.fitted(arguments)
                if fitted is not None:
                    return form.value(run, fitted)
        raise self._misfit([kind(argument) for argument in arguments])

    def invoke_named(self, run: Run, names: Sequence[str], arguments: Sequence[Value]) -> Value:
        """The value for named arguments; raises FeelNull where it is null by an error."""
        for form in self.forms:
            places = form.positions(names)
            if places is None:
                continue
            placed: list[Value] = [None] * (max(places, default=-1) + 1)
            for place, argument in zip(places, arguments, strict=True):
                placed[place] = argument
            fitted = form.fitted(placed)
            if fitted is not None:
                return form.value(run, fitted)
        raise self._misfit([f"{name}: {kind(a)}" for name, a in zip(names, arguments, strict=True)])

    def _misfit(self, given: list[str]) -> FeelNull:
        shown = ", ".join(given)
        return FeelNull(
            f"函数“{self.name}”不接受这样的参数（{shown}）。",
            f"The function “{self.name}” does not accept these arguments ({shown}).",
        )


_Function = TypeVar("_Function", bound=Callable[..., Value])

BUILTINS: dict[str, Builtin] = {}
"""Every built-in function by name; filled by the modules that define them."""


def builtin(name: str, *forms: str, pure: bool = True) -> Callable[[_Function], _Function]:
    """Register a function under `name` with the given forms; may be applied several times."""

    def register(function: _Function) -> _Function:
        before = BUILTINS[name].forms if name in BUILTINS else ()
        added = tuple(Form(_parameters(form), function) for form in forms)
        BUILTINS[name] = Builtin(name, before + added, pure)
        return function

    return register


def _parameters(form: str) -> tuple[Parameter, ...]:
    result = []
    for part in form.split(","):
        if not part.strip():
            continue
        name, _, wanted = part.partition(":")
        name, wanted = name.strip(), wanted.strip()
        result.append(
            Parameter(
                name.lstrip("*").rstrip("?"), wanted, name.endswith("?"), name.startswith("*")
            )
        )
    return tuple(result)
