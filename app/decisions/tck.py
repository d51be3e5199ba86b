"""Runs models and test cases in the format of the public DMN compatibility kit."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal, InvalidOperation
from pathlib import Path

from lxml import etree

from app.decisions.dmn import Model
from app.decisions.errors import DecisionError
from app.decisions.feel.errors import FeelError
from app.decisions.feel.temporal import read_date, read_date_time, read_duration, read_time
from app.decisions.feel.texts import text_of
from app.decisions.feel.values import Range, Value, equal
from app.decisions.importing import load_model
from app.decisions.xml import Element, local

_TOLERANCE = Decimal("1e-8")


@dataclass(frozen=True, slots=True)
class Failure:
    """One result node that is not as expected."""

    file: str
    case: str
    node: str
    expected: str
    actual: str


@dataclass(slots=True)
class Score:
    """What a run of the kit found. `groups`: passed and failed cases by top folder."""

    passed: int = 0
    failed: int = 0
    nodes_passed: int = 0
    nodes_failed: int = 0
    values_passed: int = 0
    values_failed: int = 0
    failures: list[Failure] = field(default_factory=list)
    groups: Counter[tuple[str, bool]] = field(default_factory=Counter)


def run_kit(folder: Path, now: datetime) -> Score:
    """Run every test file below `folder`; `now` is what `now()` and `today()` say."""
    score = Score()
    for file in sorted(folder.rglob("*-test-*.xml")):
        _run_file(file, folder, now, score)
    return score


def _run_file(file: Path, folder: Path, now: datetime, score: Score) -> None:
    root = etree.fromstring(file.read_bytes(), etree.XMLParser(resolve_entities=False))
    name = next((e.text or "" for e in root if local(e) == "modelName"), "")
    model: Model | str
    try:
        model = load_model(file.parent / name)
    except (DecisionError, OSError) as error:
        model = str(error)
    relative = file.relative_to(folder)
    group = relative.parts[0] if len(relative.parts) > 1 else "."
    for case in (e for e in root if local(e) == "testCase"):
        good = True
        inputs = {e.get("name", ""): _value(e) for e in case if local(e) == "inputNode"}
        for node in (e for e in case if local(e) == "resultNode"):
            failure = _check(model, case, node, inputs, now)
            wants_error = node.get("errorResult") == "true"
            if failure is None:
                score.nodes_passed += 1
                score.values_passed += not wants_error
                continue
            good = False
            score.nodes_failed += 1
            score.values_failed += not wants_error
            score.failures.append(
                Failure(str(relative), case.get("id", ""), node.get("name", ""), *failure)
            )
        score.passed += good
        score.failed += not good
        score.groups[group, good] += 1


def _check(
    model: Model | str, case: Element, node: Element, inputs: dict[str, Value], now: datetime
) -> tuple[str, str] | None:
    """None when the result node is as expected, else what was expected and what came."""
    wants_error = node.get("errorResult") == "true"
    expected = next((_value(e) for e in node if local(e) == "expected"), None)
    shown = "an error" if wants_error else text_of(expected)
    if isinstance(model, str):
        return shown, f"model not read: {model}"
    name = case.get("invocableName") or node.get("name") or ""
    try:
        value, diagnostics = model.evaluate(inputs, name, now=now)
    except (DecisionError, FeelError) as error:
        return None if wants_error else (shown, f"stopped: {error}")
    except Exception as error:  # noqa: BLE001 - a defect is a failed case, not the end of the run
        return shown, f"defect: {type(error).__name__}: {error}"
    if case.get("invocableName") and isinstance(value, dict) and node.get("name") in value:
        value = value[node.get("name", "")]
    if wants_error:
        if value is None and diagnostics:
            return None
        return shown, text_of(value) + (" without diagnostic" if value is None else "")
    if _same(expected, value):
        return None
    reason = f" ({diagnostics[0].phrase.en})" if diagnostics else ""
    return shown, text_of(value) + reason


def _value(element: Element) -> Value:
    """The value inside an input, expected, component or item element."""
    for child in element:
        kind = local(child)
        if kind == "value":
            return _simple(child)
        if kind == "list":
            if _is_nil(child):
                return None
            return [_value(item) for item in child if local(item) == "item"]
        if kind == "component":
            return {c.get("name", ""): _value(c) for c in _components(element)}
    return None


def _components(element: Element) -> Iterator[Element]:
    return (child for child in element if local(child) == "component")


_XSI = "{http://www.w3.org/2001/XMLSchema-instance}"


def _is_nil(element: Element) -> bool:
    return element.get(_XSI + "nil") == "true"


def _simple(element: Element) -> Value:
    if _is_nil(element):
        return None
    text = element.text or ""
    kind = element.get(_XSI + "type", "xsd:string").rpartition(":")[2]
    if kind in {"decimal", "double", "integer", "int", "float", "long"}:
        try:
            return Decimal(text.strip())
        except InvalidOperation:
            return None
    readers = {
        "boolean": lambda t: t.strip() == "true",
        "date": read_date,
        "time": read_time,
        "dateTime": read_date_time,
        "duration": read_duration,
    }
    reader = readers.get(kind)
    if reader is None:
        return text
    value: Value = reader(text.strip())
    return value


def _same(expected: Value, actual: Value) -> bool:
    if isinstance(expected, Decimal) and isinstance(actual, Decimal):
        if not expected.is_finite():
            return False
        return abs(expected - actual) <= _TOLERANCE * max(Decimal(1), abs(expected))
    if isinstance(expected, list) and isinstance(actual, list):
        return len(expected) == len(actual) and all(map(_same, expected, actual))
    if isinstance(expected, dict) and isinstance(actual, dict):
        return expected.keys() == actual.keys() and all(
            _same(value, actual[key]) for key, value in expected.items()
        )
    if isinstance(actual, Range):
        return bool(text_of(actual) == expected)
    return equal(expected, actual) is True
