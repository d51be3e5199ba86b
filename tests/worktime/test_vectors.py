"""Deadlines computed elsewhere, recomputed here."""

from pathlib import Path

import pytest

from app.worktime.vectors import verdicts

ROOT = Path(__file__).resolve().parents[2]
GIVEN = ROOT / "../shared/calendar/vectors.csv"


def test_every_given_deadline_is_recomputed_exactly() -> None:
    if not GIVEN.exists():
        pytest.skip("the given vectors are not beside this checkout")
    found = list(verdicts(GIVEN.read_text("utf-8")))
    assert len(found) >= 161
    assert [(v.id, [str(m) for m in v.mismatches]) for v in found if v.mismatches] == []
