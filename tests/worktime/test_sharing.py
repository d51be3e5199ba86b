"""The same answers in every process, locale and thread."""

import os
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from app.core.db import Sessions
from app.worktime import offices
from app.worktime.calendars import WorkingCalendar

ROOT = Path(__file__).resolve().parents[2]
PROBE = """
import hashlib
from datetime import datetime
from app.core.clock import CHINA
from app.worktime.deadlines import deadline
from app.worktime.explain import explain
from app.worktime.limits import Limit
from app.worktime.national import national_layer, shipped_calendar
calendar = shipped_calendar("CN", "H7", 2034)
given = deadline(calendar, datetime(2026, 12, 20, 9, tzinfo=CHINA), Limit.parse("45 工作日"))
told = "\\n".join(line.phrase.zh + line.phrase.en for line in explain(calendar, given))
print(national_layer(2034).digest, given.due_at, hashlib.sha256(told.encode()).hexdigest())
"""


def test_processes_with_different_locales_agree() -> None:
    said = set()
    for locale in (
        {"LANG": "C", "LC_ALL": "C"},
        {"LANG": "en_US.UTF-8", "LC_ALL": "en_US.UTF-8", "LANGUAGE": "en_US"},
        {"LANG": "zh_CN.UTF-8", "LC_ALL": "zh_CN.UTF-8", "LANGUAGE": "th"},
    ):
        environment = {**os.environ, **locale, "PYTHONPATH": str(ROOT), "TZ": "America/New_York"}
        answer = subprocess.run(
            [sys.executable, "-c", PROBE],
            env=environment,
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=True,
        )
        said.add(answer.stdout)
    assert len(said) == 1


def test_eight_threads_that_touch_a_calendar_first_share_one(
    sessions: Sessions, monkeypatch: pytest.MonkeyPatch
) -> None:
    interval = sys.getswitchinterval()
    try:
        sys.setswitchinterval(1e-5)
        for _ in range(5):
            monkeypatch.setattr(offices, "_built", {})
            ready = threading.Barrier(8)

            def touch(ready: threading.Barrier = ready) -> WorkingCalendar:
                ready.wait(10)
                with sessions() as session:
                    return offices.working_calendar(session, "CN")

            with ThreadPoolExecutor(8) as pool:
                found = [touched.result() for touched in [pool.submit(touch) for _ in range(8)]]
            assert len({id(calendar) for calendar in found}) == 1
    finally:
        sys.setswitchinterval(interval)
