"""A designer's pages, open to whoever works with the processes: the published diagrams."""

from flask import Response, render_template, url_for
from sqlalchemy import func, select

from app import engine
from app.core.errors import NotFound
from app.core.phrase import Phrase
from app.engine import DiagramVersionRow
from app.engine.kernel import Bundle
from app.engine.outline import outline
from app.engine.picture import picture
from app.web.access import permission, reading_session
from app.web.case import done_by_people, whose
from app.web.drawings import drawing
from app.web.language import _, language, say
from app.web.views import Diagram, Step


@permission("diagram.see")
def processes() -> str:
    """Every process with its newest published version."""
    newest = select(DiagramVersionRow.key, func.max(DiagramVersionRow.version).label("version"))
    of_each = newest.group_by(DiagramVersionRow.key).subquery()
    found = reading_session().scalars(
        select(DiagramVersionRow)
        .join(
            of_each,
            (of_each.c.key == DiagramVersionRow.key)
            & (of_each.c.version == DiagramVersionRow.version),
        )
        .order_by(DiagramVersionRow.key)
    )
    rows = [(version, _title(_bundle(version))) for version in found]
    return render_template("processes.html", rows=rows)


@permission("diagram.see")
def process(key: str) -> str:
    """The newest version of a process: drawn, as a list of steps, and as text."""
    version = _newest(key)
    bundle = _bundle(version)
    session = reading_session()
    steps = [Step(say(one.label), whose(session, one), "", "") for one in done_by_people(bundle)]
    return render_template(
        "process.html",
        title=_title(bundle),
        version=version,
        drawn=Diagram(url_for("web.process_file", key=key), active=(), done=(), steps=steps),
        outline="\n".join(outline(diagram) for diagram in bundle.diagrams),
    )


@permission("diagram.see")
def process_file(key: str) -> Response:
    """The drawing of the newest version."""
    return drawing(_bundle(_newest(key)).diagrams[0])


@permission("diagram.see")
def process_picture(key: str) -> Response:
    """The drawing of the newest version as an image, to be kept or printed."""
    image = picture(_bundle(_newest(key)).diagrams[0], language())
    return Response(image, mimetype="image/svg+xml")


def _newest(key: str) -> DiagramVersionRow:
    found = engine.latest(reading_session(), key)
    if found is None:
        raise NotFound(Phrase("没有这个流程。", "There is no such process."))
    return found


def _bundle(version: DiagramVersionRow) -> Bundle:
    return engine.bundle_of(reading_session(), version.id)


def _title(bundle: Bundle) -> str:
    """The name of the process that is started."""
    main = next(iter(bundle.diagrams[0].processes.values()))
    name = main.name if language() == "zh" else main.name_en or main.name
    return name or _("流程 %(id)s", id=main.id)
