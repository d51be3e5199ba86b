"""Whoever moves live cases is killed in the middle, twice: every case is moved, and once."""

from pathlib import Path

from tests.design.move_many import fill, move_under_fire
from tests.office import Office

CASES = 200


def test_moves_end_complete_when_the_worker_is_killed_twice(office: Office, tmp_path: Path) -> None:
    fill(office, CASES)
    move_under_fire(office, tmp_path / "office.db", (60, 70))
    office.do(3, "reply")
    office.do(3, "approve_reply")
    assert office.waiting(3) == ["review_reply"]
