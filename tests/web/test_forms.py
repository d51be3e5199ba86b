"""One component draws every form, one function reads it."""

from flask import Flask, render_template_string
from lxml import html
from werkzeug.datastructures import MultiDict

from app.core.phrase import Phrase
from app.engine.forms import Field, FieldType, Form, Option
from app.web.forms import Choices, form_view, submitted

HANDLER = frozenset({"unit_handler"})
APPROVER = frozenset({"unit_approver"})

FORM = Form(
    (
        Field("text", FieldType.TEXT, Phrase("标题", "Title"), required=True, max_length=20),
        Field("story", FieldType.LONG_TEXT, Phrase("办理情况", "What was done"), required=True,
              help=Phrase("写明时间和措施。", "Say when and how.")),
        Field("amount", FieldType.NUMBER, Phrase("金额", "Amount"), minimum="1", maximum="9.5"),
        Field("solved", FieldType.BOOLEAN, Phrase("是否解决", "Solved"), required=True),
        Field("urgent", FieldType.BOOLEAN, Phrase("紧急", "Urgent")),
        Field("kind", FieldType.CHOICE, Phrase("类型", "Kind"), options=(
            Option("a", Phrase("甲", "A")), Option("b", Phrase("乙", "B")))),
        Field("marks", FieldType.MULTI_CHOICE, Phrase("情形", "Marks"), options=(
            Option("x", Phrase("现场", "On site")), Option("y", Phrase("电话", "Phone")))),
        Field("on", FieldType.DATE, Phrase("日期", "Date"), minimum="2026-01-01"),
        Field("at", FieldType.DATETIME, Phrase("联系时间", "Contacted at")),
        Field("phone", FieldType.PHONE, Phrase("电话", "Phone")),
        Field("unit", FieldType.UNIT, Phrase("单位", "Unit")),
        Field("code", FieldType.TEXT, Phrase("文号", "Number"), pattern="[A-Z]{2}[0-9]+"),
        Field("opinion", FieldType.TEXT, Phrase("审核意见", "Opinion"),
              editable_by=APPROVER, required=True),
        Field("secret", FieldType.TEXT, Phrase("内部备注", "Note"), visible_to=APPROVER),
    )
)  # fmt: skip
CHOICES = {"unit": Choices(groups=[("市级", [("water", "水务局")]), ("区级", [("east", "东区")])])}


def sent(**changes: str) -> MultiDict[str, str]:
    values = MultiDict({"text": "路灯不亮", "story": "已更换\r\n灯泡 ", "unit": "water", **changes})
    values.setlist("marks", ["x", "", "y"])
    return values


def test_what_was_typed_is_handed_on_trimmed_and_with_the_offices_offset() -> None:
    values = submitted(FORM, sent(at="2026-11-20T09:30", foreign="x"))
    assert values["story"] == "已更换\n灯泡"
    assert values["marks"] == ["x", "y"]
    assert values["at"] == "2026-11-20T09:30+08:00"
    assert values["phone"] == ""
    assert "foreign" not in values


def drawn(app: Flask, language: str = "zh", **arguments: object) -> html.HtmlElement:
    template = """{% from "components/form.html" import fields, error_summary %}
    <form>{{ error_summary(view) }}{{ fields(view) }}</form>"""
    with app.test_request_context() as context:
        context.session["language"] = language
        view = form_view(FORM, HANDLER, choices=CHOICES, **arguments)  # type: ignore[arg-type]
        return html.fromstring(render_template_string(template, view=view))


def test_every_input_has_a_label_and_ids_are_unique(app: Flask) -> None:
    form = drawn(app)
    ids = form.xpath("//@id")
    assert len(ids) == len(set(ids))
    for control in form.xpath(
        "//input[not(@type='radio' or @type='checkbox')] | //select | //textarea"
    ):
        assert form.xpath(f"//label[@for='{control.get('id')}']"), control.get("name")
    for group in form.xpath("//fieldset"):
        assert group.findtext("legend")
    described = " ".join(form.xpath("//@aria-describedby")).split()
    assert set(described) <= set(ids)


def test_errors_stand_at_the_top_and_lead_to_their_fields(app: Flask) -> None:
    form = drawn(app, typed=sent(), errors={"story": "请填写。", "solved": "请选择。"})
    summary = form.xpath("//div[@role='alert']")[0]
    assert "有 2 处需要修改" in summary.text_content()
    for link in summary.xpath(".//a/@href"):
        assert form.xpath(f"//*[@id='{link[1:]}']")
    story = form.xpath("//textarea[@name='story']")[0]
    assert story.get("aria-invalid") == "true"


def test_typed_text_is_kept_as_it_was(app: Flask) -> None:
    form = drawn(app, typed=sent(text="<b>&", amount="many"))
    assert form.xpath("//input[@name='text']/@value") == ["<b>&"]
    assert form.xpath("//input[@name='amount']/@value") == ["many"]
    assert form.xpath("//input[@name='marks'][@checked]/@value") == ["x", "y"]
    assert form.xpath("//select[@name='unit']//option[@selected]/@value") == ["water"]
    assert form.xpath("//textarea[@name='story']")[0].text.split() == ["已更换", "灯泡"]


def test_what_one_may_not_see_is_not_on_the_page(app: Flask) -> None:
    form = drawn(app, typed={"secret": "内部"})
    assert not form.xpath("//*[@name='secret']")
    assert form.xpath("//input[@name='opinion']/@readonly")


def test_a_form_speaks_english_to_who_reads_english(app: Flask) -> None:
    text = drawn(app, language="en", errors={"text": "Fill this in."}).text_content()
    assert "What was done" in text
    assert "(required)" in text
    assert "1 field must be corrected" in text
    assert "必填" not in text
