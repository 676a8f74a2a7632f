"""The version of the API, and the headers that every answer under ``/api`` carries."""

from __future__ import annotations

from collections.abc import Sequence

from starlette.datastructures import MutableHeaders
from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send

API_VERSION = "1.0.0"
"""Semantic version; the first number stands in the path. Rises with every change that a caller can see."""

EXPOSED = ("API-Version", "ETag", "Location", "Retry-After", "X-Request-ID")


def is_api(scope: Scope) -> bool:
    """Whether a request is for the API."""
    path = str(scope.get("path", ""))
    return scope["type"] == "http" and (path == "/api" or path.startswith("/api/"))


class ApiHeaders:
    """Say the version on every answer of the API, also of errors; and let in the sites that were named, and no others.

    A browser may call the API from another site only when an administrator named that site. No cookie counts here, so
    none is let through.
    """

    def __init__(self, app: ASGIApp, *, origins: Sequence[str]) -> None:
        self.app = app
        self.shared = CORSMiddleware(
            app,
            allow_origins=list(origins),
            allow_methods=["GET", "POST", "PUT"],
            allow_headers=["Authorization", "Content-Type", "If-Match", "If-None-Match", "Idempotency-Key"],
            expose_headers=list(EXPOSED),
            allow_credentials=False,
            max_age=600,
        )
        self.has_origins = bool(origins)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if not is_api(scope):
            await self.app(scope, receive, send)
            return

        async def send_with_version(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message)["API-Version"] = API_VERSION
            await send(message)

        await (self.shared if self.has_origins else self.app)(scope, receive, send_with_version)
