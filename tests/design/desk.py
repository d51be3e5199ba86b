"""The workshop of one test: an office with two designers and an administrator."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.core.db import reading
from app.core.uow import SYSTEM, UnitOfWork, unit_of_work
from app.design import changes, drafts, evidence
from app.design.trying import Report
from app.identity.models import User, UserRole
from app.jobs.publishing import work
from tests.office import Office

PEOPLE = (
    ("designer", "屠设计", "process_designer"),
    ("second", "严设计", "process_designer"),
    ("third", "苗设计", "process_designer"),
    ("admin", "何管理", "administrator"),
)


UNTRIED = Report((), {}, {}, 0.0)
"""No scenario was run: tests of the way of a change have no need to wait for them."""


class Workshop:
    """Designers at work on the changes of an office."""

    def __init__(self, office: Office) -> None:
        self.office = office
        with unit_of_work(office.sessions, SYSTEM, office.now) as uow:
            for login, name, role in PEOPLE:
                person = User(login=login, name=name, password_hash="!", active=True)
                person.roles.append(UserRole(role=role))
                uow.session.add(person)

    @contextmanager
    def acting(self, by: str = "designer") -> Iterator[UnitOfWork]:
        with self.office.acting(by) as uow:
            yield uow

    @contextmanager
    def reading(self) -> Iterator[Session]:
        with reading(self.office.sessions) as session:
            yield session

    def name(self, login: str) -> str:
        with self.reading() as session:
            return session.scalars(select(User.name).where(User.login == login)).one()

    def change(self, title: str = "修改时限", by: str = "designer") -> int:
        """A change of that title; its id."""
        with self.acting(by) as uow:
            return changes.open_change(uow, title, "按会议纪要调整。").id

    def draft(
        self,
        kind: str,
        key: str,
        content: str | None = None,
        *,
        change: int | None = None,
        by: str = "designer",
    ) -> int:
        """A draft of that document in `change`, or in a change of its own; its id."""
        change_id = change or self.change(by=by)
        with self.acting(by) as uow:
            return drafts.open_draft(uow, change_id, kind, key, content).id

    def save(self, draft_id: int, revision: int, content: str, by: str = "designer") -> int:
        """The revision that the draft has then."""
        with self.acting(by) as uow:
            return drafts.save(uow, draft_id, revision, content).revision

    def text(self, draft_id: int) -> str:
        with self.reading() as session:
            return drafts.draft(session, draft_id).content

    def propose(self, change_id: int, by: str = "designer") -> None:
        with self.reading() as session:
            weighed = evidence.examine(session, changes.change(session, change_id), UNTRIED)
        with self.acting(by) as uow:
            changes.propose(uow, change_id, weighed)

    def approve(self, change_id: int, by: str = "second", at: datetime | None = None) -> None:
        with self.acting(by) as uow:
            changes.approve(uow, change_id, "同意。", at)

    def reject(self, change_id: int, reason: str, by: str = "second") -> None:
        with self.acting(by) as uow:
            changes.reject(uow, change_id, reason)

    def recall(self, change_id: int, by: str = "designer") -> None:
        with self.acting(by) as uow:
            changes.recall(uow, change_id)

    def publish_due(self) -> int:
        """The ticker knocks; how many changes went live."""
        return work(self.office.sessions, lambda: self.office.now)

    def publish(self, change_id: int) -> None:
        """Bring a change all the way, with a second person."""
        self.propose(change_id)
        self.approve(change_id)
        assert self.publish_due() == 1
