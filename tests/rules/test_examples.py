"""Every shipped table, the profiles' own among them, against the checker and its examples."""

from pathlib import Path

import pytest

from app.decisions.checks.checker import check
from app.decisions.checks.findings import Severity
from app.decisions.dmn import read_model
from app.decisions.examples import read_examples, run_examples

RULES = Path(__file__).resolve().parents[2] / "rules"
TABLES = sorted(RULES.rglob("*.dmn"))


def _name(table: Path) -> str:
    return str(table.relative_to(RULES).with_suffix(""))


@pytest.mark.parametrize("table", TABLES, ids=_name)
def test_the_checker_has_nothing_to_put_right_in_a_shipped_table(table: Path) -> None:
    findings = check(read_model(table.read_bytes()))
    assert [f.phrase.en for f in findings if f.severity is not Severity.REMARK] == []


@pytest.mark.parametrize("table", TABLES, ids=_name)
def test_a_shipped_table_answers_its_examples_and_every_row_has_one(table: Path) -> None:
    report = run_examples(table)
    assert report.failures == []
    assert report.unreached == []
    assert report.passed == len(read_examples(table))


def test_the_tables_of_the_main_process_are_shipped() -> None:
    assert {"time_limits", "traffic_light", "dispatch_catalogue", "acceptance", "urgency"} <= {
        table.stem for table in TABLES
    }
