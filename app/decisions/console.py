"""The console's commands on rules: evaluate a table, run examples, run the compatibility kit."""

import json
import sys
from pathlib import Path

import click

from app.core.clock import CHINA, now
from app.core.errors import DomainError
from app.decisions.dmn import read_model
from app.decisions.evidence import json_value
from app.decisions.examples import run_examples
from app.decisions.tck import run_kit

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
_FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)


@click.group()
def rules() -> None:
    """Decision tables: evaluate, run examples, measure conformance."""


@rules.command("eval")
@click.argument("file", type=_FILE)
@click.option("--input", "text", required=True, help="The inputs as a JSON object.")
@click.option("--decision", help="Id of the decision; the final one by default.")
def evaluate(file: Path, text: str, decision: str | None) -> None:
    """Answer one decision of FILE and show the evidence."""
    try:
        inputs = json.loads(text)
        if not isinstance(inputs, dict):
            raise ValueError("not an object")  # noqa: TRY004 - reported like bad JSON
    except ValueError as error:
        raise click.BadParameter(f"not a JSON object: {error}", param_hint="--input") from None
    model = read_model(file.read_bytes())
    answer = model.decide(inputs, decision, key=file.stem, now=now().astimezone(CHINA))
    shown = {"outputs": json_value(answer.outputs), "evidence": answer.evidence.to_json()}
    click.echo(json.dumps(shown, ensure_ascii=False, indent=2))


@rules.command("examples")
@click.argument("files", type=_FILE, nargs=-1, required=True)
def examples(files: tuple[Path, ...]) -> None:
    """Run the examples beside each table (NAME.examples.yaml beside NAME.dmn)."""
    passed = failed = 0
    for file in files:
        try:
            report = run_examples(file)
        except DomainError as error:
            failed += 1
            click.echo(f"{file}: {error.phrase.en}")
            continue
        passed += report.passed
        failed += len(report.failures)
        for failure in report.failures:
            click.echo(f"{file}: {failure}")
        if report.unreached:
            failed += 1
            rows = ", ".join(map(str, report.unreached))
            click.echo(f"{file}: no example reaches row {rows}")
    click.echo(f"{passed} passed, {failed} failed")
    sys.exit(1 if failed else 0)


@rules.command("tck")
@click.argument("folder", type=_FOLDER)
def tck(folder: Path) -> None:
    """Run the test cases of the DMN compatibility kit in FOLDER."""
    score = run_kit(folder, now().astimezone(CHINA))
    for failure in score.failures:
        click.echo(
            f"{failure.file} {failure.case} {failure.node}:"
            f" expected {failure.expected}, got {failure.actual}"
        )
    for group in sorted({name for name, _ in score.groups}):
        good, bad = score.groups[group, True], score.groups[group, False]
        click.echo(f"{group}: {good} passed, {bad} failed")
    click.echo(
        f"result nodes: {score.nodes_passed} passed, {score.nodes_failed} failed;"
        f" with a value expected: {score.values_passed} passed, {score.values_failed} failed"
    )
    click.echo(f"{score.passed} passed, {score.failed} failed")
    sys.exit(1 if score.failed else 0)
