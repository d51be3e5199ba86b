"""The shipped diagrams: accepted without a remark, wired to what exists, readable as text."""

from pathlib import Path

import pytest

from app.cases import second_person, services
from app.cases.expressions import compile_expression
from app.cases.notices import MESSAGES
from app.cases.steps import STEPS
from app.engine.checker import check
from app.engine.content_checks import Surroundings
from app.engine.diagram import read_diagram
from app.identity.policy import UNIT_ROLES, Role
from app.office import DIAGRAMS, RULES
from app.profiles.folders import TABLES

FILES = sorted(DIAGRAMS.glob("*.bpmn"))


@pytest.fixture(autouse=True)
def _services() -> None:
    services.load(*RULES)


def surroundings() -> Surroundings:
    return Surroundings(
        services=services.declarations(),
        decisions={path.stem for path in TABLES.glob("*.dmn")},
        compile_expression=compile_expression,
    )


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_it_is_accepted_with_everything_it_names(path: Path) -> None:
    diagram = read_diagram(path.read_bytes(), path.name)
    called = {e.called for p in diagram.processes.values() for e in p.elements.values() if e.called}
    others = [read_diagram(DIAGRAMS.joinpath(f"{c}.bpmn").read_bytes(), c) for c in sorted(called)]
    findings = check([diagram, *others], surroundings())
    assert [f"{f.element_id}: {f.phrase.en}" for f in findings if f.severity == "error"] == []


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_its_roles_messages_and_steps_exist(path: Path) -> None:
    diagram = read_diagram(path.read_bytes(), path.name)
    for process in diagram.processes.values():
        for element in process.elements.values():
            if element.kind == "userTask":
                assert element.role in set(Role), element.id
            if element.service is not None and element.service.name == "notify_unit":
                [message] = element.service.parameters
                assert message.value.text.strip('"') in MESSAGES, element.id


def test_every_step_with_behaviour_is_in_a_diagram() -> None:
    drawn = {
        element.id
        for path in FILES
        for process in read_diagram(path.read_bytes(), path.name).processes.values()
        for element in process.elements.values()
        if element.kind == "userTask" or element.form is not None
    }
    assert set(STEPS) <= drawn


def test_every_rule_about_second_persons_is_about_steps_of_the_centre() -> None:
    role = {
        element.id: element.role
        for path in FILES
        for process in read_diagram(path.read_bytes(), path.name).processes.values()
        for element in process.elements.values()
        if element.kind == "userTask"
    }
    for element, rule in second_person.RULES.items():
        assert role[element] not in UNIT_ROLES
        assert rule.after is None or rule.after in role


def test_every_service_is_used_by_a_diagram() -> None:
    called = {
        element.service.name
        for path in FILES
        for process in read_diagram(path.read_bytes(), path.name).processes.values()
        for element in process.elements.values()
        if element.service is not None
    }
    assert set(services.SERVICES) == called


def test_every_name_has_an_english_counterpart() -> None:
    for path in FILES:
        for process in read_diagram(path.read_bytes(), path.name).processes.values():
            named = [*process.elements.values(), *process.flows.values()]
            assert [item.id for item in named if item.name and not item.name_en] == []
