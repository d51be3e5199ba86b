"""A release meets what the city has changed: it publishes the rest, and offers what is new."""

import shutil
from pathlib import Path

import pytest
from sqlalchemy import delete, select

from app.core.uow import SYSTEM, unit_of_work
from app.design import checking, documents, drafts, shipped
from app.design.documents import Document
from app.design.models import Kind, Publication
from app.office import DIAGRAMS, publish_shipped
from app.profiles.folders import DEFAULT
from tests.cases.test_catalogue import publish as publish_ruling
from tests.cases.test_catalogue import ruled
from tests.design.desk import Workshop

EXTENSION = Document(Kind.DIAGRAM, "extension")
LIMITS = Document(Kind.TABLE, "time_limits")


@pytest.fixture
def release(tmp_path: Path) -> Path:
    """The diagrams of the next release, to be changed by the test."""
    return Path(shutil.copytree(DIAGRAMS, tmp_path / "bpmn"))


def start(workshop: Workshop, diagrams: Path = DIAGRAMS, profile: str = DEFAULT) -> None:
    office = workshop.office
    with unit_of_work(office.sessions, SYSTEM, office.now) as uow:
        shipped.publish(uow, profile, diagrams)


def edit(file: Path, before: str, after: str) -> None:
    text = file.read_text()
    assert before in text
    file.write_text(text.replace(before, after))


def rename(workshop: Workshop, kind: str, key: str, before: str, after: str) -> None:
    """The city changes a document."""
    change = workshop.change()
    draft = workshop.draft(kind, key, change=change)
    text = workshop.text(draft)
    assert before in text
    workshop.save(draft, 1, text.replace(before, after))
    workshop.publish(change)


def newest(workshop: Workshop, what: Document) -> tuple[int, str]:
    with workshop.reading() as session:
        found = documents.newest(session, what)
    assert found is not None
    return found.number, found.content


def offers(workshop: Workshop) -> list[tuple[str, str]]:
    with workshop.reading() as session:
        return [(one.kind, one.key) for one in shipped.offers(session)]


def test_every_shipped_version_is_written_down_as_such(workshop: Workshop) -> None:
    with workshop.reading() as session:
        told = {(p.kind, p.key, p.version) for p in session.scalars(select(Publication))}
        for kind in (Kind.DIAGRAM, Kind.TABLE, Kind.LETTER):
            for key in documents.keys(session, kind):
                assert (kind.value, key, 1) in told


def test_a_release_publishes_what_the_city_left_alone(workshop: Workshop, release: Path) -> None:
    edit(release / "extension.bpmn", "延期", "展期")
    start(workshop, release)
    number, text = newest(workshop, EXTENSION)
    assert number == 2
    assert "展期" in text
    assert offers(workshop) == []


def test_a_release_offers_what_the_city_has_made_its_own(workshop: Workshop, release: Path) -> None:
    rename(workshop, "diagram", "extension", 'name="延期"', 'name="顺延"')
    start(workshop)
    assert offers(workshop) == []  # the same shipped text as ever
    edit(release / "extension.bpmn", 'name="延期"', 'name="展期"')
    start(workshop, release)
    start(workshop, release)
    number, text = newest(workshop, EXTENSION)
    assert number == 2
    assert "顺延" in text
    assert offers(workshop) == [("diagram", "extension")]


def test_a_newer_offer_takes_the_place_of_the_older(workshop: Workshop, release: Path) -> None:
    rename(workshop, "diagram", "extension", 'name="延期"', 'name="顺延"')
    for name in ("展期", "延长"):
        file = release / "extension.bpmn"
        shutil.copy(DIAGRAMS / "extension.bpmn", file)
        edit(file, 'name="延期"', f'name="{name}"')
        start(workshop, release)
    with workshop.reading() as session:
        (offer,) = shipped.offers(session)
    assert 'name="延长"' in offer.content
    with workshop.acting() as uow:
        shipped.settle(uow, offer.id)
    start(workshop, release)
    assert offers(workshop) == []


def test_another_profile_does_not_overwrite_a_table_of_the_city(workshop: Workshop) -> None:
    rename(workshop, "table", "time_limits", "<text>5</text>", "<text>4</text>")
    start(workshop, profile="guangdong")
    assert newest(workshop, LIMITS)[0] == 2
    assert offers(workshop) == [("examples", "time_limits"), ("table", "time_limits")]


def test_a_called_diagram_of_a_release_reaches_the_citys_own_caller(
    workshop: Workshop, release: Path
) -> None:
    rename(workshop, "diagram", "work_order", 'name="12345 热线工单"', 'name="本市工单"')
    edit(release / "call_back.bpmn", 'name="回访"', 'name="电话回访"')
    start(workshop, release)
    number, text = newest(workshop, Document(Kind.DIAGRAM, "work_order"))
    assert number == 3
    assert "本市工单" in text


def test_rulings_go_on_being_written_into_a_catalogue_of_the_citys_own(
    workshop: Workshop,
) -> None:
    rename(workshop, "table", "dispatch_catalogue", 'name="派单目录"', 'name="本市派单目录"')
    office = workshop.office
    ruled(office)
    publish_ruling(office)
    publish_shipped(office.sessions, office.now)
    number, text = newest(workshop, Document(Kind.TABLE, "dispatch_catalogue"))
    assert number == 3
    assert "本市派单目录" in text
    assert "ruling_" in text
    assert offers(workshop) == []


def test_a_designer_who_takes_a_ruling_out_of_the_catalogue_is_told(workshop: Workshop) -> None:
    draft_id = workshop.draft("table", "dispatch_catalogue")
    ruled(workshop.office)
    publish_ruling(workshop.office)
    with workshop.reading() as session:
        found = checking.check_draft(session, drafts.draft(session, draft_id))
    assert [one.code for one in found if one.severity == "warning"] == ["ruling_removed"]


def test_scenarios_of_a_release_do_not_try_a_diagram_of_the_citys_own(
    workshop: Workshop, release: Path
) -> None:
    rename(workshop, "diagram", "extension", 'name="延期"', 'name="顺延"')
    stories = Document(Kind.SCENARIOS, "extension")
    before = newest(workshop, stories)
    file = release / "extension.scenarios.yaml"
    file.write_text(file.read_text() + "# 新\n")
    start(workshop, release)
    assert newest(workshop, stories) == before
    assert offers(workshop) == [("scenarios", "extension")]


def test_an_office_older_than_the_workshop_is_written_down_at_its_next_start(
    workshop: Workshop,
) -> None:
    with workshop.acting() as uow:
        uow.session.execute(delete(Publication))
    start(workshop)
    start(workshop)
    with workshop.reading() as session:
        told = session.scalars(select(Publication)).all()
        assert {one.source for one in told} == {"shipped"}
        counted = sum(len(documents.keys(session, kind)) for kind in Kind)
    assert len(told) == counted


def test_a_text_that_a_release_takes_back_is_published_again(
    workshop: Workshop, release: Path
) -> None:
    edit(release / "extension.bpmn", 'name="延期"', 'name="展期"')
    start(workshop, release)
    start(workshop)
    start(workshop)
    number, text = newest(workshop, EXTENSION)
    assert number == 3
    assert 'name="延期"' in text
