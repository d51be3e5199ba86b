"""The reader's language. Chinese is the source and the default, English is complete."""

from datetime import datetime, time, timedelta

from flask import Flask, current_app, request, session
from flask_babel import (  # type: ignore[import-untyped] # it ships no types
    Babel,
    get_locale,
    gettext,
)
from flask_babel import ngettext as _ngettext

from app.core.clock import CHINA
from app.core.phrase import Phrase
from app.web.build import TRANSLATIONS

LANGUAGES = {"zh": "中文", "en": "English"}
_TAGS = {"zh": "zh-CN", "en": "en"}


def _(sentence: str, **values: object) -> str:
    """`sentence`, which is Chinese, in the reader's language, with `%(name)s` filled in."""
    return str(gettext(sentence, **values))


def ngettext(singular: str, plural: str, num: int) -> str:
    """The sentence for `num` things in the reader's language, with `%(num)s` filled in."""
    return str(_ngettext(singular, plural, num))


def set_up(app: Flask, default: str) -> None:
    """Give the app gettext and the filters by which templates speak the reader's language.

    `default` is spoken before anybody has chosen. Chinese is the language of the sources, so it
    is also what Babel falls back to.
    """
    app.config["BABEL_DEFAULT_LOCALE"] = "zh"
    app.config["JIEBAN_LANGUAGE"] = default
    app.config["BABEL_TRANSLATION_DIRECTORIES"] = str(TRANSLATIONS)
    Babel(app, locale_selector=_chosen)
    app.add_template_filter(say)
    app.add_template_filter(moment)
    app.add_template_filter(day)
    app.add_template_filter(due)


def language() -> str:
    """`zh` or `en`."""
    locale = get_locale()
    return "zh" if locale is None else str(locale.language)


def language_tag() -> str:
    """The reader's language as the `lang` attribute writes it."""
    return _TAGS[language()]


def say(phrase: Phrase | str | None) -> str:
    """A phrase in the reader's language; a plain text as it is."""
    if phrase is None:
        return ""
    return phrase.in_language(language()) if isinstance(phrase, Phrase) else phrase


def moment(instant: datetime | None) -> str:
    """An instant to the minute in the office's zone, or a dash for none."""
    return "—" if instant is None else instant.astimezone(CHINA).strftime("%Y-%m-%d %H:%M")


def due(instant: datetime | None) -> str:
    """An instant at which something ends: midnight is 24:00 of the day that ends with it."""
    if instant is None:
        return "—"
    local = instant.astimezone(CHINA)
    if local.time() != time(0):
        return local.strftime("%Y-%m-%d %H:%M")
    return (local - timedelta(days=1)).strftime("%Y-%m-%d 24:00")


def day(instant: datetime | None) -> str:
    """The day of an instant in the office's zone, or a dash for none."""
    return "—" if instant is None else instant.astimezone(CHINA).strftime("%Y-%m-%d")


def _chosen() -> str:
    asked = session.get("language") if request else None
    return asked if asked in LANGUAGES else str(current_app.config["JIEBAN_LANGUAGE"])
