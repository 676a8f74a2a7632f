"""Programs that listen to Regie: real servers on loopback that keep what they get, and misbehave when asked."""

from __future__ import annotations

import json
import ssl
import threading
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Any

from tests.support.servers import LOOPBACK

PATIENCE_SECONDS = 20
"""How long a test waits for what must happen; only a test that fails waits so long."""


@dataclass(frozen=True, slots=True)
class Got:
    """One call as the receiver got it."""

    path: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def event(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.body)
        return found


class Receiver:
    """A web server that takes events.

    Args:
        certificate: file with key and certificate; it then speaks TLS.
        drips: it sends a line of its answer, and then nothing until the test is over.
    """

    def __init__(self, *, certificate: Path | None = None, location: str = "", drips: bool = False) -> None:
        self.calls: list[Got] = []
        self.statuses: deque[int] = deque()
        self.default_status = 204
        self.holds = threading.Event()
        self.holds.set()
        self.arrived = threading.Event()
        receiver = self

        class Take(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"] or 0))
                receiver.calls.append(
                    Got(self.path, {name.lower(): value for name, value in self.headers.items()}, body)
                )
                receiver.arrived.set()
                receiver.holds.wait(PATIENCE_SECONDS)
                if drips:
                    self.wfile.write(b"HTTP/1.1 200 OK\r\n")
                    self.wfile.flush()
                    receiver.ended.wait(PATIENCE_SECONDS)
                    return
                self.send_response(receiver.statuses.popleft() if receiver.statuses else receiver.default_status)
                if location:
                    self.send_header("Location", location)
                self.send_header("Content-Length", "0")
                self.end_headers()

            do_GET = do_POST

            def log_message(self, format: str, *args: object) -> None:
                """Keep the output of the tests clean."""

        self.ended = threading.Event()
        self._server = _Quiet((LOOPBACK, 0), Take)
        self._scheme = "http"
        if certificate is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate)
            self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
            self._scheme = "https"
        self.port: int = self._server.server_address[1]

    def url(self, host: str = LOOPBACK, path: str = "/haak") -> str:
        return f"{self._scheme}://{host}:{self.port}{path}"

    def will(self, *statuses: int) -> None:
        """Say what the next calls are answered with; after those 204."""
        self.statuses.extend(statuses)

    def __enter__(self) -> Receiver:
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.holds.set()
        self.ended.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


class _Quiet(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """A caller that hangs up is what some tests are about."""
