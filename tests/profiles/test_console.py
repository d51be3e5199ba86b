"""`jieban profile`: what is listed, shown, compared and renewed."""

import json
from itertools import cycle

import pytest
from click.testing import CliRunner, Result

from app.cli import jieban
from app.profiles.comparing import demands
from app.profiles.folders import names
from app.profiles.words import NATURES, STAGES, URGENCIES


def console(*words: str) -> Result:
    return CliRunner().invoke(jieban, ["profile", *words], catch_exceptions=False)


def test_every_profile_is_listed_with_its_place_in_either_language() -> None:
    chinese, english = console("list").output, console("list", "--language", "en").output
    for name in names():
        assert name in chinese
        assert name in english
    assert "四川省（省级）" in chinese
    assert "Sichuan Province (province)" in english
    assert [each["name"] for each in json.loads(console("list", "--json").output)] == names()


def test_a_profile_is_shown_with_its_sources_what_they_give_and_what_is_inherited() -> None:
    shown = console("show", "yuncheng").output
    for text in ("2613710", "官方发布、2017", "来源没有给出、沿用默认的", "自有：无"):
        assert text in shown
    assert "https://reportify.cn/news/1213283917809979392" in console("show", "sichuan").output
    assert "文书落款：12345 政务服务便民热线中心" in shown
    bureau = console("show", "nanjing_price_bureau", "--language", "en").output
    assert "Letters are issued by: Nanjing price bureau" in bureau
    detail = json.loads(console("show", "changzhou", "--json").output)
    assert detail["valid_from"] == "2021-01-01"
    assert detail["own"] == ["report.satisfaction", "time_limits"]


def test_the_twenty_demands_differ_in_nature_urgency_channel_and_stage() -> None:
    found = demands()
    assert [demand.number for demand in found] == list(range(1, 21))
    assert {demand.nature for demand in found} == NATURES.keys()
    assert {demand.urgency for demand in found} == URGENCIES.keys()
    assert len({demand.channel for demand in found}) == 9
    assert {stage for demand in found for stage in demand.stages} == STAGES.keys()
    for demand in found:
        assert demand.arrived_at < demand.dispatched_at < demand.signed_at


def test_two_profiles_stand_side_by_side_and_what_differs_is_marked() -> None:
    lines = console("compare", "changzhou", "sichuan").output.splitlines()
    third = next(n for n, line in enumerate(lines) if line.startswith(" 3 "))
    handling = next(line for line in lines[third:] if line.strip().startswith("办理"))
    assert "5 个工作日，03-16（周一）止" in handling
    assert "15 个工作日，03-30（周一）止" in handling
    assert handling.endswith("≠")
    assert any("市城市管理局、市生态环境局" in line for line in lines)
    english = console("compare", "changzhou", "sichuan", "--language", "en").output
    assert "15 working days, by 03-30 Mon" in english
    assert "City Urban Management Bureau" in english


def test_a_profile_does_not_differ_from_itself() -> None:
    assert "20 件诉求中 0 件的时限或承办单位不同。" in console("compare", "haikou", "haikou").output


def test_what_else_two_profiles_do_differently_is_named() -> None:
    last = console("compare", "default", "guangan").output.splitlines()[-2:]
    assert last == ["20 件诉求中 0 件的时限或承办单位不同。", "另有不同：满意口径。"]
    assert "专线" in console("compare", "default", "yuncheng").output.splitlines()[-1]


# Number of the twenty that are timed differently from the default.
DIFFERING = {
    "changzhou": 0,
    "jiamusi": 0,
    "shanghai_subdistrict": 0,
    "changyuan": 16,
    "sanmen": 7,
    "sichuan": 10,
    "beijing_draft": 16,
}


@pytest.mark.parametrize(("name", "differing"), DIFFERING.items())
def test_the_comparison_as_json_counts_what_differs(name: str, differing: int) -> None:
    compared = json.loads(console("compare", "default", name, "--json").output)
    assert compared["profiles"] == ["default", name]
    assert len(compared["demands"]) == 20
    assert compared["differing"] == sum(row["differs"] for row in compared["demands"]) == differing
    assert set(compared["demands"][0]["outcomes"]) == {"default", name}


def test_a_profile_s_days_are_the_ones_its_limits_are_counted_in() -> None:
    """Changyuan's 24 working hours run around the clock, but not over a rest day."""
    compared = json.loads(console("compare", "default", "changyuan", "--json").output)
    contacts = {
        row["number"]: row["outcomes"]["changyuan"]["stages"]["first_contact"]["due_at"]
        for row in compared["demands"]
        if "first_contact" in row["outcomes"]["changyuan"]["stages"]
    }
    assert contacts[1].startswith("2026-03-03T09:40")  # Monday 09:40 to Tuesday 09:40
    assert contacts[3].startswith("2026-03-09T19:10")  # Friday 19:10 to Monday 19:10


def test_every_pair_with_the_default_can_be_compared() -> None:
    for name, language in zip(names(), cycle(("zh", "en")), strict=False):
        assert console("compare", "default", name, "--language", language).exit_code == 0


def test_nothing_is_renewed_while_the_default_stands_as_it_was() -> None:
    assert console("renew", "shandong_2020", "sanmen").output == ""
