"""What holds for every request, whatever route it goes to: headers, hosts, and the guard before unsafe methods.

Plain ASGI, so that no route can be added past it. Order, from outside: headers, log, hosts, HEAD, forms.
"""

from __future__ import annotations

import tempfile
from collections.abc import Awaitable, Callable
from typing import IO
from urllib.parse import urlsplit

from starlette.datastructures import FormData, Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.formparsers import MultiPartException
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from regie.errors import Refused
from regie.uploads import MB
from regie.web import form_token, visitor
from regie.web.api.problems import make_problem
from regie.web.errors import answer, is_for_machines
from regie.web.pages import Pages

ROOM_BYTES = 1_500_000
"""What a form may hold beside its largest file."""

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
_FORM_KINDS = frozenset({"application/x-www-form-urlencoded", "multipart/form-data"})
_IN_MEMORY_BYTES = 1_000_000
_MOST_FIELDS = 500

POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
POLICY_HEADER = "Content-Security-Policy"
HEADERS = {
    POLICY_HEADER: POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=(), browsing-topics=()",
    "X-Robots-Tag": "noindex, nofollow",
}
_HSTS = "max-age=31536000"


class SecurityHeaders:
    """Put the headers on every answer, also on those of faults; nothing is kept by a browser unless a route says so."""

    def __init__(self, app: ASGIApp, *, https: bool) -> None:
        self.app = app
        self.headers = HEADERS | ({"Strict-Transport-Security": _HSTS} if https else {})

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                # a file that is only to be saved has a policy of its own, which allows less than that of pages
                kept = headers.get(POLICY_HEADER, "")
                for name, value in self.headers.items():
                    headers[name] = value
                if "sandbox" in kept:
                    headers[POLICY_HEADER] = kept
                headers.setdefault("Cache-Control", "no-store")
            await send(message)

        await self.app(scope, receive, send_with_headers)


class OnlyOwnHosts:
    """Refuse a request for another name, so that no link or redirect can be made to point there."""

    def __init__(self, app: ASGIApp, *, hosts: frozenset[str]) -> None:
        self.app = app
        self.hosts = hosts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            named = Headers(scope=scope).getlist("host")
            if len(named) != 1 or visitor.host_name(named[0]) not in self.hosts:
                if is_for_machines(str(scope["path"])):
                    await make_problem(400, "", Refused("unknown host", code="host-refused"))(scope, receive, send)
                    return
                # in plain words: a page would be made for a name that is not ours
                await PlainTextResponse("Onbekend adres. / Unknown address.\n", 400)(scope, receive, send)
                return
        elif scope["type"] == "websocket":  # there are none
            return
        await self.app(scope, receive, send)


class HeadAsGet:
    """Answer HEAD as GET without a body: mail scanners ask that way, and a link is no error."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] != "HEAD":
            await self.app(scope, receive, send)
            return

        async def send_no_body(message: Message) -> None:
            if message["type"] == "http.response.body":
                message = {**message, "body": b""}
            await send(message)

        scope["method"] = "GET"
        await self.app(scope, receive, send_no_body)


class FormGuard:
    """Let an unsafe method through only from an own page, with a form token, as a form, and not too large.

    Under ``/api`` browsers have no business: there a request must carry ``Authorization``, which no other site can
    make a browser send. A header that asks for another method than that of the request is not listened to anywhere.
    A body may be as large as the largest file that is taken, with its form; under ``/api`` files are written in
    base64, of four characters for three bytes.
    """

    def __init__(self, app: ASGIApp, *, pages: Pages) -> None:
        self.app = app
        self.pages = pages
        self.most_bytes = pages.settings.file_max_mb * MB + ROOM_BYTES
        self.base_origin = _origin(pages.settings.base_url)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] in SAFE_METHODS:
            await self.app(scope, receive, send)
            return
        request = Request(scope, receive)
        is_api = is_for_machines(request.url.path)
        status = self._api_refusal(request) if is_api else self._page_refusal(request)
        if status:
            headers = {"WWW-Authenticate": "Bearer"} if status == 401 else None
            await answer(self.pages, request, status, headers=headers, asks_who=False)(scope, receive, send)
            return
        most = self.most_bytes * 4 // 3 if is_api else self.most_bytes
        with tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY_BYTES) as body:
            if not await _store(request, body, most):
                await answer(self.pages, request, 413, headers={"Connection": "close"}, asks_who=False)(
                    scope, receive, send
                )
                return
            if not is_api and not await self._has_token(scope, body):
                await answer(self.pages, request, 403, asks_who=False)(scope, _replay(body, receive), send)
                return
            await self.app(scope, _replay(body, receive), send)

    def _api_refusal(self, request: Request) -> int:
        return 0 if request.headers.get("authorization") else 401

    def _page_refusal(self, request: Request) -> int:
        kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind not in _FORM_KINDS or not self._is_own(request):
            return 403
        return 413 if _is_too_long(request.headers.get("content-length", ""), self.most_bytes) else 0

    def _is_own(self, request: Request) -> bool:
        """Whether the browser says that one of our pages sent this.

        With ``Referrer-Policy: no-referrer`` browsers send ``Origin: null`` with a form; then ``Sec-Fetch-Site`` decides.
        """
        site, origin = request.headers.get("sec-fetch-site"), request.headers.get("origin")
        is_same = origin in (self.base_origin, f"{request.url.scheme}://{request.headers['host']}".lower())
        if site is None:
            return is_same
        return site == "same-origin" and (is_same or origin in (None, "null"))

    async def _has_token(self, scope: Scope, body: IO[bytes]) -> bool:
        request = Request(scope, _replay(body))
        bound_to = visitor.binding_of(request.url.path, request.cookies, secure=self.pages.secure)
        if not bound_to:
            return False
        token = request.headers.get(form_token.HEADER) or await _token_in_form(request)
        return form_token.is_token(self.pages.key, bound_to, token)


async def _token_in_form(request: Request) -> str:
    try:
        form: FormData = await request.form(max_fields=_MOST_FIELDS)
    except (MultiPartException, HTTPException, ValueError):
        return ""
    tokens = form.getlist(form_token.FIELD)
    await form.close()
    return tokens[0] if len(tokens) == 1 and isinstance(tokens[0], str) else ""


def _origin(address: str) -> str:
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.netloc}".lower()


def _is_too_long(said: str, most: int) -> bool:
    return said.isascii() and said.isdigit() and int(said[:12]) > most


async def _store(request: Request, body: IO[bytes], most: int) -> bool:
    """Take in the body; give up as soon as it is larger than it may be, whatever its length was said to be."""
    size = 0
    if _is_too_long(request.headers.get("content-length", ""), most):
        return False
    async for chunk in request.stream():
        size += len(chunk)
        if size > most:
            return False
        body.write(chunk)
    return True


def _replay(body: IO[bytes], then: Callable[[], Awaitable[Message]] | None = None) -> Receive:
    """Give a stored body again, in parts, from its start."""
    place = 0
    is_done = False

    async def receive() -> Message:
        nonlocal place, is_done
        if is_done:
            return await then() if then is not None else {"type": "http.disconnect"}
        body.seek(place)
        chunk = body.read(65_536)
        place += len(chunk)
        is_done = len(chunk) < 65_536
        return {"type": "http.request", "body": chunk, "more_body": not is_done}

    return receive
