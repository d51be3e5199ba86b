"""An administrator's pages: who may sign in and as what, and processes that need a hand."""

from flask import flash, redirect, render_template, url_for
from sqlalchemy import select
from sqlalchemy.orm import joinedload
from werkzeug.wrappers import Response

from app.cases import orders, repairing
from app.engine import ProcessRow, RepairItemRow
from app.identity.models import User
from app.identity.policy import ROLE_NAMES
from app.web.access import acting, permission, reading_session
from app.web.language import _, say
from app.web.paging import page_of


@permission("user.see")
def users() -> str:
    """Everybody with an account, in order of login."""
    found = reading_session().scalars(
        select(User).options(joinedload(User.unit)).order_by(User.login)
    )
    rows = [
        (user, [say(ROLE_NAMES.get(role.role, role.role)) for role in user.roles])
        for user in found.all()
    ]
    return render_template("users.html", page=page_of(rows))


@permission("repair.try_again")
def try_again(process_id: int) -> Response:
    """Take a process out of the queue and let it go on; what fails again comes back."""
    with acting() as uow:
        repairing.try_again(uow, process_id)
    flash(_("已重新尝试。如原因仍在，流程会再次出现在这里。"), "done")
    return redirect(url_for("web.repair"))


@permission("repair.see")
def repair() -> str:
    """Processes that could not go on by themselves, the oldest first."""
    found = reading_session().execute(
        select(RepairItemRow, ProcessRow.subject_id)
        .join(ProcessRow, ProcessRow.id == RepairItemRow.process_id)
        .where(RepairItemRow.resolved_at.is_(None), ProcessRow.subject_kind == orders.SUBJECT)
        .order_by(RepairItemRow.id)
    )
    return render_template("repair.html", page=page_of(found.all()))
