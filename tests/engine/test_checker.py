# ruff: noqa: E501, ISC004 - a diagram is one text, however long
"""What the checker says beyond the corpus: sentences, places, bundles, warnings, hostile files."""

import re

import pytest

from app.cases.expressions import compile_expression
from app.core.errors import Invalid
from app.core.phrase import Phrase
from app.engine.allowed import ATTRIBUTES, CHILDREN, REFUSED
from app.engine.checker import check, require_accepted
from app.engine.content_checks import Surroundings
from app.engine.diagram import Diagram, Expression, read_diagram
from app.engine.expression_checks import foreign_language
from app.engine.findings import Finding, Severity
from tests.engine.corpus.case import Refused, diagram_of
from tests.engine.corpus.cases import CASES
from tests.engine.corpus.notation import to_xml

AROUND = Surroundings(compile_expression=compile_expression)
CJK = re.compile(r"[\u4e00-\u9fff]")


def findings(text: str, name: str = "t.bpmn") -> tuple[Finding, ...]:
    return check([diagram(text, name)], AROUND)


def diagram(text: str, name: str = "t.bpmn") -> Diagram:
    return read_diagram(to_xml(text), name)


def warnings(text: str) -> set[tuple[str, str]]:
    found = findings(text)
    assert all(f.severity is Severity.WARNING for f in found)
    return {(f.code, f.element_id) for f in found}


@pytest.mark.parametrize(
    "case", [c for c in CASES if isinstance(c, Refused)], ids=lambda case: case.name
)
def test_every_refusal_names_file_and_line_and_says_in_both_languages_what_to_do(
    case: Refused,
) -> None:
    around = Surroundings(case.services, case.decisions, compile_expression)
    for finding in check([diagram_of(case)], around):
        assert finding.file_name == "case.bpmn"
        assert finding.line > 0
        assert CJK.search(finding.phrase.zh)
        assert finding.phrase.zh.endswith(("。", "）"))
        assert "：" in finding.phrase.zh, "says what is wrong: what to do"
        assert ":" in finding.phrase.en
        assert not CJK.search(re.sub(r"“[^”]*”", "", finding.phrase.en))


def test_every_refused_element_has_a_sentence_and_stands_on_no_allow_list() -> None:
    for name, phrase in REFUSED.items():
        assert isinstance(phrase, Phrase)
        assert name not in ATTRIBUTES
    for parent, inside in CHILDREN.items():
        assert not inside & set(REFUSED), parent
        assert inside <= set(ATTRIBUTES), parent


def test_a_finding_carries_the_name_of_the_element() -> None:
    (finding,) = findings("start s -> a\nscript a name=[算 一算] -> e\nend e")
    assert (finding.element_id, finding.element_name) == ("a", "算 一算")


def test_findings_come_in_the_order_of_lines() -> None:
    found = findings(
        "start s -> a\nscript a -> b\nuser b -> c\ncomplex c -> d\ncatch d link -> e\nend e"
    )
    assert [f.element_id for f in found] == ["a", "c", "d"]
    assert [f.line for f in found] == sorted(f.line for f in found)


def test_a_mistake_in_feel_is_told_with_its_column() -> None:
    (finding,) = findings(
        "start s -> g\nxor g default=b -> a [x > 1 and], b\nuser a -> e\nuser b -> e\nend e"
    )
    assert re.search(r"第 1 行第 \d+ 列", finding.phrase.zh)
    assert re.search(r"line 1, column \d+", finding.phrase.en)


@pytest.mark.parametrize("text", ["5", '"yes"', "n + 1", 'if n > 1 then "a" else "b"', "count(x)"])
def test_a_condition_that_can_never_be_true_or_false_is_refused(text: str) -> None:
    (finding,) = findings(
        f"start s -> g\nxor g default=b -> a [{text}], b\nuser a -> e\nuser b -> e\nend e"
    )
    assert (finding.code, finding.element_id) == ("condition", "g_a")


@pytest.mark.parametrize("text", ["n > 5", "n", "if n > 1 then true else ok", "not(ok)"])
def test_a_condition_that_may_be_true_or_false_is_accepted(text: str) -> None:
    assert not findings(
        f"start s -> g\nxor g default=b -> a [{text}], b\nuser a -> e\nuser b -> e\nend e"
    )


def test_files_of_a_bundle_know_each_other() -> None:
    caller = diagram("process p\nstart s -> k\ncall k of=q -> e\nend e", "p.bpmn")
    called = diagram("process q\nstart s -> a\nuser a -> e\nend e", "q.bpmn")
    assert check([caller, called], AROUND) == ()
    (missing,) = check([caller], AROUND)
    assert (missing.code, missing.element_id) == ("called_missing", "k")


def test_processes_of_one_id_in_two_files_are_refused() -> None:
    first = diagram("start s -> e\nend e", "1.bpmn")
    second = diagram("start s -> e\nend e", "2.bpmn")
    assert [(f.code, f.file_name) for f in check([first, second], AROUND)] == [
        ("duplicate_process", "2.bpmn")
    ]


def test_processes_that_call_each_other_in_a_ring_are_refused() -> None:
    ring = [
        diagram(f"process {a}\nstart s -> k\ncall k of={b} -> e\nend e", f"{a}.bpmn")
        for a, b in (("p", "q"), ("q", "r"), ("r", "p"))
    ]
    found = check(ring, AROUND)
    assert [(f.code, f.file_name) for f in found] == [
        ("recursion", "p.bpmn"),
        ("recursion", "q.bpmn"),
        ("recursion", "r.bpmn"),
    ]


def test_an_error_caught_by_one_caller_and_not_by_another_is_refused() -> None:
    text = """
    process p
    start s -> k
    call k of=q -> k2
    boundary b on=k error=X -> k2
    call k2 of=q -> e
    end e
    process q
    start qs -> qe
    end qe error=X
    """
    assert [(f.code, f.element_id) for f in findings(text)] == [("uncaught_error", "qe")]


def test_a_process_that_is_not_executable_is_a_note_beside_one_that_is() -> None:
    text = (
        "process p\nstart s -> e\nend e\n"
        "process note @isExecutable=false\nstart s2 -> x\nscript x -> e2\nend e2"
    )
    assert warnings(text) == {("not_executable", "note")}


def test_foreign_extensions_that_change_nothing_are_told_once_per_owner() -> None:
    text = """
    start s -> a
    user a @camunda:assignee=x @camunda:formKey=y @other:colour=z -> b
    user b @camunda:assignee=x -> e
    end e
    """
    found = [f for f in findings(text) if f.code == "foreign_extension"]
    assert len(found) == 2
    assert "Camunda 7" in found[0].phrase.en
    assert "assignee, formKey" in found[0].phrase.en
    assert "urn:other" in found[1].phrase.en


@pytest.mark.parametrize(
    ("text", "warning"),
    [
        (
            "start s -> g\nxor g default=b -> a [x], b\nuser a -> j\nuser b -> j\nand j -> e\nend e",
            ("never_happens", "j"),
        ),
        (
            "start s -> g\nor g default=b -> a [x], b, c [z]\nuser a -> j\nuser b -> j\n"
            "user c -> j\nand j -> e\nend e".replace(
                "default=b -> a [x], b [y]", "default=b -> a [x], b"
            ),
            ("never_happens", "j"),
        ),
        (
            "start s -> g\nor g default=c -> a [x], b [y], c\nuser a -> j\nuser b -> j\n"
            "user c -> e2\nand j -> e\nend e\nend e2",
            ("may_wait_for_ever", "j"),
        ),
        (
            "start s -> f\nand f -> a, b\nuser a -> m\nuser b -> m\nxor m -> c\nuser c -> e\nend e",
            ("may_run_twice", "c"),
        ),
        (
            "start s -> f\nand f -> a, b\nuser a -> e\nboundary x on=a non timer=PT1H -> j\n"
            "user b -> j\nand j -> e2\nend e\nend e2",
            ("may_wait_for_ever", "j"),
        ),
        ("start s -> a\nuser a -> e\nboundary x on=a error=X -> e\nend e", ("never_thrown", "x")),
        (
            "start s -> a\nuser a -> e\nboundary x on=a non escalation=X -> e\nend e",
            ("never_thrown", "x"),
        ),
        ("start s -> r\nrule r -> e\nend e", ("no_decision", "r")),
        (
            "start s -> a\nuser a -> e\n+ <bpmn:dataInputAssociation/>\nend e",
            ("only_drawn", "a"),
        ),
        ("start s -> a\nuser a -> e\n+ <bpmn:potentialOwner/>\nend e", ("only_drawn", "a")),
    ],
)
def test_what_may_surprise_is_told(text: str, warning: tuple[str, str]) -> None:
    assert warning in {(f.code, f.element_id) for f in findings(text)}


@pytest.mark.parametrize(
    "text",
    [
        "start s -> f\nand f -> a, b\nuser a -> j\nuser b -> j\nand j -> e\nend e",
        "start s -> f\nor f default=b -> a [x], b\nuser a -> j\nuser b -> j\nor j -> e\nend e",
        "start s -> m\nxor m -> f\nand f -> a, b\nuser a -> j\nuser b -> j\nand j -> g\n"
        "xor g default=e -> m [x], e\nend e",
        "start s -> a\nuser a -> e\nboundary x on=a non every=R/PT1H -> w\nservice w call=[x] -> e2\n"
        "end e\nend e2",
    ],
)
def test_sound_diagrams_draw_no_remark(text: str) -> None:
    assert findings(text) == ()


def test_an_inclusive_block_of_many_branches_is_judged_in_time() -> None:
    branches = range(12)
    text = (
        "start s -> f\nor f default=z -> "
        + ", ".join(f"a{n} [x{n}]" for n in branches)
        + ", z\nuser z -> j\n"
        + "".join(f"user a{n} -> j\n" for n in branches)
        + "or j -> e\nend e"
    )
    assert findings(text) == ()


def test_parallel_blocks_of_many_branches_are_judged_in_time() -> None:
    branches = range(20)
    text = (
        "start s -> f\nand f -> "
        + ", ".join(f"a{n}" for n in branches)
        + "\n"
        + "".join(f"user a{n} -> j\n" for n in branches)
        + "and j -> e\nend e"
    )
    assert findings(text) == ()


def test_more_elements_than_a_person_can_read_are_refused() -> None:
    text = "start s -> w0\n" + "".join(f"user w{n} -> w{n + 1}\n" for n in range(2100))
    found = findings(text + "end w2100")
    assert {f.code for f in found} == {"too_large"}


def test_before_publication_every_service_and_decision_must_be_named() -> None:
    text = "start s -> w\nservice w -> r\nrule r -> e\nend e"
    assert warnings(text) == {("no_service", "w"), ("no_decision", "r")}
    with pytest.raises(Invalid) as refusal:
        require_accepted([diagram(text)], Surroundings(publishing=True))
    assert set(refusal.value.fields) == {"w", "r"}
    assert "2" in refusal.value.phrase.zh


def test_an_accepted_bundle_may_be_published() -> None:
    require_accepted([diagram("start s -> a\nuser a -> e\nend e")], AROUND)


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("${a}", "JUEL"),
        ("#{a}", "JUEL"),
        ("#a > 1", "SpEL"),
        ("$a > 1", "XPath"),
        ("a === 1", "JavaScript"),
        ("a && b", "JavaScript"),
        ("new Date()", "JavaScript"),
        ("a == 1", "Python"),
        ("a is None", "Python"),
        ("a is not b", "Python"),
        ("a = 'x'", "Python"),
        ("lambda x: x", "Python"),
    ],
)
def test_another_language_is_known_by_what_only_it_writes(text: str, language: str) -> None:
    assert foreign_language(Expression(text)) == language


@pytest.mark.parametrize(
    "text",
    [
        'a = "x == y && ${z}"',
        "is(a, b)",
        "new = true and let > 1 and importance > 2",
        "a__b > 1",
        "a >= 1 and b != 2 and c <= 3",
        "for x in xs return x + 1",
        "some x in xs satisfies x > 1",
        'date("2026-03-01") < 到期日',
        "if a then b else c",
        "a ** 2 > 3",
        "xs[item.n > 1][1].name",
    ],
)
def test_feel_is_not_taken_for_another_language(text: str) -> None:
    assert foreign_language(Expression(text)) is None
    assert foreign_language(Expression(text, "http://www.omg.org/spec/FEEL/20140401")) is None
    compile_expression(text, {})


def test_a_finding_shows_no_more_of_a_long_expression_than_a_person_reads() -> None:
    text = f"start s -> g\nxor g default=b -> a [{'x and ' * 9000}x], b\nuser a -> e\nuser b -> e\nend e"
    diagram = read_diagram(to_xml(text), "long.bpmn")
    (finding,) = check([diagram], Surroundings(compile_expression=compile_expression))
    assert finding.code == "feel"
    assert len(finding.phrase.zh) < 400
    assert len(finding.phrase.en) < 400
