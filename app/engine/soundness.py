"""Plays the token game of one scope, ignoring data, to find joins that cannot work.

Every choice is taken both ways, so what happens nowhere here happens nowhere at all, while a
deadlock found here may be excluded by data: the one is an error, the other a warning.
Activities are single steps; a boundary event may fire once per visit instead of or beside the
activity. The game is bounded; where it is not finished nothing is claimed to be impossible.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product

from app.engine.diagram import ACTIVITIES, Element, Process

_MAX_STATES = 3000
_MAX_TOKENS = 3
_MAX_INCLUSIVE = 5

_AUTOMATIC = frozenset(
    {"exclusiveGateway", "parallelGateway", "serviceTask", "businessRuleTask", "sendTask",
     "intermediateThrowEvent", "endEvent"}
)  # fmt: skip

_State = tuple[tuple[str, int], ...]
"""How many tokens rest on which sequence flow, sorted; only flows with tokens."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the game showed: joins never passed, joins where tokens may stay, elements that may
    be entered by two tokens at once.
    """

    never: tuple[str, ...] = ()
    stuck: tuple[str, ...] = ()
    twice: tuple[str, ...] = ()


def explore(process: Process, scope: str) -> Verdict:
    """The verdict on the elements directly in `scope`, whose flows are known to be well-formed."""
    return _Game(process, scope).play()


class _Game:
    def __init__(self, process: Process, scope: str) -> None:
        self._process = process
        self._elements = list(process.within(scope))
        self._feeds = {name: element.id for element in self._elements for name in element.incoming}
        self._reach: dict[str, frozenset[str]] = {}
        self._ran: set[str] = set()
        self._stuck: dict[str, None] = {}
        self._twice: dict[str, None] = {}

    def play(self) -> Verdict:
        starts = [element for element in self._elements if element.kind == "startEvent"]
        if not starts:
            return Verdict()
        self._ran.update(start.id for start in starts)
        todo = [_state(dict.fromkeys(start.outgoing, 1)) for start in starts]
        seen = set(todo)
        complete = True
        while todo:
            state = todo.pop()
            following = list(self._moves(dict(state)))
            if state and not following:
                for flow, _ in state:
                    self._stuck[self._feeds[flow]] = None
            for after in following:
                if any(count >= _MAX_TOKENS for _, count in after):
                    complete = False
                elif after not in seen:
                    seen.add(after)
                    todo.append(after)
            if len(seen) > _MAX_STATES:
                complete = False
                break
        never = filter(self._is_barred, self._elements) if complete else ()
        return Verdict(tuple(e.id for e in never), tuple(self._stuck), tuple(self._twice))

    def _is_barred(self, element: Element) -> bool:
        """Whether it never ran although a token came before it: the cause, not what follows."""
        sources = {self._process.flows[flow].source for flow in element.incoming}
        return element.id not in self._ran and bool(sources & self._ran)

    def _moves(self, tokens: dict[str, int]) -> Iterator[_State]:
        for element, takes in self._enabled(tokens):
            for taken in takes:
                self._ran.add(element.id)
                yield from self._results(element, tokens, taken)

    def _enabled(self, tokens: dict[str, int]) -> list[tuple[Element, list[list[str]]]]:
        """What can run, and on which tokens. What needs nobody runs first, as in the engine, and
        inclusive joins look when everything else has come to rest.
        """
        found: list[tuple[Element, list[list[str]]]] = []
        for element in self._elements:
            waiting = [flow for flow in element.incoming if tokens.get(flow)]
            if not waiting:
                continue
            if element.kind == "parallelGateway":
                if any(tokens[flow] > 1 for flow in waiting):
                    self._twice[element.id] = None
                takes = [waiting] if len(waiting) == len(element.incoming) else []
            elif element.kind == "inclusiveGateway":
                takes = [waiting]
            else:
                takes = [[flow] for flow in waiting]
                if element.kind != "endEvent" and sum(tokens[flow] for flow in waiting) > 1:
                    self._twice[element.id] = None
            if takes and element.kind in _AUTOMATIC:
                return [(element, takes)]
            if takes:
                found.append((element, takes))
        for entry in found:
            if entry[0].kind == "inclusiveGateway" and not self._may_still_come(entry[0], tokens):
                return [entry]
        return [entry for entry in found if entry[0].kind != "inclusiveGateway"]

    def _results(
        self, element: Element, tokens: dict[str, int], taken: list[str]
    ) -> Iterator[_State]:
        rest = dict(tokens)
        for flow in taken:
            rest[flow] -= 1
        if element.event is not None and element.event.kind == "terminate":
            yield ()
            return
        for given in self._choices(element):
            after = dict(rest)
            for flow in given:
                after[flow] = after.get(flow, 0) + 1
            yield _state(after)

    def _choices(self, element: Element) -> Iterator[tuple[str, ...]]:
        out = element.outgoing
        if element.kind in {"exclusiveGateway", "eventBasedGateway"}:
            yield from ((flow,) for flow in out)
        elif element.kind == "inclusiveGateway" and len(out) > 1:
            yield from self._subsets(element)
        else:
            yield from self._conditional(element)
        if element.kind in ACTIVITIES:
            for boundary in self._process.attached(element.id):
                self._ran.add(boundary.id)
                yield boundary.outgoing if boundary.interrupting else out + boundary.outgoing

    def _subsets(self, gateway: Element) -> Iterator[tuple[str, ...]]:
        """The default alone, or any of the others; of many branches one, or all."""
        free = [flow for flow in gateway.outgoing if flow != gateway.default]
        if gateway.default is not None:
            yield (gateway.default,)
        if len(free) > _MAX_INCLUSIVE:
            yield from ((flow,) for flow in free)
            yield tuple(free)
            return
        for chosen in product((True, False), repeat=len(free)):
            if any(chosen):
                yield tuple(flow for flow, taken in zip(free, chosen, strict=True) if taken)

    def _conditional(self, element: Element) -> Iterator[tuple[str, ...]]:
        """The ways out of anything but a gateway: usually all flows, less where conditions are."""
        flows = [self._process.flows[name] for name in element.outgoing]
        certain = tuple(f.id for f in flows if f.condition is None and f.id != element.default)
        free = [f.id for f in flows if f.id not in certain]
        if not free:
            yield certain
            return
        for name in free:
            yield (*certain, name)
        yield element.outgoing

    def _may_still_come(self, join: Element, tokens: dict[str, int]) -> bool:
        """BPMN 2.0, table 13.3: whether a token elsewhere can reach an empty input of the
        inclusive `join`, and none of those that have a token.
        """
        full = {flow for flow in join.incoming if tokens.get(flow)}
        empty = set(join.incoming) - full
        for flow, count in tokens.items():
            if count and flow not in join.incoming:
                reached = self._reachable(flow, join.id)
                if reached & empty and not reached & full:
                    return True
        return False

    def _reachable(self, flow: str, without: str) -> frozenset[str]:
        """The flows a token on `flow` can get to without passing the element `without`."""
        key = f"{flow} {without}"
        if key not in self._reach:
            found = {flow}
            todo = [flow]
            while todo:
                name = self._feeds[todo.pop()]
                if name == without:
                    continue
                out = list(self._process.elements[name].outgoing)
                for boundary in self._process.attached(name):
                    out += boundary.outgoing
                for following in out:
                    if following not in found:
                        found.add(following)
                        todo.append(following)
            self._reach[key] = frozenset(found)
        return self._reach[key]


def _state(tokens: dict[str, int]) -> _State:
    return tuple(sorted((flow, count) for flow, count in tokens.items() if count))
