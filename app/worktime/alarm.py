"""When administrators must be told that the next year's calendar is missing."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from app.core.phrase import Phrase


class Severity(StrEnum):
    """How urgent it is."""

    NOTICE = "notice"
    ALARM = "alarm"


@dataclass(frozen=True, slots=True)
class Alarm:
    """What to tell the administrators."""

    severity: Severity
    phrase: Phrase


def year_end_alarm(
    official_through: date, today: date, open_until: date | None = None
) -> Alarm | None:
    """The alarm due on `today`, given the last day of the latest open deadline.

    The State Council's notices came out between 25 October and 16 December, so a calendar whose
    next year is missing is worth a word from 25 October, and an alarm as soon as any open deadline
    or today itself lies beyond what has been published.
    """
    missing = official_through.year + 1
    if today > official_through:
        return Alarm(
            Severity.ALARM,
            Phrase(
                f"工作日历只公布到 {official_through}，今天已超出。"
                f"请立即导入 {missing} 年节假日安排通知。",
                f"The working calendar is official only through {official_through}, and today "
                f"lies beyond. Import the notice for {missing} now.",
            ),
        )
    if open_until and open_until > official_through:
        return Alarm(
            Severity.ALARM,
            Phrase(
                f"有在办期限到 {open_until}，超出已公布的 {official_through}，只能暂定。"
                f"{missing} 年通知一经发布请即导入。",
                f"An open deadline reaches {open_until}, beyond {official_through}, and is only "
                f"provisional. Import the notice for {missing} as soon as it is out.",
            ),
        )
    if today >= date(official_through.year, 10, 25):
        return Alarm(
            Severity.NOTICE,
            Phrase(
                f"{missing} 年节假日安排通知通常在 10 月 25 日至 12 月 16 日之间发布，"
                "请留意并导入。",
                f"The notice for {missing} usually appears between 25 October and 16 December; "
                "watch for it and import it.",
            ),
        )
    return None
