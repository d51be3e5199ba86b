"""Which elements and flows of the shipped diagrams the tests pass, and which none of them does.

Listens to what sessions save of processes, for diagrams that are byte for byte the shipped ones.
A run of the whole suite fails where anything was never passed. To look at it after a part of the
suite, let several runs collect into a file: `pytest tests/cases --passed FILE`.
"""

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any
from weakref import WeakKeyDictionary

import pytest
from sqlalchemy import event
from sqlalchemy.orm import Session

from app.core.uow import UnitOfWork
from app.engine.diagram import read_diagram
from app.engine.kernel import Bundle
from app.engine.ports import Outcome
from app.engine.processes import HEARER, Made
from app.office import DIAGRAMS


class Listener:
    """Hears what the engine saves in this process: pairs of a process and an element or flow."""

    def __init__(self) -> None:
        self.passed: set[tuple[str, str]] = set()
        self._shipped = {path.read_bytes() for path in DIAGRAMS.glob("*.bpmn")}
        self._shipped_of: WeakKeyDictionary[Bundle, set[str]] = WeakKeyDictionary()

    def listen(self) -> None:
        """Let every session that begins a transaction tell what it saves."""

        @event.listens_for(Session, "after_begin")
        def _tell(session: Session, *_more: object) -> None:
            session.info.setdefault(HEARER, self._heard)

    def _heard(self, _uow: UnitOfWork, made: Sequence[Made]) -> None:
        for loaded, outcome, _at in made:
            self._hear(loaded.bundle, outcome)

    def _hear(self, bundle: Bundle, outcome: Outcome) -> None:
        shipped = self._shipped_of.get(bundle)
        if shipped is None:
            same = [diagram for diagram in bundle.diagrams if diagram.source in self._shipped]
            shipped = {process for diagram in same for process in diagram.processes}
            self._shipped_of[bundle] = shipped
        if shipped:
            passed = [(step.process_key, step.element_id) for step in outcome.steps]
            self.passed.update(one for one in (*passed, *outcome.flows) if one[0] in shipped)


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
