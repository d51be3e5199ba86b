"""An administrator's pages: who may sign in, and as what."""

from flask import render_template
from sqlalchemy import select
from sqlalchemy.orm import joinedload

from app.identity.models import User
from app.identity.policy import ROLE_NAMES
from app.web.access import permission, reading_session
from app.web.language import say
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
