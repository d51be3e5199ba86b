"""Every diagram of the corpus is run right or refused as meant."""

import pytest

from tests.engine.corpus.case import Case, Verdict, play
from tests.engine.corpus.cases import CASES


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.topic}: {case.name}")
def test_a_diagram_runs_as_the_standard_says_or_is_refused(case: Case) -> None:
    verdict, difference = play(case)
    assert verdict in {Verdict.RIGHT, Verdict.REFUSED}, difference


def test_the_corpus_is_large_and_its_names_are_unique() -> None:
    assert len(CASES) >= 150
    names = [(case.topic, case.name) for case in CASES]
    assert len(set(names)) == len(names)
