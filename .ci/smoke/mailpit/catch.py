"""A mail catcher: SMTP on 1025, what it took as JSON on 8025, in the words of Mailpit's `/api/v1/messages`."""

from __future__ import annotations

import email
import json
import os
import signal
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from aiosmtpd.controller import Controller

taken: list[dict[str, Any]] = []


class _Inbox:
    """Takes everything."""

    async def handle_DATA(self, _server: object, _session: object, envelope: Any) -> str:  # noqa: ANN401, N802 - aiosmtpd's
        message = email.message_from_bytes(envelope.original_content)
        people = [{"Address": address} for address in envelope.rcpt_tos]
        taken.append({"MessageID": message["Message-ID"].strip("<>"), "To": people})
        return "250 2.0.0 taken"


class _Page(BaseHTTPRequestHandler):
    """The list."""

    def do_GET(self) -> None:
        body = json.dumps({"total": len(taken), "messages": taken}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


signal.signal(signal.SIGTERM, lambda *_: os._exit(0))  # there is nothing to keep
Controller(_Inbox(), hostname="0.0.0.0", port=1025, server_hostname="mailpit").start()  # noqa: S104 - in a container
threading.Thread(target=ThreadingHTTPServer(("0.0.0.0", 8025), _Page).serve_forever).start()  # noqa: S104 - as above
