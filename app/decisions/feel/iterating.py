"""`for`, `some`, `every` and filters."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from app.core.phrase import Phrase
from app.decisions.feel.errors import TooCostly
from app.decisions.feel.limits import MAX_LIST
from app.decisions.feel.run import Code, Run
from app.decisions.feel.syntax import Position
from app.decisions.feel.values import Range, Value, kind


@dataclass(frozen=True, slots=True)
class Source:
    """What one variable runs over: a list or range, or from `code` to `high`."""

    slot: int
    code: Code
    high: Code | None
    at: Position


def for_each(sources: Sequence[Source], body: Code, partial: int | None) -> Code:
    """`for … return body`; `partial` is the slot of the results so far, where the body reads it."""

    def run_all(run: Run) -> Value:
        results: list[Value] = []

        def step() -> bool:
            if partial is not None:
                run.spend(len(results))
                run.locals[partial] = results.copy()
            results.append(body(run))
            if len(results) > MAX_LIST:
                raise TooCostly(_TOO_LONG)
            return True

        return None if _walk(run, sources, 0, step) is None else results

    return run_all


def quantified(some: bool, sources: Sequence[Source], condition: Code, at: Position) -> Code:
    """`some` (or) or `every` (and) over all combinations, in three-valued logic."""

    def decide(run: Run) -> Value:
        unknown: list[Value] = []

        def step() -> bool:
            truth = condition(run)
            if truth is some:
                return False
            if truth is not (not some):
                unknown.append(truth)
            return True

        complete = _walk(run, sources, 0, step)
        if complete is None:
            return None
        if not complete:
            return some
        if not unknown:
            return not some
        if any(value is not None for value in unknown):
            return run.null(
                Phrase("条件必须是 true 或 false。", "The condition must be true or false."), at
            )
        return None

    return decide


def _walk(run: Run, sources: Sequence[Source], level: int, step: Callable[[], bool]) -> bool | None:
    """Call `step` for each combination until it says False; None if a source is null."""
    if level == len(sources):
        return step()
    source = sources[level]
    elements = _elements(run, source)
    if elements is None:
        return None
    slots, slot = run.locals, source.slot
    for element in elements:
        run.spend()
        slots[slot] = element
        go_on = _walk(run, sources, level + 1, step)
        if not go_on:
            return go_on
    return True


def _elements(run: Run, source: Source) -> Iterator[Value] | list[Value] | None:
    value = source.code(run)
    if source.high is not None:
        return _counted(run, value, source.high(run), source.at)
    if type(value) is list:
        return value
    if type(value) is Range:
        low, high = value.low, value.high
        if type(low) is Decimal and type(high) is Decimal:
            low = low if value.low_included else low + 1
            high = high if value.high_included else high - 1
            return _counted(run, low, high, source.at) if low <= high else []
        if type(low) is date and type(high) is date:
            low = low if value.low_included else low + timedelta(days=1)
            high = high if value.high_included else high - timedelta(days=1)
            return _counted(run, low, high, source.at) if low <= high else []
    if value is None or type(value) is Range:
        run.null(
            Phrase(
                f"“{kind(value)}”不能逐个取值。", f"A value of type {kind(value)} has no elements."
            ),
            source.at,
        )
        return None
    return [value]


def _counted(run: Run, low: Value, high: Value, at: Position) -> Iterator[Value] | None:
    if type(low) is Decimal and type(high) is Decimal and low == low.to_integral_value():
        if high == high.to_integral_value():
            return _numbers(int(low), int(high))
    elif type(low) is date and type(high) is date:
        return _days(low, high)
    run.null(
        Phrase("区间的两端必须是整数或日期。", "Both ends must be whole numbers or dates."), at
    )
    return None


def _numbers(low: int, high: int) -> Iterator[Decimal]:
    step = 1 if low <= high else -1
    return (Decimal(number) for number in range(low, high + step, step))


def _days(low: date, high: date) -> Iterator[date]:
    step = 1 if low <= high else -1
    first, last = low.toordinal(), high.toordinal()
    return (date.fromordinal(day) for day in range(first, last + step, step))


def filtered(operand: Code, condition: Code, slots: tuple[int, int], at: Position) -> Code:
    """`list[index]` or `list[condition]`; `slots` hold the item, by name and for its entries."""
    named, entries = slots

    def run_all(run: Run) -> Value:
        value = operand(run)
        if value is None:
            return None
        items = value if type(value) is list else [value]
        slots_now = run.locals
        kept: list[Value] = []
        probe = not items
        for item in [None] if probe else items:
            run.spend()
            slots_now[named] = slots_now[entries] = item
            truth = condition(run)
            if truth is True and not probe:
                kept.append(item)
            elif type(truth) is Decimal:
                return _indexed(run, items, truth, at)
            elif truth is not None and type(truth) is not bool:
                return run.null(
                    Phrase(
                        "过滤条件必须是序号或 true/false。",
                        "A filter must be an index or true or false.",
                    ),
                    at,
                )
        return kept

    return run_all


def _indexed(run: Run, items: list[Value], index: Decimal, at: Position) -> Value:
    if index == index.to_integral_value():
        place = int(index)
        if 0 < place <= len(items):
            return items[place - 1]
        if -len(items) <= place < 0:
            return items[place]
    return run.null(
        Phrase(f"列表没有第 {index} 个元素。", f"The list has no element number {index}."), at
    )


_TOO_LONG = Phrase(
    f"结果超过 {MAX_LIST} 个元素，已停止。",
    f"The result has more than {MAX_LIST} elements: stopped.",
)
