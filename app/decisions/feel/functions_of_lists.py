"""Built-in functions on lists and contexts."""

from decimal import Decimal
from functools import cmp_to_key

from app.decisions.feel.calling import invoke
from app.decisions.feel.errors import FeelNull
from app.decisions.feel.functions import builtin
from app.decisions.feel.limits import MAX_LIST
from app.decisions.feel.run import Run
from app.decisions.feel.values import NUMBERS, Function, Value, equal, kind, less


@builtin("list contains", "list: list, element: any")
def _list_contains(run: Run, items: list[Value], element: Value) -> bool:
    run.spend(len(items))
    return any(equal(item, element, run.spend) for item in items)


@builtin("count", "list: list")
def _count(_run: Run, items: list[Value]) -> Decimal:
    return Decimal(len(items))


@builtin("min", "list: list", "*list: any")
def _min(run: Run, *arguments: Value) -> Value:
    return _extreme(run, _flat_arguments(arguments), largest=False)


@builtin("max", "list: list", "*list: any")
def _max(run: Run, *arguments: Value) -> Value:
    return _extreme(run, _flat_arguments(arguments), largest=True)


def _flat_arguments(arguments: tuple[Value, ...]) -> list[Value]:
    """The values of a call with one list or with the values themselves; there must be some."""
    if not arguments:
        raise FeelNull("至少要一个值。", "At least one value is needed.")
    if len(arguments) == 1 and type(arguments[0]) is list:
        return arguments[0]
    return list(arguments)


def _extreme(run: Run, items: list[Value], *, largest: bool) -> Value:
    run.spend(len(items))
    if not items:
        return None
    best = items[0]
    if less(best, best) is None:
        raise _not_comparable()
    for item in items[1:]:
        smaller = less(item, best)
        if smaller is None:
            raise _not_comparable()
        if smaller is not largest and item != best:
            best = item
    return best


def _not_comparable() -> FeelNull:
    return FeelNull("列表里的值不能互相比较。", "The elements cannot be compared.")


def _numbers(run: Run, arguments: tuple[Value, ...]) -> list[Decimal]:
    items = _flat_arguments(arguments)
    run.spend(len(items))
    if any(type(item) is not Decimal for item in items):
        raise FeelNull("列表里必须都是数字。", "All elements must be numbers.")
    return items


@builtin("sum", "list: list", "*list: any")
def _sum(run: Run, *arguments: Value) -> Value:
    numbers = _numbers(run, arguments)
    return _added(numbers) if numbers else None


@builtin("product", "list: list", "*list: any")
def _product(run: Run, *arguments: Value) -> Decimal | None:
    numbers = _numbers(run, arguments)
    total = Decimal(1)
    for number in numbers:
        total = NUMBERS.multiply(total, number)
    return total if numbers else None


@builtin("mean", "list: list", "*list: any")
def _mean(run: Run, *arguments: Value) -> Decimal | None:
    numbers = _numbers(run, arguments)
    if not numbers:
        return None
    return NUMBERS.divide(_added(numbers), Decimal(len(numbers)))


def _added(numbers: list[Decimal]) -> Decimal:
    total = Decimal(0)
    for number in numbers:
        total = NUMBERS.add(total, number)
    return total


@builtin("median", "list: list", "*list: any")
def _median(run: Run, *arguments: Value) -> Decimal | None:
    numbers = sorted(_numbers(run, arguments))
    if not numbers:
        return None
    middle = len(numbers) // 2
    if len(numbers) % 2:
        return numbers[middle]
    return NUMBERS.divide(NUMBERS.add(numbers[middle - 1], numbers[middle]), Decimal(2))


@builtin("stddev", "list: list", "*list: any")
def _stddev(run: Run, *arguments: Value) -> Decimal:
    numbers = _numbers(run, arguments)
    if len(numbers) < 2:
        raise FeelNull("标准差至少要两个数。", "A standard deviation needs two numbers.")
    mean = NUMBERS.divide(_added(numbers), Decimal(len(numbers)))
    squares = [NUMBERS.power(NUMBERS.subtract(n, mean), Decimal(2)) for n in numbers]
    return NUMBERS.sqrt(NUMBERS.divide(_added(squares), Decimal(len(numbers) - 1)))


@builtin("mode", "list: list", "*list: any")
def _mode(run: Run, *arguments: Value) -> list[Decimal]:
    counts: dict[Decimal, int] = {}
    for number in _numbers(run, arguments):
        counts[number] = counts.get(number, 0) + 1
    most = max(counts.values(), default=0)
    return sorted(number for number, count in counts.items() if count == most)


@builtin("all", "list: list", "*list: any")
def _all(_run: Run, *arguments: Value) -> bool | None:
    return _decide(arguments, decisive=False)


@builtin("any", "list: list", "*list: any")
def _any(_run: Run, *arguments: Value) -> bool | None:
    return _decide(arguments, decisive=True)


def _decide(arguments: tuple[Value, ...], *, decisive: bool) -> bool | None:
    items = _flat_arguments(arguments)
    if arguments == (None,):
        raise FeelNull("至少要一个值。", "At least one value is needed.")
    if any(item is decisive for item in items):
        return decisive
    if all(type(item) is bool for item in items):
        return not decisive
    if any(item is not None and type(item) is not bool for item in items):
        raise FeelNull("列表里必须都是 true 或 false。", "All elements must be true or false.")
    return None


@builtin("sublist", "list: list, start position: number, length?: number")
def _sublist(
    _run: Run, items: list[Value], start: Decimal, length: Decimal | None = None
) -> list[Value]:
    begin = _place(items, start)
    if length is None:
        return items[begin:]
    if length < 1 or begin + int(length) > len(items):
        raise FeelNull("长度超出列表。", "The length goes beyond the list.")
    return items[begin : begin + int(length)]


def _place(items: list[Value], position: Decimal) -> int:
    place = int(position)
    if place == 0 or abs(place) > len(items) or place != position:
        raise FeelNull("位置不在列表里。", "The position is outside the list.")
    return place - 1 if place > 0 else len(items) + place


def _bounded(run: Run, items: list[Value]) -> list[Value]:
    run.spend(len(items))
    if len(items) > MAX_LIST:
        raise FeelNull("列表太长。", "The list is too long.")
    return items


@builtin("append", "list: list, *item: any")
def _append(run: Run, items: list[Value], *more: Value) -> list[Value]:
    return _bounded(run, [*items, *more])


@builtin("concatenate", "*list: list")
def _concatenate(run: Run, *lists: list[Value]) -> list[Value]:
    return _bounded(run, [item for items in lists for item in items])


@builtin("insert before", "list: list, position: number, newItem: any")
def _insert_before(run: Run, items: list[Value], position: Decimal, new: Value) -> list[Value]:
    begin = _place(items, position)
    return _bounded(run, [*items[:begin], new, *items[begin:]])


@builtin("remove", "list: list, position: number")
def _remove(run: Run, items: list[Value], position: Decimal) -> list[Value]:
    begin = _place(items, position)
    return _bounded(run, [*items[:begin], *items[begin + 1 :]])


@builtin("list replace", "list: list, position: number, newItem: any")
def _list_replace(run: Run, items: list[Value], position: Decimal, new: Value) -> list[Value]:
    begin = _place(items, position)
    return _bounded(run, [*items[:begin], new, *items[begin + 1 :]])


@builtin("list replace", "list: list, match: function, newItem: any")
def _list_replace_matching(
    run: Run, items: list[Value], match: Function, new: Value
) -> list[Value]:
    result: list[Value] = []
    for item in items:
        truth = invoke(run, match, [item, new])
        if type(truth) is not bool:
            raise FeelNull("匹配函数必须返回 true 或 false。", "The match must be true or false.")
        result.append(new if truth else item)
    return result


@builtin("reverse", "list: list")
def _reverse(run: Run, items: list[Value]) -> list[Value]:
    return _bounded(run, items[::-1])


@builtin("index of", "list: list, match: any")
def _index_of(run: Run, items: list[Value], match: Value) -> list[Decimal]:
    run.spend(len(items))
    return [Decimal(i) for i, item in enumerate(items, 1) if equal(item, match, run.spend)]


@builtin("union", "*list: list")
def _union(run: Run, *lists: list[Value]) -> list[Value]:
    return _distinct(run, [item for items in lists for item in items])


@builtin("distinct values", "list: list")
def _distinct(run: Run, items: list[Value]) -> list[Value]:
    result: list[Value] = []
    seen: set[tuple[type, Value]] = set()
    for item in items:
        if isinstance(item, list | dict) or type(item) is Function or kind(item) == "range":
            run.spend(len(result) + 1)
            if any(equal(item, other, run.spend) for other in result):
                continue
        else:
            run.spend()
            if (type(item), item) in seen:
                continue
            seen.add((type(item), item))
        result.append(item)
    return result


@builtin("flatten", "list: list")
def _flatten(run: Run, items: list[Value]) -> list[Value]:
    result: list[Value] = []
    pending = [iter(items)]
    while pending:
        for item in pending[-1]:
            run.spend()
            if type(item) is list:
                pending.append(iter(item))
                break
            result.append(item)
        else:
            pending.pop()
    return _bounded(run, result)


@builtin("sort", "list: list, precedes: function")
def _sort(run: Run, items: list[Value], precedes: Function) -> list[Value]:
    def compare(a: Value, b: Value) -> int:
        if invoke(run, precedes, [a, b]) is True:
            return -1
        return 1 if invoke(run, precedes, [b, a]) is True else 0

    return sorted(items, key=cmp_to_key(compare))


@builtin("sort", "list: list")
def _sort_naturally(run: Run, items: list[Value]) -> list[Value]:
    run.spend(len(items))
    if any(less(item, items[0]) is None for item in items):
        raise _not_comparable()
    return sorted(items)


@builtin("get value", "m: context, key: string", "context: context, key: string")
def _get_value(_run: Run, entries: dict[str, Value], key: str) -> Value:
    return entries.get(key)


@builtin("get value", "context: context, keys: list")
def _get_deep_value(_run: Run, entries: dict[str, Value], keys: list[Value]) -> Value:
    value: Value = entries
    for key in keys:
        if type(value) is not dict or type(key) is not str:
            return None
        value = value.get(key)
    return value


@builtin("get entries", "m: context", "context: context")
def _get_entries(run: Run, entries: dict[str, Value]) -> list[Value]:
    run.spend(len(entries))
    return [{"key": key, "value": value} for key, value in entries.items()]


@builtin("context", "entries: list")
def _context(run: Run, entries: list[Value]) -> dict[str, Value]:
    result: dict[str, Value] = {}
    for entry in entries:
        run.spend()
        if type(entry) is not dict or type(entry.get("key")) is not str or "value" not in entry:
            raise FeelNull(
                "每一项都要有 key（文字）和 value。", "Every entry needs a key (text) and a value."
            )
        if entry["key"] in result:
            raise FeelNull("key 重复。", "A key occurs twice.")
        result[entry["key"]] = entry["value"]
    return result


@builtin("context put", "context: context, key: string, value: any")
def _context_put(run: Run, entries: dict[str, Value], key: str, value: Value) -> dict[str, Value]:
    run.spend(len(entries))
    return {**entries, key: value}


@builtin("context put", "context: context, keys: list, value: any")
def _context_put_deep(
    run: Run, entries: dict[str, Value], keys: list[Value], value: Value
) -> dict[str, Value]:
    if not keys or any(type(key) is not str for key in keys):
        raise FeelNull("keys 必须是文字的列表。", "The keys must be a list of texts.")
    run.spend(len(entries))
    first, rest = keys[0], keys[1:]
    if not rest:
        return {**entries, first: value}
    inner = entries.get(first, {})
    if inner is None:
        inner = {}
    if type(inner) is not dict:
        raise FeelNull("路径中间不是上下文。", "Something on the path is not a context.")
    return {**entries, first: _context_put_deep(run, inner, rest, value)}


@builtin("context merge", "contexts: list")
def _context_merge(run: Run, contexts: list[Value]) -> dict[str, Value]:
    result: dict[str, Value] = {}
    for entries in contexts:
        if type(entries) is not dict:
            raise FeelNull("只能合并上下文。", "Only contexts can be merged.")
        run.spend(len(entries))
        result.update(entries)
    return result
