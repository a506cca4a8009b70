"""What a transport says of a mail that it handed over; knows no transport."""

from __future__ import annotations

from typing import Self


class Taken(str):
    """What was said as a mail was taken; `code` is the server's reply code, None where no server was asked."""

    __slots__ = ("code",)
    code: int | None

    def __new__(cls, words: str, code: int | None = None) -> Self:
        taken = super().__new__(cls, words)
        taken.code = code
        return taken
