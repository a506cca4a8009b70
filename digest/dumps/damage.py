"""Detects text that was damaged before it reached us: bytes read in a wrong encoding, or lost characters.

One search looks for characters that are rare in sound text; only what it finds is tested, by reversing the wrong
decoding. Decision 14.
"""

import re
from collections.abc import Iterable

_STRAY = 1  # private-use characters that sound text may have: an icon of a web font
_SMALL = 300  # characters of a text in which one damaged place is enough
_SHARE = 1000  # otherwise, two and one per so many characters: an article about encodings shows a few
_CJK_RUN = 4  # characters
_GOOD = 0.8  # share of a run that is sound after it is decoded correctly


def _leads(codec: str, leads: range, trails: Iterable[int]) -> str:
    """The characters that the first two of three bytes in UTF-8 look like in another encoding."""
    pairs = (bytes([lead, trail]).decode(codec, "ignore") for lead in leads for trail in trails)
    return "".join(sorted({pair for pair in pairs if len(pair) == 1}))


_TRAILS = range(0x80, 0xC0)
_HAN = range(0xE4, 0xEA)  # the first bytes of Chinese in UTF-8
# UTF-8 read as GBK. A second byte below 0xA1 lies outside GB 2312: hardly any text has such characters.
_RARE = re.escape(_leads("gbk", _HAN, range(0x80, 0xA1)))
_AS_GBK = _leads("gbk", _HAN, _TRAILS)
_AS_KANA = "縺繧繝譁蟄荳譌蜷莠邨蝠髢"  # UTF-8 read as Shift JIS
_CONTINUED = "\x80-\xbf" + "".join(
    sorted({bytes([byte]).decode("cp1252", "ignore") for byte in range(0x80, 0xA0)} - {""})
)
_MAY_BE = re.compile(f"[\ufffd\ue000-\uf8ff\U000f0000-\U0010ffff\xa1-\xff{_RARE}{_AS_KANA}锟烫屯涓]")
_PRIVATE = re.compile("[\ue000-\uf8ff\U000f0000-\U0010ffff]")
_LOST = re.compile("锟斤拷|烫烫烫|屯屯屯")
_FOREIGN = re.compile("[^\x00-\x7f]+")
_LATIN = re.compile(f"(?:[\xc2-\xdf][{_CONTINUED}]|[\xe0-\xef][{_CONTINUED}]{{2}}|[\xf0-\xf4][{_CONTINUED}]{{3}})+")
_LATIN_RUN = re.compile("[\xa1-\xff]{4,}")
_TO_CP1252 = {ord(bytes([byte]).decode("cp1252", "ignore") or chr(byte)): byte for byte in range(0x80, 0xA0)}
_CHINESE = re.compile("[\u4e00-\u9fff\u3000-\u303f\uff00-\uffef\u3040-\u30ff\u2010-\u2026]")
_COMMON_HAN = (
    "的一是不了在有人我他这中大来上个为和国地到以说时要就出会可也你对能而子那得于着下自之这年們這個為來說時會對過"
)
_COMMON = re.compile(f"[{_COMMON_HAN}\u3040-\u30ff\uac00-\ud7af]")
_HAN_CHARACTER = re.compile("[\u4e00-\u9fff]")
_MUCH = 100  # in sound text, one of so many Chinese characters is a common one
_GBK_HINT = re.compile(f"[{re.escape(_AS_GBK)}]")
# A common character in UTF-8, and the first byte of the next one.
_GBK_PAIR = re.compile(
    "涓€|鏈枃|"
    + "|".join(
        sorted(
            raw[:2].decode("gbk") + f"[{''.join(bytes([raw[2], lead]).decode('gbk', 'ignore') for lead in _HAN)}]"
            for raw in (character.encode() for character in {*_COMMON_HAN} - {"一"})
            if raw[2] != _TRAILS[0]
        )
    )
)
_KANA_HINT = re.compile(f"[{_AS_KANA}]")


def damage(texts: Iterable[str]) -> str:
    """One sentence about why the texts look damaged; empty if they look sound."""
    suspects: list[str] = []
    size, han, common = 0, 0, False
    for text in texts:
        size += len(text)
        if text.isascii():
            continue
        if _MAY_BE.search(text):
            suspects.append(text)
        if not common:
            common = _COMMON.search(text) is not None
            han += len(_HAN_CHARACTER.findall(text))
    if suspects and (reason := _reason("\n".join(suspects), size)):
        return reason
    if not common and han >= _MUCH:
        return f"The text has {han:,} Chinese characters and none of the common ones, as if read in a wrong encoding."
    return ""


def _reason(text: str, size: int) -> str:
    """The sentence for this much damage in a text of so many characters; empty for sound text."""
    if lost := text.count("\N{REPLACEMENT CHARACTER}"):
        return f"The text has {_counted(lost, 'replacement character')} (U+FFFD) where bytes could not be read."
    if (private := len(_PRIVATE.findall(text))) > _STRAY:
        return f"The text has {_counted(private, 'private-use character')}, which only a font of their own can show."
    for name, places in (
        ("bytes that were lost, like 锟斤拷", len(_LOST.findall(text))),
        ("UTF-8 read as GBK", len(_GBK_PAIR.findall(text)) or sum(map(_is_gbk, _FOREIGN.findall(text)))),
        ("UTF-8 read as Latin-1", sum(map(_is_latin, _LATIN.findall(text)))),
        ("Chinese read as Latin-1", sum(map(_is_chinese, _LATIN_RUN.findall(text)))),
        ("UTF-8 read as Shift JIS", sum(map(_is_kana, _FOREIGN.findall(text)))),
    ):
        if places and (size < _SMALL or (places > 1 and places * _SHARE >= size)):
            return f"The text reads like {name}, in {_counted(places, 'place')}."
    return ""


def _is_gbk(run: str) -> bool:
    """Whether a run is Chinese in UTF-8 that was read as GBK."""
    if _GBK_HINT.search(run) is None:
        return False
    raw = b"\x80".join(part.encode("gb18030", "ignore") for part in run.split("€"))  # the byte 0x80 is € in GBK
    return _is_sound(raw, "utf-8", 2)


def _is_kana(run: str) -> bool:
    return _KANA_HINT.search(run) is not None and _is_sound(run.encode("cp932", "ignore"), "utf-8", 2)


def _is_latin(run: str) -> bool:
    """Whether a run of possible lead and trail bytes is really UTF-8."""
    raw = bytes(_TO_CP1252.get(ord(character), ord(character) & 0xFF) for character in run)
    try:
        raw.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _is_chinese(run: str) -> bool:
    """Whether a run of Latin-1 is GBK or Big5: no language has rows of four letters beyond ASCII."""
    raw = run.encode("latin-1")
    return len(raw) % 2 == 0 and _is_sound(raw, "gb2312", _CJK_RUN / 2)


def _is_sound(raw: bytes, encoding: str, least: float) -> bool:
    """Whether nearly all of the bytes are Chinese or Japanese in this encoding."""
    text = raw.decode(encoding, "replace")
    good = len(_CHINESE.findall(text))
    return good >= least and good >= len(text) * _GOOD


def _counted(number: int, noun: str) -> str:
    return f"{number:,} {noun}" + ("s" if number > 1 else "")
