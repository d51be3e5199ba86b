"""SpiffWorkflow as it comes, on the same diagrams: to show its failures, and to agree where it
is right. Conditions must be plain names, which mean the same in FEEL and in Python.
"""

import re
from collections.abc import Callable
from datetime import datetime, timedelta

from lxml import etree
from SpiffWorkflow.bpmn.parser import BpmnParser
from SpiffWorkflow.bpmn.specs.event_definitions import MessageEventDefinition
from SpiffWorkflow.bpmn.specs.event_definitions import timer as stock_timer
from SpiffWorkflow.bpmn.util import BpmnEvent
from SpiffWorkflow.bpmn.workflow import BpmnWorkflow
from SpiffWorkflow.util.task import TaskState

from tests.engine.builder import document, process
from tests.engine.host import T0


class Stock:
    def __init__(self, *texts: str) -> None:
        source = document(*(process(f"p{i or ''}", text) for i, text in enumerate(texts)))
        quoted = re.sub(rb"(<bpmn:time(?:Duration|Date|Cycle)>)([^<]*)", rb'\1"\2"', source)
        parser = BpmnParser()
        parser.add_bpmn_xml(etree.fromstring(quoted))
        self.spec = parser.get_spec("p")
        self.subs = parser.get_subprocess_specs("p")
        self.now = T0

    def start(self, **data: object) -> "Stock":
        def begin() -> None:
            self.workflow = BpmnWorkflow(self.spec, self.subs)
            root = self.workflow.get_next_task(state=TaskState.READY)
            root.data.update(data)

        return self.settle(begin)

    def settle(self, act: Callable[[], object] = lambda: None) -> "Stock":
        frozen = self.now

        class Clock(datetime):
            @classmethod
            def now(cls, tz=None):
                return frozen

        before = stock_timer.datetime
        stock_timer.datetime = Clock
        try:
            act()
            for _ in range(5):
                self.workflow.do_engine_steps()
        finally:
            stock_timer.datetime = before
        return self

    def do(self, element: str, **data: object) -> "Stock":
        task = next(t for t in self.ready() if t.task_spec.bpmn_id == element)
        task.data.update(data)
        return self.settle(task.run)

    def send(self, name: str) -> "Stock":
        event = BpmnEvent(MessageEventDefinition(name), {})
        return self.settle(lambda: self.workflow.send_event(event))

    def wait(self, **span: float) -> "Stock":
        end = self.now + timedelta(**span)
        while self.now < end:
            self.now = min(end, self.now + timedelta(hours=1))
            self.settle()
        return self

    def ready(self) -> list:
        return [
            t for t in self.workflow.get_tasks(state=TaskState.READY)
            if t.task_spec.manual
        ]  # fmt: skip

    @property
    def open(self) -> list[str]:
        return sorted(t.task_spec.bpmn_id for t in self.ready())

    @property
    def done(self) -> bool:
        return self.workflow.is_completed()
