"""The city's profile is changed as any document: two people, at a time, from old values to new."""

import orjson
import pytest

from app.core.errors import Invalid
from app.design import changes, checking, city, comparing, documents, drafts, shipped, using
from app.design.documents import Document
from app.design.models import Kind
from app.office import publish_shipped
from app.profiles import published_letters
from app.profiles.shelf import load
from app.worktime import offices
from tests.design.desk import Workshop

CITY = Document(Kind.PROFILE, city.KEY)


def with_values(text: str, **values: object) -> str:
    return city.written({**city.read(text), **values})


def changed(workshop: Workshop, **values: object) -> int:
    """A change of the city's values, brought all the way; its id."""
    change = workshop.change("本市方案")
    draft = workshop.draft("profile", city.KEY, change=change)
    workshop.save(draft, 1, with_values(workshop.text(draft), **values))
    workshop.publish(change)
    return change


def issuer(workshop: Workshop) -> str:
    with workshop.reading() as session:
        return published_letters.issuer(session).zh


def test_a_release_brings_the_values_of_the_profile_of_the_installation(
    workshop: Workshop,
) -> None:
    with workshop.reading() as session:
        found = documents.newest(session, CITY)
        assert found is not None
        assert city.read(found.content)["issuer_zh"] == load("default").issuer.zh
        assert documents.title(CITY, found.content).zh == "默认方案"
        assert list(city.faults(found.content)) == []


@pytest.mark.parametrize("name", ["changyuan", "default"])
def test_a_profile_of_the_shelf_can_be_written_as_values(name: str) -> None:
    assert list(city.faults(city.text_of(load(name)))) == []


def test_values_count_from_their_publication_on_and_can_be_rolled_back(workshop: Workshop) -> None:
    before = issuer(workshop)
    changed(workshop, issuer_zh="云江市12345中心", issuer_en="Yunjiang 12345 Centre", hours="H8")
    assert issuer(workshop) == "云江市12345中心"
    with workshop.reading() as session:
        assert offices.standard_code(session) == offices.LOCAL
        hours = offices.newest_layer(session, offices.LOCAL).hours
        assert hours is not None
        assert hours.code == "H8"
    with workshop.acting() as uow:
        back = changes.roll_back(uow, "profile", city.KEY, 1, "改错了。").id
    workshop.publish(back)
    assert issuer(workshop) == before
    with workshop.reading() as session:
        assert offices.newest_layer(session, offices.LOCAL).hours is None
        assert [number for number, _ in documents.numbers(session, CITY)] == [3, 2, 1]


def test_a_change_says_in_words_which_values_change(workshop: Workshop) -> None:
    with workshop.reading() as session:
        found = documents.newest(session, CITY)
        assert found is not None
        new = with_values(
            found.content, hours="H7S", workweek=["1", "2", "3", "4", "5", "6"], title_zh="云江市"
        )
        told = [
            (one.subject.zh, one.before.zh, one.after.zh)
            for one in comparing.differences(CITY, found.content, new)
        ]
    assert told == [
        ("城市名称", "默认方案", "云江市"),
        ("工时", "沿用全国", "标准工时，夏季下午推迟"),
        ("每周工作日", "沿用全国", "周一、周二、周三、周四、周五、周六"),
    ]


def test_what_is_wrong_is_named_at_its_value_and_not_published(workshop: Workshop) -> None:
    change = workshop.change("本市方案")
    draft = workshop.draft("profile", city.KEY, change=change)
    text = with_values(workshop.text(draft), issuer_zh="", hours="H99", title_en="长" * 200)
    workshop.save(draft, 1, text)
    with workshop.reading() as session:
        found = checking.check_draft(session, drafts.draft(session, draft))
    assert {one.field for one in found} == {"issuer_zh", "hours", "title_en"}
    with pytest.raises(Invalid):
        workshop.propose(change)


@pytest.mark.parametrize("text", ["", "[]", '{"mayor": "x"}', "issuer_zh: x"])
def test_what_is_no_profile_is_refused(workshop: Workshop, text: str) -> None:
    draft = workshop.draft("profile", city.KEY)
    with pytest.raises(Invalid):
        workshop.save(draft, 1, text)


def test_a_release_leaves_the_citys_values_and_offers_its_own(workshop: Workshop) -> None:
    office = workshop.office
    changed(workshop, issuer_zh="云江市12345中心")
    publish_shipped(office.sessions, office.now, "nanjing_price_bureau")
    assert issuer(workshop) == "云江市12345中心"
    with workshop.reading() as session:
        (offer,) = [one for one in shipped.offers(session) if one.kind == "profile"]
        assert orjson.loads(offer.content)["title_zh"] == load("nanjing_price_bureau").title.zh


def test_letters_that_are_issued_in_its_name_use_the_profile(workshop: Workshop) -> None:
    with workshop.reading() as session:
        found = using.used_by(session, CITY)
    assert found
    assert {one.document.kind for one in found} == {Kind.LETTER}
