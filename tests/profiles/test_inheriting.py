"""Narrowing the default's rows to what a profile's own rows leave: exact, on small tables."""

import random
from itertools import product
from pathlib import Path

import pytest

from app.core.errors import Invalid
from app.decisions.dmn import read_model
from app.decisions.errors import DecisionError
from app.profiles.inheriting import MARK, Cell, renewed
from app.profiles.shelf import load

COLOURS, SIZES = ("red", "green", "blue"), ("small", "large")


def quoted(values: tuple[str, ...]) -> str:
    return ",".join(f'"{value}"' for value in values)


def table(rows: list[tuple[str, str, str, str]], policy: str = "UNIQUE") -> bytes:
    """A table `price` over colour and size; rows are colour, size, price and annotation."""
    rules = "".join(
        f"<rule id='r{n}'><inputEntry><text>{a}</text></inputEntry>"
        f"<inputEntry><text>{b}</text></inputEntry><outputEntry><text>{price}</text></outputEntry>"
        f"<annotationEntry><text>{note}</text></annotationEntry></rule>"
        for n, (a, b, price, note) in enumerate(rows)
    )
    columns = "".join(
        f"<input><inputExpression typeRef='string'><text>{name}</text></inputExpression>"
        f"<inputValues><text>{quoted(values)}</text></inputValues></input>"
        for name, values in (("colour", COLOURS), ("size", SIZES))
    )
    return (
        "<definitions xmlns='https://www.omg.org/spec/DMN/20191111/MODEL/' id='d' name='d' "
        "namespace='d'><decision id='price' name='price'><variable name='price'/>"
        "<informationRequirement><requiredInput href='#c'/></informationRequirement>"
        "<informationRequirement><requiredInput href='#s'/></informationRequirement>"
        f"<decisionTable hitPolicy='{policy}'>{columns}<output name='price' typeRef='number'/>"
        f"<annotation name='依据'/>{rules}</decisionTable></decision>"
        "<inputData id='c' name='colour'><variable name='colour' typeRef='string'/></inputData>"
        "<inputData id='s' name='size'><variable name='size' typeRef='string'/></inputData>"
        "</definitions>"
    ).encode()


def answers(xml: bytes) -> dict[tuple[str, str], object]:
    model = read_model(xml)
    return {
        (colour, size): model.decide({"colour": colour, "size": size}).outputs
        for colour, size in product(COLOURS, SIZES)
    }


def cell(random_: random.Random, values: tuple[str, ...]) -> str:
    chosen = [f'"{value}"' for value in values if random_.random() < 0.5]
    if not chosen:
        return "-"
    listed = ",".join(chosen)
    return f"not({listed})" if random_.random() < 0.3 and len(chosen) < len(values) else listed


@pytest.mark.parametrize("seed", range(60))
def test_own_rows_win_and_the_default_answers_everywhere_else(seed: int) -> None:
    random_ = random.Random(seed)
    default = table(
        [
            ('"red"', "-", "1", "甲"),
            ('not("red")', '"small"', "2", "乙"),
            ('"green","blue"', '"large"', "3", "丙"),
        ]
    )
    own = table([(cell(random_, COLOURS), cell(random_, SIZES), "9", "本地")])
    made = renewed(default, own)
    expected = answers(default)
    model = read_model(own)
    for colour, size in product(COLOURS, SIZES):
        try:
            model.decide({"colour": colour, "size": size})
        except DecisionError:  # the own row does not speak of these
            continue
        expected[colour, size] = 9
    assert answers(made) == expected
    assert renewed(default, made) == made


def test_a_row_the_default_changed_is_taken_over_again_and_own_rows_stay() -> None:
    old, new = (table([("-", "-", price, note)]) for price, note in (("1", "旧"), ("2", "新")))
    mine = renewed(old, table([('"red"', "-", "9", "本地")]))
    assert set(answers(mine).values()) == {1, 9}
    again = renewed(new, mine)
    assert set(answers(again).values()) == {2, 9}
    assert f"{MARK}：新" in again.decode()
    assert "旧" not in again.decode()


def test_where_the_first_row_wins_the_default_stands_whole_below_the_own_rows() -> None:
    default = table([('"red"', "-", "1", "甲"), ("-", "-", "2", "乙")], "FIRST")
    made = renewed(default, table([("-", '"large"', "9", "本地")], "FIRST"))
    assert answers(made) == {
        (colour, size): 9 if size == "large" else 1 if colour == "red" else 2
        for colour, size in product(COLOURS, SIZES)
    }
    assert made.count(MARK.encode()) == 2


def test_where_several_rows_match_a_profile_keeps_the_rows_it_has() -> None:
    default = table([('"red"', "-", "1", "甲"), ("-", '"small"', "2", "乙")], "COLLECT")
    kept = table([('"red"', "-", "8", f"{MARK}：旧"), ("-", "-", "9", "本地")], "COLLECT")
    made = read_model(renewed(default, kept))
    assert made.decide({"colour": "red", "size": "small"}).outputs == [1, 9]


def test_a_condition_that_is_no_list_must_be_the_same_in_both() -> None:
    default = load("default").tables["traffic_light"].read_bytes()
    own = Path(load("shandong_2020").tables["traffic_light"]).read_bytes()
    other = own.replace(b"<text>-</text>", b"<text>&lt;= 3</text>", 1)
    assert other != own
    with pytest.raises(Invalid, match="overlap"):
        renewed(default, other)


def test_a_cell_is_written_in_the_order_of_the_allowed_values() -> None:
    assert Cell.read('"b","a"').written(['"a"', '"b"', '"c"']) == '"a","b"'
    assert Cell.read('not("a")').written([]) == 'not("a")'
    assert Cell.read("-").written(['"a"']) == "-"
    assert Cell.read("<= 5").written([]) == "<= 5"
