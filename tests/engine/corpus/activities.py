# ruff: noqa: E501 - a play or a diagram is one text, however long
"""Tasks of every kind, sub-processes, called processes, and the data they see."""

from tests.engine.corpus.case import Case, Runs

CASES: list[Case] = [
    Runs("a process of nothing ends at once", "start s -> e\nend e", "start | done > e"),
    Runs(
        "a user task waits for a person",
        "start s -> a\nuser a -> e\nend e",
        "start | a\na {x: 1} | done = {x: 1}",
    ),
    Runs(
        "a manual task waits for a person",
        "start s -> a\nmanual a -> e\nend e",
        "start | a\na | done",
    ),
    Runs(
        "a plain task waits for a person", "start s -> a\ntask a -> e\nend e", "start | a\na | done"
    ),
    Runs(
        "a completed task cannot be completed again",
        "start s -> a\nuser a -> b\nuser b -> e\nend e",
        "start | a\na | b\na | !",
    ),
    Runs(
        "a task that is not reached cannot be completed",
        "start s -> a\nuser a -> b\nuser b -> e\nend e",
        "start | a\nb | !",
    ),
    Runs(
        "a service answers with data that a gateway reads",
        """
        start s -> w
        service w call=[look_up] give=[who="x"; n=1 + 1] keep=[level] -> g
        xor g default=b -> a [level > 2], b
        user a -> e
        user b -> e
        end e
        """,
        "start | a > w = {level: 3}\na | done",
        answers={"w": {"level": 3}},
    ),
    Runs(
        "a service task without a service is answered by the script",
        "start s -> w\nservice w -> g\nxor g default=b -> a [level > 2], b\nuser a -> e\n"
        "user b -> e\nend e",
        "start | a > w\na | done",
        answers={"w": {"level": 3}},
        warnings=("no_service",),
    ),
    Runs(
        "what a service answers beyond the declared results is not kept",
        "start s -> w\nservice w call=[look_up] keep=[level] -> a\nuser a -> e\nend e",
        "start {other: 1} | a = {level: 3, other: 1}",
        answers={"w": {"level": 3, "other": 2}},
    ),
    Runs(
        "a rule task puts the decision under its result name",
        """
        start s -> r
        rule r decision=limits result=limit -> g
        xor g default=b -> a [limit.days > 2], b
        user a -> e
        user b -> e
        end e
        """,
        "start | a > r\na | done",
        answers={"r": {"days": 3}},
    ),
    Runs(
        "a rule task without result name puts the outputs into the data",
        """
        start s -> r
        rule r decision=limits -> g
        xor g default=b -> a [days > 2], b
        user a -> e
        user b -> e
        end e
        """,
        "start | a > r = {days: 3}\na | done",
        answers={"r": {"days": 3}},
    ),
    Runs(
        "a send task with a service calls it",
        "start s -> w\nsend w call=[notify] -> e\nend e",
        "start | done > e w",
    ),
    Runs(
        "automatic tasks in a row run in one go",
        "start s -> a\nservice a call=[x] -> b\nservice b call=[x] -> c\nservice c call=[x] -> e\nend e",
        "start | done > a b c e",
    ),
    Runs(
        "a process without start and end events begins and ends at its edges",
        "user a -> b\nuser b",
        "start | a\na | b\nb | done",
    ),
    Runs(
        "every element without a way in begins when there is no start event",
        "user a -> c\nuser b\nuser c",
        "start | a b\na | b c\nb | c\nc | done",
    ),
    Runs(
        "a path may end at a task",
        "start s -> f\nand f -> a, b\nuser a\nuser b -> e\nend e",
        "start | a b\na | b\nb | done",
        warnings=("implicit_end",),
    ),
    Runs(
        "a catching event may end a path",
        "start s -> c\ncatch c message=go",
        "start | c\nmsg go | done",
    ),
    Runs(
        "a sub-process runs inside and then goes on",
        """
        start s -> h
        sub h -> b {
          start hs -> a
          user a -> he
          end he
        }
        user b -> e
        end e
        """,
        "start | a\na {x: 1} | b > he = {x: 1}\nb | done",
    ),
    Runs(
        "a sub-process without start event begins everything in it",
        """
        start s -> h
        sub h -> e {
          user a
          user b
        }
        end e
        """,
        "start | a b\nb | a\na | done > e",
    ),
    Runs(
        "a sub-process sees and changes the data around it",
        """
        start s -> f
        and f -> h, b
        sub h -> j {
          start hs -> g
          xor g default=c -> a [x = 1], c
          user a -> he
          user c -> he
          end he
        }
        user b -> j
        and j -> e
        end e
        """,
        "start {x: 1} | a b\na {x: 2} | b = {x: 2}\nb | done = {x: 2}",
    ),
    Runs(
        "a sub-process ends when its last path ends",
        """
        start s -> h
        sub h -> c {
          start hs -> f
          and f -> a, b
          user a -> he1
          user b -> he2
          end he1
          end he2
        }
        user c -> e
        end e
        """,
        "start | a b\na | b > he1\nb | c > he2\nc | done",
    ),
    Runs(
        "three sub-processes in each other",
        """
        start s -> h
        sub h -> e {
          start hs -> i
          sub i -> he {
            start is -> k
            sub k -> ie {
              start ks -> a
              user a -> ke
              end ke
            }
            end ie
          }
          end he
        }
        end e
        """,
        "start | a\na | done > e he ie ke",
    ),
    Runs(
        "an automatic sub-process runs through",
        """
        start s -> h
        sub h -> a {
          start hs -> w
          service w call=[x] -> he
          end he
        }
        user a -> e
        end e
        """,
        "start | a > he w\na | done",
    ),
    Runs(
        "two sub-processes side by side",
        """
        start s -> f
        and f -> h, i
        sub h -> j {
          start hs -> a
          user a -> he
          end he
        }
        sub i -> j {
          start is -> b
          user b -> ie
          end ie
        }
        and j -> e
        end e
        """,
        "start | a b\nb | a > ie\na | done > e he",
    ),
    Runs(
        "a called process gets the data and gives it back",
        """
        process p
        start s -> k
        call k of=q -> g
        xor g default=b -> a [answer = "yes"], b
        user a -> e
        user b -> e
        end e
        process q
        start qs -> g2
        xor g2 default=d -> c [x = 1], d
        user c -> qe
        user d -> qe
        end qe
        """,
        'start {x: 1} | c\nc {answer: "yes"} | a > qe = {answer: "yes", x: 1}\na | done',
    ),
    Runs(
        "a called process called twice side by side keeps the data apart",
        """
        process p
        start s -> f
        and f -> k1, k2
        call k1 of=q -> j
        call k2 of=q -> j
        and j -> e
        end e
        process q
        start qs -> a
        user a -> g
        xor g default=b -> c [mine], b
        user b -> qe
        user c -> qe
        end qe
        """,
        "start | a a\na#1 {mine: true} | a c\na {mine: false} | b c\nc | b\nb | done",
    ),
    Runs(
        "a called process calls another",
        """
        process p
        start s -> k
        call k of=q -> e
        end e
        process q
        start qs -> k2
        call k2 of=r -> b
        user b -> qe
        end qe
        process r
        start rs -> a
        user a -> re
        end re
        """,
        "start | a\na | b > re\nb | done > e qe",
    ),
    Runs(
        "a message reaches a called process",
        """
        process p
        start s -> k
        call k of=q -> e
        end e
        process q
        start qs -> m
        catch m message=go -> qe
        end qe
        """,
        "start | m\nmsg go {x: 1} | done > e qe = {x: 1}",
    ),
    Runs(
        "a gateway in a sub-process and one outside with the same meaning do not mix",
        """
        start s -> f
        and f -> h, a
        sub h -> j {
          start hs -> f2
          and f2 -> b, c
          user b -> j2
          user c -> j2
          and j2 -> he
          end he
        }
        user a -> j
        and j -> e
        end e
        """,
        "start | a b c\nb | a c\na | c\nc | done > e he",
    ),
    Runs(
        "elements may be named like the library's own nodes",
        "start Start -> End\nuser End -> Root\nuser Root -> p.EndJoin\nend p.EndJoin",
        "start | End\nEnd | Root\nRoot | done",
    ),
    Runs(
        "ids may be Chinese",
        "start 开始 -> 办理\nuser 办理 name=[办理 工单] -> 结束\nend 结束",
        "start | 办理\n办理 {结果: 完成} | done > 结束 = {结果: 完成}",
    ),
    Runs(
        "data may hold words the library reserves",
        "start s -> a\nuser a -> b\nuser b -> e\nend e",
        "start {typename: x, nested: {typename: y}} | a\n"
        "a {list: [a, b]} | b\nb {list: [c]} | done = {list: [c], typename: x, nested: {typename: y}}",
    ),
    Runs(
        "lanes, notes, groups and data objects change nothing",
        """
        ~ <bpmn:laneSet id="lanes"><bpmn:lane id="l1" name="坐席"><bpmn:extensionElements><jieban:role name="agent"/></bpmn:extensionElements><bpmn:flowNodeRef>a</bpmn:flowNodeRef></bpmn:lane></bpmn:laneSet>
        start s -> a
        user a -> e
        end e
        ~ <bpmn:textAnnotation id="note"><bpmn:text>note</bpmn:text></bpmn:textAnnotation>
        ~ <bpmn:association id="as" sourceRef="a" targetRef="note"/>
        ~ <bpmn:dataObject id="do"/><bpmn:dataObjectReference id="dor" dataObjectRef="do"/>
        ~ <bpmn:group id="gr"/>
        ! <bpmn:collaboration id="co"><bpmn:participant id="pool" processRef="p"/><bpmn:participant id="black"/><bpmn:messageFlow id="mf" sourceRef="black" targetRef="a"/></bpmn:collaboration>
        """,
        "start | a\na | done",
    ),
    Runs(
        "a form and a role travel with the task",
        'start s -> a\nuser a role=handler form=[<jieban:field name="note" type="long_text" '
        'label="说明" label_en="Note" required="true" max_length="500"/>'
        '<jieban:field name="kind" type="choice" label="类别"><jieban:option value="a" label="甲"/>'
        "</jieban:field>] -> e\nend e",
        "start | a\na | done",
    ),
    Runs(
        "a process of two hundred steps in a row",
        "start s -> w0\n"
        + "".join(f"service w{n} call=[x] -> w{n + 1}\n" for n in range(200))
        + "user w200 -> e\nend e",
        "start | w200\nw200 | done",
    ),
    Runs(
        "eight parallel blocks of five in a row",
        "start s -> f0\n"
        + "".join(
            f"and f{n} -> "
            + ", ".join(f"w{n}_{k}" for k in range(5))
            + "\n"
            + "".join(f"service w{n}_{k} call=[x] -> j{n}\n" for k in range(5))
            + f"and j{n} -> f{n + 1}\n"
            for n in range(8)
        )
        + "user f8 -> e\nend e",
        "start | f8\nf8 | done",
    ),
    Runs(
        "data drawn at events and a lane of another tool change nothing",
        """
        ~ <bpmn:laneSet id="ls"><bpmn:lane id="l" partitionElementRef="x"><bpmn:flowNodeRef>a</bpmn:flowNodeRef></bpmn:lane></bpmn:laneSet>
        ~ <bpmn:dataObject id="o"/><bpmn:dataObjectReference id="r" dataObjectRef="o"/>
        start s -> a
        + <bpmn:dataOutputAssociation id="d1"><bpmn:targetRef>r</bpmn:targetRef></bpmn:dataOutputAssociation>
        user a -> e
        end e
        + <bpmn:dataInputAssociation id="d2"><bpmn:sourceRef>r</bpmn:sourceRef><bpmn:targetRef>t</bpmn:targetRef></bpmn:dataInputAssociation>
        """,
        "start | a\na | done > e",
        warnings=("only_drawn",),
    ),
    Runs(
        "patterns people need are usable",
        "start s -> a\nuser a form=["
        + "".join(
            f'<jieban:field name="x{n}" type="text" label="x" pattern="{pattern}"/>'
            for n, pattern in enumerate(
                (r"1[3-9]\d{9}", r"(\d{17}[\dXx]|\d{15})", r"(\d{3,4}-)?\d{7,8}", "(ab)+[*|]*")
            )
        )
        .replace("[", "&#91;")
        .replace("]", "&#93;")
        + "] -> e\nend e",
        "start | a\na | done",
    ),
]
