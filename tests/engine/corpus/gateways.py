"""Exclusive, parallel, inclusive and event-based gateways."""

from tests.engine.corpus.case import Case, Runs

_CHOICE = """
start s -> g
xor g default=c -> a [x > 5], b [x > 1], c
user a -> e
user b -> e
user c -> e
end e
"""
_PARALLEL = """
start s -> f
and f -> a, b
user a -> j
user b -> j
and j -> c
user c -> e
end e
"""
_INCLUSIVE = """
start s -> f
or f default=c -> a [x > 5], b [x > 1], c
user a -> j
user b -> j
user c -> j
or j -> d
user d -> e
end e
"""
_SKIPPING = """
start s -> f
or f default=z -> a [both], b [both], z
user z -> j
user a -> x
xor x default=j -> out [skip], j
end out
user b -> j
or j -> d
user d -> e
end e
"""
_EVENTS = """
start s -> g
events g -> m, t
catch m message=reply -> a
catch t timer=PT2H -> b
user a -> e
user b -> e
end e
"""

CASES: list[Case] = [
    Runs("xor takes the first flow that holds", _CHOICE, "start {x: 9} | a\na | done > e"),
    Runs("xor takes the second when only it holds", _CHOICE, "start {x: 3} | b\nb | done > e"),
    Runs("xor takes the default when nothing holds", _CHOICE, "start {x: 0} | c\nc | done > e"),
    Runs("a condition on missing data counts as false", _CHOICE, "start | c\nc | done"),
    Runs(
        "the default is taken last even when drawn first",
        """
        start s -> g
        xor g default=a -> a, b [x > 1]
        user a -> e
        user b -> e
        end e
        """,
        "start {x: 3} | b\nb | done",
    ),
    Runs(
        "the order of flows decides between two that hold",
        """
        start s -> g
        xor g default=c -> b [x > 1], a [x > 0], c
        user a -> e
        user b -> e
        user c -> e
        end e
        """,
        "start {x: 2} | b\nb | done",
    ),
    Runs(
        "conditions read text, lists and truth values in FEEL",
        """
        start s -> g
        xor g default=c -> a [kind = "complaint" and urgent], b [list contains(tags, "x")], c
        user a -> e
        user b -> e
        user c -> e
        end e
        """,
        "start {kind: help, urgent: true, tags: [y, x]} | b\nb | done",
    ),
    Runs(
        "a condition may carry the equals sign of other tools",
        """
        start s -> g
        xor g default=b -> a [= x > 1], b
        user a -> e
        user b -> e
        end e
        """,
        "start {x: 2} | a\na | done",
    ),
    Runs(
        "xor passes every token on, without waiting",
        """
        start s -> f
        and f -> a, b
        user a -> m
        user b -> m
        xor m -> c
        user c -> e
        end e
        """,
        "start | a b\na | b c\nb | c c\nc#1 | c\nc | done > e",
        warnings=("may_run_twice",),
    ),
    Runs(
        "xor merges and splits in one gateway",
        """
        start s -> g
        xor g default=b -> a [x = 1], b
        user a -> g
        user b -> e
        end e
        """,
        "start {x: 1} | a\na {x: 1} | a\na {x: 2} | b\nb | done",
    ),
    Runs(
        "xor with one way out only joins",
        """
        start s -> g
        xor g default=b -> a [x = 1], b
        user a -> m
        user b -> m
        xor m -> c
        user c -> e
        end e
        """,
        "start {x: 1} | a\na | c\nc | done",
    ),
    Runs("and join waits for the second branch", _PARALLEL, "start | a b\na | b\nb | c\nc | done"),
    Runs("and join works in the other order", _PARALLEL, "start | a b\nb | a\na | c\nc | done"),
    Runs(
        "and join of three branches",
        """
        start s -> f
        and f -> a, b, c
        user a -> j
        user b -> j
        user c -> j
        and j -> e
        end e
        """,
        "start | a b c\nb | a c\nc | a\na | done > e",
    ),
    Runs(
        "nested parallel blocks",
        """
        start s -> f
        and f -> a, g
        and g -> b, c
        user a -> j
        user b -> k
        user c -> k
        and k -> d
        user d -> j
        and j -> z
        user z -> e
        end e
        """,
        "start | a b c\nc | a b\nb | a d\nd | a\na | z\nz | done",
    ),
    Runs(
        "an and gateway that joins and splits",
        """
        start s -> f
        and f -> a, b
        user a -> j
        user b -> j
        and j -> c, d
        user c -> k
        user d -> k
        and k -> e
        end e
        """,
        "start | a b\na | b\nb | c d\nd | c\nc | done",
    ),
    Runs(
        "an and gateway with one way in and out passes on",
        "start s -> g\nand g -> a\nuser a -> e\nend e",
        "start | a\na | done",
    ),
    Runs(
        "parallel branches may end separately",
        """
        start s -> f
        and f -> a, b
        user a -> e1
        user b -> e2
        end e1
        end e2
        """,
        "start | a b\na | b > e1\nb | done > e2",
    ),
    Runs(
        "an excess token stays before the and join",
        """
        start s -> f
        and f -> a, b, c
        user a -> m
        user b -> m
        xor m -> j
        user c -> j
        and j -> d
        user d -> e
        end e
        """,
        "start | a b c\na | b c\nb | c\nc | d\nd |",
        warnings=("may_run_twice",),
    ),
    Runs(
        "an and join fed by one branch twice and the other once",
        """
        start s -> f
        and f -> a, b
        user a -> x
        xor x default=j -> a [again], j
        user b -> j
        and j -> c
        user c -> e
        end e
        """,
        "start | a b\na {again: true} | a b\nb | a\na {again: false} | c\nc | done",
    ),
    Runs(
        "or takes all flows that hold and joins them",
        _INCLUSIVE,
        "start {x: 9} | a b\na | b\nb | d\nd | done",
    ),
    Runs(
        "or with one flow does not wait for others", _INCLUSIVE, "start {x: 3} | b\nb | d\nd | done"
    ),
    Runs(
        "or takes the default alone when nothing holds",
        _INCLUSIVE,
        "start {x: 0} | c\nc | d\nd | done",
    ),
    Runs(
        "or join behind an and split waits for all",
        """
        start s -> f
        and f -> a, b
        user a -> j
        user b -> j
        or j -> c
        user c -> e
        end e
        """,
        "start | a b\nb | a\na | c\nc | done",
    ),
    Runs(
        "or join reached directly from the fork waits for the other branch",
        """
        start s -> f
        and f -> j, b
        user b -> j
        or j -> c
        user c -> e
        end e
        """,
        "start | b\nb | c\nc | done",
    ),
    Runs(
        "or join behind an xor split waits for none",
        """
        start s -> g
        xor g default=b -> a [x = 1], b
        user a -> j
        user b -> j
        or j -> c
        user c -> e
        end e
        """,
        "start {x: 1} | a\na | c\nc | done",
    ),
    Runs(
        "or join goes on when a late branch turns away",
        _SKIPPING,
        "start {both: true} | a b\nb | a\na {skip: true} | d > out\nd | done",
    ),
    Runs(
        "or join waits for a late branch that arrives",
        _SKIPPING,
        "start {both: true} | a b\nb | a\na {skip: false} | d\nd | done",
    ),
    Runs(
        "or join is not reached by a branch that turned away first",
        _SKIPPING,
        "start {both: true} | a b\na {skip: true} | b > out\nb | d\nd | done",
    ),
    Runs(
        "or join waits for a token inside a sub-process before it",
        """
        start s -> f
        or f default=b -> h [x], b
        sub h -> j {
          start hs -> a
          user a -> he
          end he
        }
        user b -> j
        or j -> c
        user c -> e
        end e
        """,
        "start {x: true} | a\na | c\nc | done",
    ),
    Runs(
        "or join waits for what a boundary event may still bring",
        """
        start s -> f
        and f -> a, b
        user a -> e1
        boundary t on=a timer=PT1H -> j
        user b -> j
        or j -> c
        user c -> e
        end e1
        end e
        """,
        "start | a b t\nb | a t\nwait PT1H | c\nc | done",
    ),
    Runs(
        "or join goes on when the boundary event can no longer happen",
        """
        start s -> f
        and f -> a, b
        user a -> e1
        boundary t on=a timer=PT1H -> j
        user b -> j
        or j -> c
        user c -> e
        end e1
        end e
        """,
        "start | a b t\nb | a t\na | c > e1\nc | done",
    ),
    Runs(
        "nested inclusive blocks",
        """
        start s -> f
        or f default=z -> a [x > 0], g [x > 1], z
        or g default=c -> b [x > 2], c [x > 1], d [x > 3]
        user a -> j
        user b -> k
        user c -> k
        user d -> k
        user z -> j
        or k -> j
        or j -> e
        end e
        """.replace("c [x > 1]", "c"),
        "start {x: 5} | a b d\nb | a d\na | d\nd | done > e",
    ),
    Runs(
        "the message comes first", _EVENTS, "start | m t\nmsg reply {x: 1} | a = {x: 1}\na | done"
    ),
    Runs("the timer comes first", _EVENTS, "start | m t\nwait PT2H | b\nb | done"),
    Runs("after the message the timer is off", _EVENTS, "start | m t\nmsg reply | a\nwait P1D | a"),
    Runs(
        "after the timer the message is refused",
        _EVENTS,
        "start | m t\nwait PT3H | b\nmsg reply | !",
    ),
    Runs(
        "of two timers the shorter one fires",
        """
        start s -> g
        events g -> long, short
        catch long timer=PT5H -> a
        catch short timer=PT2H -> b
        user a -> e
        user b -> e
        end e
        """,
        "start | long short\nwait PT1H | long short\nwait PT1H | b\nwait PT9H | b\nb | done",
    ),
    Runs(
        "two timers and a message on one gateway, in the second round of a loop",
        """
        start s -> g
        events g -> long, short, m
        catch long timer=PT5H -> a
        catch short timer=PT2H -> b
        catch m message=more -> g2
        xor g2 -> g
        user a -> e
        user b -> e
        end e
        """.replace(
            "start s -> g\n        events g", "start s -> g0\n        xor g0 -> g\n        events g"
        ).replace("xor g2 -> g\n", "xor g2 -> g0\n"),
        "start | long m short\nwait PT1H | long m short\nmsg more | long m short\n"
        "wait PT1H | long m short\nwait PT1H | b\nb | done",
    ),
    Runs(
        "receive tasks behind an event-based gateway",
        """
        start s -> g
        events g -> r1, r2
        receive r1 message=yes -> a
        receive r2 message=no -> b
        user a -> e
        user b -> e
        end e
        """,
        "start | r1 r2\nmsg no | b\nmsg yes | !",
    ),
    Runs(
        "a signal and a timer behind an event-based gateway",
        """
        start s -> g
        events g -> w, t
        catch w signal=storm -> a
        catch t timer=PT1H -> b
        user a -> e
        user b -> e
        end e
        """,
        "start | t w\nsig storm {level: 3} | a = {level: 3}\na | done",
    ),
    Runs(
        "two event-based gateways side by side do not disturb each other",
        """
        start s -> f
        and f -> g, h
        events g -> m1, t1
        events h -> m2, t2
        catch m1 message=one -> a
        catch t1 timer=PT1H -> j
        catch m2 message=two -> b
        catch t2 timer=PT2H -> j
        user a -> j
        user b -> j
        xor j -> e
        end e
        """,
        "start | m1 m2 t1 t2\nmsg two | b m1 t1\nwait PT1H | b > e\nb | done > e",
    ),
    Runs(
        "a task with several ways out takes them all",
        """
        start s -> a
        user a -> b, c
        user b -> j
        user c -> j
        and j -> e
        end e
        """,
        "start | a\na | b c\nb | c\nc | done",
        warnings=("implicit_fork",),
    ),
    Runs(
        "conditions on the ways out of a task: all that hold",
        """
        start s -> a
        user a default=d -> b [x > 1], c [x > 2], d
        user b -> e
        user c -> e
        user d -> e
        end e
        """,
        "start | a\na {x: 3} | b c\nb | c\nc | done",
        warnings=("implicit_fork",),
    ),
    Runs(
        "conditions on the ways out of a task: the default when none holds",
        """
        start s -> a
        user a default=d -> b [x > 1], c [x > 2], d
        user b -> e
        user c -> e
        user d -> e
        end e
        """,
        "start | a\na {x: 0} | d\nd | done",
    ),
    Runs(
        "a way without condition is taken beside those that hold",
        """
        start s -> a
        user a -> b, c [x > 2]
        user b -> e
        user c -> e
        end e
        """,
        "start | a\na {x: 3} | b c\nb | c\nc | done",
    ),
    Runs(
        "a task entered by two flows runs once per token",
        """
        start s -> f
        and f -> a, b
        user a -> c
        user b -> c
        user c -> e
        end e
        """,
        "start | a b\na | b c\nc | b > e\nb | c\nc | done > e",
        warnings=("may_run_twice",),
    ),
]
