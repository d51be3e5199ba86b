"""The scenarios that are shipped beside the diagrams, run on what is shipped."""

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

import pytest

from app.design import coverage, scenario_text, scenarios, trying
from app.design.sandbox import Answers, Sandbox
from app.design.scenarios import Result
from app.engine import read_diagram
from app.office import DIAGRAMS
from tests.office import Office

FILES = sorted(DIAGRAMS.glob("*.scenarios.yaml"))
KEYS = [path.name.removesuffix(".scenarios.yaml") for path in FILES]
DOCUMENTS = {
    key: scenario_text.read(path.read_text(), path.name)
    for key, path in zip(KEYS, FILES, strict=True)
}
USUAL = trying.usual_answers(DOCUMENTS)


def run(office: Office, key: str) -> list[Result]:
    def opened(begin: datetime, usual: Mapping[str, Answers]) -> Sandbox:
        return Sandbox.open(office.sessions, office.now, begin=begin, usual=usual)

    return [scenarios.run(key, one, USUAL, opened) for one in DOCUMENTS[key].scenarios]


def test_every_process_has_scenarios() -> None:
    assert {path.stem for path in DIAGRAMS.glob("*.bpmn")} == set(KEYS)


@pytest.mark.parametrize("key", KEYS)
def test_the_scenarios_of_a_process_come_out_as_expected_and_pass_all_of_it(
    office: Office, key: str
) -> None:
    results = run(office, key)
    assert [f"{one.scenario.name}: {one.difference}" for one in results if not one.ok] == []
    diagram = read_diagram((DIAGRAMS / f"{key}.bpmn").read_bytes(), key)
    passed = coverage.of_results([diagram], results)[key]
    assert passed.never == []


def test_names_of_elements_are_those_of_the_diagrams() -> None:
    known = {
        f"{process.id}/{name}"
        for path in DIAGRAMS.glob("*.bpmn")
        for process in read_diagram(path.read_bytes(), path.name).processes.values()
        for name in process.elements
    }
    bare = {name.partition("/")[2] for name in known}
    for key, document in DOCUMENTS.items():
        for one in document.scenarios:
            checks = [step.expect for step in one.story if step.expect is not None]
            for expected in (one.expect, *checks):
                names = {*expected.passed, *expected.not_passed, *(expected.open or ())}
                assert names <= known | bare, f"{key}: {one.name}: {names - known - bare}"


def test_a_file_is_written_back_as_it_was_read(tmp_path: Path) -> None:
    for key, document in DOCUMENTS.items():
        assert scenario_text.read(scenario_text.write(document), key) == document
