"""Finding people and units, and signing in."""

from dataclasses import dataclass
from datetime import timedelta

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session, joinedload

from app.core.errors import Invalid, NotAllowed
from app.core.phrase import Phrase
from app.core.uow import Actor, UnitOfWork
from app.identity.models import HandlingUnit, User, UserRole

ATTEMPTS_BEFORE_LOCK = 5
LOCK_FOR = timedelta(minutes=10)

_hasher = PasswordHasher(time_cost=2, memory_cost=19456, parallelism=1)
"""argon2id with the parameters OWASP recommends for interactive sign-in."""
_UNKNOWN = _hasher.hash("no such user")


def sign_in(uow: UnitOfWork, login: str, password: str) -> User | None:
    """The user, or none when login or password is wrong.

    After five wrong passwords in a row the account is locked for ten minutes.
    Raises `NotAllowed` while it is locked. Unknown logins take as long as known ones.
    """
    user = uow.session.scalar(select(User).where(User.login == login, User.active))
    if user is not None and user.locked_until is not None and user.locked_until > uow.now:
        raise NotAllowed(
            Phrase(
                "连续输错密码，账号已暂时锁定。请十分钟后再试，或联系系统管理员。",
                "Too many wrong passwords: the account is locked for ten minutes. "
                "Try again later or ask the administrator.",
            )
        )
    if not _matches(user.password_hash if user else _UNKNOWN, password) or user is None:
        if user is not None:
            user.failed_sign_ins += 1
            if user.failed_sign_ins >= ATTEMPTS_BEFORE_LOCK:
                user.failed_sign_ins = 0
                user.locked_until = uow.now + LOCK_FOR
        return None
    user.failed_sign_ins = 0
    user.locked_until = None
    return user


def add_user(
    uow: UnitOfWork,
    login: str,
    name: str,
    password: str,
    roles: list[str],
    unit: HandlingUnit | None,
    **contact: str | None,
) -> User:
    """A new user. Raises `Invalid` when the login is taken or the password is under 8 letters."""
    if len(password) < 8:
        raise Invalid(
            Phrase("密码至少八位。", "The password needs at least eight characters."),
            {"password": Phrase("密码至少八位。", "At least eight characters.")},
        )
    if uow.session.scalar(select(User.id).where(User.login == login)) is not None:
        raise Invalid(
            Phrase(f"登录名 {login} 已被使用。", f"The login {login} is taken."),
            {"login": Phrase("已被使用。", "Taken.")},
        )
    user = User(
        login=login,
        name=name,
        password_hash=_hasher.hash(password),
        unit=unit,
        roles=[UserRole(role=role) for role in roles],
        **contact,
    )
    uow.session.add(user)
    uow.session.flush()
    return user


def change_password(uow: UnitOfWork, user_id: int, old: str, new: str) -> User:
    """Give a user a new password; every session of theirs ends. Raises `Invalid`."""
    user = uow.session.get_one(User, user_id)
    if not _matches(user.password_hash, old):
        raise Invalid(
            Phrase("原密码不正确。", "The old password is not right."),
            {"old": Phrase("不正确。", "Not right.")},
        )
    if len(new) < 8:
        raise Invalid(
            Phrase("密码至少八位。", "The password needs at least eight characters."),
            {"new": Phrase("密码至少八位。", "At least eight characters.")},
        )
    user.password_hash = _hasher.hash(new)
    end_sessions(uow, user_id)
    return user


def end_sessions(uow: UnitOfWork, user_id: int) -> None:
    """End every session of a user at once, also one whose cookie somebody has copied."""
    user = uow.session.get_one(User, user_id)
    user.session_version = User.session_version + 1
    uow.session.flush()


def actor_of(user: User) -> Actor:
    """The actor for a unit of work of this user."""
    return Actor(
        user_id=user.id,
        name=user.name,
        roles=frozenset(role.role for role in user.roles),
        unit_id=user.unit_id,
    )


@dataclass(frozen=True, slots=True)
class Contact:
    """Whom a notice can reach, and how."""

    id: int
    phone: str | None
    email: str | None


_PEOPLE_OF = (
    select(User.id, User.phone, User.email)
    .join(UserRole, UserRole.user_id == User.id)
    .where(User.unit_id == bindparam("unit"), UserRole.role == bindparam("role"), User.active)
    .order_by(User.id)
)


_PEOPLE_IN = (
    select(User.id, User.phone, User.email)
    .join(UserRole, UserRole.user_id == User.id)
    .where(UserRole.role == bindparam("role"), User.active)
    .order_by(User.id)
)


def people_of(session: Session, unit_id: int, role: str) -> list[Contact]:
    """The active people of a unit who have `role`, for notices."""
    found = session.connection().execute(_PEOPLE_OF, {"unit": unit_id, "role": role})
    return [Contact(*row) for row in found]


def people_in(session: Session, role: str) -> list[Contact]:
    """The active people of the whole office who have `role`, for notices."""
    return [Contact(*row) for row in session.connection().execute(_PEOPLE_IN, {"role": role})]


def holders(session: Session, role: str, unit_id: int | None = None) -> list[User]:
    """The active people who have `role`, of one unit on request."""
    found = (
        select(User)
        .join(UserRole, UserRole.user_id == User.id)
        .where(UserRole.role == role, User.active)
        .order_by(User.id)
    )
    if unit_id is not None:
        found = found.where(User.unit_id == unit_id)
    return list(session.scalars(found))


def users(session: Session) -> list[User]:
    """Everybody who can sign in, with roles and unit, in the order of their introduction."""
    return list(
        session.scalars(
            select(User).options(joinedload(User.unit)).where(User.active).order_by(User.id)
        )
    )


def units(session: Session) -> list[HandlingUnit]:
    """All active units, in the order of their introduction."""
    return list(
        session.scalars(select(HandlingUnit).where(HandlingUnit.active).order_by(HandlingUnit.id))
    )


def unit_by_code(session: Session, code: str) -> HandlingUnit | None:
    """The unit with this code, or none."""
    return session.scalar(select(HandlingUnit).where(HandlingUnit.code == code))


def _matches(password_hash: str, password: str) -> bool:
    try:
        return _hasher.verify(password_hash, password)
    except (VerificationError, InvalidHashError):
        return False
