"""Three years of a random office: `make soak ORDERS=20000`, with progress and what was found."""

import argparse
import shutil
import sys
import tempfile
import time
from pathlib import Path

from app.core.db import make_engine
from tests.office import Office
from tests.soak.life import Fault, Life

DAYS = 3 * 365
SHARED_MEMORY = Path("/dev/shm")


def main() -> int:
    """Live; 1 when something was found that must not be."""
    parser = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
    parser.add_argument("--orders", type=int, default=2000, help="how many demands arrive")
    parser.add_argument("--days", type=int, default=DAYS, help="in how many days (three years)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=float("inf"), help="end after so long")
    parser.add_argument("--keep-going", type=Path, help="note faults in this file, and go on")
    given = parser.parse_args()
    begun = time.monotonic()
    in_memory = SHARED_MEMORY if SHARED_MEMORY.is_dir() else None
    folder = Path(tempfile.mkdtemp(prefix="jieban-soak-", dir=in_memory))
    office = Office(make_engine(f"sqlite:///{folder}/office.db"))

    def each_day(words: str) -> bool:
        spent = time.monotonic() - begun
        print(
            f"\r{words} in {spent:.0f} s, faults {life.tally.faults.total()} ", end="", flush=True
        )
        return bool(spent < given.seconds)

    def keep(words: str) -> None:
        with given.keep_going.open("a", encoding="utf-8") as notes:
            notes.write(f"{words}\n\n")

    try:
        office.found()
        life = Life(office, given.seed, folder / "files", keep if given.keep_going else None)
        try:
            life.live(given.orders, given.days, each_day)
        except Fault as fault:
            print(f"\n{fault}", file=sys.stderr)
            return 1
        finally:
            print()
            print("\n".join(life.tally.lines()))
        return int(bool(life.tally.faults))
    finally:
        office.database.dispose()
        shutil.rmtree(folder)


if __name__ == "__main__":
    sys.exit(main())
