"""Takes out of a server's words what was sent to it at login, in whatever form it comes back. Pure.

Some servers repeat the command that they refuse, which holds a user name, a password or a token, often in base64. Such
words are stored with deliveries, shown by `digest status`, logged and mailed as an alert.
"""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass
from urllib.parse import quote, unquote

HIDDEN = "***"
_SHORT = 4  # a shorter secret is looked for as a whole word, a longer one anywhere
_RUN = re.compile(r"[A-Za-z0-9+/=_%\-]{6,}")  # what base64, hex and URLs are written with
_LIKE_A_KEY = 24  # a run of that length that is no plain word


@dataclass(frozen=True, slots=True)
class Sent:
    """What was sent to a server at login. Its repr shows nothing of it."""

    username: str
    secret: str

    def __repr__(self) -> str:
        return "Sent(***)"

    def hidden(self, words: str, *, names: bool = True) -> str:
        """The words with `***` for the secret, and, with `names`, for the user name and whatever may be a key."""
        if not self.username and not self.secret:
            return words
        local = self.username.partition("@")[0]
        known = [(self.secret, len(self.secret) < _SHORT)]
        if names:
            known += [(self.username, True), (local, True)]
        for text, whole in known:
            for form in sorted(_forms(text), key=len, reverse=True):
                words = _without(words, form, whole=whole)
        return _RUN.sub(lambda run: HIDDEN if self._tells(run.group(), names=names) else run.group(), words)

    def _tells(self, run: str, *, names: bool) -> bool:
        """Whether a run of characters is a part of what was sent, holds it when it is decoded, or could be a key."""
        if run.strip("=") == HIDDEN or run.isdigit():
            return False
        whole = (
            self.secret,
            f"\0{self.username}\0{self.secret}",
            f"user={self.username}\1auth=Bearer {self.secret}\1\1",
        )
        folded = run.casefold()
        if folded in self.secret.casefold() or any(folded in one.casefold() for text in whole for one in _coded(text)):
            return True
        looked_for = [text.casefold() for text in (self.secret, self.username if names else "") if len(text) >= _SHORT]
        if any(text in found for found in _decoded(run) for text in looked_for):
            return True
        return names and len(run) >= _LIKE_A_KEY and re.search(r"[A-Z0-9+=]", run) is not None


def _forms(text: str) -> set[str]:
    """A text as it is, and as protocols, logs and URLs write it; none for an empty one."""
    if not text:
        return set()
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return {text, escaped, repr(text)[1:-1], quote(text, safe="", errors="surrogateescape"), *_coded(text)}


def _coded(text: str) -> set[str]:
    raw = text.encode("utf-8", "surrogateescape")
    coded = {base64.b64encode(raw).decode(), base64.urlsafe_b64encode(raw).decode()}
    return {raw.hex(), *coded, *(one.rstrip("=") for one in coded)}


def _without(words: str, form: str, *, whole: bool) -> str:
    """White space counts as equal however much there is: a reply's lines are joined."""
    pattern = r"\s+".join(re.escape(part) for part in form.split()) or re.escape(form)
    if whole:
        pattern = rf"(?<![^\W_]){pattern}(?![^\W_])"
    return re.sub(pattern, HIDDEN, words, flags=re.IGNORECASE)


def _decoded(run: str) -> list[str]:
    """What a run may say, read as base64 from each of four places, as hex, and as a part of a URL; case-folded."""
    found = [unquote(run)]
    plain = run.rstrip("=").translate(str.maketrans("-_", "+/"))
    for skipped in range(4):
        part = plain[skipped:]
        part = part[:-1] if len(part) % 4 == 1 else part  # no base64 has such a length: its end is cut off
        try:
            decoded = base64.b64decode(part + "=" * (-len(part) % 4))
        except binascii.Error:
            continue
        found.append(decoded.decode("utf-8", "replace"))
    if re.fullmatch(r"(?:[0-9A-Fa-f]{2})+", run):
        found.append(bytes.fromhex(run).decode("utf-8", "replace"))
    return [text.casefold() for text in found if text]
