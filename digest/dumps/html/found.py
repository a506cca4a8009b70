"""An entry as HTML shows it, before its date is read; and the values that pages write in their own ways."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from digest.dumps.html.blocks import Body, body
from digest.dumps.html.lines import compact
from digest.dumps.layouts import counts

NOTHING = Body()
_COUNTED = re.compile(r"\d[\d.,]*\s{0,2}(?:[千百]?[万萬]|[千亿億kKwWmM](?![A-Za-z]))?")
_THOUSANDS = re.compile("([0-9]{1,3})[ \xa0\u202f\u2009]([0-9]{3})(?![0-9])")
_WORDS = (
    "views?|reads?|readers?|hits?|likes?|comments?|replies|reply|shares?|位读者|位讀者|读者|次|人|阅读量?|閱讀|浏览量?|瀏覽|评论|評論|条|回|件|閲覧"
    "|просмотр[а-я]*|комментари[а-я]*|aufrufe|vues|vistas|visualizzazioni"
)
_NUMBER = r"\d[\d.,]*\s{0,2}[万萬千kKwWmM]?"
_WITH_WORD = re.compile(
    rf"({_NUMBER})\s{{0,2}}(?:{_WORDS})|(?:{_WORDS})\s{{0,2}}[:：(（]\s{{0,2}}({_NUMBER})", re.IGNORECASE
)
_TAG_MARKS = " #\xa0\t\n,，、;；"
_BETWEEN_TAGS = re.compile(r"\s*[,，、;；|]\s*")
_BY = re.compile(
    r"(?:(?:posted |written |published )?by|作者|文|著者|автор|von|par|por|di|@)\s*[:：/|]?\s+"
    r"|(?:作者|文|著者|автор)\s*[:：/|]\s*",
    re.IGNORECASE,
)
_MARKUP = re.compile(
    r"</?[a-zA-Z][a-zA-Z0-9]{0,10}(?:\s[^<>]{0,2000})?/?>|&(?:#\d{1,7}|#x[0-9a-fA-F]{1,6}|[a-zA-Z]{2,20});"
)
_PARAGRAPH_END = re.compile(r"\n[ \t]*\n\s*")
_LONGEST = 1000  # characters of a line


@dataclass(slots=True)
class HtmlEntry:
    """An entry. `published` and `changed` are dates as they are written; `link` is absolute or empty."""

    title: str = ""
    link: str = ""
    published: str = ""
    changed: str = ""
    author: str = ""
    tags: tuple[str, ...] = ()
    counts: dict[str, int] = field(default_factory=dict)
    fields: dict[str, str] = field(default_factory=dict)
    body: Body = NOTHING

    @property
    def size(self) -> int:
        """The number of characters of its text."""
        return sum(map(len, self.body.paragraphs))


def once(entries: Iterable[HtmlEntry]) -> list[HtmlEntry]:
    """The entries, each of them once: of several with one link, the one with most text, where the first one stands."""
    places: dict[object, int] = {}
    made: list[HtmlEntry] = []
    for entry in entries:
        key = entry.link or (entry.title, entry.published, entry.body.paragraphs[:1])
        at = places.setdefault(key, len(made))
        if at == len(made):
            made.append(entry)
        elif entry.size > made[at].size:
            made[at] = replace(
                entry, title=entry.title or made[at].title, published=entry.published or made[at].published
            )
    return made


def tags_of(texts: Iterable[str]) -> tuple[str, ...]:
    """The tags in the texts of elements, each of them once; a single text may contain several."""
    found = [text for text in texts if text]
    if len(found) == 1:
        found = _BETWEEN_TAGS.split(found[0])
    return tuple(dict.fromkeys(tag for text in found if (tag := text.strip(_TAG_MARKS)[:_LONGEST])))


def count_of(text: str) -> int | None:
    """The number in a text such as `1.2万 次阅读` or `Views: 1,234`; None if there is none.

    Of several numbers, such as those of a date, the only one beside a word for what is counted.
    """
    text = _THOUSANDS.sub(r"\1\2", text[:_LONGEST])
    found = _COUNTED.findall(text)
    if len(found) > 1:
        found = [one[0] or one[1] for one in _WITH_WORD.findall(text)]
    return counts.read(found[0].strip(" .,")).readers if len(found) == 1 else None


def author_of(text: str) -> str:
    """The name in a text such as `By Anna`."""
    return _BY.sub("", text, count=1).strip()[:_LONGEST] if _BY.match(text) else text[:_LONGEST]


def text_of(text: str, base: str, title: str = "") -> Body:
    """The body of a text that may be HTML or plain."""
    if _MARKUP.search(text):
        return body(text, base, title=title)
    parts = _PARAGRAPH_END.split(text.replace("\r\n", "\n").replace("\r", "\n"))
    lines = ("\n".join(" ".join(line.split()) for line in part.split("\n")).strip("\n") for part in parts)
    paragraphs = tuple(part for part in lines if part)
    return Body(paragraphs, kinds="-" * len(paragraphs))


def plain(text: object) -> str:
    """A value that should be one line of text; markup is removed."""
    if not isinstance(text, str):
        return ""
    return compact(" ".join(body(text).paragraphs) if _MARKUP.search(text) else text)[:_LONGEST]
