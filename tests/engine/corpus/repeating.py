# ruff: noqa: E501 - a play or a diagram is one text, however long
"""Multi-instance activities, standard loops, and loops drawn with gateways."""

from tests.engine.corpus.case import Case, Runs

_EACH = """
start s -> a
user a each=units as=unit collect=answer into=answers -> b
user b -> e
end e
"""
_LOOP = """
start s -> m
xor m -> f
and f -> a, b
user a -> j
user b -> j
and j -> c
user c -> g
xor g default=e -> m [again], e
end e
"""
_OR_LOOP = """
start s -> m
xor m -> f
or f default=z -> a [both], b [one], z
user a -> j
user b -> j
service z call=[x] -> j
or j -> c
user c -> g
xor g default=e -> m [again], e
end e
"""

CASES: list[Case] = [
    Runs(
        "one task for each of a list",
        _EACH,
        "start {units: [x, y, z]} | a a a\na#2 {answer: 2} | a a\na#1 {answer: 1} | a\n"
        "a#3 {answer: 3} | b = {answers: [1, 2, 3]}\nb | done",
    ),
    Runs("an empty list is passed at once", _EACH, "start {units: []} | b\nb | done"),
    Runs("a list of one", _EACH, "start {units: [x]} | a\na {answer: k} | b = {answers: [k]}"),
    Runs("what is no list is a failed step", _EACH, "start {units: 5} | !"),
    Runs(
        "one task after the other",
        _EACH.replace("as=unit", "as=unit seq"),
        "start {units: [x, y]} | a\na {answer: 1} | a\na {answer: 2} | b = {answers: [1, 2]}",
    ),
    Runs(
        "an empty list is passed one after the other too",
        _EACH.replace("as=unit", "as=unit seq"),
        "start {units: []} | b\nb | done",
    ),
    Runs(
        "each service sees its own item",
        """
        start s -> w
        service w each=units as=unit collect=out into=outs call=[x] give=[u=unit] keep=[out] -> a
        user a -> e
        end e
        """,
        "start {units: [k, l]} | a > w w w = {outs: [1, 2]}\na | done",
        answers={"w": [{"out": 1}, {"out": 2}]},
    ),
    Runs(
        "each service sees its own item, one after the other",
        """
        start s -> w
        service w each=units as=unit seq collect=out into=outs call=[x] give=[u=unit] keep=[out] -> a
        user a -> e
        end e
        """,
        "start {units: [k, l]} | a > w w w = {outs: [1, 2]}\na | done",
        answers={"w": [{"out": 1}, {"out": 2}]},
    ),
    Runs(
        "a number of times",
        "start s -> a\nuser a times=[n] -> e\nend e",
        "start {n: 2} | a a\na#2 | a\na | done",
    ),
    Runs("no times at all", "start s -> a\nuser a times=0 -> e\nend e", "start | done > e"),
    Runs(
        "a number of times, one after the other",
        "start s -> a\nuser a times=3 seq -> e\nend e",
        "start | a\na | a\na | a\na | done",
    ),
    Runs(
        "a completion condition ends the remaining instances",
        "start s -> a\nuser a times=3 until=[found] -> b\nuser b -> e\nend e",
        "start | a a a\na#2 {found: true} | b\na#1 | !",
    ),
    Runs(
        "a completion condition that never holds waits for all",
        "start s -> a\nuser a times=2 until=[found] -> b\nuser b -> e\nend e",
        "start | a a\na#2 {found: false} | a\na | b",
    ),
    Runs(
        "a completion condition ends the sequence",
        "start s -> a\nuser a times=5 seq until=[found] -> b\nuser b -> e\nend e",
        "start | a\na {found: false} | a\na {found: true} | b\nb | done",
    ),
    Runs(
        "one sub-process for each of a list",
        """
        start s -> h
        sub h each=units as=unit -> b {
          start hs -> a
          user a -> c
          user c -> he
          end he
        }
        user b -> e
        end e
        """,
        "start {units: [x, y]} | a a\na#2 | a c\nc | a > he\na | c\nc | b > he\nb | done",
    ),
    Runs(
        "parallel gateways inside repeated sub-processes do not mix",
        """
        start s -> h
        sub h each=units as=unit -> e {
          start hs -> f
          and f -> a, b
          user a -> j
          user b -> j
          and j -> c
          user c -> he
          end he
        }
        end e
        """,
        "start {units: [x, y]} | a a b b\na#1 | a b b\nb#2 | a b\nb | a c\na | c c\nc#1 | c\n"
        "c | done",
    ),
    Runs(
        "a decision inside a repeated sub-process is its own",
        """
        start s -> h
        sub h each=units as=unit -> e {
          start hs -> g
          xor g default=b -> a [unit = "x"], b
          user a -> he
          user b -> he
          end he
        }
        end e
        """,
        "start {units: [x, y]} | a b\nb | a\na | done",
    ),
    Runs(
        "a called process for each of a list",
        """
        process p
        start s -> k
        call k of=q each=units as=unit collect=got into=all -> b
        user b -> e
        end e
        process q
        start qs -> a
        user a -> qe
        end qe
        """,
        "start {units: [x, y]} | a a\na#2 {got: 2} | a\na {got: 1} | b > qe = {all: [1, 2]}\nb | done",
    ),
    Runs(
        "called processes one after the other",
        """
        process p
        start s -> k
        call k of=q each=units as=unit seq -> b
        user b -> e
        end e
        process q
        start qs -> a
        user a -> qe
        end qe
        """,
        "start {units: [x, y]} | a\na | a > qe\na | b > qe\nb | done",
    ),
    Runs(
        "a repeated receive task takes one message per instance",
        "start s -> r\nreceive r message=report times=2 seq -> e\nend e",
        "start | r\nmsg report | r\nmsg report | done",
    ),
    Runs(
        "an error in one repeated sub-process cancels them all",
        """
        start s -> h
        sub h each=units as=unit -> e {
          start hs -> a
          user a -> g
          xor g default=he -> fail [bad], he
          end fail error=BROKEN
          end he
        }
        boundary caught on=h error=BROKEN -> b
        user b -> e2
        end e
        end e2
        """,
        "start {units: [x, y, z]} | a a a\na#1 {bad: false} | a a\na#2 {bad: true} | b > caught fail\n"
        "a#3 | !",
    ),
    Runs(
        "terminate in one repeated sub-process ends only that one",
        """
        start s -> h
        sub h each=units as=unit -> e {
          start hs -> f
          and f -> a, b
          user a -> t
          end t terminate
          user b -> he
          end he
        }
        end e
        """,
        "start {units: [x, y]} | a a b b\na#1 | a b > t\na | done > e t",
    ),
    Runs(
        "a repeated task inside a repeated sub-process",
        """
        start s -> h
        sub h times=2 seq -> e {
          start hs -> a
          user a times=2 -> he
          end he
        }
        end e
        """,
        "start | a a\na#1 | a\na | a a > he\na#2 | a\na | done > e he",
    ),
    Runs(
        "a repeated task twice in a drawn loop",
        """
        start s -> m
        xor m -> a
        user a each=units as=unit -> g
        xor g default=e -> c [round = 1], e
        user c -> m
        end e
        """,
        "start {units: [x, y], round: 1} | a a\na#1 | a\na | c\nc {round: 2, units: [z]} | a\na | done",
    ),
    Runs(
        "a standard loop goes on while its condition holds",
        "start s -> a\nuser a while=[again] -> e\nend e",
        "start | a\na {again: true} | a\na {again: true} | a\na {again: false} | done",
    ),
    Runs(
        "a standard loop tested before may not run at all",
        "start s -> a\nuser a while=[again] before -> b\nuser b -> e\nend e",
        "start {again: false} | b\nb | done",
    ),
    Runs(
        "a standard loop tested before runs while it holds",
        "start s -> a\nuser a while=[again] before -> b\nuser b -> e\nend e",
        "start {again: true} | a\na | a\na {again: false} | b\nb | done",
    ),
    Runs(
        "a standard loop has a greatest number of rounds",
        "start s -> a\nuser a while=[true] max=2 -> e\nend e",
        "start | a\na | a\na | done",
    ),
    Runs(
        "a looping sub-process",
        """
        start s -> h
        sub h while=[again] -> e {
          start hs -> f
          and f -> a, b
          user a -> j
          user b -> j
          and j -> he
          end he
        }
        end e
        """,
        "start | a b\na {again: true} | b\nb | a b > he\nb | a\na {again: false} | done > e he",
    ),
    Runs(
        "a timer ends a looping task",
        """
        start s -> a
        user a while=[true] -> e
        boundary x on=a timer=PT2H -> b
        user b -> e
        end e
        """,
        "start | a x\nwait PT1H | a x\na | a x\nwait PT1H | b\nb | done",
    ),
    Runs(
        "a looping service asks until it is done",
        """
        start s -> w
        service w while=[not(ready)] call=[poll] keep=[ready] -> e
        end e
        """,
        "start | done > e w w w w = {ready: true}",
        answers={"w": [{"ready": False}, {"ready": False}, {"ready": True}]},
    ),
    Runs(
        "a parallel join in the second and third round of a loop",
        _LOOP,
        "start | a b\na | b\nb | c\nc {again: true} | a b\nb | a\na | c\nc {again: true} | a b\n"
        "a | b\nb | c\nc {again: false} | done",
    ),
    Runs(
        "a parallel join in the second round, other orders",
        _LOOP,
        "start | a b\nb | a\na | c\nc {again: true} | a b\na | b\nb | c\nc {again: true} | a b\n"
        "b | a\na | c\nc {again: false} | done",
    ),
    Runs(
        "an inclusive join in the second round of a loop",
        _OR_LOOP,
        "start {both: true, one: true} | a b\na | b\nb | c\nc {again: true} | a b\nb | a\na | c\n"
        "c {again: true, both: false} | b\nb | c\nc {again: true, both: true} | a b\na | b\nb | c\n"
        "c {again: false} | done",
    ),
    Runs(
        "an inclusive join in a loop, by the default",
        _OR_LOOP,
        "start {both: false, one: false} | c > z\nc {again: true, both: true} | a\na | c\n"
        "c {again: false} | done",
    ),
    Runs(
        "a task beside a loop does not disturb the join in it",
        """
        start s -> f0
        and f0 -> m, z
        xor m -> f
        and f -> a, b
        user a -> j
        user b -> j
        and j -> c
        user c -> g
        xor g default=k -> m [again], k
        user z -> k
        and k -> e
        end e
        """,
        "start | a b z\na | b z\nb | c z\nc {again: true} | a b z\nb | a z\na | c z\n"
        "c {again: true} | a b z\na | b z\nb | c z\nc {again: false} | z\nz | done",
    ),
    Runs(
        "a returned order goes round with its sub-process and timers anew",
        """
        start s -> m
        xor m -> h
        sub h -> r {
          start hs -> a
          user a -> he
          end he
        }
        boundary late on=h non timer=P1D -> w
        service w call=[remind] -> e2
        user r -> g
        xor g default=e -> m [rejected], e
        end e
        end e2
        """,
        "start | a late\nwait P1D | a > e2 late w\na | r > he\nr {rejected: true} | a late\n"
        "a | r\nr {rejected: true} | a late\nwait P1D | a > e2 late w\na | r\n"
        "r {rejected: false} | done",
    ),
    Runs(
        "a parallel split in a sub-process in a loop",
        """
        start s -> m
        xor m -> h
        sub h -> r {
          start hs -> f
          and f -> a, b
          user a -> j
          user b -> j
          and j -> he
          end he
        }
        user r -> g
        xor g default=e -> m [again], e
        end e
        """,
        "start | a b\na | b\nb | r\nr {again: true} | a b\nb | a\na | r\nr {again: false} | done",
    ),
    Runs(
        "an automatic loop of a thousand rounds",
        """
        start s -> w
        service w call=[count] give=[n=n + 1] keep=[more] -> g
        xor g default=a -> w [more], a
        user a -> e
        end e
        """,
        "start | a\na | done",
        answers={"w": [{"more": True}] * 1000 + [{"more": False}]},
    ),
    Runs(
        "an automatic loop without end is a failed step",
        """
        start s -> w
        service w call=[count] -> g
        xor g default=a -> w [true], a
        user a -> e
        end e
        """,
        "start | !",
    ),
    Runs(
        "two loops in each other",
        """
        start s -> m
        xor m -> n
        xor n -> a
        user a -> g
        xor g default=b -> n [inner], b
        user b -> h
        xor h default=e -> m [outer], e
        end e
        """,
        "start | a\na {inner: true} | a\na {inner: false} | b\nb {outer: true} | a\n"
        "a {inner: true} | a\na {inner: false} | b\nb {outer: false} | done",
    ),
]
