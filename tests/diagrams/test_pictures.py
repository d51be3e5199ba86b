"""The images of diagrams: made from their own drawings, whole, and in step with the files."""

from pathlib import Path

import pytest
from lxml import etree

from app.core.errors import Invalid
from app.engine.diagram import read_diagram
from app.engine.picture import picture
from app.office import DIAGRAMS

FILES = sorted(DIAGRAMS.glob("*.bpmn"))
IMAGES = Path(__file__).parents[2] / "docs" / "diagrams"
SVG = "{http://www.w3.org/2000/svg}"


def words_of(path: Path, language: str) -> str:
    image = etree.fromstring(picture(read_diagram(path.read_bytes(), path.name), language).encode())
    return "".join("".join(text.itertext()) for text in image.iter(f"{SVG}text"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_the_documents_show_each_diagram_as_it_is(path: Path) -> None:
    kept = IMAGES / f"{path.stem}.svg"
    assert kept.read_text(encoding="utf-8") == picture(
        read_diagram(path.read_bytes(), path.name)
    ), "run: jieban process draw --to docs/diagrams bpmn/*.bpmn"


def test_no_image_is_left_of_a_diagram_that_is_gone() -> None:
    assert {path.stem for path in IMAGES.glob("*.svg")} == {path.stem for path in FILES}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_name_and_every_flow_is_in_the_image(path: Path) -> None:
    diagram = read_diagram(path.read_bytes(), path.name)
    image = etree.fromstring(picture(diagram).encode())
    words = "".join("".join(text.itertext()) for text in image.iter(f"{SVG}text"))
    squeezed = words.replace(" ", "")
    flows = 0
    for process in diagram.processes.values():
        flows += len(process.flows)
        for element in process.elements.values():
            assert (element.name or "").replace(" ", "") in squeezed, element.id
    assert len(list(image.iter(f"{SVG}polyline"))) == flows


def test_english_readers_see_english_names() -> None:
    words = words_of(DIAGRAMS / "extension.bpmn", "en")
    assert "Ask for an extension" in words or "extension" in words.lower()
    assert "申请延期" not in words


def test_a_diagram_without_a_drawing_is_refused_in_words() -> None:
    source = (
        b'<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" id="d">'
        b'<process id="p" isExecutable="true"><startEvent id="s"/></process></definitions>'
    )
    with pytest.raises(Invalid, match="carries no drawing"):
        picture(read_diagram(source, "bare.bpmn"))
