# ruff: noqa: E501 - a diagram is one text, however long
"""`jieban process …` as a person at a terminal uses it."""

import json
from itertools import pairwise
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from app.cases.expressions import compile_expression
from app.engine.console import process
from tests.engine.corpus.notation import to_xml

GOOD = "start s -> a\nuser a name=[办理] -> w\nservice w call=[notify] give=[who=name] keep=[sent] -> e\nend e"
BAD = "start s -> a\nscript a name=[计算] -> e\nend e"


@pytest.fixture
def files(tmp_path: Path) -> Path:
    (tmp_path / "good.bpmn").write_bytes(to_xml(GOOD))
    (tmp_path / "bad.bpmn").write_bytes(to_xml(BAD))
    (tmp_path / "caller.bpmn").write_bytes(
        to_xml("process c\nstart s -> k\ncall k of=p -> e\nend e")
    )
    (tmp_path / "text.bpmn").write_text("no diagram")
    (tmp_path / "steps.yaml").write_text(
        "answers: {w: {sent: true}}\nsteps:\n- wait: PT1H\n- complete: a\n  data: {name: 张}\n"
    )
    return tmp_path


def console(files: Path, *words: str) -> Result:
    arguments = [str(files / word) if "." in word else word for word in words]
    return CliRunner().invoke(process, arguments, obj={"compile_expression": compile_expression})


def test_an_accepted_diagram_exits_with_nought(files: Path) -> None:
    result = console(files, "check", "good.bpmn")
    assert (result.exit_code, result.output) == (0, "接受：0 处错误，0 处提醒。\n")


def test_a_refused_diagram_exits_with_one_and_says_where_and_why(files: Path) -> None:
    result = console(files, "check", "bad.bpmn", "--language", "en")
    assert result.exit_code == 1
    first, last = result.output.splitlines()
    assert first.startswith("bad.bpmn:")
    assert "error [not_supported] a 计算: Diagrams hold no code" in first
    assert last == "Refused: 1 errors, 0 warnings."


def test_findings_are_given_as_json(files: Path) -> None:
    result = console(files, "check", "bad.bpmn", "--json")
    found = json.loads(result.output)
    assert result.exit_code == 1
    assert found["accepted"] is False
    assert set(found["findings"][0]) == {
        "code", "severity", "element_id", "element_name", "zh", "en", "file", "line",
    }  # fmt: skip


@pytest.mark.parametrize("name", ["text.bpmn", "missing.bpmn"])
@pytest.mark.parametrize("command", ["check", "run", "outline"])
def test_a_file_that_cannot_be_read_exits_with_two(files: Path, command: str, name: str) -> None:
    result = console(files, command, name)
    assert result.exit_code == 2
    assert name in result.output


def test_several_files_are_one_bundle(files: Path) -> None:
    assert console(files, "check", "caller.bpmn").exit_code == 1
    assert console(files, "check", "caller.bpmn", "good.bpmn").exit_code == 0
    result = console(files, "run", "caller.bpmn", "good.bpmn", "--script", "steps.yaml")
    assert result.exit_code == 0
    assert "completed" in result.output


def test_services_are_checked_against_a_list(files: Path) -> None:
    services = files / "services.yaml"
    services.write_text("notify:\n  parameters: {who: , how: optional}\n  results: [sent]\n")
    assert console(files, "check", "good.bpmn", "--services", "services.yaml").exit_code == 0
    services.write_text("notify:\n  parameters: {whom: }\n")
    result = console(files, "check", "good.bpmn", "--services", "services.yaml")
    assert result.exit_code == 1
    assert "whom" in result.output
    services.write_text("- notify")
    assert console(files, "check", "good.bpmn", "--services", "services.yaml").exit_code == 2


def test_a_run_prints_its_trace_on_the_virtual_clock(files: Path) -> None:
    result = console(files, "run", "good.bpmn", "--script", "steps.yaml")
    assert result.exit_code == 0
    lines = result.output.splitlines()
    assert lines[0] == "2026-03-02 09:00:00  #0  entered  s"
    assert "2026-03-02 10:00:00  #2  left  a  办理" in lines
    assert lines[-1] == "2026-03-02 10:00:00  #2  completed"


def test_a_run_is_given_as_json(files: Path) -> None:
    found = json.loads(
        console(files, "run", "good.bpmn", "--script", "steps.yaml", "--json").output
    )
    assert found["completed"] is True
    assert found["open"] == []
    assert found["data"] == {"name": "张", "sent": True}
    assert found["trace"][0] == {
        "step": 0,
        "at": "2026-03-02T01:00:00+00:00",
        "what": "entered",
        "element": "s",
        "name": "",
    }


def test_a_run_without_script_only_starts_and_says_what_waits(files: Path) -> None:
    result = console(files, "run", "good.bpmn", "--language", "en")
    assert result.exit_code == 0
    assert result.output.splitlines()[-1] == "Waiting: a"


def test_a_step_that_cannot_be_done_exits_with_one_after_the_trace(files: Path) -> None:
    (files / "steps.yaml").write_text("steps:\n- complete: w\n")
    result = console(files, "run", "good.bpmn", "--script", "steps.yaml")
    assert result.exit_code == 1
    assert "第 1 步" in result.output
    assert "entered  a" in result.output


def test_a_refused_diagram_is_not_run(files: Path) -> None:
    result = console(files, "run", "bad.bpmn")
    assert result.exit_code == 1
    assert "[not_supported]" in result.output


@pytest.mark.parametrize(
    "script",
    [
        "steps: 5",
        "x",
        "- 1",
        "stpes: []",
        "steps:\n- compelte: a",
        "steps: []\nsteps:\n- complete: a",
        "data: {x: 1, x: 2}",
        "data: " + "[" * 3000,
        "data: &a {x: *a}",
        "data: {x: .nan}",
        "data: {x: .inf}",
        "data: {x: !!binary aGk=}",
        "data: {x: {1: 2}}",
        "data: {x: 2026-01-01T00:00:00}",
        "answers: {nobody: {x: 1}}",
        "steps:\n- answer: {nobody: {x: 1}}",
        "answers: {w: {error: }}",
        "answers: {w: {error: E, dat: {}}}",
        "steps:\n- wait: P9999Y",
    ],
)
def test_a_script_that_cannot_be_read_exits_with_two(files: Path, script: str) -> None:
    (files / "steps.yaml").write_text(script)
    assert console(files, "run", "good.bpmn", "--script", "steps.yaml").exit_code == 2


def test_aliases_that_blow_up_a_script_are_refused(files: Path) -> None:
    rows = ["a: &a [1, 1, 1, 1, 1, 1, 1, 1, 1, 1]"]
    rows += [f"{b}: &{b} [{', '.join([f'*{a}'] * 10)}]" for a, b in pairwise("abcdefg")]
    (files / "steps.yaml").write_text("data:\n" + "".join(f"  {row}\n" for row in rows))
    result = console(files, "run", "good.bpmn", "--script", "steps.yaml")
    assert result.exit_code == 2
    assert "200000" in result.output


def test_a_misspelt_word_is_named_with_the_step_in_both_languages(files: Path) -> None:
    (files / "steps.yaml").write_text("steps:\n- wait: PT1H\n- compelte: a\n")
    result = console(files, "run", "good.bpmn", "--script", "steps.yaml", "--json")
    error = json.loads(result.output)["error"]
    assert "steps[2].compelte: Unknown field." in error["en"]
    assert "steps[2].compelte：没有这个词" in error["zh"]


@pytest.mark.parametrize(
    ("step", "said"),
    [
        ("complete: nobody", "not in the diagrams"),
        ("wait_until: 2020-01-01T00:00:00+08:00", "does not run back"),
    ],
)
def test_a_step_that_makes_no_sense_says_so(files: Path, step: str, said: str) -> None:
    (files / "steps.yaml").write_text(f"steps:\n- {step}\n")
    result = console(files, "run", "good.bpmn", "--script", "steps.yaml", "--language", "en")
    assert result.exit_code == 1
    assert said in result.output


def test_nothing_in_the_script_may_be_left_empty_by_accident_but_data_may(files: Path) -> None:
    (files / "steps.yaml").write_text("data:\nanswers:\nsteps:\n- complete: a\n  data:\n")
    assert console(files, "run", "good.bpmn", "--script", "steps.yaml").exit_code == 0


def test_a_folder_is_named_as_what_cannot_be_read(files: Path) -> None:
    result = CliRunner().invoke(
        process, ["check", str(files), "--json"], obj={"compile_expression": compile_expression}
    )
    assert result.exit_code == 2
    assert str(files) in json.loads(result.output)["error"]["zh"]


@pytest.mark.parametrize("services", ["n: {parameters: {a: maybe}}", "n:\nn:", "[" * 3000])
def test_a_list_of_services_that_is_not_certain_is_not_read(files: Path, services: str) -> None:
    (files / "services.yaml").write_text(services)
    result = console(files, "check", "good.bpmn", "--services", "services.yaml")
    assert result.exit_code == 2


def test_a_process_the_files_do_not_hold_exits_with_two(files: Path) -> None:
    (files / "steps.yaml").write_text("process: nowhere")
    assert console(files, "run", "good.bpmn", "--script", "steps.yaml").exit_code == 2


def test_an_outline_is_printed_or_written_beside_the_diagram(files: Path) -> None:
    printed = console(files, "outline", "good.bpmn").output
    assert printed.startswith("process p\nstartEvent s -> a\n")
    assert console(files, "outline", "good.bpmn", "--write").output == ""
    assert (files / "good.txt").read_text(encoding="utf-8") == printed
