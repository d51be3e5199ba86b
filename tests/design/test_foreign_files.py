"""Diagrams as other tools write them: they open, lose nothing in silence, and hear what runs not.

The files in `foreign/` are ours, each in the dialect of one tool: its namespaces, extensions and
habits.
"""

import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import pytest

from app.cases.expressions import compile_expression
from app.design import checking, importing
from app.design.element_ids import Renaming
from app.engine.checker import check
from app.engine.content_checks import Surroundings
from app.engine.diagram import Diagram, read_diagram
from app.engine.findings import Severity
from tests.design.desk import Workshop
from tests.web.test_modeler_round_trip import everything, meaning, saved

FOLDER = Path(__file__).with_name("foreign")


@dataclass(frozen=True)
class Dialect:
    """What becomes of a file: the errors it hears, by code and element, and what the editor asks
    about before it saves (the beginnings of the sentences).
    """

    errors: str
    asked: tuple[str, ...] = ()


DIALECTS = {
    "activiti": Dialect(
        "foreign_behaviour@purchase not_supported@sid-0C2D foreign_behaviour@sid-7AA1"
    ),
    "bizagi": Dialect("not_executable@Id_7c1d0b52-8c1e-4b0c-9a52-2f5e4b8f0a11"),
    "bonita": Dialect(
        "not_supported@_io no_default@_kStep foreign_language@_kF2",
        (
            "unresolved reference <_kActor>",
            "unresolved reference <j:java.lang.Boolean>",
            "<bpmn:resourceRef>_kActor",
            "<bpmn:conditionExpression",
        ),
    ),
    "bpmn_io": Dialect("not_executable@Process_1abc not_supported@Event_link"),
    "camunda_7": Dialect("foreign_behaviour@Activity_0approve foreign_language@Flow_3"),
    "camunda_8": Dialect("foreign_behaviour@review"),
    "chinese_ids": Dialect(""),
    "flowable": Dialect(
        "foreign_behaviour@repair foreign_behaviour@bpmnTask_3 foreign_behaviour@bpmnTask_5 "
        "foreign_language@bpmnTask_5 loop@bpmnTask_5 no_default@bpmnGateway_4 "
        "foreign_language@f4 foreign_language@f5"
    ),
    "jbpm": Dialect(
        "foreign_behaviour@evaluation foreign_behaviour@_T1 not_supported@_T1 "
        "unknown_element@_Q1xYcM",
        ("<bpmn:formalExpression>employee",),
    ),
    "miwg": Dialect("not_executable@handle_call"),
    "omg_examples": Dialect(
        "not_supported@productInterface unknown_attribute@ticket not_supported@booking "
        "foreign_language@toOver"
    ),
    "signavio": Dialect("not_executable@hotline not_supported@sid-task1"),
    "spiff_arena": Dialect("foreign_behaviour@Activity_form not_supported@Activity_script"),
    "two_drawings": Dialect(
        "not_supported@angry no_reference@shout several_starts@shout not_supported@weigh "
        "not_supported@go"
    ),
}


def bytes_of(name: str) -> bytes:
    return (FOLDER / f"{name}.bpmn").read_bytes()


def brought(name: str) -> Diagram:
    return read_diagram(importing.read(bytes_of(name)).text.encode(), f"{name}.bpmn")


def test_every_file_of_the_folder_is_asked_about() -> None:
    assert {path.stem for path in FOLDER.glob("*.bpmn")} == set(DIALECTS)


@pytest.mark.parametrize("name", DIALECTS)
def test_what_does_not_run_is_refused_at_its_element_in_words(name: str) -> None:
    diagram = brought(name)
    findings = check([diagram], Surroundings(compile_expression=compile_expression))
    errors = {f"{f.code}@{f.element_id}" for f in findings if f.severity is Severity.ERROR}
    assert errors == set(DIALECTS[name].errors.split())
    ids = set(re.findall(rb'\sid="([^"]*)"', diagram.source))
    for one in findings:
        assert not one.element_id or one.element_id.encode() in ids
        assert one.phrase.zh.endswith("。")
        assert one.phrase.en.endswith(".")


def test_the_editor_saves_all_of_it_or_asks_first() -> None:
    diagrams = {name: brought(name) for name in DIALECTS}
    answers = saved([diagram.source.decode() for diagram in diagrams.values()])
    for (name, diagram), (text, warnings) in zip(diagrams.items(), answers, strict=True):
        asked = DIALECTS[name].asked
        assert text is not None, name
        assert len(warnings) == len(asked), (name, warnings)
        assert all(one.startswith(begin) for one, begin in zip(warnings, asked, strict=True)), name
        if not asked:
            again = read_diagram(text.encode(), diagram.file_name)
            assert meaning(again) == meaning(diagram), name
            assert not plainly(diagram) - plainly(again), name


def plainly(diagram: Diagram) -> Counter[tuple[object, ...]]:
    """Everything in the file, whether or not it writes out defaults, fractions and prefixes."""
    defaults = {
        ("isForCompensation", "false"), ("startQuantity", "1"), ("completionQuantity", "1"),
        ("triggeredByEvent", "false"), ("isSequential", "false"), ("parallelMultiple", "false"),
        ("isInterrupting", "true"), ("isCollection", "false"), ("itemKind", "Information"),
    }  # fmt: skip
    found: Counter[tuple[object, ...]] = Counter()
    for (tag, attributes, words), number in everything(diagram).items():
        assert isinstance(attributes, tuple)
        kept = tuple(
            (key, re.sub(r"^tns:|\.0+$|(\.\d{3})\d+$", r"\1", value))
            for key, value in attributes
            if (key, value) not in defaults
        )
        found[(tag, kept, re.sub(r"^tns:", "", str(words)))] += number
    return found


def test_ids_that_cannot_stay_are_renamed_with_all_that_refers_to_them() -> None:
    found = importing.read(bytes_of("chinese_ids"))
    assert found.key == "process_1"
    assert Renaming("是否 属实？", "exclusive_gateway_1", "") in found.renamed
    assert Renaming("受理", "user_task_2", "受理") in found.renamed  # user_task_1 is taken
    assert all(one.was.encode() in bytes_of("chinese_ids") for one in found.renamed)
    process = brought("chinese_ids").processes["process_1"]
    assert process.name == "信访办理"
    assert process.elements["boundary_event_1"].attached_to == "user_task_2"
    assert process.elements["exclusive_gateway_1"].default == "sequence_flow_4"
    assert process.flows["sequence_flow_3"].target == "end_event_1"
    left = re.findall(r'(?:id|Ref|bpmnElement|default)="[^"]*[^\x00-\x7f][^"]*"', found.text)
    assert left == []
    assert 'text="信访办"' in found.text  # another tool's words are not ids


def test_ids_that_can_stay_leave_the_file_as_it_is() -> None:
    for name in set(DIALECTS) - {"chinese_ids"}:
        found = importing.read(bytes_of(name))
        assert found.renamed == ()
        assert found.text.encode() == bytes_of(name)


def test_a_file_that_is_brought_in_hears_its_findings_and_tells_its_new_ids(
    workshop: Workshop,
) -> None:
    change = workshop.change()
    with workshop.acting() as uow:
        for number, name in enumerate(DIALECTS):
            came = importing.bring_in(uow, change, bytes_of(name), f"from_elsewhere_{number}")
            assert bool(came.renamed) is (name == "chinese_ids")
            found = checking.check_draft(uow.session, came.draft)
            wanted = {one.partition("@")[0] for one in DIALECTS[name].errors.split()}
            assert wanted <= {one.code for one in found if one.severity == "error"}, name
