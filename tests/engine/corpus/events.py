"""Messages, signals, errors, escalations, terminate; timers on their own."""

from tests.engine.corpus.case import Case, Runs

_ERROR = """
start s -> h
sub h -> e {
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
"""
_ESCALATION = """
start s -> h
sub h -> e {
  start hs -> a
  user a -> up
  throw up escalation=HELP -> b
  user b -> he
  end he
}
boundary raised on=h non escalation=HELP -> c
user c -> e2
end e
end e2
"""
_BOTH_WAIT = """
start s -> f
and f -> c1, c2
catch c1 message=go -> a
catch c2 message=go -> b
user a -> e
user b -> e
end e
"""
_TERMINATE = """
start s -> f
and f -> a, b
user a -> t
end t terminate
user b -> e
end e
"""

CASES: list[Case] = [
    Runs(
        "a message event waits for its message",
        "start s -> m\ncatch m message=go -> a\nuser a -> e\nend e",
        "start | m\nmsg go {x: 1} | a = {x: 1}\na | done",
    ),
    Runs(
        "a message nobody waits for is refused",
        "start s -> a\nuser a -> m\ncatch m message=go -> e\nend e",
        "start | a\nmsg go | !",
    ),
    Runs(
        "another message than the awaited one is refused",
        "start s -> m\ncatch m message=go -> e\nend e",
        "start | m\nmsg stop | !",
    ),
    Runs("a message for two that wait must say for which", _BOTH_WAIT, "start | c1 c2\nmsg go | !"),
    Runs(
        "a message for one of two by element",
        _BOTH_WAIT,
        "start | c1 c2\nmsg go @c2 | b c1\nmsg go | a b\nb | a\na | done",
    ),
    Runs(
        "a receive task waits for its message",
        "start s -> r\nreceive r message=go -> e\nend e",
        "start | r\nmsg go {x: 2} | done > e = {x: 2}",
    ),
    Runs(
        "a thrown message goes out",
        "start s -> t\nthrow t message=hello -> a\nuser a -> e\nend e",
        "start | a > t ^ message:hello\na | done",
    ),
    Runs(
        "a message end event sends and ends",
        "start s -> a\nuser a -> e\nend e message=bye",
        "start | a\na | done > e ^ message:bye",
    ),
    Runs(
        "a send task sends its message and goes on",
        "start s -> t\nsend t message=hello -> a\nuser a -> e\nend e",
        "start | a > t ^ message:hello\na | done",
    ),
    Runs(
        "a process begins with a message",
        "start s message=order -> a\nuser a -> e\nend e",
        "msg order {x: 1} | a = {x: 1}\na | done",
    ),
    Runs(
        "a process with two beginnings begins at the one whose message comes",
        """
        start s -> a
        start s2 message=hurry -> b
        user a -> e
        user b -> e
        end e
        """,
        "start | b\nb | done",
        begin="hurry",
    ),
    Runs(
        "a process with two beginnings begins plainly when nothing is said",
        """
        start s -> a
        start s2 message=hurry -> b
        user a -> e
        user b -> e
        end e
        """,
        "start | a\na | done",
    ),
    Runs(
        "a process begins with a signal",
        "start s signal=storm -> a\nuser a -> e\nend e",
        "sig storm {level: 2} | a = {level: 2}\na | done",
    ),
    Runs(
        "a signal reaches everybody who waits for it",
        """
        start s -> f
        and f -> c1, c2, c3
        catch c1 signal=storm -> a
        catch c2 signal=storm -> b
        catch c3 signal=calm -> c
        user a -> e
        user b -> e
        user c -> e
        end e
        """,
        "start | c1 c2 c3\nsig storm | a b c3\nsig calm | a b c\na | b c\nb | c\nc | done",
    ),
    Runs(
        "a signal nobody waits for changes nothing",
        "start s -> a\nuser a -> e\nend e",
        "start | a\nsig storm | a\na | done",
    ),
    Runs(
        "a signal thrown inside reaches a catch beside it and the world",
        """
        start s -> f
        and f -> a, c
        user a -> t
        throw t signal=ready -> e
        catch c signal=ready -> b
        user b -> e
        end e
        """,
        "start | a c\na | b > e t ^ signal:ready\nb | done",
    ),
    Runs(
        "a signal is not kept for those who wait later",
        """
        start s -> t
        throw t signal=ready -> c
        catch c signal=ready -> e
        end e
        """,
        "start | c\nsig ready | done",
    ),
    Runs(
        "a signal end event reaches a boundary",
        """
        start s -> f
        and f -> a, b
        user a -> t
        end t signal=stop
        user b -> e
        boundary x on=b signal=stop -> c
        user c -> e
        end e
        """,
        "start | a b x\na | c > t x\nc | done",
    ),
    Runs(
        "an error interrupts the sub-process that throws it",
        _ERROR,
        "start | a\na {bad: true} | b > caught fail\nb | done > e2",
    ),
    Runs(
        "without the error the boundary does not happen",
        _ERROR,
        "start | a\na {bad: false} | done > e he",
    ),
    Runs(
        "an error cancels what runs beside it in the sub-process",
        """
        start s -> h
        sub h -> e {
          start hs -> f
          and f -> a, b
          user a -> fail
          end fail error=BROKEN
          user b -> he
          end he
        }
        boundary caught on=h error=BROKEN -> c
        user c -> e2
        end e
        end e2
        """,
        "start | a b\na | c > caught fail\nb | !",
    ),
    Runs(
        "an error passes a sub-process that does not catch it",
        """
        start s -> h
        sub h -> e {
          start hs -> i
          sub i -> he {
            start is -> a
            user a -> fail
            end fail error=BROKEN
          }
          boundary other on=i error=OTHER -> he
          end he
        }
        boundary caught on=h error=BROKEN -> c
        user c -> e2
        end e
        end e2
        """,
        "start | a\na | c > caught fail\nc | done > e2",
    ),
    Runs(
        "an error boundary without code catches every error",
        """
        start s -> h
        sub h -> e {
          start hs -> a
          user a -> fail
          end fail error=BROKEN
        }
        boundary caught on=h error=* -> c
        user c -> e2
        end e
        end e2
        """,
        "start | a\na | c\nc | done",
    ),
    Runs(
        "the boundary with the code goes before the one for all",
        """
        start s -> h
        sub h -> e {
          start hs -> a
          user a -> fail
          end fail error=BROKEN
        }
        boundary any on=h error=* -> b
        boundary caught on=h error=BROKEN -> c
        user b -> e2
        user c -> e2
        end e
        end e2
        """,
        "start | a\na | c > caught fail\nc | done",
    ),
    Runs(
        "a service that fails with a code is caught at its boundary",
        """
        start s -> pay
        service pay call=[pay] -> e
        boundary poor on=pay error=NO_MONEY -> b
        user b -> e2
        end e
        end e2
        """,
        "start | b > poor\nb | done > e2",
        answers={"pay": {"error": "NO_MONEY"}},
    ),
    Runs(
        "a service's error is caught by the sub-process around it",
        """
        start s -> h
        sub h -> e {
          start hs -> f
          and f -> a, b
          user a -> pay
          service pay call=[pay] -> he
          user b -> he
          end he
        }
        boundary poor on=h error=NO_MONEY -> c
        user c -> e2
        end e
        end e2
        """,
        "start | a b\na | c > poor\nc | done > e2",
        answers={"pay": {"error": "NO_MONEY"}},
    ),
    Runs(
        "a service's error that nothing catches is a failed step",
        "start s -> a\nuser a -> pay\nservice pay call=[pay] -> e\nend e",
        "start | a\na | !",
        answers={"pay": {"error": "NO_MONEY"}},
    ),
    Runs(
        "an error from a called process is caught at the call",
        """
        process p
        start s -> k
        call k of=q -> e
        boundary caught on=k error=BROKEN -> b
        user b -> e2
        end e
        end e2
        process q
        start qs -> a
        user a -> qe
        end qe error=BROKEN
        """,
        "start | a\na | b > caught qe\nb | done > e2",
    ),
    Runs(
        "an escalation starts a path beside the sub-process",
        _ESCALATION,
        "start | a\na | b c > raised up\nb | c > e he\nc | done > e2",
    ),
    Runs(
        "an interrupting escalation ends the sub-process",
        _ESCALATION.replace(" non ", " "),
        "start | a\na | c > raised up\nb | !",
    ),
    Runs(
        "an escalation end event ends its path only",
        """
        start s -> h
        sub h -> e {
          start hs -> f
          and f -> a, b
          user a -> up
          end up escalation=HELP
          user b -> he
          end he
        }
        boundary raised on=h non escalation=HELP -> c
        user c -> e2
        end e
        end e2
        """,
        "start | a b\na | b c > raised up\nb | c > e he\nc | done",
    ),
    Runs(
        "an escalation nobody catches changes nothing",
        """
        start s -> a
        user a -> up
        throw up escalation=HELP -> b
        user b -> e
        end e
        """,
        "start | a\na | b > up ^ escalation:HELP\nb | done",
    ),
    Runs(
        "an escalation boundary without code catches every escalation",
        _ESCALATION.replace("non escalation=HELP", "non escalation=*"),
        "start | a\na | b c > raised up\nb | c\nc | done",
    ),
    Runs(
        "an escalation of another code passes",
        _ESCALATION.replace("non escalation=HELP", "non escalation=OTHER"),
        "start | a\na | b > up ^ escalation:HELP\nb | done",
    ),
    Runs(
        "an escalation that fires twice starts its path twice",
        """
        start s -> h
        sub h -> e {
          start hs -> up
          throw up escalation=HELP -> a
          user a -> up2
          throw up2 escalation=HELP -> b
          user b -> he
          end he
        }
        boundary raised on=h non escalation=HELP -> c
        user c -> e2
        end e
        end e2
        """,
        "start | a c > raised up\na | b c c > raised up2\nc#1 | b c\nc | b\nb | done",
    ),
    Runs(
        "an escalation from a called process reaches the call",
        """
        process p
        start s -> k
        call k of=q -> e
        boundary raised on=k non escalation=HELP -> b
        user b -> e2
        end e
        end e2
        process q
        start qs -> up
        throw up escalation=HELP -> a
        user a -> qe
        end qe
        """,
        "start | a b > raised up\na | b > e qe\nb | done",
    ),
    Runs("terminate ends everything", _TERMINATE, "start | a b\na | done > t\nb | !"),
    Runs(
        "without terminate the other branch goes on", _TERMINATE, "start | a b\nb | a > e\na | done"
    ),
    Runs(
        "terminate in a sub-process ends only the sub-process",
        """
        start s -> f
        and f -> h, c
        sub h -> d {
          start hs -> g
          and g -> a, b
          user a -> t
          end t terminate
          user b -> he
          end he
        }
        user c -> e
        user d -> e
        end e
        """,
        "start | a b c\na | c d > t\nd | c\nc | done",
    ),
    Runs(
        "terminate in a called process ends only that process",
        """
        process p
        start s -> k
        call k of=q -> c
        user c -> e
        end e
        process q
        start qs -> g
        and g -> a, b
        user a -> t
        end t terminate
        user b -> qe
        end qe
        """,
        "start | a b\na | c > t\nc | done",
    ),
    Runs(
        "terminate ends sub-processes and timers too",
        """
        start s -> f
        and f -> a, h
        user a -> t
        end t terminate
        sub h -> e {
          start hs -> b
          user b -> he
          end he
        }
        boundary late on=h timer=PT1H -> e
        end e
        """,
        "start | a b late\na | done > t\nwait P1D | done",
    ),
    Runs(
        "a timer event waits its time",
        "start s -> t\ncatch t timer=PT90M -> a\nuser a -> e\nend e",
        "start | t\nwait PT89M | t\nwait PT1M | a\na | done",
    ),
    Runs(
        "a timer of months and days counts on the calendar",
        "start s -> t\ncatch t timer=P1M1D -> e\nend e",
        "start | t\nwait P31D | t\nwait P1D | done > e",
    ),
    Runs(
        "a timer at an instant with its offset",
        "start s -> t\ncatch t at=2026-03-02T12:00:00+08:00 -> e\nend e",
        "start | t\nwait PT2H59M | t\nwait PT1M | done",
    ),
    Runs(
        "a timer at an instant that has passed fires as soon as time moves",
        "start s -> t\ncatch t at=2026-03-01T12:00:00+08:00 -> a\nuser a -> e\nend e",
        "start | t\nwait PT1S | a\na | done",
    ),
    Runs(
        "a timer reads its length from the data",
        "start s -> t\ncatch t timer=[duration(limit)] -> e\nend e",
        "start {limit: PT3H} | t\nwait PT179M | t\nwait PT1M | done",
    ),
    Runs(
        "a timer reads its instant from the data",
        "start s -> t\ncatch t at=[date and time(due)] -> e\nend e",
        'start {due: "2026-03-02T10:00:00+08:00"} | t\nwait PT59M | t\nwait PT1M | done',
    ),
    Runs(
        "a timer reckons with FEEL",
        'start s -> t\ncatch t timer=[duration("PT1H") * n] -> e\nend e',
        "start {n: 3} | t\nwait PT2H59M | t\nwait PT1M | done",
    ),
    Runs(
        "a timer of one month, reckoned in FEEL",
        'start s -> t\ncatch t timer=[duration("P1M")] -> e\nend e',
        "start | t\nwait P30D | t\nwait P1D | done",
    ),
    Runs(
        "a timer reads a date from the data: its first instant in China",
        "start s -> t\ncatch t at=[date(day)] -> e\nend e",
        'start {day: "2026-03-03"} | t\nwait PT14H59M | t\nwait PT1M | done',
    ),
    Runs(
        "a timer whose data is missing is a failed step",
        "start s -> t\ncatch t timer=[duration(limit)] -> e\nend e",
        "start | !",
    ),
    Runs(
        "a timer in working days asks the calendar",
        "start s -> t\ncatch t at=[working_days(2)] -> e\nend e",
        "start | t\nwait P1D | t\nwait P1D | done",
    ),
    Runs(
        "a timer on a named clock waits until the clock says so",
        'start s -> t\ncatch t at=[clock("handle", "yellow")] -> a\nuser a -> e\nend e',
        "start | t\nwait P99D | t\nfire t | a\na | done",
    ),
    Runs(
        "timers due in one long wait fire in order",
        """
        start s -> f
        and f -> t1, t2
        catch t1 timer=PT3H -> x
        catch t2 timer=PT1H -> y
        service x call=[note] give=[v="x"] keep=[last] -> e
        service y call=[note] give=[v="y"] keep=[last] -> e
        end e
        """,
        "start | t1 t2\nwait P1D | done > e e x y = {last: x}",
        answers={"x": {"last": "x"}, "y": {"last": "y"}},
    ),
    Runs(
        "a timer begun by a late timer counts from the instant that was due",
        """
        start s -> t1
        catch t1 timer=PT1H -> t2
        catch t2 timer=PT1H -> a
        user a -> e
        end e
        """,
        "start | t1\nwait PT2H | a\na | done",
    ),
]
