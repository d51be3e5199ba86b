"""The operators' commands."""

from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from app.core.db import Sessions
from app.core.errors import DomainError, Invalid
from app.worktime import console, offices
from tests.worktime.test_offices import NOTICE_2027

HERE = Path(__file__).resolve().parent
Run = Callable[..., Result]


@pytest.fixture
def run(sessions: Sessions) -> Run:
    def invoke(*arguments: str, answer: str | None = None) -> Result:
        return CliRunner().invoke(
            console.calendar,
            list(arguments),
            obj={"sessions": lambda: sessions},
            input=answer,
            catch_exceptions=True,
        )

    return invoke


@pytest.fixture
def notice(tmp_path: Path) -> Path:
    file = tmp_path / "2027.txt"
    file.write_text(
        "国务院办公厅关于2027年部分节假日安排的通知\n国办发明电〔2026〕99号\n"
        f"{NOTICE_2027}\n2026年11月25日\n",
        "utf-8",
    )
    return file


def newest(sessions: Sessions, code: str = "CN") -> int:
    with sessions() as session:
        return offices.versions(session, code)[0].number


def test_a_right_file_of_deadlines_passes_without_a_database() -> None:
    done = CliRunner().invoke(console.deadline, ["check", str(HERE / "vectors.csv")])
    assert done.exit_code == 0
    assert done.output.splitlines()[-1] == "68 passed, 0 failed"


def test_each_wrong_deadline_is_printed_and_the_exit_status_tells(tmp_path: Path) -> None:
    lines = (HERE / "vectors.csv").read_text("utf-8").splitlines()
    lines[1] = lines[1].replace("2025-01-28T00:00:00", "2025-01-29T00:00:00")
    lines[2] = lines[2].replace(",CN,", ",XX,")
    file = tmp_path / "wrong.csv"
    file.write_text("\n".join(lines), "utf-8")
    done = CliRunner().invoke(console.deadline, ["check", str(file)])
    assert done.exit_code == 1
    *mismatches, summary = done.output.splitlines()
    assert summary == "66 passed, 2 failed"
    assert [line[:5] for line in mismatches] == ["J001:", "J002:"]
    assert "2025-01-29" in mismatches[0]


def test_deadlines_are_explained_on_request() -> None:
    done = CliRunner().invoke(
        console.deadline,
        ["check", str(HERE / "vectors.csv"), "--explain", "--language", "en"],
    )
    assert "Provisional:" in done.output
    assert "J001:" in done.output


def test_a_file_that_cannot_be_read_is_refused_in_words(tmp_path: Path) -> None:
    file = tmp_path / "gbk.csv"
    file.write_bytes("编号".encode("gbk"))
    done = CliRunner().invoke(console.deadline, ["check", str(file)])
    assert isinstance(done.exception, Invalid)
    assert "UTF-8" in done.exception.phrase.zh


def test_a_row_of_the_year_9999_fails_alone(tmp_path: Path) -> None:
    header, first, *_ = (HERE / "vectors.csv").read_text("utf-8").splitlines()
    cells = dict(zip(header.split(","), first.split(","), strict=True))
    cells["start"] = "9999-12-31T23:59:59"
    file = tmp_path / "far.csv"
    file.write_text(f"{header}\n{first}\n{','.join(cells.values())}\n", "utf-8")
    done = CliRunner().invoke(console.deadline, ["check", str(file)])
    assert done.exit_code == 1
    assert done.output.splitlines()[-1] == "1 passed, 1 failed"


def test_a_row_that_cannot_be_read_fails_alone_and_is_named_with_its_line(tmp_path: Path) -> None:
    header, first, second, third, *_ = (HERE / "vectors.csv").read_text("utf-8").splitlines()
    columns = header.split(",")
    nonsense = dict(zip(columns, second.split(","), strict=True)) | {"limit": "three", "start": "?"}
    nameless = dict(zip(columns, third.split(","), strict=True)) | {"id": "", "unit": "DAYS"}
    lines = [header, first, ",".join(nonsense.values()), ",".join(nameless.values()), third]
    file = tmp_path / "typed.csv"
    file.write_text("\n".join(lines) + "\n", "utf-8")
    done = CliRunner().invoke(console.deadline, ["check", str(file)])
    assert done.exit_code == 1
    said = done.output.splitlines()
    assert said[-1] == "2 passed, 2 failed"
    assert f"{nonsense['id']}: " in done.output
    assert 'Row 3, column "limit": "three" is wrong; it takes a number above zero.' in done.output
    assert 'Row 3, column "start"' in done.output
    assert any(line.startswith("#4: ") and '"DAYS"' in line for line in said)


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("start", "0001-01-01T00:00:00+14:00"),
        ("deadline_at", "9999-12-31T23:59:59-12:00"),
        ("limit", "1e40"),
        ("extension", "nan@orig"),
        ("pauses", "0001-01-01T00:00:00+14:00/0001-01-02"),
    ],
)
def test_no_cell_stops_the_file(tmp_path: Path, column: str, value: str) -> None:
    header, first, *_ = (HERE / "vectors.csv").read_text("utf-8").splitlines()
    cells = dict(zip(header.split(","), first.split(","), strict=True)) | {column: value}
    file = tmp_path / "odd.csv"
    file.write_text(f"{header}\n{','.join(cells.values())}\n{first}\n", "utf-8")
    done = CliRunner().invoke(console.deadline, ["check", str(file)])
    assert done.exit_code == 1
    assert done.output.splitlines()[-1] == "1 passed, 1 failed"


def test_a_notice_is_shown_and_published_only_when_confirmed(
    run: Run, sessions: Sessions, notice: Path
) -> None:
    before = newest(sessions)
    refused = run("notice", str(notice), answer="n\n")
    assert refused.exit_code == 0
    assert "* 2027-02-20 Sat  - → makeup 春节 国办发明电〔2026〕99号" in refused.output
    assert "official through: 2026-12-28 → 2027-12-28" in refused.output
    assert newest(sessions) == before
    agreed = run("notice", str(notice), answer="y\n")
    assert agreed.output.splitlines()[-1].endswith(f"CN:{before + 1}")
    again = run("notice", str(notice))
    assert "没有新的通知" in again.output
    assert newest(sessions) == before + 1


def test_a_notice_known_to_the_package_is_compared_with_it(run: Run, tmp_path: Path) -> None:
    text = HERE / "notices" / "2026.txt"
    assert "与 holidays 软件包一致" in run("notice", str(text)).output
    wrong = tmp_path / "wrong.txt"
    wrong.write_text(
        text.read_text("utf-8").replace("、2月28日（周六）上班", "上班").replace("7号", "8号"),
        "utf-8",
    )
    assert "2026-02-28" not in run("notice", str(wrong), answer="n\n").output.split("→")[0]


def test_a_notice_that_contradicts_itself_is_not_published(
    run: Run, sessions: Sessions, notice: Path
) -> None:
    before = newest(sessions)
    notice.write_text(notice.read_text("utf-8").replace("共7天", "共8天"), "utf-8")
    done = run("notice", str(notice), "--yes")
    assert isinstance(done.exception, DomainError)
    assert newest(sessions) == before


def test_a_calendar_goes_out_as_csv_and_comes_back(
    run: Run, sessions: Sessions, tmp_path: Path
) -> None:
    assert run("add", "JS", "江苏", "--level", "province").exit_code == 0
    file = tmp_path / "js.csv"
    file.write_text("date,kind,holiday_name,notice\n2026-12-13,holiday,公祭日,苏〔2026〕1号\n")
    shown = run("import", "JS", str(file), "--yes")
    assert "* 2026-12-13" not in shown.output  # a Sunday: off before and after
    assert "  2026-12-13 Sun  - → holiday 公祭日 苏〔2026〕1号" in shown.output
    assert newest(sessions, "JS") == 2
    out = tmp_path / "out.csv"
    run("export", "JS", "--output", str(out))
    unchanged = run("import", "JS", str(out), "--yes")
    assert "没有变化" in unchanged.output
    assert newest(sessions, "JS") == 2
    assert "2026-12-13" in run("diff", "JS", "1", "2").output


def test_the_nations_calendar_comes_back_unchanged_with_its_provisional_years(
    run: Run, sessions: Sessions, tmp_path: Path
) -> None:
    out = tmp_path / "cn.csv"
    run("export", "--output", str(out))
    before = newest(sessions)
    assert "没有变化" in run("import", "CN", str(out), "--yes").output
    assert newest(sessions) == before


def test_a_year_may_come_as_csv_instead_of_a_notice(
    run: Run, sessions: Sessions, tmp_path: Path
) -> None:
    out = tmp_path / "cn.csv"
    run("export", "--output", str(out))
    with out.open("a", encoding="utf-8") as file:
        file.write("2027-02-05,holiday,春节,农历除夕,国办发明电〔2026〕99号,\n")
        file.write("2027-02-20,makeup,春节,,国办发明电〔2026〕99号,\n")
    done = run("import", "CN", str(out), "--official-through", "2027-12-28", "--yes")
    assert "official through: 2026-12-28 → 2027-12-28" in done.output
    with sessions() as session:
        found = offices.working_calendar(session, "CN")
    assert found.is_working_day(date(2027, 2, 20))
    assert found.is_working_day(date(2027, 10, 1))  # provisional, and not in the file
    assert not found.is_working_day(date(2028, 10, 2))


def test_a_hall_gets_its_own_hours_and_week(run: Run, sessions: Sessions, tmp_path: Path) -> None:
    hours = tmp_path / "hours.json"
    hours.write_text('{"code": "HALL", "name": "大厅", "segments": "09:00-16:00"}', "utf-8")
    run("add", "HALL", "大厅")
    assert run("set", "HALL", "--hours", str(hours), "--workweek", "1111110").output == "HALL:2\n"
    with sessions() as session:
        found = offices.working_calendar(session, "HALL")
    assert (found.hours.code, found.workweek) == ("HALL", "1111110")
    assert isinstance(run("set", "HALL", "--workweek", "12").exception, Invalid)


def test_calendars_are_shown_with_versions_and_special_days(run: Run) -> None:
    shown = run("show", "--year", "2026").output
    assert "CN:1" in shown
    assert "2026-02-14 Sat  makeup 春节 国办发明电〔2025〕7号" in shown
    assert "provisional" in run("show", "--year", "2027").output


def test_the_alarm_tells_by_its_exit_status(run: Run) -> None:
    assert run("alarm", "--today", "2026-06-01").exit_code == 0
    warned = run("alarm", "--today", "2026-11-21", "--open-until", "2027-01-05")
    assert warned.exit_code == 1
    assert warned.output.startswith("alarm:")
