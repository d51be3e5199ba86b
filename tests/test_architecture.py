"""The invariants that can be read off the sources."""

import ast
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
APP = sorted((ROOT / "app").rglob("*.py"))


def test_there_is_one_commit_in_the_product() -> None:
    found = [
        path.relative_to(ROOT).as_posix()
        for path in APP
        if re.search(r"session\.commit\(", path.read_text(encoding="utf-8"))
    ]
    assert found == ["app/core/uow.py"]


def test_the_wall_clock_is_read_in_one_place() -> None:
    pattern = re.compile(r"datetime\.now\(|utcnow\(|date\.today\(|time\.time\(")
    found = [
        path.relative_to(ROOT).as_posix()
        for path in APP
        if pattern.search(path.read_text(encoding="utf-8"))
    ]
    assert found == ["app/core/clock.py"]


def test_only_the_engine_imports_spiffworkflow() -> None:
    found = {
        path.relative_to(ROOT).parts[1]
        for path in APP
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in (
            [alias.name for alias in node.names]
            if isinstance(node, ast.Import)
            else [node.module or ""]
        )
        if name.startswith("SpiffWorkflow")
    }
    assert found == {"engine"}


def test_nothing_evaluates_text_as_python() -> None:
    found = [
        (path.relative_to(ROOT).as_posix(), node.func.id)
        for path in APP
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id in {"eval", "exec", "compile", "__import__"}
    ]
    assert found == []


def test_the_pure_packages_can_be_used_without_flask_and_database() -> None:
    script = (
        "import sys; import app.worktime.deadlines, app.decisions.feel.expression;"
        "assert not {'flask', 'sqlalchemy', 'SpiffWorkflow'} & set(sys.modules), sys.modules"
    )
    subprocess.run([sys.executable, "-c", script], check=True, cwd=ROOT)
