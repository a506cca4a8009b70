"""POSTs to the hosts that the operator named and to no other: an answer that leads elsewhere is a refusal.

The only requests that we make by HTTP. What is answered is not read.
"""

from __future__ import annotations

import urllib.request

_SECONDS = 10.0


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: object) -> None:
        return None


_opener = urllib.request.build_opener(_NoRedirect, urllib.request.ProxyHandler({}))  # nor does the environment name one


def post(url: str, body: bytes, headers: dict[str, str]) -> None:
    """Hand over a body.

    Raises:
        OSError: it was not taken; an `urllib.error.HTTPError` where there was an answer, also one that leads elsewhere.
        ValueError: the URL is none.
    """
    request = urllib.request.Request(url, body, {"User-Agent": "Digest", **headers})  # noqa: S310 - the settings allow http(s) only
    with _opener.open(request, timeout=_SECONDS):
        return
