"""Profiles as folders: what is shipped, what is inherited, what is refused and in which words."""

import shutil
from itertools import product
from pathlib import Path

import pytest
import yaml
from lxml import etree

from app.core.errors import DomainError, Invalid, NotFound
from app.decisions.dmn import read_model
from app.decisions.examples import run_examples
from app.profiles.folders import DEFAULT, SHELF, TABLES, names
from app.profiles.inheriting import renew
from app.profiles.letters import LetterKind
from app.profiles.profile import Satisfaction
from app.profiles.shelf import load

SHIPPED = {
    "ankang", "beijing_draft", "changyuan", "changzhou", "guangan", "guangdong", "haikou",
    "jiamusi", "jiangmen", "jinan", "lianyungang", "nanjing_price_bureau", "ningbo", "sanmen",
    "shandong_2020", "shanghai_subdistrict", "shimin_hotline_standard", "sichuan",
    "three_in_one_solution", "yuncheng",
}  # fmt: skip

MINE: dict[str, object] = {
    "title": {"zh": "某市", "en": "Some city"},
    "level": "city",
    "summary": {"zh": "试用。", "en": "A trial."},
    "sources": [{"id": "rules", "title": {"zh": "办法", "en": "Rules"}, "kind": "official"}],
}


@pytest.fixture
def shelf(tmp_path: Path) -> Path:
    """A shelf with the default and a folder `mine` to be filled."""
    shelf = tmp_path / "rules" / "profiles"
    shutil.copytree(SHELF / DEFAULT, shelf / DEFAULT)
    shutil.copy(TABLES / "traffic_light.dmn", shelf.parent)
    (shelf / "mine" / "letters").mkdir(parents=True)
    return shelf


def written(shelf: Path, **changed: object) -> Path:
    data = {key: value for key, value in (MINE | changed).items() if value is not None}
    (shelf / "mine" / "profile.yaml").write_text(yaml.safe_dump(data, allow_unicode=True))
    return shelf / "mine"


def test_the_default_and_twenty_places_are_shipped() -> None:
    assert set(names()) == SHIPPED | {DEFAULT}
    assert names()[0] == DEFAULT


@pytest.mark.parametrize("name", sorted(SHIPPED))
def test_every_place_says_where_it_is_written_what_is_given_and_what_is_not(name: str) -> None:
    profile = load(name)
    assert profile.sources
    assert profile.gives
    assert profile.inherits
    for key in profile.own & set(profile.tables):
        assert any(key in given.tables for given in profile.gives), f"no source gives {key}"
        assert profile.tables[key].parent.name == name
    assert profile.tables.keys() == load(DEFAULT).tables.keys()


def test_a_place_of_which_nothing_is_known_inherits_everything() -> None:
    jiamusi, default = load("jiamusi"), load(DEFAULT)
    assert not jiamusi.own
    assert (jiamusi.tables, jiamusi.letters, jiamusi.report) == (
        default.tables,
        default.letters,
        default.report,
    )


def test_places_count_satisfaction_lines_and_days_as_their_sources_say() -> None:
    assert load("guangan").report.satisfaction is Satisfaction.SATISFIED_OR_BASICALLY
    assert load("changzhou").report.satisfaction is Satisfaction.SATISFIED_ONLY
    assert not load("lianyungang").report.counts_superior_platform
    assert [line.number for line in load("yuncheng").lines] == ["2613710"]
    hours = load("changyuan").calendar.hours
    assert hours is not None
    assert hours.code == "H24"


def test_the_price_bureau_has_its_own_reminder_and_the_default_s_other_letters() -> None:
    letters, default = load("nanjing_price_bureau").letters, load(DEFAULT).letters
    values = dict.fromkeys(LetterKind.REMINDER_LETTER.fields, "…") | {"unit": "价格检查所"}
    assert letters[LetterKind.REMINDER_LETTER].filled(values, "zh").startswith("催办通知书")
    assert "价格检查所" in letters[LetterKind.REMINDER_LETTER].filled(values, "zh")
    assert (
        letters[LetterKind.SUPERVISION_NOTICE].text == default[LetterKind.SUPERVISION_NOTICE].text
    )


def test_a_letter_is_not_written_while_something_is_missing() -> None:
    letter = load(DEFAULT).letters[LetterKind.EXTENSION_NOTICE]
    with pytest.raises(Invalid, match="new_due_on"):
        letter.filled({"requester": "张三丰"}, "en")


def test_an_unknown_profile_is_refused_with_those_there_are() -> None:
    with pytest.raises(NotFound) as refusal:
        load("yunjiang")
    assert "yunjiang" in refusal.value.phrase.zh
    assert "sichuan" in refusal.value.phrase.zh


def test_a_folder_with_nothing_but_its_profile_is_complete(shelf: Path) -> None:
    written(shelf)
    mine = load("mine", shelf)
    assert mine.title.zh == "某市"
    assert mine.tables == load(DEFAULT, shelf).tables


@pytest.mark.parametrize(
    ("changed", "field", "said"),
    [
        ({"title": None}, "title", "必须填写"),
        ({"title": {"zh": "某市"}}, "title.en", "必须填写"),
        ({"level": "village"}, "level", "village"),
        ({"valid_from": "昨天"}, "valid_from", "日期"),
        ({"levl": "city"}, "levl", "没有这个字段"),
        ({"sources": [{"id": "a", "title": {"zh": "甲", "en": "A"}}]},
         "sources.1.kind", "official"),
        ({"sources": ["办法"]}, "sources.1", "字段"),
        ({"lines": [{"number": "一二三", "name": {"zh": "线", "en": "L"}, "source": "rules"}]},
         "lines.1.number", "电话号码"),
        ({"gives": [{"what": {"zh": "时限", "en": "Limits"}, "source": "memory"}]},
         "gives.1.source", "memory"),
        ({"gives": [{"what": {"zh": "灯", "en": "Lights"}, "source": "rules",
                     "tables": ["traffic_light"]}]}, "gives.1.tables", "traffic_light"),
        ({"report": {"satisfaction": "silence"}}, "report.satisfaction", "satisfied_only"),
        ({"calendar": {"hours": "H99"}}, "calendar", "H99"),
        ({"calendar": {"workweek": "12345"}}, "calendar.workweek", "七位"),
    ],
)  # fmt: skip
def test_a_wrong_field_is_refused_by_file_and_field(
    shelf: Path, changed: dict[str, object], field: str, said: str
) -> None:
    written(shelf, **changed)
    with pytest.raises(DomainError) as refusal:
        load("mine", shelf)
    assert isinstance(refusal.value, Invalid)
    assert list(refusal.value.fields) == [field]
    assert "mine" in refusal.value.phrase.zh
    assert f"“{field}”" in refusal.value.phrase.zh
    assert said in refusal.value.phrase.zh


@pytest.mark.parametrize("text", ["title: [", "- title", ""])
def test_a_file_that_is_no_profile_is_refused(shelf: Path, text: str) -> None:
    (written(shelf) / "profile.yaml").write_text(text)
    with pytest.raises(Invalid, match=r"mine/profile\.yaml"):
        load("mine", shelf)


def test_a_table_nobody_asks_is_refused(shelf: Path) -> None:
    shutil.copy(TABLES / "traffic_light.dmn", written(shelf) / "trafic_light.dmn")
    with pytest.raises(Invalid, match=r"mine/trafic_light\.dmn"):
        load("mine", shelf)


@pytest.mark.parametrize(
    ("file", "text", "said"),
    [
        ("reminder_letter.zh.txt", "致 ${unit}", "reminder_letter.en.txt"),
        ("greeting.zh.txt", "您好", "greeting.zh.txt"),
    ],
)
def test_a_letter_that_is_unknown_or_half_written_is_refused(
    shelf: Path, file: str, text: str, said: str
) -> None:
    (written(shelf) / "letters" / file).write_text(text)
    with pytest.raises(Invalid) as refusal:
        load("mine", shelf)
    assert said in refusal.value.phrase.zh


@pytest.mark.parametrize("text", ["致 ${neighbour}", "共 $ 5 元", "${unit.__class__}"])
def test_a_letter_can_name_its_fields_and_nothing_else(shelf: Path, text: str) -> None:
    for language in ("zh", "en"):
        (written(shelf) / "letters" / f"reminder_letter.{language}.txt").write_text(text)
    with pytest.raises(Invalid) as refusal:
        load("mine", shelf)
    assert "mine/letters" in refusal.value.phrase.zh


def test_categories_are_refused_by_row(shelf: Path) -> None:
    rows = "code,name_zh,name_en,parent\nroads,道路,Roads,\n9x,,Nothing,\n"
    (written(shelf) / "categories.csv").write_text(rows)
    with pytest.raises(Invalid) as refusal:
        load("mine", shelf)
    assert "mine/categories.csv:3" in refusal.value.phrase.zh
    assert set(refusal.value.fields) == {"code", "name_zh"}


def test_a_table_of_own_rows_alone_is_filled_up_from_the_default(shelf: Path) -> None:
    shutil.copy(TABLES / "traffic_light.examples.yaml", shelf.parent)
    table = written(shelf) / "traffic_light.dmn"
    tree = etree.parse(SHELF / "shandong_2020" / "traffic_light.dmn")
    for rule in list(tree.iter("{*}rule"))[1:]:
        rule.getparent().remove(rule)
    tree.write(table)
    changed = renew(load("mine", shelf), load(DEFAULT, shelf))
    assert [path.name for path in changed] == ["traffic_light.dmn", "traffic_light.examples.yaml"]
    filled, theirs = (
        read_model((folder / "traffic_light.dmn").read_bytes())
        for folder in (shelf / "mine", SHELF / "shandong_2020")
    )
    for unit, amount in product(("working_day", "natural_hour", "month"), (1, 6, 30)):
        asked = {"unit": unit, "amount": amount}
        assert filled.decide(asked).outputs == theirs.decide(asked).outputs
    assert not run_examples(table).failures
    assert renew(load("mine", shelf), load(DEFAULT, shelf)) == []
