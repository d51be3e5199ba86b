"""Whatever the editor opens it saves again with the same meaning."""

import dataclasses
import json
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from enum import Enum
from pathlib import Path

import pytest
from lxml import etree

from app.core.errors import DomainError
from app.engine import forms
from app.engine.allowed import OUR_ATTRIBUTES, OUR_CHILDREN
from app.engine.diagram import Diagram, read_diagram
from app.engine.markup import JIEBAN, bpmn, read_xml
from tests.design.new_step import with_step
from tests.engine.corpus.case import Refused, Runs, diagram_of
from tests.engine.corpus.cases import CASES

ROOT = Path(__file__).parents[2]
SHIPPED = sorted((ROOT / "bpmn").glob("*.bpmn"))
ASSETS = ROOT / "app" / "web" / "assets" / "modeler"
DESCRIPTOR = json.loads((ASSETS / "jieban.json").read_text())

FORM = """<jieban:form><jieban:field name="proof" type="files" label="照片" label_en="Proof"
  required_when="a = 1" shown_when="b = 2" kind="handling" accept="picture video" max_mb="8"
  min_length="1" max_length="3" help="现场" help_en="On site" visible_to="leader"
  editable_by="leader">
  <jieban:rule holds="count(proof) &lt; 4" message="太多" message_en="Too many"/>
  <jieban:rule holds="a &gt; 0" message="太少"/></jieban:field>
<jieban:field name="code" type="text" label="编号" pattern="[A-Z]+" pattern_words="大写"
  pattern_words_en="Capitals" default="=urgency"/></jieban:form>"""
"""Every attribute that a field may have."""


def saved(texts: Sequence[str]) -> list[tuple[str | None, list[str]]]:
    """What the editor's reader and writer make of BPMN texts, and what they complain about."""
    node = shutil.which("node", path=str(Path(sys.executable).parent))
    if node is None or not (ROOT / "node_modules" / "bpmn-moddle").is_dir():
        pytest.skip("the front end is not installed: run python -m app.web.build")
    script = Path(__file__).parent / "modeler" / "round_trip.mjs"
    done = subprocess.run(
        [node, str(script)],
        input=json.dumps(texts),
        capture_output=True,
        check=True,
        text=True,
        timeout=120,
    )
    return [(one["text"], one["warnings"]) for one in json.loads(done.stdout)]


def meaning(value: object) -> object:
    """All that the engine reads of a diagram, without lines and bytes."""
    if isinstance(value, Enum):
        return value.value
    if dataclasses.is_dataclass(value):
        return {
            field.name: meaning(getattr(value, field.name))
            for field in dataclasses.fields(value)
            if field.name not in {"line", "source", "sha256", "file_name"}
        }
    if isinstance(value, Mapping):
        return {key: meaning(one) for key, one in value.items()}
    if isinstance(value, tuple | list):
        return [meaning(one) for one in value]
    return value


def everything(diagram: Diagram) -> Counter[tuple[object, ...]]:
    """Every element with its attributes and text, drawing and notes included, in any order."""
    root = read_xml(diagram.source, diagram.file_name)
    return Counter(
        (
            str(node.tag),
            tuple(sorted((str(k), str(v)) for k, v in node.attrib.items() if "XMLSchema" not in k)),
            " ".join((node.text or "").split()),
        )
        for node in root.iter(tag=etree.Element)
    )


def is_kept(diagram: Diagram, text: str | None, warnings: list[str]) -> None:
    """Fail unless the saved text means the same and holds everything."""
    assert warnings == []
    assert text is not None
    again = read_diagram(text.encode(), diagram.file_name)
    assert meaning(again) == meaning(diagram)
    lost = everything(diagram) - everything(again)
    assert not lost


def test_every_shipped_diagram_is_saved_as_it_was_opened() -> None:
    diagrams = [read_diagram(path.read_bytes(), path.name) for path in SHIPPED]
    answers = saved([diagram.source.decode() for diagram in diagrams])
    for diagram, (text, warnings) in zip(diagrams, answers, strict=True):
        is_kept(diagram, text, warnings)


def test_every_diagram_of_the_corpus_that_runs_is_saved_as_it_was_opened() -> None:
    cases = [case for case in CASES if isinstance(case, Runs)]
    diagrams = [diagram_of(case) for case in cases]
    answers = saved([diagram.source.decode() for diagram in diagrams])
    warned = set()
    for case, diagram, (text, warnings) in zip(cases, diagrams, answers, strict=True):
        if warnings:
            warned.add(case.name)
        else:
            is_kept(diagram, text, warnings)
    assert warned == TOLD


def test_a_form_with_all_it_can_say_is_saved_as_it_was_opened() -> None:
    source = with_step(next(p for p in SHIPPED if p.stem == "work_order").read_text(), FORM)
    diagram = read_diagram(source.encode(), "work_order.bpmn")
    ((text, warnings),) = saved([source])
    is_kept(diagram, text, warnings)


def test_of_a_diagram_that_is_refused_nothing_is_lost_in_silence() -> None:
    cases = [case for case in CASES if isinstance(case, Refused)]
    readable = []
    for case in cases:
        with suppress(DomainError):
            readable.append((case.name, diagram_of(case)))
    answers = saved([diagram.source.decode() for _name, diagram in readable])
    for (name, diagram), (text, warnings) in zip(readable, answers, strict=True):
        if warnings:
            continue
        assert text is not None
        lost = everything(diagram) - everything(read_diagram(text.encode(), diagram.file_name))
        # two holders of extensions become one that holds what both held
        assert {tag for tag, *_rest in lost} <= {bpmn("extensionElements")}, (name, lost)


def test_flags_and_languages_are_saved_as_they_were_meant() -> None:
    source = diagram_of(next(case for case in CASES if isinstance(case, Runs))).source.decode()
    ones = source.replace('isExecutable="true"', 'isExecutable="1"')
    spoken = source.replace(
        "targetNamespace", 'expressionLanguage="http://www.w3.org/1999/XPath" targetNamespace'
    )
    assert ones != source != spoken
    (executable, first), (language, second) = saved([ones, spoken])
    assert executable is not None
    assert 'isExecutable="true"' in executable
    assert language is not None
    assert "1999/XPath" in language
    assert first == second == []


TOLD = {
    "ids may be Chinese",
    "data drawn at events and a lane of another tool change nothing",
}
"""What the editor cannot hold, and therefore names and does not save."""


def test_the_editor_knows_every_element_and_attribute_that_the_engine_reads() -> None:
    types = {one["name"].lower(): one for one in DESCRIPTOR["types"]}
    known = {
        name: {p["name"] for p in one["properties"] if p.get("isAttr")}
        for name, one in types.items()
    }
    expected = {name: set(attributes) for name, attributes in OUR_ATTRIBUTES.items()} | {
        "form": set(),
        "field": set(forms._ATTRIBUTES),
        "option": {"value", "label", "label_en"},
        "rule": {"holds", "message", "message_en"},
    }
    assert known == expected
    assert DESCRIPTOR["uri"] == JIEBAN


def test_the_editor_lets_our_elements_stand_where_the_engine_reads_them() -> None:
    for one in DESCRIPTOR["types"]:
        places = OUR_CHILDREN.get(one["name"].lower())
        if places is None:
            continue
        allowed = {name[5].lower() + name[6:] for name in one["meta"]["allowedIn"]}
        assert allowed == set(places), one["name"]
