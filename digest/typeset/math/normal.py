r"""Normalizes the blog's TeX, so that both formula libraries read it alike.

math-core 0.9 takes exponential time for unclosed brackets, so these have their own limit.
"""

import re
from collections.abc import Callable

from digest.typeset.characters import strip_unsafe

LONGEST = 4_000
DEEPEST = 60
_OPEN_BRACKETS = 10
_REFUSED = re.compile(
    r"\\(?:[egx]?def|let|futurelet|(?:re)?newcommand|providecommand|newenvironment|DeclareMathOperator|csname|catcode"
    r"|input|include|includegraphics|href|url|style|class|cssId|html\w*|require|raisebox|rule|chemfig|ce|tikz\w*)"
    r"(?![A-Za-z])"
)
_DEPTH = re.compile(r"\\\\|\\[{}]|\\begin|\\end|\\left(?![A-Za-z])|\\right(?![A-Za-z])|[{}]")
_CHAIN = re.compile(rf"(?:\\[A-Za-z]+\*?\s*|[\^_']\s*){{{DEEPEST},}}")
_BRACKET = re.compile(
    r"(?P<lost>(?:[\^_]|\\(?:hat|bar|vec|dot|ddot|tilde|check|sqrt|overline|underline|overset|frac|math[a-z]+|text[a-z]*"
    r"|not|boldsymbol|widehat|operatorname))\s*(?:[)\]]|\\\}|\\r[a-zA-Z]+))"
    r"|(?P<open>[(\[]|\\\{|\\(?:lbrace|lbrack|langle|lfloor|lceil|lvert|lVert|lgroup|lmoustache)(?![A-Za-z]))"
    r"|(?P<close>[)\]]|\\\}|\\(?:rbrace|rbrack|rangle|rfloor|rceil|rvert|rVert|rgroup|rmoustache)(?![A-Za-z]))"
    r"|(?P<frame>[{}])|\\.",
    re.DOTALL,
)
_PAIRS = {"(": ")", "[": "]", r"\{": r"\}"}  # the other ones begin with l and r
_LENGTH = re.compile(r"-?\d{3,}(?:\.\d*)?\s*(?:em|ex|px|pt|cm|mm|in|mu|pc)(?![A-Za-z])")
_NAMES = {
    "bm": r"\boldsymbol", "pmb": r"\boldsymbol", "bold": r"\mathbf", "nonumber": "", "notag": "", "hfill": "",
    "tiny": "", "scriptsize": "", "footnotesize": "", "small": "", "normalsize": "", "large": "", "Large": "",
    "LARGE": "", "huge": "", "Huge": "", "allowbreak": "", "argmin": r"\operatorname*{arg\,min}",
    "argmax": r"\operatorname*{arg\,max}", "sgn": r"\operatorname{sgn}", "sign": r"\operatorname{sign}",
    "newline": r"\\", "dotsb": r"\cdots", "dotsm": r"\cdots", "dotsi": r"\cdots", "dotsc": r"\ldots",
    "dotso": r"\ldots",
}  # fmt: skip
_NAME = re.compile(rf"\\(?:{'|'.join(_NAMES)})(?![A-Za-z])[ ]?")
_ALIGNED = {
    "align": "aligned", "flalign": "aligned", "eqnarray": "aligned", "split": "aligned", "alignat": "aligned",
    "alignedat": "aligned", "gather": "gathered", "multline": "gathered",
}  # fmt: skip
_EDGE = re.compile(r"\\(begin|end)\{([A-Za-z]+)\*?\}")
_COUNT = re.compile(r"(\\begin\{align(?:ed)?at\*?\})\s*\{[^{}]*\}")
_PLACE = re.compile(r"(\\begin\{(?:aligned|gathered|array)\})\s*\[[tbc]\]")
_GAP = re.compile(r"\\\\\s*\[\s*-?[\d.]+\s*[a-z]{2}\s*\]")
_EQNARRAY = re.compile(r"(\\begin\{eqnarray\*?\})((?:(?!\\begin).)*?)(\\end\{eqnarray\*?\})", re.DOTALL)
_MIDDLE = re.compile(r"(?<!\\)&([^&]*)(?<!\\)&")
_WRAPPER = re.compile(r"\\(?:begin|end)\{(?:equation|displaymath|math)\*?\}")
_OPERATOR = re.compile(r"\s*(?:\\(?:text|mathrm|textrm|operatorname\*?)\s*\{([A-Za-z -]+)\}|\\rm\s*([A-Za-z]+))\s*")
_TWO_NAMES = re.compile(r"\s*\\arg\s*\\(min|max)\s*")
_SCRIPTED = re.compile(r"(\\operatorname)\*?(\s*\{[^{}]*\})\s*\\limits(?![A-Za-z])")
_ROW_END = re.compile(r"\\\\")
_SPACE = re.compile(r"\s+")


class BeyondLimitsError(ValueError):
    """A formula that is too long, nested too deeply, or uses something forbidden."""


def normalised(tex: str) -> tuple[str, str]:
    """The TeX without tags, labels, sizes and numbering, and the tag. The function is idempotent.

    Raises BeyondLimitsError.
    """
    tex = _SPACE.sub(" ", strip_unsafe(tex)).strip()
    _check(tex)
    tags: list[str] = []
    tex = _each(tex, r"\\tag\*?", lambda inner: _kept(inner, tags))
    tex = _each(tex, r"\\label", lambda _: "")
    tex = _each(tex, r"\\(?:eq|auto|c)?ref", lambda _: r"\text{(…)}")
    tex = _each(tex, r"\\[mh]box", lambda inner: rf"\text{{{inner}}}")
    tex = _each(tex, r"\\text", _text)
    tex = _each(tex, r"\\mathop", _operator)
    tex = _each(tex, r"\\substack", lambda inner: rf"\begin{{subarray}}{{c}}{inner}\end{{subarray}}")
    tex = _NAME.sub(lambda found: _named(found.group()), tex)
    tex = _SCRIPTED.sub(r"\1*\2", tex)
    tex = _GAP.sub(r"\\\\ ", tex)
    tex = _environments(tex)
    _check(tex)
    return tex, ", ".join(filter(None, tags))


def _kept(inner: str, tags: list[str]) -> str:
    tags.append(inner.strip())
    return ""


def _check(tex: str) -> None:
    if not tex or len(tex) > LONGEST:
        raise BeyondLimitsError(f"a formula has 1 to {LONGEST} characters")
    if _REFUSED.search(tex) or _LENGTH.search(tex):
        raise BeyondLimitsError("a formula defines nothing, fetches nothing and measures less than a hundred")
    depth = deepest = 0
    for found in _DEPTH.finditer(tex):
        depth += {"{": 1, "\\begin": 1, "\\left": 1, "}": -1, "\\end": -1, "\\right": -1}.get(found.group(), 0)
        deepest = max(deepest, depth)
        if depth < 0:
            raise BeyondLimitsError("a brace closes what none opened")
    if depth or deepest > DEEPEST or _CHAIN.search(tex) or _most_open(tex) > _OPEN_BRACKETS:
        raise BeyondLimitsError(f"a formula is balanced and nested at most {DEEPEST} deep")


def _most_open(tex: str) -> int:
    """The largest number of brackets open at the same time. A bracket must close within its own braces."""
    frames: list[list[str]] = [[]]
    most = 0
    for found in _BRACKET.finditer(tex):
        sign = found.group()
        if found["open"]:
            frames[-1].append(_PAIRS.get(sign, sign.replace("\\l", "\\r", 1)))
            most = max(most, sum(map(len, frames)))
        elif found["close"]:
            if sign in frames[-1]:
                frames[-1].remove(sign)
        elif sign == "{":
            frames.append([])
        elif sign == "}" and len(frames) > 1:
            frames.pop()
    return most


def _each(tex: str, command: str, replaced: Callable[[str], str]) -> str:
    """The TeX with every `command{argument}` replaced."""
    made, at = [], 0
    for found in re.finditer(rf"{command}\s*\{{", tex):
        if found.start() < at:
            continue
        end = _end_of_group(tex, found.end())
        made += [tex[at : found.start()], replaced(tex[found.end() : end - 1])]
        at = end
    return "".join([*made, tex[at:]])


def _end_of_group(tex: str, at: int) -> int:
    depth = 1
    for found in _DEPTH.finditer(tex, at):
        depth += {"{": 1, "}": -1}.get(found.group(), 0)
        if not depth:
            return found.end()
    return len(tex) + 1


def _text(inner: str) -> str:
    """Text that contains formulas, as texts and formulas side by side."""
    parts = re.split(r"(?<!\\)\$", inner)
    if len(parts) % 2 == 0:
        parts = [inner.replace("$", r"\$")]
    escaped = [part if index % 2 else re.sub(r"(?<!\\)([_^&#])", r"\\\1", part) for index, part in enumerate(parts)]
    return "".join(
        f"{{{part}}}" if index % 2 else rf"\text{{{part}}}"
        for index, part in enumerate(escaped)
        if part or len(parts) == 1
    )


def _operator(inner: str) -> str:
    if found := _OPERATOR.fullmatch(inner):
        return rf"\operatorname*{{{found[1] or found[2]}}}"
    if found := _TWO_NAMES.fullmatch(inner):
        return rf"\operatorname*{{arg\,{found[1]}}}"
    return rf"\mathop{{{inner}}}"


def _named(found: str) -> str:
    name = _NAMES[found[1:].strip()]
    return f"{name} " if name and name[-1].isalpha() else name


def _environments(tex: str) -> str:
    tex = _COUNT.sub(r"\1", tex)
    tex = _EQNARRAY.sub(_two_columns, tex)
    tex = _EDGE.sub(lambda found: rf"\{found[1]}{{{_ALIGNED.get(found[2], found[2])}}}", tex)
    tex = _WRAPPER.sub("", _PLACE.sub(r"\1", tex)).strip()
    if _ROW_END.search(tex) and "\\begin" not in tex:
        kind = "aligned" if re.search(r"(?<!\\)&", tex) else "gathered"
        tex = rf"\begin{{{kind}}}{tex}\end{{{kind}}}"
    return tex


def _two_columns(found: re.Match[str]) -> str:
    rows = [_MIDDLE.sub(r"&\1", row, count=1) for row in found[2].split(r"\\")]
    return found[1] + r"\\".join(rows) + found[3]
