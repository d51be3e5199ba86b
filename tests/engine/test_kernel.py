"""How tokens move: each story runs with a save and a load after every step."""

from datetime import timedelta

import pytest

from app.core.errors import Conflict, NotFound
from app.engine.errors import BusinessError, ProcessFault, UncaughtError
from tests.engine.host import T0, Run

LINE = """
    start s
    user register
    user reply role=handler
    end e
    s > register > reply > e
"""


def test_a_line_of_user_tasks_is_done_one_after_the_other():
    run = Run(LINE).start(urgent=True)
    assert run.open == ["register"]
    run.do("register")
    assert run.open == ["reply"]
    assert [how for _, how in run.last.closed] == ["completed"]
    assert run.last.opened[0].role == "handler"
    run.do("reply", answer="done")
    assert run.done
    assert run.instance.data == {"urgent": True, "answer": "done"}
    assert run.instance.dump() == b""
    assert run.trace == [
        "e:s", "l:s", "e:register", "l:register", "e:reply", "l:reply", "e:e", "l:e",
    ]  # fmt: skip


def test_a_task_that_is_not_open_is_refused():
    run = Run(LINE).start()
    with pytest.raises(Conflict):
        run.do("reply")
    token = run.instance.describe().tasks[0].token
    run.do(token)
    with pytest.raises(Conflict):
        run.do(token)
    assert run.open == ["reply"]


CHOICE = """
    start s
    user review
    xor check default=again
    service close call=close gives=reason
    end e
    s > review > check
    check > close : result = "ok" and score >= 3
    again: check > review
    close > e
"""


def test_an_exclusive_gateway_takes_the_first_true_flow_or_the_default():
    run = Run(CHOICE, close=lambda: {"reason": "resolved", "other": 1}).start(score=3)
    run.do("review", result="bad")
    assert run.open == ["review"]
    run.do("review", result="ok")
    assert run.done
    assert run.instance.data["reason"] == "resolved"
    assert "other" not in run.instance.data


def test_no_true_condition_and_no_default_is_a_fault_and_the_instance_is_thrown_away():
    run = Run("""
        start s
        user a
        xor x
        end e
        end f
        s > a > x
        x > e : go = 1
        x > f : go = 2
    """).start()
    with pytest.raises(ProcessFault):
        run.do("a", go=3)
    with pytest.raises(RuntimeError):
        run.instance.dump()


PARALLEL_LOOP = """
    start s
    xor round
    and fork
    user a
    user b
    and join
    xor again default=out
    end e
    s > round > fork
    fork > a > join
    fork > b > join
    join > again
    again > round : more
    out: again > e
"""


@pytest.mark.parametrize("order", [("a", "b", "a", "b"), ("a", "b", "b", "a"),
                                   ("b", "a", "a", "b"), ("b", "a", "b", "a")])  # fmt: skip
def test_a_parallel_join_in_a_loop_waits_for_both_in_every_round(order):
    run = Run(PARALLEL_LOOP).start(more=True)
    for number, task in enumerate(order):
        run.do(task, more=number < 2)
        if number % 2 == 0:
            assert len(run.open) == 1
    assert run.done


INCLUSIVE_LOOP = """
    start s
    or fork default=none
    user a
    user b
    user c
    or join
    xor again default=out
    end e
    s > fork
    fork > a : pa
    fork > b : pb
    none: fork > c
    a > join
    b > join
    c > join
    join > again
    again > fork : more
    out: again > e
"""


def test_an_inclusive_join_waits_for_the_branches_that_were_taken():
    run = Run(INCLUSIVE_LOOP).start(pa=True, pb=True, more=True)
    assert run.open == ["a", "b"]
    run.do("a")
    assert run.open == ["b"]
    run.do("b", pa=False)
    assert run.open == ["b"]
    run.do("b", pb=False)
    assert run.open == ["c"]
    run.do("c", pa=True, pb=True)
    assert run.open == ["a", "b"]
    run.do("b", more=False)
    assert run.open == ["a"]
    run.do("a")
    assert run.done


def test_excess_tokens_stay_at_a_parallel_join():
    run = Run("""
        start s
        and fork
        user a
        xor merge
        user b
        and join
        end e
        s > fork
        fork > a > merge
        fork > merge
        merge > join
        fork > b > join
        join > e
    """).start()
    run.do("a")  # the second token on the same flow
    run.do("b")
    assert not run.done
    assert [t.element_id for t in run.instance.describe().tokens] == ["join"]
    assert run.instance.describe().stuck


def test_a_race_is_won_by_the_first_event():
    text = """
        start s
        race r
        catch m message=answer
        catch t1 duration=P1D
        catch t2 duration=P2D
        user after
        user late
        user later
        end e
        s > r
        r > m > after > e
        r > t1 > late > e
        r > t2 > later > e
    """
    assert Run(text).start().wait(hours=25).open == ["late"]
    run = Run(text).start()
    assert (run.waits, run.timers) == (["answer"], ["t1", "t2"])
    run.send("answer", who="citizen")
    assert (run.open, run.waits, run.timers) == (["after"], [], [])
    assert run.instance.data == {"who": "citizen"}
    assert len(run.last.disarmed) == 2


def test_the_second_timer_of_a_race_fires_when_it_is_the_earlier_one():
    run = Run("""
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
    """).start()
    assert run.wait(hours=2).open == ["soon"]


HANDLING = """
    start s
    sub handle
        start s1
        user contact
        user reply
        end e1
        s1 > contact > reply > e1
    boundary yellow on=handle beside duration=P2D
    boundary red on=handle duration=P5D
    boundary ping on=handle beside message=ping
    user warn
    user overdue
    user answer_ping
    user review
    end e
    s > handle > review > e
    yellow > warn > e
    red > overdue > e
    ping > answer_ping > e
"""


def test_boundary_timers_of_a_sub_process_fire_beside_and_instead_of_it():
    run = Run(HANDLING).start()
    assert run.open == ["contact"]
    run.do("contact").wait(days=3)
    assert run.open == ["reply", "warn"]
    run.wait(days=3)
    assert run.open == ["overdue", "warn"]
    assert run.timers == []
    run.do("overdue").do("warn")
    assert run.done


def test_a_finished_sub_process_disarms_its_boundaries():
    run = Run(HANDLING).start().do("contact").do("reply")
    assert (run.open, run.timers, run.waits) == (["review"], [], [])
    assert run.wait(days=30).open == ["review"]


def test_a_non_interrupting_message_boundary_catches_again_and_again():
    run = Run(HANDLING).start()
    for _ in range(3):
        run.send("ping")
    assert run.open == ["answer_ping"] * 3 + ["contact"]


def test_a_repeating_timer_fires_as_often_as_it_says_at_even_distances():
    run = (
        Run("""
        start s
        user work
        boundary tick on=work beside cycle=R3/PT6H
        service remind call=remind
        end e
        s > work > e
        tick > remind > e
    """)
        .start()
        .wait(days=5)
    )
    assert [at - T0 for _, _, at in run.host.calls] == [timedelta(hours=6 * n) for n in (1, 2, 3)]
    assert run.timers == []
    assert run.open == ["work"]


def test_an_error_is_caught_by_its_code_and_cancels_what_is_inside():
    run = Run("""
        start s
        sub work
            start s1
            and fork
            user decide
            user other
            xor ok default=fine
            end fail error=refused
            end e1
            s1 > fork
            fork > decide > ok
            fork > other > e1
            ok > fail : bad
            fine: ok > e1
        boundary any_error on=work error=other_error
        boundary refused on=work error=refused
        user repair
        user wrong
        end e
        s > work > e
        any_error > wrong > e
        refused > repair > e
    """).start()
    run.do("decide", bad=True)
    assert run.open == ["repair"]
    assert {"c:other", "c:work"} <= set(run.trace)


def test_an_error_nobody_catches_is_a_fault_and_not_a_silent_end():
    run = Run("""
        start s
        sub work
            start s1
            user decide
            end fail error=refused
            s1 > decide > fail
        end e
        s > work > e
    """).start()
    with pytest.raises(UncaughtError):
        run.do("decide")


def test_a_service_may_fail_with_an_error_the_diagram_catches():
    def refuse() -> None:
        raise BusinessError("busy", {"why": "line"})

    text = """
        start s
        service call_out call=dial
        boundary busy on=call_out error=busy
        user later
        end e
        s > call_out > e
        busy > later > e
    """
    run = Run(text, dial=refuse).start()
    assert run.open == ["later"]
    assert run.instance.data == {"why": "line"}


def test_any_other_failure_of_a_service_comes_out_as_it_is():
    def broken() -> None:
        raise ZeroDivisionError("real cause")

    with pytest.raises(ZeroDivisionError, match="real cause"):
        Run("start s\nservice x call=dial\nend e\ns > x > e", dial=broken).start()


def test_an_escalation_beside_lets_the_inside_go_on():
    run = Run("""
        start s
        sub work
            start s1
            throw tell escalation=leader
            user go_on
            end e1
            s1 > tell > go_on > e1
        boundary leader on=work beside escalation=leader
        user look
        end e
        s > work > e
        leader > look > e
    """).start()
    assert run.open == ["go_on", "look"]


def test_terminate_ends_everything_in_its_own_scope_only():
    run = Run("""
        start s
        sub work
            start s1
            and fork
            user a
            user b
            end stop terminate
            end e1
            s1 > fork
            fork > a > stop
            fork > b > e1
        user after
        end e
        s > work > after > e
    """).start()
    run.do("a")
    assert run.open == ["after"]


def test_a_called_process_works_on_its_own_copy_that_comes_back():
    run = Run(
        """
        start s
        call co process=p1
        user after
        end e
        s > co > after > e
        """,
        """
        start s1
        user inner
        end e1
        s1 > inner > e1
        """,
    ).start(x=1)
    assert run.open == ["inner"]
    assert run.instance.describe().tasks[0].process_key == "p1"
    run.do("inner", x=2, y=3)
    assert run.open == ["after"]
    assert run.instance.data == {"x": 2, "y": 3}


COHANDLING = """
    start s
    sub co each=units as=unit collect=opinion into=opinions
        start s1
        user ask
        end e1
        s1 > ask > e1
    boundary stop on=co message=stop
    boundary late on=co beside duration=P1D
    user sum_up
    user stopped
    user urge
    end e
    s > co > sum_up > e
    stop > stopped > e
    late > urge > e
"""


def test_parallel_instances_each_see_their_item_and_collect_in_order():
    run = Run(COHANDLING).start(units=["water", "power", "gas"])
    tasks = run.instance.describe().tasks
    assert [t.element_id for t in tasks] == ["ask"] * 3
    for task in reversed(tasks):
        run.do(task.token, opinion=f"from {task.token}")
    assert run.open == ["sum_up"]
    assert run.instance.data["opinions"] == [f"from {t.token}" for t in tasks]
    assert "unit" not in run.instance.data
    assert "opinion" not in run.instance.data


def test_an_interrupting_boundary_ends_all_instances_of_a_repeated_sub_process():
    run = Run(COHANDLING).start(units=["water", "power", "gas"])
    run.do(run.instance.describe().tasks[0].token, opinion="yes")
    run.wait(hours=25)
    assert run.open == ["ask", "ask", "urge"]
    run.send("stop")
    assert run.open == ["stopped", "urge"]
    run.do("stopped").do("urge")
    assert run.done


def test_an_empty_collection_is_passed_through():
    run = Run(COHANDLING).start(units=[])
    assert run.open == ["sum_up"]
    assert run.instance.data["opinions"] == []


def test_sequential_instances_come_one_after_the_other_until_enough():
    run = Run(
        """
        start s
        user vote each=people as=who collect=answer into=answers sequential until=enough(answers)
        end e
        s > vote > e
    """.replace("enough(answers)", '"count(answers[item=wanted])>=2"')
    )
    run.start(people=["a", "b", "c", "d"], wanted="yes")
    assert run.open == ["vote/1"]
    run.do("vote", answer="yes").do("vote", answer="no")
    assert run.open == ["vote/3"]
    run.do("vote", answer="yes")
    assert run.done
    assert run.instance.data["answers"] == ["yes", "no", "yes"]


def test_a_repeated_task_behind_a_boundary_event_works():
    run = Run("""
        start s
        user work
        boundary go on=work message=go
        user each_one times=2
        end e
        s > work > e
        go > each_one > e
    """).start()
    run.send("go")
    assert run.open == ["each_one/1", "each_one/2"]
    run.do(run.instance.describe().tasks[1].token)
    run.do("each_one")
    assert run.done


def test_a_standard_loop_runs_while_its_condition_holds():
    run = Run("""
        start s
        user ask while="reached = false" max=3
        end e
        s > ask > e
    """).start()
    run.do("ask", reached=False)
    assert run.open == ["ask/2"]
    run.do("ask", reached=True)
    assert run.done


def test_a_standard_loop_tested_before_may_not_run_at_all():
    text = """
        start s
        user ask while="more" before
        user after
        end e
        s > ask > after > e
    """
    assert Run(text).start(more=False).open == ["after"]
    assert Run(text).start(more=True).open == ["ask/1"]


def test_a_message_reaches_exactly_one_receiver_or_nobody():
    run = Run("""
        start s
        and fork
        receive one message=reply
        receive two message=reply
        end e
        s > fork
        fork > one > e
        fork > two > e
    """).start()
    with pytest.raises(Conflict):
        run.send("reply")
    run.send("reply", "two")
    assert run.waits == ["reply"]
    run.send("reply")
    assert run.done


def test_a_message_nobody_waits_for_is_refused():
    run = Run(LINE).start()
    with pytest.raises(Conflict):
        run.send("reply")
    assert run.open == ["register"]


def test_a_signal_reaches_everyone_and_a_thrown_message_is_reported():
    run = Run("""
        start s
        and fork
        catch one signal=storm
        catch two signal=storm
        user wait_for_it
        throw send message=report
        end e
        s > fork
        fork > one > e
        fork > two > e
        fork > wait_for_it > send > e
    """).start()
    run.signal("storm")
    assert run.waits == []
    run.do("wait_for_it")
    assert [(t.kind, t.name) for t in run.last.thrown] == [("message", "report")]
    assert run.done


def test_a_timer_may_ask_a_clock_or_for_working_time():
    run = Run("""
        start s
        user work
        boundary red on=work date=clock(n,r)
        catch pause duration=working_hours(4)
        user late
        end e
        s > work > pause > e
        red > late > e
    """).start(n="handle", r="red")
    assert [(t.clock, t.rung, t.due_at) for t in run.instance.describe().timers] == [
        ("handle", "red", None)
    ]
    run.do("work")
    assert run.instance.describe().timers[0].due_at == T0 + timedelta(hours=4)
    assert run.wait(hours=5).done


def test_a_jump_puts_the_process_anywhere_even_inside_a_sub_process():
    run = Run(HANDLING).start().do("contact").do("reply")
    assert run.open == ["review"]
    run.did(run.instance.jump("reply", at=run.now))
    assert run.open == ["reply"]
    assert run.timers == ["red", "yellow"]
    run.do("reply").do("review")
    assert run.done


def test_a_jump_to_an_unknown_element_is_refused():
    run = Run(HANDLING).start()
    with pytest.raises(NotFound):
        run.instance.jump("nowhere", at=run.now)


def test_cancelling_ends_everything():
    run = Run(HANDLING).start()
    run.did(run.instance.cancel(at=run.now))
    assert run.done
    assert [how for _, how in run.last.closed] == ["cancelled"]
    assert len(run.last.disarmed) == 2
    assert len(run.last.unwaits) == 1


def test_a_diagram_that_goes_round_without_waiting_is_stopped():
    with pytest.raises(ProcessFault):
        Run("""
            start s
            xor x default=on
            xor y default=out
            end e
            s > x
            on: x > y
            y > x : forever
            out: y > e
        """).start(forever=True)


def test_conditional_and_several_flows_out_of_a_task_are_all_taken():
    run = Run("""
        start s
        user a
        user b
        user c
        user d
        end e
        s > a
        a > b : x > 1
        a > c
        a > d : x > 5
        b > e
        c > e
        d > e
    """).start()
    run.do("a", x=3)
    assert run.open == ["b", "c"]


def test_a_bundle_is_not_changed_by_running():
    run = Run(COHANDLING)
    before = run.bundle.fingerprint()
    run.start(units=["a", "b"]).send("stop").do("stopped")
    assert run.done
    assert run.bundle.fingerprint() == before


def test_many_threads_share_one_bundle():
    from concurrent.futures import ThreadPoolExecutor

    from app.engine.kernel import Instance

    run = Run(COHANDLING)
    before = run.bundle.fingerprint()

    def live(number: int) -> object:
        mine = Instance(run.bundle, run.host)
        mine.start({"units": [number, number + 1]}, at=T0)
        for task in mine.describe().tasks:
            mine.complete(task.token, {"opinion": number}, at=T0)
        mine.complete("sum_up", {}, at=T0)
        assert mine.completed
        return mine.data["opinions"]

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(live, range(200))) == [[n, n] for n in range(200)]
    assert run.bundle.fingerprint() == before


def test_a_state_that_grows_beyond_all_bounds_is_refused():
    run = Run(LINE).start()
    with pytest.raises(ProcessFault):
        run.do("register", text="x" * 300_000)


def test_data_that_no_state_can_hold_is_refused():
    run = Run(LINE).start()
    for bad in ({1: "x"}, {"a": object()}, {"a": T0.replace(tzinfo=None)}):
        with pytest.raises(ValueError, match=r"process data|naive"):
            Run(LINE).start(bad=bad)
    assert run.open == ["register"]


def test_every_kind_of_value_survives_a_save():
    from datetime import date, time
    from decimal import Decimal

    given = {
        "typename": {"typename": "poison", "$at": "x", "$$b": [1]},
        "amount": Decimal("0.10"), "whole": Decimal(3), "float": 0.1,
        "at": T0, "on": date(2026, 3, 2), "time": time(8, 30),
        "span": timedelta(days=-1, seconds=3),
        "list": [{"id": 1, "x": 1}, [None, True]], "z": 1, "a": 2,
    }  # fmt: skip
    run = Run(LINE).start(**given)
    assert run.instance.data == given | {"float": Decimal("0.1")}
    assert list(run.instance.data) == list(given)
