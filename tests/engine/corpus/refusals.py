"""Diagrams that must be refused: by which code, and at which element."""

from app.engine.content_checks import ServiceDeclaration
from tests.engine.corpus.case import Case, Refused

_PLAIN = "start s -> a\nuser a -> e\nend e"
_SERVICES = {
    "notify": ServiceDeclaration({"who": True, "how": False}, frozenset({"sent"})),
}


def _gateway(ways: str, options: str = "") -> str:
    return f"start s -> g\nxor g {options} -> {ways}\nuser a -> e\nuser b -> e\nend e"


def _condition(text: str) -> str:
    return _gateway(f"a [{text}], b", "default=b")


def _timer(options: str) -> str:
    return f"start s -> t\ncatch t {options} -> e\nend e"


def _boundary(options: str) -> str:
    return f"start s -> a\nuser a -> e\nboundary x {options} -> e2\nend e\nend e2"


def _with_form(fields: str) -> str:
    return f"start s -> a\nuser a form=[{fields}] -> e\nend e"


def _field(attributes: str, inside: str = "") -> str:
    return f"<jieban:field {attributes}>{inside}</jieban:field>"


_ELEMENTS: list[Case] = [
    Refused("script task", "start s -> a\nscript a -> e\nend e", "not_supported", "a"),
    Refused(
        "complex gateway", "start s -> g\ncomplex g -> a\nuser a -> e\nend e", "not_supported", "g"
    ),
    Refused(
        "transaction",
        "start s -> h\ntransaction h -> e {\nstart hs -> he\nend he\n}\nend e",
        "not_supported",
        "h",
    ),
    Refused(
        "ad-hoc sub-process", "start s -> h\nadhoc h -> e {\nuser a\n}\nend e", "not_supported", "h"
    ),
    Refused(
        "event sub-process",
        """
        start s -> a
        user a -> e
        end e
        sub h @triggeredByEvent=true {
          start hs -> he
          end he
        }
        """,
        "not_supported",
        "h",
    ),
    Refused("link event", "start s -> a\nthrow a link -> e\nend e", "not_supported", "a"),
    Refused(
        "compensation event", "start s -> a\nthrow a compensate -> e\nend e", "not_supported", "a"
    ),
    Refused(
        "compensation activity",
        "start s -> a\nuser a @isForCompensation=true -> e\nend e",
        "not_supported",
        "a",
    ),
    Refused("cancel end event", "start s -> a\nuser a -> e\nend e cancel", "not_supported", "e"),
    Refused(
        "conditional event", "start s -> a\ncatch a conditional -> e\nend e", "not_supported", "a"
    ),
    Refused("timer start event", "start s timer=PT1H -> e\nend e", "misplaced", "s"),
    Refused(
        "error caught in the flow", "start s -> c\ncatch c error=X -> e\nend e", "misplaced", "c"
    ),
    Refused(
        "escalation caught in the flow",
        "start s -> c\ncatch c escalation=X -> e\nend e",
        "misplaced",
        "c",
    ),
    Refused(
        "error thrown in the flow", "start s -> c\nthrow c error=X -> e\nend e", "misplaced", "c"
    ),
    Refused("timer thrown", "start s -> c\nthrow c timer=PT1H -> e\nend e", "misplaced", "c"),
    Refused(
        "terminate in the flow", "start s -> c\nthrow c terminate -> e\nend e", "misplaced", "c"
    ),
    Refused(
        "parallel event-based gateway",
        "start s -> g\nevents g @eventGatewayType=Parallel -> m, n\ncatch m message=x -> e\n"
        "catch n message=y -> e\nend e",
        "not_supported",
        "g",
    ),
    Refused(
        "gateway that starts a process",
        "start s -> g\nevents g @instantiate=true -> m, n\ncatch m message=x -> e\n"
        "catch n message=y -> e\nend e",
        "not_supported",
        "g",
    ),
    Refused(
        "receive task that starts a process",
        "start s -> r\nreceive r message=x @instantiate=true -> e\nend e",
        "not_supported",
        "r",
    ),
    Refused(
        "start quantity", "start s -> a\nuser a @startQuantity=2 -> e\nend e", "not_supported", "a"
    ),
    Refused(
        "completion quantity",
        "start s -> a\nuser a @completionQuantity=2 -> e\nend e",
        "not_supported",
        "a",
    ),
    Refused(
        "foreign implementation",
        "start s -> a\nservice a @implementation=java:Pay -> e\nend e",
        "not_supported",
        "a",
    ),
    Refused(
        "parallel multiple event",
        "start s -> c\ncatch c message=x @parallelMultiple=true -> e\nend e",
        "not_supported",
        "c",
    ),
    Refused(
        "two events in one",
        "start s -> c\ncatch c message=x signal=y -> e\nend e",
        "several_events",
        "c",
    ),
    Refused(
        "input output specification",
        "start s -> a\nuser a -> e\n+ <bpmn:ioSpecification/>\nend e",
        "not_supported",
        "a",
    ),
    Refused(
        "assignment in a data association",
        "start s -> a\nuser a -> e\n+ <bpmn:dataInputAssociation><bpmn:assignment/>"
        "</bpmn:dataInputAssociation>\nend e",
        "not_supported",
        "a",
    ),
    Refused(
        "correlation", _PLAIN + '\n! <bpmn:correlationProperty id="cp"/>', "not_supported", "cp"
    ),
    Refused(
        "web service interface",
        _PLAIN + '\n! <bpmn:interface id="i" name="i"/>',
        "not_supported",
        "i",
    ),
    Refused("choreography", _PLAIN + '\n! <bpmn:choreography id="ch"/>', "not_supported", "ch"),
    Refused(
        "conversation",
        _PLAIN + '\n! <bpmn:collaboration id="c"><bpmn:conversation id="talk"/>'
        "</bpmn:collaboration>",
        "not_supported",
        "talk",
    ),
    Refused(
        "extension that must be understood",
        _PLAIN + '\n! <bpmn:extension mustUnderstand="true"/>',
        "not_supported",
        "definitions_1",
    ),
    Refused(
        "unknown BPMN element", _PLAIN + '\n~ <bpmn:teaBreak id="tea"/>', "unknown_element", "tea"
    ),
    Refused(
        "unknown attribute",
        "start s -> a\nuser a @colour=red -> e\nend e",
        "unknown_attribute",
        "a",
    ),
    Refused(
        "element in the wrong place",
        "start s -> a\nuser a -> e\n+ <bpmn:terminateEventDefinition/>\nend e",
        "misplaced",
        "a",
    ),
    Refused(
        "flow that is not immediate",
        _PLAIN,
        "not_supported",
        "s_a",
        edit=('sourceRef="s"', 'isImmediate="false" sourceRef="s"'),
    ),
    Refused(
        "duplicate id",
        'start s -> a\nuser a -> e\nend e\n~ <bpmn:textAnnotation id="a"/>',
        "duplicate_id",
        "a",
    ),
    Refused(
        "id with a blank", "start s -> e\nend e", "bad_id", "s e", edit=('id="s_e"', 'id="s e"')
    ),
    Refused("not executable", "process p @isExecutable=false\n" + _PLAIN, "not_executable", "p"),
]

_EXTENSIONS: list[Case] = [
    Refused(
        "misspelt extension of ours",
        'start s -> w\nservice w -> e\n+ <bpmn:extensionElements><jieban:servise name="x"/>'
        "</bpmn:extensionElements>\nend e",
        "unknown_extension",
        "w",
    ),
    Refused(
        "misspelt attribute of ours",
        'start s -> w\nservice w -> e\n+ <bpmn:extensionElements><jieban:service nam="x"/>'
        "</bpmn:extensionElements>\nend e",
        "unknown_extension",
        "w",
    ),
    Refused(
        "service on a user task",
        'start s -> a\nuser a -> e\n+ <bpmn:extensionElements><jieban:service name="x"/>'
        "</bpmn:extensionElements>\nend e",
        "unknown_extension",
        "a",
    ),
    Refused(
        "two services on one task",
        'start s -> w\nservice w -> e\n+ <bpmn:extensionElements><jieban:service name="x"/>'
        '<jieban:service name="y"/></bpmn:extensionElements>\nend e',
        "unknown_extension",
        "w",
    ),
    Refused(
        "attribute of ours on a BPMN element",
        "start s -> a\nuser a @jieban:role=x -> e\nend e",
        "unknown_attribute",
        "a",
    ),
    Refused(
        "Camunda input and output",
        "start s -> w\nservice w -> e\n+ <bpmn:extensionElements><camunda:inputOutput/>"
        "</bpmn:extensionElements>\nend e",
        "foreign_behaviour",
        "w",
    ),
    Refused(
        "Camunda listener",
        "start s -> w\nservice w -> e\n+ <bpmn:extensionElements><camunda:executionListener/>"
        "</bpmn:extensionElements>\nend e",
        "foreign_behaviour",
        "w",
    ),
    Refused(
        "Zeebe mapping",
        "start s -> w\nservice w -> e\n+ <bpmn:extensionElements><zeebe:ioMapping/>"
        "</bpmn:extensionElements>\nend e",
        "foreign_behaviour",
        "w",
    ),
    Refused(
        "SpiffWorkflow script before a task",
        "start s -> a\nuser a -> e\n+ <bpmn:extensionElements><spiffworkflow:preScript>x = 1"
        "</spiffworkflow:preScript></bpmn:extensionElements>\nend e",
        "foreign_behaviour",
        "a",
    ),
    Refused(
        "service that is not registered",
        "start s -> w\nservice w call=[fly] -> e\nend e",
        "service",
        "w",
        services=_SERVICES,
    ),
    Refused(
        "service without a required parameter",
        "start s -> w\nservice w call=[notify] -> e\nend e",
        "service",
        "w",
        services=_SERVICES,
    ),
    Refused(
        "service with an unknown parameter",
        'start s -> w\nservice w call=[notify] give=[who="x"; why=1] -> e\nend e',
        "service",
        "w",
        services=_SERVICES,
    ),
    Refused(
        "service with an unknown result",
        'start s -> w\nservice w call=[notify] give=[who="x"] keep=[read] -> e\nend e',
        "service",
        "w",
        services=_SERVICES,
    ),
    Refused(
        "service parameter that is no FEEL",
        "start s -> w\nservice w call=[notify] give=[who=1 +] -> e\nend e",
        "feel",
        "w",
    ),
    Refused(
        "decision that does not exist",
        "start s -> r\nrule r decision=luck -> e\nend e",
        "decision",
        "r",
        decisions=("limits",),
    ),
    Refused(
        "decision with an unknown binding",
        "start s -> r\nrule r decision=limits -> e\nend e",
        "decision",
        "r",
        edit=('key="limits"', 'key="limits" binding="latest"'),
    ),
    Refused(
        "result name that is no name",
        "start s -> r\nrule r decision=limits result=my-limit -> e\nend e",
        "data_name",
        "r",
    ),
    Refused("empty form", _with_form(" "), "form", "a"),
    Refused("form field without name", _with_form(_field('type="text" label="x"')), "form", "a"),
    Refused(
        "form field of unknown type",
        _with_form(_field('name="x" type="colour" label="x"')),
        "form",
        "a",
    ),
    Refused("form field without label", _with_form(_field('name="x" type="text"')), "form", "a"),
    Refused(
        "form field twice", _with_form(_field('name="x" type="text" label="x"') * 2), "form", "a"
    ),
    Refused(
        "choice without options",
        _with_form(_field('name="x" type="choice" label="x"')),
        "form",
        "a",
    ),
    Refused(
        "option twice",
        _with_form(
            _field('name="x" type="choice" label="x"', '<jieban:option value="1" label="1"/>' * 2)
        ),
        "form",
        "a",
    ),
    Refused(
        "default that is no option",
        _with_form(
            _field(
                'name="x" type="choice" label="x" default="2"',
                '<jieban:option value="1" label="1"/>',
            )
        ),
        "form",
        "a",
    ),
    Refused(
        "options on a text",
        _with_form(
            _field('name="x" type="text" label="x"', '<jieban:option value="1" label="1"/>')
        ),
        "form",
        "a",
    ),
    Refused(
        "bound on a text", _with_form(_field('name="x" type="text" label="x" min="1"')), "form", "a"
    ),
    Refused(
        "pattern that can take for ever",
        _with_form(_field('name="x" type="text" label="x" pattern="(a+)+b"')),
        "form",
        "a",
    ),
    *(
        Refused(
            f"regular expression that may take for ever: {pattern}",
            _with_form(_field(f'name="x" type="text" label="x" pattern="{pattern}"')),
            "form",
            "a",
        )
        for pattern in ("(a|a)*b", "((a+)b?)+", "(a?)+", "(?:a{2})+")
    ),
    *(
        Refused(
            f"regular expression that FEEL does not know: {pattern}",
            _with_form(_field(f'name="x" type="text" label="x" pattern="{pattern}"')),
            "form",
            "a",
        )
        for pattern in ("a(b", "(?=a)a", "a++", "[z-a]")
    ),
    *(
        Refused(
            f"kind of files that there is not: {attributes}",
            _with_form(_field(f'name="x" label="x" {attributes}')),
            "form",
            "a",
        )
        for attributes in ('type="files" kind="photo"', 'type="text" kind="identity"')
    ),
    Refused(
        "unknown attribute of a field",
        _with_form(_field('name="x" type="text" label="x" colour="red"')),
        "form",
        "a",
    ),
]

_MULTI = "multiInstanceLoopCharacteristics"


def _edited(name: str, code: str, at: str, edit: tuple[str, str]) -> Refused:
    return Refused(name, _PLAIN, code, at, edit=edit)


def _in_task(name: str, code: str, inside: str) -> Refused:
    """A user task that holds this."""
    return _edited(
        name,
        code,
        "a",
        ('<bpmn:userTask id="a">', f'<bpmn:userTask id="a">{inside}'),
    )


def _many(attributes: str, inside: str) -> str:
    return f"<bpmn:{_MULTI} {attributes}>{inside}</bpmn:{_MULTI}>"


_TWICE = "<bpmn:loopCardinality>2</bpmn:loopCardinality>"
_WHILE = "<bpmn:loopCondition>x</bpmn:loopCondition>"

_ONE_READING: list[Case] = [
    _in_task(
        "a flag that is neither true nor false",
        "bad_value",
        _many('isSequential="TRUE"', _TWICE),
    ),
    *(
        _in_task(
            f"a loop with the maximum {maximum}",
            "bad_value",
            f'<bpmn:standardLoopCharacteristics loopMaximum="{maximum}">{_WHILE}'
            "</bpmn:standardLoopCharacteristics>",
        )
        for maximum in ("-1", "three", "")
    ),
    _in_task("two kinds of repetition", "repeated", _many("", _TWICE) * 2),
    _in_task("two numbers of instances", "repeated", _many("", _TWICE * 2)),
    _in_task(
        "another engine's name for BPMN's count of instances",
        "loop",
        _many(
            "",
            _TWICE + "<bpmn:completionCondition>nrOfCompletedInstances = 1"
            "</bpmn:completionCondition>",
        ),
    ),
    _in_task("a negative number of instances", "loop", _many("", _TWICE.replace("2", "-2"))),
    _in_task(
        "two holders of extensions",
        "repeated",
        "<bpmn:extensionElements/><bpmn:extensionElements/>",
    ),
    Refused(
        "two times in one timer",
        _timer("timer=PT1H"),
        "repeated",
        "t",
        edit=(
            "</bpmn:timeDuration>",
            "</bpmn:timeDuration><bpmn:timeDate>2026-03-02T10:00:00Z</bpmn:timeDate>",
        ),
    ),
    _edited(
        "an end that ends everything around it",
        "foreign_behaviour",
        "e",
        (
            '<bpmn:endEvent id="e">',
            (
                '<bpmn:endEvent id="e"><bpmn:terminateEventDefinition '
                'xmlns:flowable="http://flowable.org/bpmn" flowable:terminateAll="true"/>'
            ),
        ),
    ),
    Refused(
        "a timer by another engine's calendar",
        _timer("timer=PT1H"),
        "foreign_behaviour",
        "t",
        edit=(
            "<bpmn:timerEventDefinition>",
            (
                '<bpmn:timerEventDefinition xmlns:flowable="http://flowable.org/bpmn" '
                'flowable:businessCalendarName="cn">'
            ),
        ),
    ),
    Refused(
        "sub-processes deeper than the engine goes",
        "start s -> n0\n"
        + "".join(f"sub n{n} {{\nstart s{n} -> n{n + 1}\n" for n in range(51))
        + "user n51\n"
        + "}\n" * 51,
        "too_deep",
        "p",
    ),
]

_EXPRESSIONS: list[Case] = [
    Refused("JUEL", _condition("${x > 1}"), "foreign_language", "g_a"),
    Refused("JUEL with a hash", _condition("#{x > 1}"), "foreign_language", "g_a"),
    Refused("Python", _condition("x == 1"), "foreign_language", "g_a"),
    Refused("Python truth values", _condition("x = True"), "foreign_language", "g_a"),
    Refused(
        "Python escape",
        _condition("__import__('os').popen('id').read()"),
        "foreign_language",
        "g_a",
    ),
    Refused(
        "Python escape by subclasses",
        _condition("().__class__.__base__.__subclasses__()").replace("[().", "[ ()."),
        "foreign_language",
        "g_a",
    ),
    Refused("escape through a module", _condition("random._os.popen(x).read()"), "feel", "g_a"),
    Refused("JavaScript", _condition("x === 1 && y"), "foreign_language", "g_a"),
    Refused("XPath", _condition("bpmn:getDataObject(x)/a/text()"), "foreign_language", "g_a"),
    Refused(
        "XPath by declaration",
        _condition("x > 1"),
        "foreign_language",
        "g_a",
        language="http://www.w3.org/1999/XPath",
    ),
    Refused(
        "Groovy by declaration",
        _condition("x > 1"),
        "foreign_language",
        "g_a",
        edit=(
            'xsi:type="bpmn:tFormalExpression"',
            'xsi:type="bpmn:tFormalExpression" language="groovy"',
        ),
    ),
    Refused(
        "a language nobody knows",
        _condition("x > 1"),
        "foreign_language",
        "g_a",
        language="urn:latin",
    ),
    Refused("a function of a text", _condition('"{}".format(x)'), "feel", "g_a"),
    Refused("XPath truth values", _condition("true()"), "foreign_language", "g_a"),
    *(
        Refused(f"a time that only passes as FEEL: {text}", _timer(f"timer=[{text}]"), "timer", "t")
        for text in ("pt15m", "=PT15M", '= "PT15M"', "900", "P", "R3/PT10H", "P9999Y")
    ),
    Refused("a duration where an instant belongs", _timer("at=PT1H"), "timer", "t"),
    Refused("FEEL that does not parse", _condition("x > "), "feel", "g_a"),
    Refused("FEEL function that does not exist", _condition("frobnicate(x)"), "feel", "g_a"),
    Refused("condition of nothing", _condition(" = "), "empty_expression", "g_a"),
    Refused("working days outside a timer", _condition("working_days(2) > x"), "feel", "g_a"),
    Refused("timer without time", _timer("timer=[ ]"), "timer", "t"),
    Refused(
        "timer without anything",
        _PLAIN + "\n",
        "timer",
        "x",
        edit=(
            "</bpmn:userTask>",
            (
                '</bpmn:userTask><bpmn:boundaryEvent id="x" attachedToRef="a">'
                "<bpmn:outgoing>x_e</bpmn:outgoing><bpmn:timerEventDefinition/>"
                '</bpmn:boundaryEvent><bpmn:sequenceFlow id="x_e" sourceRef="x" '
                'targetRef="e"/>'
            ),
        ),
    ),
    Refused("timer in quotes", _timer('timer="PT1H"'), "timer", "t"),
    Refused("timer of no length", _timer("timer=PT0H"), "timer", "t"),
    Refused("negative timer", _timer("timer=-PT1H"), "timer", "t"),
    Refused("timer with half an hour", _timer("timer=PT0.5H"), "timer", "t"),
    Refused("instant without offset", _timer("at=2026-03-02T12:00:00"), "timer", "t"),
    Refused("instant that does not exist", _timer("at=2026-02-30T12:00:00+08:00"), "timer", "t"),
    Refused("date without time", _timer("at=2026-03-02"), "timer", "t"),
    Refused("cron", _boundary("on=a non every=[0 0 * * * ?]"), "timer", "x"),
    Refused("cycle of no times", _boundary("on=a non every=R0/PT1H"), "timer", "x"),
    Refused("cycle in the flow", _timer("every=R3/PT1H"), "timer", "t"),
    Refused("cycle on an interrupting boundary", _boundary("on=a every=R3/PT1H"), "timer", "x"),
    Refused("timer in JUEL", _timer("timer=${limit}"), "foreign_language", "t"),
]

_REFERENCES: list[Case] = [
    Refused(
        "catching event without anything", "start s -> c\ncatch c -> e\nend e", "no_event", "c"
    ),
    Refused("boundary event without anything", _boundary("on=a"), "no_event", "x"),
    Refused(
        "message event without message",
        "start s -> c\ncatch c message=* -> e\nend e",
        "no_reference",
        "c",
    ),
    Refused(
        "message event with a lost message",
        "start s -> c\ncatch c message=x -> e\nend e",
        "no_reference",
        "c",
        edit=('messageRef="message_x"', 'messageRef="gone"'),
    ),
    Refused(
        "message without name",
        "start s -> c\ncatch c message=x -> e\nend e",
        "no_reference",
        "c",
        edit=('name="x"', 'name=""'),
    ),
    Refused(
        "signal event without signal",
        "start s -> c\nthrow c signal=* -> e\nend e",
        "no_reference",
        "c",
    ),
    Refused(
        "receive task without message", "start s -> r\nreceive r -> e\nend e", "no_reference", "r"
    ),
    Refused("send task without message", "start s -> r\nsend r -> e\nend e", "no_reference", "r"),
    Refused("error end without error", "start s -> e\nend e error=*", "no_reference", "e"),
    Refused(
        "error without code",
        "start s -> h\nsub h -> e {\nstart hs -> he\nend he error=X\n}\n"
        "boundary b on=h error=* -> e\nend e",
        "no_code",
        "he",
        edit=('name="X" errorCode="X"', ""),
    ),
    Refused(
        "escalation without code",
        "start s -> c\nthrow c escalation=X -> e\nend e",
        "no_code",
        "c",
        edit=('name="X" escalationCode="X"', ""),
    ),
    Refused(
        "error beside a task that goes on",
        "start s -> w\nservice w call=[x] -> e\nboundary b on=w non error=X -> e\nend e",
        "error_interrupts",
        "b",
    ),
    Refused(
        "error that nothing catches",
        "start s -> h\nsub h -> e {\nstart hs -> he\nend he error=X\n}\nend e",
        "uncaught_error",
        "he",
    ),
    Refused(
        "error caught by another code only",
        "start s -> h\nsub h -> e {\nstart hs -> he\nend he error=X\n}\n"
        "boundary b on=h error=Y -> e\nend e",
        "uncaught_error",
        "he",
    ),
    Refused("error at the top level", "start s -> e\nend e error=X", "uncaught_error", "e"),
    Refused("call without process", "start s -> k\ncall k -> e\nend e", "no_reference", "k"),
    Refused(
        "call of a missing process",
        "start s -> k\ncall k of=gone -> e\nend e",
        "called_missing",
        "k",
    ),
    Refused(
        "call of a process that only a message begins",
        "process p\nstart s -> k\ncall k of=q -> e\nend e\n"
        "process q\nstart qs message=go -> a\nuser a -> qe\nend qe",
        "called_start",
        "k",
    ),
    Refused("process that calls itself", "start s -> k\ncall k of=p -> e\nend e", "recursion", "k"),
    Refused("boundary event on nothing", _boundary("on=gone"), "loose_boundary", "x"),
    Refused(
        "boundary event on a gateway",
        "start s -> g\nand g -> e\nboundary x on=g timer=PT1H -> e\nend e",
        "loose_boundary",
        "x",
    ),
    Refused(
        "multi-instance without number or list",
        "start s -> a\nuser a times=1 -> e\nend e",
        "loop",
        "a",
        edit=("<bpmn:loopCardinality>1</bpmn:loopCardinality>", ""),
    ),
    Refused(
        "multi-instance with number and list",
        "start s -> a\nuser a each=xs as=x times=1 -> e\nend e",
        "loop",
        "a",
    ),
    Refused(
        "multi-instance that collects without a list",
        "start s -> a\nuser a each=xs as=x collect=y -> e\nend e",
        "loop",
        "a",
    ),
    Refused(
        "multi-instance over a name that is none",
        "start s -> a\nuser a each=xs as=9x -> e\nend e",
        "data_name",
        "a",
    ),
    Refused(
        "multi-instance with complex behaviour",
        "start s -> a\nuser a times=1 -> e\nend e",
        "not_supported",
        "a",
        edit=(
            "<bpmn:multiInstanceLoopCharacteristics>",
            '<bpmn:multiInstanceLoopCharacteristics behavior="One">',
        ),
    ),
    Refused(
        "loop without condition",
        "start s -> a\nuser a while=x -> e\nend e",
        "loop",
        "a",
        edit=("<bpmn:loopCondition>x</bpmn:loopCondition>", ""),
    ),
    Refused("loop of no rounds", "start s -> a\nuser a while=x max=0 -> e\nend e", "loop", "a"),
]

_FLOWS: list[Case] = [
    Refused("no start event", "user a -> e\nend e", "no_start", "p"),
    Refused("empty sub-process", "start s -> h\nsub h -> e {\n}\nend e", "no_start", "h"),
    Refused(
        "two plain start events",
        "start s -> a\nstart s2 -> a\nuser a -> e\nend e",
        "several_starts",
        "s2",
    ),
    Refused(
        "sub-process that waits for a message to begin",
        "start s -> h\nsub h -> e {\nstart hs message=x -> he\nend he\n}\nend e",
        "several_starts",
        "hs",
    ),
    Refused(
        "start event that leads nowhere",
        "start s\nend e",
        "dead_end",
        "s",
        edit=('<bpmn:endEvent id="e">\n</bpmn:endEvent>', ""),
    ),
    Refused("gateway that leads nowhere", "start s -> g\nand g", "dead_end", "g"),
    Refused(
        "boundary event that leads nowhere",
        "start s -> a\nuser a -> e\nboundary x on=a timer=PT1H\nend e",
        "dead_end",
        "x",
    ),
    Refused("task that nothing leads to", "start s -> e\nuser a -> e\nend e", "unreachable", "a"),
    Refused(
        "end event that nothing leads to",
        "start s -> a\nuser a -> e\nend e\nend e2",
        "unreachable",
        "e2",
    ),
    Refused("flow after the end", "start s -> e\nend e -> a\nuser a", "after_end", "e"),
    Refused("flow into the start", "start s -> a\nuser a -> s", "no_entry", "s"),
    Refused(
        "flow from nowhere",
        _PLAIN + '\n~ <bpmn:sequenceFlow id="lost" sourceRef="gone" targetRef="e"/>',
        "loose_flow",
        "lost",
    ),
    Refused(
        "flow across the border of a sub-process",
        "start s -> h\nsub h -> b {\nstart hs -> a\nuser a -> he\nend he\n}\nuser b -> e\nend e\n"
        '~ <bpmn:sequenceFlow id="across" sourceRef="a" targetRef="b"/>',
        "crossing_flow",
        "across",
    ),
    Refused(
        "exclusive gateway without default", _gateway("a [x > 1], b [x < 2]"), "no_default", "g"
    ),
    Refused(
        "exclusive gateway with a flow without condition",
        _gateway("a, b", "default=b"),
        "no_condition",
        "g_a",
    ),
    Refused(
        "inclusive gateway without default",
        _gateway("a [x > 1], b [x < 2]").replace("xor", "or"),
        "no_default",
        "g",
    ),
    Refused(
        "default with a condition",
        _gateway("a [x > 1], b [x < 2]", "default=b"),
        "misplaced_condition",
        "g_b",
    ),
    Refused(
        "default that is no way out",
        _gateway("a [x > 1], b [x < 2]", "default=c"),
        "misplaced_default",
        "g",
    ),
    Refused(
        "condition on the only way out",
        "start s -> g\nxor g -> e [x]\nend e",
        "misplaced_condition",
        "g_e",
    ),
    Refused(
        "condition behind a parallel gateway",
        "start s -> g\nand g -> a, b [x]\nuser a -> e\nuser b -> e\nend e",
        "misplaced_condition",
        "g_b",
    ),
    Refused(
        "condition behind a start event", "start s -> e [x]\nend e", "misplaced_condition", "s_e"
    ),
    Refused(
        "task with conditions only and no default",
        "start s -> a\nuser a -> b [x], c [y]\nuser b -> e\nuser c -> e\nend e",
        "no_default",
        "a",
    ),
    Refused(
        "event-based gateway before a task",
        "start s -> g\nevents g -> m, a\ncatch m message=x -> e\nuser a -> e\nend e",
        "event_gateway",
        "a",
    ),
    Refused(
        "event-based gateway with one event",
        "start s -> g\nevents g -> m\ncatch m message=x -> e\nend e",
        "event_gateway",
        "g",
    ),
    Refused(
        "event-based gateway with receive task and message event",
        "start s -> g\nevents g -> m, r\ncatch m message=x -> e\nreceive r message=y -> e\nend e",
        "event_gateway",
        "g",
    ),
    Refused(
        "event behind two gateways",
        "start s -> f\nand f -> g, h\nevents g -> m, n\nevents h -> n, o\n"
        "catch m message=x -> e\ncatch n message=y -> e\ncatch o message=z -> e\nend e",
        "event_gateway",
        "n",
    ),
    Refused(
        "receive task with a boundary event behind an event-based gateway",
        "start s -> g\nevents g -> r, q\nreceive r message=x -> e\nreceive q message=y -> e\n"
        "boundary b on=r timer=PT1H -> e\nend e",
        "event_gateway",
        "r",
    ),
    Refused(
        "condition behind an event-based gateway",
        "start s -> g\nevents g -> m [x], n\ncatch m message=x -> e\ncatch n message=y -> e\nend e",
        "misplaced_condition",
        "g_m",
    ),
    Refused(
        "join with a way in that comes from behind it",
        "start s -> j\nand j -> a\nuser a -> j",
        "never_happens",
        "j",
    ),
    Refused(
        "loop that multiplies tokens and waits for nobody",
        "start s -> m\nxor m -> f\nand f -> m, a\nuser a -> e\nend e",
        "endless_loop",
        "m",
    ),
    Refused(
        "loop of services without a way out",
        "start s -> w\nservice w call=[x] -> v\nservice v call=[x] -> w",
        "endless_loop",
        "w",
    ),
]

CASES: list[Case] = [*_ELEMENTS, *_EXTENSIONS, *_ONE_READING, *_EXPRESSIONS, *_REFERENCES, *_FLOWS]
