"""A diagram as the viewer draws it: with the names in the reader's language."""

from flask import Response
from lxml import etree

from app.engine.diagram import Diagram
from app.engine.markup import JIEBAN, read_xml
from app.web.language import language

_ENGLISH = f"{{{JIEBAN}}}name"


def drawing(diagram: Diagram) -> Response:
    """The BPMN file; for readers of English each element that has an English name bears it."""
    source = diagram.source
    if language() != "zh":
        root = read_xml(source, diagram.file_name)
        for name in root.iter(_ENGLISH):
            extensions = name.getparent()
            owner = extensions.getparent() if extensions is not None else None
            if owner is not None and name.get("en"):
                owner.set("name", name.get("en", ""))
        source = etree.tostring(root, xml_declaration=True, encoding="UTF-8")
    return Response(source, mimetype="application/xml")
