"""Running scenarios for a page: the same is not run twice at once."""

import pytest

from app.core.db import Sessions
from app.design import trying
from app.design.trying import Report
from tests.design.desk import UNTRIED, Workshop


def test_what_is_being_run_is_known_and_its_report_is_kept(
    workshop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[bool] = []

    def is_under_way(only: str) -> bool:
        with workshop.reading() as session:
            return trying.under_way(session, only={only})

    def slowly(_sessions: Sessions, *_rest: object) -> Report:
        asked.extend(map(is_under_way, ("promise", "extension")))
        return UNTRIED

    monkeypatch.setattr(trying, "_run_all", slowly)
    for _ in range(2):
        report = trying.run_all(workshop.office.sessions, workshop.office.now, only={"promise"})
        assert report is UNTRIED
    assert asked == [True, False]  # the second time nothing was run
    assert not is_under_way("promise")
