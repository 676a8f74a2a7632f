"""An identity provider on loopback of which a test decides what it says, true or not."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any
from urllib.parse import parse_qs, unquote_plus, urlsplit

from joserfc import jwt
from joserfc.jwk import RSAKey

CLIENT_ID, CLIENT_SECRET = "regie", "geheim: +van/de dienst"


@cache
def key_pair(name: str) -> RSAKey:
    """A key of the provider; making one costs a second, so each is made once."""
    return RSAKey.generate_key(2048, {"kid": name, "use": "sig"}, private=True)


@dataclass
class Grant:
    """A code that was given, and what it stands for."""

    nonce: str
    challenge: str
    redirect_uri: str


@dataclass
class OwnProvider:
    """Says what it is told to; keeps what it was asked.

    Args:
        clock: by which it dates what it signs.
        claims: what it says of who signs in, besides what each token holds.
        change: has the last word about the claims of a token.
        sign: makes the token of claims; by default as it should be.
        keys: which keys it shows.
        broken: path to what it does instead of answering: a status, ``huge``, ``slow``, ``drip``, ``not-json`` or ``moved``.
        describe: what it says of itself besides what is so.
    """

    clock: Callable[[], datetime]
    claims: dict[str, Any] = field(default_factory=lambda: {"sub": "s-1", "name": "Jan de Boer"})
    change: Callable[[dict[str, Any]], Mapping[str, Any]] = field(default=lambda claims: claims)
    sign: Callable[[Mapping[str, Any]], str] | None = None
    key: str = "een"
    keys: list[str] = field(default_factory=lambda: ["een"])
    userinfo: dict[str, Any] | None = None
    broken: dict[str, str | int] = field(default_factory=dict)
    describe: dict[str, Any] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    grants: dict[str, Grant] = field(default_factory=dict)

    def __enter__(self) -> OwnProvider:
        own = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                own._answer(self, {})

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                own._answer(self, {name: values[0] for name, values in parse_qs(body).items()})

            def log_message(self, *args: object) -> None:
                pass

        self._stopping = threading.Event()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stopping.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(5)

    @property
    def issuer(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    @property
    def settings(self) -> dict[str, object]:
        """The settings with which Regie uses this provider."""
        return {
            "oidc_discovery_url": f"{self.issuer}/.well-known/openid-configuration",
            "oidc_client_id": CLIENT_ID,
            "oidc_client_secret": CLIENT_SECRET,
            "oidc_group_lead": "projectleiders",
            "oidc_group_administrator": "beheer",
        }

    def grant(self, address: str) -> dict[str, str]:
        """Do what the provider does when somebody signed in there: give what the browser brings back."""
        wanted = {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
        assert (wanted["client_id"], wanted["response_type"]) == (CLIENT_ID, "code")
        assert wanted["code_challenge_method"] == "S256"
        code = f"code-{len(self.grants)}"
        self.grants[code] = Grant(wanted["nonce"], wanted["code_challenge"], wanted["redirect_uri"])
        return {"code": code, "state": wanted["state"]}

    def token_of(self, grant: Grant, access_token: str) -> str:
        now = int(self.clock().timestamp())
        said = {
            "iss": self.issuer,
            "aud": CLIENT_ID,
            "nonce": grant.nonce,
            "iat": now,
            "exp": now + 300,
            "at_hash": _half_hash(access_token),
            **self.claims,
        }
        changed = dict(self.change(said))
        return self.sign(changed) if self.sign else signed(changed, self.key)

    def _answer(self, handler: BaseHTTPRequestHandler, form: Mapping[str, str]) -> None:
        path = urlsplit(handler.path).path
        self.asked.append(path)
        how = self.broken.get(path)
        if how is not None:
            self._break(handler, how)
            return
        match path:
            case "/.well-known/openid-configuration":
                self._say(handler, self._metadata())
            case "/jwks":
                self._say(handler, {"keys": [key_pair(name).as_dict(private=False) for name in self.keys]})
            case "/token":
                self._token(handler, form)
            case "/userinfo":
                is_ours = handler.headers["Authorization"] == "Bearer toegang"
                self._say(handler, self.userinfo or {}, 200 if is_ours else 401)
            case _:
                self._say(handler, {"error": "not-found"}, 404)

    def _metadata(self) -> dict[str, Any]:
        return {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/jwks",
            "end_session_endpoint": f"{self.issuer}/leave?soort=alles",
            "id_token_signing_alg_values_supported": ["RS256", "HS256", "none"],
            **({"userinfo_endpoint": f"{self.issuer}/userinfo"} if self.userinfo is not None else {}),
            **self.describe,
        }

    def _token(self, handler: BaseHTTPRequestHandler, form: Mapping[str, str]) -> None:
        """Give a token for a code, once, to who has the secret and the verifier."""
        if _secret_of(handler, form) != (CLIENT_ID, CLIENT_SECRET):
            self._say(handler, {"error": "invalid_client"}, 401)
            return
        grant = self.grants.pop(form.get("code", ""), None)
        verifier = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        if grant is None or grant.challenge != _text(verifier) or form.get("redirect_uri") != grant.redirect_uri:
            self._say(handler, {"error": "invalid_grant"}, 400)
            return
        token = self.token_of(grant, "toegang")
        self._say(handler, {"access_token": "toegang", "token_type": "Bearer", "id_token": token})

    def _break(self, handler: BaseHTTPRequestHandler, how: str | int) -> None:
        if isinstance(how, int):
            self._say(handler, {"error": "broken"}, how)
        elif how == "moved":
            handler.send_response(302)
            handler.send_header("Location", f"{self.issuer}/elders")
            handler.send_header("Content-Length", "0")
            handler.end_headers()
        elif how == "slow":
            self._stopping.wait(30)
        else:
            handler.send_response(200)
            handler.end_headers()
            piece, pause = {"huge": (b" " * 65_536, 0.0), "drip": (b" ", 0.02), "not-json": (b"<html>", 0.0)}[how]
            try:
                for _ in range(1 if how == "not-json" else 10_000):
                    handler.wfile.write(piece)
                    if pause and self._stopping.wait(pause):
                        return
            except OSError:
                pass  # whoever asked has heard enough

    def _say(self, handler: BaseHTTPRequestHandler, said: Mapping[str, Any], status: int = 200) -> None:
        body = json.dumps(said).encode()
        handler.send_response(status)
        handler.send_header("Content-Type", "application/json")
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)


def signed(claims: Mapping[str, Any], key: str = "een", kid: str | None = None) -> str:
    return jwt.encode({"alg": "RS256", "kid": kid or key}, dict(claims), key_pair(key))


def unsigned(claims: Mapping[str, Any]) -> str:
    """A token that says it needs no signature."""
    return f"{_part({'alg': 'none', 'typ': 'JWT'})}.{_part(claims)}."


def signed_with_public_key(claims: Mapping[str, Any]) -> str:
    """A token signed with what everybody can read, as if that were a shared secret."""
    said = f"{_part({'alg': 'HS256', 'kid': 'een', 'typ': 'JWT'})}.{_part(claims)}"
    # by hand, for the library refuses to
    return f"{said}.{_text(hmac.digest(key_pair('een').as_pem(private=False), said.encode(), 'sha256'))}"


def tampered(claims: Mapping[str, Any]) -> str:
    """A token of which the claims were changed after it was signed."""
    head, _, seal = signed(claims).split(".")
    return f"{head}.{_part({**claims, 'groups': ['beheer']})}.{seal}"


def _secret_of(handler: BaseHTTPRequestHandler, form: Mapping[str, str]) -> tuple[str, str]:
    said = handler.headers.get("Authorization", "")
    if said.startswith("Basic "):
        name, _, secret = base64.b64decode(said[6:]).decode().partition(":")
        return unquote_plus(name), unquote_plus(secret)
    return form.get("client_id", ""), form.get("client_secret", "")


def _half_hash(text: str) -> str:
    return _text(hashlib.sha256(text.encode()).digest()[:16])


def _part(said: Mapping[str, Any]) -> str:
    return _text(json.dumps(said).encode())


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")
