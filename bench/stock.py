"""SpiffWorkflow as its documentation shows it, without anything of ours."""

import json
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from lxml import etree
from SpiffWorkflow.bpmn.parser import BpmnParser
from SpiffWorkflow.bpmn.serializer import BpmnWorkflowSerializer
from SpiffWorkflow.bpmn.serializer.config import DEFAULT_CONFIG
from SpiffWorkflow.bpmn.serializer.default.workflow import BpmnWorkflowConverter
from SpiffWorkflow.bpmn.workflow import BpmnWorkflow
from SpiffWorkflow.util.task import TaskState

from bench.lives import Life

Specs = tuple[Any, dict[str, Any]]


class Movement(Protocol):
    """How tokens are moved between two saved states."""

    def start(self) -> bytes:
        """The state after the start."""

    def complete(self, state: bytes, element: str, data: Mapping[str, object]) -> bytes:
        """The state after a task was completed."""


def specs_of(sources: Sequence[bytes], process: str) -> Specs:
    """The parsed specifications of a process and of those it calls."""
    parser = BpmnParser()
    for number, source in enumerate(sources):
        parser.add_bpmn_xml(etree.fromstring(source), filename=f"{process}_{number}.bpmn")
    return parser.get_spec(process), parser.get_subprocess_specs(process)


class TextbookMovement:
    """The whole workflow as JSON, its specification included, at every transition."""

    def __init__(self, sources: Sequence[bytes], process: str) -> None:
        self._specs = specs_of(sources, process)
        self._serializer = BpmnWorkflowSerializer(BpmnWorkflowSerializer.configure(DEFAULT_CONFIG))

    def start(self) -> bytes:
        spec, inside = self._specs
        workflow = BpmnWorkflow(spec, inside)
        workflow.do_engine_steps()
        return self._save(workflow)

    def complete(self, state: bytes, element: str, data: Mapping[str, object]) -> bytes:
        workflow = self._serializer.deserialize_json(state.decode())
        _run(workflow, element, data)
        return self._save(workflow)

    def _save(self, workflow: BpmnWorkflow) -> bytes:
        text: str = self._serializer.serialize_json(workflow)
        return text.encode()


class CachedMovement:
    """The tuned stock engine: the specification stays in memory, only the instance is saved."""

    def __init__(self, sources: Sequence[bytes], process: str) -> None:
        self._specs = specs = specs_of(sources, process)

        class WithoutSpec(BpmnWorkflowConverter):  # type: ignore[misc] # SpiffWorkflow is untyped
            def to_dict(self, workflow: BpmnWorkflow) -> dict[str, Any]:
                found: dict[str, Any] = super(BpmnWorkflowConverter, self).to_dict(workflow)
                found["subprocesses"] = self.mapping_to_dict(workflow.subprocesses)
                found["bpmn_events"] = self.registry.convert(workflow.bpmn_events)
                return found

            def from_dict(self, dct: dict[str, Any]) -> BpmnWorkflow:
                dct["spec"], dct["subprocess_specs"] = specs
                return super().from_dict(dct)

        config = dict(DEFAULT_CONFIG)
        config[BpmnWorkflow] = WithoutSpec
        self._registry = BpmnWorkflowSerializer.configure(config)

    def start(self) -> bytes:
        spec, inside = self._specs
        workflow = BpmnWorkflow(spec, inside)
        workflow.do_engine_steps()
        return self._save(workflow)

    def complete(self, state: bytes, element: str, data: Mapping[str, object]) -> bytes:
        workflow = self._registry.restore(json.loads(state))
        _run(workflow, element, data)
        return self._save(workflow)

    def _save(self, workflow: BpmnWorkflow) -> bytes:
        return json.dumps(self._registry.convert(workflow)).encode()


class Broken(Exception):
    """The stock engine cannot go on where it should."""


def _run(workflow: BpmnWorkflow, element: str, data: Mapping[str, object]) -> None:
    task = next(
        (
            found
            for found in workflow.get_tasks(state=TaskState.READY, manual=True)
            if found.task_spec.name == element
        ),
        None,
    )
    if task is None:
        ended = ", and it says that the process has ended" if workflow.is_completed() else ""
        raise Broken(f"{element} should be open but is not{ended}")
    task.data.update(data)
    task.run()
    workflow.do_engine_steps()


def breaks_at(movement: Movement, state: bytes, body: Life, most: int) -> tuple[int, str]:
    """In which round of a loop the engine breaks, and how; `most` and no words if it does not."""
    for number in range(1, most + 1):
        try:
            for move in body:
                state = movement.complete(state, move.element, move.answers)
        except (Broken, RecursionError) as error:
            return number, f"{type(error).__name__}: {error}"[:200]
    return most, ""
