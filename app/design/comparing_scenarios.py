"""What differs in meaning between two documents of scenarios: story by story, what is expected of
each aspect by aspect, and what is usually answered.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from difflib import SequenceMatcher
from itertools import chain

from app.core.clock import CHINA
from app.core.phrase import Phrase
from app.design import scenario_text
from app.design.differences import NOTHING, Difference, What
from app.design.scenarios import Document, Expectation, Scenario

_LISTS = (
    ("passed", Phrase("预期经过", "To be passed")),
    ("not_passed", Phrase("预期不经过", "Not to be passed")),
    ("notices", Phrase("预期通知", "Notices expected")),
)
_BY_CLOCK = (
    ("deadlines", Phrase("预期末日", "Last day expected")),
    ("lights", Phrase("预期的灯", "Light expected")),
)
_OPEN = Phrase("预期未完成的环节", "Open at the end")
_OUTCOME = Phrase("预期结果", "Outcome expected")
_EXACTLY = Phrase("须逐一经过", "Nothing else may be passed")
_BEGIN = Phrase("开始时间", "Begins")
_STORY = Phrase("步骤", "Steps")
_SCENARIO = Phrase("情景", "Scenario")
_USUAL = Phrase("通常填写", "Usually answered")


def differences(before: str, after: str) -> list[Difference]:
    """Every difference between two texts. Raises `Invalid` for one that cannot be read."""
    older, newer = (scenario_text.read(text, "") for text in (before, after))
    return [*_stories(older, newer), *_usual(older, newer)]


def of_one(before: Scenario, after: Scenario) -> list[Difference]:
    """Every difference between two scenarios of one name."""
    return [*_story(before, after), *_expected(before.name, before.expect, after.expect)]


def _stories(older: Document, newer: Document) -> Iterator[Difference]:
    were = {one.name.zh: one for one in older.scenarios}
    are = {one.name.zh: one for one in newer.scenarios}
    for name, one in are.items():
        if name not in were:
            steps = Phrase(f"{len(one.story)} 步", f"{len(one.story)} steps")
            yield Difference(What.ADDED, one.name, _SCENARIO, NOTHING, steps)
        else:
            yield from of_one(were[name], one)
    for name, one in were.items():
        if name not in are:
            steps = Phrase(f"{len(one.story)} 步", f"{len(one.story)} steps")
            yield Difference(What.REMOVED, one.name, _SCENARIO, steps)


def _story(before: Scenario, after: Scenario) -> Iterator[Difference]:
    if before.name.en != after.name.en:
        english = Phrase("英文名称", "English name")
        yield _changed(after.name, english, before.name.en, after.name.en)
    if before.begin != after.begin:
        was, becomes = (f"{one.begin.astimezone(CHINA):%Y-%m-%d %H:%M}" for one in (before, after))
        yield _changed(after.name, _BEGIN, was, becomes)
    old, new = ([scenario_text.line(step) for step in one.story] for one in (before, after))
    yield from _runs(after.name, _STORY, old, new, _lines)


def _expected(name: Phrase, before: Expectation, after: Expectation) -> Iterator[Difference]:
    for field, aspect in _LISTS:
        yield from _runs(name, aspect, getattr(before, field), getattr(after, field), _list)
    for field, aspect in _BY_CLOCK:
        was, becomes = getattr(before, field), getattr(after, field)
        for clock in dict.fromkeys(chain(was, becomes)):
            if was.get(clock) != becomes.get(clock):
                about = Phrase(f"{aspect.zh}：{clock}", f"{aspect.en}: {clock}")
                yield _changed(name, about, was.get(clock, ""), becomes.get(clock, ""))
    if before.open != after.open:
        what = What.CHANGED if before.open is not None else What.ADDED
        yield Difference(what, name, _OPEN, _waiting(before.open), _waiting(after.open))
    if before.outcome != after.outcome:
        yield _changed(name, _OUTCOME, before.outcome or "", after.outcome or "")
    if before.exactly != after.exactly:
        yield Difference(What.CHANGED, name, _EXACTLY, _yes(before.exactly), _yes(after.exactly))


def _usual(older: Document, newer: Document) -> Iterator[Difference]:
    for element in dict.fromkeys(chain(older.usual, newer.usual)):
        was, becomes = (_answered(one.usual.get(element, {})) for one in (older, newer))
        if was != becomes:
            yield _changed(Phrase(element, element), _USUAL, was, becomes)


def _runs(
    name: Phrase,
    aspect: Phrase,
    old: Sequence[str],
    new: Sequence[str],
    joined: Callable[[Sequence[str]], Phrase],
) -> Iterator[Difference]:
    """Two lists, one difference for each run of them, with what it stands behind."""
    for tag, i, j, k, m in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if tag == "equal":
            continue
        kinds = {"insert": What.ADDED, "delete": What.REMOVED, "replace": What.CHANGED}
        where = aspect
        if k:
            where = Phrase(f"{aspect.zh}（{new[k - 1]} 之后）", f"{aspect.en}, after {new[k - 1]}")
        yield Difference(kinds[tag], name, where, joined(old[i:j]), joined(new[k:m]))


def _changed(name: Phrase, aspect: Phrase, was: str, becomes: str) -> Difference:
    what = What.CHANGED if was and becomes else What.ADDED if becomes else What.REMOVED
    return Difference(what, name, aspect, _plain(was), _plain(becomes))


def _waiting(names: Sequence[str] | None) -> Phrase:
    """The steps that wait at a point; none of them is said, too."""
    if names is None:
        return NOTHING
    return _list(sorted(names)) if names else Phrase("无", "none")


def _list(names: Sequence[str]) -> Phrase:
    return Phrase("、".join(names), ", ".join(names))


def _lines(steps: Sequence[str]) -> Phrase:
    return _plain("\n".join(steps))


def _answered(given: Mapping[str, object]) -> str:
    return "; ".join(f"{name}: {value}" for name, value in given.items())


def _yes(value: bool) -> Phrase:
    return Phrase("是", "yes") if value else Phrase("否", "no")


def _plain(text: str) -> Phrase:
    return Phrase(text, text)
