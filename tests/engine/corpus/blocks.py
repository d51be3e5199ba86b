"""Random well-structured diagrams, and what a person expects of them, block by block.

Every block knows how it is drawn (`draw`) and how it runs (`start`), the latter in terms of
people's work only. Nothing here knows tokens or the engine.
"""

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

After = Callable[[], None]


@dataclass
class Work:
    """An open task."""

    task: str
    scope: "Scope"
    done: After


class Scope:
    """A running process or sub-process: open work, inner scopes, and when it is over."""

    def __init__(self, data: dict[str, object], over: After, outer: "Scope | None" = None) -> None:
        self.data = data
        self.over = over
        self.outer = outer
        self.work: list[Work] = []
        self.inner: list[Scope] = []
        self.messages: dict[str, After] = {}
        self.catch: After | None = None
        self.tokens = 0
        self.alive = True

    def enter(self) -> None:
        self.tokens += 1

    def leave(self) -> None:
        self.tokens -= 1
        if self.tokens == 0 and self.alive:
            self.alive = False
            self.over()

    def cancel(self) -> None:
        self.alive = False
        self.work.clear()
        self.messages.clear()
        for scope in self.inner:
            scope.cancel()
        self.inner.clear()

    def open_work(self) -> Iterator[Work]:
        yield from self.work
        for scope in self.inner:
            yield from scope.open_work()

    def open_messages(self) -> dict[str, After]:
        found = dict(self.messages)
        for scope in self.inner:
            found |= scope.open_messages()
        return found


class Drawing:
    """The lines of one scope in the corpus' notation, and whole other processes."""

    def __init__(self, processes: list[str]) -> None:
        self.lines: list[str] = []
        self.processes = processes


@dataclass
class Block:
    """A part with one way in and one way out. `id` is unique in the diagram."""

    id: str

    def draw(self, to: Drawing, after: str) -> str:
        raise NotImplementedError

    def start(self, scope: Scope, after: After) -> None:
        raise NotImplementedError


@dataclass
class Task(Block):
    def draw(self, to: Drawing, after: str) -> str:
        to.lines.append(f"user {self.id} -> {after}")
        return self.id

    def start(self, scope: Scope, after: After) -> None:
        scope.work.append(Work(self.id, scope, after))


@dataclass
class Repeated(Block):
    """A task for several people, side by side or one after the other."""

    times: int
    sequential: bool

    def draw(self, to: Drawing, after: str) -> str:
        how = "seq" if self.sequential else ""
        to.lines.append(f"user {self.id} times={self.times} {how} -> {after}")
        return self.id

    def start(self, scope: Scope, after: After) -> None:
        left = self.times

        def one_done() -> None:
            nonlocal left
            left -= 1
            if left == 0:
                after()
            elif self.sequential:
                scope.work.append(Work(self.id, scope, one_done))

        for _ in range(1 if self.sequential else self.times):
            scope.work.append(Work(self.id, scope, one_done))


@dataclass
class Sequence(Block):
    parts: list[Block]

    def draw(self, to: Drawing, after: str) -> str:
        for part in reversed(self.parts):
            after = part.draw(to, after)
        return after

    def start(self, scope: Scope, after: After) -> None:
        def run(index: int) -> None:
            if index == len(self.parts):
                after()
            else:
                self.parts[index].start(scope, lambda: run(index + 1))

        run(0)


@dataclass
class Split(Block):
    """A gateway and its join: `kind` is and, or, xor; the last branch is the default."""

    kind: str
    branches: list[Block]

    def draw(self, to: Drawing, after: str) -> str:
        split, join = f"{self.id}s", f"{self.id}j"
        entries = [branch.draw(to, join) for branch in self.branches]
        if self.kind == "and":
            to.lines.append(f"and {split} -> {', '.join(entries)}")
        else:
            ways = [f"{e} [go_{self.id}_{n}]" for n, e in enumerate(entries[:-1])]
            last = entries[-1]
            to.lines.append(f"{self.kind} {split} default={last} -> {', '.join([*ways, last])}")
        to.lines.append(f"{self.kind} {join} -> {after}")
        return split

    def start(self, scope: Scope, after: After) -> None:
        chosen = self.branches
        if self.kind != "and":
            held = [
                branch
                for number, branch in enumerate(self.branches[:-1])
                if scope.data.get(f"go_{self.id}_{number}") is True
            ] or self.branches[-1:]
            chosen = held[:1] if self.kind == "xor" else held
        left = len(chosen)

        def one_done() -> None:
            nonlocal left
            left -= 1
            scope.tokens -= 1
            if left == 0:
                scope.tokens += 1
                after()

        scope.tokens += len(chosen) - 1
        for branch in chosen:
            if scope.alive:
                branch.start(scope, one_done)


@dataclass
class Loop(Block):
    body: Block

    def draw(self, to: Drawing, after: str) -> str:
        begin, again = f"{self.id}m", f"{self.id}g"
        to.lines.append(f"xor {begin} -> {self.body.draw(to, again)}")
        to.lines.append(f"xor {again} default={after} -> {begin} [go_{self.id}], {after}")
        return begin

    def start(self, scope: Scope, after: After) -> None:
        def round_done() -> None:
            if scope.data.get(f"go_{self.id}") is True:
                self.body.start(scope, round_done)
            else:
                after()

        self.body.start(scope, round_done)


@dataclass
class Sub(Block):
    """A sub-process or called process; `boundary` is none, message, beside (not interrupting) or
    error; what follows the boundary event is one task.
    """

    body: Block
    boundary: str = "none"
    called: bool = False

    def draw(self, to: Drawing, after: str) -> str:
        inside = Drawing(to.processes)
        entry = self.body.draw(inside, f"{self.id}e")
        inside.lines += [f"start {self.id}b -> {entry}", f"end {self.id}e"]
        out = after if self.boundary in {"none", "beside"} else f"{self.id}x"
        if self.called:
            to.lines.append(f"call {self.id} of={self.id}q -> {out}")
            to.processes.append("\n".join([f"process {self.id}q", *inside.lines]))
        else:
            to.lines += [f"sub {self.id} -> {out} {{", *inside.lines, "}"]
        on = f"boundary {self.id}v on={self.id}"
        match self.boundary:
            case "message":
                to.lines.append(f"{on} message={self.id}m -> {self.id}h")
            case "error":
                to.lines.append(f"{on} error={self.id}c -> {self.id}h")
            case "beside":
                to.lines.append(f"{on} non message={self.id}m -> {self.id}h")
                to.lines += [f"user {self.id}h -> {self.id}z", f"end {self.id}z"]
        if out != after:
            to.lines += [f"user {self.id}h -> {out}", f"xor {out} -> {after}"]
        return self.id

    def start(self, scope: Scope, after: After) -> None:
        def over() -> None:
            close()
            if self.called:
                scope.data.update(inner.data)
            after()

        def close() -> None:
            scope.messages.pop(f"{self.id}m", None)
            if inner in scope.inner:
                scope.inner.remove(inner)

        def interrupted() -> None:
            close()
            inner.cancel()
            scope.work.append(Work(f"{self.id}h", scope, after))

        def beside() -> None:
            scope.enter()
            scope.work.append(Work(f"{self.id}h", scope, scope.leave))

        inner = Scope(dict(scope.data) if self.called else scope.data, over, scope)
        scope.inner.append(inner)
        if self.boundary == "message":
            scope.messages[f"{self.id}m"] = interrupted
        elif self.boundary == "beside":
            scope.messages[f"{self.id}m"] = beside
        elif self.boundary == "error":
            inner.catch = interrupted
        inner.enter()
        self.body.start(inner, inner.leave)


@dataclass
class Stop(Block):
    """A terminate end event: nothing comes after it."""

    def draw(self, to: Drawing, after: str) -> str:
        to.lines.append(f"end {self.id} terminate")
        return self.id

    def start(self, scope: Scope, after: After) -> None:
        scope.cancel()
        scope.over()


@dataclass
class Fail(Block):
    """An error end event with the code of the sub-process that catches it."""

    code: str

    def draw(self, to: Drawing, after: str) -> str:
        to.lines.append(f"end {self.id} error={self.code}")
        return self.id

    def start(self, scope: Scope, after: After) -> None:
        catching: Scope | None = scope
        while catching is not None and catching.catch is None:
            catching = catching.outer
        assert catching is not None
        assert catching.catch is not None
        catching.catch()


@dataclass
class Builder:
    """Draws blocks at random."""

    rng: random.Random
    count: int = 0
    variables: list[str] = field(default_factory=list)

    def name(self) -> str:
        self.count += 1
        return f"n{self.count}"

    def block(self, depth: int, code: str | None = None, *, stops: bool = False) -> Block:
        """A block; where `code` is given, an error of that code would be caught around it."""
        roll = self.rng.random()
        if depth == 0 or roll < 0.2:
            return self.task()
        if roll < 0.4:
            return Sequence("", [self.block(depth - 1, code) for _ in range(2)])
        if roll < 0.65:
            return self.split(depth, code, stops=stops)
        if roll < 0.75:
            loop = Loop(self.name(), self.block(depth - 1, code))
            self.variables.append(f"go_{loop.id}")
            return loop
        return self.sub(depth, code)

    def task(self) -> Block:
        if self.rng.random() < 0.2:
            return Repeated(self.name(), self.rng.randint(1, 3), self.rng.random() < 0.5)
        return Task(self.name())

    def split(self, depth: int, code: str | None, *, stops: bool) -> Block:
        split = Split(self.name(), self.rng.choice(["and", "or", "xor"]), [])
        split.branches = [self.block(depth - 1, code) for _ in range(self.rng.randint(2, 3))]
        self.variables += [f"go_{split.id}_{n}" for n in range(len(split.branches) - 1)]
        if stops and self.rng.random() < 0.5:
            ending = Fail(self.name(), code) if code else Stop(self.name())
            split.branches[0] = Sequence("", [self.task(), ending])
        return split

    def sub(self, depth: int, code: str | None) -> Block:
        name = self.name()
        boundary = self.rng.choice(["none", "message", "beside", "error"])
        inner = f"{name}c" if boundary == "error" else code
        body = self.block(depth - 1, inner, stops=True)
        called = self.rng.random() < 0.3
        return Sub(name, body, boundary, called)


def diagram_text(root: Block) -> str:
    """The whole diagram in the corpus' notation."""
    drawing = Drawing([])
    entry = root.draw(drawing, "theend")
    lines = ["process p", f"start thestart -> {entry}", *drawing.lines, "end theend"]
    return "\n".join([*lines, *drawing.processes])
