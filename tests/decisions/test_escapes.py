"""What was published as ways out of the sandboxes of others must not even compile here."""

import pytest

from app.decisions.feel.errors import FeelError
from app.decisions.feel.expression import compile_expression, compile_unary_tests

ESCAPES = [
    "__import__('os').popen('id').read()",
    '__import__("os").popen("id").read()',
    (
        "[c for c in ().__class__.__base__.__subclasses__() if c.__name__=='_wrap_close'][0]"
        ".__init__.__globals__['popen']('id').read()"
    ),
    "random._os.popen('id').read()",
    'random._os.popen("id").read()',
    "result.__class__",
    '"a".__class__.__mro__',
    "(function() result).__globals__",
    "[1][item.__class__ = 1]",
    "{__class__: 1}.__class__",
    "lambda: 1",
    "exec(result)",
    'eval("1")',
    'open("/etc/passwd")',
    'function() external {java: {class: "java.lang.Math", "method signature": "abs(int)"}}',
    "result if amount else 1",
    "result; amount",
    "`id`",
    '"a" % amount',
    "result := 1",
]


@pytest.mark.parametrize("text", ESCAPES)
def test_a_published_escape_is_refused_when_the_expression_is_compiled(text: str) -> None:
    with pytest.raises(FeelError) as refusal:
        compile_expression(text, names={"result", "amount"})
    assert refusal.value.line == 1
    assert refusal.value.phrase.zh
    assert refusal.value.phrase.en


@pytest.mark.parametrize("text", ESCAPES[:7])
def test_an_escape_is_refused_where_no_names_are_declared_and_in_cells_of_tables(text: str) -> None:
    with pytest.raises(FeelError):
        compile_expression(text)
    with pytest.raises(FeelError):
        compile_unary_tests(text, names={"result"})


def test_python_callables_in_the_data_are_never_called() -> None:
    called = []
    expression = compile_expression("result(1)")
    assert expression.evaluate({"result": lambda _value: called.append(1)}) is None
    assert not called


def test_data_cannot_shadow_a_function() -> None:
    expression = compile_expression("count(xs)", names={"xs", "count"})
    assert expression.evaluate({"xs": [1, 2], "count": 7}) == 2
