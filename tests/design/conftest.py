"""A workshop for each test."""

import pytest

from tests.design.desk import Workshop
from tests.office import Office


@pytest.fixture
def workshop(office: Office) -> Workshop:
    return Workshop(office)
