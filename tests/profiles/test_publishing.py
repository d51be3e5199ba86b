"""Starting an office under another profile: new cases follow it, old ones keep what they have."""

import shutil
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest

from app.cases.models.city import Category
from app.core.clock import CHINA
from app.core.db import reading
from app.core.errors import Invalid
from app.core.uow import SYSTEM, unit_of_work
from app.decisions import registry
from app.office import publish_shipped
from app.profiles import publishing, shelf
from app.profiles.folders import SHELF
from app.settings import SettingError, read_settings
from app.worktime import offices
from tests.office import Office


def start_under(office: Office, profile: str) -> None:
    publish_shipped(office.sessions, office.now, profile)


def signed(office: Office, **given: object) -> int:
    """A case signed for at once; its demand's id."""
    demand_id = office.bring_to("sign_for", **given)
    office.do(demand_id, "sign_for")
    return demand_id


def test_a_case_keeps_the_limits_it_began_under_when_the_profile_changes(office: Office) -> None:
    before = signed(office)
    waiting = office.bring_to("sign_for")
    assert office.last_day(office.clock(before, "handling")) == "2026-03-09"
    start_under(office, "sichuan")
    assert office.last_day(office.clock(before, "handling")) == "2026-03-09"
    office.do(waiting, "sign_for")
    assert office.last_day(office.clock(waiting, "handling")) == "2026-03-09"
    after = signed(office)
    assert office.last_day(office.clock(after, "handling")) == "2026-03-23"


def test_going_back_to_the_default_publishes_it_anew_and_the_cases_between_keep_theirs(
    office: Office,
) -> None:
    start_under(office, "guangdong")
    between = signed(office, nature="consultation")
    start_under(office, "default")
    after = signed(office, nature="consultation")
    assert office.last_day(office.clock(between, "handling")) == "2026-03-04"
    assert office.last_day(office.clock(after, "handling")) == "2026-03-05"
    with reading(office.sessions) as session:
        assert registry.newest_version(session, "time_limits") == 3
        assert registry.newest_version(session, "acceptance") == 1


def test_starting_twice_under_a_profile_publishes_nothing_twice(office: Office) -> None:
    for _ in range(2):
        start_under(office, "changyuan")
    with reading(office.sessions) as session:
        assert registry.newest_version(session, "time_limits") == 2
        assert offices.newest_layer(session, offices.LOCAL).number == 2


def test_every_table_of_a_profile_is_published_and_not_the_limits_alone(office: Office) -> None:
    with reading(office.sessions) as session:
        before = registry.newest_version(session, "supervision_triggers")
    start_under(office, "shanghai_subdistrict")
    with reading(office.sessions) as session:
        assert registry.newest_version(session, "supervision_triggers") == before + 1


def test_hours_of_a_profile_count_and_are_taken_back(office: Office) -> None:
    start_under(office, "changyuan")
    demand_id = signed(office, nature="consultation")
    handling = office.clock(demand_id, "handling")
    assert handling.due_at is not None
    assert handling.due_at.astimezone(CHINA) == datetime(2026, 3, 3, 9, 0, tzinfo=CHINA)
    assert handling.calendar_code == "LOCAL"
    start_under(office, "default")
    with reading(office.sessions) as session:
        calendar = offices.working_calendar(session, offices.standard_code(session))
        layer = offices.newest_layer(session, offices.LOCAL)
    assert layer.hours is None
    assert calendar.version.endswith("LOCAL:3")


def test_categories_of_a_profile_are_added_to_the_tree(office: Office) -> None:
    start_under(office, "ankang")
    with reading(office.sessions) as session:
        assert session.get_one(Category, "ankang_traffic").name_zh == "交通管理"
        assert session.get_one(Category, "noise").name_zh == "噪音"


def test_a_table_that_asks_for_something_else_is_not_published(
    tmp_path: Path,
) -> None:
    mine = shelf.load("shandong_2020")
    file = tmp_path / "traffic_light.dmn"
    shutil.copy(SHELF / "shandong_2020" / "traffic_light.dmn", file)
    file.write_text(file.read_text().replace('name="overdue_2_unit"', 'name="overdue_unit"'))
    mine = replace(mine, tables={**mine.tables, "traffic_light": file})
    with pytest.raises(Invalid, match="overdue_unit"):
        publishing.require_same_shape(mine, "traffic_light")


def test_the_setting_names_a_profile_and_a_wrong_one_is_refused_with_those_there_are() -> None:
    secret = {"JIEBAN_SECRET_KEY": "x" * 40}
    assert read_settings(secret).profile == "default"
    assert read_settings(secret | {"JIEBAN_PROFILE": "sichuan"}).profile == "sichuan"
    with pytest.raises(SettingError, match=r"JIEBAN_PROFILE='siuchan'.*sichuan"):
        read_settings(secret | {"JIEBAN_PROFILE": "siuchan"})


def test_publishing_a_profile_gives_it_back(office: Office) -> None:
    with unit_of_work(office.sessions, SYSTEM, office.now) as uow:
        assert publishing.publish(uow, "yuncheng").lines[0].number == "2613710"
