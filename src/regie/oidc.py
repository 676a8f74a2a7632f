"""The identity provider of the municipality, by OpenID Connect: what it says of itself, and of who signed in with it.

Every answer of it is bounded in time and size, follows no redirect, and counts for nothing until it was checked.
Knows no accounts and no rights. Sources: OpenID Connect Core 1.0 (3.1.3.7) and Discovery 1.0 (4.3); RFC 7636; RFC 9700;
OWASP ASVS 5.0, 10.5.
"""

from __future__ import annotations

import base64
import json
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from hmac import compare_digest
from typing import Any
from urllib.parse import quote_plus, urlsplit

import httpx
from authlib.oauth2.rfc6749.parameters import prepare_grant_uri  # type: ignore[import-untyped]
from authlib.oauth2.rfc7636 import create_s256_code_challenge  # type: ignore[import-untyped]
from authlib.oidc.core.util import create_half_hash  # type: ignore[import-untyped]
from joserfc import jws, jwt
from joserfc.errors import ClaimError, ExpiredTokenError, InvalidClaimError, JoseError, MissingClaimError
from joserfc.jwk import KeySet

from regie.errors import Incomplete, Refused, RegieError

WELL_KNOWN = "/.well-known/openid-configuration"
CALLBACK_PATH = "/auth/oidc/callback"

ALGORITHMS = frozenset({"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512"})
"""Signatures with a key that only the provider has. Never ``none``, and never one with a shared secret."""

KEPT_FOR = timedelta(hours=1)
"""How long is believed what the provider says of itself, and its keys."""
KEYS_AGAIN_AFTER = timedelta(minutes=1)
"""As often at most are keys asked for again, because of a token with a key that is not known."""
DOWN_FOR = timedelta(seconds=10)
"""So long a provider that did not answer is not asked to describe itself again."""
LEEWAY_SECONDS = 60
"""How far the clocks of Regie and the provider may differ."""
OLDEST_TOKEN_SECONDS = 600
"""A token was made for this sign-in, so it is no older than a sign-in may take."""
_CLAIMS = ("iss", "sub", "aud", "exp", "iat", "nbf", "nonce")
MOST_BYTES = 512 * 1024
PATIENCE_SECONDS = 5.0
"""For a connection, and for each piece of an answer; twice that for a whole answer."""
WAIT_SECONDS = 2.0
"""So long somebody waits for a question that another asked, or for a place to ask one."""
MOST_AT_ONCE = 8
"""Questions to the provider at the same time; a slow one must not hold all that Regie can do."""


class ProviderDown(Incomplete):
    """The provider does not answer, or nothing that can be used. ``problem`` says what; it holds nothing of the answer."""

    def __init__(self, problem: str) -> None:
        super().__init__(f"the identity provider cannot be used: {problem}", code="provider-down", problem=problem)
        self.problem = problem


class NotLetIn(Refused):
    """Whoever came back is not let in. ``reason`` is for the log; most of them are not for who tried."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"this sign-in lets nobody in: {reason}", code="sign-in-refused", reason=reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Client:
    """Regie, as the provider knows it.

    Args:
        groups_claim: when it is not in the token, the provider is asked for it.
        mfa_values: of which ``mfa_claim`` must hold one; empty: nothing is asked of it.
    """

    discovery_url: str
    id: str
    secret: str = field(repr=False)
    redirect_uri: str
    scopes: Sequence[str] = ("openid",)
    groups_claim: str = "groups"
    mfa_claim: str = "amr"
    mfa_values: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Secrets:
    """What one sign-in is bound to; only this browser and Regie can make them."""

    state: str
    nonce: str
    verifier: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Metadata:
    """What a provider says of itself, as far as Regie uses it."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    userinfo_endpoint: str = ""
    end_session_endpoint: str = ""
    algorithms: frozenset[str] = ALGORITHMS
    names_issuer: bool = False
    takes_basic: bool = True


class Provider:
    """One provider, with what it said of itself until now. Threads may share it.

    Args:
        clock: gives an aware datetime.
        ask: does the asking; a test may give another.
    """

    def __init__(self, client: Client, clock: Callable[[], datetime], ask: Asking | None = None) -> None:
        self.client = client
        self._clock = clock
        self._ask = ask or Asking(client.discovery_url)
        self._lock = threading.Lock()
        self._metadata: tuple[Metadata, datetime] | None = None
        self._keys: tuple[KeySet, datetime] | None = None
        self._asked_again_at: datetime | None = None
        self._down: tuple[str, datetime] | None = None

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """One thread at a time asks; the others wait a moment for what it hears, and no longer."""
        if not self._lock.acquire(timeout=WAIT_SECONDS):
            raise ProviderDown("busy")
        try:
            yield
        finally:
            self._lock.release()

    # --- what it says of itself ----------------------------------------------------------------------

    def metadata(self) -> Metadata:
        """Give what the provider says of itself, asked once an hour.

        Raises:
            ProviderDown: it does not answer, or describes somebody else.
        """
        with self._alone():
            now = self._clock()
            if self._metadata is not None and _is_young(self._metadata[1], now, KEPT_FOR):
                return self._metadata[0]
            if self._down is not None and _is_young(self._down[1], now, DOWN_FOR):
                raise ProviderDown(self._down[0])
            try:
                found = _metadata_of(self._ask.get(discovery_address(self.client.discovery_url)), self.client)
            except ProviderDown as down:
                self._down = (down.problem, now)
                raise
            self._metadata, self._down = (found, now), None
            return found

    def _key_set(self, metadata: Metadata, *, again: bool = False) -> KeySet:
        """The keys of the provider; asked again at most once a minute, for keys change."""
        with self._alone():
            now = self._clock()
            if self._keys is not None:
                if (
                    again
                    and self._asked_again_at is not None
                    and _is_young(self._asked_again_at, now, KEYS_AGAIN_AFTER)
                ):
                    return self._keys[0]
                if not again and _is_young(self._keys[1], now, KEPT_FOR):
                    return self._keys[0]
            if again:
                self._asked_again_at = now
            found = _keys_of(self._ask.get(metadata.jwks_uri))
            self._keys = (found, now)
            return found

    # --- signing in ----------------------------------------------------------------------------------

    def address(self, secrets: Secrets) -> str:
        """Where to send the browser.

        Raises:
            ProviderDown: it is not known where.
        """
        wanted = {"nonce": secrets.nonce, "code_challenge_method": "S256"}
        if self.client.mfa_claim == "acr" and self.client.mfa_values:
            wanted["acr_values"] = " ".join(sorted(self.client.mfa_values))
        made: str = prepare_grant_uri(
            self.metadata().authorization_endpoint,
            self.client.id,
            "code",
            redirect_uri=self.client.redirect_uri,
            scope=" ".join(self.client.scopes),
            state=secrets.state,
            code_challenge=create_s256_code_challenge(secrets.verifier),
            **wanted,
        )
        return made

    def leave_address(self, back_to: str, state: str = "") -> str:
        """Where somebody signs out at the provider too; empty when it does not offer that."""
        end = self.metadata().end_session_endpoint
        if not end:
            return ""
        wanted = {"client_id": self.client.id, "post_logout_redirect_uri": back_to} | (
            {"state": state} if state else {}
        )
        return str(httpx.URL(end).copy_merge_params(wanted))

    def claims(self, code: str, secrets: Secrets, issuer: str | None, now: datetime) -> Mapping[str, object]:
        """Change a code for what the provider says of who signed in, checked whole.

        Args:
            issuer: what the browser brought as ``iss`` with the code (RFC 9207).

        Raises:
            ProviderDown: it does not answer.
            NotLetIn: with the reason.
        """
        metadata = self.metadata()
        if (issuer is not None and issuer != metadata.issuer) or (issuer is None and metadata.names_issuer):
            raise NotLetIn("other-issuer")
        answer = self._tokens(metadata, code, secrets)
        id_token, access_token = answer.get("id_token"), answer.get("access_token")
        if not isinstance(id_token, str) or not id_token:
            raise NotLetIn("no-id-token")
        claims = self._checked(metadata, id_token, access_token, secrets.nonce, now)
        if self.client.mfa_values and not _has_mfa(claims, self.client):
            raise NotLetIn("no-mfa")
        if metadata.userinfo_endpoint and isinstance(access_token, str) and self._lacks_groups(claims):
            claims = self._with_userinfo(metadata, claims, access_token)
        return claims

    def _tokens(self, metadata: Metadata, code: str, secrets: Secrets) -> Mapping[str, Any]:
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self.client.redirect_uri,
            "code_verifier": secrets.verifier,
        }
        headers = {}
        if metadata.takes_basic:
            # RFC 6749 (2.3.1): both parts are encoded as in a form before they are joined
            pair = f"{quote_plus(self.client.id)}:{quote_plus(self.client.secret)}"
            headers["Authorization"] = f"Basic {base64.b64encode(pair.encode()).decode()}"
        else:
            form |= {"client_id": self.client.id, "client_secret": self.client.secret}
        return self._ask.post(metadata.token_endpoint, form, headers)

    def _checked(
        self, metadata: Metadata, token: str, access_token: object, nonce: str, now: datetime
    ) -> Mapping[str, object]:
        header, claims = self._read(metadata, token)
        moment = int(now.timestamp())
        registry = jwt.JWTClaimsRegistry(
            now=moment,
            leeway=LEEWAY_SECONDS,
            iss={"essential": True, "value": metadata.issuer},
            sub={"essential": True},
            aud={"essential": True, "value": self.client.id},
            exp={"essential": True},
            iat={"essential": True},
            nonce={"essential": True, "value": nonce},
        )
        try:
            registry.validate(claims)
        except ExpiredTokenError:
            raise NotLetIn("expired") from None
        except MissingClaimError as error:
            raise NotLetIn(f"without-{_name_of(error)}") from None
        except InvalidClaimError as error:
            raise NotLetIn(f"other-{_name_of(error)}") from None
        if moment - int(claims["iat"]) > OLDEST_TOKEN_SECONDS + LEEWAY_SECONDS:
            raise NotLetIn("old")
        # more audiences than us: then it must say that it was made for us, and it may never say otherwise
        many = isinstance(claims["aud"], list) and len(claims["aud"]) > 1
        if claims.get("azp", None if many else self.client.id) != self.client.id:
            raise NotLetIn("other-azp")
        if not isinstance(claims["nonce"], str):
            raise NotLetIn("other-nonce")
        if not 0 < len(claims["sub"]) <= 255 or not claims["sub"].isascii() or not claims["sub"].isprintable():
            raise NotLetIn("other-sub")
        if "at_hash" in claims:
            wanted = create_half_hash(access_token, header["alg"]) if isinstance(access_token, str) else None
            if wanted is None or not compare_digest(str(claims["at_hash"]).encode(), wanted):
                raise NotLetIn("other-at-hash")
        return claims

    def _read(self, metadata: Metadata, token: str) -> tuple[Mapping[str, Any], dict[str, Any]]:
        """Check the signature; with a key that is not known once more, with keys that were asked for again."""
        try:
            header: Mapping[str, Any] = jws.extract_compact(token.encode()).headers()
        except (JoseError, ValueError):
            raise NotLetIn("not-a-token") from None
        if header.get("alg") not in metadata.algorithms:
            raise NotLetIn("algorithm")
        keys = self._key_set(metadata)
        if not _has_key(keys, header):
            keys = self._key_set(metadata, again=True)
            if not _has_key(keys, header):
                raise NotLetIn("unknown-key")
        try:
            read = jwt.decode(token, keys, algorithms=sorted(metadata.algorithms))
        except (JoseError, ValueError):
            raise NotLetIn("signature") from None
        return read.header, read.claims

    def _lacks_groups(self, claims: Mapping[str, object]) -> bool:
        first = self.client.groups_claim.split(".")[0]
        return not {self.client.groups_claim, first} & claims.keys() and not has_overage(claims, first)

    def _with_userinfo(
        self, metadata: Metadata, claims: Mapping[str, object], access_token: str
    ) -> Mapping[str, object]:
        """Add what the provider says only when asked; what was signed goes before."""
        more = self._ask.get(metadata.userinfo_endpoint, {"Authorization": f"Bearer {access_token}"})
        if more.get("sub") != claims["sub"]:
            raise NotLetIn("other-userinfo")
        return {**more, **claims}


def has_overage(claims: Mapping[str, object], claim: str) -> bool:
    """Say whether somebody is in so many groups that the provider left them out (Microsoft Entra)."""
    if claim in claims:
        return False
    elsewhere = claims.get("_claim_names")
    return (isinstance(elsewhere, Mapping) and claim in elsewhere) or (
        claim == "groups" and claims.get("hasgroups") is True
    )


def discovery_address(given: str) -> str:
    """Where a provider describes itself, from that address or from its issuer."""
    return given if given.endswith(WELL_KNOWN) else given.rstrip("/") + WELL_KNOWN


# --- asking ------------------------------------------------------------------------------------------


class Asking:
    """Questions over HTTP: no redirects, bounded in time and size, and few at a time.

    Args:
        provider: an address of the provider; of one on this machine no proxy is asked.
    """

    def __init__(
        self,
        provider: str,
        *,
        patience: float = PATIENCE_SECONDS,
        most_bytes: int = MOST_BYTES,
        timer: Callable[[], float] = time.monotonic,
    ) -> None:
        self._is_local = is_local(provider)
        self._patience = patience
        self._most_bytes = most_bytes
        self._timer = timer
        self._places = threading.BoundedSemaphore(MOST_AT_ONCE)

    @cached_property
    def _http(self) -> httpx.Client:
        """Made once, for reading the authorities of the machine takes long; no connection is kept open."""
        return httpx.Client(
            timeout=self._patience,
            follow_redirects=False,
            trust_env=not self._is_local,
            limits=httpx.Limits(max_connections=MOST_AT_ONCE, max_keepalive_connections=0),
        )

    def get(self, url: str, headers: Mapping[str, str] | None = None) -> Mapping[str, Any]:
        return self._answer("GET", url, None, headers)

    def post(self, url: str, form: Mapping[str, str], headers: Mapping[str, str]) -> Mapping[str, Any]:
        return self._answer("POST", url, form, headers)

    def _answer(
        self, method: str, url: str, form: Mapping[str, str] | None, headers: Mapping[str, str] | None
    ) -> Mapping[str, Any]:
        if not self._places.acquire(timeout=WAIT_SECONDS):
            raise ProviderDown("busy")
        try:
            status, body = self._fetch(method, url, form, headers)
        except httpx.TimeoutException:
            raise ProviderDown("slow") from None
        except (httpx.HTTPError, httpx.InvalidURL, OSError):
            raise ProviderDown("unreachable") from None
        finally:
            self._places.release()
        if method == "POST" and status in (400, 401):
            raise _refused_code(body)
        if status != 200:
            raise ProviderDown("status")
        found = _json(body)
        if found is None:
            raise ProviderDown("not-json")
        return found

    def _fetch(
        self, method: str, url: str, form: Mapping[str, str] | None, headers: Mapping[str, str] | None
    ) -> tuple[int, bytes]:
        until = self._timer() + 2 * self._patience
        wanted = {"Accept": "application/json", "Accept-Encoding": "identity", **(headers or {})}
        with self._http.stream(method, url, data=form, headers=wanted) as answer:
            body = bytearray()
            for piece in answer.iter_raw():
                body += piece
                if len(body) > self._most_bytes:
                    raise ProviderDown("huge")
                if self._timer() > until:
                    raise ProviderDown("slow")
            return answer.status_code, bytes(body)


def is_local(url: str) -> bool:
    """Say whether an address is of this machine: then plain http is safe."""
    return urlsplit(url).hostname in ("localhost", "127.0.0.1", "::1")


def _refused_code(body: bytes) -> RegieError:
    """A code that is wrong, used or late is the browser's; anything else that is refused is a mistake in the settings."""
    said = (_json(body) or {}).get("error")
    return NotLetIn("code-refused") if said == "invalid_grant" else ProviderDown("client-refused")


def _json(body: bytes) -> Mapping[str, Any] | None:
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


# --- reading what it says ------------------------------------------------------------------------------


def _metadata_of(said: Mapping[str, Any], client: Client) -> Metadata:
    issuer = said.get("issuer")
    own = discovery_address(client.discovery_url).removesuffix(WELL_KNOWN)
    if not isinstance(issuer, str) or issuer.rstrip("/") != own:
        raise ProviderDown("issuer")
    places = {}
    for name in ("authorization_endpoint", "token_endpoint", "jwks_uri", "userinfo_endpoint", "end_session_endpoint"):
        place = said.get(name, "")
        is_needed = name in ("authorization_endpoint", "token_endpoint", "jwks_uri")
        if not isinstance(place, str) or (is_needed and not place) or (place and not _is_safe(place, own)):
            raise ProviderDown("endpoints")
        places[name] = place
    offered = said.get("id_token_signing_alg_values_supported")
    algorithms = ALGORITHMS & set(map(str, offered)) if isinstance(offered, list) else ALGORITHMS
    if not algorithms:
        raise ProviderDown("algorithms")
    ways = said.get("token_endpoint_auth_methods_supported")
    takes_basic = not isinstance(ways, list) or "client_secret_basic" in ways or "client_secret_post" not in ways
    names_issuer = said.get("authorization_response_iss_parameter_supported") is True
    return Metadata(issuer, **places, algorithms=algorithms, names_issuer=names_issuer, takes_basic=takes_basic)


def _is_safe(place: str, provider: str) -> bool:
    parts = urlsplit(place)
    if parts.scheme == "https":
        return bool(parts.hostname)
    return parts.scheme == "http" and is_local(place) and is_local(provider)


def _keys_of(said: Mapping[str, Any]) -> KeySet:
    """The keys to check signatures with; never one that is shared, whatever the provider calls it."""
    listed = said.get("keys")
    usable = [
        each
        for each in (listed if isinstance(listed, list) else [])
        if isinstance(each, dict) and each.get("kty") in ("RSA", "EC") and each.get("use", "sig") == "sig"
    ]
    found = []
    for each in usable:
        try:
            found += KeySet.import_key_set({"keys": [each]}).keys
        except (JoseError, ValueError, TypeError, KeyError):
            continue  # one key that cannot be read says nothing of the others
    if not found:
        raise ProviderDown("keys")
    return KeySet(found)


def _has_key(keys: KeySet, header: Mapping[str, Any]) -> bool:
    try:
        keys.get_by_kid(header.get("kid"))
    except (JoseError, ValueError):
        return False
    return True


def _has_mfa(claims: Mapping[str, object], client: Client) -> bool:
    said = claims.get(client.mfa_claim)
    held = (
        {said}
        if isinstance(said, str)
        else {each for each in said if isinstance(each, str)}
        if isinstance(said, list)
        else set()
    )
    return bool(held & client.mfa_values)


def _name_of(error: ClaimError) -> str:
    """Which claim is wrong: one of those that we look at, for the log."""
    return next((name for name in _CLAIMS if name == error.claim.split(",")[0]), "claim")


def _is_young(since: datetime, now: datetime, age: timedelta) -> bool:
    return timedelta(0) <= now - since < age
