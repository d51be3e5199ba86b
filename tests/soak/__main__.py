"""Three years of a random office: `make soak ORDERS=20000 SEED=1`; tells what was found.

Its state is kept in `var/soak/SEED-ORDERS/` at the end of every n-th virtual day: the database and
what the life remembers. Started again, it goes on from there, with the code, schema and diagrams of
now, as an office does after a release: what was found on day 600 is mended, and day 590 comes
again. `--fresh` begins anew.
"""

import argparse
import shutil
import sqlite3
import sys
import tempfile
import time
from contextlib import closing
from pathlib import Path

from app.core import migrating
from app.core.db import make_engine
from app.office import publish_shipped
from tests.office import Office
from tests.soak.life import Fault, Life

DAYS = 3 * 365
KEPT = Path("var/soak")
SHARED_MEMORY = Path("/dev/shm")


def main() -> int:
    """Live; 1 when something was found that must not be."""
    given = _given()
    begun = time.monotonic()
    kept = KEPT / f"{given.seed}-{given.orders}"
    if given.fresh:
        shutil.rmtree(kept, ignore_errors=True)
    in_memory = SHARED_MEMORY if SHARED_MEMORY.is_dir() else None
    folder = Path(tempfile.mkdtemp(prefix="jieban-soak-", dir=in_memory))

    def each_day(words: str) -> bool:
        spent, faults = time.monotonic() - begun, life.tally.faults.total()
        print(f"{words} in {spent:.0f} s, faults {faults}", flush=True)
        if life.day % given.keep_every == 0:
            _keep(life, folder / "office.db", kept)
        return bool(spent < given.seconds)

    def note(words: str) -> None:
        with given.keep_going.open("a", encoding="utf-8") as notes:
            notes.write(f"{words}\n\n")

    try:
        remembered = _go_back_to(kept, folder / "office.db")
        office = Office(make_engine(f"sqlite:///{folder}/office.db"))
        migrating.upgrade(office.database)
        if remembered is None:
            office.found()
        note_faults = note if given.keep_going else None
        life = Life(office, given.seed, kept / "files", note_faults, remembered=remembered)
        if remembered is not None:
            publish_shipped(office.sessions, office.now)
            print(f"goes on after day {life.day}")
        try:
            life.live(given.orders, given.days, each_day)
        except Fault as fault:
            print(f"\n{fault}", file=sys.stderr)
            return 1
        finally:
            print("\n".join(life.tally.lines()))
            office.database.dispose()
        return int(bool(life.tally.faults))
    finally:
        shutil.rmtree(folder)


def _given() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
    parser.add_argument("--orders", type=int, default=2000, help="how many demands arrive")
    parser.add_argument("--days", type=int, default=DAYS, help="in how many days (three years)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=float("inf"), help="end after so long")
    parser.add_argument("--keep-going", type=Path, help="note faults in this file, and go on")
    parser.add_argument("--keep-every", type=int, default=20, help="virtual days between states")
    parser.add_argument("--fresh", action="store_true", help="forget the state that was kept")
    return parser.parse_args()


def _keep(life: Life, database: Path, kept: Path) -> None:
    """Copy the database, its log included; the state before is given up once this one is whole."""
    fresh = kept / "next"
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(parents=True)
    with (
        closing(sqlite3.connect(database)) as source,
        closing(sqlite3.connect(fresh / "office.db")) as copy,
    ):
        source.backup(copy)
    (fresh / "life").write_bytes(life.remembered())
    shutil.rmtree(kept / "last", ignore_errors=True)
    fresh.rename(kept / "last")


def _go_back_to(kept: Path, database: Path) -> bytes | None:
    """Put the database back as it was kept last; what the life remembered then."""
    if not (kept / "last").is_dir():
        return None
    shutil.copy(kept / "last" / "office.db", database)
    return (kept / "last" / "life").read_bytes()


if __name__ == "__main__":
    sys.exit(main())
