"""BPMN files as XML: namespaces, safe parsing, and small typed questions to a node."""

from typing import TypeAlias

from lxml import etree

from app.core.errors import Invalid
from app.core.phrase import Phrase

BPMN = "http://www.omg.org/spec/BPMN/20100524/MODEL"
JIEBAN = "https://jieban.dev/bpmn/1.0"
"""Of every extension element and attribute the product understands."""
MAX_BYTES = 4_000_000
"""A diagram larger than this is refused unread; a drawing of 500 elements takes about 400 KB."""

Node: TypeAlias = etree._Element  # noqa: SLF001 - lxml has no public name for the class


def read_xml(source: bytes, file_name: str) -> Node:
    """The root of a BPMN document. Raises `Invalid`.

    Document type declarations are refused, so no entity is ever expanded; nothing is fetched.
    """
    if len(source) > MAX_BYTES:
        raise Invalid(
            Phrase(
                f"{file_name} 超过 {MAX_BYTES // 1_000_000} MB，不予读取：请拆成几个流程。",
                f"{file_name} is larger than {MAX_BYTES // 1_000_000} MB and is not read: split it "
                "into several processes.",
            )
        )
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False
    )
    try:
        root = etree.fromstring(source, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise Invalid(
            Phrase(
                f"{file_name} 不是可读的 XML（{error}）：请从流程设计器重新导出。",
                f"{file_name} is not readable XML ({error}): export it again from the designer.",
            )
        ) from error
    if getattr(root.getroottree().docinfo, "doctype", ""):
        raise Invalid(
            Phrase(
                f"{file_name} 带有 DOCTYPE 声明，不予读取：请删除该声明。",
                f"{file_name} has a DOCTYPE declaration and is not read: remove it.",
            )
        )
    if str(root.tag) != bpmn("definitions"):
        raise Invalid(
            Phrase(
                f"{file_name} 不是 BPMN 2.0 文件：请从流程设计器导出为 BPMN 2.0 XML。",
                f"{file_name} is not a BPMN 2.0 file: export it from the designer as BPMN 2.0 XML.",
            )
        )
    return root


def bpmn(tag: str) -> str:
    """The qualified name of a BPMN element."""
    return f"{{{BPMN}}}{tag}"


def jieban(tag: str) -> str:
    """The qualified name of one of our extension elements."""
    return f"{{{JIEBAN}}}{tag}"


def local(node: Node) -> str:
    """The name of an element without its namespace."""
    return str(node.tag).rpartition("}")[2]


def namespace(node: Node) -> str:
    """The namespace of an element, or ""."""
    return str(node.tag)[1:].rpartition("}")[0]


def line(node: Node) -> int:
    """The line of the file in which an element begins; 0 when unknown."""
    number: object = node.sourceline
    return number if isinstance(number, int) else 0


def attribute(node: Node, name: str) -> str:
    """The value of an attribute, or ""."""
    return node.get(name) or ""


def flag(node: Node, name: str, *, default: bool = False) -> bool:
    """The value of an xs:boolean attribute, which may be written true, false, 1 or 0."""
    written = attribute(node, name).strip()
    return default if not written else written in {"true", "1"}


def children(node: Node) -> list[Node]:
    """The child elements, without comments and processing instructions."""
    return list(node.iterchildren(tag=etree.Element))


def text(node: Node | None) -> str:
    """The text of an element and everything in it, without surrounding blanks."""
    return "" if node is None else "".join(str(part) for part in node.itertext()).strip()


def reference(node: Node, value: str | None) -> str | None:
    """An id out of a QName: the prefix is dropped when the document declares it."""
    if not value or not value.strip():
        return None
    prefix, colon, rest = value.strip().partition(":")
    return rest if colon and prefix in node.nsmap else value.strip()


def extension(node: Node, tag: str) -> Node | None:
    """Our extension element `tag` of a node, if it has one."""
    holder = node.find(bpmn("extensionElements"))
    return None if holder is None else holder.find(jieban(tag))
