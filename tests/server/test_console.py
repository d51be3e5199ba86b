"""The console: refusals are one clear sentence, and exit codes tell."""

import socket
from pathlib import Path

import pytest
from sqlalchemy import text

from app.core.db import make_engine
from tests.server.running import console


def test_a_taken_port_is_named(tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = str(other.getsockname()[1])
        done = console(tmp_path, "serve", PORT=port)
    assert done.returncode == 2
    assert f"PORT={port}" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_wrong_setting_is_named(tmp_path: Path) -> None:
    done = console(tmp_path, "prepare", JIEBAN_TICK_SECONDS="never")
    assert done.returncode == 2
    assert "JIEBAN_TICK_SECONDS='never'" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_database_of_a_later_release_is_refused_in_one_sentence(tmp_path: Path) -> None:
    assert console(tmp_path, "prepare").returncode == 0
    engine = make_engine(f"sqlite:///{tmp_path / 'jieban.db'}")
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    engine.dispose()
    done = console(tmp_path, "prepare")
    assert done.returncode == 2
    assert "9999" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_path_that_cannot_be_written_is_refused_in_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    address = f"sqlite:///{tmp_path / 'file' / 'x.db'}"
    done = console(tmp_path, "prepare", JIEBAN_DATABASE_URL=address)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    assert len(done.stderr.strip().splitlines()) <= 2


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here")
def test_a_full_disk_is_told_in_words() -> None:
    from sqlalchemy.exc import OperationalError

    from app.cli import _in_words

    error = OperationalError("INSERT", {}, Exception("database or disk is full"))
    assert "disk is full" in (_in_words(error) or "").lower()
    with pytest.raises(OSError) as refused, Path("/dev/full").open("w") as full:
        full.write("x" * 100_000)
    assert "disk is full" in (_in_words(refused.value) or "").lower()


def test_an_empty_office_verifies_and_ticks(tmp_path: Path) -> None:
    assert console(tmp_path, "prepare").returncode == 0
    verified = console(tmp_path, "verify")
    assert (verified.returncode, verified.stdout.strip()) == (0, "every chain holds")
    ticked = console(tmp_path, "tick")
    assert ticked.stdout.strip() == "0 fired, 0 messages tried"


def test_help_names_every_command(tmp_path: Path) -> None:
    shown = console(tmp_path, "--help").stdout
    for command in ("serve", "prepare", "tick", "verify", "add-user", "deadline", "calendar",
                    "process", "rules", "settings"):  # fmt: skip
        assert command in shown
