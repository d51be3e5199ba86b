from tests.engine.host import Run

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
    assert run.last.closed == (("4", "completed"),) or len(run.last.closed) == 1
    assert run.last.opened[0].role == "handler"
    run.do("reply", answer="done")
    assert run.done
    assert run.instance.data == {"urgent": True, "answer": "done"}
    assert run.instance.dump() == b""
