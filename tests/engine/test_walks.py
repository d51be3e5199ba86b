"""Random walks: thousands of steps over diagrams that are known to be hard.

Each step checks invariants: save and load change nothing, tokens and rows agree, the process is
never stuck, ids are never used again, the size of the state stays bounded. Where SpiffWorkflow is
right, every step is compared with it; elsewhere with a model of the diagram written by hand.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from tests.engine.host import Run
from tests.engine.stock import Stock
from tests.engine.test_kernel import PARALLEL_LOOP

WALKS = 40
STEPS = 40

HOTLINE = """
    start s
    user register
    xor accepted default=yes
    user refuse
    user dispatch
    xor to_sign
    user sign
    sub handle
        start s1
        user contact
        xor to_reply
        user reply
        user approve
        xor ok default=up
        end e1
        s1 > contact > to_reply > reply > approve > ok
        ok > to_reply : rejected
        up: ok > e1
    boundary yellow on=handle beside duration=P4D
    boundary red on=handle beside duration=P5D
    boundary returned on=handle message=send_back
    user warn
    user mark
    user decide
    xor upheld default=not_upheld
    user review
    xor passed default=fine
    user callback
    end e
    s > register > accepted
    accepted > refuse : refused
    refuse > e
    yes: accepted > dispatch > to_sign > sign > handle > review > passed
    passed > to_sign : rejected
    fine: passed > callback > e
    yellow > warn > e
    red > mark > e
    returned > decide > upheld
    upheld > dispatch : agreed
    not_upheld: upheld > to_sign
"""
# The dispatch after a return goes through a merge of its own.
HOTLINE = (
    HOTLINE.replace("accepted > dispatch", "accepted > to_dispatch > dispatch")
    .replace("upheld > dispatch", "upheld > to_dispatch")
    .replace("    user dispatch\n", "    xor to_dispatch\n    user dispatch\n")
)

NESTED = """
    start s
    sub outer
        start s1
        and fork
        sub inner
            start s2
            user a
            user b
            end e2
            s2 > a > b > e2
        boundary inner_late on=inner duration=P2D
        user c
        user d
        and join
        end e1
        s1 > fork
        fork > inner > join
        fork > c > join
        join > d > e1
        inner_late > late_inner > join2
        user late_inner
        end join2
    boundary outer_late on=outer duration=P6D
    boundary remind on=outer beside duration=P1D
    user reminded
    user late_outer
    user after
    end e
    s > outer > after > e
    outer_late > late_outer > e
    remind > reminded > e
"""
NESTED = NESTED.replace(" > join2", " > end_late").replace("end join2", "end end_late")

COHANDLING = """
    start s
    user split
    sub co times=3
        start s1
        user ask
        user check
        end e1
        s1 > ask > check > e1
    user sum_up
    xor again default=out
    end e
    s > to_split
    xor to_split
    to_split > split > co > sum_up > again
    again > to_split : more
    out: again > e
"""

RACE = """
    start s
    xor round
    user prepare
    race r
    catch answer message=answer
    catch refusal message=refusal
    catch late duration=P3D
    user handle
    user refuse
    user urge
    xor again default=out
    end e
    s > round > prepare > r
    r > answer > handle > again
    r > refusal > refuse > again
    r > late > urge > again
    again > round : more
    out: again > e
"""


@dataclass
class Counts:
    walks: int = 0
    steps: int = 0
    comparisons: int = 0


COUNTS: dict[str, Counts] = {}


@pytest.fixture(scope="module", autouse=True)
def print_counts(say):
    yield
    for name, counts in COUNTS.items():
        say(
            f"walks of {name}: {counts.walks} walks, {counts.steps} steps, "
            f"{counts.comparisons} comparisons"
        )


@dataclass
class Walk:
    """One walk of ours beside one of something else that says what must be open."""

    name: str
    text: str
    seed: int
    facts: tuple[str, ...]
    messages: tuple[str, ...] = ()
    oracle: Callable[[], "Oracle"] | None = None
    days: tuple[int, ...] = ()
    counts: Counts = field(init=False)

    def go(self) -> None:
        choose = random.Random(self.seed)
        self.counts = COUNTS.setdefault(self.name, Counts())
        self.counts.walks += 1
        given = dict.fromkeys(self.facts, False)
        run = Run(self.text).start(**given)
        other = self.oracle() if self.oracle else Stock(self.text)
        other.start(**given)
        seen: set[str] = set()
        sizes: list[int] = []
        for _ in range(STEPS):
            self.check(run, other, seen)
            if run.done:
                return
            facts = {f: choose.random() < (0.9 if f == "more" else 0.6) for f in self.facts}
            what = choose.random()
            sendable = [m for m in self.messages if m in run.waits]
            if self.days and what < 0.15:
                hours = choose.choice(self.days) * 24 + 1
                run.wait(hours=hours)
                other.wait(hours=hours)
            elif sendable and (what < 0.3 or not run.open):
                message = choose.choice(sendable)
                run.send(message)
                other.send(message)
            elif run.open:
                task = choose.choice(run.open).partition("/")[0]
                token = next(t.token for t in run.instance.describe().tasks if t.element_id == task)
                run.do(token, **facts)
                other.do(task, **facts)
            else:
                run.wait(hours=24 * 9)
                other.wait(hours=24 * 9)
            self.counts.steps += 1
            sizes.append(len(run.instance.dump()))
        assert max(sizes) < 3_000

    def check(self, run: Run, other: "Oracle | Stock", seen: set[str]) -> None:
        opened = [task.partition("/")[0] for task in run.open]
        assert sorted(opened) == other.open, (self.name, self.seed, run.trace[-8:])
        assert run.done == other.done, (self.name, self.seed)
        self.counts.comparisons += 1
        described = run.instance.describe()
        assert not described.stuck
        new = {t.token for outcome in run.recent for t in outcome.opened}
        assert not new & seen
        seen |= new
        run.recent.clear()
        assert {t.token for t in described.tasks} <= seen
        live = [t.token for t in described.tokens]
        assert len(live) == len(set(live))


class Oracle:
    """What must be open, worked out by hand for one diagram."""

    def start(self, **facts: bool) -> None:
        raise NotImplementedError

    open: list[str]
    done = False

    def do(self, task: str, **facts: bool) -> None:
        raise NotImplementedError

    def send(self, message: str) -> None:
        raise NotImplementedError

    def wait(self, *, hours: float) -> None:
        del hours


class ParallelRounds(Oracle):
    """PARALLEL_LOOP: both branches once per round."""

    def start(self, **facts: bool) -> None:
        del facts
        self.open = ["a", "b"]

    def do(self, task: str, **facts: bool) -> None:
        self.open.remove(task)
        if not self.open:
            self.done = not facts["more"]
            self.open = [] if self.done else ["a", "b"]


INCLUSIVE = """
    start s
    xor round
    user plan
    or fork default=none
    user a
    user b
    user c
    user d
    xor side default=short
    or join
    xor again default=out
    end e
    s > round > plan > fork
    fork > a : pa
    fork > b : pb
    none: fork > d
    a > side
    side > c : pc
    short: side > join
    c > join
    b > join
    d > join
    join > again
    again > round : more
    out: again > e
"""


class InclusiveRounds(Oracle):
    """INCLUSIVE: what was chosen, a detour over c, and a join that waits for all of it."""

    def start(self, **facts: bool) -> None:
        del facts
        self.open = ["plan"]

    def do(self, task: str, **facts: bool) -> None:
        self.open.remove(task)
        if task == "plan":
            self.open = [t for t, fact in (("a", "pa"), ("b", "pb")) if facts[fact]] or ["d"]
        elif task == "a" and facts["pc"]:
            self.open = sorted([*self.open, "c"])
        elif not self.open:
            self.done = not facts["more"]
            self.open = [] if self.done else ["plan"]


class RaceRounds(Oracle):
    """RACE: one winner per round."""

    def start(self, **facts: bool) -> None:
        del facts
        self.open = ["prepare"]
        self.left = 0.0

    def do(self, task: str, **facts: bool) -> None:
        if task == "prepare":
            self.open, self.left = [], 72.0
        else:
            self.done = not facts["more"]
            self.open = [] if self.done else ["prepare"]

    def send(self, message: str) -> None:
        self.open = ["handle" if message == "answer" else "refuse"]

    def wait(self, *, hours: float) -> None:
        if not self.open and not self.done:
            self.left -= hours
            if self.left <= 0:
                self.open = ["urge"]


class CohandlingRounds(Oracle):
    """COHANDLING: three instances of two steps each per round, each at its own pace."""

    def start(self, **facts: bool) -> None:
        del facts
        self.open = ["split"]

    def do(self, task: str, **facts: bool) -> None:
        self.open.remove(task)
        match task:
            case "split":
                self.open = ["ask"] * 3
            case "ask":
                self.open = sorted([*self.open, "check"])
            case "check" if not self.open:
                self.open = ["sum_up"]
            case "sum_up":
                self.done = not facts["more"]
                self.open = [] if self.done else ["split"]


DIAGRAMS = {
    "hotline": {"text": HOTLINE, "facts": ("refused", "rejected", "agreed"),
                    "messages": ("send_back",), "days": (1, 2, 5)},
    "parallel in a loop": {"text": PARALLEL_LOOP, "facts": ("more",), "oracle": ParallelRounds},
    "inclusive in a loop": {"text": INCLUSIVE, "facts": ("pa", "pb", "pc", "more"),
                                "oracle": InclusiveRounds},
    "nested sub-processes with boundary timers": {"text": NESTED, "facts": (), "days": (1, 2, 3)},
    "multi-instance co-handling": {"text": COHANDLING, "facts": ("more",),
                                       "oracle": CohandlingRounds},
    "event-based gateway": {"text": RACE, "facts": ("more",), "messages": ("answer", "refusal"),
                                "days": (1, 2), "oracle": RaceRounds},
}  # fmt: skip


@pytest.mark.parametrize("name", DIAGRAMS)
def test_random_walks_keep_the_invariants(name):
    for seed in range(WALKS):
        Walk(name=name, seed=seed, **DIAGRAMS[name]).go()


def test_ten_thousand_loops_cost_what_the_first_cost():
    run = Run(HOTLINE, keep=True).start(refused=False, rejected=False, agreed=False)
    run.do("register", refused=False)
    run.do("dispatch")
    sizes = set()
    for number in range(10_000):
        run.do("sign")
        run.send("send_back")
        run.do("decide", agreed=False)
        run.trace.clear()
        if number % 1_000 == 0:
            sizes.add(len(run.instance._net.tasks))
            saved = run.instance.dump()
            assert len(saved) < 400
            assert run.open == ["sign"]
    assert len(sizes) == 1
    run.do("sign").do("contact").do("reply").do("approve").do("review", rejected=False)
    run.do("callback")
    assert run.done
