"""`jieban calendar recount` on a real office."""

import json
from dataclasses import replace
from datetime import date

from click.testing import CliRunner, Result

from app.core.uow import SYSTEM, unit_of_work
from app.jobs.console import calendar
from app.worktime import offices
from app.worktime.days import DayKind, DayRow, overlaid
from tests.office import Office


def recount(office: Office, *options: str) -> Result:
    sessions = {"sessions": lambda: office.sessions}
    return CliRunner().invoke(calendar, ["recount", *options], obj=sessions)


def close_a_day(office: Office) -> None:
    with unit_of_work(office.sessions, SYSTEM, office.now) as uow:
        layer = offices.newest_layer(uow.session, "CN")
        row = DayRow(date(2026, 3, 5), DayKind.HOLIDAY, "停工", "", "市政府〔2026〕1号")
        offices.publish(uow, replace(layer, rows=overlaid([layer.rows, [row]])), row.document)


def test_the_preview_is_for_people_and_for_programs(office: Office) -> None:
    case = office.bring_to("reply")
    close_a_day(office)
    number = office.order(case).number
    shown = recount(office, "--preview")
    assert shown.exit_code == 0, shown.output
    assert f"{number}  urban_management  办理时限#1  2026-03-09 24:00 → 2026-03-10 24:00  +1" in (
        shown.output
    )
    told = json.loads(recount(office, "--preview", "--json").output)
    [handling] = [clock for clock in told["clocks"] if clock["clock"] == "handling"]
    assert (handling["number"], handling["unit"]) == (number, "urban_management")
    assert (handling["effect"], handling["working_days"]) == ("later", 1)
    assert told["counts"]["later"] == len(told["clocks"])
    assert office.last_day(office.clock(case, "handling")) == "2026-03-09"


def test_applying_says_how_much_changed_and_twice_changes_nothing(office: Office) -> None:
    case = office.bring_to("reply")
    close_a_day(office)
    assert recount(office, "--apply").output == "1 cases, 1 changed, 0 failed\n"
    assert office.last_day(office.clock(case, "handling")) == "2026-03-10"
    assert recount(office, "--apply").output == "0 cases, 0 changed, 0 failed\n"


def test_one_of_the_two_must_be_said(office: Office) -> None:
    assert recount(office).exit_code == 2
    assert recount(office, "--preview", "--apply").exit_code == 2
