"""Letters and messages: two texts with places for values, checked and shown with a believable case.

A letter writes its places as `${unit}`, a message as `{number}`. Nothing else in them is
evaluated: no expressions, no formats, no way into what is handed in.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from string import Formatter

import orjson

from app.cases.notices import defaults
from app.core.errors import Invalid
from app.core.phrase import Phrase
from app.design.documents import Document, wording_text
from app.design.models import Kind
from app.profiles.letters import Letter, LetterKind


@dataclass(frozen=True, slots=True)
class Place:
    """A place for a value: how it is written in the text, what it means, and a believable value."""

    written: str
    label: Phrase
    sample: Phrase


def read(content: str) -> Phrase:
    """Both texts of a draft. Raises `Invalid` for what holds no two texts."""
    try:
        found = orjson.loads(content)
    except orjson.JSONDecodeError:
        found = None
    if (
        not isinstance(found, dict)
        or set(found) != {"zh", "en"}
        or not all(isinstance(text, str) for text in found.values())
    ):
        raise Invalid(
            Phrase(
                "内容须有中文（zh）和英文（en）两段文字。",
                "There must be a Chinese (zh) and an English (en) text.",
            )
        )
    return Phrase(found["zh"], found["en"])


def places(what: Document) -> list[Place]:
    """The places a text of this letter or message may use. Raises `Invalid` for an unknown one."""
    names = sorted(_names(what))
    sign = "${%s}" if what.kind is Kind.LETTER else "{%s}"
    return [Place(sign % name, *_LABELS.get(name, _unlabelled(name))) for name in names]


def faults(what: Document, text: Phrase) -> Iterator[tuple[str, Phrase]]:
    """What is wrong with the texts, by language: `zh`, `en`."""
    for language, one in (("zh", text.zh), ("en", text.en)):
        if not one.strip():
            yield language, Phrase("请填写文字。", "Fill in the text.")
            continue
        try:
            _require_sound(what, one)
        except Invalid as wrong:
            yield language, wrong.phrase


def shown(what: Document, text: Phrase) -> Phrase:
    """The texts with a believable case filled in. Raises `Invalid` for faulty ones."""
    for _language, why in faults(what, text):
        raise Invalid(why)
    zh = {name: _LABELS.get(name, _unlabelled(name))[1].zh for name in _names(what)}
    en = {name: _LABELS.get(name, _unlabelled(name))[1].en for name in _names(what)}
    if what.kind is Kind.LETTER:
        letter = Letter(LetterKind(what.key), text)
        return Phrase(letter.filled(zh, "zh"), letter.filled(en, "en"))
    return Phrase(text.zh.format_map(zh), text.en.format_map(en))


def shipped_messages() -> dict[Document, str]:
    """The text of every message as the product brings it."""
    return {
        Document(Kind.MESSAGE, name): wording_text(text.zh, text.en)
        for name, text in defaults().items()
    }


def _names(what: Document) -> frozenset[str]:
    if what.kind is Kind.LETTER:
        return LetterKind(what.key).fields
    text = defaults().get(what.key)
    if text is None:
        raise Invalid(Phrase(f"没有“{what.key}”这种通知。", f"There is no message “{what.key}”."))
    return frozenset(_places_in(text.zh)) | frozenset(_places_in(text.en))


def _require_sound(what: Document, text: str) -> None:
    if what.kind is Kind.LETTER:
        Letter(LetterKind(what.key), Phrase(text, text))
        return
    known = _names(what)
    try:
        parts = list(Formatter().parse(text))
    except ValueError:
        parts = [("", "?", "", None)]
    for _literal, name, form, conversion in parts:
        if name is None:
            continue
        if name not in known or form or conversion:
            listed = [f"{{{one}}}" for one in sorted(known)]
            raise Invalid(
                Phrase(
                    f"“{{{name}}}”不能用；可用的有{'、'.join(listed)}。",
                    f"“{{{name}}}” cannot be used; there are {', '.join(listed)}.",
                )
            )


def _places_in(text: str) -> Iterator[str]:
    return (name for _literal, name, _form, _conversion in Formatter().parse(text) if name)


def _unlabelled(name: str) -> tuple[Phrase, Phrase]:
    return Phrase(name, name), Phrase("××", "xx")


def _same(zh: str, en: str, sample: str) -> tuple[Phrase, Phrase]:
    return Phrase(zh, en), Phrase(sample, sample)


_LABELS: Mapping[str, tuple[Phrase, Phrase]] = {
    "number": _same("编号", "number", "GD20260302000015"),
    "order_number": _same("工单编号", "number of the order", "GD20260302000015"),
    "demand_number": _same("诉求编号", "number of the demand", "SQ20260302000015"),
    "title": (Phrase("诉求标题", "title"), Phrase("柳荫路路灯不亮", "Street lamps are dark")),
    "demand_title": (
        Phrase("诉求标题", "title of the demand"),
        Phrase("柳荫路路灯不亮", "Street lamps are dark"),
    ),
    "unit": (
        Phrase("承办单位", "unit"),
        Phrase("市城市管理局", "Urban Management Bureau"),
    ),
    "due": _same("期限", "due time", "2026-03-09 24:00"),
    "due_on": _same("办结期限", "due day", "2026-03-09"),
    "new_due_on": _same("新期限", "new due day", "2026-03-16"),
    "days_late": _same("逾期天数", "days late", "3"),
    "lateness": (
        Phrase("逾期情况", "how late"),
        Phrase("现已逾期 3 天", "now 3 days late"),
    ),
    "reply_by": _same("反馈期限", "answer by", "2026-03-12 24:00"),
    "reason": (
        Phrase("事由", "reason"),
        Phrase("办理超期未答复。", "It is overdue and not answered."),
    ),
    "copy_to": (Phrase("抄送", "copy to"), Phrase("市政府督查室", "Inspection Office")),
    "issuer": (
        Phrase("出具单位", "issued by"),
        Phrase("12345 热线受理中心", "12345 Hotline Centre"),
    ),
    "issued_on": _same("出具日期", "issued on", "2026-03-11"),
    "requester": (Phrase("诉求人", "requester"), Phrase("张先生", "Mr Zhang")),
    "lawful_channel": (
        Phrase("法定途径", "lawful channel"),
        Phrase("区人民法院", "District Court"),
    ),
    "site": _same("网址", "address of the site", "https://12345.example"),
    "code": _same("链接代码", "code of the link", "7kq2mh"),
    "why": (Phrase("原因", "why"), Phrase("与新版本冲突", "A newer version exists")),
    "body": (Phrase("正文", "body"), Phrase("正文", "The text")),
}
"""Place → what it means, and a value of a believable case."""
