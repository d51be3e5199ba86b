"""The product as a process of its own, and people who use it over HTTP."""

import http.client
import http.cookiejar
import os
import re
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def environment(folder: Path, **more: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("JIEBAN_")}
    return kept | {
        "JIEBAN_DATABASE_URL": f"sqlite:///{folder / 'jieban.db'}",
        "JIEBAN_SECRET_KEY": "s" * 40,
        "JIEBAN_TICK_SECONDS": "1",
        **more,
    }


def console(folder: Path, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
    """Run `jieban …` to its end."""
    return subprocess.run(
        [sys.executable, "-c", "from app.cli import main; main()", *arguments],
        cwd=ROOT,
        env=environment(folder, **more),
        capture_output=True,
        text=True,
        check=False,
    )


class Server:
    """`jieban serve` on a free port."""

    def __init__(self, folder: Path, port: int) -> None:
        self.address = f"http://127.0.0.1:{port}"
        self.log = folder / "server.log"
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-c", "from app.cli import main; main()", "serve"],
                cwd=ROOT,
                env=environment(folder, PORT=str(port)),
                stdout=log,
                stderr=log,
            )
        self._wait_until_it_answers()

    def _wait_until_it_answers(self) -> None:
        for _ in range(600):
            if self.process.poll() is not None:
                raise AssertionError(f"the server ended: {self.log.read_text()}")
            try:
                urllib.request.urlopen(f"{self.address}/sign-in", timeout=5).close()
            except OSError:
                time.sleep(0.1)  # the one place where a test waits: another process starts
            else:
                return
        raise AssertionError(f"the server does not answer: {self.log.read_text()}")

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(timeout=30)


class Person:
    """Somebody signed in, with a browser's cookies."""

    def __init__(self, address: str, login: str, password: str) -> None:
        self.address = address
        jar = http.cookiejar.CookieJar()
        self._opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(jar))
        self._token = ""
        self._read("/sign-in")
        assert self.post("/sign-in", {"login": login, "password": password}) == 200
        self._read("/worklist")

    def post(self, path: str, form: dict[str, str]) -> int:
        """The status of the answer, redirects followed; 0 when the connection broke."""
        data = urllib.parse.urlencode({**form, "csrf_token": self._token}).encode()
        try:
            with self._opener.open(self.address + path, data, timeout=30) as answer:
                self._remember(answer.read().decode())
                return int(answer.status)
        except urllib.error.HTTPError as refused:
            refused.close()
            return refused.code
        except (OSError, http.client.HTTPException):  # the server is gone, half-way perhaps
            return 0

    def _read(self, path: str) -> None:
        with self._opener.open(self.address + path, timeout=30) as answer:
            self._remember(answer.read().decode())

    def _remember(self, page: str) -> None:
        found = re.search(r'name="csrf-token" content="([^"]+)"', page)
        if found:
            self._token = found[1]
