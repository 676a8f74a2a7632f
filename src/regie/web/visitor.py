"""Who asks, as far as a request says by itself: cookies, the language, the own address, what a form is bound to."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from urllib.parse import urlsplit

from starlette.requests import HTTPConnection

LANGUAGES = ("nl", "en")
LINK_PREFIXES = ("/actie/",)
"""Paths on which the link is the right to act: the part after it binds a form. Such a page needs no cookie."""

PREFERRED = "preferred_language"
"""In the state of a request: the language of the person for whom the page is."""

_OWN_PATH = re.compile(r"/(?![/\\])[^\\\x00-\x20\x7f]*")


def cookie_name(name: str, *, secure: bool) -> str:
    """The name of a cookie: with https one that no other host and no plain page can set."""
    return f"__Host-regie-{name}" if secure else f"regie-{name}"


def is_secure(base_url: str) -> bool:
    return base_url.startswith("https://")


def binding_of(path: str, cookies: Mapping[str, str], *, secure: bool) -> str:
    """What a form that acts on a path is bound to; empty when there is nothing to bind it to."""
    for prefix in LINK_PREFIXES:
        if path.startswith(prefix) and (link := path.removeprefix(prefix).split("/")[0]):
            return f"link:{link}"
    for kind in ("session", "browser"):
        if value := cookies.get(cookie_name(kind, secure=secure)):
            return f"{kind}:{value}"
    return ""


def own_path(wanted: str, otherwise: str = "/") -> str:
    """Give a path on this host to go on to; anything else, such as another host, becomes ``otherwise``."""
    return wanted if _OWN_PATH.fullmatch(wanted) and not urlsplit(wanted).netloc else otherwise


def chosen_language(request: HTTPConnection, *, secure: bool) -> str:
    """The language that the reader asked for on this page, or chose before; empty when they chose none."""
    asked = request.query_params.get("taal"), request.cookies.get(cookie_name("language", secure=secure))
    return next((language for language in asked if language in LANGUAGES), "") or ""


def language_of(request: HTTPConnection, default: str, *, secure: bool) -> str:
    """The language of an answer: chosen, of who is known to read it, wished for by the browser, or of the installation."""
    known = str(getattr(request.state, PREFERRED, ""))
    return (
        chosen_language(request, secure=secure)
        or (known if known in LANGUAGES else "")
        or _wished_for(request.headers.get("accept-language", ""))
        or default
    )


def _wished_for(header: str) -> str:
    """The best language of an Accept-Language header that Regie speaks; empty when there is none."""
    best, best_weight = "", 0.0
    for part in header.split(",")[:20]:
        name, _, weight = part.partition(";")
        language = name.strip().lower().split("-")[0]
        if language in LANGUAGES and (found := _weight(weight)) > best_weight:
            best, best_weight = language, found
    return best


def _weight(said: str) -> float:
    match = re.fullmatch(r"\s*q\s*=\s*([01](?:\.\d{0,3})?)\s*", said)
    return float(match[1]) if match else 1.0 if not said.strip() else 0.0


def hosts_of(base_url: str, more: Sequence[str]) -> frozenset[str]:
    """The names by which Regie may be called, without port: its own, those that were set, and this machine."""
    own = urlsplit(base_url).hostname or ""
    return frozenset({own.lower(), *more, "127.0.0.1", "localhost", "[::1]"})


def host_name(header: str) -> str:
    """The name in a Host header, without port; empty when it is no such thing."""
    match = re.fullmatch(r"(\[[0-9a-fA-F:.]+\]|[A-Za-z0-9._-]+)(?::\d{1,5})?", header)
    return match[1].lower().rstrip(".") if match else ""
