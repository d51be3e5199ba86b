"""Both languages are complete."""

import re

import pytest

from app.web.messages import english, sentences, untranslated

_PLACEHOLDER = re.compile(r"%\(\w+\)s")
_CHINESE = re.compile(r"[\u4e00-\u9fff]")


def test_every_sentence_of_the_pages_has_its_english() -> None:
    known = english()
    missing = [
        message.id
        for message in sentences()
        if message.id and (message.id not in known or not known[message.id].string)
    ]
    assert missing == []
    assert untranslated(known) == []


def test_there_is_no_english_for_a_sentence_that_is_gone() -> None:
    asked = sentences()
    assert [message.id for message in english() if message.id and message.id not in asked] == []


def test_the_english_fills_in_the_same_values_and_holds_no_chinese() -> None:
    for message in english():
        if not message.id:
            continue
        source = message.id if isinstance(message.id, str) else message.id[0]
        strings = message.string if isinstance(message.string, tuple) else (message.string,)
        for string in strings:
            assert set(_PLACEHOLDER.findall(string)) == set(_PLACEHOLDER.findall(source)), source
            assert not _CHINESE.search(string), source


@pytest.mark.parametrize("sentence", ["登录", "保存"])
def test_the_extraction_sees_templates(sentence: str) -> None:
    assert sentence in sentences()
