"""Holds a file against the allow-list: elements, attributes, places, ids, extensions."""

import re

from app.core.phrase import Phrase
from app.engine.allowed import (
    ATTRIBUTES,
    CHILDREN,
    FLAGS,
    FOREIGN,
    MISPLACED,
    ONE_OF,
    OUR_ATTRIBUTES,
    OUR_CHILDREN,
    REFUSED,
    REFUSED_VALUES,
)
from app.engine.diagram import NODES
from app.engine.forms import read_form
from app.engine.markup import (
    BPMN,
    JIEBAN,
    Node,
    attribute,
    children,
    local,
    namespace,
    read_xml,
)
from app.engine.remarks import Remarks

MAX_ELEMENTS = 2000
"""Nodes in one file; the largest hotline diagrams known have fewer than 200."""

_ID = re.compile(r"[^\W\d][\w.\-]{0,127}")
_XSI = "http://www.w3.org/2001/XMLSchema-instance"
_XML = "http://www.w3.org/XML/1998/namespace"
_IGNORED = frozenset(
    {
        "http://www.omg.org/spec/BPMN/20100524/DI",
        "http://www.omg.org/spec/DD/20100524/DC",
        "http://www.omg.org/spec/DD/20100524/DI",
        "http://www.omg.org/spec/BPMN/non-normative/color/1.0",
        "http://bpmn.io/schema/bpmn/biocolor/1.0",
        _XSI,
        _XML,
    }
)
"""Namespaces of drawing: positions, sizes, colours."""

_DATA_DRAWN = Phrase(
    "数据关联只作说明，不搬运数据：流程数据各步骤都可见，需要传值请用服务的参数和结果。",
    "Data associations are read as notes and move nothing: process data is visible in every step; "
    "hand values over as parameters and results of services.",
)
_PEOPLE_DRAWN = Phrase(
    "这里的人员分配不读取：请用 jieban:role 写明由哪个角色办理。",
    "This assignment of people is not read: say by jieban:role which role does it.",
)
_ONLY_DRAWN = {
    "dataInputAssociation": _DATA_DRAWN,
    "dataOutputAssociation": _DATA_DRAWN,
    "resourceRole": _PEOPLE_DRAWN,
    "performer": _PEOPLE_DRAWN,
    "humanPerformer": _PEOPLE_DRAWN,
    "potentialOwner": _PEOPLE_DRAWN,
}
"""Allowed elements from which an author may expect more than a note."""


def check_markup(remarks: Remarks) -> None:
    """Remark on everything in the file that is not on the allow-list."""
    walk = _Walk(remarks)
    walk.element(read_xml(remarks.diagram.source, remarks.diagram.file_name), None)
    walk.finish()


class _Walk:
    def __init__(self, remarks: Remarks) -> None:
        self._remarks = remarks
        self._seen: set[str] = set()
        self._nodes = 0
        self._foreign: dict[str, tuple[Node, set[str]]] = {}

    def element(self, node: Node, parent: Node | None) -> None:
        name = local(node)
        if name == "process" and not self._runs(node):
            return
        if name in NODES:
            self._nodes += 1
        if name in REFUSED:
            phrase = REFUSED[name]
            self._remarks.error("not_supported", node, phrase.zh, phrase.en)
            return
        if name not in ATTRIBUTES:
            self._remarks.error(
                "unknown_element",
                node,
                f"BPMN 元素 {name} 不在可执行的范围内：请删除。",
                f"The BPMN element {name} is not among those that are executed: remove it.",
            )
            return
        if parent is not None and name not in CHILDREN[local(parent)]:
            self._misplaced(node, parent)
            return
        if name in _ONLY_DRAWN:
            phrase = _ONLY_DRAWN[name]
            self._remarks.warning("only_drawn", node, phrase.zh, phrase.en)
        self._attributes(node, name)
        self._identity(node)
        self._repeated(node)
        for child in children(node):
            if namespace(child) == BPMN and name != "extensionElements":
                self.element(child, node)
            else:
                self._extension(child, node)

    def finish(self) -> None:
        for uri, (node, names) in self._foreign.items():
            owner = FOREIGN[uri][0] if uri in FOREIGN else uri or "?"
            listed = ", ".join(sorted(names))
            self._remarks.warning(
                "foreign_extension",
                node,
                f"{owner} 的扩展不读取（{listed}）：需要时请改用 jieban 的扩展元素。",
                f"Extensions of {owner} are not read ({listed}): use jieban's extension elements "
                "where they matter.",
            )
        if self._nodes > MAX_ELEMENTS:
            self._remarks.error(
                "too_large",
                None,
                f"图中有 {self._nodes} 个元素，最多 {MAX_ELEMENTS} 个：请用调用活动拆成几个流程。",
                f"The file holds {self._nodes} elements, at most {MAX_ELEMENTS} are read: split it "
                "into processes that call each other.",
            )

    def _runs(self, node: Node) -> bool:
        """Processes drawn for reading beside executable ones are left alone."""
        process = self._remarks.diagram.processes.get(attribute(node, "id"))
        executable = any(p.executable for p in self._remarks.diagram.processes.values())
        return process is None or process.executable or not executable

    def _misplaced(self, node: Node, parent: Node) -> None:
        phrase = MISPLACED.get((local(parent), local(node)))
        self._remarks.error(
            "misplaced",
            node,
            f"{local(node)} 不能放在 {local(parent)} 里：请删除或移到合适的元素。"
            if phrase is None
            else phrase.zh,
            f"{local(node)} cannot stand inside {local(parent)}: remove it or move it."
            if phrase is None
            else phrase.en,
        )

    def _attributes(self, node: Node, name: str) -> None:
        for key in map(str, node.attrib):
            uri, _, short = key[1:].rpartition("}") if key.startswith("{") else ("", "", key)
            if uri in {BPMN, JIEBAN} or (not uri and short not in ATTRIBUTES[name]):
                self._remarks.error(
                    "unknown_attribute",
                    node,
                    f"{name} 的属性 {short} 不在可执行的范围内：请删除。",
                    f"The attribute {short} of {name} is not among those that are executed: "
                    "remove it.",
                )
            elif uri and uri not in _IGNORED:
                self._foreign_name(uri, short, node)
            elif not uri:
                self._value(node, name, short)

    def _repeated(self, node: Node) -> None:
        """Of what may stand once the reader would take the first and drop the rest."""
        names = [local(child) for child in children(node) if namespace(child) == BPMN]
        for group in ONE_OF:
            if sum(name in group for name in names) > 1:
                listed = ", ".join(sorted(group & set(names)))
                self._remarks.error(
                    "repeated",
                    node,
                    f"{local(node)} 里这样的元素只能有一个（{listed}）：请删除多余的。",
                    f"{local(node)} holds more than one of what it has once ({listed}): remove the "
                    "others.",
                )

    def _value(self, node: Node, name: str, key: str) -> None:
        written = attribute(node, key)
        wanted = ""
        if key in FLAGS and written.strip() not in {"true", "false", "1", "0"}:
            wanted = "true / false"
        elif key == "loopMaximum" and not (written.isascii() and written.strip().isdecimal()):
            wanted = "0, 1, 2, …"
        if wanted:
            self._remarks.error(
                "bad_value",
                node,
                f"{name} 的属性 {key} 的值“{written}”无效：请改为 {wanted}。",
                f"The value “{written}” of the attribute {key} of {name} is not valid: write "
                f"{wanted}.",
            )
            return
        known = REFUSED_VALUES.get((name, key)) or REFUSED_VALUES.get(("*", key))
        if known is not None and attribute(node, key) not in known[0]:
            self._remarks.error("not_supported", node, known[1].zh, known[1].en)

    def _identity(self, node: Node) -> None:
        identity = node.get("id")
        if identity is None:
            if local(node) in NODES | {"process", "sequenceFlow"}:
                self._remarks.error(
                    "no_id",
                    node,
                    f"{local(node)} 没有 id：请在设计器中重新保存。",
                    f"{local(node)} has no id: save the file again from the designer.",
                )
            return
        if identity in self._seen:
            self._remarks.error(
                "duplicate_id",
                node,
                f"id“{identity}”出现了不止一次：请给其中一个元素改 id。",
                f"The id “{identity}” appears more than once: give one of the elements another id.",
            )
        self._seen.add(identity)
        if not _ID.fullmatch(identity):
            self._remarks.error(
                "bad_id",
                node,
                f"id“{identity}”不合规：以字母开头，只用字母、数字、点、横线和下划线，"
                "最多 128 个字符。",
                f"The id “{identity}” is not allowed: begin with a letter; letters, digits, dots, "
                "hyphens and underscores only, at most 128 characters.",
            )

    def _extension(self, node: Node, parent: Node) -> None:
        uri = namespace(node)
        if uri == JIEBAN:
            self._ours(node, parent)
        elif uri == BPMN:
            self._misplaced(node, parent)
        elif uri not in _IGNORED:
            self._foreign_name(uri, local(node), node)
            for inner in children(node):
                if namespace(inner) == uri:
                    self._foreign_name(uri, local(inner), inner)

    def _foreign_name(self, uri: str, name: str, node: Node) -> None:
        owner, decisive = FOREIGN.get(uri, (uri, frozenset[str]()))
        if name in decisive:
            self._remarks.error(
                "foreign_behaviour",
                node,
                f"{owner} 的扩展 {name} 会改变流程的行为，这里不执行：请删除，用 jieban 的扩展元素"
                "或 BPMN 元素表达。",
                f"The extension {name} of {owner} would change what the process does and is not "
                "executed: remove it and say the same with jieban's extensions or with BPMN.",
            )
        else:
            self._foreign.setdefault(uri, (node, set()))[1].add(name)

    def _ours(self, node: Node, parent: Node) -> None:
        name = local(node)
        holder = parent.getparent() if local(parent) == "extensionElements" else parent
        place = "" if holder is None else local(holder)
        if name == "form" and place in OUR_CHILDREN["form"]:
            for problem in read_form(node)[1]:
                self._remarks.error(
                    "form", node, problem.phrase.zh, problem.phrase.en, problem.field
                )
            return
        if name != "name" and place not in OUR_CHILDREN.get(name, frozenset()):
            self._remarks.error(
                "unknown_extension",
                node,
                f"jieban:{name} 不能放在 {place} 里：请核对拼写，或移到合适的元素。",
                f"jieban:{name} cannot stand inside {place}: check its spelling or move it.",
            )
            return
        if len(parent.findall(str(node.tag))) > 1:
            self._remarks.error(
                "unknown_extension",
                node,
                f"一个元素里只能有一个 jieban:{name}：请删除多余的。",
                f"An element has at most one jieban:{name}: remove the others.",
            )
        self._our_attributes(node)
        for child in children(node):
            if name == "service" and child.tag in {
                f"{{{JIEBAN}}}parameter",
                f"{{{JIEBAN}}}result",
            }:
                self._our_attributes(child)
            else:
                self._remarks.error(
                    "unknown_extension",
                    child,
                    f"jieban:{name} 里不能有 {local(child)}：请核对拼写或删除。",
                    f"jieban:{name} cannot hold {local(child)}: check its spelling or remove it.",
                )

    def _our_attributes(self, node: Node) -> None:
        for key in map(str, node.attrib):
            if key not in OUR_ATTRIBUTES[local(node)]:
                self._remarks.error(
                    "unknown_extension",
                    node,
                    f"jieban:{local(node)} 没有“{key}”这个属性：请核对拼写或删除。",
                    f"jieban:{local(node)} has no attribute “{key}”: check its spelling or remove "
                    "it.",
                )
