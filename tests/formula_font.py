"""The font of formulas on pages: Latin Modern Math, cut to what the typesetter can write. Decision 347.

`make font` writes it. The characters are found, not listed: every run of letters within math-core's library is tried
as a command, alone, as a delimiter and with arguments; every command that takes an argument gets every letter, digit
and symbol.
"""

from __future__ import annotations

import re
import struct
import sys
from html import unescape
from pathlib import Path
from typing import Any

import brotli
import math_core

from digest.typeset.math.mathml import _CORE

FONT = Path(__file__).resolve().parents[1] / "templates" / "web" / "latinmodern-math.woff2"
SOURCE = Path("/usr/share/texmf/fonts/opentype/public/lm-math/latinmodern-math.otf")  # of Debian's fonts-lmodern
NAME = "Digest Formulas"  # its licence asks for another name of what is derived
PRIMES = (*range(0x2032, 0x2038), 0x2057)  # only they keep their forms for scripts, which browsers use for them alone
_LONGEST = 30  # letters of a command
_KEYS = [chr(code) for code in range(33, 127) if chr(code) not in "\\{}%#&_^~$"]
_SELECTORS = "\ufe00\ufe01"  # the typesetter removes them
_FORMS = (
    *("\\{0}", "\\{0}{{x}}", "\\{0}{{x}}{{y}}", "x\\{0} y", "\\not\\{0}", "x^{{\\{0}}}"),
    *("\\left\\{0} x\\middle\\{0}\\right\\{0}", "\\left\\{0} x\\right.", "\\Bigg\\{0}"),
)
_KEY_FORMS = ("{0}", "\\{0}", "\\{0}{{x}}", "\\not{0}", "\\left{0}x\\right{0}", "x{0}", "x''''{0}")


def written(tex: str) -> str:
    """The characters of a formula's MathML; empty if it cannot be read."""
    try:
        made = _CORE.convert_with_local_state(tex, displaystyle=True)
    except math_core.LatexError:
        return ""
    return unescape(re.sub("<[^>]*>", "", made))


def reachable() -> set[str]:
    """Every character that the typesetter writes by itself; an author can type any other, too."""
    names = [name for name in _candidates() if written(f"\\{name}{{x}}{{y}}") or written(f"\\left\\{name} x\\right.")]
    alone = [f"\\{name}" for name in names if written(f"\\{name}")]
    alphabets = [name for name in names if written(f"\\{name}{{x}}") and not written(f"\\{name}")]
    texts = [form.format(name) for name in names for form in _FORMS]
    texts += [form.format(key) for key in _KEYS for form in _KEY_FORMS]
    texts += [f"\\{name}{{{one}}}" for name in alphabets for one in (*_KEYS, *alone)]
    return {character for tex in texts for character in written(tex) if not character.isspace()} - {*_SELECTORS}


def _candidates() -> set[str]:
    library = Path(math_core._math_core_rust.__file__).read_bytes()
    runs = {run.decode() for run in re.findall(b"[A-Za-z]+", library)}
    return {
        run[first:last]
        for run in runs
        for first in range(len(run))
        for last in range(first + 1, min(len(run), first + _LONGEST) + 1)
    }


def covered(woff2: bytes) -> set[str]:
    """The characters for which a font has a glyph. Source: WOFF 2.0, sections 4.1 and 4.2; OpenType, cmap format 12."""
    tables, at, start = struct.unpack(">H", woff2[12:14])[0], 48, 0
    found: tuple[int, int] | None = None
    for _ in range(tables):
        flags, at = woff2[at], at + 1
        tag, at = (woff2[at : at + 4], at + 4) if flags & 63 == 63 else (_TAGS.get(flags & 63, b""), at)
        length, at = _number(woff2, at)
        if tag in {b"glyf", b"loca"}:
            raise ValueError("only fonts with PostScript outlines are read")
        if tag == b"cmap":
            found = (start, length)
        start += length
    assert found
    (compressed,) = struct.unpack(">I", woff2[20:24])
    cmap = brotli.decompress(woff2[at : at + compressed])[found[0] : sum(found)]
    (number,) = struct.unpack(">H", cmap[2:4])
    offsets = [struct.unpack(">I", cmap[8 * n + 8 : 8 * n + 12])[0] for n in range(number)]
    (whole,) = {offset for offset in offsets if struct.unpack(">H", cmap[offset : offset + 2])[0] == 12}
    (groups,) = struct.unpack(">I", cmap[whole + 12 : whole + 16])
    spans = [struct.unpack(">II", cmap[whole + 16 + 12 * n : whole + 24 + 12 * n]) for n in range(groups)]
    return {chr(code) for first, last in spans for code in range(first, last + 1)}


_TAGS = {0: b"cmap", 10: b"glyf", 11: b"loca"}


def _number(data: bytes, at: int) -> tuple[int, int]:
    """A number of base 128 and the place behind it."""
    value = 0
    while True:
        value, at = value << 7 | data[at] & 127, at + 1
        if not data[at - 1] & 128:
            return value, at


def cut(source: Path, target: Path) -> None:
    """Write the subset of the font in `source`."""
    from fontTools import subset  # noqa: PLC0415 - `make font` installs it, nothing else needs it
    from fontTools.ttLib import TTFont  # noqa: PLC0415

    font: Any = TTFont(source, recalcTimestamp=False)
    glyphs = font.getBestCmap()
    primes = {glyphs[code] for code in PRIMES}
    for lookup in font["GSUB"].table.LookupList.Lookup:
        for part in lookup.SubTable:
            if hasattr(part, "alternates"):
                part.alternates = {glyph: others for glyph, others in part.alternates.items() if glyph in primes}
    options = subset.Options(flavor="woff2", layout_features=["ssty", "dtls"], hinting=False, desubroutinize=True)
    options.drop_tables += ["FFTM"]
    cutter = subset.Subsetter(options)
    cutter.populate(text="".join(sorted(reachable())) + " ")
    cutter.subset(font)
    for record in font["name"].names:
        if record.nameID in {1, 4, 6, 16}:
            record.string = NAME.replace(" ", "") if record.nameID == 6 else NAME
    subset.save_font(font, target, options)


if __name__ == "__main__":
    given = Path(sys.argv[1]) if sys.argv[1:] else SOURCE
    if not given.exists():
        sys.exit(f"{given} is missing: apt-get install fonts-lmodern, or name the file of Latin Modern Math")
    cut(given, FONT)
