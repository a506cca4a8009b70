"""The font of formulas has every character that the typesetter can write and Latin Modern Math draws."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from lxml import etree

from digest.typeset.math.extract import Formula, pieces
from digest.typeset.math.mathml import element
from tests.formula_font import FONT, covered, reachable
from tests.unit.typeset.math.test_formulas import FORMULAS

if TYPE_CHECKING:
    from pathlib import Path

LARGEST = 125_000  # bytes; the whole font has three times as many
# Latin Modern Math itself lacks them, so browsers take them from the next font.
LACKING = frozenset("ϝ϶₹ℊℯℲℴ⅁↯⇠⇢⋔⎰⎱ⓇⓈ▴▵▾▿◻★☊⟋⟍⤙⤚⦃⦄⦇⦈⦉⦊⦵⧫⨇⨈⨋⨍⨎⨏⨐⨝⨾⩞⩦⩴⪵⪶⪷⪸⪹⪺⫅⫆⫋⫌𝒶𝒷𝒸𝒹𝒻𝒽𝒾𝒿𝓀𝓁𝓂𝓃𝓅𝓆𝓇𝓈𝓉𝓊𝓋𝓌𝓍𝓎𝓏𝟋")


@pytest.fixture(scope="module")
def font() -> set[str]:
    return covered(FONT.read_bytes())


def drawn(formula: Formula) -> set[str]:
    """The characters of a formula that the font has to draw."""
    root = element(formula)
    if root is None:
        return set()
    texts = [part.text or "" for part in root.iter() if etree.QName(part).localname != "mtext"]
    return {character for text in texts for character in text if not character.isspace()}


def test_it_has_what_the_typesetter_can_write(font: set[str]) -> None:
    every = reachable()
    assert len(every) > 1_000, "the commands of math-core are found"
    missing = "".join(sorted(every - font - LACKING))
    assert not missing, "`make font` cuts it anew; if Latin Modern Math lacks them, add them to LACKING"
    assert not LACKING - every


def test_it_has_what_the_formulas_of_the_tests_need(font: set[str]) -> None:
    needed = set[str]().union(*(drawn(Formula(tex, display=display)) for tex, display, _, _ in FORMULAS))
    assert len(needed) > 50
    assert not needed - font


def test_it_has_what_the_formulas_of_real_articles_need(font: set[str], real_dumps: Path) -> None:
    texts = [file.read_text("utf-8") for file in real_dumps.glob("*.txt")]
    formulas = [piece for text in texts for piece in pieces(text) if isinstance(piece, Formula)]
    assert len(formulas) > 20
    assert not set[str]().union(*map(drawn, formulas)) - font


def test_it_is_small() -> None:
    assert FONT.stat().st_size < LARGEST
