"""One line of JSON per request: what was asked and how it went. And the last net: a fault becomes a page.

The line holds the pattern of the route, never the path: a path may hold a link that is a right to act. No query, no
address, no name, no body.
"""

from __future__ import annotations

import json
import logging
import re
import secrets
import time
import traceback
from collections.abc import Callable
from datetime import UTC, datetime

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from regie.web.errors import answer
from regie.web.pages import Pages

log = logging.getLogger("regie.web.access")
faults = logging.getLogger("regie.web.fault")
_GIVEN_ID = re.compile(r"[A-Za-z0-9-]{8,64}")


class AccessLog:
    """Give each request an id, log it, and answer with a page when something broke that nobody foresaw."""

    def __init__(self, app: ASGIApp, *, pages: Pages, clock: Callable[[], datetime]) -> None:
        self.app = app
        self.pages = pages
        self.clock = clock

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        given = Headers(scope=scope).get("x-request-id", "")
        number = given if _GIVEN_ID.fullmatch(given) else secrets.token_hex(8)
        scope.setdefault("state", {})["request_id"] = number
        began_at, began = self.clock(), time.perf_counter()
        method = scope["method"] if scope["method"].isalpha() else "?"
        status = 0

        async def send_noting(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                MutableHeaders(scope=message)["X-Request-ID"] = number
            await send(message)

        try:
            await self.app(scope, receive, send_noting)
        except Exception as error:
            faults.error("fault %s", json.dumps({"request": number, "fault": _where(error)}))
            if status:  # half of an answer is out, so nothing else can be said
                raise
            await self._page_of_fault(scope)(scope, receive, send_noting)
        finally:
            line = {
                "at": began_at.astimezone(UTC).isoformat(timespec="milliseconds"),
                "request": number,
                "method": method,
                "route": getattr(scope.get("route"), "path", "-"),
                "status": status,
                "ms": round((time.perf_counter() - began) * 1000, 1),
            }
            log.info("%s", json.dumps(line))

    def _page_of_fault(self, scope: Scope) -> Response:
        try:
            return answer(self.pages, Request(scope), 500)
        except Exception:  # noqa: BLE001 - even the page of a fault may be what is broken
            return PlainTextResponse("Er ging bij ons iets mis. / Something went wrong on our side.\n", 500)


def _where(error: Exception) -> str:
    """The kind of a fault and where it came from; not its words, which may hold what somebody typed."""
    frames = traceback.extract_tb(error.__traceback__)[-6:]
    places = " < ".join(
        f"{frame.filename.rpartition('/')[2]}:{frame.lineno} {frame.name}" for frame in reversed(frames)
    )
    return f"{type(error).__name__} {places}"
