"""`jieban design replay`: what the console tells of real cases that are run again."""

import json

from click.testing import CliRunner, Result

from app.jobs.design_console import design
from app.office import ROOT
from tests.design.desk import Workshop
from tests.design.test_replay import lived
from tests.office import Office


def run(office: Office, *arguments: str) -> Result:
    return CliRunner().invoke(
        design,
        ["replay", "--days", "1000", "--processes", "0", *arguments],
        obj={"sessions": lambda: office.sessions},
    )


def test_cases_that_come_out_as_they_did_are_told_with_every_count(office: Office) -> None:
    lived(office)
    told = run(office)
    assert told.exit_code == 0, told.output
    assert told.output.startswith("3 件诉求 demands\n")
    assert "移动 moved 0, 新增 appeared 0, 消失 gone 0" in told.output
    assert "新增 gained 0, 消失 lost 0, 时刻改变 shifted 0" in told.output


def test_what_a_change_moves_is_told_by_kind_by_case_and_as_json(office: Office) -> None:
    lived(office)
    workshop = Workshop(office)
    text = (ROOT / "rules" / "time_limits.dmn").read_text()
    row = text.index('id="time_limits_row_1_output_1"')
    changed = text[:row] + text[row:].replace("<text>1</text>", "<text>7</text>", 1)
    change = workshop.change()
    workshop.draft("table", "time_limits", changed, change=change)
    told = run(office, "--change", str(change), "--cases")
    assert told.exit_code == 0, told.output
    assert "移动的工作日 working days moved: +6 × " in told.output
    assert "  移动 moved: sign_for × 3" in told.output
    lines = [line.split("\t") for line in told.output.splitlines() if line.startswith("moved\t")]
    assert len(lines) >= 3
    assert all(len(line) == 5 for line in lines)
    figures = json.loads(run(office, "--change", str(change), "--json").output)
    assert figures["moved"] == len(lines)


def test_where_nothing_was_registered_it_says_so(office: Office) -> None:
    told = run(office)
    assert told.exit_code == 1
    assert "No demand was registered" in told.output
