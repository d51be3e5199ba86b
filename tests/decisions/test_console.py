"""`jieban rules …`."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from app.decisions.console import rules

ROOT = Path(__file__).resolve().parents[2]
KIT = ROOT / "../shared/conformance/dmn-tck"


def test_eval_prints_outputs_and_evidence() -> None:
    asked = {"nature": "consultation", "urgency": "normal", "channel": "web", "stage": "handling"}
    file = str(ROOT / "rules/time_limits.dmn")
    result = CliRunner().invoke(rules, ["eval", file, "--input", json.dumps(asked)])
    assert result.exit_code == 0, result.output
    printed = json.loads(result.output)
    assert printed["outputs"]["amount"] == 3
    assert printed["evidence"]["tables"][0]["rows"][0]["annotations"]["性质"] == "sourced"


def test_eval_refuses_inputs_that_are_not_an_object() -> None:
    file = str(ROOT / "rules/time_limits.dmn")
    result = CliRunner().invoke(rules, ["eval", file, "--input", "[1]"])
    assert result.exit_code == 2
    assert "JSON object" in result.output


def test_examples_that_fail_are_named_and_the_exit_status_tells(tmp_path: Path) -> None:
    shipped = ROOT / "rules/acceptance.dmn"
    good = CliRunner().invoke(rules, ["examples", str(shipped)])
    assert good.exit_code == 0
    assert good.output.splitlines()[-1] == "11 passed, 0 failed"
    copy = tmp_path / "acceptance.dmn"
    copy.write_bytes(shipped.read_bytes().replace(b'"N3"', b'"N4"', 2))
    examples = shipped.with_suffix(".examples.yaml").read_bytes()
    copy.with_suffix(".examples.yaml").write_bytes(examples)
    bad = CliRunner().invoke(rules, ["examples", str(copy)])
    assert bad.exit_code == 1
    assert "failed" in bad.output.splitlines()[-1]


@pytest.mark.skipif(not KIT.is_dir(), reason="the compatibility kit is not beside this checkout")
def test_every_case_of_level_two_of_the_compatibility_kit_passes() -> None:
    result = CliRunner().invoke(rules, ["tck", str(KIT / "level-2")])
    assert result.exit_code == 0, result.output
    assert result.output.splitlines()[-1] == "116 passed, 0 failed"


KNOWN = {
    "0076-feel-external-java": "external functions are refused",
}
"""Folders of level 3 with cases that do not pass, and why."""


@pytest.mark.skipif(not KIT.is_dir(), reason="the compatibility kit is not beside this checkout")
def test_level_three_of_the_kit_fails_only_where_it_is_known_why() -> None:
    result = CliRunner().invoke(rules, ["tck", str(KIT / "level-3")])
    lines = result.output.splitlines()
    failing = {line.partition("/")[0] for line in lines if ": expected " in line}
    assert failing <= set(KNOWN)
    passed = int(lines[-1].split()[0])
    assert passed >= 1407


def test_check_finds_nothing_in_shipped_tables_and_says_how_many_it_read() -> None:
    files = [str(ROOT / f"rules/{name}.dmn") for name in ("acceptance", "time_limits")]
    result = CliRunner().invoke(rules, ["check", *files, "--language", "en"])
    assert result.exit_code == 0, result.output
    assert result.output.splitlines()[-1].startswith("2 files: 0 errors, 0 warnings")


def test_check_tells_rows_and_examples_that_fail_in_both_languages(tmp_path: Path) -> None:
    file = tmp_path / "acceptance.dmn"
    shipped = ROOT / "rules/acceptance.dmn"
    file.write_bytes(shipped.read_bytes().replace(b'<text>"N3"</text>', b'<text>"N4"</text>', 1))
    file.with_suffix(".examples.yaml").write_bytes(
        shipped.with_suffix(".examples.yaml").read_bytes()
    )
    result = CliRunner().invoke(rules, ["check", str(file)])
    assert result.exit_code == 1
    assert "第 3 行与第 4 行会同时命中" in result.output
    assert "[example]" in result.output
    told = CliRunner().invoke(rules, ["check", str(file), "--json"])
    assert told.exit_code == 1
    (entry,) = json.loads(told.output)
    assert entry["accepted"] is False
    overlap = next(f for f in entry["findings"] if f["kind"] == "overlap")
    assert overlap["rows"] == [3, 4]
    assert overlap["en"].startswith("Rows 3 and 4 both match")


def test_check_says_which_file_cannot_be_read(tmp_path: Path) -> None:
    file = tmp_path / "broken.dmn"
    file.write_text("<definitions", encoding="utf-8")
    result = CliRunner().invoke(rules, ["check", str(file)])
    assert result.exit_code == 2
    assert "broken.dmn" in result.output
    told = CliRunner().invoke(rules, ["check", str(file), "--json"])
    assert told.exit_code == 2
    assert json.loads(told.output)[0]["accepted"] is False
