"""Event logs: what their formats ask for, and the same counts as the database."""

import csv
import io
import json
from collections import Counter
from datetime import datetime, timedelta

import pytest
from lxml import etree
from sqlalchemy import func, select

from app.cases.models.demand import Demand
from app.core.db import reading
from app.core.errors import NotFound
from app.design import event_log
from app.design.event_log import Format, Wanted
from app.design.visits import Selection
from app.engine import HumanTaskRow
from tests.office import DEMAND, Office

XES = "{http://www.xes-standard.org/}"
OCEL_TYPES = {"string", "time", "integer", "float", "boolean"}


def log(office: Office, form: Format, key: str = "work_order", secret: bytes = b"") -> bytes:
    wanted = Wanted(Selection(key), form, key=secret)
    with reading(office.sessions) as session:
        return b"".join(event_log.written(session, wanted, office.now))


def stored(office: Office) -> Counter[str]:
    """Events in the database, by lifecycle."""
    with reading(office.sessions) as session:
        opened = session.scalar(select(func.count()).select_from(HumanTaskRow)) or 0
        how = select(HumanTaskRow.closed_how, func.count()).group_by(HumanTaskRow.closed_how)
        by_how = dict(map(tuple, session.execute(how)))
    found = {
        "start": opened,
        "complete": by_how.get("completed", 0),
        "ate_abort": by_how.get("cancelled", 0),
    }
    return Counter({name: count for name, count in found.items() if count})


@pytest.fixture
def busy(office: Office) -> Office:
    """Two cases on their way, one with an extension asked for."""
    first = office.bring_to("reply")
    office.wait(hours=2)
    office.act(first, "extension_asked", "liaison", days="3", ground="complex",
               extension_reason="情况复杂", legal_basis="办法第八条")  # fmt: skip
    office.do(first, "reply")
    office.bring_to("dispatch")
    office.wait(minutes=90)
    return office


def test_xes_declares_what_it_uses_and_holds_every_event(busy: Office) -> None:
    root = etree.fromstring(log(busy, Format.XES, ""))
    assert root.tag == f"{XES}log"
    assert root.get("xes.version") == "1849-2016"
    order = [etree.QName(one).localname for one in root]
    ranks = ["extension", "global", "classifier", "string", "trace"]
    assert [ranks.index(one) for one in order] == sorted(ranks.index(one) for one in order)
    prefixes = {one.get("prefix") for one in root.iter(f"{XES}extension")}
    assert prefixes == {"concept", "lifecycle", "time", "org"}
    keyed = [one for one in root.iter() if one.get("key")]
    assert {one.get("key").split(":")[0] for one in keyed if ":" in one.get("key")} <= prefixes
    promised = {
        scope.get("scope"): {one.get("key") for one in scope} for scope in root.iter(f"{XES}global")
    }
    for name in ("trace", "event"):
        for one in root.iter(f"{XES}{name}"):
            keys = [child.get("key") for child in one if child.get("key")]
            assert len(keys) == len(set(keys))
            assert promised[name] <= set(keys)
    for classifier in root.iter(f"{XES}classifier"):
        assert set(classifier.get("keys").split()) <= promised["event"]
    for trace in root.iter(f"{XES}trace"):
        moments = [datetime.fromisoformat(one.get("value")) for one in trace.iter(f"{XES}date")]
        assert moments == sorted(moments)
    said = Counter(
        one.get("value")
        for one in root.iterfind(f"{XES}trace/{XES}event/{XES}string")
        if one.get("key") == "lifecycle:transition"
    )
    assert said == stored(busy)


def test_ocel_refers_only_to_what_it_declares_and_holds_every_event(busy: Office) -> None:
    found = json.loads(log(busy, Format.OCEL, ""))
    assert set(found) == {"objectTypes", "eventTypes", "objects", "events"}
    declared = {}
    for kind in ("objectTypes", "eventTypes"):
        names = [one["name"] for one in found[kind]]
        assert len(names) == len(set(names))
        for one in found[kind]:
            assert {a["type"] for a in one["attributes"]} <= OCEL_TYPES
            declared[kind, one["name"]] = {a["name"]: a["type"] for a in one["attributes"]}
    ids = [one["id"] for one in found["objects"]]
    assert len(ids) == len(set(ids))
    assert len({one["id"] for one in found["events"]}) == len(found["events"])
    for of, kind in (("objects", "objectTypes"), ("events", "eventTypes")):
        for one in found[of]:
            types = declared[kind, one["type"]]
            for attribute in one["attributes"]:
                is_number = isinstance(attribute["value"], int)
                assert is_number == (types[attribute["name"]] == "integer")
                if of == "objects":
                    assert datetime.fromisoformat(attribute["time"]).tzinfo
            for related in one["relationships"]:
                assert set(related) == {"objectId", "qualifier"}
                assert related["objectId"] in ids
    said = Counter(
        attribute["value"]
        for one in found["events"]
        for attribute in one["attributes"]
        if attribute["name"] == "lifecycle"
    )
    assert said == stored(busy)
    kinds = Counter(one["type"] for one in found["objects"])
    assert (kinds["demand"], kinds["order"], kinds["procedure"]) == (2, 2, 1)


def test_csv_holds_every_event_with_its_working_time(busy: Office) -> None:
    rows = list(csv.DictReader(io.StringIO(log(busy, Format.CSV, "").decode("utf-8-sig"))))
    assert Counter(one["lifecycle"] for one in rows) == stored(busy)
    [done] = [
        one for one in rows if (one["element"], one["lifecycle"]) == ("reply", "complete")
    ]  # fmt: skip
    assert (done["working_seconds"], done["natural_seconds"]) == ("7200", "7200")
    assert done["role"] == "unit_handler"
    assert done["unit"] == "市城市管理局"


def test_a_log_of_one_process_holds_the_steps_of_what_it_calls_but_no_others(busy: Office) -> None:
    rows = list(csv.DictReader(io.StringIO(log(busy, Format.CSV).decode("utf-8-sig"))))
    assert {one["process"] for one in rows} == {"work_order"}
    with pytest.raises(NotFound):
        log(busy, Format.CSV, "no_such_process")


def test_no_log_holds_personal_data(busy: Office) -> None:
    with reading(busy.sessions) as session:
        numbers = list(session.scalars(select(Demand.number)))
    private = ["requester_name", "requester_phone", "address", "content", "title", "happened"]
    for form in Format:
        text = log(busy, form, "", b"secret").decode()
        for told in [*(str(DEMAND[name]) for name in private), *numbers, "冯经办", "林话务"]:
            assert told not in text


def test_people_go_by_a_pseudonym_only_where_it_is_asked_for(busy: Office) -> None:
    def people(secret: bytes) -> dict[str, set[str]]:
        text = log(busy, Format.CSV, "work_order", secret).decode("utf-8-sig")
        found: dict[str, set[str]] = {}
        for one in csv.DictReader(io.StringIO(text)):
            if one["lifecycle"] == "complete":
                found.setdefault(one["role"], set()).add(one["resource"])
        return found

    assert people(b"") == {role: {""} for role in people(b"")}
    assert people(b"one") == people(b"one")
    assert people(b"one") != people(b"other")
    one = people(b"one")
    assert len(one["agent"]) == 1
    assert one["agent"] != one["unit_handler"]


def test_a_log_is_written_while_it_is_read(busy: Office) -> None:
    wanted = Wanted(Selection("work_order"), Format.CSV)
    with reading(busy.sessions) as session:
        pieces = list(event_log.written(session, wanted, busy.now + timedelta(days=1)))
    assert len(pieces) == 1 + 2  # the head, and one piece a case
