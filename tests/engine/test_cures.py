"""Every cure: with it the story is right, without it the story shows the defect.

Cures that are an override are switched off in our own engine; where a whole mechanism was
replaced, the defect is shown on SpiffWorkflow as it comes.
"""

from collections.abc import Callable

import pytest
from SpiffWorkflow.bpmn.serializer import BpmnWorkflowSerializer
from SpiffWorkflow.util.deep_merge import DeepMerge

from app.core.errors import Conflict, Invalid
from app.engine import overrides
from app.engine.errors import BusinessError, UncaughtError
from app.engine.overrides import Cure, without
from tests.engine.host import Run
from tests.engine.stock import Stock
from tests.engine.test_kernel import COHANDLING, HANDLING, INCLUSIVE_LOOP, PARALLEL_LOOP


def both_branches_in_every_round(order: str) -> None:
    run = Run(PARALLEL_LOOP, keep=True).start(more=True)
    for place, task in enumerate(order):
        run.do(task, more=True)
        assert len(run.open) == (1 if place % 2 == 0 else 2), f"after {order[: place + 1]}"


def parallel_join() -> None:
    for order in ("abab", "abba", "baab", "baba"):
        both_branches_in_every_round(order)


def inclusive_join() -> None:
    for order in ("abab", "abba", "baab", "baba"):
        run = Run(INCLUSIVE_LOOP, keep=True).start(pa=True, pb=True, more=True)
        for place, task in enumerate(order):
            run.do(task)
            assert len(run.open) == (1 if place % 2 == 0 else 2), f"after {order[: place + 1]}"


LOOP = """
    start s
    xor round
    user work
    xor again default=out
    end e
    s > round > work > again
    again > round : more
    out: again > e
"""


def depth() -> None:
    run = Run(LOOP, keep=True).start()
    sizes = set()
    for _ in range(300):
        run.do("work", more=True)
        sizes.add(len(run.instance._net.tasks))
    assert len(sizes) == 1


BLOCKS = "start s\nend e\n" + "".join(
    f"and f{n}\nand j{n}\nuser a{n}\nuser b{n}\nuser c{n}\n" for n in range(6)
) + "s > f0\n" + "".join(
    f"f{n} > a{n} > j{n}\nf{n} > b{n} > j{n}\nf{n} > c{n} > j{n}\n"
    f"j{n} > {f'f{n + 1}' if n < 5 else 'e'}\n" for n in range(6)
)  # fmt: skip


def prediction() -> None:
    run = Run(BLOCKS, keep=True).start()
    assert run.instance._net.last_id < 20


def completion() -> None:
    run = Run(LOOP, keep=True).start()
    for _ in range(400):
        run.do("work", more=True)
        assert run.open == ["work"]
        assert not run.done
    run.do("work", more=False)
    assert run.done


def whole_values() -> None:
    run = Run(LOOP, keep=True).start(units=["a", "b"], rows=[{"id": 1, "x": 1}])
    run.do("work", units=["c"], rows=[{"id": 2}], more=True)
    assert run.instance.data["units"] == ["c"]
    assert run.instance.data["rows"] == [{"id": 2}]


def ready_only() -> None:
    run = Run(LOOP, keep=True).start()
    token = run.instance._net.find(run.instance.describe().tasks[0].token)
    run.do("work", more=True)
    with pytest.raises(Conflict):
        token.run()


def rearm() -> None:
    run = Run(HANDLING, keep=True).start()
    run.send("ping").send("ping")
    assert run.open.count("answer_ping") == 2


def cancel_inside() -> None:
    run = Run(COHANDLING, keep=True).start(units=["water", "power"])
    run.send("stop")
    assert run.open == ["stopped"]
    assert len(run.instance._net.subprocesses) == 0


def repeat_anywhere() -> None:
    text = """
        start s
        user work
        boundary go on=work message=go
        user each_one times=2
        end e
        s > work > e
        go > each_one > e
    """
    assert Run(text).start().send("go").open == ["each_one/1", "each_one/2"]


def service_errors() -> None:
    def refuse() -> None:
        raise BusinessError("busy")

    text = """
        start s
        service dial call=dial
        boundary busy on=dial error=busy
        user later
        end e
        s > dial > e
        busy > later > e
    """
    assert Run(text, dial=refuse).start().open == ["later"]


ERROR = """
    start s
    sub work
        start s1
        user decide
        end fail error=refused
        s1 > decide > fail
    user after
    end e
    s > work > after > e
"""


def uncaught_errors() -> None:
    run = Run(ERROR).start()
    with pytest.raises(UncaughtError):
        run.do("decide")


STORIES: dict[Cure, Callable[[], None]] = {
    Cure.PARALLEL_JOIN: parallel_join,
    Cure.INCLUSIVE_JOIN: inclusive_join,
    Cure.DEPTH: depth,
    Cure.PREDICTION: prediction,
    Cure.COMPLETION: completion,
    Cure.WHOLE_VALUES: whole_values,
    Cure.READY_ONLY: ready_only,
    Cure.REARM: rearm,
    Cure.CANCEL_INSIDE: cancel_inside,
    Cure.REPEAT_ANYWHERE: repeat_anywhere,
    Cure.SERVICE_ERRORS: service_errors,
    Cure.UNCAUGHT_ERRORS: uncaught_errors,
}

NEEDS_HISTORY = {Cure.PARALLEL_JOIN, Cure.INCLUSIVE_JOIN, Cure.COMPLETION}
"""What stock does there looks at the history, which only exists with the cure of depth off."""


@pytest.mark.parametrize("cure", STORIES)
def test_with_the_cure_the_story_is_right(cure):
    STORIES[cure]()


@pytest.mark.parametrize("cure", STORIES)
def test_without_the_cure_the_story_fails(cure):
    off = {cure} | ({Cure.DEPTH} if cure in NEEDS_HISTORY else set())
    with without(*off), pytest.raises(BaseException) as failed:
        STORIES[cure]()
    assert not isinstance(failed.value, KeyboardInterrupt)


@pytest.mark.parametrize("cure", sorted(NEEDS_HISTORY))
def test_these_cures_are_right_also_when_the_history_is_kept(cure):
    with without(Cure.DEPTH):
        STORIES[cure]()


def test_every_cure_has_a_story_or_is_shown_on_stock():
    assert set(STORIES) | {Cure.EVENT_GATEWAY, Cure.FROZEN_SPEC} == set(Cure)
    assert set(overrides.DEFECTS) == set(Cure)
    assert {o.cure for o in overrides.OVERRIDES} >= set(Cure) - {
        Cure.DEPTH, Cure.UNCAUGHT_ERRORS,
    }  # fmt: skip


def test_a_changed_library_is_refused_at_start_up(monkeypatch):
    overrides.verify()

    def merge(a, b):
        return a

    changed = overrides.Override(Cure.WHOLE_VALUES, merge, overrides.OVERRIDES[0].sha256)
    monkeypatch.setattr(overrides, "OVERRIDES", [changed])
    with pytest.raises(Invalid, match="merge"):
        overrides.verify()


# Shown on SpiffWorkflow as it comes ------------------------------------------------------------


def test_stock_lets_a_parallel_join_fire_early_in_the_second_round():
    early = 0
    for order in ("abab", "abba", "baab", "baba"):
        stock = Stock(PARALLEL_LOOP).start(more=True)
        for place, task in enumerate(order):
            if task not in stock.open or len(stock.open) != 2 - place % 2:
                early += 1
                break
            stock.do(task, more=True)
        else:
            early += len(stock.open) != 2
    assert early > 0


def test_stock_never_fires_the_second_timer_of_a_race_and_ours_does():
    text = """
        start s
        race r
        catch t1 duration=P9D
        catch t2 duration=PT1H
        user late
        user soon
        end e
        s > r
        r > t1 > late > e
        r > t2 > soon > e
    """
    assert Stock(text).start().wait(hours=3).open == []
    assert Run(text).start().wait(hours=3).open == ["soon"]


def test_stock_says_completed_while_a_task_has_never_run_and_ours_does_not():
    stock = Stock(LOOP).start(more=True)
    for _ in range(400):
        if stock.done or not stock.open:
            break
        stock.do("work", more=True)
    assert stock.done or not stock.open  # it ends, or stalls, although `more` is always true
    run = Run(LOOP, keep=True).start()
    for _ in range(260):
        run.do("work", more=True)
    assert run.open == ["work"]


def test_stock_cannot_load_data_with_a_certain_key_and_ours_can():
    stock = Stock(LOOP).start()
    stock.do("work", more=True, form={"typename": "poison"})
    serializer = BpmnWorkflowSerializer(BpmnWorkflowSerializer.configure())
    saved = serializer.serialize_json(stock.workflow)
    with pytest.raises((KeyError, TypeError, AttributeError)):
        serializer.deserialize_json(saved)
    assert Run(LOOP).start().do("work", more=True, form={"typename": "poison"}).open == ["work"]


def test_stock_merges_lists_element_by_element():
    assert DeepMerge.merge({"x": ["a", "b"]}, {"x": ["c"]}) != {"x": ["c"]}


def test_stock_completes_the_parent_of_an_uncaught_error():
    stock = Stock(ERROR).start()
    stock.do("decide")
    assert stock.open == ["after"] or stock.done


def test_stock_writes_into_shared_nodes_and_ours_does_not():
    text = "start s\nuser ask times=2\nend e\ns > ask > e"
    stock = Stock(text)
    node = stock.spec.task_specs["ask"]
    inner = stock.spec.task_specs[node.task_spec]
    assert inner.completed_event.n_subscribers() == 0
    stock.start()
    assert inner.completed_event.n_subscribers() == 1
    run = Run(text)
    inner = run.bundle.plans["p"].task_specs["ask#each"]
    run.start()
    assert inner.completed_event.n_subscribers() == 0


def test_stock_states_depend_on_the_order_of_stored_keys_and_ours_do_not():
    import orjson

    from app.engine.kernel import Instance

    run = Run(HANDLING).start(b=1, a=2)
    saved = orjson.loads(run.instance.dump())
    shuffled = orjson.dumps(saved, option=orjson.OPT_SORT_KEYS)
    again = Instance.load(run.bundle, run.host, shuffled)
    assert again.describe() == run.instance.describe()
