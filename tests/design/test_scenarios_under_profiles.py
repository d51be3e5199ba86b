"""The shipped scenarios under the tables of every city that is shipped: they are tried there, too,
whenever a designer of that city proposes a change.
"""

from pathlib import Path

import pytest

from app.core.db import Base, make_engine, reading
from app.design import trying
from app.office import ROOT, publish_shipped
from tests.design.test_shipped_scenarios import KEYS, run
from tests.office import MONDAY, Office

SHELF = ROOT / "rules" / "profiles"
PROFILES = sorted({path.parent.name for path in SHELF.glob("*/*.dmn")})
"""Those with tables of their own; the others count by the shipped ones."""


OTHERWISE = {
    "shimin_hotline_standard": {
        "超期触发，反馈合格",
        "反馈不合格，升级，领导签发",
        "更重的情形",
        "复核不满意，提请重开",
    },
}
"""What depends on the causes of supervision: that city begins with a reminder where the shipped
table has a letter, and supervises no dissatisfaction. Its designers adopt these outcomes.
"""


def keys_for(profile: str, office: Office) -> list[str]:
    """Where only limits differ, the processes that are tried at once after a change of them, as
    most cities are of this kind; else all of them.
    """
    if {path.stem for path in (SHELF / profile).glob("*.dmn")} != {"time_limits"}:
        return KEYS
    with reading(office.sessions) as session:
        asking = trying.asking(session, "time_limits", {})
    return [key for key in KEYS if key in asking]


@pytest.mark.parametrize("profile", PROFILES)
def test_the_shipped_scenarios_come_out_under_the_tables_of_a_city(
    profile: str, tmp_path: Path
) -> None:
    office = Office(make_engine(f"sqlite:///{tmp_path / 'office.db'}"))
    Base.metadata.create_all(office.database)
    publish_shipped(office.sessions, MONDAY, profile)
    results = [one for key in keys_for(profile, office) for one in run(office, key)]
    otherwise = {one.scenario.name.zh: one.difference for one in results if not one.ok}
    assert otherwise.keys() == OTHERWISE.get(profile, set()), otherwise
    office.database.dispose()
