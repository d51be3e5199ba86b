"""Random diagrams of nested blocks, against an interpreter of blocks that knows no tokens.

A block is a task, a sequence, a choice, a parallel or inclusive fork with its join, a loop, an
embedded sub-process or a repeated one. Whatever is nested into whatever, the open tasks must be
those that the structure says.
"""

import itertools
import random
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest

from app.engine.ports import HumanTask
from tests.engine.host import Run

DIAGRAMS = 150
STEPS = 60


@dataclass
class Data:
    """Facts as a block sees them; those of a repeated instance are its own until it ends."""

    facts: dict[str, bool]
    outer: "Data | None" = None

    def get(self, name: str) -> bool:
        if name in self.facts or self.outer is None:
            return self.facts.get(name, False)
        return self.outer.get(name)


class Block:
    """A piece of a diagram that is entered once and left once."""

    def draw(self, drawing: "Drawing", indent: str) -> tuple[str, str]:
        """Draw; returns the ids of the first and the last node."""
        raise NotImplementedError

    def enter(self, data: Data) -> "Live | None":
        """Begin; None when it is over at once."""
        raise NotImplementedError


class Live:
    """A block in progress."""

    def parts_now(self) -> list["Live"]:
        """The blocks in progress inside."""
        return []

    def open(self) -> Iterator["LiveTask"]:
        for part in self.parts_now():
            yield from part.open()

    def guards(self) -> Iterator["LiveGuard"]:
        for part in self.parts_now():
            yield from part.guards()

    def step(self, task: "LiveTask") -> bool:
        """Let the completion of `task` work through; whether the block is over."""
        raise NotImplementedError


@dataclass
class Drawing:
    lines: list[str] = field(default_factory=list)
    flows: list[tuple[str, str]] = field(default_factory=list)
    count: int = 0

    def name(self, kind: str) -> str:
        self.count += 1
        return f"{kind}{self.count}"

    def node(self, indent: str, kind: str, name: str, rest: str = "") -> None:
        self.lines.append(f"{indent}{kind} {name} {rest}".rstrip())

    def flow(self, indent: str, text: str) -> None:
        self.flows.append((indent, text))


@dataclass(eq=False)
class LiveTask(Live):
    name: str
    data: Data

    def open(self) -> Iterator["LiveTask"]:
        yield self

    def step(self, task: "LiveTask") -> bool:
        assert task is self
        return True


@dataclass
class Task(Block):
    name: str = ""

    def draw(self, drawing: Drawing, indent: str) -> tuple[str, str]:
        self.name = drawing.name("t")
        drawing.node(indent, "user", self.name)
        return self.name, self.name

    def enter(self, data: Data) -> Live:
        return LiveTask(self.name, data)


@dataclass
class LiveSequence(Live):
    blocks: list[Block]
    at: int
    now: Live
    data: Data

    def parts_now(self) -> list[Live]:
        return [self.now]

    def step(self, task: LiveTask) -> bool:
        if not self.now.step(task):
            return False
        for place in range(self.at + 1, len(self.blocks)):
            live = self.blocks[place].enter(self.data)
            if live is not None:
                self.at, self.now = place, live
                return False
        return True


@dataclass
class Sequence(Block):
    blocks: list[Block]

    def draw(self, drawing: Drawing, indent: str) -> tuple[str, str]:
        ends = [block.draw(drawing, indent) for block in self.blocks]
        for (_, last), (first, _) in itertools.pairwise(ends):
            drawing.flow(indent, f"{last} > {first}")
        return ends[0][0], ends[-1][1]

    def enter(self, data: Data) -> Live | None:
        for place, block in enumerate(self.blocks):
            live = block.enter(data)
            if live is not None:
                return LiveSequence(self.blocks, place, live, data)
        return None


@dataclass
class LiveFork(Live):
    parts: list[Live]

    def parts_now(self) -> list[Live]:
        return self.parts

    def step(self, task: LiveTask) -> bool:
        for part in self.parts:
            if task in part.open():
                if part.step(task):
                    self.parts.remove(part)
                break
        return not self.parts


@dataclass
class Fork(Block):
    """`kind` is and, or, xor; conditions c0, c1 … belong to all but the last, the default."""

    kind: str
    blocks: list[Block]
    facts: list[str] = field(default_factory=list)

    def draw(self, drawing: Drawing, indent: str) -> tuple[str, str]:
        split, join = drawing.name("split"), drawing.name("join")
        default = f"d_{split}"
        drawing.node(indent, self.kind, split, "" if self.kind == "and" else f"default={default}")
        drawing.node(indent, self.kind, join)
        self.facts = []
        for number, block in enumerate(self.blocks):
            first, last = block.draw(drawing, indent)
            if self.kind == "and":
                drawing.flow(indent, f"{split} > {first}")
            elif number == len(self.blocks) - 1:
                drawing.flow(indent, f"{default}: {split} > {first}")
            else:
                self.facts.append(drawing.name("c"))
                drawing.flow(indent, f"{split} > {first} : {self.facts[-1]}")
            drawing.flow(indent, f"{last} > {join}")
        return split, join

    def enter(self, data: Data) -> Live | None:
        if self.kind == "and":
            chosen = self.blocks
        else:
            chosen = [b for b, f in zip(self.blocks, self.facts, strict=False) if data.get(f)]
            chosen = chosen or [self.blocks[-1]]
            chosen = chosen[:1] if self.kind == "xor" else chosen
        parts = [live for live in (block.enter(data) for block in chosen) if live is not None]
        return LiveFork(parts) if parts else None


@dataclass
class LiveLoop(Live):
    block: Block
    fact: str
    data: Data
    now: Live

    def parts_now(self) -> list[Live]:
        return [self.now]

    def step(self, task: LiveTask) -> bool:
        if not self.now.step(task):
            return False
        if self.data.get(self.fact):
            live = self.block.enter(self.data)
            assert live is not None
            self.now = live
            return False
        return True


@dataclass
class Loop(Block):
    block: Block
    fact: str = ""

    def draw(self, drawing: Drawing, indent: str) -> tuple[str, str]:
        merge, split = drawing.name("merge"), drawing.name("again")
        self.fact = drawing.name("c")
        drawing.node(indent, "xor", merge)
        drawing.node(indent, "xor", split, f"default=d_{split}")
        drawing.node(indent, "xor", f"{split}_out")
        first, last = self.block.draw(drawing, indent)
        drawing.flow(indent, f"{merge} > {first}")
        drawing.flow(indent, f"{last} > {split}")
        drawing.flow(indent, f"{split} > {merge} : {self.fact}")
        drawing.flow(indent, f"d_{split}: {split} > {split}_out")
        return merge, f"{split}_out"

    def enter(self, data: Data) -> Live | None:
        live = self.block.enter(data)
        assert live is not None
        return LiveLoop(self.block, self.fact, data, live)


@dataclass
class LiveInstances(Live):
    parts: list[tuple[Live, Data]]
    waiting: list[Data]
    block: Block

    def parts_now(self) -> list[Live]:
        return [part for part, _ in self.parts]

    def step(self, task: LiveTask) -> bool:
        for entry in list(self.parts):
            part, data = entry
            if task in part.open():
                if part.step(task):
                    self.parts.remove(entry)
                    assert data.outer is not None
                    data.outer.facts.update(data.facts)
                    if self.waiting:
                        following = self.waiting.pop(0)
                        live = self.block.enter(following)
                        assert live is not None
                        self.parts.append((live, following))
                break
        return not self.parts


@dataclass
class Inside(Block):
    """A sub-process, once or several times (`times`), in parallel or one after the other."""

    block: Block
    times: int = 0
    sequential: bool = False

    def draw(self, drawing: Drawing, indent: str) -> tuple[str, str]:
        name = drawing.name("sub")
        repeated = f"times={self.times}" if self.times else ""
        drawing.node(indent, "sub", name, repeated + (" sequential" if self.sequential else ""))
        deeper = indent + "    "
        place = len(drawing.flows)
        start, end = drawing.name("s"), drawing.name("e")
        drawing.node(deeper, "start", start)
        drawing.node(deeper, "end", end)
        first, last = self.block.draw(drawing, deeper)
        drawing.flow(deeper, f"{start} > {first}")
        drawing.flow(deeper, f"{last} > {end}")
        mine = drawing.flows[place:]
        del drawing.flows[place:]
        drawing.lines += [f"{i}{text}" for i, text in mine]
        return name, name

    def enter(self, data: Data) -> Live | None:
        if not self.times:
            return self.block.enter(data)
        own = [Data({}, data) for _ in range(self.times)]
        now = own[:1] if self.sequential else own
        parts = [(live, mine) for mine in now if (live := self.block.enter(mine)) is not None]
        return LiveInstances(parts, own[len(now) :], self.block)


@dataclass(eq=False)
class LiveGuard(Live):
    guard: "Guarded"
    data: Data
    inner: Live | None
    other: Live | None = None
    beside: list[Live] = field(default_factory=list)

    def parts_now(self) -> list[Live]:
        return [part for part in (self.inner, self.other, *self.beside) if part is not None]

    def guards(self) -> Iterator["LiveGuard"]:
        if self.inner is not None:
            yield self
        yield from super().guards()

    def interrupt(self) -> None:
        self.inner = None
        self.other = self.guard.other.enter(self.data)

    def remind(self) -> None:
        self.beside.append(LiveTask(self.guard.reminder, self.data))

    def step(self, task: LiveTask) -> bool:
        if self.inner is not None and task in self.inner.open():
            if self.inner.step(task):
                self.inner = None
        elif self.other is not None and task in self.other.open():
            if self.other.step(task):
                self.other = None
        else:
            self.beside = [live for live in self.beside if live is not task]
        return not self.parts_now()


@dataclass
class Guarded(Block):
    """A sub-process with a message that interrupts it and one that opens a task beside it,
    within a sub-process of its own, which is over when all of that is.
    """

    block: Block
    other: Block
    name: str = ""
    reminder: str = ""

    def draw(self, drawing: Drawing, indent: str) -> tuple[str, str]:
        self.name, self.reminder = drawing.name("guard"), drawing.name("r")
        drawing.node(indent, "sub", f"{self.name}_around")
        deeper = indent + "    "
        place = len(drawing.flows)
        drawing.node(deeper, "start", f"{self.name}_s")
        drawing.node(deeper, "end", f"{self.name}_e")
        drawing.node(deeper, "sub", self.name)
        deepest = deeper + "    "
        drawing.node(deepest, "start", f"{self.name}_s1")
        drawing.node(deepest, "end", f"{self.name}_e1")
        first, last = self.block.draw(drawing, deepest)
        drawing.flow(deepest, f"{self.name}_s1 > {first}")
        drawing.flow(deepest, f"{last} > {self.name}_e1")
        drawing.lines += [f"{i}{text}" for i, text in drawing.flows[place:]]
        del drawing.flows[place:]
        for message, rest in (("stop", ""), ("remind", "beside")):
            drawing.node(
                deeper, "boundary", f"{self.name}_{message}",
                f"on={self.name} {rest} message={message}",
            )  # fmt: skip
        drawing.node(deeper, "user", self.reminder)
        first, last = self.other.draw(drawing, deeper)
        for text in (
            f"{self.name}_s > {self.name} > {self.name}_e",
            f"{self.name}_stop > {first}",
            f"{last} > {self.name}_e",
            f"{self.name}_remind > {self.reminder} > {self.name}_e",
        ):
            drawing.flow(deeper, text)
        drawing.lines += [f"{i}{text}" for i, text in drawing.flows[place:]]
        del drawing.flows[place:]
        return f"{self.name}_around", f"{self.name}_around"

    def enter(self, data: Data) -> Live:
        return LiveGuard(self, data, self.block.enter(data))


def make(choose: random.Random, depth: int) -> Block:
    kind = choose.choice(["task", "seq", "and", "or", "xor", "loop", "sub", "repeat", "guard"])
    if depth == 0 or kind == "task":
        return Task()
    several = [make(choose, depth - 1) for _ in range(choose.randint(2, 3))]
    match kind:
        case "seq":
            return Sequence(several)
        case "loop":
            return Loop(several[0])
        case "sub":
            return Inside(several[0])
        case "guard":
            return Guarded(several[0], several[1])
        case "repeat":
            return Inside(several[0], choose.randint(1, 3), choose.random() < 0.5)
    return Fork(kind, several)


def play(seed: int) -> tuple[int, bool]:
    choose = random.Random(seed)
    block = Sequence([make(choose, 3), make(choose, 3), Task()])
    drawing = Drawing()
    first, last = block.draw(drawing, "    ")
    drawing.lines += [f"{indent}{text}" for indent, text in drawing.flows]
    text = "\n".join(
        ["    start s", "    end e", *drawing.lines, f"    s > {first}", f"    {last} > e"]
    )
    facts = [f"c{n}" for n in range(drawing.count + 1)]
    data = Data({f: choose.random() < 0.5 for f in facts})
    run = Run(text).start(**data.facts)
    before = run.bundle.fingerprint()
    live = block.enter(data)
    token_of: dict[LiveTask, str] = {}
    for number in range(STEPS):
        assert live is not None
        expected = list(live.open())
        tasks = run.instance.describe().tasks
        assert sorted(t.element_id for t in tasks) == sorted(t.name for t in expected), (
            f"diagram {seed} after {number} steps:\n{text}"
        )
        assert not run.instance.describe().stuck
        pair(token_of, expected, tasks)
        guards = list(live.guards())
        waits = [w for w in run.instance.describe().waits if w.name == "stop"]
        assert sorted(w.element_id for w in waits) == sorted(f"{g.guard.name}_stop" for g in guards)
        if guards and choose.random() < 0.25:
            guard = choose.choice(guards)
            same = [g for g in guards if g.guard is guard.guard]
            message = choose.choice(["stop", "remind"])
            if len(same) == 1:  # which of several instances is which, only their tasks tell
                run.send(message, f"{guard.guard.name}_{message}")
                guard.interrupt() if message == "stop" else guard.remind()
            continue
        task = choose.choice(expected)
        new = {f: choose.random() < 0.4 for f in facts}
        task.data.facts.update(new)
        run.do(token_of.pop(task), **new)
        if live.step(task):
            assert run.done
            assert run.bundle.fingerprint() == before
            return number + 1, True
    return STEPS, False


def pair(
    token_of: dict[LiveTask, str], expected: list[LiveTask], tasks: tuple[HumanTask, ...]
) -> None:
    """Give each new task its token: those of one name were opened in the order of instances."""
    known = set(token_of.values())
    for name in {t.name for t in expected}:
        new = [t for t in expected if t.name == name and t not in token_of]
        tokens = [t.token for t in tasks if t.element_id == name and t.token not in known]
        token_of.update(zip(new, sorted(tokens, key=int), strict=True))


def test_random_nested_blocks_open_what_their_structure_says(say):
    steps = ended = 0
    for seed in range(DIAGRAMS):
        done, over = play(seed)
        steps += done
        ended += over
    say(f"random blocks: {DIAGRAMS} diagrams, {steps} steps compared, {ended} ran to their end")
    assert ended > DIAGRAMS // 3


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_a_walk_is_reproducible(seed):
    assert play(seed) == play(seed)
