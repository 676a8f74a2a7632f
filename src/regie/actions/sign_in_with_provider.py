"""Sign staff in with the identity provider of the municipality: two requests of one browser, and one account.

Between the two nothing is kept here: a cookie of that browser holds a random text, and what goes to the provider follows
from it by a key that is not in the browser.
"""

from __future__ import annotations

import base64
import hmac
import logging
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlmodel import Session

from regie.actions.context import Context
from regie.actions.sign_in import random_secret
from regie.clock import Clock
from regie.core.claims import rights_from_claims
from regie.oidc import CALLBACK_PATH, Client, NotLetIn, Provider, ProviderDown, Secrets, has_overage
from regie.settings import Settings
from regie.store.access_log import NOBODY, Outcome, What, note_access
from regie.store.accounts import find_by_subject, get_account, sign_in_from_provider
from regie.store.hashes import keyed_digest, same
from regie.store.session import in_transaction, read_scope
from regie.store.sessions import Chance, open_session
from regie.store.sign_in import use_once
from regie.store.tables import AccountKind

log = logging.getLogger(__name__)

LASTS = timedelta(minutes=10)
"""From leaving for the provider until coming back; a second factor may be in another room."""

_SAID_BY_PROVIDERS = frozenset({
    "access_denied", "login_required", "interaction_required", "consent_required", "account_selection_required",
    "invalid_request", "unauthorized_client", "unsupported_response_type", "invalid_scope", "server_error",
    "temporarily_unavailable",
})  # fmt: skip
"""Errors that may come back with the browser, and so into the log; another is noted without its words."""


@dataclass(frozen=True, slots=True)
class Begun:
    """A sign-in that was begun in a browser.

    Args:
        chance: 256 random bits.
        onwards: the own page that was asked for.
    """

    chance: str
    at: datetime
    onwards: str = ""


@dataclass(frozen=True, slots=True)
class Returned:
    """What the browser brought back from the provider, as anybody may have written it."""

    state: str = ""
    code: str = ""
    error: str = ""
    issuer: str | None = None


def provider_of(settings: Settings, clock: Clock) -> Provider | None:
    """Give the provider that is set; None when there is none."""
    if settings.oidc_discovery_url is None or settings.oidc_client_secret is None:
        return None
    return Provider(
        Client(
            settings.oidc_discovery_url,
            settings.oidc_client_id,
            settings.oidc_client_secret.get_secret_value(),
            f"{settings.base_url}{CALLBACK_PATH}",
            settings.oidc_scopes,
            settings.oidc_groups_claim,
            settings.oidc_mfa_claim,
            frozenset(settings.oidc_mfa_values),
        ),
        clock,
    )


# --- the cookie between the two requests ---------------------------------------------------------------


def begin(now: datetime, onwards: str, chance: Chance = random_secret) -> Begun:
    return Begun(chance(), now.replace(microsecond=0), onwards)


def seal(key: bytes, begun: Begun) -> str:
    """Give the value of a cookie that only Regie can have made."""
    onwards = base64.urlsafe_b64encode(begun.onwards.encode("utf-8", "replace")).decode()
    said = f"{begun.chance}.{int(begun.at.timestamp())}.{onwards}"
    return f"{said}.{keyed_digest(key, 'oidc', said)}"


def unseal(key: bytes, cookie: str, now: datetime) -> Begun | None:
    """Read such a cookie; None when it is another's work, or older than ``LASTS``."""
    said, _, seal_of = cookie.rpartition(".")
    if not same(seal_of, keyed_digest(key, "oidc", said)):
        return None
    chance, at, onwards = said.split(".")
    begun_at = datetime.fromtimestamp(int(at), UTC)
    if not timedelta(0) <= now - begun_at < LASTS:
        return None
    return Begun(chance, begun_at, base64.urlsafe_b64decode(onwards).decode())


def secrets_of(key: bytes, begun: Begun) -> Secrets:
    """Give what goes to the provider with a sign-in: none of the three can be made from another, nor from the cookie."""
    state, nonce, verifier = (
        keyed_digest(key, f"oidc-{name}", begun.chance) for name in ("state", "nonce", "verifier")
    )
    return Secrets(state, nonce, verifier)


# --- the two requests ----------------------------------------------------------------------------------


def address_at_provider(provider: Provider, key: bytes, begun: Begun) -> str:
    """Give where to send the browser. Changes nothing.

    Raises:
        ProviderDown: with the problem, which is logged.
    """
    try:
        return provider.address(secrets_of(key, begun))
    except ProviderDown as down:
        log.warning("oidc.down at=begin problem=%s", down.problem)
        raise


def sign_in_with_provider(
    context: Context,
    provider: Provider,
    settings: Settings,
    begun: Begun | None,
    returned: Returned,
    now: datetime,
    chance: Chance = random_secret,
    *,
    replaces: str = "",
) -> str:
    """Sign somebody in who came back from the provider; give the id of the session. Whatever comes of it is noted.

    No transaction is open while the provider is asked.

    Args:
        begun: what the cookie of this browser holds; None when there is none that is good.

    Raises:
        NotLetIn: with the reason.
        ProviderDown: with the problem.
    """
    try:
        claims = _ask(context, provider, begun, returned, now)
    except (NotLetIn, ProviderDown) as error:
        is_down = isinstance(error, ProviderDown)
        reason = f"provider-{error.problem}" if isinstance(error, ProviderDown) else error.reason
        if is_down:
            log.warning("oidc.down at=end problem=%s", reason)
        in_transaction(context.engine, lambda session: _note_refusal(session, NOBODY, reason, now))
        raise
    issuer, subject = str(claims["iss"]), str(claims["sub"])
    mapping = settings.group_map()
    rights = rights_from_claims(claims, mapping)
    left_out = not rights and has_overage(claims, mapping.claim.split(".")[0])

    def enter(session: Session) -> str | NotLetIn:
        own = sign_in_from_provider(
            session,
            issuer=issuer,
            subject=subject,
            name=_text(claims.get(settings.oidc_username_claim)) or _text(claims.get("preferred_username")),
            email=_text(claims.get("email")),
            rights=rights,
            now=now,
            language=_language(claims, settings),
            makes_new=settings.oidc_make_new_users,
        )
        if own is not None:
            note_access(session, f"account:{own}", What.SIGN_IN_OIDC, now)
            return open_session(session, now, chance, account_id=own, replaces=replaces)
        known = find_by_subject(session, issuer, subject)
        if known is not None and known.disabled_at is not None:
            reason = "disabled"
        elif left_out:
            reason = "too-many-groups"
        else:
            reason = "no-right" if known is not None or not rights else "new"
        _note_refusal(session, known.who if known is not None else NOBODY, reason, now)
        return NotLetIn(reason)

    entered = in_transaction(context.engine, enter)
    if isinstance(entered, NotLetIn):  # raised after the commit: what was taken, ended and noted stays so
        raise entered
    return entered


def is_of_provider(context: Context, account_id: int) -> bool:
    """Say whether an account signs in with the provider, and so may sign out there too."""
    with read_scope(context.engine) as session:
        return get_account(session, account_id).kind is AccountKind.OIDC


def _ask(
    context: Context, provider: Provider, begun: Begun | None, returned: Returned, now: datetime
) -> dict[str, object]:
    if begun is None:
        raise NotLetIn("other-browser")
    secrets = secrets_of(context.audit_key, begun)
    if not hmac.compare_digest(returned.state.encode("utf-8", "replace"), secrets.state.encode()):
        raise NotLetIn("other-state")
    if not in_transaction(context.engine, lambda session: use_once(session, secrets.state, now)):
        raise NotLetIn("used")
    if returned.error:
        raise NotLetIn(f"said-{returned.error if returned.error in _SAID_BY_PROVIDERS else 'other'}")
    if not returned.code:
        raise NotLetIn("no-code")
    return dict(provider.claims(returned.code, secrets, returned.issuer, now))


def _note_refusal(session: Session, who: str, reason: str, now: datetime) -> None:
    note_access(session, who, What.SIGN_IN_OIDC, now, about=reason, outcome=Outcome.REFUSED)


def _text(value: object) -> str:
    return value[:1000] if isinstance(value, str) else ""


def _language(claims: dict[str, object], settings: Settings) -> str:
    said = _text(claims.get("locale")).lower().replace("_", "-").split("-")[0]
    return said if said in ("nl", "en") else settings.language
