"""The pictures of an article: dumps contain none, so what remains is the text beside them."""

import re

from digest.dumps.html.lines import compact
from digest.dumps.html.tree import Element, names

_CAPTIONS = names(
    "wp-caption-text image-caption img-caption figcaption caption image__caption photo-caption figure-caption"
    " tr-caption thumbcaption gallery-caption kg-image-caption"
)
_EMOJI = names("emoji wp-smiley smiley emoticon emojione twemoji smilies biaoqing")
_EMOJI_PLACES = ("/emoji/", "/smilies/", "/smiley/", "/emoticons/", "/emojione/", "/twemoji/")
_LONGEST_EMOJI = 24  # characters
_LONGEST_ALT = 1000
_NO_ALT = re.compile(
    r"(?:\S{1,200}\.(?:png|jpe?g|gif|webp|svg|bmp|avif|heic)|(?:img|image|picture|photo|pic|dsc|screenshot|untitled"
    r"|null|undefined|图片|图像|截图|插图|在这里插入图片描述|画像|изображение|点击查看原图"
    r"|[0-9a-f]{16,64})[\s_-]*[\d_ .:-]*)",
    re.IGNORECASE,
)


class Figures:
    """The texts of pictures that are not written yet: of each open figure, and of pictures beside text."""

    def __init__(self) -> None:
        self._open: list[_Figure] = []
        self._beside = _Figure()

    @property
    def is_open(self) -> bool:
        """Whether a figure is open."""
        return bool(self._open)

    @property
    def waits(self) -> bool:
        """Whether there are texts of pictures beside text."""
        return bool(self._beside.alts)

    def begin(self) -> None:
        self._open.append(_Figure())

    def end(self) -> tuple[list[str], str]:
        """End a figure: the texts of its pictures, and its caption if it has no picture."""
        figure = self._open.pop()
        if figure.pictures:
            return figure.texts(), ""
        return [], figure.caption

    def image(self, image: Element) -> bool:
        """Note the text of a picture; whether there is any."""
        figure = self._open[-1] if self._open else self._beside
        figure.pictures += 1
        alt = compact((image.get("alt") or "")[:_LONGEST_ALT]) or compact((image.get("title") or "")[:_LONGEST_ALT])
        if not alt or _NO_ALT.fullmatch(alt):
            return False
        figure.alts.append(alt)
        return True

    def caption(self, text: str) -> bool:
        """Note a caption; False if no picture waits for it."""
        if not self._open and not self._beside.alts:
            return False
        (self._open[-1] if self._open else self._beside).caption = text
        return True

    def beside(self) -> list[str]:
        """The texts of pictures beside text, which are not noted any more."""
        texts = self._beside.texts()
        self._beside = _Figure()
        return texts


class _Figure:
    def __init__(self) -> None:
        self.alts: list[str] = []
        self.pictures = 0
        self.caption = ""

    def texts(self) -> list[str]:
        """One text for each picture; the caption belongs to the last one."""
        alts = [alt for at, alt in enumerate(self.alts) if not at or alt != self.alts[at - 1]]
        if not self.caption:
            return alts
        return [*alts[:-1], with_caption(alts[-1], self.caption)] if alts else [self.caption]


def with_caption(alt: str, caption: str) -> str:
    """The alternative text and the caption of a picture, each in its line, unless one contains the other."""
    one, other = "".join(alt.split()), "".join(caption.split())
    if one in other:
        return caption
    return alt if other in one else f"{alt}\n{caption}"


def is_caption(tag: str, classes: frozenset[str]) -> bool:
    """Whether an element may be the caption of a picture."""
    return tag == "figcaption" or bool(classes and classes & _CAPTIONS)


def is_emoji(image: Element, classes: frozenset[str]) -> bool:
    """Whether a picture stands for a character or a face in the text."""
    alt = image.get("alt") or ""
    if not alt or len(alt) > _LONGEST_EMOJI:
        return False
    source = image.get("src") or ""
    return bool(classes & _EMOJI) or any(place in source[:400] for place in _EMOJI_PLACES)
