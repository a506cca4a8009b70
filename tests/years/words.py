"""Invented Chinese: words, sentences, paragraphs of every kind; and how two texts are compared for judging."""

from __future__ import annotations

import html
import unicodedata
from dataclasses import dataclass
from enum import Enum, auto
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from random import Random

# Traditional and simplified forms; made-up words hold them, so that a text can be in either script.
_PAIRS = (
    "學学習习數数論论導导變变換换問问題题網网絡络過过還还這这個个們们時时間间點点線线維维圖图書书長长開开關关"
    "電电車车門门風风雲云飛飞鳥鸟魚鱼馬马東东樂乐觀观視视見见覺觉語语說说話话識识記记認认計计試试讀读寫写聽听"
    "實实驗验結结級级約约純纯統统繼继續续經经給给從从談谈賀贺誤误"
)
_SIMPLE = str.maketrans(_PAIRS[::2], _PAIRS[1::2])
_TRADITIONAL = str.maketrans(_PAIRS[1::2], _PAIRS[::2])
_SPECIAL = set("日月年号位者引用近最全文更多上中下续一二三四五六七八九十新快末附前言")


def _both_scripts() -> str:
    """The common characters that are the same in both scripts: those of GB 2312, level 1, that Big5 has too."""
    found = []
    for high in range(0xB0, 0xD7):
        for low in range(0xA1, 0xFF):
            character = bytes((high, low)).decode("gb2312")
            try:
                character.encode("big5")
            except UnicodeEncodeError:
                continue
            if character not in _SPECIAL and character not in _PAIRS:
                found.append(character)
    return "".join(found)


MARK = 4  # characters
_CHANGING = _PAIRS[1::2]
_CHARACTERS = _both_scripts()
_JOINTS = ("的", "和", "是", "在", "不", "也", "有", "而", "但", "可以", "如何", "因此", "所以", "其中", "同理")
_INLINE = ("$f(x)=x^{n}$", "$\\alpha_{k}$", "$O(n\\log n)$", "$\\frac{a}{b}$", "$p(\\boldsymbol{z}|x)$")
_DISPLAYED = (
    "\\begin{equation}\\sum_{i=1}^{n} x_{i+%d}^2 = S\\end{equation}",
    "$$\\int_0^{%d} g(t)\\,dt = 1$$",
    "\\begin{equation}\\text{其中 }y = %dWx + b\\tag{1}\\end{equation}",
)


def simplified(text: str) -> str:
    """The text in simplified characters."""
    return text.translate(_SIMPLE)


def traditional(text: str) -> str:
    """The text in traditional characters."""
    return text.translate(_TRADITIONAL)


@lru_cache(maxsize=200_000)
def bare(text: str) -> str:
    """A text as it is compared when judging: letters and digits in one width, case and script, nothing else."""
    text = unicodedata.normalize("NFKC", html.unescape(simplified(text))).casefold()
    return "".join(filter(str.isalnum, text))


class Kind(Enum):
    """What a paragraph is, which decides how a layout prints it."""

    TEXT = auto()
    FIGURE = auto()
    VERSE = auto()
    CODE = auto()
    FORMULA = auto()


@dataclass(frozen=True, slots=True)
class Paragraph:
    """One stretch of a body: one line, or several of verse and code."""

    kind: Kind
    lines: tuple[str, ...]


class Tongue:
    """The words of one site; each article gets its own of them, and marks that no other article has."""

    def __init__(self, chance: Random) -> None:
        self._chance = chance
        self._common = [self.word(2) for _ in range(400)]
        self._marks: set[str] = set()

    def word(self, length: int) -> str:
        """Some characters that stand in both scripts, or change with it."""
        chance = self._chance
        return "".join(chance.choice(_CHANGING if chance.random() < 0.2 else _CHARACTERS) for _ in range(length))

    def mark(self) -> str:
        """A word that no other article has."""
        while True:
            found = self.word(MARK)
            if found not in self._marks:
                self._marks.add(found)
                return found

    def voice(self) -> Voice:
        """The words of a new article."""
        return Voice(self._chance, self._common, [self.mark() for _ in range(3)], [self.word(2) for _ in range(12)])


@dataclass(frozen=True, slots=True)
class Voice:
    """The words of one article: `marks` are its alone."""

    chance: Random
    common: list[str]
    marks: list[str]
    own: list[str]

    def sentence(self, words: int | None = None) -> str:
        """A sentence that holds one of the article's marks."""
        chance = self.chance
        count = words or chance.randint(5, 11)
        parts = [chance.choice(self.own if chance.random() < 0.4 else self.common) for _ in range(count)]
        parts[chance.randrange(count)] = chance.choice(self.marks)
        for at in range(1, count, 2):
            parts[at] += chance.choice(_JOINTS)
        if count > 6:
            parts[count // 2] += chance.choice((",", ",", ";", "(" + chance.choice(self.own) + "),", "、"))
        if chance.random() < 0.1:
            parts[-1] += chance.choice(_INLINE)
        if chance.random() < 0.1:
            parts[0] = "“" + parts[0] + "”"
        return "".join(parts) + chance.choice("。。。?!")

    def text(self, sentences: int | None = None) -> Paragraph:
        count = sentences or self.chance.randint(2, 4)
        return Paragraph(Kind.TEXT, ("".join(self.sentence() for _ in range(count)),))

    def paragraph(self) -> Paragraph:
        """A paragraph of any kind; most are text."""
        chance = self.chance
        kind = chance.choices(list(Kind), (80, 6, 5, 5, 4))[0]
        if kind is Kind.FIGURE:
            return Paragraph(kind, (chance.choice(self.own) + chance.choice(self.marks) + "示意",))
        if kind is Kind.VERSE:
            return Paragraph(kind, tuple(self._verse() + ",,,。"[at] for at in range(4)))
        if kind is Kind.CODE:
            name = f"f{chance.randrange(10_000)}"
            return Paragraph(
                kind, (f"def {name}(x):", f"y = x * {chance.randrange(99)}", "return y", f"print({name}(1))")
            )
        if kind is Kind.FORMULA:
            return Paragraph(kind, (chance.choice(_DISPLAYED) % chance.randrange(1000),))
        return self.text()

    def _verse(self) -> str:
        return (self.chance.choice(self.own) + self.chance.choice(self.common) + self.chance.choice(self.marks))[:8]
