"""Cuts HTML into what entries consist of: paragraphs of plain text, each with its kind, and figures.

The text is what a text dump of the same article shows, so that both match; no markup survives..
"""

from collections.abc import Callable
from dataclasses import dataclass

from digest.dumps.html.code import code, is_code
from digest.dumps.html.figures import Figures, is_caption, is_emoji, with_caption
from digest.dumps.html.formulas import formula
from digest.dumps.html.lines import Line, List, Table, compact, is_layout, is_verse, raised
from digest.dumps.html.links import absolute, is_anchor, is_last, leads_on, links_in, marked, unmarked
from digest.dumps.html.tree import PHRASING, Element, classes_of, is_furniture, parsed
from digest.dumps.structure import is_displayed
from digest.model import BlockKind, letter_of

_RUBY = frozenset({"ruby", "rt", "rb", "rtc"})
_REWRITTEN = frozenset({"sup", "sub", "rt", "q"})
_HEADINGS = frozenset({"h1", "h2", "h3", "h4", "h5", "h6"})
_POEMS = frozenset({"poem", "poetry", "verse", "wp-block-verse", "stanza", "lyrics", "poemtext"})
_LISTS = frozenset({"ul", "ol", "menu", "dl"})
_ITEMS = frozenset({"li", "dt", "dd"})
_CELLS = frozenset({"td", "th", "caption"})
_MOST_LINKS, _LONGEST_LINK = 500, 200  # of an article; characters of the text of one
_PARAGRAPH, _HEADING, _FIGURE = map(letter_of, (BlockKind.PARAGRAPH, BlockKind.HEADING, BlockKind.FIGURE))
_VERSE, _CODE, _FORMULA = map(letter_of, (BlockKind.VERSE, BlockKind.CODE, BlockKind.FORMULA))


@dataclass(frozen=True, slots=True)
class Body:
    """The text of an article. `paragraphs` and `figures` as in a Sighting; `kinds` has a letter for each paragraph.

    `links` are as in `Extras`, with absolute URLs of the web.
    """

    paragraphs: tuple[str, ...] = ()
    figures: tuple[str, ...] = ()
    kinds: str = ""
    links: tuple[tuple[str, str, int], ...] = ()


def body(html: str, base: str = "", *, title: str = "") -> Body:
    """The text of a fragment of HTML, whatever is wrong with its markup.

    `base` is the URL to which its links are relative. A heading at the beginning that repeats `title` is left out.
    """
    return body_of(parsed(f"<body>{html}"), base, title=title)


def body_of(element: Element, base: str = "", *, title: str = "", skip: frozenset[Element] = frozenset()) -> Body:
    """The same for an element of a parsed page, without the elements to `skip`."""
    return _Walk(base, skip).read(element, title)


def line_of(element: Element, *, skip: frozenset[Element] = frozenset()) -> str:
    """The text of an element in one line, for instance a title; captions included."""
    return " ".join(" ".join(_Walk("", skip).read(element, "").paragraphs).split())


class _Walk:
    """One pass over a tree, in document order and without recursion."""

    def __init__(self, base: str, skip: frozenset[Element]) -> None:
        self._base, self._skip = base, skip
        self._line, self._figures = Line(), Figures()
        self._paragraphs: list[str] = []
        self._kinds: list[str] = []
        self._captions: list[str] = []
        self._urls: list[str] = []
        self._lists: list[List] = []
        self._items: list[str] = []  # the lines of the outermost open list
        self._table: Table | None = None
        self._ends: list[tuple[Element, Callable[[], None]]] = []  # open elements, and what to do when they end
        self._headings = self._poems = 0  # open elements
        self._small = False  # whether an element is open whose text is rewritten at its end
        self._in_line = 0  # open elements whose content is one line

    def read(self, root: Element, title: str) -> Body:
        from lxml import etree  # noqa: PLC0415 - few installations read HTML

        walk = etree.iterwalk(root, events=("start", "end"))
        for event, element in walk:
            if event == "start":
                if element in self._skip or self._is_read(element):
                    walk.skip_subtree()
                elif element.text:
                    self._line.add(element.text)
                continue
            if self._ends and self._ends[-1][0] is element:
                self._ends.pop()[1]()
            if element is not root and element.tail:
                self._line.add(element.tail)
        self._close_list()
        return self._made(title)

    def _made(self, title: str) -> Body:
        heading = compact(title)
        repeats = heading and self._kinds[:1] == [_HEADING] and compact(unmarked(self._paragraphs[0])) == heading
        first = 1 if repeats else 0
        paragraphs, links = links_in(self._paragraphs[first:], self._urls)
        figures = tuple(map(unmarked, self._captions))
        return Body(tuple(paragraphs), figures, "".join(self._kinds[first:]), tuple(links))

    def _is_read(self, element: Element) -> bool:
        """Handle the beginning of an element; True if nothing in it is left to read."""
        tag, classes = element.tag, classes_of(element)
        if (text := formula(element, classes)) is not None:
            self._line.put(text)
            return True
        if is_furniture(element, classes):
            return True
        if tag == "br":
            self._line.add(" ") if self._in_line else self._line.end()
            return True
        if tag == "img":
            self._image(element, classes)
            return True
        if is_code(element, classes):
            self._code(element, classes)
            return True
        if is_caption(tag, classes) and (self._figures.is_open or self._figures.waits or self._follows_figure()):
            self._caption(element)
        elif tag in PHRASING or tag in _RUBY:
            self._phrase(element, tag)
        elif tag == "input":
            if (element.get("type") or "").lower() == "checkbox":
                self._line.put("[x] " if element.get("checked") is not None else "[ ] ")
        else:
            self._block(element, tag, classes)
        return False

    # Within a line

    def _phrase(self, element: Element, tag: str) -> None:
        if tag == "a" and not self._line.linked:
            self._line.linked = True
            self._ends.append((element, self._link(element)))
        elif tag in _REWRITTEN and not self._small:
            self._small = True
            self._ends.append((element, self._rewritten(tag)))

    def _rewritten(self, tag: str) -> Callable[[], None]:
        mark = self._line.mark()

        def end() -> None:
            self._small = False
            if text := unmarked(compact(self._line.taken(mark))):
                self._line.put(raised(tag, text, self._line.before()))

        return end

    def _link(self, element: Element) -> Callable[[], None]:
        mark, alone = self._line.mark(), self._line.is_blank
        href = (element.get("href") or "").strip()

        def end() -> None:
            self._line.linked = False
            text = compact(self._line.since(mark))
            if not text or not href:
                return
            if is_anchor(href, text) or (is_last(element) and leads_on(text, alone=alone)):
                self._line.taken(mark)
            elif len(text) <= _LONGEST_LINK and len(self._urls) < _MOST_LINKS and (url := absolute(href, self._base)):
                self._line.put(marked(self._line.taken(mark), len(self._urls)))
                self._urls.append(url)

        return end

    def _image(self, element: Element, classes: frozenset[str]) -> None:
        if is_emoji(element, classes):
            self._line.put(compact(element.get("alt")))
            return
        alone = self._line.is_blank and not self._in_line
        if self._figures.image(element) and alone and not self._figures.is_open:
            self._flush()

    def _caption(self, element: Element) -> None:
        if not self._figures.waits:
            self._break()
        mark = self._line.mark()
        self._in_line += 1

        def end() -> None:
            self._in_line -= 1
            text = compact(self._line.taken(mark))
            if text and not self._figures.caption(text):
                self._paragraphs[-1] = self._captions[-1] = with_caption(self._captions[-1], text)

        self._ends.append((element, end))

    # Blocks

    def _block(self, element: Element, tag: str, classes: frozenset[str]) -> None:
        end = self._break
        if tag == "table" and not self._table and not is_layout(element):
            end = self._begin_table()
        elif self._table:
            end = self._part_of_table(self._table, tag)
        elif tag in _LISTS:
            end = self._begin_list(element)
        elif tag in _ITEMS and self._lists:
            self._flush()
            self._lists[-1].item(element)
        elif tag == "figure" or "wp-caption" in classes:
            self._break()
            self._figures.begin()
            end = self._end_figure
        elif tag in _HEADINGS:
            self._break()
            self._headings += 1
            end = self._end_heading
        elif classes & _POEMS:
            self._break()
            self._poems += 1
            end = self._end_poem
        else:
            self._break()
        self._ends.append((element, end))

    def _break(self) -> None:
        """End the line at the edge of a block."""
        if self._in_line:
            self._line.add(" ")
        else:
            self._flush()

    def _end_heading(self) -> None:
        self._break()
        self._headings -= 1

    def _end_poem(self) -> None:
        self._break()
        self._poems -= 1

    def _end_figure(self) -> None:
        self._break()
        texts, caption = self._figures.end()
        for text in texts:
            self._write(text, _FIGURE)
        if caption:
            self._write(caption, _PARAGRAPH)

    def _begin_list(self, element: Element) -> Callable[[], None]:
        self._flush()
        self._lists.append(List(element))

        def end() -> None:
            self._flush()
            self._lists.pop()
            if not self._lists:
                self._close_list()

        return end

    def _begin_table(self) -> Callable[[], None]:
        self._break()
        table = self._table = Table()
        mark = self._line.mark()
        self._in_line += 1

        def end() -> None:
            self._line.taken(mark)
            self._in_line -= 1
            self._table = None
            table.end_row()
            if table.lines:
                self._emit("\n".join(table.lines), _PARAGRAPH)
            self._break()

        return end

    def _part_of_table(self, table: Table, tag: str) -> Callable[[], None]:
        if tag == "tr":
            table.end_row()
            return table.end_row
        if tag not in _CELLS:
            self._line.add(" ")
            return self._break
        mark = self._line.mark()

        def end() -> None:
            table.cells.append(compact(self._line.taken(mark)))
            if tag == "caption":
                table.end_row()

        return end

    def _code(self, element: Element, classes: frozenset[str]) -> None:
        text = code(element)
        if self._in_line:
            self._line.add(f" {text} ")
            return
        self._flush()
        if text:
            verse = self._poems or classes & _POEMS
            self._write(text, _VERSE if verse else _CODE)

    # What was read

    def _flush(self) -> None:
        """Write the open paragraph, and then the pictures beside it."""
        for text in self._line.paragraphs():
            if self._headings:
                self._emit(compact(text), _HEADING)
            elif is_displayed(text):
                self._emit(text, _FORMULA)
            elif self._poems or is_verse(unmarked(text)):
                self._emit(text, _VERSE)
            else:
                self._emit(text, _PARAGRAPH)
        if self._figures.waits and not self._in_line:
            for text in self._figures.beside():
                self._write(text, _FIGURE)

    def _emit(self, text: str, kind: str) -> None:
        """Write a paragraph, in a list as lines of an item."""
        if self._lists:
            self._items += self._lists[-1].lines(text, len(self._lists) - 1)
        elif not (self._follows_figure() and compact(unmarked(text)) in unmarked(self._captions[-1]).split("\n")):
            self._write(text, kind)

    def _write(self, text: str, kind: str) -> None:
        self._close_list(flush=False)
        self._paragraphs.append(text)
        self._kinds.append(kind)
        if kind == _FIGURE:
            self._captions.append(text)

    def _close_list(self, *, flush: bool = True) -> None:
        if flush:
            self._flush()
        if self._items:
            self._paragraphs.append("\n".join(self._items))
            self._kinds.append(_PARAGRAPH)
            self._items = []

    def _follows_figure(self) -> bool:
        return self._kinds[-1:] == [_FIGURE] and self._line.is_blank and not self._items
