"""`jieban process …`: check diagrams, try them out in memory, write them as text or images.

The commands find the expression compiler, and optionally working time, in the context object
(`compile_expression`, `due`), because the engine does not know the module that has them.
"""

import json
import sys
from collections.abc import Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import NoReturn, cast

import click
import yaml
from marshmallow import Schema, ValidationError, fields, validate

from app.core.clock import CHINA
from app.core.errors import DomainError, Invalid
from app.core.phrase import Phrase
from app.engine.checker import check as check_diagrams
from app.engine.content_checks import ServiceDeclaration, Surroundings
from app.engine.diagram import Diagram, read_diagram
from app.engine.findings import Finding, Severity, is_refused
from app.engine.memory import Due, Line, StepFailed, Trial, What
from app.engine.outline import outline as outline_of
from app.engine.picture import picture
from app.engine.ports import Compile
from app.engine.steps_script import read_script
from app.engine.strict_yaml import read_yaml

ACCEPTED, REFUSED, UNREADABLE = 0, 1, 2

_FILES = click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
_LANGUAGE = click.option(
    "--language", type=click.Choice(["zh", "en"]), default="zh", help="Language of sentences."
)
_JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


@click.group()
def process() -> None:
    """Diagrams: check, run in memory, write as text or images."""


@process.command()
@_FILES
@click.option(
    "--services",
    type=click.Path(path_type=Path),
    help="YAML file of the registered services: name, with lists of parameters and results.",
)
@_LANGUAGE
@_JSON
@click.pass_context
def check(
    context: click.Context,
    files: tuple[Path, ...],
    services: Path | None,
    language: str,
    *,
    as_json: bool,
) -> None:
    """Say whether the diagrams in FILES may run; several files are checked as one bundle.

    Exit status: 0 accepted, 1 refused, 2 a file cannot be read.
    """
    diagrams = _read_diagrams(files, language, as_json=as_json)
    catalogue = None
    if services is not None:
        try:
            catalogue = _read_services(services)
        except Invalid as error:
            _give_up(error.phrase, language, as_json=as_json)
    around = Surroundings(services=catalogue, compile_expression=_compiler(context))
    findings = check_diagrams(diagrams, around)
    _print_findings(findings, language, as_json=as_json)
    sys.exit(REFUSED if is_refused(findings) else ACCEPTED)


@process.command()
@_FILES
@click.option(
    "--script",
    "script_file",
    type=click.Path(path_type=Path),
    help="YAML file of what is done; without it the process is only started.",
)
@_LANGUAGE
@_JSON
@click.pass_context
def run(
    context: click.Context,
    files: tuple[Path, ...],
    script_file: Path | None,
    language: str,
    *,
    as_json: bool,
) -> None:
    """Run the process of the first of FILES in memory, on a virtual clock, and print its trace.

    Further files hold called processes. Exit status: 0 the script was done, 1 the diagram is
    refused or a step cannot be done, 2 a file cannot be read.
    """
    diagrams = _read_diagrams(files, language, as_json=as_json)
    try:
        source = b"" if script_file is None else _bytes_of(script_file)
        script = read_script(source, "-" if script_file is None else script_file.name)
    except Invalid as error:
        _give_up(error.phrase, language, as_json=as_json)
    compiler = _compiler(context)
    findings = check_diagrams(diagrams, Surroundings(compile_expression=compiler))
    if is_refused(findings):
        _print_findings(findings, language, as_json=as_json)
        sys.exit(REFUSED)
    due = cast("Due | None", (context.obj or {}).get("due"))
    failure: StepFailed | None = None
    try:
        trial = Trial(diagrams, compiler, script, due)
    except DomainError as error:
        _give_up(error.phrase, language, as_json=as_json)
    try:
        trial.run()
    except StepFailed as error:
        failure = error
    _print_trial(trial, failure, language, as_json=as_json)
    sys.exit(ACCEPTED if failure is None else REFUSED)


@process.command()
@_FILES
@click.option("--write", is_flag=True, help="Write each outline beside its diagram, as .txt.")
@_LANGUAGE
def outline(files: tuple[Path, ...], language: str, *, write: bool) -> None:
    """Print the diagrams in FILES as text. Exit status: 0, or 2 when a file cannot be read."""
    for path, diagram in zip(files, _read_diagrams(files, language, as_json=False), strict=True):
        text = outline_of(diagram)
        if write:
            path.with_suffix(".txt").write_text(text, encoding="utf-8")
        else:
            click.echo(text, nl=False)


@process.command()
@_FILES
@click.option(
    "--to",
    "folder",
    type=click.Path(path_type=Path, file_okay=False, exists=True),
    help="Write each picture into this folder, under the name of its diagram, as .svg.",
)
@_LANGUAGE
def draw(files: tuple[Path, ...], language: str, folder: Path | None) -> None:
    """Print the drawings of FILES as SVG images; it needs no browser.

    Exit status: 0, or 2 when a file cannot be read or carries no drawing.
    """
    for path, diagram in zip(files, _read_diagrams(files, language, as_json=False), strict=True):
        try:
            image = picture(diagram, language)
        except Invalid as error:
            _give_up(error.phrase, language, as_json=False)
        if folder is not None:
            (folder / path.name).with_suffix(".svg").write_text(image, encoding="utf-8")
        else:
            click.echo(image, nl=False)


def _compiler(context: click.Context) -> Compile:
    return cast("Compile", context.find_root().ensure_object(dict)["compile_expression"])


def _bytes_of(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise Invalid(
            Phrase(
                f"{path} 读不了（{error.strerror}）：请核对路径和权限。",
                f"{path} cannot be read ({error.strerror}): check path and permissions.",
            )
        ) from error


def _read_diagrams(files: Sequence[Path], language: str, *, as_json: bool) -> list[Diagram]:
    try:
        return [read_diagram(_bytes_of(path), path.name) for path in files]
    except Invalid as error:
        _give_up(error.phrase, language, as_json=as_json)


def _give_up(phrase: Phrase, language: str, *, as_json: bool) -> NoReturn:
    """Say why nothing could be done and leave with status 2."""
    if as_json:
        click.echo(_as_json({"error": {"zh": phrase.zh, "en": phrase.en}}))
    else:
        click.echo(phrase.in_language(language), err=True)
    sys.exit(UNREADABLE)


class _ServiceSchema(Schema):
    parameters = fields.Dict(
        keys=fields.String(),
        values=fields.String(
            allow_none=True, validate=validate.OneOf(("required", "optional", ""))
        ),
        load_default=dict,
    )
    results = fields.List(fields.String(), load_default=list)


def _read_services(path: Path) -> Mapping[str, ServiceDeclaration]:
    try:
        loaded = read_yaml(_bytes_of(path))
        if not isinstance(loaded, dict):
            raise ValidationError("a mapping of service names is wanted")
        found = {str(name): _ServiceSchema().load(entry or {}) for name, entry in loaded.items()}
    except (yaml.YAMLError, ValueError, ValidationError) as error:
        raise Invalid(
            Phrase(
                f"服务清单 {path} 读不懂（{error}）：请对照 docs/designing.md 修改。",
                f"The list of services {path} cannot be read ({error}): see docs/designing.md.",
            )
        ) from error
    return {
        name: ServiceDeclaration(
            {key: mark != "optional" for key, mark in entry["parameters"].items()},
            frozenset(entry["results"]),
        )
        for name, entry in found.items()
    }


def _print_findings(findings: Sequence[Finding], language: str, *, as_json: bool) -> None:
    errors = sum(finding.severity is Severity.ERROR for finding in findings)
    if as_json:
        click.echo(
            _as_json(
                {
                    "accepted": errors == 0,
                    "findings": [
                        {
                            "code": f.code,
                            "severity": f.severity.value,
                            "element_id": f.element_id,
                            "element_name": f.element_name,
                            "zh": f.phrase.zh,
                            "en": f.phrase.en,
                            "file": f.file_name,
                            "line": f.line,
                        }
                        for f in findings
                    ],
                }
            )
        )
        return
    for f in findings:
        label = " ".join(part for part in (f.element_id, f.element_name) if part)
        click.echo(
            f"{f.file_name}:{f.line}: {f.severity.value} [{f.code}] {label}: "
            f"{f.phrase.in_language(language)}"
        )
    warnings = len(findings) - errors
    verdict = Phrase(
        f"{'拒绝' if errors else '接受'}：{errors} 处错误，{warnings} 处提醒。",
        f"{'Refused' if errors else 'Accepted'}: {errors} errors, {warnings} warnings.",
    )
    click.echo(verdict.in_language(language))


def _print_trial(trial: Trial, failure: StepFailed | None, language: str, *, as_json: bool) -> None:
    if as_json:
        result: dict[str, object] = {
            "completed": trial.completed,
            "stuck": trial.stuck,
            "now": trial.now,
            "open": trial.open_elements(),
            "data": trial.data,
            "trace": [_line_as_data(line) for line in trial.trace],
        }
        if failure is not None:
            result["error"] = {
                "step": failure.number,
                "zh": failure.phrase.zh,
                "en": failure.phrase.en,
            }
        click.echo(_as_json(result))
        return
    for line in trial.trace:
        at = line.at.astimezone(CHINA).strftime("%Y-%m-%d %H:%M:%S")
        parts = [at, f"#{line.step}", line.what.value, line.element, line.name]
        if line.instance is not None:
            parts.append(f"({line.instance})")
        parts.append(line.note)
        click.echo("  ".join(part for part in parts if part))
    if trial.open_elements():
        click.echo(Phrase("等待：", "Waiting: ").in_language(language), nl=False)
        click.echo(", ".join(trial.open_elements()))
    if failure is not None:
        where = Phrase(f"第 {failure.number} 步：", f"Step {failure.number}: ")
        click.echo(where.in_language(language) + failure.phrase.in_language(language), err=True)


def _line_as_data(line: Line) -> dict[str, object]:
    found: dict[str, object] = {"step": line.step, "at": line.at, "what": line.what.value}
    if line.what not in {What.COMPLETED, What.STUCK}:
        found["element"] = line.element
        found["name"] = line.name
    if line.instance is not None:
        found["instance"] = line.instance
    if line.note:
        found["note"] = line.note
    return found


def _as_json(value: object) -> str:
    def other(item: object) -> object:
        if isinstance(item, Decimal):
            return float(item)
        if hasattr(item, "isoformat"):
            return item.isoformat()
        return dict(item) if isinstance(item, Mapping) else str(item)

    return json.dumps(value, ensure_ascii=False, indent=2, default=other)
