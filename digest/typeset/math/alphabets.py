"""Mathematical letters as ordinary letters with a style (a bold italic 𝒙), and the signs that have small forms."""

import unicodedata
from dataclasses import dataclass

_SUPERSCRIPTS = dict(
    zip(
        "0123456789+−-=()abcdefghijklmnoprstuvwxyzABDEGHIJKLMNOPRTUVWαβγδεθιφχ⊤",
        "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁻⁼⁽⁾ᵃᵇᶜᵈᵉᶠᵍʰⁱʲᵏˡᵐⁿᵒᵖʳˢᵗᵘᵛʷˣʸᶻᴬᴮᴰᴱᴳᴴᴵᴶᴷᴸᴹᴺᴼᴾᴿᵀᵁⱽᵂᵅᵝᵞᵟᵋᶿᶥᵠᵡᵀ",
        strict=True,
    )
)
_SUBSCRIPTS = dict(zip("0123456789+−-=()aehijklmnoprstuvxβγρφχ", "₀₁₂₃₄₅₆₇₈₉₊₋₋₌₍₎ₐₑₕᵢⱼₖₗₘₙₒₚᵣₛₜᵤᵥₓᵦᵧᵨᵩᵪ", strict=True))
SCRIPTS = "".join({*_SUPERSCRIPTS.values(), *_SUBSCRIPTS.values()}) + "′″‴"
_PRIMES = {"′", "″", "‴", "′′", "'"}


@dataclass(frozen=True, slots=True)
class Letter:
    """An ordinary letter and its style."""

    text: str
    bold: bool = False
    italic: bool = False


def letter(character: str) -> Letter:
    """The ordinary letter for a mathematical one. Double-struck and Fraktur letters stay, as no style replaces them."""
    if character == "ℎ":
        return Letter("h", italic=True)
    name = unicodedata.name(character, "")
    plain = unicodedata.normalize("NFKC", character)
    if not name.startswith("MATHEMATICAL ") or plain == character or "FRAKTUR" in name or "DOUBLE-STRUCK" in name:
        return Letter(character)
    return Letter(plain, bold=" BOLD" in name, italic="ITALIC" in name or "SCRIPT" in name)


def superscript(text: str) -> str | None:
    """The text in superscript signs; None if one is missing."""
    return text if text in _PRIMES else _small(text, _SUPERSCRIPTS)


def subscript(text: str) -> str | None:
    """The text in subscript signs; None if one is missing."""
    return _small(text, _SUBSCRIPTS)


def _small(text: str, table: dict[str, str]) -> str | None:
    return "".join(table[sign] for sign in text) if all(sign in table for sign in text) else None
