"""Names of months and weekdays in the languages of the world, from Babel."""

import re
import unicodedata
from functools import lru_cache
from typing import NamedTuple

from babel import Locale, UnknownLocaleError

# Read where a layout names no languages. One whose month is another's (Croatian `listopad`) has to be named.
LANGUAGES = (
    "en", "zh", "ja", "ko", "de", "fr", "es", "it", "pt", "ru", "uk", "pl", "cs", "sk", "nl", "sv", "da", "nb", "fi",
    "hu", "ro", "tr", "el", "bg", "ca", "id", "vi", "ar", "he", "fa", "hi",
)  # fmt: skip
_VARIANTS = {"de": ("de_AT",), "ar": ("ar_LB", "ar_DZ", "ar_MA", "ar_TN"), "zh": ("zh_Hant",), "pt": ("pt_PT",)}
_IN_FRONT = {"he": "ב"}  # glued to the name of a month
_WRITTEN_SO_TOO = {"en": {"sept": 9}}
_WIDTHS = ("wide", "abbreviated")
_CONTEXTS = ("format", "stand-alone")


class Names(NamedTuple):
    """`months` gives the numbers (several where languages differ) of a name, `weekdays` are names; all as of `key`."""

    months: dict[str, frozenset[int]]
    weekdays: frozenset[str]


def key(name: str) -> str:
    """A name as it is looked up: in small letters, without full stop, its white space as one space."""
    return " ".join(unicodedata.normalize("NFC", name).casefold().replace(".", " ").replace("’", "'").split())


def is_language(tag: str) -> bool:
    """Whether Babel knows the language of a tag such as `de` or `pt-BR`."""
    try:
        Locale.parse(tag, sep="-" if "-" in tag else "_")
    except (UnknownLocaleError, ValueError, TypeError):
        return False
    return True


@lru_cache(maxsize=32)
def names(languages: tuple[str, ...] = ()) -> Names:
    """The names in these languages, or in all."""
    months: dict[str, set[int]] = {}
    weekdays: set[str] = set()
    for language in languages or LANGUAGES:
        own = language.replace("-", "_")
        for extra, number in _WRITTEN_SO_TOO.get(own.partition("_")[0], {}).items():
            months.setdefault(extra, set()).add(number)
        for tag in (own, *_VARIANTS.get(own, ())):
            locale = Locale.parse(tag)
            for context in _CONTEXTS:
                for width in _WIDTHS:
                    for number, name in locale.months[context][width].items():
                        for written in _writings(name) | _writings(_IN_FRONT.get(language, "") + name):
                            months.setdefault(written, set()).add(number)
                    for name in locale.days[context][width].values():
                        weekdays.update(_writings(name))
    return Names({name: frozenset(numbers) for name, numbers in months.items()}, frozenset(weekdays))


def _writings(name: str) -> set[str]:
    """A name with and without accents; none that begins with a number or says nothing."""
    written = key(name)
    if not written or written[0].isdigit():
        return set()
    return {written, _plain(written)}


def _plain(name: str) -> str:
    """Latin letters without accents."""
    if not any("LATIN" in unicodedata.name(letter, "") for letter in name):
        return name
    parts = unicodedata.normalize("NFD", name)
    return unicodedata.normalize("NFC", re.sub("[\u0300-\u036f]", "", parts))


def united(found: frozenset[str] | dict[str, frozenset[int]]) -> str:
    """A pattern for one of the names in any case, the longest first, with or without a full stop."""
    ordered = sorted(found, key=lambda name: (-len(name), name))
    return "(?i:" + "|".join(r"\s+".join(map(_escaped, name.split(" "))) for name in ordered) + r")\.?"


def _escaped(name: str) -> str:
    return re.escape(name).replace("'", "['’]")
