"""Models that import others: which they name, and reading a file with those beside it."""

from pathlib import Path

from app.decisions import xml
from app.decisions.dmn import Model, read_model


def namespace_of(data: bytes) -> str:
    """The namespace by which others import a model. Raises DecisionError for what is not DMN."""
    return str(xml.parse(data).get("namespace", ""))


def imported_namespaces(data: bytes) -> list[str]:
    """The namespaces of the models that a model imports, in order.

    Raises DecisionError for what is not DMN.
    """
    return [element.get("namespace", "") for element in xml.children(xml.parse(data), "import")]


def load_model(file: Path) -> Model:
    """The model of `file`, with the models beside it that it imports, directly or not.

    What it imports and does not lie there is one of its problems. Raises DecisionError for what
    is not DMN.
    """
    data = file.read_bytes()
    if not imported_namespaces(data):
        return read_model(data)
    beside = {
        namespace_of(other.read_bytes()): other
        for other in sorted(file.parent.glob("*.dmn"))
        if other != file
    }
    return _load(data, beside, (file,))


def _load(data: bytes, beside: dict[str, Path], above: tuple[Path, ...]) -> Model:
    imports = [
        _load(beside[name].read_bytes(), beside, (*above, beside[name]))
        for name in imported_namespaces(data)
        if name in beside and beside[name] not in above
    ]
    return read_model(data, imports)
