"""Scenarios: how they are read, what they find, and how a run becomes one."""

import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime
from textwrap import dedent

import pytest

from app.core.clock import CHINA
from app.core.errors import Invalid
from app.design import coverage, drafts, scenario_text, scenarios, time_words, trying
from app.design.documents import Document
from app.design.models import Kind
from app.design.sandbox import Sandbox
from app.design.scenarios import Result
from app.engine import read_diagram
from app.office import DIAGRAMS, ROOT
from tests.design.desk import Workshop
from tests.office import Office

USUAL = """
usual:
  answer_or_order: {outcome: order}
  dispatch: {lead_unit: 单位1}
"""


def document(text: str) -> scenarios.Document:
    return scenario_text.read(USUAL + dedent(text), "test")


def run(office: Office, story: str, expect: str = "{}") -> Result:
    read = document(f"scenarios: [{{name: 试, story: {story}, expect: {expect}}}]")
    return scenarios.run(
        "work_order",
        read.scenarios[0],
        read.usual,
        lambda begin, usual: Sandbox.open(office.sessions, office.now, begin=begin, usual=usual),
    )


def run_on_draft(office: Office, promise: str, story: str) -> Result:
    """Run a story of the promise under a draft of its diagram."""
    read = document(f"scenarios: [{{name: 试, story: {story}}}]")
    return scenarios.run(
        "promise",
        read.scenarios[0],
        read.usual,
        lambda begin, usual: Sandbox.open(
            office.sessions,
            office.now,
            texts={Document(Kind.DIAGRAM, "promise"): promise},
            begin=begin,
            usual=usual,
        ),
    )


def test_a_story_that_goes_as_expected_is_green(office: Office) -> None:
    found = run(
        office,
        "[{register: {}}, {go_on: sign_for}, {wait: 下一工作日}]",
        "{passed: [dispatch, sign_for], open: [sign_for], outcome: dispatched,"
        " deadlines: {sign_for: 2026-03-03}, lights: {sign_for: yellow}, notices: [dispatched]}",
    )
    assert found.difference is None
    assert found.ok
    assert [entry.kind for entry in found.trace] == ["register", "do", "do", "time"]


@pytest.mark.parametrize(
    ("story", "expect", "step", "words"),
    [
        ("[]", "{passed: [reply]}", 0, "在“dispatch”之后|从头开始预期经过“reply”，实际经过"),
        ("[]", "{passed: [dispatch, register]}", 0, "它只在更早的时候经过"),
        ("[]", "{not_passed: [dispatch]}", 0, "不经过“dispatch”，实际经过了"),
        ("[]", "{passed: [arrive, register], exactly: true}", 0, "之后还经过了 check_acceptance"),
        ("[]", "{open: [reply]}", 0, "未完成的环节是 reply，实际是 dispatch"),
        ("[]", "{outcome: closed}", 0, "预期结果是“closed”"),
        ("[]", "{deadlines: {dispatch: 2026-03-09}}", 0, "“dispatch”的末日预期是 2026-03-09"),
        ("[]", "{lights: {handling: red}}", 0, "实际是 没有这个计时"),
        ("[]", "{notices: [dispatched, accepted]}", 0, "没有发出（或次序不同）"),
        ("[{do: reply}]", "{}", 3, "未完成的环节是“派单”"),
        ("[{do: dispatch, answers: {lead_unit: 单位99}}]", "{}", 3, "没有“单位99”"),
        ("[{do: dispatch, refused: 理由}]", "{}", 3, "会被拒绝，实际办成了"),
        ("[{do: reply, refused: 没有权限}]", "{}", 3, "预期因“没有权限”被拒绝"),
        ("[{check: {open: [reply]}}, {do: dispatch}]", "{}", 3, "实际是 dispatch"),
        ("[{wait: 2030-01-01 09:00}, {wait: 2026-03-01}]", "{}", 4, "已经过去"),
        ("[{wait: 到handling红灯}]", "{}", 3, "没有“handling”的这个期限"),
    ],
)
def test_the_first_difference_is_told_in_words(
    office: Office, story: str, expect: str, step: int, words: str
) -> None:
    begun = "[{register: {}}, {do: answer_or_order}, " + story.removeprefix("[")
    found = run(office, begun.replace(", ]", "]"), expect)
    assert found.difference is not None
    assert found.step == step
    assert any(one in found.difference.zh for one in words.split("|")), found.difference.zh
    assert found.difference.en


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("scenarios: [{story: []}]", "name"),
        ("scenarios: [{name: 甲, story: [{free_hand: fly}]}]", "jump, reassign, cancel"),
        ("scenarios: [{name: 甲, story: [{reorganise: 单位1}]}]", "merged, split, closed"),
        ("scenarios: [{name: 甲, story: [{do: a, wait: b}]}]", "exactly one of"),
        ("scenarios: [{name: 甲, story: [{wait: 明年}]}]", "看不懂"),
        ("scenarios: [{name: 甲, story: [{wait: 3天, by: agent}]}]", "takes no by"),
        ("scenarios: [{name: 甲, story: []}, {name: 甲, story: []}]", "有两个“甲”"),
        ("scenarios: [{name: 甲, story: [], begin: 明天}]", "begin"),
        ("scenarios: [{name: 甲, story: [], expect: {pased: []}}]", "pased"),
        ("scenarios: [{name: 甲, story: [{register: {}}], story: []}]", "stands twice"),
        ("scenarios: " + "[" * 5000, "too deep"),
        ("scenarios: &a [*a]", ""),
        (f"scenarios: [{{name: 甲, story: [{'{do: a},' * 201}]}}]", "length"),
        ("- 1", "Invalid"),
    ],
)
def test_what_cannot_be_read_names_its_place(text: str, words: str) -> None:
    with pytest.raises(Invalid) as refusal:
        scenario_text.read(text, "test")
    said = refusal.value.phrase.zh + refusal.value.phrase.en
    assert words.lower() in said.lower()


@pytest.mark.parametrize(
    ("words", "moment"),
    [
        ("下一工作日", "2026-03-03 09:00"),
        ("下一工作日上午9点", "2026-03-03 09:00"),
        ("下一工作日下午2点半", "2026-03-03 14:30"),
        ("下一工作日 16:45", "2026-03-03 16:45"),
        ("next working day", "2026-03-03 09:00"),
        ("next working day at 3 pm", "2026-03-03 15:00"),
        ("2个工作日", "2026-03-04 09:00"),
        ("2 working days", "2026-03-04 09:00"),
        ("过5个工作日", "2026-03-09 09:00"),
        ("3个工作小时", "2026-03-02 12:00"),
        ("3 working hours", "2026-03-02 12:00"),
        ("5小时", "2026-03-02 14:00"),
        ("90 minutes", "2026-03-02 10:30"),
        ("10天", "2026-03-12 09:00"),
        ("2026-03-05 10:30", "2026-03-05 10:30"),
        ("到 2026-03-05", "2026-03-05 00:00"),
        ("到dispatch红灯", "2026-03-03 00:00"),
        ("到派单时限到期", "2026-03-03 00:00"),
        ("until dispatch red", "2026-03-03 00:00"),
        ("到最近期限", None),
    ],
)
def test_time_is_said_in_words(office: Office, words: str, moment: str | None) -> None:
    with Sandbox.open(office.sessions, office.now) as sandbox:
        sandbox.register()
        sandbox.do("answer_or_order", {"outcome": "order"})
        before = sandbox.now
        time_words.read(words).let_pass(sandbox, "")
        now = sandbox.now.astimezone(CHINA).replace(microsecond=0)
    assert now > before
    if moment is not None:
        assert now == datetime.fromisoformat(moment).replace(tzinfo=CHINA)


def test_a_run_becomes_a_scenario_that_the_same_run_meets(office: Office) -> None:
    with Sandbox.open(office.sessions, office.now, usual=document("scenarios: []").usual) as run_:
        run_.register()
        run_.go_on("reply")
        run_.skip_to_deadline("handling", "yellow")
        expected = scenarios.as_it_was(run_)
    story = "[{register: {}}, {go_on: reply}, {wait: 到handling黄灯}]"
    found = run(office, story)
    assert found.ok
    kept = replace(found.scenario, expect=expected)
    text = scenario_text.write(scenarios.Document((kept,), document("scenarios: []").usual))
    assert "warn_handler" in text
    again = scenario_text.read(text, "kept")
    opened = Sandbox.open
    result = scenarios.run(
        "work_order",
        again.scenarios[0],
        again.usual,
        lambda begin, usual: opened(office.sessions, office.now, begin=begin, usual=usual),
    )
    assert result.difference is None
    assert again.scenarios[0].expect.exactly


def test_what_a_run_passed_is_counted_and_the_rest_is_named(office: Office) -> None:
    found = run(office, "[{register: {}}, {go_on: sign_for}, {wait: 到sign_for红灯}]")
    diagram = read_diagram((DIAGRAMS / "work_order.bpmn").read_bytes(), "work_order.bpmn")
    passed = coverage.of_results([diagram], [found, found])["work_order"]
    assert passed.elements["sign_for_late"] == 2
    assert passed.flows["owner_clear_to_dispatch_way"] == 2
    assert passed.elements["reply"] == 0
    assert "reply" in passed.never
    assert 0 < passed.percent < 50


def test_a_change_is_tried_with_its_drafts_and_its_evidence_says_what_differs(
    office: Office, workshop: Workshop
) -> None:
    change_id = workshop.change("加一个情景")
    with workshop.acting("designer") as uow:
        drafts.open_draft(
            uow,
            change_id,
            "scenarios",
            "extension",
            dedent("""
                scenarios:
                  - name: 办不成的
                    story: [{register: {}}, {do: extension_asked}]
            """),
        )
    report = trying.run_all(office.sessions, office.now, change_id, only={"extension"})
    assert not report.ok
    [failed] = report.to_json()["failed"]  # type: ignore[misc]
    assert failed["name"]["zh"] == "办不成的"
    assert failed["step"] == 2
    assert report.coverage["extension"].percent == 0


def test_what_was_run_under_the_same_drafts_is_not_run_again(
    office: Office, workshop: Workshop
) -> None:
    text = "scenarios: [{name: 试, story: [{register: {}}]}]"
    draft = workshop.draft("scenarios", "promise", text)
    with workshop.reading() as session:
        change_id = drafts.draft(session, draft).change_id
        assert trying.concerned(session, change_id) == {"promise"}
    first = trying.run_all(office.sessions, office.now, change_id, only={"promise"})
    assert trying.run_all(office.sessions, office.now, change_id, only={"promise"}) is first
    workshop.save(draft, 1, text.replace("register", "go_on").replace("{}", "reply"))
    again = trying.run_all(office.sessions, office.now, change_id, only={"promise"})
    assert (first.ok, again.ok) == (True, False)


def test_what_is_being_run_for_somebody_is_waited_for(office: Office, workshop: Workshop) -> None:
    draft = workshop.draft(
        "scenarios", "promise", "scenarios: [{name: 试, story: [{register: {}}]}]"
    )
    with workshop.reading() as session:
        change_id = drafts.draft(session, draft).change_id
    with ThreadPoolExecutor(3) as pool:
        first, *others = pool.map(
            lambda _: trying.run_all(office.sessions, office.now, change_id, only={"promise"}),
            range(3),
        )
    assert all(one is first for one in others)
    with workshop.reading() as session:
        assert not trying.under_way(session, change_id, only={"promise"})


def test_a_change_of_a_called_process_concerns_whatever_calls_it(workshop: Workshop) -> None:
    draft = workshop.draft("diagram", "call_back")
    with workshop.reading() as session:
        change_id = drafts.draft(session, draft).change_id
        assert trying.concerned(session, change_id) == {"call_back", "work_order"}
    workshop.draft("table", "time_limits", change=change_id)
    with workshop.reading() as session:
        assert trying.concerned(session, change_id) is None


def test_the_example_of_the_page_for_designers_comes_out_as_it_says(office: Office) -> None:
    page = (ROOT / "docs" / "designing.md").read_text()
    [example] = [
        block for block in re.findall(r"```yaml\n(.*?)```", page, re.DOTALL) if "story:" in block
    ]
    read = scenario_text.read(example, "page")
    usual = {**read.usual, "answer_or_order": {"outcome": "order"}}
    found = scenarios.run(
        "work_order",
        read.scenarios[0],
        usual,
        lambda begin, usual: Sandbox.open(office.sessions, office.now, begin=begin, usual=usual),
    )
    assert found.difference is None


def test_a_timer_that_fires_again_and_again_is_stopped_with_words(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.design.sandbox.MOST_FIRINGS", 30)
    text = (DIAGRAMS / "promise.bpmn").read_text()
    cycle = "<bpmn:timeCycle>R/PT1H</bpmn:timeCycle>"
    drafted = re.sub(r"<bpmn:timeDate.*?</bpmn:timeDate>", cycle, text, flags=re.DOTALL)
    assert drafted != text
    story = "[{register: {}}, {go_on: reply}, {do: promise_made}, {wait: 400天}]"
    found = run_on_draft(office, drafted, story)
    assert found.step == 4
    assert found.difference is not None
    assert "反复触发" in found.difference.zh


def test_a_draft_that_cannot_be_published_is_a_difference_of_every_scenario(
    office: Office,
) -> None:
    broken = (DIAGRAMS / "promise.bpmn").read_text().replace("close_procedure", "no_such_service")
    found = run_on_draft(office, broken, "[{register: {}}]")
    assert not found.ok
    assert "草稿不能发布" in str(found.difference)
