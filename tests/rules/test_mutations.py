"""A slip in a shipped table does not go unnoticed: the checker or an example catches it."""

import random
from pathlib import Path

from app.decisions.checks.checker import check
from app.decisions.checks.findings import is_clean
from app.decisions.examples import read_examples, run_on
from tests.rules.mutations import Mutant, changes_meaning, delete, double, mutate, shift

RULES = Path(__file__).resolve().parents[2] / "rules"
TABLES = sorted(RULES.rglob("*.dmn"))
WANTED = 100


def test_a_hundred_of_a_hundred_mutations_that_change_meaning_are_caught() -> None:
    choice = random.Random(12345)
    tried = 0
    by_checker = 0
    changing: list[str] = []
    missed: list[str] = []
    while len(changing) < WANTED:
        change = (delete, double, shift)[len(changing) % 3]
        table = choice.choice(TABLES)
        mutant = mutate(table.read_bytes(), change, choice)
        if mutant is None:
            continue
        tried += 1
        if not changes_meaning(table.read_bytes(), mutant, choice):
            continue
        name = f"{table.relative_to(RULES)} {mutant.what}"
        changing.append(name)
        if _caught_by_checker(mutant):
            by_checker += 1
        elif not _caught_by_examples(table, mutant):
            missed.append(name)
    print(
        f"\n{tried} mutations, {len(changing)} change meaning: {by_checker} caught by the checker,"
        f" {len(changing) - by_checker - len(missed)} by examples, {len(missed)} missed"
    )
    assert missed == []


def _caught_by_checker(mutant: Mutant) -> bool:
    return bool(mutant.model.problems) or not is_clean(check(mutant.model))


def _caught_by_examples(table: Path, mutant: Mutant) -> bool:
    """Whether an example says something else; that rows have other numbers now does not count."""
    examples = [
        {key: value for key, value in example.items() if key != "row"}
        for example in read_examples(table)
    ]
    return bool(run_on(mutant.model, examples).failures)
