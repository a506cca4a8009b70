"""Dumps to measure with: made from numbers, the same in every run, never committed. Kept under build/."""

from __future__ import annotations

import random
from datetime import date, timedelta
from typing import TYPE_CHECKING

from benchmarks.machine import BUILD

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_VERSION = 2  # of the rules below: a corpus made by older ones is made anew
_PAGE = 8  # entries, as on the real pages; the layouts take turns
_FIRST_DAY = date(1750, 1, 1)
_DAYS = 100_000  # two entries a day up to 200 MB; days that ever more share would make each entry dearer
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_WORDS = [
    "模型",
    "训练",
    "方法",
    "我们",
    "可以",
    "这个",
    "问题",
    "结果",
    "如果",
    "函数",
    "矩阵",
    "向量",
    "概率",
    "分布",
    "梯度",
    "参数",
    "网络",
    "学习",
    "数据",
    "文本",
    "序列",
    "注意",
    "编码",
    "位置",
    "生成",
    "优化",
    "收敛",
    "误差",
    "样本",
    "采样",
    "近似",
    "推导",
    "公式",
    "证明",
    "定理",
    "条件",
    "导数",
    "积分",
    "空间",
    "维度",
    "距离",
    "相似",
    "语言",
    "中文",
    "翻译",
    "分类",
    "任务",
    "实验",
    "效果",
    "提升",
    "简单",
    "直接",
    "当然",
    "但是",
    "所以",
    "因此",
    "其实",
    "事实",
    "本文",
    "读者",
    "思路",
    "角度",
    "理解",
    "介绍",
    "总结",
    "考虑",
    "假设",
    "变量",
    "常数",
    "极限",
    "级数",
    "方程",
    "物理",
    "天文",
    "宇宙",
    "引力",
    "星系",
    "观测",
    "速度",
    "时间",
    "能量",
    "动量",
    "曲线",
    "曲面",
    "几何",
    "代数",
    "数论",
    "素数",
    "整数",
    "有理",
    "实数",
    "复数",
    "平面",
    "坐标",
    "变换",
    "旋转",
    "对称",
    "不变",
    "群论",
    "随机",
]
_SENTENCES = 20_000
_FORMULAS = (
    r"\begin{equation}\boldsymbol{y}_t = f(\boldsymbol{y}_{t-1},\boldsymbol{x}_t)\end{equation}",
    r"$$p(y|x)=\frac{\exp(s_y)}{\sum_{i=1}^n \exp(s_i)}$$",
    r"\begin{equation}\int_{-\infty}^{\infty} e^{-x^2}dx=\sqrt{\pi}\tag{1}\end{equation}",
)
_INLINE = (r"$\boldsymbol{x}_i$", r"$d$", r"$\boldsymbol{X}\in \mathbb{R}^{n\times d}$", r"$n\to\infty$")


class Writer:
    """Writes entries by number: equal numbers give equal text, whatever was written before."""

    def __init__(self) -> None:
        chance = random.Random(7)
        self._sentences = [
            "".join(chance.choices(_WORDS, k=chance.randint(9, 30))) + chance.choice("。。。,;")
            for _ in range(_SENTENCES)
        ]

    def page(self, number: int, *, edited: int = 0, short: bool = False) -> str:
        """The page with this number, both layouts in turn; one entry in `edited` (0: none) says something else."""
        entries = range(number * _PAGE, (number + 1) * _PAGE)
        entry = self._bylined if number % 2 else self._block
        made = "".join(entry(at, changed=bool(edited) and at % edited == 3, short=short) for at in entries)
        return made + ("最近评论\n" if number % 2 else "")

    def title(self, number: int) -> str:
        """Unique, and no two alike enough to be taken for a correction."""
        chance = random.Random(number)
        return f"{''.join(chance.choices(_WORDS, k=6))}:{_spelled(number)}的{chance.choice(_WORDS)}"

    def _block(self, number: int, *, changed: bool, short: bool) -> str:
        """An entry as index pages show it: a figure's caption twice in most, three paragraphs."""
        chance = random.Random(number)
        day = _FIRST_DAY + timedelta(number // 2 % _DAYS)
        parts = self._paragraphs(number, chance, changed=changed, count=1 if short else chance.choice((2, 2, 3)))
        if not short and chance.random() < 0.85:
            caption = "".join(chance.choices(_WORDS, k=4))
            parts[1:1] = [caption, caption]
        body = "\n\n".join(parts)
        return f"{day.day} {_MONTHS[day.month - 1]}\n\n{self.title(number)}\n\n{body}\n\n点击阅读全文...\n\n"

    def _bylined(self, number: int, *, changed: bool, short: bool) -> str:
        """An entry as search pages show it: headings and displayed formulas among its paragraphs."""
        chance = random.Random(number)
        day = _FIRST_DAY + timedelta(number // 2 % _DAYS)
        parts = self._paragraphs(number, chance, changed=changed, count=1 if short else chance.choice((2, 3, 4)))
        if not short:
            parts.insert(1, "".join(chance.choices(_WORDS, k=3)))
            if chance.random() < 0.3:
                parts.append(chance.choice(_FORMULAS))
        lines = "\n".join(parts)
        return f"{self.title(number)}\nBy 苏剑林 | {day} | {number % 90_000 + 17}位读者 | 引用{lines}\n"

    def _paragraphs(self, number: int, chance: random.Random, *, changed: bool, count: int) -> list[str]:
        made = [f"{_spelled(number)}来谈{chance.choice(self._sentences)}"]
        for at in range(count):
            sentences = chance.choices(self._sentences, k=1 if count == 1 else chance.randint(1, 5))
            if chance.random() < 0.3:
                sentences.insert(0, f"其中{chance.choice(_INLINE)}是")
            made.append("".join(sentences))
            if changed and at == 0:
                made.append(f"更新:{''.join(chance.choices(_WORDS, k=30))}。")
        return made


def _spelled(number: int) -> str:
    """A number in characters that no series mark is made of."""
    return "".join("甲乙丙丁戊己庚辛壬癸"[int(digit)] for digit in str(number))


def dumps(size: int, files: int) -> list[Path]:
    """`files` dumps that have `size` bytes together."""
    folder = BUILD / f"dumps-{_VERSION}-{size}-{files}"
    if not (folder / ".done").exists():
        folder.mkdir(parents=True, exist_ok=True)
        writer, page = Writer(), 0
        for at in range(files):
            with (folder / f"{at:05}.txt").open("wb") as file:
                while file.tell() < size // files:
                    file.write(writer.page(page).encode())
                    page += 1
        (folder / ".done").touch()
    return sorted(folder.glob("*.txt"))


def entries(first: int, count: int, *, edited: int = 0) -> Path:
    """One dump of `count` short entries from `first` on, both multiples of a page."""
    file = BUILD / f"entries-{_VERSION}-{first}-{count}-{edited}.txt"
    if not file.exists():
        file.parent.mkdir(parents=True, exist_ok=True)
        being_made = file.with_suffix(".part")
        with being_made.open("wb") as written:
            for page in _pages(first, count, edited):
                written.write(page)
        being_made.rename(file)
    return file


def _pages(first: int, count: int, edited: int) -> Iterator[bytes]:
    writer = Writer()
    for page in range(first // _PAGE, (first + count) // _PAGE):
        yield writer.page(page, edited=edited, short=True).encode()
