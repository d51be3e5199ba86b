"""Deadlines computed elsewhere, recomputed here."""

import csv
from pathlib import Path

import pytest

from app.worktime.explain import abridged, counted, explain
from app.worktime.vectors import Verdict, verdicts

HERE = Path(__file__).resolve().parent
GIVEN = HERE.parents[1] / "../shared/calendar/vectors.csv"
OWN = HERE / "vectors.csv"


def given() -> str:
    if not GIVEN.exists():
        pytest.skip("the given vectors are not beside this checkout")
    return GIVEN.read_text("utf-8")


def wrong(found: list[Verdict]) -> list[tuple[str, list[str]]]:
    return [(v.id, [m.en for m in v.mismatches]) for v in found if v.mismatches]


def test_every_given_deadline_is_recomputed_exactly() -> None:
    found = list(verdicts(given()))
    assert len(found) >= 161
    assert wrong(found) == []


def test_our_own_deadlines_stay_what_they_were() -> None:
    found = list(verdicts(OWN.read_text("utf-8")))
    assert len(found) >= 60
    assert wrong(found) == []


@pytest.mark.parametrize("source", ["given", "own"])
def test_the_days_counted_are_named_one_by_one(source: str) -> None:
    text = given() if source == "given" else OWN.read_text("utf-8")
    named = {row["id"]: row["counted"] for row in csv.DictReader(text.splitlines())}
    for verdict in verdicts(text):
        assert verdict.calendar is not None
        assert verdict.deadline is not None
        items = counted(verdict.calendar, verdict.deadline)
        assert abridged(items).zh == named[verdict.id], verdict.id


def test_every_deadline_can_be_explained_in_both_languages() -> None:
    for verdict in verdicts(OWN.read_text("utf-8")):
        assert verdict.calendar is not None
        assert verdict.deadline is not None
        lines = explain(verdict.calendar, verdict.deadline)
        assert {"result", "rule", "counted", "calendar"} <= {line.part for line in lines}
        assert ("provisional" in {line.part for line in lines}) == verdict.deadline.provisional
        assert all(line.phrase.zh and line.phrase.en for line in lines)


def test_a_wrong_deadline_is_named_with_what_it_should_be() -> None:
    header, first, *_ = OWN.read_text("utf-8").splitlines()
    cells = dict(zip(header.split(","), first.split(","), strict=True))
    cells["deadline_date"] = "2031-01-01"
    (verdict,) = verdicts(f"{header}\n{','.join(cells.values())}\n")
    assert [m.en.split(" ")[0] for m in verdict.mismatches] == ["deadline_date"]
    assert "2031-01-01" in verdict.mismatches[0].zh
