"""Events attached to activities, interrupting and not, on everything they may be attached to."""

from tests.engine.corpus.case import Case, Runs


def _on_task(event: str) -> str:
    return f"""
start s -> a
user a -> e
boundary x on=a {event} -> b
user b -> e2
end e
end e2
"""


def _on_sub(event: str) -> str:
    return f"""
start s -> h
sub h -> c {{
  start hs -> f
  and f -> a, a2
  user a -> j
  user a2 -> j
  and j -> he
  end he
}}
boundary x on=h {event} -> b
user b -> e2
user c -> e
end e
end e2
"""


def _on_call(event: str) -> str:
    return f"""
process p
start s -> k
call k of=q -> e
boundary x on=k {event} -> b
user b -> e2
end e
end e2
process q
start qs -> a
user a -> qe
end qe
"""


def _on_many(event: str) -> str:
    return f"""
start s -> a
user a times=3 -> e
boundary x on=a {event} -> b
user b -> e2
end e
end e2
"""


def _on_many_subs(event: str) -> str:
    return f"""
start s -> h
sub h each=units as=unit -> e {{
  start hs -> a
  user a -> he
  end he
}}
boundary x on=h {event} -> b
user b -> e2
end e
end e2
"""


_TWO = "start {units: [x, y]}"

CASES: list[Case] = [
    Runs("a timer interrupts a task", _on_task("timer=PT1H"), "start | a x\nwait PT1H | b\na | !"),
    Runs(
        "a task done in time disarms its timer",
        _on_task("timer=PT1H"),
        "start | a x\na | done > e\nwait P1D | done",
    ),
    Runs(
        "a timer beside a task fires once",
        _on_task("non timer=PT1H"),
        "start | a x\nwait PT1H | a b > x\nwait P1D | a b\na | b\nb | done",
    ),
    Runs(
        "what a timer began lives on when the task is done",
        _on_task("non timer=PT1H"),
        "start | a x\nwait PT2H | a b\nb | a > e2\na | done > e",
    ),
    Runs(
        "a repeating timer fires as often as it says",
        _on_task("non every=R3/PT1H"),
        "start | a x\nwait PT1H | a b x\nwait PT1H | a b b x\nwait PT1H | a b b b\n"
        "wait P1D | a b b b\na | b b b > e",
    ),
    Runs(
        "an endless timer fires until the task is done",
        _on_task("non every=R/PT1H"),
        "start | a x\nwait PT2H | a b b x\nwait PT1H | a b b b x\na | b b b > e\nwait P1D | b b b",
    ),
    Runs(
        "a repeating timer catches up after a long wait",
        _on_task("non every=R/P1D"),
        "start | a x\nwait P3D | a b b b x > x x x\na | b b b",
    ),
    Runs(
        "a repeating timer with a beginning of its own",
        _on_task("non every=R2/2026-03-02T12:00:00+08:00/PT1H"),
        "start | a x\nwait PT3H | a b x\nwait PT1H | a b b\nwait P1D | a b b",
    ),
    Runs(
        "a message interrupts a task",
        _on_task("message=stop"),
        "start | a x\nmsg stop {why: 1} | b = {why: 1}\nb | done > e2",
    ),
    Runs(
        "a message beside a task starts its path each time",
        _on_task("non message=more"),
        "start | a x\nmsg more | a b x\nmsg more | a b b x\na | b b > e\nmsg more | !",
    ),
    Runs(
        "a signal interrupts a task",
        _on_task("signal=storm"),
        "start | a x\nsig storm | b\nb | done",
    ),
    Runs(
        "a signal beside a task starts its path each time",
        _on_task("non signal=storm"),
        "start | a x\nsig storm | a b x\nsig storm | a b b x\na | b b\nsig storm | b b",
    ),
    Runs(
        "a timer interrupts a sub-process",
        _on_sub("timer=PT1H"),
        "start | a a2 x\na | a2 x\nwait PT1H | b > x\nb | done",
    ),
    Runs(
        "a timer beside a sub-process",
        _on_sub("non timer=PT1H"),
        "start | a a2 x\nwait PT1H | a a2 b\na | a2 b\na2 | b c > he\nc | b\nb | done",
    ),
    Runs(
        "a message interrupts a sub-process",
        _on_sub("message=stop"),
        "start | a a2 x\na2 | a x\nmsg stop | b\na | !",
    ),
    Runs(
        "a message beside a sub-process, twice",
        _on_sub("non message=more"),
        "start | a a2 x\nmsg more | a a2 b x\nmsg more | a a2 b b x\na | a2 b b x\na2 | b b c",
    ),
    Runs(
        "a sub-process done in time disarms its timer",
        _on_sub("timer=PT1H"),
        "start | a a2 x\na | a2 x\na2 | c\nwait P1D | c\nc | done",
    ),
    Runs(
        "a signal interrupts a sub-process",
        _on_sub("signal=storm"),
        "start | a a2 x\nsig storm | b\nb | done",
    ),
    Runs(
        "a timer interrupts a called process",
        _on_call("timer=PT1H"),
        "start | a x\nwait PT1H | b\na | !",
    ),
    Runs(
        "a timer beside a called process",
        _on_call("non timer=PT1H"),
        "start | a x\nwait PT1H | a b\na | b > e qe\nb | done",
    ),
    Runs(
        "a message beside a called process, twice",
        _on_call("non message=more"),
        "start | a x\nmsg more | a b x\nmsg more | a b b x\na | b b",
    ),
    Runs(
        "a timer interrupts all instances of a task",
        _on_many("timer=PT1H"),
        "start | a a a x\na#2 | a a x\nwait PT1H | b\na#1 | !",
    ),
    Runs(
        "a timer beside all instances of a task",
        _on_many("non timer=PT1H"),
        "start | a a a x\nwait PT1H | a a a b\na#1 | a a b\na#2 | a b\na#3 | b > e\nb | done",
    ),
    Runs(
        "a message beside all instances, twice",
        _on_many("non message=more"),
        "start | a a a x\nmsg more | a a a b x\nmsg more | a a a b b x",
    ),
    Runs(
        "all instances done disarm the timer",
        _on_many("timer=PT1H"),
        "start | a a a x\na#3 | a a x\na#2 | a x\na#1 | done\nwait P1D | done",
    ),
    Runs(
        "a timer interrupts all sub-processes of a repeated one",
        _on_many_subs("timer=PT1H"),
        _TWO + " | a a x\na#1 | a x\nwait PT1H | b\nb | done > e2",
    ),
    Runs(
        "a message interrupts all sub-processes of a repeated one",
        _on_many_subs("message=stop"),
        _TWO + " | a a x\nmsg stop | b\na#2 | !",
    ),
    Runs(
        "a timer beside a repeated sub-process",
        _on_many_subs("non timer=PT1H"),
        _TWO + " | a a x\nwait PT1H | a a b\na#1 | a b\na | b > e he\nb | done",
    ),
    Runs(
        "a timer interrupts repeated sub-processes one after the other",
        _on_many_subs("timer=PT1H").replace("as=unit", "as=unit seq"),
        _TWO + " | a x\na | a x\nwait PT1H | b\nb | done",
    ),
    Runs(
        "repeated tasks behind a boundary event",
        """
        start s -> a
        user a -> e
        boundary x on=a timer=PT1H -> b
        user b times=2 -> e2
        end e
        end e2
        """,
        "start | a x\nwait PT1H | b b\nb#1 | b\nb#2 | done > e2",
    ),
    Runs(
        "repeated tasks behind a boundary event beside the task",
        """
        start s -> a
        user a -> e
        boundary x on=a non message=ask -> b
        user b each=units as=unit -> e2
        end e
        end e2
        """,
        "start {units: [k, l]} | a x\nmsg ask | a b b x\nmsg ask | a b b b b x",
    ),
    Runs(
        "several events on one task: the first interrupting one ends the others",
        """
        start s -> a
        user a -> e
        boundary yellow on=a non timer=PT1H -> w
        boundary red on=a timer=PT2H -> b
        boundary stop on=a message=stop -> c
        service w call=[warn] -> e3
        user b -> e2
        user c -> e2
        end e
        end e2
        end e3
        """,
        "start | a red stop yellow\nwait PT1H | a red stop > e3 w yellow\nwait PT1H | b > red\n"
        "msg stop | !",
    ),
    Runs(
        "rungs of a ladder fire one after the other in one wait",
        """
        start s -> a
        user a -> e
        boundary y on=a non timer=PT1H -> w1
        boundary r on=a non timer=PT2H -> w2
        boundary r2 on=a non timer=PT3H -> w3
        service w1 call=[warn] -> e3
        service w2 call=[warn] -> e3
        service w3 call=[warn] -> e3
        end e
        end e3
        """,
        "start | a r r2 y\nwait PT4H | a > e3 e3 e3 r r2 w1 w2 w3 y\na | done",
    ),
    Runs(
        "a boundary event leads back to its own task",
        """
        start s -> m
        xor m -> a
        user a -> e
        boundary x on=a timer=PT1H -> w
        service w call=[remind] -> m
        end e
        """,
        "start | a x\nwait PT1H | a x > w x\nwait PT2H | a x > w w x x\na | done",
    ),
    Runs(
        "a boundary event on a receive task",
        """
        start s -> r
        receive r message=answer -> a
        boundary x on=r timer=P1D -> b
        user a -> e
        user b -> e
        end e
        """,
        "start | r x\nwait P1D | b\nmsg answer | !",
    ),
    Runs(
        "a message ends the wait of a receive task and its timer",
        """
        start s -> r
        receive r message=answer -> a
        boundary x on=r timer=P1D -> b
        user a -> e
        user b -> e
        end e
        """,
        "start | r x\nmsg answer | a\nwait P9D | a\na | done",
    ),
    Runs(
        "an inner boundary event does not end the outer activity",
        """
        start s -> h
        sub h -> e {
          start hs -> a
          user a -> he
          boundary x on=a timer=PT1H -> c
          user c -> he
          end he
        }
        boundary y on=h timer=PT3H -> b
        user b -> e2
        end e
        end e2
        """,
        "start | a x y\nwait PT1H | c y\nwait PT2H | b\nb | done > e2",
    ),
    Runs(
        "an outer boundary event ends everything inside, timers too",
        """
        start s -> h
        sub h -> e {
          start hs -> i
          sub i -> he {
            start is -> a
            user a -> ie
            boundary x on=a timer=PT5H -> ie
            end ie
          }
          boundary z on=i non timer=PT6H -> he
          end he
        }
        boundary y on=h message=stop -> b
        user b -> e2
        end e
        end e2
        """,
        "start | a x y z\nmsg stop | b\nwait P1D | b\nb | done",
    ),
    Runs(
        "two paths meet again behind a boundary event beside the task",
        """
        start s -> a
        user a -> c
        boundary x on=a non timer=PT1H -> b
        user b -> c
        user c -> e
        end e
        """,
        "start | a x\nwait PT1H | a b\nb | a c\na | c c\nc#2 | c\nc | done",
    ),
    Runs(
        "a path begun beside a sub-process is not cancelled when the sub-process is interrupted",
        """
        start s -> h
        sub h -> e {
          start hs -> a
          user a -> he
          end he
        }
        boundary w on=h non timer=PT1H -> b
        boundary x on=h timer=PT2H -> c
        user b -> e2
        user c -> e2
        end e
        end e2
        """,
        "start | a w x\nwait PT1H | a b x\nwait PT1H | b c\nb | c\nc | done",
    ),
]
