"""Signing in, and what passwords must be."""

from datetime import timedelta

import pytest

from app.core.errors import Invalid, NotAllowed
from app.identity import directory
from app.identity.policy import PERMISSIONS, ROLE_NAMES, Role, may
from tests.office import Office


def signs_in(office: Office, password: str, login: str = "agent") -> bool:
    with office.acting("duty") as uow:
        return directory.sign_in(uow, login, password) is not None


def test_the_right_password_lets_in_and_no_other(office: Office) -> None:
    assert signs_in(office, "correct horse")
    assert not signs_in(office, "Correct horse")
    assert not signs_in(office, "correct horse", login="nobody")


def test_five_wrong_passwords_lock_the_account_for_ten_minutes(office: Office) -> None:
    for _ in range(5):
        assert not signs_in(office, "wrong")
    with pytest.raises(NotAllowed):
        signs_in(office, "correct horse")
    office.now += timedelta(minutes=9)
    with pytest.raises(NotAllowed):
        signs_in(office, "correct horse")
    office.now += timedelta(minutes=1, seconds=1)
    assert signs_in(office, "correct horse")


def test_a_right_password_forgives_earlier_mistakes(office: Office) -> None:
    for _ in range(3):
        for _ in range(4):
            signs_in(office, "wrong")
        assert signs_in(office, "correct horse")


def test_a_new_password_ends_the_other_sessions(office: Office) -> None:
    with office.acting("duty") as uow:
        user = directory.sign_in(uow, "agent", "correct horse")
        assert user is not None
        before = user.session_version
        directory.change_password(uow, user.id, "correct horse", "battery staple")
        assert user.session_version == before + 1
    assert not signs_in(office, "correct horse")
    assert signs_in(office, "battery staple")


def test_short_passwords_and_taken_logins_are_refused(office: Office) -> None:
    with office.acting("duty") as uow, pytest.raises(Invalid) as refusal:
        directory.add_user(uow, "new", "新人", "1234567", ["agent"], None)
    assert "password" in refusal.value.fields
    with office.acting("duty") as uow, pytest.raises(Invalid) as refusal:
        directory.add_user(uow, "agent", "新人", "12345678", ["agent"], None)
    assert "login" in refusal.value.fields


def test_every_role_has_a_name_and_every_permission_a_holder() -> None:
    assert set(ROLE_NAMES) == set(Role)
    assert all(PERMISSIONS.values())


def test_people_of_a_unit_hold_permissions_for_their_own_unit_only(office: Office) -> None:
    handler = office.actor("handler")
    mine, other = office.unit("urban_management"), office.unit("water_group")
    assert may(handler, "order.see", mine)
    assert not may(handler, "order.see", other)
    assert not may(handler, "order.see")
    assert may(office.actor("reviewer"), "order.see", other)
