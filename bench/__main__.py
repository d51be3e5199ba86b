"""`python -m bench`: measure, print, write."""

import argparse
import os
from pathlib import Path

from app.settings import VAR
from bench import decisions, replay, shipped, thin, timers, watching, worktime
from bench.databases import fsync_ms, postgres_server, sqlite_files
from bench.figures import Figures

OUTPUT = VAR / "bench.json"
SERIES = {
    "thin": thin,
    "timers": timers,
    "shipped": shipped,
    "watching": watching,
    "replay": replay,
}
PURE = {"worktime": worktime, "decisions": decisions}


def main() -> None:
    """Run the series asked for."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a few rounds, to see that it runs")
    parser.add_argument("--only", choices=(*PURE, *SERIES))
    parser.add_argument("--output", type=Path, default=OUTPUT)
    given = parser.parse_args()
    whole = Figures()
    whole.put("machine_cores", os.cpu_count())
    whole.put("machine_load_before", os.getloadavg()[0])
    whole.put("machine_fsync_ms", fsync_ms())
    print(whole.table())
    for name in [given.only] if given.only else [*PURE, *SERIES]:
        print(f"\n{name}", flush=True)
        figures = Figures()
        if name in PURE:
            PURE[name].measure(figures, quick=given.quick)
        else:
            with sqlite_files() as sqlite, postgres_server() as postgres:
                SERIES[name].measure(figures, sqlite, postgres, quick=given.quick)
        print(figures.table(), flush=True)
        whole.values |= figures.values
        whole.write(given.output)


if __name__ == "__main__":
    main()
