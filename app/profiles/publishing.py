"""Bringing a profile into an office: its tables, calendar, letters and categories.

Everything is published as the next version where it differs from the newest one, so that cases
under way keep the versions they started under and new ones follow the profile.
"""

from collections.abc import Collection

from sqlalchemy import select

from app.cases import catalogue, reorganising
from app.cases.models.city import Category
from app.core.errors import Invalid
from app.core.phrase import Phrase
from app.core.uow import UnitOfWork
from app.decisions import registry
from app.decisions.dmn import Model, read_model
from app.profiles import published_letters
from app.profiles.folders import DEFAULT
from app.profiles.letters import LetterKind
from app.profiles.profile import Profile
from app.profiles.shelf import load
from app.worktime import offices


def publish(
    uow: UnitOfWork,
    name: str,
    *,
    kept: Collection[str] = (),
    kept_letters: Collection[LetterKind] = (),
    keeps_issuer: bool = False,
) -> Profile:
    """Publish the profile of this name over the defaults; the nation's calendar stands already.

    `kept` tables and letters are the office's own by now and stay as they are, and so is who
    issues letters where it `keeps_issuer`. Raises as
    `shelf.load` does, and `Invalid` for a table that asks or answers other things than the
    default's: whoever calls it would not understand the answer.
    """
    profile = load(name)
    offices.keep_local(uow, profile.calendar, profile.title.zh)
    for key, path in profile.tables.items():
        if key in kept:
            continue
        text = path.read_bytes()
        if key == catalogue.KEY:
            text = catalogue.with_rulings(uow.session, text)
            text = reorganising.with_heirs(uow.session, text)
        version = registry.publish(uow, key, text)
        is_new = version.published_at == uow.now
        if is_new and key in profile.own and profile.name != DEFAULT:
            require_same_shape(profile, key)
    letters = {kind: one for kind, one in profile.letters.items() if kind not in kept_letters}
    published_letters.publish(uow, letters)
    if not keeps_issuer:
        published_letters.publish_issuer(uow, profile.issuer)
    _keep_categories(uow, profile)
    return profile


def require_same_shape(profile: Profile, key: str) -> None:
    """Refuse an own table whose inputs or outputs are not those of the default's."""
    own = read_model(profile.tables[key].read_bytes())
    default = read_model(load(DEFAULT).tables[key].read_bytes())
    for zh, en, mine, theirs in (
        ("输入", "inputs", _inputs(own), _inputs(default)),
        ("输出", "outputs", _outputs(own), _outputs(default)),
    ):
        if mine != theirs:
            raise Invalid(
                Phrase(
                    f"{profile.name}/{key}.dmn 的{zh}须与默认表相同（{'、'.join(theirs)}），"
                    f"不能是 {'、'.join(mine)}。",
                    f"{profile.name}/{key}.dmn must have the {en} of the default's table "
                    f"({', '.join(theirs)}), not {', '.join(mine)}.",
                )
            )


def _keep_categories(uow: UnitOfWork, profile: Profile) -> None:
    """Add what the tree lacks and name it as the profile does; nothing is taken away."""
    known = {category.code: category for category in uow.session.scalars(select(Category))}
    for row in profile.categories:
        category = known.get(row["code"])
        if category is None:
            category = known[row["code"]] = Category(code=row["code"], position=len(known))
            uow.session.add(category)
        category.name_zh, category.name_en = row["name_zh"], row["name_en"]
        category.parent_code = row["parent"] or None
        uow.session.flush()


def _inputs(model: Model) -> list[str]:
    return sorted(model.input_names)


def _outputs(model: Model) -> list[str]:
    """The outputs of the final decision's table; its name where it is not a table."""
    for table in model.tables:
        if table.decision_id == model.main_decision:
            return [column.name for column in table.outputs]
    return [model.main_decision]
