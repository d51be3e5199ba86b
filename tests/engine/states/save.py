"""Saves states of this release: `python -m tests.engine.states.save RELEASE`.

Run once per release whose format is new; files of earlier releases are never touched, for every
later release must load and finish them.
"""

import json
import sys
from pathlib import Path

from tests.engine.builder import document, process
from tests.engine.host import Run
from tests.engine.test_kernel import COHANDLING, HANDLING, INCLUSIVE_LOOP, PARALLEL_LOOP
from tests.engine.test_walks import HOTLINE, RACE

CALLER = """
    start s
    and fork
    call co process=p1
    user a
    and join
    user after
    end e
    s > fork
    fork > co > join
    fork > a > join
    join > after > e
"""
CALLED = "start s1\nuser inner\ncatch pause duration=P1D\nend e1\ns1 > inner > pause > e1"
CLOCKS = """
    start s
    user work
    boundary red on=work beside date=clock(n,r)
    boundary tick on=work beside cycle=R5/PT12H
    service remind call=remind
    user late
    end e
    s > work > e
    red > late > e
    tick > remind > e
"""
LOOPED = """
    start s
    user ask while="reached = false" max=3
    user each_one each=people as=who collect=answer into=answers sequential
    end e
    s > ask > each_one > e
"""

Steps = list[tuple[str, str, dict[str, object]]]
CASES: dict[str, tuple[tuple[str, ...], dict[str, object], Steps, Steps]] = {
    "hotline_in_its_sub_process": (
        (HOTLINE,), {"refused": False, "rejected": True, "agreed": True},
        [("do", "register", {}), ("do", "dispatch", {}), ("do", "sign", {}),
         ("do", "contact", {}), ("wait", "100", {})],
        [("do", "reply", {"rejected": False}), ("do", "approve", {}), ("do", "warn", {}),
         ("do", "review", {}), ("do", "callback", {})],
    ),
    "waiting_at_a_parallel_join": (
        (PARALLEL_LOOP,), {"more": True},
        [("do", "a", {}), ("do", "b", {}), ("do", "b", {})],
        [("do", "a", {"more": False})],
    ),
    "waiting_at_an_inclusive_join": (
        (INCLUSIVE_LOOP,), {"pa": True, "pb": True, "more": False},
        [("do", "a", {})],
        [("do", "b", {})],
    ),
    "instances_of_a_sub_process": (
        (COHANDLING,), {"units": ["water", "power"]},
        [("wait", "25", {})],
        [("do", "urge", {}), ("send", "stop", {}), ("do", "stopped", {})],
    ),
    "race_of_events": (
        (RACE,), {"more": False},
        [("do", "prepare", {})],
        [("wait", "80", {}), ("do", "urge", {})],
    ),
    "called_process_and_timer": (
        (CALLER, CALLED), {"typename": {"$at": "x"}},
        [("do", "inner", {}), ("do", "a", {})],
        [("wait", "30", {}), ("do", "after", {})],
    ),
    "clock_and_cycle": (
        (CLOCKS,), {"n": "handling", "r": "red"},
        [("wait", "30", {})],
        [("wait", "48", {}), ("do", "work", {})],
    ),
    "loops": (
        (LOOPED,), {"people": ["a", "b"]},
        [("do", "ask", {"reached": False}), ("do", "ask", {"reached": True}),
         ("do", "each_one", {"answer": 1})],
        [("do", "each_one", {"answer": 2})],
    ),
    "boundaries_of_every_kind": (
        (HANDLING,), {"amount": 0.5},
        [("send", "ping", {})],
        [("do", "answer_ping", {}), ("do", "contact", {}), ("do", "reply", {}),
         ("do", "review", {})],
    ),
}  # fmt: skip


def play(run: Run, steps: Steps) -> None:
    for verb, what, data in steps:
        match verb:
            case "do":
                run.do(what, **data)
            case "send":
                run.send(what, **data)
            case "wait":
                run.wait(hours=float(what))


def save(folder: Path) -> None:
    folder.mkdir(exist_ok=True)
    for name, (texts, data, before, after) in CASES.items():
        run = Run(*texts).start(**data)
        play(run, before)
        files = [document(process(f"p{i or ''}", text)).decode() for i, text in enumerate(texts)]
        content = {
            "diagrams": files,
            "state": run.instance.dump().decode(),
            "now": run.now.isoformat(),
            "open": run.open,
            "finish": after,
        }
        path = folder / f"{name}.json"
        path.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    save(Path(__file__).parent / sys.argv[1])
