"""The console's commands on rules: check tables, evaluate them, run examples and the kit."""

import json
import sys
from collections import Counter
from pathlib import Path

import click

from app.core.clock import CHINA, now
from app.core.errors import DomainError
from app.core.phrase import Phrase
from app.decisions.checks.checker import check as check_model
from app.decisions.checks.findings import Finding, FindingKind, Severity, is_clean, is_refused
from app.decisions.errors import DecisionError
from app.decisions.evidence import json_value
from app.decisions.examples import examples_file, read_examples, run_examples, run_on
from app.decisions.importing import load_model
from app.decisions.tck import run_kit

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
_FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)


@click.group()
def rules() -> None:
    """Decision tables: check, evaluate, run examples, measure conformance."""


CLEAN, FOUND, UNREADABLE = 0, 1, 2


@rules.command("check")
@click.argument("files", type=_FILE, nargs=-1, required=True)
@click.option(
    "--language", type=click.Choice(["zh", "en"]), default="zh", help="Language of sentences."
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def check(files: tuple[Path, ...], language: str, *, as_json: bool) -> None:
    """Say what is wrong with the tables in FILES, and run the examples beside them.

    Exit status: 0 nothing to put right (remarks may remain), 1 errors or warnings, 2 a file
    cannot be read.
    """
    found: dict[Path, tuple[Finding, ...]] = {}
    unreadable: dict[Path, Phrase] = {}
    for file in files:
        try:
            found[file] = _findings(file)
        except DecisionError as error:
            unreadable[file] = error.phrase
    if as_json:
        click.echo(json.dumps(_as_json(found, unreadable), ensure_ascii=False, indent=2))
    else:
        _print(found, unreadable, language)
    if unreadable:
        sys.exit(UNREADABLE)
    sys.exit(CLEAN if all(map(is_clean, found.values())) else FOUND)


def _findings(file: Path) -> tuple[Finding, ...]:
    model = load_model(file)
    findings = check_model(model)
    if model.problems or not examples_file(file).exists():
        return findings
    report = run_on(model, read_examples(file))
    return (
        *findings,
        *(Finding(FindingKind.EXAMPLE, Severity.ERROR, phrase) for phrase in report.failures),
        *(
            Finding(
                FindingKind.EXAMPLE,
                Severity.WARNING,
                Phrase(
                    f"没有示例用到第 {row} 行，请补上。",
                    f"No example reaches row {row}: add one.",
                ),
                decision,
                (row,),
            )
            for decision, row in report.unreached
        ),
    )


def _print(
    found: dict[Path, tuple[Finding, ...]], unreadable: dict[Path, Phrase], language: str
) -> None:
    for file, phrase in unreadable.items():
        click.echo(f"{file}: {phrase.in_language(language)}")
    for file, findings in found.items():
        for f in findings:
            place = f.place.in_language(language)
            where = " ".join(part for part in (f.decision_id, place) if part)
            click.echo(
                f"{file}: {f.severity.value} [{f.kind.value}] {where}: "
                f"{f.phrase.in_language(language)}"
            )
    counts = Counter(f.severity for findings in found.values() for f in findings)
    errors, warnings = counts[Severity.ERROR], counts[Severity.WARNING]
    remarks = counts[Severity.REMARK]
    verdict = Phrase(
        f"{len(found)} 个文件：{errors} 处错误，{warnings} 处提醒，{remarks} 处说明。",
        f"{len(found)} files: {errors} errors, {warnings} warnings, {remarks} remarks.",
    )
    click.echo(verdict.in_language(language))


def _as_json(
    found: dict[Path, tuple[Finding, ...]], unreadable: dict[Path, Phrase]
) -> list[dict[str, object]]:
    """One object a file: whether it may be published, and its findings or why it is unreadable."""
    return [
        *(
            {
                "file": str(file),
                "accepted": not is_refused(findings),
                "findings": [finding.to_json() for finding in findings],
            }
            for file, findings in found.items()
        ),
        *(
            {"file": str(file), "accepted": False, "zh": phrase.zh, "en": phrase.en}
            for file, phrase in unreadable.items()
        ),
    ]


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
    model = load_model(file)
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
            click.echo(f"{file}: {failure.en}")
        if report.unreached:
            failed += 1
            rows = ", ".join(f"{decision}:{row}" for decision, row in report.unreached)
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
