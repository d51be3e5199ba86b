"""Plays the whole corpus: `python -m tests.engine.corpus.report`.

Prints how many diagrams were accepted, refused and right; the exit status is 1 unless every case
ended as it must.
"""

import sys
from collections import Counter

from tests.engine.corpus.case import Refused, Verdict, play
from tests.engine.corpus.cases import CASES


def main() -> int:
    verdicts: Counter[Verdict] = Counter()
    for case in CASES:
        verdict, difference = play(case)
        verdicts[verdict] += 1
        if verdict not in {Verdict.RIGHT, Verdict.REFUSED}:
            print(f"{verdict}: {case.topic}: {case.name}: {difference}")
    refused_cases = sum(isinstance(case, Refused) for case in CASES)
    print(f"diagrams          {len(CASES):4}")
    accepted = len(CASES) - refused_cases
    right, meant = verdicts[Verdict.RIGHT], verdicts[Verdict.REFUSED]
    print(f"accepted          {accepted:4}  of these right {right}")
    print(f"refused           {refused_cases:4}  of these as meant {meant}")
    for verdict in (
        Verdict.WRONG, Verdict.FAILED, Verdict.WRONGLY_REFUSED, Verdict.WRONGLY_ACCEPTED,
    ):  # fmt: skip
        print(f"{verdict:17} {verdicts[verdict]:4}")
    return 0 if right + meant == len(CASES) else 1


if __name__ == "__main__":
    sys.exit(main())
