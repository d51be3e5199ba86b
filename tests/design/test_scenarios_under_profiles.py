"""The shipped scenarios under the tables of every city that is shipped: they are tried there, too,
whenever a designer of that city proposes a change.
"""

from pathlib import Path

import pytest

from app.core.db import Base, make_engine
from app.office import ROOT, publish_shipped
from tests.design.test_shipped_scenarios import KEYS, run
from tests.office import MONDAY, Office

PROFILES = sorted({path.parent.name for path in (ROOT / "rules" / "profiles").glob("*/*.dmn")})
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


@pytest.mark.parametrize("profile", PROFILES)
def test_the_shipped_scenarios_come_out_under_the_tables_of_a_city(
    profile: str, tmp_path: Path
) -> None:
    office = Office(make_engine(f"sqlite:///{tmp_path / 'office.db'}"))
    Base.metadata.create_all(office.database)
    publish_shipped(office.sessions, MONDAY, profile)
    results = [one for key in KEYS for one in run(office, key)]
    otherwise = {one.scenario.name.zh: one.difference for one in results if not one.ok}
    assert otherwise.keys() == OTHERWISE.get(profile, set()), otherwise
    office.database.dispose()
