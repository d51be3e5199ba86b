"""Files that are brought in: read safely, turned into the text of a draft.

A file is judged by what it holds, not by its name. Nothing of it is fetched, expanded or run.
"""

from dataclasses import dataclass

from lxml import etree

from app.core.errors import Invalid
from app.core.phrase import Phrase
from app.core.uow import UnitOfWork
from app.decisions import xml
from app.decisions.xml import children, namespace
from app.design import documents, drafts
from app.design.documents import MAX_BYTES, Document
from app.design.element_ids import Renaming, allow_ids, follow
from app.design.models import DesignDraft, Kind
from app.engine.markup import BPMN, Node, bpmn, read_xml


@dataclass(frozen=True, slots=True)
class Brought:
    """What a file holds: its kind, the key by which it calls itself, its text, and the elements
    whose ids could not stay (their new ones stand in the text).
    """

    kind: Kind
    key: str
    text: str
    renamed: tuple[Renaming, ...] = ()


@dataclass(frozen=True, slots=True)
class Arrival:
    """A file that came in: the draft it became, and the elements that got other ids."""

    draft: DesignDraft
    renamed: tuple[Renaming, ...]


def bring_in(uow: UnitOfWork, change_id: int, data: bytes, key: str = "") -> Arrival:
    """Put a BPMN or DMN file into an open change: as a new document, or the next revision of a
    draft the change holds already. `key` names it otherwise than it names itself.

    Raises `Invalid` for what is neither or is too large, and as `drafts.open_draft` and `save` do.
    """
    found = read(data)
    wanted = key.strip() or found.key
    documents.require_key(found.kind, wanted)
    text = found.text if wanted == found.key else renamed(found, wanted)
    held = drafts.held_by(uow.session, Document(found.kind, wanted))
    if held is not None and held.change_id == change_id:
        draft = drafts.save(uow, held.id, held.revision, text)
    else:
        draft = drafts.open_draft(uow, change_id, found.kind.value, wanted, text)
    return Arrival(draft, found.renamed)


def with_allowed_ids(text: str) -> tuple[str, tuple[Renaming, ...]]:
    """The text of a diagram as it can be edited, and the elements that got other ids for it.

    Raises `Invalid` for what is no BPMN.
    """
    root = read_xml(text.encode(), "file.bpmn")
    renamed = allow_ids(root)
    return (_rewritten(root) if renamed else text), renamed


def read(data: bytes) -> Brought:
    """What the bytes of a file hold. Raises `Invalid` for what is neither BPMN nor DMN."""
    if len(data) > MAX_BYTES:
        raise Invalid(
            Phrase(
                f"文件超过 {MAX_BYTES // 1_000_000} MB，不予读取：请拆成几份。",
                f"The file is larger than {MAX_BYTES // 1_000_000} MB and is not read: split it.",
            )
        )
    plain = data.replace(b"\x00", b"")  # UTF-16 writes a zero beside each of these signs
    if BPMN.encode() in plain:
        root = read_xml(data, "file.bpmn")
        renamed = allow_ids(root)
        text = _rewritten(root) if renamed else _text(data, root)
        return Brought(Kind.DIAGRAM, _process(root), text, renamed)
    if not any(name.encode() in plain for name in xml.NAMESPACES):
        raise Invalid(
            Phrase(
                "文件既不是 BPMN 2.0 流程图，也不是 DMN 1.2 至 1.5 决策表：请从设计工具导出。",
                "The file is neither a BPMN 2.0 diagram nor a DMN 1.2 to 1.5 table: export it from "
                "a design tool first.",
            )
        )
    root = xml.parse(data)
    return Brought(Kind.TABLE, _decision(root), _text(data, root))


def renamed(found: Brought, key: str) -> str:
    """The text with its process or decision called `key`, wherever the file refers to it."""
    data = found.text.encode()
    if found.kind is Kind.DIAGRAM:
        root = read_xml(data, "file.bpmn")
        follow(root, {found.key: key})
        return _rewritten(root)
    root = xml.parse(data)
    for node in root.iter(etree.Element):
        for name, value in node.attrib.items():
            if str(name) != "name" and value in {found.key, f"#{found.key}"}:
                node.set(str(name), str(value).replace(found.key, key))
    return _rewritten(root)


def _text(data: bytes, root: Node) -> str:
    """The file as it is, where it is UTF-8; else written anew, saying the same."""
    declared = (root.getroottree().docinfo.encoding or "UTF-8").upper()
    if declared in {"UTF-8", "ASCII", "US-ASCII"}:
        return data.decode("utf-8-sig")
    return _rewritten(root)


def _rewritten(root: Node) -> str:
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8").decode()


def _process(root: Node) -> str:
    """The process of the file: the executable one where there are several."""
    found = list(root.iterchildren(bpmn("process")))
    executable = [node for node in found if node.get("isExecutable") == "true"]
    chosen = executable or found
    if len(chosen) != 1:
        raise Invalid(
            Phrase(
                f"文件里有 {len(chosen)} 个流程：请每个文件只放一个可执行的流程。",
                f"The file holds {len(chosen)} processes: keep one executable process a file.",
            )
        )
    return chosen[0].get("id") or ""


def _decision(root: xml.Element) -> str:
    """The decision of the file that no other one of it needs."""
    decisions = {node.get("id", ""): node for node in children(root, "decision")}
    needed = {
        (inner.get("href") or "").lstrip("#")
        for node in decisions.values()
        for inner in node.iter()
        if isinstance(inner.tag, str) and namespace(inner) == namespace(root)
    }
    final = [key for key in decisions if key not in needed]
    if len(final) != 1:
        raise Invalid(
            Phrase(
                "文件里没有唯一的主决策，请只留一个最终决策。",
                "The file has no single final decision: leave only one.",
            )
        )
    return final[0]
