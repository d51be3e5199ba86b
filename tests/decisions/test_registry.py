"""Published tables and the evidence of what they answered."""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import cast

import pytest
from sqlalchemy import Table, select
from sqlalchemy.exc import IntegrityError

from app.core.db import Base, Sessions, make_engine, make_sessions
from app.core.errors import NotFound
from app.core.uow import SYSTEM, unit_of_work
from app.decisions import registry
from app.decisions.errors import DecisionError
from app.decisions.models import DecisionRecord, DecisionVersion
from tests.decisions.tables import table

NOW = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
FIVE = table([["-", "5"]], outputs=["y:number"])
SEVEN = table([["-", "7"]], outputs=["y:number"])


@pytest.fixture
def sessions(tmp_path: Path) -> Iterator[Sessions]:
    engine = make_engine(f"sqlite:///{tmp_path / 'decisions.db'}")
    tables = [cast("Table", model.__table__) for model in (DecisionVersion, DecisionRecord)]
    Base.metadata.create_all(engine, tables=tables)
    yield make_sessions(engine)
    engine.dispose()


def test_a_table_gets_a_new_version_only_when_it_changed(sessions: Sessions) -> None:
    with unit_of_work(sessions, SYSTEM, NOW) as uow:
        first = registry.publish(uow, "limit", FIVE)
        assert registry.publish(uow, "limit", FIVE).id == first.id
        second = registry.publish(uow, "limit", SEVEN)
        assert (first.version, second.version) == (1, 2)
        assert registry.newest_version(uow.session, "limit") == 2
        assert first.published_at == NOW
        assert registry.publish(uow, "other", SEVEN).version == 1


def test_an_old_version_keeps_answering_as_it_did(sessions: Sessions) -> None:
    with unit_of_work(sessions, SYSTEM, NOW) as uow:
        registry.publish(uow, "limit", FIVE)
        registry.publish(uow, "limit", SEVEN)
        assert registry.answer(uow.session, "limit", {"x": 1}).outputs == 7
        old = registry.answer(uow.session, "limit", {"x": 1}, version=1)
        assert (old.outputs, old.version) == (5, 1)


def test_evidence_holds_what_the_table_asks_and_nothing_else_of_a_case(sessions: Sessions) -> None:
    with unit_of_work(sessions, SYSTEM, NOW) as uow:
        registry.publish(uow, "limit", FIVE)
        answer = registry.answer(uow.session, "limit", {"x": 3, "requester": {"name": "张三"}})
        assert answer.evidence.to_json()["inputs"] == {"x": 3}


def test_a_decision_leaves_its_rows_inputs_and_outputs_behind(sessions: Sessions) -> None:
    with unit_of_work(sessions, SYSTEM, NOW) as uow:
        registry.publish(uow, "limit", FIVE)
        registry.decide(uow, "limit", {"x": 3}, subject_kind="demand", subject_id=42)
        registry.answer(uow.session, "limit", {"x": 4})
    with sessions() as session:
        record = session.scalars(select(DecisionRecord)).one()
    assert (record.subject_kind, record.subject_id) == ("demand", 42)
    assert (record.decision_key, record.version, record.decided_at) == ("limit", 1, NOW)
    assert json.loads(record.inputs) == {"x": 3}
    assert json.loads(record.outputs) == 5
    tables = json.loads(record.rows)
    assert tables[0]["rows"][0]["annotations"] == {"依据": "第1条"}


def test_a_faulty_table_is_not_published_and_an_unknown_one_not_asked(sessions: Sessions) -> None:
    with unit_of_work(sessions, SYSTEM, NOW) as uow:
        with pytest.raises(DecisionError):
            registry.publish(uow, "limit", table([["> ", '"a"']]))
        with pytest.raises(NotFound):
            registry.answer(uow.session, "limit", {"x": 1})
        registry.publish(uow, "limit", FIVE)
        with pytest.raises(NotFound):
            registry.answer(uow.session, "limit", {"x": 1}, version=2)


def test_evidence_of_a_version_that_was_never_published_cannot_be_stored(
    sessions: Sessions,
) -> None:
    with pytest.raises(IntegrityError), unit_of_work(sessions, SYSTEM, NOW) as uow:
        uow.session.add(
            DecisionRecord(
                subject_kind="demand",
                subject_id=1,
                decision_key="limit",
                version=9,
                decided_at=NOW,
                rows="[]",
                inputs="{}",
                outputs="null",
            )
        )


def test_many_threads_ask_a_fresh_table_at_once(sessions: Sessions) -> None:
    rows = [[f"{n}", f"{n * 2}"] for n in range(200)]
    with unit_of_work(sessions, SYSTEM, NOW) as uow:
        registry.publish(uow, "double", table(rows, outputs=["y:number"], defaults=["-1"]))

    def ask(number: int) -> object:
        with sessions() as session:
            return registry.answer(session, "double", {"x": number}).outputs

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(ask, range(64))) == [number * 2 for number in range(64)]


BASE = b"""<definitions xmlns="https://www.omg.org/spec/DMN/20191111/MODEL/" id="d" name="base"
  namespace="urn:base"><decision id="days" name="days"><variable name="days" typeRef="number"/>
  <literalExpression><text>%d</text></literalExpression></decision></definitions>"""
IMPORTING = b"""<definitions xmlns="https://www.omg.org/spec/DMN/20191111/MODEL/" id="d"
  name="twice" namespace="urn:twice"><import name="base" namespace="urn:base"
  importType="https://www.omg.org/spec/DMN/20191111/MODEL/"/>
  <decision id="twice" name="twice"><variable name="twice" typeRef="number"/>
  <informationRequirement><requiredDecision href="urn:base#days"/></informationRequirement>
  <literalExpression><text>base.days * 2</text></literalExpression></decision></definitions>"""


def test_a_table_keeps_the_version_of_what_it_imports(sessions: Sessions) -> None:
    with unit_of_work(sessions, SYSTEM, NOW) as uow:
        registry.publish(uow, "base", BASE % 5)
        first = registry.publish(uow, "twice", IMPORTING)
        assert registry.answer(uow.session, "twice", {}).outputs == 10
        registry.publish(uow, "base", BASE % 7)
        assert registry.answer(uow.session, "twice", {}).outputs == 10
        second = registry.publish(uow, "twice", IMPORTING)
        assert (first.version, second.version) == (1, 2)
        assert registry.answer(uow.session, "twice", {}).outputs == 14
        assert registry.answer(uow.session, "twice", {}, version=1).outputs == 10


def test_two_databases_in_one_process_each_import_their_own(
    sessions: Sessions, tmp_path: Path
) -> None:
    other = make_engine(f"sqlite:///{tmp_path / 'other.db'}")
    Base.metadata.create_all(other)
    found = {}
    for days, here in ((5, sessions), (7, make_sessions(other))):
        with unit_of_work(here, SYSTEM, NOW) as uow:
            registry.publish(uow, "base", BASE % days)
            registry.publish(uow, "twice", IMPORTING)
        with here() as session:
            found[days] = registry.answer(session, "twice", {}).outputs
    other.dispose()
    assert found == {5: 10, 7: 14}


def test_what_is_imported_must_be_published_first(sessions: Sessions) -> None:
    with (
        unit_of_work(sessions, SYSTEM, NOW) as uow,
        pytest.raises(DecisionError, match="urn:base"),
    ):
        registry.publish(uow, "twice", IMPORTING)
