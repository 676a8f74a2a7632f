"""Which Apprise addresses may be used as a channel, and how an address is shown without its secrets.

Knows addresses only; nothing is sent here. Two dangers are kept out: an address that makes Regie
talk to the municipality's own network, and an option that makes Apprise read a file, follow a
redirect, skip a certificate or add a header.
"""

from __future__ import annotations

import ipaddress
import re
import socket
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import SplitResult, urlsplit

from regie.errors import Refused

if TYPE_CHECKING:
    from regie.settings import Settings

Resolver = Callable[[str], tuple[str, ...]]

LONGEST_ADDRESS = 2000
_URI = re.compile(r"[A-Za-z0-9._~:/?\[\]@!$&'()*+,;=%-]+")  # no space, no backslash, no fragment
_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_HOST = re.compile(rf"{_LABEL}(?:\.{_LABEL})*\.?", re.IGNORECASE)
_PLACE = re.compile(r"(?:\[[0-9A-Fa-f:.]+\]|[^\[\]:]*)(?::[0-9]{1,5})?")  # host, or address in brackets, and port
_PLAIN = re.compile(r"[A-Za-z0-9._,/-]{0,100}")
_ENCRYPTED = re.compile(r"starttls|ssl", re.IGNORECASE)
_GLOBAL_UNICAST = ipaddress.IPv6Network("2000::/3")
_SIX_TO_FOUR = ipaddress.IPv6Network("2002::/16")


@dataclass(frozen=True, slots=True)
class Scheme:
    """What Regie knows of one kind of Apprise address.

    Args:
        names_a_server: the host in it is where Regie will connect to; otherwise it is an account or
            a key of a service with a fixed address.
        options: the query keys that may be used, and the form of their values.
    """

    names_a_server: bool = True
    options: Mapping[str, re.Pattern[str]] = field(default_factory=dict)


_MAIL = Scheme(options={"mode": _ENCRYPTED})
_NTFY = Scheme(options={"priority": _PLAIN, "xtags": _PLAIN})
_TALK = Scheme(options={"url_prefix": _PLAIN})

# What is not listed here cannot be switched on: its dangers have not been looked at.
SCHEMES: Mapping[str, Scheme] = {
    "mailto": _MAIL,
    "mailtos": _MAIL,
    "workflows": Scheme(options={"ver": _PLAIN, "pa": _PLAIN, "wrap": _PLAIN}),
    "signal": Scheme(),
    "signals": Scheme(),
    "msgbird": Scheme(names_a_server=False),
    "ntfy": _NTFY,
    "ntfys": _NTFY,
    "json": Scheme(),
    "jsons": Scheme(),
    "nctalk": _TALK,
    "nctalks": _TALK,
    "o365": Scheme(names_a_server=False),
}
MAIL_SCHEMES = frozenset({"mailto", "mailtos"})


def resolve_host(host: str) -> tuple[str, ...]:
    """Return every address a host name stands for today."""
    found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    return tuple(sorted({str(entry[4][0]) for entry in found}))


@dataclass(frozen=True, slots=True)
class ChannelPolicy:
    """What the operator allows.

    Args:
        schemes: kinds of addresses that may be used.
        internal_hosts: hosts on the own network that may be reached all the same.
    """

    schemes: frozenset[str]
    internal_hosts: frozenset[str] = frozenset()
    resolve: Resolver = resolve_host

    @classmethod
    def from_settings(cls, settings: Settings) -> ChannelPolicy:
        """Take the policy from the settings."""
        return cls(frozenset(settings.channel_schemes), frozenset(settings.channel_internal_hosts))


@dataclass(frozen=True, slots=True)
class ChannelAddress:
    """An Apprise address that was checked. Printing it shows no secret.

    Args:
        host: where Regie will connect to; None for a service with a fixed address.
    """

    scheme: str
    host: str | None
    url: str = field(repr=False)

    def __str__(self) -> str:
        return mask(self.url)


def check_channel(url: str, policy: ChannelPolicy) -> ChannelAddress:
    """Check an Apprise address against the policy, and return it ready for use.

    Names are looked up now. They may point elsewhere tomorrow, so the sender checks again before
    each message; rules for outgoing traffic in the firewall are the second wall.

    Raises:
        Refused: ``address-invalid``, ``channel-scheme``, ``channel-option``,
            ``channel-internal-host``, or ``channel-host-unknown`` when the name cannot be found.
    """
    parts = _split(url)
    scheme = _known_scheme(parts, policy.schemes)
    _check_options(parts, scheme.options)
    if not scheme.names_a_server:
        return ChannelAddress(parts.scheme, None, url)
    host = _server(parts)
    _check_reachable(host, policy)
    return ChannelAddress(parts.scheme, host, url)


def check_mail_url(url: str) -> ChannelAddress:
    """Check the address of the municipality's own mail server; it may stand on the own network.

    Raises:
        Refused: ``address-invalid``, ``channel-scheme`` or ``channel-option``.
    """
    parts = _split(url)
    scheme = _known_scheme(parts, MAIL_SCHEMES)
    _check_options(parts, {**scheme.options, "smtp": _PLAIN})
    return ChannelAddress(parts.scheme, _server(parts), url)


def mask(url: str) -> str:
    """Show an address without user, password, path and options, each of which may be a secret.

    >>> mask("nctalks://regie:geheim@cloud.example.nl/kamer?url_prefix=talk")
    'nctalks://cloud.example.nl/…'
    """
    try:
        parts = _split(url)
        host = _server(parts)
    except Refused:
        return "(unreadable address)"
    known = SCHEMES.get(parts.scheme)
    # Of a kind that we do not know the "host" may well be a key.
    if known is None or not known.names_a_server:
        return f"{parts.scheme}://…"
    port = f":{parts.port}" if parts.port else ""
    return f"{parts.scheme}://{f'[{host}]' if ':' in host else host}{port}/…"


def _split(url: str) -> SplitResult:
    if len(url) > LONGEST_ADDRESS or not _URI.fullmatch(url):
        raise _invalid("it is too long, or has spaces, accents or other signs that belong in no address", "signs")
    try:
        parts = urlsplit(url)
        parts.port  # noqa: B018 - reading it is what checks it
    except ValueError:
        raise _invalid("its host or port cannot be read", "host") from None
    # Apprise reads addresses in its own way: leave nothing that two readers may read differently.
    login, _, place = parts.netloc.rpartition("@")
    two_ways = "@" in login or url.count("?") > 1 or not _PLACE.fullmatch(place)
    if two_ways or not url.lower().startswith(f"{parts.scheme}://"):
        raise _invalid("it does not have the form kind://user:password@host/path?option=value", "form")
    return parts


def _server(parts: SplitResult) -> str:
    host = parts.hostname or ""
    try:
        return str(ipaddress.ip_address(host))
    except ValueError:
        if not _HOST.fullmatch(host):
            raise _invalid("it names no server", "host") from None
        return host.rstrip(".")


def _known_scheme(parts: SplitResult, allowed: frozenset[str]) -> Scheme:
    if parts.scheme not in allowed or parts.scheme not in SCHEMES:
        usable = ", ".join(sorted(allowed & SCHEMES.keys()))
        raise Refused(
            f"a channel of the kind '{parts.scheme}' is not allowed here",
            code="channel-scheme",
            hint=f"allowed are: {usable}",
            scheme=parts.scheme,
            options=sorted(allowed & SCHEMES.keys()),
        )
    return SCHEMES[parts.scheme]


def _check_options(parts: SplitResult, allowed: Mapping[str, re.Pattern[str]]) -> None:
    for pair in re.split("[&;]", parts.query) if parts.query else ():
        key, _, value = pair.partition("=")
        if key not in allowed or not allowed[key].fullmatch(value):
            # An unknown key is not repeated: what follows a stray "&" may be half a password.
            named = f"the option '{key}' with this value" if key in allowed else "an option in this address"
            raise Refused(
                f"{named} is not allowed",
                code="channel-option",
                hint=f"allowed are: {', '.join(sorted(allowed)) or 'none'}",
                option=key if key in allowed else None,
                options=sorted(allowed),
            )


def _check_reachable(host: str, policy: ChannelPolicy) -> None:
    if host in policy.internal_hosts:
        return
    try:
        addresses = policy.resolve(host)
    except (OSError, UnicodeError):
        addresses = ()
    if not addresses:
        raise Refused(f"the host '{host}' cannot be found", code="channel-host-unknown", host=host)
    if not all(is_public(address) for address in addresses):
        raise Refused(
            f"the host '{host}' stands on an internal network",
            code="channel-internal-host",
            hint="an administrator can allow it in REGIE_CHANNEL_INTERNAL_HOSTS",
            host=host,
        )


def is_public(text: str) -> bool:
    """Whether an address is one of the internet, and not of a network of our own, in whatever form it is written."""
    address = ipaddress.ip_address(text)
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is not None:
            return is_public(str(address.ipv4_mapped))
        # Forms that carry an IPv4 address inside (6to4, NAT64) lie outside this, or are left out.
        if address not in _GLOBAL_UNICAST or address in _SIX_TO_FOUR:
            return False
    return address.is_global and not address.is_multicast


def _invalid(reason: str, problem: str) -> Refused:
    return Refused(f"this address cannot be used: {reason}", code="address-invalid", problem=problem)
