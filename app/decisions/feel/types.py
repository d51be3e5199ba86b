"""Types as written after `instance of` and in parameters, as tests of values."""

from collections.abc import Callable

from app.core.phrase import Phrase
from app.decisions.feel.errors import FeelError
from app.decisions.feel.syntax import TypeRef
from app.decisions.feel.values import KINDS, Function, Range, Value, kind

TypeTest = Callable[[Value], bool]
NamedTypes = Callable[[str], TypeTest | None]
"""Finds the test of a type that the model defines."""

_MAX_NESTING = 8

_SIMPLE = frozenset(KINDS.values()) | {"Any"}


def type_test(reference: TypeRef, named: NamedTypes | None = None, nesting: int = 0) -> TypeTest:
    """Whether a value is of the type; raises FeelError when there is no such type."""
    name = reference.name
    if name not in _SIMPLE and named is not None:
        defined = named(name)
        if defined is not None:
            return defined
    if name not in _SIMPLE or nesting > _MAX_NESTING:
        raise FeelError(
            Phrase(f"没有类型“{name}”。", f"There is no type “{name}”."),
            reference.at.line,
            reference.at.column,
        )
    if name == "Any":
        return lambda value: value is not None
    if name == "list" and reference.arguments:
        return _list_of(type_test(reference.arguments[0], named, nesting + 1))
    if name == "range" and reference.arguments:
        return _range_of(type_test(reference.arguments[0], named, nesting + 1))
    if name == "context" and reference.fields is not None:
        return _context_of(
            {key: type_test(t, named, nesting + 1) for key, t in reference.fields.items()}
        )
    if name == "function" and reference.result is not None:
        count = len(reference.arguments)
        return lambda value: type(value) is Function and len(value.parameters) == count
    return lambda value: kind(value) == name


def _list_of(item: TypeTest) -> TypeTest:
    return lambda value: type(value) is list and all(v is None or item(v) for v in value)


def _range_of(end: TypeTest) -> TypeTest:
    def fits(value: Value) -> bool:
        return type(value) is Range and all(v is None or end(v) for v in (value.low, value.high))

    return fits


def _context_of(fields: dict[str, TypeTest]) -> TypeTest:
    def fits(value: Value) -> bool:
        return type(value) is dict and all(
            key in value and (value[key] is None or test(value[key]))
            for key, test in fields.items()
        )

    return fits
