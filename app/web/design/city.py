"""Editing the city's profile: its values, what would change, and what takes a restart."""

from collections.abc import Mapping
from dataclasses import dataclass

from flask import current_app, g, render_template, request

from app.core.errors import DomainError
from app.core.phrase import Phrase
from app.design import city, documents
from app.design.documents import Document
from app.design.models import DesignDraft, Kind
from app.settings import Settings
from app.web.access import reading_session
from app.web.forms import errors_in_words, form_view, submitted
from app.web.language import _, say

INSTALLED = "INSTALLED"
"""Under this name the application's configuration holds the settings of the installation."""


@dataclass(frozen=True, slots=True)
class ValueRow:
    """One value in words: as it is in force, and as the draft has it."""

    label: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class FixedRow:
    """A setting of the installation: it is read when the product starts."""

    label: str
    variable: str
    value: str


def typed_content() -> str:
    """The draft that was typed into the form."""
    return city.written(submitted(city.FORM, request.form))


def values_in_words(content: str) -> list[tuple[str, str]]:
    """The values of a version, each with its label."""
    words = city.in_words(city.read(content))
    return [(say(one.label), say(words[one.name])) for one in city.FORM.fields]


def page(
    draft: DesignDraft, typed: str | None, refusal: str, theirs: str | None, *, editable: bool
) -> str:
    """The page of the draft; after a refusal with what was `typed`."""
    what = Document(Kind(draft.kind), draft.key)
    text = draft.content if typed is None else typed
    last = documents.newest(reading_session(), what)
    wrong = errors_in_words(dict(city.faults(text)))
    return render_template(
        "design/city.html",
        draft=draft,
        change=draft.change,
        kind=say(documents.NAMES[what.kind]),
        title=say(documents.title(what, draft.content)),
        form=form_view(city.FORM, g.actor.roles, typed=_values(text), errors=wrong),
        changed=[] if last is None else _changes(last.content, text),
        theirs=None if theirs is None else _changes(text, theirs),
        fixed=_fixed(),
        refusal=refusal,
        editable=editable,
    )


def _values(content: str) -> Mapping[str, object]:
    try:
        return city.read(content)
    except DomainError:
        return {}


def _changes(before: str, after: str) -> list[ValueRow]:
    try:
        found = city.differences(before, after)
    except DomainError:
        return []
    return [ValueRow(say(one.subject), say(one.before), say(one.after)) for one in found]


def _fixed() -> list[FixedRow]:
    settings: Settings = current_app.config[INSTALLED]
    yes, no = Phrase("是", "yes"), Phrase("否", "no")
    return [
        FixedRow(_("出厂方案（表、文书和分类的来源）"), "JIEBAN_PROFILE", settings.profile),
        FixedRow(_("诉求人打开的网址"), "JIEBAN_PUBLIC_URL", settings.site),
        FixedRow(_("登录前的页面语言"), "JIEBAN_LANGUAGE", settings.language),
        FixedRow(
            _("闲置多少分钟后退出登录"), "JIEBAN_SESSION_MINUTES", str(settings.session_minutes)
        ),
        FixedRow(_("演示城市"), "JIEBAN_DEMO", say(yes if settings.demo else no)),
    ]
