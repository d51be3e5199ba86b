"""Types of a model: item definitions as conversions that check what they convert."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from app.decisions.feel.values import KINDS, Value, kind

BASE_TYPES = frozenset(KINDS.values()) | {"Any"}
_ALIASES = {
    "dateTime": "date and time",
    "dayTimeDuration": "days and time duration",
    "yearMonthDuration": "years and months duration",
}

_PLAIN = {name: cls for cls, name in KINDS.items() if cls not in (list, dict, type(None))}
"""The Python types of FEEL's types that have no parts."""

MISFIT = object()
"""What a conversion gives for a value that does not belong to the type."""


@dataclass(slots=True)
class ItemType:
    """A type: a base type, or components, or a reference; possibly a collection, restricted."""

    name: str
    base: "ItemType | None" = None
    collection: bool = False
    components: dict[str, "ItemType"] | None = None
    allowed: Callable[[Value], bool | None] | None = None
    """Whether one value lies within the allowed values; None when nothing is restricted."""
    allowed_texts: str = field(default="")

    def fit(self, value: Value) -> Value:
        """`value` converted to this type (a list of one to its element and back), or MISFIT."""
        if value is None:
            return None
        if self.collection:
            return self._fit_list(value)
        if type(value) is list and not self._takes_lists():
            while type(value) is list and len(value) == 1:
                value = value[0]
        return self._fit_one(value)

    def holds(self, value: Value) -> bool:
        """Whether `value` is of this type as it stands, allowed values not looked at."""
        if value is None:
            return False
        if self.collection:
            return type(value) is list and all(v is None or self._holds_one(v) for v in value)
        return self._holds_one(value)

    def _holds_one(self, value: Value) -> bool:
        if self.components is not None:
            return type(value) is dict and all(
                name in value and (value[name] is None or component.holds(value[name]))
                for name, component in self.components.items()
            )
        if self.base is not None:
            return self.base.holds(value)
        return self.name in {"Any", kind(value)}

    def base_kind(self) -> str:
        """The type of FEEL at the bottom: `Any` where there is none."""
        if self.collection:
            return "list"
        if self.components is not None:
            return "context"
        if self.base is not None:
            return self.base.base_kind()
        return self.name if self.name in BASE_TYPES else "Any"

    def plain_class(self) -> type | None:
        """The Python type whose values all fit as they are; None where more is to be looked at."""
        if self.collection or self.components is not None or self.allowed is not None:
            return None
        if self.base is not None:
            return self.base.plain_class()
        return _PLAIN.get(self.name)

    def _takes_lists(self) -> bool:
        return self.base_kind() in {"list", "Any"}

    def _fit_list(self, value: Value) -> Value:
        items = value if type(value) is list else [value]
        fitted = [self._fit_one(item) for item in items]
        return MISFIT if any(item is MISFIT for item in fitted) else fitted

    def _fit_one(self, value: Value) -> Value:
        fitted = self._fit_kind(value)
        if fitted is MISFIT or fitted is None or self.allowed is None:
            return fitted
        return fitted if self.allowed(fitted) is True else MISFIT

    def _fit_kind(self, value: Value) -> Value:
        if value is None:
            return None
        if self.components is not None:
            return _fit_components(self.components, value)
        if self.base is not None:
            return self.base.fit(value)
        if self.name in BASE_TYPES and self.name != "Any" and kind(value) != self.name:
            return MISFIT
        return value


def _fit_components(components: Mapping[str, ItemType], value: Value) -> Value:
    if type(value) is not dict:
        return MISFIT
    result = dict(value)
    for name, component in components.items():
        fitted = component.fit(result[name]) if name in result else MISFIT
        if fitted is MISFIT:
            return MISFIT
        result[name] = fitted
    return result


ANY = ItemType("Any")


def base_type(name: str) -> ItemType | None:
    """The type of FEEL called `name`, or None."""
    name = _ALIASES.get(name, name)
    return ItemType(name) if name in BASE_TYPES else None
