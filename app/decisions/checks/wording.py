"""Values, stretches of values and examples in the words of an office."""

from collections.abc import Iterator, Mapping, Sequence

from app.core.phrase import Phrase
from app.decisions.checks.axes import Axis, Group, Piece
from app.decisions.feel.texts import text_of
from app.decisions.feel.values import Value


def example_text(example: Mapping[str, Value]) -> Phrase:
    """Input values as they are shown inside a sentence."""
    return Phrase(
        "，".join(f"{label} = {value_text(value).zh}" for label, value in example.items()),
        ", ".join(f"{label} = {value_text(value).en}" for label, value in example.items()),
    )


def value_text(value: Value) -> Phrase:
    """One value; null is what nobody filled in."""
    if value is None:
        return Phrase("未填写", "not given")
    if isinstance(value, str):
        return Phrase(f"“{value}”", f"“{value}”")
    if isinstance(value, bool):
        return Phrase("是", "true") if value else Phrase("否", "false")
    text = text_of(value)
    return Phrase(text, text)


def region_text(parts: Sequence[tuple[Axis, Sequence[Group] | None]]) -> Phrase:
    """A combination of inputs: for each axis its groups, or None where any value is meant."""
    named = [(axis.label, groups_text(axis, groups)) for axis, groups in parts if groups]
    if not named:
        return Phrase("无论填写什么", "whatever is given")
    return Phrase(
        "，".join(f"{label}：{values.zh}" for label, values in named),
        "; ".join(f"{label}: {values.en}" for label, values in named),
    )


def groups_text(axis: Axis, groups: Sequence[Group]) -> Phrase:
    """The values of some groups of one axis."""
    pieces = sorted(i for group in groups if group is not axis.null for i in group.pieces)
    texts = list(_texts(axis, pieces)) if pieces else []
    if any(group is axis.null for group in groups):
        texts.append(value_text(None))
    shown = texts[:_SHOWN]
    more = len(texts) - len(shown)
    zh = "、".join(text.zh for text in shown) + (f"等 {len(texts)} 项" if more else "")
    en = ", ".join(text.en for text in shown) + (f" and {more} more" if more else "")
    return Phrase(zh, en)


_SHOWN = 8


def _texts(axis: Axis, pieces: Sequence[int]) -> Iterator[Phrase]:
    if axis.kind == "string":
        yield from _texts_of_strings(axis, pieces)
    elif axis.kind == "boolean":
        yield from (value_text(axis.pieces[i].value) for i in pieces)
    elif not any(piece.is_point for piece in axis.pieces):
        yield Phrase("任何值", "any value")
    else:
        inside = sorted({i for group in axis.groups for i in group.pieces})
        for first, last in runs(pieces, inside):
            yield _stretch(axis.pieces, first, last)


def _texts_of_strings(axis: Axis, pieces: Sequence[int]) -> Iterator[Phrase]:
    named = [axis.pieces[i] for i in pieces if axis.pieces[i].is_named]
    yield from (value_text(piece.value) for piece in named)
    if len(named) < len(pieces):
        yield Phrase("任何其他文字", "any other text")


def runs(pieces: Sequence[int], inside: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Neighbouring pieces as first and last; pieces outside the domain part nothing."""
    place = {piece: i for i, piece in enumerate(inside)}
    first = last = pieces[0]
    for piece in pieces[1:]:
        if place[piece] != place[last] + 1:
            yield first, last
            first = piece
        last = piece
    yield first, last


def _stretch(pieces: Sequence[Piece], first: int, last: int) -> Phrase:
    """The values from one piece to another."""
    low, high = bound(pieces, first, -1), bound(pieces, last, 1)
    if first == last and pieces[first].is_point:
        return value_text(pieces[first].value)
    if low is None and high is None:
        return Phrase("任何值", "any value")
    parts = []
    if low is not None:
        text = value_text(low.value)
        at = pieces[first].is_point
        parts.append(
            Phrase(
                f"{'不小于' if at else '大于'} {text.zh}", f"{'from' if at else 'above'} {text.en}"
            )
        )
    if high is not None:
        text = value_text(high.value)
        at = pieces[last].is_point
        parts.append(
            Phrase(
                f"{'不大于' if at else '小于'} {text.zh}", f"{'up to' if at else 'below'} {text.en}"
            )
        )
    return Phrase("且".join(p.zh for p in parts), " and ".join(p.en for p in parts))


def bound(pieces: Sequence[Piece], piece: int, step: int) -> Piece | None:
    """The point where a piece ends; None where it has no end."""
    if pieces[piece].is_point:
        return pieces[piece]
    neighbour = piece + step
    return pieces[neighbour] if 0 <= neighbour < len(pieces) else None
