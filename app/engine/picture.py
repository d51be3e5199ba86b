"""A diagram as an image: the drawing that its BPMN file carries, as SVG, made without a browser.

Shapes stand where the file says, with its labels; fills tell apart what people do, what the system
does and what waits. A diagram without a drawing has no picture.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import hypot
from xml.sax.saxutils import escape

from lxml import etree

from app.core.errors import Invalid
from app.core.phrase import Phrase
from app.engine.diagram import Diagram
from app.engine.markup import BPMN, JIEBAN, Node, read_xml

_DI = "http://www.omg.org/spec/BPMN/20100524/DI"
_DC = "http://www.omg.org/spec/DD/20100524/DC"
_OMG_DI = "http://www.omg.org/spec/DD/20100524/DI"

_MARGIN, _SIZE, _LINE = 20, 12, 15
_FONT = (
    "&quot;Noto Sans CJK SC&quot;, &quot;Microsoft YaHei&quot;, &quot;PingFang SC&quot;, sans-serif"
)
_BY_PEOPLE, _BY_SYSTEM, _CALLED, _WAITING = "#e8f0fe", "#ffffff", "#fff4d6", "#ffffff"
_FILLS = {
    "userTask": _BY_PEOPLE,
    "manualTask": _BY_PEOPLE,
    "callActivity": _CALLED,
}
_SIGNS = {"serviceTask": "⚙", "sendTask": "✉", "userTask": "☺", "businessRuleTask": "▦"}
_MARKS = {
    "exclusiveGateway": "×",
    "parallelGateway": "+",
    "inclusiveGateway": "○",
    "eventBasedGateway": "⬠",
}
_EVENTS = {
    "messageEventDefinition": "✉",
    "timerEventDefinition": "◷",
    "signalEventDefinition": "△",
    "errorEventDefinition": "↯",
    "escalationEventDefinition": "⇧",
    "conditionalEventDefinition": "☰",
    "terminateEventDefinition": "●",
    "linkEventDefinition": "➜",
    "compensateEventDefinition": "«",
}

_INK = 'fill="#1b1f24" stroke="none"'
_HALOED = 'fill="#1b1f24" stroke="#ffffff" stroke-width="3" paint-order="stroke"'

Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class _Box:
    """Where something is drawn, in the units of the file."""

    x: float
    y: float
    width: float
    height: float

    @property
    def middle(self) -> Point:
        return self.x + self.width / 2, self.y + self.height / 2


def picture(diagram: Diagram, language: str = "zh") -> str:
    """The drawing of a diagram as an SVG document, ending with a line break.

    Names are those of `language`, where the element has one. Raises `Invalid` where the file
    carries no drawing.
    """
    root = read_xml(diagram.source, diagram.file_name)
    owners = {str(node.get("id")): node for node in root.iter() if node.get("id")}
    shapes = [
        (owners[name], shape)
        for shape in root.iter(f"{{{_DI}}}BPMNShape")
        if (name := str(shape.get("bpmnElement"))) in owners
    ]
    edges = [
        (owners[name], edge)
        for edge in root.iter(f"{{{_DI}}}BPMNEdge")
        if (name := str(edge.get("bpmnElement"))) in owners
    ]
    if not shapes:
        raise Invalid(
            Phrase(
                f"{diagram.file_name} 没有图形信息：请从流程设计器导出带图形的文件。",
                f"{diagram.file_name} carries no drawing: export it from the designer with one.",
            )
        )
    ground: list[str] = []
    above: list[str] = []
    for owner, shape in shapes:
        (ground if _is_ground(owner, shape) else above).extend(_shape(owner, shape, language))
    flows = [line for owner, edge in edges for line in _edge(owner, edge, owners)]
    words = [line for owner, edge in edges for line in _words_beside(owner, edge, language)]
    return _document([*ground, *flows, *above, *words], shapes, edges)


def _is_ground(owner: Node, shape: Node) -> bool:
    """Whether flows run over it: pools, lanes, and sub-processes that show what is inside."""
    return _tag(owner) in {"participant", "lane"} or shape.get("isExpanded") == "true"


def _document(
    lines: Sequence[str],
    shapes: Sequence[tuple[Node, Node]],
    edges: Sequence[tuple[Node, Node]],
) -> str:
    boxes = [box for _owner, one in (*shapes, *edges) for box in _all_bounds(one)]
    points = [point for _owner, edge in edges for point in _waypoints(edge)]
    left = min([b.x for b in boxes] + [x for x, _y in points]) - _MARGIN
    top = min([b.y for b in boxes] + [y for _x, y in points]) - _MARGIN
    width = max([b.x + b.width for b in boxes] + [x for x, _y in points]) + _MARGIN - left
    height = max([b.y + b.height for b in boxes] + [y for _x, y in points]) + _MARGIN - top
    size = f'width="{_n(width)}" height="{_n(height)}"'
    begin = (
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} viewBox="{_n(left)} {_n(top)} {_n(width)} '
        f'{_n(height)}" font-family="{_FONT}" font-size="{_SIZE}" fill="none" stroke="#1b1f24" '
        'stroke-width="1.5">'
    )
    arrow = (
        '<defs><marker id="arrow" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="8" '
        'markerHeight="8" orient="auto"><path d="M0 0L10 5L0 10z" fill="#1b1f24" stroke="none"/>'
        "</marker></defs>"
    )
    paper = f'<rect x="{_n(left)}" y="{_n(top)}" {size} fill="#ffffff" stroke="none"/>'
    return "\n".join([begin, arrow, paper, *lines, "</svg>", ""])


def _shape(owner: Node, shape: Node, language: str) -> Iterator[str]:
    box, label, tag = _bounds(shape), _label(shape), _tag(owner)
    words = _name(owner, language)
    if tag in {"participant", "lane"}:
        yield _rect(box, fill="#ffffff", radius=0)
        x, y = box.x + 15, box.y + box.height / 2
        yield (
            f'<text x="{_n(x)}" y="{_n(y)}" transform="rotate(-90 {_n(x)} {_n(y)})" '
            f'text-anchor="middle" dominant-baseline="middle" {_INK}>{escape(words)}</text>'
        )
    elif tag.endswith("Event"):
        yield from _event(owner, box, tag)
        yield from _caption(words, label or _Box(box.x - 27, box.y + box.height + 2, 90, 14))
    elif tag.endswith("Gateway"):
        yield from _gateway(box, tag)
        yield from _caption(words, label or _Box(box.x - 20, box.y - 18, 90, 14))
    elif tag == "subProcess" and shape.get("isExpanded") == "true":
        yield _rect(box, fill="#fbfcfe", radius=10)
        yield _text(words, (box.x + 10, box.y + 18), anchor="start")
    elif tag == "textAnnotation":
        yield from _lines(words or (owner.findtext(f"{{{BPMN}}}text") or ""), box)
    else:
        heavy = ' stroke-width="4"' if tag == "callActivity" else ""
        yield _rect(box, fill=_FILLS.get(tag, _BY_SYSTEM), radius=10, more=heavy)
        if tag in _SIGNS:
            yield _text(_SIGNS[tag], (box.x + 12, box.y + 16))
        if tag == "subProcess":
            yield _text("⊞", (box.middle[0], box.y + box.height - 5))
        yield from _lines(words, box)


def _event(owner: Node, box: _Box, tag: str) -> Iterator[str]:
    (x, y), radius = box.middle, box.width / 2
    heavy = ' stroke-width="3.5"' if tag == "endEvent" else ""
    goes_on = owner.get("cancelActivity") == "false" or owner.get("isInterrupting") == "false"
    dashes = ' stroke-dasharray="4 3"' if goes_on else ""
    yield (f'<circle cx="{_n(x)}" cy="{_n(y)}" r="{_n(radius)}" fill="{_WAITING}"{heavy}{dashes}/>')
    if tag in {"boundaryEvent", "intermediateCatchEvent", "intermediateThrowEvent"}:
        yield f'<circle cx="{_n(x)}" cy="{_n(y)}" r="{_n(radius - 3)}"{dashes}/>'
    for definition in owner:
        if isinstance(definition.tag, str) and _tag(definition) in _EVENTS:
            yield _text(_EVENTS[_tag(definition)], (x, y + 5), size=15)


def _gateway(box: _Box, tag: str) -> Iterator[str]:
    x, y = box.middle
    corners = f"{_n(x)},{_n(box.y)} {_n(box.x + box.width)},{_n(y)} "
    corners += f"{_n(x)},{_n(box.y + box.height)} {_n(box.x)},{_n(y)}"
    yield f'<polygon points="{corners}" fill="#ffffff"/>'
    yield _text(_MARKS.get(tag, ""), (x, y + 8), size=24)


def _edge(owner: Node, edge: Node, owners: Mapping[str, Node]) -> Iterator[str]:
    points = _waypoints(edge)
    if len(points) < 2:
        return
    way = " ".join(f"{_n(x)},{_n(y)}" for x, y in points)
    dashes = "" if _tag(owner) == "sequenceFlow" else ' stroke-dasharray="5 4"'
    yield f'<polyline points="{way}" marker-end="url(#arrow)"{dashes}/>'
    source = owners.get(str(owner.get("sourceRef")))
    if source is not None and source.get("default") == owner.get("id"):
        (x, y), (to_x, to_y) = points[0], points[1]
        far = hypot(to_x - x, to_y - y) or 1
        at_x, at_y = x + 10 * (to_x - x) / far, y + 10 * (to_y - y) / far
        yield f'<path d="M{_n(at_x - 4)} {_n(at_y + 5)}L{_n(at_x + 4)} {_n(at_y - 5)}"/>'


def _words_beside(owner: Node, edge: Node, language: str) -> Iterator[str]:
    words, points = _name(owner, language), _waypoints(edge)
    if words and len(points) > 1:
        yield from _caption(words, _label(edge) or _halfway(points))


def _halfway(points: Sequence[Point]) -> _Box:
    """A place for a label over the middle of the longest stretch."""
    (x, y), (to_x, to_y) = max(
        pairwise(points), key=lambda ends: hypot(ends[1][0] - ends[0][0], ends[1][1] - ends[0][1])
    )
    return _Box((x + to_x) / 2 - 45, (y + to_y) / 2 - 18, 90, 14)


def _caption(words: str, box: _Box) -> Iterator[str]:
    """Words under an event or beside a flow, from the top of their box."""
    wide = max(box.width, 90)
    for number, line in enumerate(_wrapped(words, wide)):
        at = box.middle[0], box.y + 11 + number * _LINE
        yield _text(line, at, size=11, ink=_HALOED)


def _lines(words: str, box: _Box) -> Iterator[str]:
    """Words in the middle of their box."""
    wrapped = _wrapped(words, box.width - 12)
    first = box.middle[1] - (len(wrapped) - 1) * _LINE / 2 + 4
    for number, line in enumerate(wrapped):
        yield _text(line, (box.middle[0], first + number * _LINE))


def _wrapped(words: str, width: float) -> list[str]:
    """Lines no wider than `width`: Chinese breaks anywhere, other words between them."""
    lines, line = [], ""
    for piece in _pieces(words):
        if line and _width(line + piece.rstrip()) > width:
            lines.append(line.rstrip())
            line = ""
        line += piece if line else piece.lstrip()
    return [*lines, line.rstrip()] if line.strip() else lines


def _pieces(words: str) -> Iterator[str]:
    piece = ""
    for character in words:
        if _is_wide(character):
            if piece:
                yield piece
            yield character
            piece = ""
        else:
            piece += character
            if character == " ":
                yield piece
                piece = ""
    if piece:
        yield piece


def _width(words: str) -> float:
    return sum(_SIZE if _is_wide(character) else _SIZE * 0.56 for character in words)


def _is_wide(character: str) -> bool:
    return ord(character) > 0x2E7F


def _text(
    words: str, at: Point, *, size: int = _SIZE, anchor: str = "middle", ink: str = _INK
) -> str:
    x, y = at
    measure = "" if size == _SIZE else f' font-size="{size}"'
    return (
        f'<text x="{_n(x)}" y="{_n(y)}" text-anchor="{anchor}"{measure} {ink}>'
        f"{escape(words)}</text>"
    )


def _rect(box: _Box, *, fill: str, radius: int, more: str = "") -> str:
    return (
        f'<rect x="{_n(box.x)}" y="{_n(box.y)}" width="{_n(box.width)}" '
        f'height="{_n(box.height)}" rx="{radius}" fill="{fill}"{more}/>'
    )


def _name(owner: Node, language: str) -> str:
    english = owner.find(f"{{{BPMN}}}extensionElements/{{{JIEBAN}}}name")
    if language != "zh" and english is not None and english.get("en"):
        return str(english.get("en"))
    return str(owner.get("name") or "")


def _tag(node: Node) -> str:
    return etree.QName(node).localname


def _bounds(shape: Node) -> _Box:
    return _box(shape.find(f"{{{_DC}}}Bounds"))


def _label(shape: Node) -> _Box | None:
    found = shape.find(f"{{{_DI}}}BPMNLabel/{{{_DC}}}Bounds")
    return _box(found) if found is not None else None


def _all_bounds(shape: Node) -> list[_Box]:
    return [_box(one) for one in shape.iter(f"{{{_DC}}}Bounds")]


def _box(bounds: Node | None) -> _Box:
    if bounds is None:
        return _Box(0, 0, 0, 0)
    return _Box(*(float(bounds.get(name) or 0) for name in ("x", "y", "width", "height")))


def _waypoints(edge: Node) -> list[Point]:
    return [
        (float(point.get("x") or 0), float(point.get("y") or 0))
        for point in edge.iter(f"{{{_OMG_DI}}}waypoint")
    ]


def _n(value: float) -> str:
    """A number without a tail of zeros."""
    return f"{value:.1f}".rstrip("0").rstrip(".")
