"""`jieban design move`: what the console tells of moves."""

import json

from click.testing import CliRunner, Result

from app.jobs.design_console import design
from tests.design.desk import Workshop
from tests.design.test_moves import ask, go, renamed_reply, shorter_limits
from tests.office import Office


def run(office: Office, *arguments: str) -> Result:
    return CliRunner().invoke(
        design, ["move", *arguments], obj={"sessions": lambda: office.sessions}
    )


def test_a_dry_run_counts_the_cases_and_names_the_steps_that_are_gone(office: Office) -> None:
    office.bring_to("reply")
    office.bring_to("first_contact")
    renamed_reply(office)
    told = run(office, "dry-run", "work_order")
    assert told.exit_code == 0
    assert [line.split()[0] for line in told.output.splitlines()] == ["1", "1", "0", "1"]
    assert "reply → ?" in told.output
    told = run(office, "dry-run", "work_order", "--map", "reply=answer_in_full", "--cases")
    assert "2 可以迁移" in told.output
    assert office.order(1).number in told.output
    assert run(office, "dry-run", "work_order", "--map", "reply").exit_code == 2
    assert "没有" in run(office, "dry-run", "work_order", "--to", "9").output


def test_a_dry_run_gives_deadlines_before_and_after_as_json(office: Office) -> None:
    case = office.bring_to("reply")
    shorter_limits(office)
    told = run(office, "dry-run", "work_order", "--recount", "--json")
    (one,) = map(json.loads, told.output.splitlines())
    assert (one["number"], one["verdict"]) == (office.order(case).number, "will_move")
    handling = next(clock for clock in one["clocks"] if clock["clock"] == "handling")
    assert handling["after"] == handling["before"]
    assert handling["kept"] == "期限已过"  # the console reads the real clock


def test_progress_names_the_moves_that_are_not_over(office: Office) -> None:
    workshop = Workshop(office)
    office.bring_to("first_contact")
    renamed_reply(office)
    move_id = ask(workshop)
    told = run(office, "progress")
    assert told.output == f"{move_id}: work_order → 2, waiting: 1 will_move\n"
    (one,) = map(json.loads, run(office, "progress", str(move_id), "--json").output.splitlines())
    assert one["counts"] == {"will_move": 1}
    go(office)
    assert run(office, "progress", "77").exit_code == 1
