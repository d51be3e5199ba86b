# ruff: noqa: E501 - a diagram is one text, however long
"""Diagrams as text, and the outlines kept beside the shipped diagrams."""

from pathlib import Path

import pytest

from app.engine.diagram import read_diagram
from app.engine.outline import outline
from tests.engine.corpus.notation import to_xml

SHIPPED = sorted((Path(__file__).resolve().parents[2] / "bpmn").glob("*.bpmn"))


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_the_outline_beside_a_shipped_diagram_is_up_to_date(path: Path) -> None:
    written = path.with_suffix(".txt").read_text(encoding="utf-8")
    drawn = outline(read_diagram(path.read_bytes(), path.name))
    assert written == drawn, f"run: jieban process outline --write bpmn/{path.name}"


def test_an_outline_says_on_one_line_what_an_element_does() -> None:
    text = outline(
        read_diagram(
            to_xml("""
            start s -> r
            rule r decision=limits result=limit -> w
            service w call=[start_clock] give=[clock="handle"; days=limit.days] keep=[due] -> h
            sub h each=units as=unit collect=answer into=answers -> g {
              start hs -> a
              user a name=[答复] role=handler form=[<jieban:field name="note" type="text" label="说明" required="true"/>] -> he
              end he
            }
            boundary late on=h non timer=PT72H -> t
            throw t message=reminder -> e2
            end e2
            xor g default=e -> w [again], e
            end e terminate
            """),
            "t.bpmn",
        )
    )
    assert (
        text
        == """\
process p
startEvent s -> r
businessRuleTask r decides limits [case] giving limit -> w
serviceTask w start_clock(clock="handle", days=limit.days) giving due -> h
subProcess h for each unit of units, collecting answer into answers -> g
    startEvent hs -> a
    userTask a 答复 for handler (note!) -> he
    endEvent he
exclusiveGateway g -> if again: w, otherwise e
endEvent e terminate
boundaryEvent late on h after PT72H (not interrupting) -> t
intermediateThrowEvent t message reminder -> e2
endEvent e2
"""
    )
