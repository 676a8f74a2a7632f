"""What an administrator sets from outside, by environment variables that start with ``REGIE_``.

Read once at the edge and passed on as a value; nothing below the edges looks at the environment.
Does not know what a setting is used for: the module that uses it checks what only it can know.
"""

from __future__ import annotations

import contextlib
import os
import re
import secrets
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import unquote, urlsplit
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, ValidationError, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict, SettingsError

from regie.core.claims import GroupMap
from regie.core.permissions import Role
from regie.errors import Refused, RegieError
from regie.mailbox import Mailbox, check_email, parse_mailbox

ENV_PREFIX = "REGIE_"
AUDIT_KEY_FILE = "audit.key"
LINK_KEY_FILE = "link.key"
SHORTEST_KEY = 32


def _split_list(value: object) -> object:
    if not isinstance(value, str):
        return value
    return tuple(part.strip().lower() for part in value.split(",") if part.strip())


def _mailbox(value: object) -> object:
    try:
        return parse_mailbox(value) if isinstance(value, str) else value
    except RegieError as error:
        raise ValueError(str(error)) from None


def _email(value: str) -> str:
    try:
        return check_email(value)
    except RegieError as error:
        raise ValueError(str(error)) from None


def _web_address(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ValueError("write a web address that starts with http:// or https://")
    return value.rstrip("/")


def _safe_address(value: str) -> str:
    """A web address with https, but on this machine."""
    parts = urlsplit(value)
    if parts.scheme == "http" and parts.hostname not in ("localhost", "127.0.0.1", "::1"):
        raise ValueError("write a web address that starts with https://")
    return _web_address(value)


def _contact(value: str) -> str:
    if not value:
        return ""
    return _web_address(value) if "://" in value else f"mailto:{_email(value.removeprefix('mailto:'))}"


def _time_zone(value: str) -> str:
    try:
        ZoneInfo(value)
    except (KeyError, ValueError, OSError):
        raise ValueError("this time zone is not known; write for example Europe/Amsterdam") from None
    return value


def _shaped(pattern: str, complaint: str) -> AfterValidator:
    def check(value: str) -> str:
        if value and not re.fullmatch(pattern, value):
            raise ValueError(complaint)
        return value

    return AfterValidator(check)


def _long_enough(value: SecretStr) -> SecretStr:
    if len(value.get_secret_value()) < SHORTEST_KEY:
        raise ValueError(f"the key needs at least {SHORTEST_KEY} characters")
    return value


def _split_names(value: object) -> object:
    """Names of groups mean something in capitals too."""
    return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value


def _split_scopes(value: object) -> object:
    if not isinstance(value, str):
        return value
    named = tuple(dict.fromkeys(value.replace(",", " ").split()))
    return named if "openid" in named else ("openid", *named)


ScopeList = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_split_scopes)]
NameList = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_split_names)]
WordList = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_split_list)]
EmailAddress = Annotated[str, AfterValidator(_email)]
WebAddress = Annotated[str, AfterValidator(_web_address)]
SafeAddress = Annotated[str, AfterValidator(_safe_address)]


class Settings(BaseSettings):
    """All settings, each with its environment variable ``REGIE_<NAME>``."""

    model_config = SettingsConfigDict(
        env_prefix=ENV_PREFIX,
        env_ignore_empty=True,
        frozen=True,
        extra="forbid",
        hide_input_in_errors=True,
        validate_default=True,
    )

    data_dir: Annotated[Path, AfterValidator(lambda path: path.expanduser().absolute())] = Field(
        default=Path("regie-data"),
        description="Folder for everything Regie keeps on disk: the SQLite file, the audit key, documents.",
    )
    database_url: SecretStr = Field(
        default_factory=lambda data: SecretStr(f"sqlite:///{data.get('data_dir', Path()) / 'regie.db'}"),
        description="Database, as an SQLAlchemy address such as "
        "`postgresql+psycopg://user:password@host/regie`. Default: the file `regie.db` in the data folder.",
    )
    files_dir: Annotated[Path, AfterValidator(lambda path: path.expanduser().absolute())] = Field(
        default_factory=lambda data: data.get("data_dir", Path()) / "bestanden",
        description="Folder for the files that people hand over as evidence; no web server may serve it.",
    )
    file_max_mb: int = Field(
        default=10,
        ge=1,
        le=100,
        description="Largest file that may be handed over, in MB of 1,048,576 bytes.",
    )
    base_url: WebAddress = Field(
        default="http://127.0.0.1:8080",
        description="Address at which people reach Regie; the links in messages start with it.",
    )
    environment_label: str = Field(
        default="",
        max_length=40,
        description="Name of a non-production environment, such as `TEST`. Empty means production.",
    )
    organisation: str = Field(
        default="Regie",
        min_length=1,
        max_length=80,
        description="Name of the municipality, at the top of every page.",
    )
    logo: Path | None = Field(
        default=None,
        description="Logo at the top of every page: a PNG, JPEG or SVG file of at most 200 kB.",
    )
    theme_css: Path | None = Field(
        default=None,
        description="House style: a CSS file of at most 200 kB that sets tokens of NL Design System again.",
    )
    allowed_hosts: WordList = Field(
        default=(),
        description="Names by which browsers may call Regie besides that of the base address and of this machine, "
        "separated by commas.",
    )
    api_origins: WordList = Field(
        default=(),
        description="Sites from which a browser may call the API, such as `https://portaal.voorbeeldstad.nl`, separated by "
        "commas. Default: none.",
    )
    web_host: str = Field(
        default="127.0.0.1",
        min_length=1,
        description="Network address on which the pages are served.",
    )
    web_port: int = Field(
        default=8080,
        ge=1,
        le=65535,
        description="Port on which the pages are served.",
    )
    trusted_proxies: WordList = Field(
        default=("127.0.0.1",),
        description="Addresses of proxies whose word about the browser's own address is believed.",
    )
    security_contact: Annotated[str, AfterValidator(_contact)] = Field(
        default="",
        description="Where to report a weakness, in `/.well-known/security.txt`: an e-mail address or a web address.",
    )
    timezone: Annotated[str, AfterValidator(_time_zone)] = Field(
        default="Europe/Amsterdam",
        description="Time zone in which the days of plans and messages are counted.",
    )
    language: Literal["nl", "en"] = Field(
        default="nl",
        description="Language for whoever has not chosen one: `nl` or `en`.",
    )
    mail_url: SecretStr | None = Field(
        default=None,
        description="Mail server, as an Apprise address: "
        "`mailtos://user:password@smtp.example.nl:587?mode=starttls`, `mode=ssl` for port 465, or "
        "`mailto://127.0.0.1:8025` without encryption. The server's certificate is always checked; name a "
        "file with your own authorities in `SSL_CERT_FILE`.",
    )
    mail_from: Annotated[Mailbox | None, NoDecode, BeforeValidator(_mailbox)] = Field(
        default=None,
        description="Sender of all mail: `Regie Voorbeeldstad <regie@voorbeeldstad.nl>`. Required with a mail server.",
    )
    reply_to: EmailAddress | None = Field(
        default=None,
        description="Address that answers go to, when a message does not name a person for it.",
    )
    mail_redirect_to: EmailAddress | None = Field(
        default=None,
        description="In a non-production environment: send every message to this address instead, and say in "
        "the message whom it was meant for.",
    )
    channel_schemes: WordList = Field(
        default=("mailto", "mailtos", "workflows", "signals", "msgbird", "ntfys", "nctalks", "o365"),
        description="Kinds of Apprise addresses that may be used as a channel, separated by commas. Generic "
        "webhooks (`jsons`) are off unless you add them; `none` closes all.",
    )
    channel_internal_hosts: WordList = Field(
        default=(),
        description="Hosts on your own network that a channel may reach, separated by commas. All other "
        "private, loopback and link-local addresses are refused.",
    )
    webhook_hosts: WordList = Field(
        default=(),
        description="Hosts to which events may be sent, separated by commas. No others are reached, and of these only "
        "public addresses.",
    )
    webhook_internal_hosts: WordList = Field(
        default=(),
        description="Hosts on your own network to which events may be sent as well, separated by commas. One on this "
        "machine itself, such as `127.0.0.1`, may be reached over plain http, for rehearsals.",
    )
    cloudevents_source: Annotated[
        str,
        _shaped(r"urn:nld:[a-z0-9][a-z0-9.:_-]{0,150}", "write a name such as urn:nld:gemeente-voorbeeldstad.regie"),
    ] = Field(
        default="",
        description="Name of this Regie in the events that it sends: a URN such as "
        "`urn:nld:gemeente-voorbeeldstad.regie`.",
    )
    cloudevents_type_prefix: Annotated[
        str, _shaped(r"[a-z0-9-]+(?:\.[a-z0-9-]+)+", "write a name such as nl.voorbeeldstad.regie")
    ] = Field(
        default="",
        description="With what the type of each event begins: the domain of the municipality backwards, such as "
        "`nl.voorbeeldstad.regie`.",
    )
    brake_messages_per_day: int = Field(
        default=200,
        ge=1,
        description="When more messages than this would leave in 24 hours (or than five times an ordinary "
        "working day, if that is more), the rest is held until an administrator releases it.",
    )
    audit_key: Annotated[SecretStr, AfterValidator(_long_enough)] | None = Field(
        default=None,
        description="Key that seals the history against tampering, at least 32 characters. Default: "
        "generated once, in the file `audit.key` in the data folder, readable for the owner only.",
    )
    link_key: Annotated[SecretStr, AfterValidator(_long_enough)] | None = Field(
        default=None,
        description="Key from which the links in messages are made, at least 32 characters. Default: generated "
        "once, in the file `link.key` in the data folder, readable for the owner only.",
    )
    sqlite_risk_accepted: str = Field(
        default="",
        max_length=200,
        description="Who accepted, and when, the small risk of an SQLite older than 3.51.3; `regie doctor` "
        "then no longer warns of it.",
    )
    prefect_api_url: WebAddress = Field(
        default="http://127.0.0.1:4200/api",
        description="API of the Prefect server that runs the flows.",
    )

    session_idle_minutes: int = Field(
        default=30,
        ge=1,
        le=1_440,
        description="After so many minutes without use a session ends.",
    )
    session_hours: int = Field(
        default=12,
        ge=1,
        le=168,
        description="After so many hours a session ends, also when it is used.",
    )
    oidc_discovery_url: SafeAddress | None = Field(
        default=None,
        description="Where the identity provider of the municipality describes itself. While it is set, "
        "`regie up` gives no one-time sign-in link.",
    )
    oidc_client_id: str = Field(
        default="",
        max_length=200,
        description="Name under which the identity provider knows Regie. Required with a provider.",
    )
    oidc_client_secret: SecretStr | None = Field(
        default=None,
        description="Secret with which Regie proves who it is to the identity provider. Required with a provider.",
    )
    oidc_scopes: ScopeList = Field(
        default=("openid", "profile", "email"),
        description="What Regie asks the identity provider for, separated by commas or spaces; `openid` always.",
    )
    oidc_username_claim: str = Field(
        default="name",
        min_length=1,
        max_length=100,
        description="Claim that says what somebody is called on pages. Who they are is always issuer and `sub`.",
    )
    oidc_make_new_users: bool = Field(
        default=True,
        description="Make an account for whoever signs in for the first time and is in a group that gives a right.",
    )
    oidc_mfa_claim: str = Field(
        default="amr",
        min_length=1,
        max_length=100,
        description="Claim that says how somebody proved who they are, such as `amr` or `acr`.",
    )
    oidc_mfa_values: NameList = Field(
        default=(),
        description="Values of that claim of which one must be there, separated by commas. Empty: the provider sees "
        "to strong sign-in by itself.",
    )
    oidc_groups_claim: str = Field(
        default="groups",
        min_length=1,
        max_length=100,
        description="Claim that holds the groups or app roles; dots lead inwards, as in `realm_access.roles`.",
    )
    oidc_group_administrator: NameList = Field(
        default=(),
        description="Groups whose members are administrator, separated by commas.",
    )
    oidc_group_lead: NameList = Field(
        default=(),
        description="Groups whose members lead every traject, separated by commas.",
    )
    oidc_group_member: NameList = Field(
        default=(),
        description="Groups whose members work in every traject, separated by commas.",
    )
    oidc_group_reader: NameList = Field(
        default=(),
        description="Groups whose members may read every traject, separated by commas.",
    )

    @model_validator(mode="after")
    def _settings_fit_together(self) -> Settings:
        if self.mail_url is not None and self.mail_from is None:
            raise ValueError("REGIE_MAIL_URL also needs REGIE_MAIL_FROM")
        # Production must not lose its mail to a test address.
        if self.mail_redirect_to is not None and not self.environment_label:
            raise ValueError("REGIE_MAIL_REDIRECT_TO also needs REGIE_ENVIRONMENT_LABEL, as in TEST")
        if self.oidc_discovery_url is not None:
            if not self.oidc_client_id:
                raise ValueError("REGIE_OIDC_DISCOVERY_URL also needs REGIE_OIDC_CLIENT_ID")
            if self.oidc_client_secret is None or not self.oidc_client_secret.get_secret_value():
                raise ValueError("REGIE_OIDC_DISCOVERY_URL also needs REGIE_OIDC_CLIENT_SECRET")
        return self

    def group_map(self) -> GroupMap:
        """Give which groups of the identity provider give which role."""
        groups = {
            Role.ADMINISTRATOR: self.oidc_group_administrator,
            Role.LEAD: self.oidc_group_lead,
            Role.MEMBER: self.oidc_group_member,
            Role.READER: self.oidc_group_reader,
        }
        return GroupMap(self.oidc_groups_claim, {role: frozenset(named) for role, named in groups.items()})

    def secret_values(self) -> tuple[str, ...]:
        """Return what may never show in a log, for ``notify.redact.install_redaction``."""
        found: list[str] = []
        for secret in (self.database_url, self.mail_url, self.audit_key, self.link_key, self.oidc_client_secret):
            if secret is None:
                continue
            value = secret.get_secret_value()
            password = urlsplit(value).password if "://" in value else value
            found += [password, unquote(password)] if password else []
        return tuple(found)


def load_settings(**overrides: Any) -> Settings:
    """Read the settings from the environment; ``overrides`` win.

    Raises:
        Refused: ``settings-invalid``; names the variables, never what was in them.
    """
    try:
        return Settings(**overrides)
    except ValidationError as error:
        problems = [
            _problem(item["loc"], item["msg"], item["type"], item.get("ctx", {}))
            for item in error.errors(include_input=False, include_url=False)
        ]
    except SettingsError:
        problems = [Refused("a variable has a form that cannot be read", code="setting-wrong", trouble="form")]
    # Raised here and not in the handlers: the causes hold the values, among them secrets.
    raise Refused(
        "the settings are not right: " + "; ".join(problem.message for problem in problems),
        code="settings-invalid",
        troubles=problems,
    )


def _problem(location: tuple[int | str, ...], message: str, trouble: str, context: Mapping[str, object]) -> Refused:
    said = message.removeprefix("Value error, ")
    if not location:
        named = re.findall(rf"{ENV_PREFIX}[A-Z_]+", said)
        return Refused(said, code="setting-wrong", variable=named[0], also=named[1])
    variable = f"{ENV_PREFIX}{str(location[0]).upper()}"
    options = re.findall(r"'([^']+)'", str(context.get("expected", "")))
    return Refused(f"{variable}: {said}", code="setting-wrong", variable=variable, trouble=trouble, options=options)


def load_audit_key(settings: Settings) -> SecretStr:
    """Return the audit key: the one that was set, or the one in the data folder.

    The first caller generates it. Two processes that start together get the same key.

    Raises:
        Refused: ``settings-invalid``, when the file cannot be read or written or holds no full key.
    """
    if settings.audit_key is not None:
        return settings.audit_key
    return _load_key(
        settings.data_dir / AUDIT_KEY_FILE,
        "audit",
        "put it back from a backup; a new key cannot vouch for the history written with the old one",
    )


def load_link_key(settings: Settings) -> SecretStr:
    """Return the key of the links in messages: the one that was set, or the one in the data folder.

    With another key all links that were sent end.

    Raises:
        Refused: ``settings-invalid``, when the file cannot be read or written or holds no full key.
    """
    if settings.link_key is not None:
        return settings.link_key
    return _load_key(
        settings.data_dir / LINK_KEY_FILE, "link", "put it back from a backup, or remove it: a new one is made"
    )


def _load_key(path: Path, name: str, when_short: str) -> SecretStr:
    """Read a key from its file; the first caller makes it. Two processes that start together get the same key."""
    try:
        if not path.exists():
            _write_new_key(path)
        key = path.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not plain text"
        raise Refused(
            f"the {name} key '{path}' cannot be used: {reason}",
            code="settings-invalid",
            hint=f"make the data folder readable and writable for Regie, or set {ENV_PREFIX}{name.upper()}_KEY",
            file=str(path),
            problem="unusable",
            key=name,
        ) from None
    if len(key) < SHORTEST_KEY:
        raise Refused(
            f"the {name} key '{path}' holds no full key",
            code="settings-invalid",
            hint=when_short,
            file=str(path),
            problem="short",
            key=name,
        )
    return SecretStr(key)


def _write_new_key(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    # mkstemp gives mode 0600. Linking a finished file makes sure that nobody reads half a key, and
    # that of two processes one key survives.
    handle, draft = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "w", encoding="ascii") as file:
            file.write(secrets.token_urlsafe(48) + "\n")
            file.flush()
            os.fsync(file.fileno())
        with contextlib.suppress(FileExistsError):
            path.hardlink_to(draft)
    finally:
        Path(draft).unlink()
