"""The two built-in layouts, drawn: for a source that names one of them beside declared ones.

Alone, they are read by a cutter of their own, which is faster and knows many writings of their marks.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from digest.dumps.declared.layout import compiled
from digest.model import Layout as Known

if TYPE_CHECKING:
    from digest.dumps.declared.layout import Layout

_TABLES: tuple[dict[str, object], ...] = (
    {"id": Known.DATEBLOCK.value, "entry": "{date}\n{title}\n{text}\n点击阅读全文...", "languages": ["en"]},
    {
        "id": Known.BYLINE.value,
        "entry": "{title}\nBy {author} | {date} | {readers:n}位读者 | 引用{text}",
        "ends": ["最近评论"],
        "paragraphs": "lines",
    },
)


@lru_cache(maxsize=1)
def known_layouts() -> dict[str, Layout]:
    """The built-in layouts by their names."""
    return {layout.id: layout for layout in compiled(_TABLES, "the built-in layouts")}
