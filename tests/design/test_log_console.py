"""`jieban log export` as an operator meets it."""

from pathlib import Path

from click.testing import CliRunner, Result
from lxml import etree

from app.design.console import log
from tests.office import Office


def export(office: Office, *arguments: str) -> Result:
    made = CliRunner()
    return made.invoke(log, ["export", *arguments], obj={"sessions": lambda: office.sessions})


def test_a_log_is_written_whole_or_not_at_all(office: Office, tmp_path: Path) -> None:
    office.bring_to("dispatch")
    file = tmp_path / "log.xes"
    result = export(office, str(file), "--process", "work_order", "--from", "2026-03-02")
    assert result.exit_code == 0, result.output
    assert "dispatch" in etree.parse(file).xpath("//@value")
    refused = export(office, str(tmp_path / "none.xes"), "--process", "no_such_process")
    assert refused.exit_code == 1
    assert "没有这个流程或版本" in refused.output
    assert list(tmp_path.glob("*.xes*")) == [file]


def test_a_log_of_a_later_period_is_empty(office: Office, tmp_path: Path) -> None:
    office.bring_to("dispatch")
    file = tmp_path / "log.csv"
    assert export(office, str(file), "--from", "2026-03-03", "--format", "csv").exit_code == 0
    assert len(file.read_text("utf-8-sig").splitlines()) == 1
