"""Every diagram of the corpus is run right or refused as meant."""

import pytest

from tests.engine.corpus.case import Case, Runs, Verdict, play
from tests.engine.corpus.cases import CASES


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.topic}: {case.name}")
def test_a_diagram_runs_as_the_standard_says_or_is_refused(case: Case) -> None:
    verdict, difference = play(case)
    assert verdict in {Verdict.RIGHT, Verdict.REFUSED}, difference


@pytest.mark.parametrize(
    "case",
    [case for case in CASES if isinstance(case, Runs)],
    ids=lambda case: f"{case.topic}: {case.name}",
)
def test_a_diagram_runs_the_same_when_saved_and_loaded_after_every_step(case: Case) -> None:
    verdict, difference = play(case, reload=True)
    assert verdict is Verdict.RIGHT, difference


def test_the_corpus_is_large_and_its_names_are_unique() -> None:
    assert len(CASES) >= 150
    names = [(case.topic, case.name) for case in CASES]
    assert len(set(names)) == len(names)
