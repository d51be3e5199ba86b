"""The statutory public holidays of a year, lunar ones included.

They are all a provisional year can know: which days are moved next to them and which weekends
are worked instead is decided anew every year by the State Council. This is the only place that
asks the package `holidays`, and no deadline is computed from it.
"""

from collections.abc import Mapping
from datetime import date
from functools import cache

from app.worktime.days import days_of


@cache
def statutory_days(year: int) -> dict[date, str]:
    """Date and Chinese name of the days off by law (全国年节及纪念日放假办法) in one year.

    Days in lieu and days moved or added by a notice are left out: they are not in the law. The year
    is given explicitly and the language pinned, else the answer would follow the process locale.
    """
    from holidays.countries.china import China  # 40 ms, and only seeding needs it

    found: Mapping[date, str] = China(  # type: ignore[no-untyped-call]  # the package is untyped
        years=[year], expand=False, language="zh_CN"
    )
    return {
        day: name.replace("; ", ";")
        for day, name in sorted(found.items())
        if day.year == year and "（" not in name and "延长" not in name
    }


def packaged_working_days(year: int) -> set[date] | None:
    """The working days of a year by the package, to cross-check a notice; `None` for a year it has
    no make-up days of and would only guess.
    """
    from holidays.countries.china import China

    found = China(  # type: ignore[no-untyped-call]  # as above
        years=[year], expand=False, language="zh_CN"
    )
    if not any(day.year == year for day in found.weekend_workdays):
        return None
    return {
        day for day in days_of(date(year, 1, 1), date(year, 12, 31)) if found.is_working_day(day)
    }
