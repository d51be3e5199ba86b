"""`python -m bench`: measure, print, write."""

import argparse
import os
import sys
from pathlib import Path

from app.settings import VAR
from bench import shipped, thin, timers, worktime
from bench.databases import fsync_ms, postgres_server, sqlite_files
from bench.figures import Figures

OUTPUT = VAR / "bench.json"
SERIES = {"thin": thin, "timers": timers, "shipped": shipped}


def main() -> None:
    """Run the series asked for."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a few rounds, to see that it runs")
    parser.add_argument("--only", choices=("thin", "shipped", "timers", "worktime"))
    parser.add_argument("--output", type=Path, default=OUTPUT)
    given = parser.parse_args()
    figures = Figures()
    figures.put("machine_cores", os.cpu_count())
    figures.put("machine_load_before", os.getloadavg()[0])
    figures.put("machine_fsync_ms", fsync_ms())
    series = [given.only] if given.only else ["worktime", *SERIES]
    for name in series:
        print(f"measuring {name} …", file=sys.stderr, flush=True)
        if name == "worktime":
            worktime.measure(figures, quick=given.quick)
            continue
        with sqlite_files() as sqlite, postgres_server() as postgres:
            SERIES[name].measure(figures, sqlite, postgres, quick=given.quick)
    print(figures.table())
    figures.write(given.output)


if __name__ == "__main__":
    main()
