"""Ids of a diagram that comes from another tool: those that cannot stay get new ones.

An id is what tasks, history, scenarios and other diagrams name an element by, so that it is made
of ASCII letters, digits, dots, hyphens and underscores (what XML editors, addresses and the
browser's editor agree on). What people read is the name, and that stays as it is.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from lxml import etree

from app.engine.diagram import NODES
from app.engine.markup import BPMN, Node, attribute, local, namespace

_ALLOWED = re.compile(r"[A-Za-z_][A-Za-z0-9_.\-]{0,127}")
_DRAWN = "http://www.omg.org/spec/BPMN/20100524/DI"
_NEED_IDS = NODES | {"process", "sequenceFlow"}
_REFERRING = frozenset(
    {"default", "calledElement", "bpmnElement", "sourceElement", "targetElement", "labelStyle",
     "choreographyActivityShape", "incoming", "outgoing", "source", "target"}
)  # fmt: skip
"""Attributes and elements of BPMN that hold an id, besides those whose name ends with Ref."""


@dataclass(frozen=True, slots=True)
class Renaming:
    """An element that got another id: `was` is empty where it had none, `name` its BPMN name."""

    was: str
    becomes: str
    name: str


def allow_ids(root: Node) -> tuple[Renaming, ...]:
    """Give every element whose id cannot stay a new one, and let all references follow.

    Gives what was renamed, without parts of the drawing. Two elements that share an id share the
    new one: which of them a reference means is not known, and the checker tells.
    """
    wrong = [node for node in _standard(root) if not _ALLOWED.fullmatch(_own(node))]
    taken = {node.get("id", "") for node in root.iter(etree.Element)}
    met: set[str] = set()
    found: list[Renaming] = []
    becomes: dict[str, str] = {}
    for node in wrong:
        was = attribute(node, "id")
        if was in met:
            continue
        if was:
            met.add(was)
        new = _fresh(node, taken)
        if was:
            becomes[was] = new
        else:
            node.set("id", new)
        if namespace(node) == BPMN:
            found.append(Renaming(was, new, attribute(node, "name")))
    follow(root, becomes)
    return tuple(found)


def follow(root: Node, becomes: Mapping[str, str]) -> None:
    """Write new ids in place of old ones, wherever the standard has an element named by its id."""
    if not becomes:
        return
    for node in _standard(root):
        for name, value in node.attrib.items():
            if name == "id" or _refers(str(name)):
                node.set(str(name), _written(str(value), becomes, node))
        if _refers(local(node)) and node.text and not len(node):
            node.text = _written(node.text, becomes, node)


def _standard(root: Node) -> Iterator[Node]:
    """The elements of BPMN and of its drawing; other tools' extensions have ids of their own."""
    for node in root.iter(etree.Element):
        if namespace(node) in {BPMN, _DRAWN}:
            yield node


def _own(node: Node) -> str:
    """The id of an element; one that needs none and has none is well as it is."""
    identity = node.get("id")
    if identity is None:
        return "" if namespace(node) == BPMN and local(node) in _NEED_IDS else "none"
    return identity


def _refers(name: str) -> bool:
    return name in _REFERRING or name.endswith(("Ref", "Refs"))


def _written(text: str, becomes: Mapping[str, str], node: Node) -> str:
    """The text with a new id in it; a prefix that the file declares may stand before the id."""
    held = text.strip()
    if held in becomes:
        return becomes[held]
    prefix, colon, rest = held.partition(":")
    if colon and prefix in node.nsmap and rest in becomes:
        return f"{prefix}:{becomes[rest]}"
    return text


def _fresh(node: Node, taken: set[str]) -> str:
    """An id as the editor gives them: the kind and a number, such as user_task_1."""
    kind = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", local(node)).lower()
    number = 1
    while f"{kind}_{number}" in taken:
        number += 1
    taken.add(f"{kind}_{number}")
    return f"{kind}_{number}"
