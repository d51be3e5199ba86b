"""A step that a designer added works like those that were shipped: form, rules, lists, history."""

import pytest

from app.cases import answers, attachments, queries, steps, story
from app.cases.orders import find
from app.core.errors import Invalid
from app.design import checking, documents, watching
from app.design.documents import Document
from app.design.models import Kind
from app.design.sandbox import Sandbox
from app.design.visits import Selection
from app.engine import form_of
from tests.design.desk import Workshop
from tests.design.new_step import with_step

FORM = """
<jieban:field name="seen" type="choice" label="现场情况" label_en="What was seen" required="true">
  <jieban:option value="as_told" label="与诉求一致" label_en="As told"/>
  <jieban:option value="other" label="与诉求不符" label_en="Otherwise"/>
</jieban:field>
<jieban:field name="begun_on" type="date" label="到场日期" required="true" default="=today()"/>
<jieban:field name="left_on" type="date" label="离场日期" required="true" max="2026-12-31">
  <jieban:rule holds="begun_on &lt;= left_on" message="离场不早于到场。" message_en="Not before."/>
</jieban:field>
<jieban:field name="difference" type="long_text" label="不符之处" min_length="5"
  shown_when='seen = "other"' required_when='seen = "other"'/>
<jieban:field name="plate" type="text" label="车牌" pattern="苏[A-Z][0-9A-Z]{5}"
  pattern_words="车牌写成苏D12345这样。" shown_when='nature = "complaint"'/>
<jieban:field name="photo" type="files" label="现场照片" kind="handling" accept="picture"
  max_length="3" max_mb="1" required_when='seen = "other"'/>
<jieban:field name="title" type="text" label="诉求标题" editable_by="leader"/>
<jieban:field name="requester_phone" type="phone" label="联系电话" editable_by="leader"/>
"""
GOOD = {"seen": "as_told", "begun_on": "2026-03-02", "left_on": "2026-03-02"}


@pytest.fixture
def visited(workshop: Workshop) -> Workshop:
    """The office, with a step between signing and handling that a designer drew."""
    change = workshop.change("加现场核实")
    draft = workshop.draft("diagram", "work_order", change=change)
    text = workshop.text(draft)
    text = with_step(text, f"<jieban:form>{FORM}</jieban:form>")
    workshop.save(draft, 1, text)
    workshop.publish(change)
    return workshop


def refused(workshop: Workshop, demand_id: int, **given: object) -> dict[str, str]:
    office = workshop.office
    task = office.task(demand_id, "site_visit")
    with pytest.raises(Invalid) as wrong, office.acting("handler") as uow:
        steps.complete(uow, task, GOOD | given)
    return {name: said.zh for name, said in wrong.value.fields.items()}


def test_rules_and_conditions_of_a_new_step_are_held_by_the_server(visited: Workshop) -> None:
    office = visited.office
    demand = office.bring_to("site_visit", nature="complaint")
    assert refused(visited, demand, left_on="2026-03-01") == {"left_on": "离场不早于到场。"}
    assert refused(visited, demand, left_on="2027-03-01") == {
        "left_on": "请填写不晚于 2026-12-31 的日期。"
    }
    assert refused(visited, demand, seen="other") == {
        "difference": "请填写不符之处。",
        "photo": "请上传现场照片。",
    }
    assert refused(visited, demand, seen="other", difference="少")["difference"] == (
        "不符之处至少 5 个字。"
    )
    assert refused(visited, demand, plate="ABC") == {"plate": "车牌写成苏D12345这样。"}
    with office.acting("handler") as uow:
        steps.complete(
            uow, office.task(demand, "site_visit"), GOOD | {"difference": "不该留下的文字"}
        )
    assert "reply" in office.waiting(demand) or "first_contact" in office.waiting(demand)
    with visited.reading() as session:
        case = find(session, demand)
        process = case.demand.process_id
        assert process is not None
        line = next(
            one
            for one in story.story(session, demand, process, frozenset({"unit_handler"}))
            if one.what.zh == "现场核实"
        )
        told = {one.label.zh: one.value.zh for one in line.answers}
    assert told == {
        "现场情况": "与诉求一致",
        "到场日期": "2026-03-02",
        "离场日期": "2026-03-02",
    }


def test_a_condition_reads_the_data_of_the_case(visited: Workshop) -> None:
    office = visited.office
    demand = office.bring_to("site_visit", nature="consultation")
    with visited.reading() as session:
        task = next(x for x in queries.open_tasks(session, demand) if x.element_id == "site_visit")
        form = form_of(session, task.process_id, task.element_id)
        assert form is not None
        roles = frozenset({"unit_handler"})
        about = find(session, demand)
        scope = steps.scope_of(session, about, form, roles, task.process_id, task.token)
        look = answers.look(form, {}, roles, scope, office.now)
    assert look.hidden == {"difference", "plate"}
    assert look.required == {"seen", "begun_on", "left_on"}
    assert "requester_phone" not in scope, "a number is looked at by intent, and that is recorded"
    assert scope["title"] == about.demand.title, "a field of others holds what was answered"


def test_a_file_of_another_format_or_too_large_is_refused(visited: Workshop) -> None:
    office = visited.office
    demand = office.bring_to("site_visit")
    with office.acting("handler") as uow:
        kept = [
            attachments.keep(uow, attachments.Received(name, kind, name * 4, size)).id
            for name, kind, size in (
                ("说明.pdf", "application/pdf", 10),
                ("大.jpg", "image/jpeg", 2_000_000),
            )
        ]
    said = [refused(visited, demand, photo=[str(one)])["photo"] for one in kept]
    assert said == [
        "文件“说明.pdf”不能用在这里：只接收图片。",
        "文件“大.jpg”超过 1 MB，请压缩或拆分后再上传。",
    ]


def test_the_sandbox_fills_in_what_the_answers_make_required(visited: Workshop) -> None:
    office = visited.office
    usual = {"answer_or_order": {"outcome": "order"}, "dispatch": {"lead_unit": "unit 1"}}
    with Sandbox.open(office.sessions, office.now, usual=usual) as sandbox:
        sandbox.register({"nature": "complaint"})
        sandbox.go_on("site_visit")
        sandbox.do("site_visit", {"seen": "other"})
        given = sandbox.trace[-1].answers
        assert given["difference"]
        assert given["photo"] == ["现场照片.jpg"]
        assert given["begun_on"] == "2026-03-02"


def test_the_version_in_force_has_nothing_wrong(visited: Workshop) -> None:
    what = Document(Kind.DIAGRAM, "work_order")
    with visited.reading() as session:
        last = documents.newest(session, what)
        assert last is not None
        found = checking.check_document(session, {what: last.content}, what)
        assert [one.phrase.zh for one in found if one.severity == "error"] == []


def test_what_a_rule_names_wrongly_is_found_at_the_field(visited: Workshop) -> None:
    what = Document(Kind.DIAGRAM, "work_order")
    with visited.reading() as session:
        last = documents.newest(session, what)
        assert last is not None
        text = last.content.replace("shown_when='nature = \"complaint\"'", 'shown_when="natur = 1"')
        text = text.replace('editable_by="leader"', 'editable_by="mayor"', 1)
        found = {
            one.field: one.phrase.zh
            for one in checking.check_document(session, {what: text}, what)
            if one.element == "site_visit" and one.severity == "error"
        }
    assert "是不是“nature”" in found["plate"]
    assert "没有“mayor”这个角色" in found["title"]


def test_lists_and_counts_have_the_new_step(visited: Workshop) -> None:
    office = visited.office
    first, second = office.bring_to("site_visit"), office.bring_to("site_visit")
    office.wait(hours=2)
    with office.acting("handler") as uow:
        steps.complete(uow, office.task(first, "site_visit"), GOOD)
    chosen = Selection("work_order")
    with visited.reading() as session:
        found = watching.heat_map(session, chosen, office.now, office.actor("duty"))
        (figures,) = [one for one in found.figures if one.element.id == "site_visit"]
        handler = office.actor("handler")
        mine = queries.worklist(
            session, handler, office.now, queries.Filter(element_id="site_visit")
        )
    assert (figures.passed, figures.now) == (1, 1)
    assert mine.total == 1
    assert "site_visit" in office.waiting(second)
