"""Serves cached responses from the protocol, before a task exists.

uvicorn answers everything else as usual. That includes a request that has a body, asks for another protocol or another
version of HTTP, asks to close the connection, waits behind a request in progress, or comes from a client that does not
read what was sent before. Decision 83.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import httptools
from uvicorn.protocols.http.httptools_impl import STATUS_LINE

from digest.web.guarded import Guarded
from digest.web.kept import NOT_MODIFIED, Kept

if TYPE_CHECKING:
    from digest.web.kept import Answer

_SAYS_MORE = frozenset((b"content-length", b"transfer-encoding", b"expect"))


class Direct(Guarded):
    """A connection of a server whose application is `Kept`; with any other application it behaves as uvicorn's own."""

    def answer(self) -> None:
        """Respond from the cache, or leave the request to uvicorn."""
        known = self._known(self.app) if isinstance(self.app, Kept) and self._is_simple() else None
        if known is None:
            super().answer()
            return
        status = known.start["status"]
        dated = b"".join(b"%b: %b\r\n" % header for header in self.server_state.default_headers)
        head = STATUS_LINE[status] + dated + known.lines
        if self.scope["method"] == "HEAD" or status == NOT_MODIFIED:
            self.transport.write(head)
        else:
            self.transport.writelines((head, known.body["body"]))
        known.count()
        self.on_response_complete()

    def _is_simple(self) -> bool:
        return (
            (self.cycle is None or self.cycle.response_complete)
            and self.parser.get_http_version() == "1.1"
            and self.parser.should_keep_alive()
            and not self.parser.should_upgrade()
            and not self.flow.write_paused
            and not any(name in _SAYS_MORE for name, _ in self.headers)
        )

    def _known(self, kept: Kept) -> Answer | None:
        url = httptools.parse_url(self.url)
        if b"%" in url.path:
            return None
        self.scope["method"] = self.parser.get_method().decode("ascii")
        self.scope["path"] = url.path.decode("ascii")
        self.scope["query_string"] = url.query or b""
        known = kept.known(self.scope)
        return known if known and known.lines else None
