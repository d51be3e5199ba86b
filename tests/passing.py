"""Which elements and flows of the shipped diagrams the tests pass, and which none of them does.

Listens where the engine enters an element and lays tokens on flows, for diagrams that are byte for
byte the shipped ones. A run of the whole suite fails where anything was never passed. To look at
it after a part of the suite, let several runs collect into a file: `pytest tests/cases --passed F`.
"""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from app.engine import kernel, nodes
from app.engine.diagram import Diagram, read_diagram
from app.engine.tokens import Record, Token
from app.office import DIAGRAMS


class Listener:
    """Hears what the engine passes in this process: pairs of a process and an element or flow."""

    def __init__(self) -> None:
        self.passed: set[tuple[str, str]] = set()
        self._shipped = {path.read_bytes() for path in DIAGRAMS.glob("*.bpmn")}

    def listen(self) -> None:
        """Put an ear on three places: plans are built, elements entered, flows taken."""
        build, enter, leave = kernel.build_plans, Record.enter, nodes.Node._on_complete_hook

        def heard_build(diagram: Diagram, *more: Any) -> dict[str, nodes.Plan]:
            plans = build(diagram, *more)
            for plan in plans.values():
                plan.is_shipped = diagram.source in self._shipped
            return plans

        def heard_enter(record: Record, token: Token) -> None:
            enter(record, token)
            self._hear(token, token.task_spec.element_id)
            self._hear(token, token.internal_data.get("by"))  # to the event that won a race

        def heard_leave(node: nodes.Node, token: Token) -> None:
            leave(node, token)
            for child in token.children:
                self._hear(child, child.internal_data.get("by"))  # also where a join still waits

        nodes.Plan.is_shipped = False
        kernel.build_plans = heard_build
        Record.enter = heard_enter
        nodes.Node._on_complete_hook = heard_leave

    def _hear(self, token: Token, name: str | None) -> None:
        plan = token.task_spec._wf_spec
        if name is not None and plan.is_shipped:
            self.passed.add((plan.process, name))


class Passing:
    """The plugin: collects what was heard, also by workers, and judges at the end."""

    def __init__(self) -> None:
        self.listener = Listener()
        self.listener.listen()
        self.counts: dict[str, tuple[int, int]] = {}
        self.missing: list[str] = []

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        self._add(node.workeroutput.get("passed", ()))

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        passed = self.listener.passed
        if hasattr(session.config, "workeroutput"):
            session.config.workeroutput["passed"] = sorted(passed)
            return
        path: Path | None = session.config.getoption("--passed")
        if path is not None:
            if path.exists():
                self._add(json.loads(path.read_text()))
            path.write_text(json.dumps(sorted(passed), indent=0))
        for process, names in drawn().items():
            missing = sorted(name for name in names if (process, name) not in passed)
            self.counts[process] = len(names) - len(missing), len(names)
            self.missing += [f"{process}:{name}" for name in missing]
        if self.missing and is_whole(session.config) and not session.exitstatus:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def _add(self, heard: Iterable[Iterable[str]]) -> None:
        self.listener.passed |= {(process, name) for process, name in heard}

    def pytest_terminal_summary(self, terminalreporter: Any, config: pytest.Config) -> None:
        if not is_whole(config) and config.getoption("--passed") is None:
            return
        counts = [f"{process} {some}/{all_}" for process, (some, all_) in self.counts.items()]
        terminalreporter.write_line(f"elements and flows passed: {', '.join(counts)}")
        for name in self.missing:
            terminalreporter.write_line(f"passed by no test: {name}", red=True)


def drawn() -> dict[str, set[str]]:
    """The ids of all elements and flows of the shipped diagrams, by process."""
    files = sorted(DIAGRAMS.glob("*.bpmn"))
    return {
        process.id: {*process.elements, *process.flows}
        for diagram in (read_diagram(path.read_bytes(), path.name) for path in files)
        for process in diagram.processes.values()
    }


def is_whole(config: pytest.Config) -> bool:
    """Whether the run is one of the whole suite: no folder named, nothing chosen or left out."""
    option = config.option
    chosen = option.keyword or option.markexpr or option.deselect or option.ignore
    return config.args_source is pytest.Config.ArgsSource.TESTPATHS and not (
        chosen or option.collectonly
    )
