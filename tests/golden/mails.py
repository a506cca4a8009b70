"""The mails under tests/golden, made from values alone; `make golden` writes them anew, and a person looks at the diff.

Each is what `message()` gives to the transport. They hold something of every kind that a mail can hold.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from digest.dumps.structure import blocks
from digest.mail.composing.corrections import Correction
from digest.mail.composing.edition_text import edition_body
from digest.mail.composing.entry_views import Frame
from digest.mail.composing.message import EditionMail, edition_message, picture_address, pictures_in
from digest.mail.composing.message_template import PersonalValues, personalized
from digest.model import (
    AtomId,
    Content,
    DateKind,
    EditionKey,
    Entry,
    EntryDate,
    EntryId,
    Format,
    Section,
    Selected,
    SourceId,
)
from digest.settings import Digest
from digest.typeset.dates import format_day
from digest.typeset.formulas import Size, formulas, needs_picture, pictured
from digest.typeset.math.picture import Picture, name, picture

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from digest.model import Body

FOLDER = Path(__file__).parent
NOW = datetime(2026, 11, 16, 0, 0, tzinfo=UTC)
AGREED = datetime(2026, 3, 14, 3, 0, tzinfo=UTC)
SITE = "https://digest.example.org"
LEAVE_URL = f"{SITE}/leave/v1-abcdefghijklmnopqrstuvwxyz0123456789"
PREFERENCES_URL = f"{SITE}/preferences/v1-abcdefghijklmnopqrstuvwxyz0123456789"
POSTAL = "Digest · 1 Example Street · 12345 Example Town"
SOURCES = {SourceId("kexue"): "科学空间", SourceId("notes"): "山间笔记"}

FORMULAS = (
    "把 $e^{i\\pi}+1=0$ 写成几何的样子:单位圆上走半圈,$x_n$ 就到了 $-1$。若记 $\\|x\\|_2\\leq 1$,则",
    "$$\\int_0^1 \\frac{x^4(1-x)^4}{1+x^2}\\,dx=\\frac{22}{7}-\\pi$$",
    "右边大于零,于是 $\\pi<\\frac{22}{7}$。这个证明只用到一个积分,却把“圆周率小于七分之二十二”说得清清楚楚。",
)
VERSE = ("登鹳雀楼时想起的四句:", "白日依山尽,", "黄河入海流。", "欲穷千里目,", "更上一层楼。")
CODE = (
    "用 numpy 写一个稳定的 softmax,先减去最大值,再取指数:",
    "import numpy as np",
    "def softmax(x, axis=-1):",
    "    y = np.exp(x - x.max(axis=axis, keepdims=True))",
    "    return y / y.sum(axis=axis, keepdims=True)",
    "减去最大值不改变结果,却避免了溢出。",
)
FIGURES = ("傍晚的山脊线,远处是落日。", "图一 山脊线与落日的夹角", "夹角每天变化不到一度,看久了才知道它在动。")
PLAIN = (
    "为什么每周写一封信?因为一周正好是记得住、又不至于忘记的长度。",
    "English words keep a space of their own, and https://example.org/a/very/long/address/that/does/not/end wraps.",
)
CORRECTED = Content(
    "让炼丹更科学一些(一):SGD 的平均损失收敛",
    "山客",
    (
        "我们假设学习率满足 $\\eta_t\\leq \\frac{1}{L}$,于是每一步的损失都不会上升。",
        "证明分三步,每一步都只用到凸性。",
        "最后一段没有变过。",
        "这一段是后来补上的,说的是学习率随时间衰减时会怎样。",
    ),
    (),
)
BEFORE = replace(
    CORRECTED,
    title="让炼丹更科学些(一):SGD 的平均损失收敛",
    paragraphs=(
        "我们假设学习率满足 $\\eta_t\\leq \\frac{2}{L}$,于是每一步的损失都不会上升。",
        "证明分两步,每一步都只用到光滑性。",
        "最后一段没有变过。",
    ),
)

WRONG, RIGHT = EntryDate(7, 26, 2025, DateKind.INFERRED), EntryDate(7, 26, 2019, DateKind.EXACT)


def entry(title: str, paragraphs: tuple[str, ...], *, figures: tuple[str, ...] = (), source: str = "kexue") -> Entry:
    """An entry whose id and content follow from its title."""
    number = sum(map(ord, title)) % 28 + 1
    content = Content(title, "山客", paragraphs, figures)
    ident = f"2026-11-{number:02}-{len(title)}"
    day = EntryDate(11, number % 15 + 1, 2026, DateKind.EXACT)
    return Entry(EntryId(ident), AtomId(ident), (SourceId(source),), content, day, 900, NOW, NOW, 1, 0)


NEWS = (
    entry("圆周率小于七分之二十二的一个证明", FORMULAS),
    entry("Softmax 为什么要先减去最大值", CODE),
    entry("山脊线与落日", FIGURES, figures=(FIGURES[1],), source="notes"),
    entry("登楼", VERSE, source="notes"),
    entry("为什么每周写一封信", PLAIN, source="notes"),
)
READ = (
    (entry("Transformer升级之路:2、博采众长的旋转式位置编码", ()), 1312),
    (entry("从语言模型到Seq2Seq:Transformer如戏,全靠Mask", ()), 640),
    (entry("登楼", (), source="notes"), 58),
)
SELECTED = (
    *(Selected(Section.NEW, one) for one in NEWS),
    *(Selected(Section.MOST_READ, one, gained) for one, gained in READ),
    Selected(Section.CORRECTED, replace(entry(CORRECTED.title, ()), content=CORRECTED)),
    Selected(Section.CORRECTED, replace(entry("旧文置顶:变换的来历", PLAIN[:1]), date=RIGHT)),
)
REWORDED, REDATED = (one.entry for one in SELECTED[-2:])
CORRECTIONS = {
    REWORDED.id: (Correction(BEFORE, CORRECTED),),
    REDATED.id: (Correction(REDATED.content, REDATED.content, WRONG, RIGHT),),
}
LONG = tuple(
    Selected(Section.NEW, entry(f"第{number}篇:{'很' * (number % 7)}长的一周", (*FORMULAS, *PLAIN)))
    for number in range(1, 90)
)


@dataclass(frozen=True)
class Made:
    """A mail and the words that it was made of."""

    words: Body
    pictures: Mapping[str, bytes]
    raw: bytes


def _drawn(contents: Iterable[Content]) -> dict[str, Picture]:
    found = (formula for content in contents for formula in formulas(blocks(content)) if needs_picture(formula))
    return {name(formula): made for formula in found if (made := picture(formula))}


def mail(
    selected: Iterable[Selected], language: str, title: str, form: Format = Format.BOTH, frame: Frame | None = None
) -> Made:
    """The mail to one subscriber."""
    every = tuple(selected)
    pairs = [content for steps in CORRECTIONS.values() for one in steps for content in (one.before, one.after)]
    drawn = _drawn([*(one.entry.content for one in every), *pairs])
    sizes = {called: Size(one.width, one.height, one.depth) for called, one in drawn.items()}
    around = frame or Frame(
        digest=Digest(id="weekly", title=title),
        key=EditionKey("weekly/2026-W47"),
        opens_at=NOW - timedelta(days=7),
        closes_at=NOW,
        zone=ZoneInfo("Asia/Shanghai"),
        base_url=SITE,
        folder=None,
        channel=pictured(sizes, picture_address),
        weight=lambda called: len(drawn[called].png),
        groups=[
            (called, lambda one, shown=shown: shown in one.sources)  # type: ignore[misc]
            for shown, called in SOURCES.items()
        ],
        sources=SOURCES,
        languages=dict.fromkeys(SOURCES, "zh-CN"),
        original=lambda one: f"https://blog.example/{one.id}" if "notes" in one.sources else "",
        subscribe_url=f"{SITE}/subscribe",
        postal=POSTAL,
    )
    words = edition_body(around, every, CORRECTIONS, language)
    mine = personalized(
        words,
        PersonalValues(
            leave_url=LEAVE_URL,
            preferences_url=PREFERENCES_URL,
            address="reader@example.org",
            agreed=format_day(AGREED.date(), language),
        ),
    )
    shown = {called: drawn[called].png for called in sorted(pictures_in(mine.html))}
    letter = EditionMail(
        sender="科学空间 <digest@example.org>",
        reply_to="",
        to_name="",
        to_address="reader@example.org",
        subject=mine.subject,
        text=mine.text,
        html=mine.html,
        format=form,
        message_id="<weekly.2026-W47.0123456789abcdef@example.org>",
        written_at=NOW,
        list_id="weekly.example.org",
        list_title=title,
        archive_url=f"{SITE}/editions/weekly/2026-W47",
        help_url=f"{SITE}/about",
        leave_url=LEAVE_URL,
        pictures=shown,
    )
    return Made(mine, shown, edition_message(letter))


FORTY = tuple(
    Selected(one.section, replace(one.entry, id=EntryId(f"forty-{number}"))) for number, one in enumerate(LONG[:40])
)


_MAILS: dict[str, Callable[[], Made]] = {
    "weekly": lambda: mail(SELECTED, "zh_CN", "科学空间 每周摘要"),
    "english": lambda: mail(SELECTED, "en", "Science Spaces Weekly"),
    "text": lambda: mail(SELECTED, "en", "Science Spaces Weekly", Format.TEXT),
    "forty": lambda: mail(FORTY + SELECTED[5:], "zh_CN", "科学空间 每周摘要"),
    "long": lambda: mail(LONG, "zh_CN", "科学空间 每周摘要"),
    "corrected": lambda: mail(SELECTED[-2:], "zh_CN", "科学空间 每周摘要"),
}
MAILS = {name: functools.cache(make) for name, make in _MAILS.items()}  # made once, looked at by many


def path(called: str) -> Path:
    """Where a mail is kept. Its lines end in CRLF, as it is sent."""
    return FOLDER / f"{called}.eml"


def write() -> None:
    """Write all of them anew."""
    for called, make in MAILS.items():
        path(called).write_bytes(make().raw)


if __name__ == "__main__":
    write()
