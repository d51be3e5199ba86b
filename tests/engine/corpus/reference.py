"""A second, simple reading of BPMN 2.0 (13.2 to 13.4), to compare the engine with.

Tokens rest on sequence flows and in tasks; gateways consume and produce them as the standard's
tables say. Flat processes of user tasks, gateways and end events only. Slow and obvious.
"""

from collections import Counter
from collections.abc import Mapping

from app.engine.diagram import Element, Process

MAX_MOVES = 2000


class Ambiguous(Exception):
    """Several inclusive joins could go on and the standard does not say which first."""


class Endless(Exception):
    """Gateways alone go round without end."""


class Reference:
    """One running process."""

    def __init__(self, process: Process, data: Mapping[str, object]) -> None:
        self._process = process
        self.data = dict(data)
        self.flows: Counter[str] = Counter()
        self.tasks: Counter[str] = Counter()
        (start,) = [e for e in process.elements.values() if e.kind == "startEvent"]
        self._give(start.outgoing)
        self._settle()

    def complete(self, task: str, data: Mapping[str, object]) -> None:
        """Complete one token of a task."""
        self.tasks -= Counter([task])
        self.data.update(data)
        self._give(self._process.elements[task].outgoing)
        self._settle()

    @property
    def completed(self) -> bool:
        return not +self.flows and not +self.tasks

    def _give(self, flows: tuple[str, ...]) -> None:
        self.flows.update(flows)

    def _settle(self) -> None:
        for _ in range(MAX_MOVES):
            if not self._move():
                return
        raise Endless

    def _move(self) -> bool:
        """One step of anything but an inclusive join; else of the only one that may go on."""
        joins = []
        for element in self._process.elements.values():
            here = [flow for flow in element.incoming if self.flows[flow] > 0]
            if not here:
                continue
            if element.kind == "inclusiveGateway" and len(element.incoming) > 1:
                joins.append((element, here))
            elif element.kind == "parallelGateway":
                if len(here) == len(set(element.incoming)):
                    self._take(here)
                    self._give(element.outgoing)
                    return True
            else:
                self._take(here[:1])
                self._enter(element)
                return True
        ready = [(element, here) for element, here in joins if self._activated(element)]
        if not ready:
            return False
        if len(ready) > 1:
            raise Ambiguous
        element, here = ready[0]
        self._take(here)
        self._enter(element)
        return True

    def _take(self, flows: list[str]) -> None:
        self.flows -= Counter(flows)

    def _enter(self, element: Element) -> None:
        match element.kind:
            case "userTask":
                self.tasks[element.id] += 1
            case "endEvent":
                if element.event is not None and element.event.kind == "terminate":
                    self.flows.clear()
                    self.tasks.clear()
            case "exclusiveGateway":
                self._give(self._chosen(element)[:1])
            case "inclusiveGateway":
                self._give(self._chosen(element))
            case _:
                raise NotImplementedError(element.kind)

    def _chosen(self, gateway: Element) -> tuple[str, ...]:
        if len(gateway.outgoing) == 1:
            return gateway.outgoing
        taken = tuple(
            flow
            for flow in gateway.outgoing
            if flow != gateway.default and self.data.get(f"go_{flow}") is True
        )
        return taken or (str(gateway.default),)

    def _activated(self, join: Element) -> bool:
        """Table 13.3: every path from a token to an empty input is matched by one to a full one."""
        full = {flow for flow in join.incoming if self.flows[flow] > 0}
        empty = set(join.incoming) - full
        beginnings = [{flow} for flow in +self.flows if flow not in join.incoming]
        beginnings += [set(self._process.elements[task].outgoing) for task in +self.tasks]
        for beginning in beginnings:
            reached = self._reached(beginning, join.id)
            if reached & empty and not reached & full:
                return False
        return True

    def _reached(self, beginning: set[str], without: str) -> set[str]:
        found = set(beginning)
        todo = list(beginning)
        while todo:
            target = self._process.flows[todo.pop()].target
            if target == without:
                continue
            for flow in self._process.elements[target].outgoing:
                if flow not in found:
                    found.add(flow)
                    todo.append(flow)
        return found
