"""Send one event to another program: a CloudEvent, signed, to a host that the operator named.

Knows no queue and no retries: one call is one attempt. The name of a host is looked up once, what it stands for is
judged, and to that very address the connection goes, so that a name cannot point elsewhere in between.

Sources: CloudEvents 1.0 with the NL GOV profile (structured mode), Standard Webhooks 1.0 (signature).
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import http.client
import json
import re
import socket
import ssl
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from regie import __version__
from regie.errors import Incomplete, Refused
from regie.notify.channels import Resolver, is_public, resolve_host

if TYPE_CHECKING:
    from regie.settings import Settings

CONTENT_TYPE = "application/cloudevents+json; charset=utf-8"
MOST_READ = 4_096
"""So much of an answer is read, and none of it kept: it may hold anything."""

LONGEST_ADDRESS = 2_000
_URI = re.compile(r"[A-Za-z0-9._~:/?\[\]!$&'()*+,;=%-]+")  # no user, no fragment, no backslash, no space
_HOST = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)*")
_LOOPBACK = ("127.0.0.1", "::1", "localhost")


# --- what is sent ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Names:
    """How this Regie is called in its events: ``urn:nld:...``, and with what each type begins."""

    source: str
    type_prefix: str

    @classmethod
    def from_settings(cls, settings: Settings) -> Names:
        """Take them from the settings.

        Raises:
            Incomplete: ``cloudevents-not-configured``.
        """
        if not settings.cloudevents_source or not settings.cloudevents_type_prefix:
            raise Incomplete(
                "the events of this Regie have no name yet",
                code="cloudevents-not-configured",
                hint="set REGIE_CLOUDEVENTS_SOURCE and REGIE_CLOUDEVENTS_TYPE_PREFIX",
            )
        return cls(settings.cloudevents_source, settings.cloudevents_type_prefix)


def write_event(
    names: Names,
    *,
    event_id: str,
    kind: str,
    subject: str,
    at: datetime,
    sequence: str,
    facts: Mapping[str, Any],
) -> bytes:
    """Write an event in structured mode. The same facts give the same bytes, at each attempt."""
    event: dict[str, Any] = {
        "specversion": "1.0",
        "id": event_id,
        "source": names.source,
        "type": f"{names.type_prefix}.{kind}",
        "subject": subject,
        "time": at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "datacontenttype": "application/json",
        "data": dict(facts),
    }
    if sequence:
        event["sequence"] = sequence
    return json.dumps(event, ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode()


def sign(secrets: Sequence[str], event_id: str, at: datetime, body: bytes) -> Mapping[str, str]:
    """Give the headers that prove who sent it: a signature by each secret that counts now.

    Args:
        secrets: as ``whsec_`` and base64.

    Source:
        Standard Webhooks 1.0: HMAC-SHA256 over id, moment in seconds and body, with dots between.
    """
    moment = str(int(at.timestamp()))
    signed = b".".join((event_id.encode(), moment.encode(), body))
    made = []
    for secret in secrets:
        key = base64.b64decode(secret.partition("_")[2])
        made.append("v1," + base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode("ascii"))
    return {"webhook-id": event_id, "webhook-timestamp": moment, "webhook-signature": " ".join(made)}


# --- where to ----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class WebhookPolicy:
    """What the operator allows.

    Args:
        hosts: to which events may go, as long as they stand on the internet.
        internal_hosts: to which events may go wherever they stand.
    """

    hosts: frozenset[str]
    internal_hosts: frozenset[str] = frozenset()
    resolve: Resolver = resolve_host

    @classmethod
    def from_settings(cls, settings: Settings) -> WebhookPolicy:
        return cls(frozenset(settings.webhook_hosts), frozenset(settings.webhook_internal_hosts))


@dataclass(frozen=True, slots=True)
class WebhookAddress:
    """An address of which form and host were judged. Printing it shows no path, which may be secret."""

    host: str
    port: int
    is_plain: bool
    path: str = field(repr=False)


def check_address(url: str, policy: WebhookPolicy) -> WebhookAddress:
    """Judge the form of an address and whether its host is on the list. Looks nothing up.

    Raises:
        Refused: ``webhook-address``, ``webhook-host``.
    """
    if len(url) > LONGEST_ADDRESS or not _URI.fullmatch(url):
        raise _wrong("it is too long, or has signs that belong in no address")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise _wrong("its host or port cannot be read") from None
    host = (parts.hostname or "").rstrip(".")
    if not (_HOST.fullmatch(host) or host == "::1"):
        raise _wrong("it names no server")
    is_plain = parts.scheme == "http"
    if parts.scheme != "https" and not (is_plain and host in _LOOPBACK):
        raise _wrong("it does not begin with https://")
    if host not in policy.hosts | policy.internal_hosts:
        raise Refused(
            f"the host '{host}' is not on the list",
            code="webhook-host",
            hint="an administrator can add it to REGIE_WEBHOOK_HOSTS",
            host=host,
        )
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return WebhookAddress(host, port or (80 if is_plain else 443), is_plain, path)


def find_server(address: WebhookAddress, policy: WebhookPolicy) -> tuple[str, ...]:
    """Look up where a host stands today, and judge that.

    Raises:
        Refused: ``webhook-host-unknown``; ``webhook-internal``: it stands on a network of our own.
    """
    try:
        found = policy.resolve(address.host)
    except (OSError, UnicodeError):
        found = ()
    if not found:
        raise Refused(f"the host '{address.host}' cannot be found", code="webhook-host-unknown", host=address.host)
    if address.host not in policy.internal_hosts and not all(is_public(each) for each in found):
        raise Refused(
            f"the host '{address.host}' stands on an internal network",
            code="webhook-internal",
            hint="an administrator can allow it in REGIE_WEBHOOK_INTERNAL_HOSTS",
            host=address.host,
        )
    return found


def _wrong(reason: str) -> Refused:
    return Refused(f"this address cannot be used: {reason}", code="webhook-address", hint="write https://host/path")


# --- sending -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Patience:
    """How long another program may take: to answer a connection, between two bytes, and in all."""

    connect_seconds: float = 5.0
    silence_seconds: float = 10.0
    whole_seconds: float = 20.0


@dataclass(frozen=True, slots=True)
class Answer:
    """How one attempt went; ``detail`` holds no address and nothing that the other side said but its number."""

    is_taken: bool
    detail: str


class WebhookSender:
    """Sends for real. Follows no redirect, uses no proxy, and always checks the certificate."""

    def __init__(self, policy: WebhookPolicy, patience: Patience | None = None) -> None:
        self._policy = policy
        self._patience = patience or Patience()

    @classmethod
    def from_settings(cls, settings: Settings) -> WebhookSender:
        return cls(WebhookPolicy.from_settings(settings))

    def check(self, url: str) -> str:
        """Judge an address before it is kept, and give its host.

        Raises:
            Refused: as ``check_address`` and ``find_server``.
        """
        address = check_address(url, self._policy)
        find_server(address, self._policy)
        return address.host

    def send(self, url: str, body: bytes, headers: Mapping[str, str]) -> Answer:
        """Try once; never raises for an address or a server that is not right."""
        try:
            address = check_address(url, self._policy)  # the list may have become shorter
            servers = find_server(address, self._policy)
        except Refused as refusal:
            return Answer(False, refusal.message)
        connection = _Pinned(address, servers, self._patience)
        watch = threading.Timer(self._patience.whole_seconds, connection.cut)
        watch.daemon = True
        watch.start()
        try:
            connection.request(
                "POST",
                address.path,
                body,
                {"Content-Type": CONTENT_TYPE, "User-Agent": f"Regie/{__version__}", **headers},
            )
            answer = connection.getresponse()
            answer.read(MOST_READ)
        except ssl.SSLCertVerificationError as error:
            return Answer(False, f"the certificate was not accepted: {error.verify_message}")
        except TimeoutError:
            return Answer(False, "no answer in time")
        except (OSError, http.client.HTTPException) as error:
            said = "no answer in time" if connection.was_cut else f"no connection: {type(error).__name__}"
            return Answer(False, said)
        finally:
            watch.cancel()
            connection.close()
        if connection.was_cut:  # what is read of half an answer looks whole
            return Answer(False, "no answer in time")
        return Answer(200 <= answer.status < 300, f"answered {answer.status}")


class _Pinned(http.client.HTTPConnection):
    """A connection to an address that was judged, under the name that it was looked up by."""

    def __init__(self, address: WebhookAddress, servers: Sequence[str], patience: Patience) -> None:
        super().__init__(address.host, address.port, timeout=patience.connect_seconds)
        self._is_plain = address.is_plain
        self._servers = servers
        self._silence_seconds = patience.silence_seconds
        self.was_cut = False

    def connect(self) -> None:
        raw = self._reach()
        raw.settimeout(self._silence_seconds)
        self.sock = raw  # so that a handshake that lasts can be cut off
        if not self._is_plain:
            self.sock = ssl.create_default_context().wrap_socket(raw, server_hostname=self.host)

    def _reach(self) -> socket.socket:
        trouble: OSError = OSError("no address")
        for server in self._servers:
            if self.was_cut:
                break
            try:
                return socket.create_connection((server, self.port), self.timeout)
            except OSError as error:
                trouble = error
        raise trouble

    def cut(self) -> None:
        """Break the connection off, from another thread; who waits for it hears so."""
        self.was_cut = True
        opened: socket.socket | None = self.sock
        if opened is not None:
            try:
                socket.socket.shutdown(opened, socket.SHUT_RDWR)  # not that of TLS, which would wait for the other side
            except OSError:
                return


SendEvent = Callable[[str, bytes, Mapping[str, str]], Answer]
