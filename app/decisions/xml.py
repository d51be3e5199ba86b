"""Reading DMN's XML: the tree without its namespaces' versions, entities or network."""

from collections.abc import Iterator
from typing import TypeAlias

from lxml import etree

from app.core.phrase import Phrase
from app.decisions.errors import DecisionError

Element: TypeAlias = etree._Element  # noqa: SLF001 - lxml has no other name for the type

MAX_BYTES = 8_000_000
"""Size of the largest model that is read."""

NAMESPACES = {
    "http://www.omg.org/spec/DMN/20180521/MODEL/": "1.2",
    "https://www.omg.org/spec/DMN/20191111/MODEL/": "1.3",
    "https://www.omg.org/spec/DMN/20211108/MODEL/": "1.4",
    "https://www.omg.org/spec/DMN/20230324/MODEL/": "1.5",
}
"""Versions of DMN by the namespace of their models."""


def parse(xml: bytes) -> Element:
    """The root element `definitions`; raises DecisionError for what is not DMN 1.2 to 1.5."""
    if len(xml) > MAX_BYTES:
        raise DecisionError(Phrase("文件太大，请拆分。", "The file is too large: split it."))
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, remove_comments=True
    )
    try:
        root = etree.fromstring(xml, parser)
    except etree.XMLSyntaxError as error:
        raise DecisionError(
            Phrase(
                f"这不是有效的 XML 文件（第 {error.lineno} 行）。",
                f"This is not a well-formed XML file (line {error.lineno}).",
            )
        ) from None
    if root.getroottree().docinfo.internalDTD is not None:
        raise DecisionError(
            Phrase("文件里不能有 DTD 声明，请删除。", "The file must not contain a DTD: remove it.")
        )
    if local(root) != "definitions" or namespace(root) not in NAMESPACES:
        raise DecisionError(
            Phrase(
                "这不是 DMN 1.2 至 1.5 的文件，请用决策表编辑器重新保存。",
                "This is not a file of DMN 1.2 to 1.5: save it again with a DMN editor.",
            )
        )
    return root


def local(element: Element) -> str:
    """The name of an element without its namespace; empty for what is not an element."""
    tag = element.tag
    return tag.rpartition("}")[2] if isinstance(tag, str) else ""


def namespace(element: Element) -> str:
    """The namespace of an element."""
    tag = element.tag
    return tag[1:].partition("}")[0] if isinstance(tag, str) and tag.startswith("{") else ""


def children(element: Element, *names: str) -> Iterator[Element]:
    """The child elements of the model with one of `names`."""
    own = namespace(element)
    for child in element:
        if local(child) in names and namespace(child) == own:
            yield child


def child(element: Element, *names: str) -> Element | None:
    """The first child with one of `names`, or None."""
    return next(children(element, *names), None)


def text(element: Element | None) -> str:
    """The text of an element's `text` child, or empty."""
    inner = None if element is None else child(element, "text")
    return "" if inner is None or inner.text is None else inner.text


def content(element: Element, name: str) -> str:
    """The own text of the child called `name`, stripped, or empty."""
    inner = child(element, name)
    return "" if inner is None or inner.text is None else inner.text.strip()
