"""States of every release load in this one and can be finished."""

import json
from datetime import datetime
from pathlib import Path

import orjson
import pytest

from app.core.errors import Invalid
from app.engine.diagram import read_diagram
from app.engine.kernel import Bundle, Instance
from tests.engine.host import Host, Run, feel
from tests.engine.states.save import play

SAVED = sorted((Path(__file__).parent / "states").glob("*/*.json"))


@pytest.mark.parametrize("path", SAVED, ids=lambda p: f"{p.parent.name}/{p.stem}")
def test_a_saved_state_loads_and_can_be_finished(path):
    content = json.loads(path.read_text())
    run = Run("start s\nend e\ns > e")
    run.host = Host()
    run.bundle = Bundle([read_diagram(d.encode(), path.stem) for d in content["diagrams"]], feel)
    run.instance = Instance.load(run.bundle, run.host, content["state"].encode())
    run.now = datetime.fromisoformat(content["now"])
    assert run.open == content["open"]
    play(run, content["finish"])
    assert run.done


def test_states_of_this_release_are_kept():
    assert len(SAVED) >= 9


@pytest.mark.parametrize("bad", [b"", b"x", b"[]", b'{"v":0}', b'{"v":1}', (b'{"v":1,"n":1,"d":{},'
                                 b'"r":1,"t":[[2,"nowhere",16,0]],"s":[]}')])  # fmt: skip
def test_a_state_that_cannot_be_read_is_refused_in_words(bad):
    run = Run("start s\nuser a\nend e\ns > a > e")
    with pytest.raises(Invalid):
        Instance.load(run.bundle, run.host, bad)


def test_a_state_is_small():
    run = Run("start s\nuser a\nend e\ns > a > e").start(order=17)
    saved = run.instance.dump()
    assert len(saved) < 120
    assert orjson.loads(saved)["v"] == 1
