"""Every shipped table against the examples beside it."""

from pathlib import Path

import pytest

from app.decisions.examples import read_examples, run_examples

RULES = Path(__file__).resolve().parents[2] / "rules"
TABLES = sorted(RULES.rglob("*.dmn"))


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.stem)
def test_a_shipped_table_answers_its_examples_and_every_row_has_one(table: Path) -> None:
    report = run_examples(table)
    assert report.failures == []
    assert report.unreached == []
    assert report.passed == len(read_examples(table))


def test_the_tables_of_the_main_process_are_shipped() -> None:
    assert {"time_limits", "traffic_light", "dispatch_catalogue", "acceptance", "urgency"} <= {
        table.stem for table in TABLES
    }
