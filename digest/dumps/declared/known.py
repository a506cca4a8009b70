"""The built-in layouts: those of HTML, and the two drawn ones for a source that names one of them beside declared ones.

Alone, the drawn ones are read by a cutter of their own, which is faster and knows many writings of their marks.
"""

from functools import lru_cache

from digest.dumps.declared.layout import Layout, compiled
from digest.dumps.html.declared import FORMATS
from digest.model import Layout as Known

_TABLES: tuple[dict[str, object], ...] = (
    {"id": Known.DATEBLOCK.value, "entry": "{date}\n{title}\n{text}\n点击阅读全文...", "languages": ["en"]},
    {
        "id": Known.BYLINE.value,
        "entry": "{title}\nBy {author} | {date} | {readers:n}位读者 | 引用{text}",
        "ends": ["最近评论"],
        "paragraphs": "lines",
    },
)


_HTML: tuple[dict[str, object], ...] = tuple({"id": name, "html": name} for name in FORMATS)


@lru_cache(maxsize=1)
def known_layouts() -> dict[str, Layout]:
    """The built-in layouts by their names."""
    return {layout.id: layout for layout in compiled([*_TABLES, *_HTML], "the built-in layouts")}
