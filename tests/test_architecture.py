"""The invariants that can be read off the sources."""

import ast
import re
import subprocess
import sys
from graphlib import TopologicalSorter
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


def test_modules_do_not_import_one_another_in_a_circle() -> None:
    """A circle works or fails by which of its modules is asked for first."""
    modules = {
        ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path
        for path in APP
    }
    imports: dict[str, set[str]] = {}
    for name, path in modules.items():
        named = {
            f"{node.module}.{alias.name}"
            if f"{node.module}.{alias.name}" in modules
            else node.module
            for node in ast.parse(path.read_text(encoding="utf-8")).body
            if isinstance(node, ast.ImportFrom) and node.module is not None
            for alias in node.names
        }
        imports[name] = (named & modules.keys()) - {name}
    TopologicalSorter(imports).prepare()  # raises `CycleError`, and names the circle


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
