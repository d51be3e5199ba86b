"""The editor speaks Chinese and English."""

import re
from pathlib import Path

ASSETS = Path(__file__).parents[2] / "app" / "web" / "assets"
CHINESE = re.compile(r"[\u4e00-\u9fff]")
ENGLISH = ASSETS / "modeler" / "english.js"
APART = {"english.js", "chinese.js"}
LABELS = {
    "catalogue.js": r"(?:label: |[a-z]+: )'([^']+)'",
    "outline.js": r"'bpmn:\w+': '([^']+)'",
    "panel.js": r"'bpmn:\w+', '([^']+)'\]",
}
"""Labels that are looked up by the variable that holds them."""
IN_DIAGRAMS = {"办理意见", "新字段", "新选项", "是", "否"}
"""Written into diagrams, with their English beside them."""


def asked() -> set[str]:
    """Every Chinese sentence for which the sources ask."""
    found = set()
    for path in [ASSETS / "modeler.js", *(ASSETS / "modeler").rglob("*.js")]:
        if path.name in APART:
            continue
        source = path.read_text()
        found |= set(re.findall(r"\b_\(\s*'((?:[^'\\]|\\.)*)'", source))
        if path.name in LABELS:
            found |= set(re.findall(LABELS[path.name], source))
    return {sentence for sentence in found if CHINESE.search(sentence)} - IN_DIAGRAMS


def given() -> dict[str, str]:
    """The English of each sentence."""
    pairs = re.findall(
        r"^  '((?:[^'\\]|\\.)*)': '((?:[^'\\]|\\.)*)',$", ENGLISH.read_text(), re.MULTILINE
    )
    return dict(pairs)


def test_every_sentence_of_the_editor_has_its_english() -> None:
    assert asked() - set(given()) == set()


def test_no_english_is_kept_for_a_sentence_that_vanished() -> None:
    assert set(given()) - asked() == set()


def test_what_is_filled_in_stands_in_both_languages() -> None:
    names = re.compile(r"{(\w+)}")
    for chinese, english in given().items():
        assert sorted(names.findall(chinese)) == sorted(names.findall(english)), chinese
