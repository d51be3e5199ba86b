"""What the checkers say about drafts, tied to the elements and rows they are about.

The documents of one change are seen together: a diagram calls the draft of another, and may ask
a table that is published with it.
"""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from dataclasses import field as given

from sqlalchemy import select
from sqlalchemy.orm import Session

from app import engine
from app.cases import catalogue, services
from app.cases.notices import defaults
from app.cases.procedures import FIRST_FACTS
from app.cases.steps import STEPS
from app.core.errors import DomainError, Invalid
from app.core.phrase import Phrase
from app.decisions import registry, xml
from app.decisions.checks.checker import check as check_model
from app.decisions.dmn import Model, read_model
from app.decisions.examples import examples_in, run_on
from app.decisions.feel.values import Value
from app.decisions.importing import imported_namespaces, namespace_of
from app.design import city, documents, wordings
from app.design.comparing_tables import tables_of
from app.design.documents import Document
from app.design.models import DesignChange, DesignDraft, Kind
from app.engine import Surroundings, check, read_diagram
from app.engine.allowed import BY_PEOPLE
from app.engine.data_names import data_names
from app.engine.diagram import Diagram, Element
from app.engine.wiring import wired
from app.identity.models import HandlingUnit
from app.identity.policy import Role


@dataclass(frozen=True, slots=True)
class Finding:
    """One remark about a document. `severity` is error, warning or remark; an error keeps the
    change from being published. `element` is the id of the BPMN element or of the decision;
    `rows` and `column` count from 1. `example` are input values that show what is said of a table,
    `missing` the cells of a row that would close a gap; `field` is the field of the element's form
    it is about.
    """

    document: Document
    code: str
    severity: str
    phrase: Phrase
    element: str = ""
    element_name: str = ""
    rows: tuple[int, ...] = ()
    column: int | None = None
    example: Mapping[str, Value] = given(default_factory=dict, compare=False)
    missing: Mapping[str, str] = given(default_factory=dict, compare=False)
    field: str = ""


def check_draft(
    session: Session, draft: DesignDraft, content: str | None = None
) -> tuple[Finding, ...]:
    """The findings on one draft, on `content` if given, among the drafts of its change."""
    texts = texts_of(draft.change)
    what = Document(Kind(draft.kind), draft.key)
    if content is not None:
        texts[what] = content
    return check_document(session, texts, what)


def check_change(session: Session, change: DesignChange) -> tuple[Finding, ...]:
    """The findings on every draft of the change, and on published diagrams that call one."""
    texts = texts_of(change)
    found = [finding for what in texts for finding in check_document(session, texts, what)]
    found += _on_callers(session, texts)
    return tuple(found)


def require_good(findings: Sequence[Finding]) -> None:
    """Raise `Invalid` that tells the first error, if there is any."""
    errors = [one for one in findings if one.severity == "error"]
    if not errors:
        return
    first = errors[0]
    at = first.element_name or first.element or first.document.key
    raise Invalid(
        Phrase(
            f"检查发现 {len(errors)} 处错误，须先改正。“{at}”：{first.phrase.zh}",
            f"The checks found {len(errors)} errors to be put right first. “{at}”: "
            f"{first.phrase.en}",
        )
    )


def texts_of(change: DesignChange) -> dict[Document, str]:
    """The texts of the drafts of a change, by document."""
    return {Document(Kind(one.kind), one.key): one.content for one in change.drafts}


def check_document(
    session: Session, texts: Mapping[Document, str], what: Document
) -> tuple[Finding, ...]:
    """The findings on one of `texts`, seen together with the others and what is published."""
    try:
        match what.kind:
            case Kind.DIAGRAM:
                return _on_diagram(session, texts, what, texts[what])
            case Kind.TABLE:
                return _on_table(session, texts, what)
            case Kind.LETTER | Kind.MESSAGE:
                text = wordings.read(texts[what])
                return tuple(
                    Finding(what, "wording", "error", why, language)
                    for language, why in wordings.faults(what, text)
                )
            case Kind.PROFILE:
                return tuple(
                    Finding(what, "value", "error", why, name, _label(name), field=name)
                    for name, why in city.faults(texts[what])
                )
            case Kind.EXAMPLES:
                return _on_examples(session, texts, what)
            case Kind.SCENARIOS:
                return ()
    except DomainError as refusal:
        return (Finding(what, "unreadable", "error", refusal.phrase),)


def _label(name: str) -> str:
    """What a value of the city's profile is called."""
    field = city.FORM.field(name)
    return name if field is None else field.label.zh


def _on_diagram(
    session: Session, texts: Mapping[Document, str], what: Document, content: str
) -> tuple[Finding, ...]:
    name = f"{what.key}.bpmn"
    diagram = read_diagram(content.encode(), name)
    if what.key not in diagram.processes:
        shown = "、".join(diagram.processes)
        return (
            Finding(
                what,
                "process_id",
                "error",
                Phrase(
                    f"流程的编号（id）须为“{what.key}”，文件里是“{shown}”：请改回，"
                    "或以新编号另建流程图。",
                    f"The id of the process must be “{what.key}”, the file has “{shown}”: change "
                    "it back, or make a new diagram of that id.",
                ),
                next(iter(diagram.processes)),
            ),
        )
    around = Surroundings(
        services=services.declarations(),
        decisions=_decision_keys(session, texts),
        compile_expression=wired().compile,
        names=lambda: _names_elsewhere(session, texts),
        publishing=True,
    )
    bundle = [diagram, *_called(session, texts, diagram)]
    return (
        *(
            Finding(
                what,
                one.code,
                one.severity.value,
                one.phrase,
                one.element_id,
                one.element_name,
                field=one.field,
            )
            for one in check(bundle, around)
            if one.file_name == name
        ),
        *_on_office(session, texts, what, diagram),
    )


def _names_elsewhere(session: Session, texts: Mapping[Document, str]) -> frozenset[str]:
    """The names that data of processes may hold wherever they come from: a called process sees
    those of its caller, and a table's outputs may go into the data under their own names.
    """
    found = set(FIRST_FACTS).union(*(step.gives for step in STEPS.values()))
    for key in documents.keys(session, Kind.DIAGRAM):
        found.update(data_names(_published(session, key)))
    for key in _decision_keys(session, texts):
        try:
            model = model_of(session, texts, key)
        except DomainError:
            continue  # a draft that cannot be read just now says so itself
        for table in model.tables:
            found.update(column.name for column in table.outputs)
    return frozenset(found)


def _published(session: Session, key: str) -> Diagram:
    return engine.bundle_of(session, engine.version_id_of(session, key)).diagrams[0]


def _on_office(
    session: Session, texts: Mapping[Document, str], what: Document, diagram: Diagram
) -> Iterator[Finding]:
    """What the engine cannot know: roles, messages and limits that the office does not have."""
    stages = _stages(session, texts)
    active = {unit.code: unit.active for unit in session.scalars(select(HandlingUnit))}
    for process in diagram.processes.values():
        for element in process.elements.values():
            for code, phrase in (*_unknown(element, stages), *_unknown_unit(element, active)):
                yield Finding(what, code, "error", phrase, element.id, element.label.zh)
            for field, phrase in _unknown_to_fields(element):
                yield Finding(
                    what, "unknown_role", "error", phrase, element.id, element.label.zh, field=field
                )


def _unknown(element: Element, stages: Collection[str]) -> Iterator[tuple[str, Phrase]]:
    by_people = element.kind == "userTask" or element.form is not None
    if by_people and element.role is not None and element.role not in _ROLES:
        yield (
            "unknown_role",
            Phrase(
                f"没有“{element.role}”这个角色，无人能办理：请从角色列表中选择。",
                f"There is no role “{element.role}”, so nobody could do it: choose one of those "
                "there are.",
            ),
        )
    if element.kind == "userTask" and not element.role:
        yield (
            "no_role",
            Phrase(
                "没有指明由谁办理：请选择角色，或放进有角色的泳道。",
                "Nobody is named who does it: choose a role, or put it into a lane that has one.",
            ),
        )
    for parameter in () if element.service is None else element.service.parameters:
        written = _LITERAL.fullmatch(parameter.value.feel)
        if written is None:
            continue
        if parameter.name == "message" and written[1] not in defaults():
            yield (
                "unknown_message",
                Phrase(
                    f"没有“{written[1]}”这种通知：请从通知列表中选择。",
                    f"There is no message “{written[1]}”: choose one of those there are.",
                ),
            )
        if parameter.name == "stage" and stages and written[1] not in stages:
            yield (
                "unknown_stage",
                Phrase(
                    f"时限表里没有“{written[1]}”这个环节：请先在表 time_limits 中添加时限。",
                    f"The table time_limits has no stage “{written[1]}”: add its limit there.",
                ),
            )


def _unknown_unit(element: Element, active: Mapping[str, bool]) -> Iterator[tuple[str, Phrase]]:
    """A unit that is named for a step of people, and that the office does not have or gives no
    work to any more.
    """
    code = element.unit
    if code is None or not (element.kind in BY_PEOPLE or element.form is not None):
        return
    if code not in active:
        yield (
            "unknown_unit",
            Phrase(
                f"没有代码为“{code}”的单位，无人能办理：请从单位列表中选择。",
                f"There is no unit “{code}”, so nobody could do it: choose one of those there are.",
            ),
        )
    elif not active[code]:
        yield (
            "inactive_unit",
            Phrase(
                f"代码为“{code}”的单位已停用：请改选承接的单位。",
                f"The unit “{code}” is not active any more: choose the one that took over.",
            ),
        )


def _unknown_to_fields(element: Element) -> Iterator[tuple[str, Phrase]]:
    """Roles that fields name and the office does not have, by field."""
    for field in element.form.fields if element.form is not None else ():
        for role in sorted((field.visible_to | field.editable_by) - _ROLES):
            yield (
                field.name,
                Phrase(
                    f"字段“{field.label.zh}”（{field.name}）：没有“{role}”这个角色，"
                    "请在“谁能看”“谁能填”里从角色列表中选择。",
                    f"Field “{field.label.en}” ({field.name}): there is no role “{role}”; choose "
                    "who may see it and fill it in out of those there are.",
                ),
            )


_ROLES = frozenset(Role) - {Role.SYSTEM}
_LITERAL = re.compile(r'"([^"]*)"')


def _stages(session: Session, texts: Mapping[Document, str]) -> frozenset[str]:
    """The stages that the table of limits knows; empty where it does not list them."""
    limits = Document(Kind.TABLE, "time_limits")
    text = texts.get(limits)
    if text is None:
        newest = documents.newest(session, limits)
        text = "" if newest is None else newest.content
    try:
        tables = tables_of(xml.parse(text.encode()))
    except DomainError:
        return frozenset()
    column = tables["time_limits"].columns.get("in:stage") if "time_limits" in tables else None
    return frozenset() if column is None else frozenset(_LITERAL.findall(column.allowed))


def _on_table(
    session: Session, texts: Mapping[Document, str], what: Document
) -> tuple[Finding, ...]:
    model = model_of(session, texts, what.key)
    if what.key not in model.decision_names:
        return (
            Finding(
                what,
                "decision_id",
                "error",
                Phrase(
                    f"文件里没有编号为“{what.key}”的决策：请不要更改决策的编号。",
                    f"The file holds no decision with the id “{what.key}”: do not change it.",
                ),
            ),
        )
    return (
        _on_rulings(session, texts, what)
        + _by_examples(session, texts, what, model)
        + tuple(
            Finding(
                what,
                one.kind.value,
                one.severity.value,
                one.phrase,
                one.decision_id,
                rows=one.rows,
                column=one.column,
                example=one.example,
                missing=one.missing,
            )
            for one in check_model(model)
        )
    )


def _by_examples(
    session: Session, texts: Mapping[Document, str], what: Document, model: Model
) -> tuple[Finding, ...]:
    """Published test rows that come out otherwise with a draft of their table: a warning, as they
    may be meant to change. Those that the change holds are found wanting by themselves.
    """
    rows = Document(Kind.EXAMPLES, what.key)
    published = None if rows in texts else documents.newest(session, rows)
    if published is None or model.problems:
        return ()
    report = run_on(model, examples_in(published.content, what.key))
    if not report.failures:
        return ()
    count = len(report.failures)
    zh = "、".join(one.zh.partition("：")[0] for one in report.failures[:_SHOWN])
    en = ", ".join(one.en.partition(":")[0] for one in report.failures[:_SHOWN])
    more = "" if count <= _SHOWN else "…"
    return (
        Finding(
            what,
            "example",
            "warning",
            Phrase(
                f"{count} 个用例的结果与草稿不同（{zh}{more}）。如属有意修改，请把“决策表用例”"
                "一并加入变更单改正。",
                f"{count} test rows come out otherwise ({en}{more}). If that is meant, take the "
                "table's test rows into the change and correct them.",
            ),
            what.key,
        ),
    )


_SHOWN = 5
"""Test rows that a warning names."""


def _on_examples(
    session: Session, texts: Mapping[Document, str], what: Document
) -> tuple[Finding, ...]:
    """Test rows are asked of the table as it would be; a row of it that none reaches is told."""
    report = run_on(model_of(session, texts, what.key), examples_in(texts[what], what.key))
    return (
        *(Finding(what, "example", "error", phrase) for phrase in report.failures),
        *(
            Finding(
                what,
                "example",
                "warning",
                Phrase(f"没有用例用到第 {row} 行，请补上。", f"No test row reaches row {row}."),
                decision,
                rows=(row,),
            )
            for decision, row in report.unreached
        ),
    )


def _on_rulings(
    session: Session, texts: Mapping[Document, str], what: Document
) -> tuple[Finding, ...]:
    """A row of a ruling is binding: whoever takes it out of the catalogue is to know it."""
    if what.key != catalogue.KEY:
        return ()
    newest = documents.newest(session, what)
    ruled = set() if newest is None else catalogue.ruled_rows(newest.content.encode())
    gone = sorted(ruled - catalogue.ruled_rows(texts[what].encode()))
    if not gone:
        return ()
    shown = "、".join(gone)
    return (
        Finding(
            what,
            "ruling_removed",
            "warning",
            Phrase(
                f"现行目录中有协调裁定的行不在草稿里：{shown}。裁定有约束力，请核对后再删。",
                f"Rows of rulings that are in force are missing here: {', '.join(gone)}. Rulings "
                "are binding: make sure before you take them out.",
            ),
            what.key,
        ),
    )


def model_of(session: Session, texts: Mapping[Document, str], key: str) -> Model:
    """The table `key` as it would be: from `texts`, or as published; with what it imports.

    Raises `NotFound`, `DecisionError`.
    """
    return _model(session, texts, key, ())


def _model(
    session: Session, texts: Mapping[Document, str], key: str, above: tuple[str, ...]
) -> Model:
    text = texts.get(Document(Kind.TABLE, key))
    if text is None:
        return registry.model(session, key)
    data = text.encode()
    wanted = imported_namespaces(data)
    if not wanted:
        return read_model(data)
    names = _namespaces(session, texts)
    imports = [
        _model(session, texts, names[name], (*above, key))
        for name in wanted
        if name in names and names[name] not in above
    ]
    return read_model(data, imports)


def _namespaces(session: Session, texts: Mapping[Document, str]) -> dict[str, str]:
    """Which table is imported by which namespace."""
    found = {}
    for key in _decision_keys(session, texts):
        what = Document(Kind.TABLE, key)
        text = texts.get(what)
        if text is None:
            last = documents.newest(session, what)
            assert last is not None
            text = last.content
        found[namespace_of(text.encode())] = key
    return found


def _decision_keys(session: Session, texts: Mapping[Document, str]) -> frozenset[str]:
    drafted = (what.key for what in texts if what.kind is Kind.TABLE)
    return frozenset([*documents.keys(session, Kind.TABLE), *drafted])


def _called(session: Session, texts: Mapping[Document, str], diagram: Diagram) -> list[Diagram]:
    """The diagrams that `diagram` calls, directly or not: drafts before what is published."""
    found: dict[str, Diagram] = {}
    todo = sorted(calls_of(diagram) - diagram.processes.keys())
    while todo:
        key = todo.pop()
        if key in found or key in diagram.processes:
            continue
        what = Document(Kind.DIAGRAM, key)
        text = texts.get(what)
        if text is None:
            last = documents.newest(session, what)
            if last is None:
                continue  # the checker says that there is no such process
            text = last.content
        found[key] = read_diagram(text.encode(), f"{key}.bpmn")
        todo += sorted(calls_of(found[key]))
    return list(found.values())


def calls_of(diagram: Diagram) -> set[str]:
    """The processes that a diagram calls."""
    return {
        element.called
        for process in diagram.processes.values()
        for element in process.elements.values()
        if element.kind == "callActivity" and element.called
    }


def _on_callers(session: Session, texts: Mapping[Document, str]) -> Sequence[Finding]:
    """Errors in published diagrams that call a draft: they are published anew along with it."""
    drafted = {what.key for what in texts if what.kind is Kind.DIAGRAM}
    found: list[Finding] = []
    for key, last in documents.newest_of(session, Kind.DIAGRAM).items():
        what = last.document
        if key in drafted:
            continue
        diagram = read_diagram(last.content.encode(), f"{key}.bpmn")
        if calls_of(diagram) & drafted:
            found += [
                one
                for one in _on_diagram(session, texts, what, last.content)
                if one.severity == "error"
            ]
    return found
