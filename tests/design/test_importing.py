"""Files brought in: those of other tools are taken, hostile ones are refused unread."""

import re
import time

import pytest

from app.core.errors import Conflict, Invalid
from app.design import checking, drafts, importing
from app.design.documents import Document
from app.design.models import Kind
from app.office import DIAGRAMS
from tests.design.desk import Workshop
from tests.engine.corpus.cases import CASES
from tests.engine.corpus.notation import to_xml

EXTENSION = (DIAGRAMS / "extension.bpmn").read_bytes()
LIMITS = (DIAGRAMS.parent / "rules" / "time_limits.dmn").read_bytes()
HEAD = b'<?xml version="1.0"?>'
BPMN = b'xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL"'
DMN = b'xmlns="https://www.omg.org/spec/DMN/20191111/MODEL/"'

LAUGHS = b"".join(
    b'<!ENTITY l%d "%s">' % (number, b"&l%d;" % (number - 1) * 10) for number in range(1, 10)
)


def nested(depth: int) -> bytes:
    inside = b"<subProcess>" * depth + b"</subProcess>" * depth
    return b"<definitions " + BPMN + b'><process id="x">' + inside + b"</process></definitions>"


HOSTILE = {
    "billion laughs": HEAD
    + b'<!DOCTYPE x [<!ENTITY l0 "ha">' + LAUGHS + b"]><definitions " + BPMN
    + b">&l9;</definitions>",
    "quadratic": HEAD
    + b'<!DOCTYPE x [<!ENTITY a "' + b"a" * 50_000 + b'">]><definitions ' + BPMN + b">"
    + b"&a;" * 20_000 + b"</definitions>",
    "external entity": HEAD
    + b'<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><definitions ' + BPMN
    + b'><process id="x"><documentation>&a;</documentation></process></definitions>',
    "external entity in DMN": HEAD
    + b'<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><definitions ' + DMN
    + b'><decision id="a" name="&a;"/></definitions>',
    "parameter entity": HEAD
    + b'<!DOCTYPE x [<!ENTITY % a SYSTEM "http://127.0.0.1:9/x.dtd"> %a;]><definitions ' + BPMN
    + b'><process id="x"/></definitions>',
    "external subset": HEAD
    + b'<!DOCTYPE definitions SYSTEM "http://127.0.0.1:9/x.dtd"><definitions ' + BPMN
    + b'><process id="x"/></definitions>',
    "100 MB": b"<definitions " + BPMN + b">" + b" " * 100_000_000 + b"</definitions>",
    "nesting": nested(5_000),
    "half a file": EXTENSION[: len(EXTENSION) // 2],
    "empty": b"",
    "zeros": bytes(1000),
    "zip": b"PK\x03\x04" + bytes(100),
    "HTML": b"<!doctype html><html><body>BPMN</body></html>",
    "SVG": b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>',
    "no process": b"<definitions " + BPMN + b"/>",
    "two processes": b"<definitions " + BPMN + b'><process id="a"/><process id="b"/></definitions>',
    "no decision": b"<definitions " + DMN + b"/>",
    "UTF-7": b'<?xml version="1.0" encoding="UTF-7"?>+ADw-definitions ' + BPMN + b"/>",
    "NUL in UTF-16": "<definitions\x00/>".encode("utf-16"),
}  # fmt: skip


@pytest.mark.parametrize("name", sorted(HOSTILE))
def test_a_hostile_file_is_refused_quickly_and_leaves_nothing(
    workshop: Workshop, name: str
) -> None:
    change = workshop.change()
    begun = time.perf_counter()
    with workshop.acting() as uow, pytest.raises(Invalid) as refused:
        importing.bring_in(uow, change, HOSTILE[name], "site_visit")
    assert time.perf_counter() - begun < 2
    assert "root:" not in refused.value.phrase.zh  # of /etc/passwd
    with workshop.reading() as session:
        assert drafts.held_by(session, Document(Kind.DIAGRAM, "site_visit")) is None


def bomb(layers: int = 15) -> bytes:
    """Gateways that each go three ways to all of the next layer: 47 nodes, 3^15 paths."""
    nodes, flows = ['<startEvent id="n0_0"/>'], []
    for layer in range(1, layers + 1):
        nodes += [f'<inclusiveGateway id="n{layer}_{way}"/>' for way in range(3)]
        flows += [
            f'<sequenceFlow id="f{layer}_{a}_{b}" sourceRef="n{layer - 1}_{a}" '
            f'targetRef="n{layer}_{b}"/>'
            for a in range(1 if layer == 1 else 3)
            for b in range(3)
        ]
    nodes.append('<endEvent id="over"/>')
    flows += [
        f'<sequenceFlow id="o{way}" sourceRef="n{layers}_{way}" targetRef="over"/>'
        for way in range(3)
    ]
    inside = "".join(nodes + flows).encode()
    return (
        b"<definitions " + BPMN + b'><process id="bomb" isExecutable="true">' + inside
        + b"</process></definitions>"
    )  # fmt: skip


def test_a_net_with_millions_of_paths_is_checked_in_seconds(workshop: Workshop) -> None:
    change = workshop.change()
    with workshop.acting() as uow:
        draft = importing.bring_in(uow, change, bomb()).draft.id
    begun = time.perf_counter()
    with workshop.reading() as session:
        checking.check_draft(session, drafts.draft(session, draft))
    assert time.perf_counter() - begun < 5


def test_expressions_that_would_run_code_are_errors(workshop: Workshop) -> None:
    change = workshop.change()
    for number, text in enumerate(
        ("__import__('os').system('id')", "${T(java.lang.Runtime)}", "().__class__", "1; 2")
    ):
        changed = EXTENSION.replace(b"value='\"extension_decision\"'", f'value="{text}"'.encode())
        assert changed != EXTENSION
        with workshop.acting() as uow:
            draft = importing.bring_in(uow, change, changed, f"copy_{number}").draft
            found = checking.check_draft(uow.session, draft)
        assert any(one.severity == "error" for one in found), text


def test_diagrams_of_the_corpus_come_in_and_hear_what_they_lack(workshop: Workshop) -> None:
    change = workshop.change()
    with workshop.acting() as uow:
        for number, case in enumerate(CASES[::3]):
            data = to_xml(case.diagram)
            processes = re.findall(rb"<(?:\w+:)?process\b[^>]*>", data)
            executable = [one for one in processes if b'isExecutable="true"' in one]
            if len(executable or processes) != 1:
                with pytest.raises(Invalid, match="processes"):
                    importing.bring_in(uow, change, data, "brought_in")
                continue
            draft = importing.bring_in(uow, change, data, "brought_in").draft
            assert 'id="brought_in"' in draft.content, (number, case.name)
            found = checking.check_draft(uow.session, draft)
            assert all(one.phrase.zh and one.phrase.en for one in found)


def test_a_file_becomes_the_next_revision_of_what_the_change_holds(workshop: Workshop) -> None:
    change = workshop.change()
    draft = workshop.draft("diagram", "extension", change=change)
    with workshop.acting() as uow:
        told = EXTENSION.replace("延期".encode(), "展期".encode())
        again = importing.bring_in(uow, change, told).draft
        assert (again.id, again.revision) == (draft, 2)
    other = workshop.change("另一份")
    with workshop.acting() as uow, pytest.raises(Conflict):
        importing.bring_in(uow, other, EXTENSION)


def test_a_table_from_elsewhere_gets_the_key_it_is_given(workshop: Workshop) -> None:
    change = workshop.change()
    with workshop.acting() as uow:
        draft = importing.bring_in(uow, change, LIMITS, "limits_of_ours").draft
        found = checking.check_draft(uow.session, draft)
    assert draft.kind == "table"
    assert not [one for one in found if one.severity == "error"], found


@pytest.mark.parametrize("encoding", ["gb18030", "utf-16", "utf-8-sig"])
def test_a_file_in_another_encoding_says_the_same(workshop: Workshop, encoding: str) -> None:
    text = EXTENSION.decode()
    if encoding != "utf-8-sig":
        text = text.replace('encoding="UTF-8"', f'encoding="{encoding}"')
    data = text.encode(encoding)
    assert "延期" in importing.read(data).text


def test_what_goes_out_comes_in_again_unchanged(workshop: Workshop) -> None:
    for data in (EXTENSION, LIMITS):
        assert importing.read(data).text.encode() == data
