"""Constructs in each other: where engines usually go wrong."""

from tests.engine.corpus.case import Case, Runs

CASES: list[Case] = [
    Runs(
        "an event-based gateway inside a sub-process that a timer interrupts",
        """
        start s -> h
        sub h -> e {
          start hs -> g
          events g -> m, t
          catch m message=go -> he
          catch t timer=PT5H -> he
          end he
        }
        boundary x on=h timer=PT1H -> b
        user b -> e
        end e
        """,
        "start | m t x\nwait PT1H | b\nmsg go | !",
    ),
    Runs(
        "every instance of a repeated sub-process escalates",
        """
        start s -> h
        sub h each=units as=unit -> e {
          start hs -> up
          throw up escalation=HELP -> a
          user a -> he
          end he
        }
        boundary raised on=h non escalation=HELP -> c
        user c -> e2
        end e
        end e2
        """,
        "start {units: [x, y]} | a a c c > raised raised up up\na#1 | a c c\na | c c > e he",
    ),
    Runs(
        "an interrupting escalation ends all instances",
        """
        start s -> h
        sub h each=units as=unit -> e {
          start hs -> a
          user a -> up
          throw up escalation=HELP -> b
          user b -> he
          end he
        }
        boundary raised on=h escalation=HELP -> c
        user c -> e2
        end e
        end e2
        """,
        "start {units: [x, y]} | a a\na#2 | c > raised up\nc | done",
    ),
    Runs(
        "a signal reaches every instance of a repeated sub-process",
        """
        start s -> h
        sub h times=2 -> e {
          start hs -> w
          catch w signal=go -> he
          end he
        }
        end e
        """,
        "start | w w\nsig go | done > e he he",
    ),
    Runs(
        "a message for several instances cannot be delivered to one",
        """
        start s -> h
        sub h times=2 -> e {
          start hs -> w
          catch w message=go -> he
          end he
        }
        end e
        """,
        "start | w w\nmsg go | !",
    ),
    Runs(
        "a message for a sequence of sub-processes",
        """
        start s -> h
        sub h times=2 seq -> e {
          start hs -> w
          catch w message=go -> he
          end he
        }
        end e
        """,
        "start | w\nmsg go | w > he\nmsg go | done > e he",
    ),
    Runs(
        "a timer beside a task in every instance of a repeated sub-process",
        """
        start s -> h
        sub h times=2 -> e {
          start hs -> a
          user a -> he
          boundary t on=a non timer=PT1H -> r
          user r -> he2
          end he
          end he2
        }
        end e
        """,
        "start | a a t t\nwait PT1H | a a r r\na#1 | a r r\nr#1 | a r\na#1 | r\nr | done",
    ),
    Runs(
        "repeated sub-processes inside repeated sub-processes",
        """
        start s -> h
        sub h times=2 -> e {
          start hs -> i
          sub i times=2 -> he {
            start is -> a
            user a -> ie
            end ie
          }
          end he
        }
        end e
        """,
        "start | a a a a\na#1 | a a a > ie\na#3 | a a > ie\na#1 | a\na#1 | done",
    ),
    Runs(
        "an error from one of several called processes cancels all",
        """
        process p
        start s -> k
        call k of=q each=units as=unit -> e
        boundary caught on=k error=BROKEN -> b
        user b -> e2
        end e
        end e2
        process q
        start qs -> a
        user a -> g
        xor g default=qe -> fail [bad], qe
        end fail error=BROKEN
        end qe
        """,
        "start {units: [x, y]} | a a\na#1 {bad: false} | a > qe\na {bad: true} | b > caught fail\n"
        "b | done",
    ),
    Runs(
        "an and join with a branch that begins at a boundary event",
        """
        start s -> a
        user a -> j
        boundary x on=a non timer=PT1H -> w
        user w -> j
        and j -> c
        user c -> e
        end e
        """,
        "start | a x\nwait PT1H | a w\nw | a\na | c\nc | done",
    ),
    Runs(
        "an and join whose boundary branch never began waits for ever, as drawn",
        """
        start s -> a
        user a -> j
        boundary x on=a non timer=PT1H -> w
        user w -> j
        and j -> c
        user c -> e
        end e
        """,
        "start | a x\na |",
        warnings=("may_wait_for_ever",),
    ),
    Runs(
        "terminate ends called and repeated activities as well",
        """
        process p
        start s -> f
        and f -> a, k, b
        user a -> t
        end t terminate
        call k of=q times=2 -> e
        boundary x on=k non timer=PT1H -> e
        user b times=3 -> e
        end e
        process q
        start qs -> c
        user c -> qe
        boundary y on=c message=m -> qe
        end qe
        """,
        "start | a b b b c c x y y\nb#2 | a b b c c x y y\na | done > t\nwait P1D | done",
    ),
    Runs(
        "an error on the path of an inner boundary event interrupts the sub-process",
        """
        start s -> h
        sub h -> e {
          start hs -> a
          user a -> he
          boundary t on=a non timer=PT1H -> fail
          end fail error=LATE
          end he
        }
        boundary caught on=h error=LATE -> b
        user b -> e2
        end e
        end e2
        """,
        "start | a t\nwait PT1H | b > caught fail t\na | !",
    ),
    Runs(
        "a sub-process ends only when its boundary paths have ended too",
        """
        start s -> h
        sub h -> c {
          start hs -> a
          user a -> he
          boundary t on=a non timer=PT1H -> r
          user r -> he2
          end he
          end he2
        }
        user c -> e
        end e
        """,
        "start | a t\nwait PT1H | a r\na | r > he\nr | c > he2\nc | done",
    ),
    Runs(
        "a message that a catch and a boundary await at once must say for which",
        """
        start s -> f
        and f -> a, c
        user a -> e
        boundary x on=a message=go -> e
        catch c message=go -> e
        end e
        """,
        "start | a c x\nmsg go | !",
    ),
    Runs(
        "a message for a boundary by element",
        """
        start s -> f
        and f -> a, c
        user a -> e
        boundary x on=a message=go -> b
        user b -> e
        catch c message=go -> e
        end e
        """,
        "start | a c x\nmsg go @x | b c\nmsg go | b > e\nb | done",
    ),
    Runs(
        "a timer counts anew in every round of a loop",
        """
        start s -> m
        xor m -> a
        user a -> g
        boundary x on=a timer=PT1H -> b
        xor g default=e -> m [again], e
        user b -> e
        end e
        """,
        "start | a x\nwait PT30M | a x\na {again: true} | a x\nwait PT31M | a x\nwait PT29M | b\n"
        "b | done",
    ),
    Runs(
        "a timer on a looping sub-process counts over all rounds",
        """
        start s -> h
        sub h while=[true] -> e {
          start hs -> a
          user a -> he
          end he
        }
        boundary x on=h timer=PT1H -> b
        user b -> e
        end e
        """,
        "start | a x\nwait PT30M | a x\na | a x\nwait PT30M | b\nb | done",
    ),
    Runs(
        "an interrupted sub-process can be entered again",
        """
        start s -> m
        xor m -> h
        sub h -> e {
          start hs -> f
          and f -> a, b
          user a -> j
          user b -> j
          and j -> he
          end he
        }
        boundary x on=h message=redo -> m
        end e
        """,
        "start | a b x\na | b x\nmsg redo | a b x\nb | a x\nmsg redo | a b x\na | b x\nb | done",
    ),
    Runs(
        "a called process is entered again after a timer",
        """
        process p
        start s -> m
        xor m -> k
        call k of=q -> e
        boundary x on=k timer=P1D -> m
        end e
        process q
        start qs -> a
        user a -> b
        user b -> qe
        end qe
        """,
        "start | a x\na | b x\nwait P1D | a x\na | b x\nb | done",
    ),
    Runs(
        "signals thrown by one instance reach the others",
        """
        start s -> h
        sub h each=units as=unit -> e {
          start hs -> a
          user a -> t
          boundary x on=a signal=stop -> he
          throw t signal=stop -> he
          end he
        }
        end e
        """,
        "start {units: [k, l, m]} | a a a x x x\na#2 | done > e he he he t x x",
    ),
    Runs(
        "a throw beside the task it interrupts, in one step",
        """
        start s -> f
        and f -> a, w
        user a -> e
        boundary x on=a signal=now -> b
        user b -> e
        service w call=[look] -> t
        throw t signal=now -> e
        end e
        """,
        "start | b > e t w x\nb | done",
    ),
    Runs(
        "an inclusive split into sub-processes with boundary events",
        """
        start s -> f
        or f default=z -> h [p], k [q], z
        sub h -> j {
          start hs -> a
          user a -> he
          end he
        }
        boundary x on=h timer=PT1H -> j
        sub k -> j {
          start ks -> b
          user b -> ke
          end ke
        }
        user z -> j
        or j -> c
        user c -> e
        end e
        """,
        "start {p: true, q: true} | a b x\nwait PT1H | b > x\nb | c\nc | done",
    ),
    Runs(
        "data of a called process does not leak before it ends",
        """
        process p
        start s -> f
        and f -> k, a
        call k of=q -> j
        user a -> g
        xor g default=d -> c [seen], d
        user c -> m
        user d -> m
        xor m -> j
        and j -> e
        end e
        process q
        start qs -> b
        user b -> b2
        user b2 -> qe
        end qe
        """,
        "start | a b\nb {seen: true} | a b2\na | b2 d\nb2 | d = {seen: true}\nd | done",
    ),
    Runs(
        "repeated sub-processes collect their answers in the order of the list",
        """
        start s -> h
        sub h each=units as=unit collect=answer into=answers -> b {
          start hs -> a
          user a -> c
          user c -> he
          end he
        }
        user b -> e
        end e
        """,
        "start {units: [x, y]} | a a\na#2 {answer: 2} | a c\nc | a\na {answer: 1} | c\n"
        "c | b = {answers: [1, 2]}\nb | done",
    ),
    Runs(
        "a called process with a plain beginning besides a message is called plainly",
        """
        process p
        start s -> k
        call k of=q -> e
        end e
        process q
        start qs -> a
        start qm message=go -> b
        user a -> qe
        user b -> qe
        end qe
        """,
        "start | a\na | done > e qe",
    ),
    Runs(
        "an interrupted collection leaves no list behind",
        """
        start s -> h
        user h each=units as=unit collect=answer into=answers -> e
        boundary x on=h timer=PT1H -> g
        xor g default=c -> b [answers != null], c
        user b -> e
        user c -> e
        end e
        """,
        "start {units: [x, y]} | h h x\nh#2 {answer: 2} | h x\nwait PT1H | c\nc | done",
    ),
    Runs(
        "a list given by the data replaces, never mixes with, the one before",
        """
        start s -> f
        and f -> a, b
        user a -> j
        user b -> j
        and j -> c
        user c -> e
        end e
        """,
        "start {tags: [x, y, z]} | a b\na {tags: [k]} | b\nb {other: [m, n]} | c = {tags: [k], "
        "other: [m, n]}\nc {tags: []} | done = {tags: []}",
    ),
]
