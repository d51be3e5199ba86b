"""How alike two demands are: their places and their texts. Pure; what follows from it is a table.

Texts are compared by their character bigrams (Chinese needs no word boundaries for that), after
words that mean the same at a hotline are written alike and those that say nothing are left out.
"""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations, pairwise
from typing import Protocol

from rapidfuzz import fuzz

SAME_NAME = 75
"""From how alike, of 100, two names of places are taken for one: a word more or less."""

_ALIKE: tuple[tuple[str, ...], ...] = (
    ("停水", "没有水", "没水", "断水", "一滴水都没有", "一滴水没有"),
    ("停电", "没有电", "没电", "断电", "断了电"),
    ("夜间", "半夜", "夜里", "深夜", "凌晨", "晚上", "昨晚"),
    ("早上", "清早", "早晨", "天不亮"),
    ("扰民", "吵得", "吵醒", "睡不着觉", "睡不着", "没法睡", "无法休息", "没法休息", "影响休息"),
    ("噪音", "噪声", "声音特别大", "声音很大", "声音大"),
    ("不亮", "全坏了", "全灭", "熄了", "一片漆黑", "看不清"),
    ("漏雨", "漏水", "滴水", "渗水"),
    ("未修", "没修", "没人修", "没有修好", "没修好", "还停着", "停运"),
    ("丢失", "不见了", "少了一个", "被偷", "丢了"),
    ("坑洼", "大坑", "坑"),
    ("拖欠", "没给", "没有拿到", "不发"),
    ("工资", "工钱", "薪水", "讨薪"),
    ("退款", "退钱", "退费", "退不了钱", "赔"),
    ("关门", "关了", "跑路", "联系不上"),
    ("摊贩", "摆摊", "小摊", "那些摊", "三轮车"),
    ("供暖", "暖气", "热力", "热费"),
    ("加盖", "加建", "砌墙盖房", "搭了个棚子", "私搭的棚子", "违建"),
    ("油烟", "排烟", "烟筒"),
    ("信号灯", "红绿灯"),
    ("发黄", "黄的", "发黑", "黑的"),
    ("楼", "栋", "幢"),
)
"""Words for one thing: each is written as the first of its line before texts are compared."""

_IDLE = re.compile(
    "来电人|市民|诉求人|反映|您好|你好|麻烦|请问|请尽快|请赶快|请立即|尽快|希望|要求|有关部门|相关部门"
    "|还是|一直|已经|我们|我家|家里|上次说的|上次|问题|的事|这个|那个|到底|没有人|非常|特别|真的|请"
)
_FILLER = str.maketrans("", "", "的了是在和与把被就都也又还到说很啊吗呢吧着过给从去来")
_DIGITS = str.maketrans("零〇一二两三四五六七八九", "001223456789")
_NOT_TEXT = re.compile(r"[^0-9a-z\u3400-\u9fff]")

_REGION = re.compile(r"^[\u3400-\u9fff]{2,3}?(?:(?<!小)区|县|市)(?!场)")
_BUILDING = re.compile(r"(\d+)(?:号楼|栋|幢|座)")
_NUMBER = re.compile(r"(\d+)号(?!楼|线)")
_DETAIL = re.compile(
    r"\d+(?:单元|室|楼|层)?|[东南西北]{0,2}[侧门角边段]|[上中下]游|附近|旁边?|门[前口外]|外"
)


@dataclass(frozen=True, slots=True)
class Place:
    """What an address says: the name of the place, and the numbers of house and building."""

    name: str
    number: str
    building: str


def text_likeness(one: str, other: str) -> int:
    """How alike two texts are, from 0 to 100; 30 is as much as two accounts of one matter share.

    A short text that says the same as a part of a long one counts as alike; word order counts
    little.
    """
    here, there = letters_of(one), letters_of(other)
    if not here.core or not there.core:
        return 0
    alike = (
        0.4 * _shared(here.pairs, there.pairs)
        + 0.4 * _shared(here.single, there.single)
        + 0.2 * fuzz.ratio(here.core, there.core) / 100
    )
    return _graded(min(1.0, alike))


def same_place(one: str, other: str) -> bool:
    """Whether two addresses of one district name the same place, as far as they go.

    One may be more precise than the other; two house numbers or two buildings are two places.
    """
    here, there = place_of(one), place_of(other)
    if not here.name or not there.name:
        return False
    if _differ(here.number, there.number) or _differ(here.building, there.building):
        return False
    return fuzz.partial_ratio(here.name, there.name) >= SAME_NAME


@lru_cache(maxsize=4096)
def place_of(address: str) -> Place:
    """What an address says, without district, unit, floor and side of the street."""
    plain = _REGION.sub("", unicodedata.normalize("NFKC", address).replace(" ", ""))
    building, number = _BUILDING.search(plain), _NUMBER.search(plain)
    name = _BUILDING.sub("", _NUMBER.sub("", plain))
    return Place(
        _DETAIL.sub("", name),
        number.group(1) if number else "",
        building.group(1) if building else "",
    )


def _differ(one: str, other: str) -> bool:
    return bool(one) and bool(other) and one != other


def _shared(one: frozenset[str], other: frozenset[str]) -> float:
    """Which part of the smaller set the two have in common."""
    return len(one & other) / max(1, min(len(one), len(other)))


def _graded(alike: float) -> int:
    """The measure on the scale of the table: measured on labelled pairs, see the test."""
    for (low, low_grade), (high, grade) in pairwise(_SCALE):
        if alike <= high:
            return round(low_grade + (alike - low) / (high - low) * (grade - low_grade))
    raise AssertionError("the scale ends at 1")


_SCALE = ((0.0, 0), (0.16, 30), (0.32, 60), (0.6, 85), (1.0, 100))


@dataclass(frozen=True, slots=True)
class Letters:
    """The letters of a text that carry its matter, and what they are compared by."""

    core: str
    single: frozenset[str]
    pairs: frozenset[str]


@lru_cache(maxsize=8192)
def letters_of(text: str) -> Letters:
    """The letters that are left once words are written alike and idle ones are gone."""
    plain = unicodedata.normalize("NFKC", text).lower()
    for first, *others in _ALIKE:
        for word in others:
            plain = plain.replace(word, first)
    plain = _IDLE.sub("", plain).translate(_FILLER).translate(_DIGITS)
    core = _NOT_TEXT.sub("", plain)
    return Letters(core, frozenset(core), frozenset(map("".join, pairwise(core))))


@dataclass(frozen=True, slots=True)
class Account:
    """A demand in words whose matter is known: what likeness is measured on."""

    matter: str
    requester: str
    category: str
    district: str
    address: str
    content: str


@dataclass(frozen=True, slots=True)
class Measure:
    """How often likeness is right, over all pairs that would be compared."""

    pairs: int
    same: int
    precision: float
    """Of the pairs taken for one matter, so many are."""
    recall: float
    """Of the pairs about one matter, so many are taken for it."""
    hinted_recall: float
    """Of the pairs about one matter, so many are at least shown to the agent."""

    def __str__(self) -> str:
        return (
            f"{self.pairs} pairs, {self.same} about one matter: precision {self.precision:.3f}, "
            f"recall {self.recall:.3f}, shown to the agent {self.hinted_recall:.3f}"
        )


class Relation(Protocol):
    """What the table `relation` says of two demands: `same_matter`, `possible`, `different`."""

    def __call__(self, *, requester: bool, category: bool, place: bool, text: int) -> str:
        """`same_matter`, `possible` or `different`, from what the two have in common."""
        ...


def measure(accounts: Sequence[Account], relation: Relation) -> Measure:
    """Compare every two demands of one requester, or of one category in one district."""
    pairs = same = taken = right = shown = 0
    for one, other in combinations(accounts, 2):
        requester = one.requester == other.requester
        category = one.category == other.category
        near = one.district == other.district
        if not requester and not (category and near):
            continue
        is_same = one.matter == other.matter
        said = relation(
            requester=requester,
            category=category,
            place=near and same_place(one.address, other.address),
            text=text_likeness(one.content, other.content),
        )
        pairs += 1
        same += is_same
        taken += said == "same_matter"
        right += is_same and said == "same_matter"
        shown += is_same and said != "different"
    return Measure(pairs, same, right / max(1, taken), right / max(1, same), shown / max(1, same))
