"""Real servers on loopback, for the parts of Regie that talk to the outside world.

Each is a context manager that is ready when it opens and gone when it closes.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
import threading
from collections import deque
from dataclasses import dataclass
from datetime import UTC, datetime
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default as default_policy
from enum import Enum, auto
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from pathlib import Path
from types import TracebackType
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

LOOPBACK = "127.0.0.1"


class Behaviour(Enum):
    """What the mail server does with one connection."""

    ACCEPT = auto()
    REFUSE_RECIPIENT = auto()  # 550 to the recipient
    DEFER = auto()  # 451 to the recipient: try again later
    REJECT_LETTER = auto()  # 554 after the letter
    DROP_AFTER_LETTER = auto()  # takes the letter, then is gone before answering
    DROP_AFTER_RECIPIENT = auto()  # is gone before the letter starts
    HANG_UP = auto()  # closes at once
    SLOW = auto()  # takes the letter and stays silent


@dataclass(frozen=True, slots=True)
class ReceivedMail:
    """One mail as the server got it: the envelope, and the letter in it."""

    sender: str
    recipients: tuple[str, ...]
    letter: EmailMessage
    raw: bytes
    was_encrypted: bool
    login: str | None

    @property
    def text(self) -> str:
        return self._part("plain")

    @property
    def html(self) -> str:
        return self._part("html")

    def _part(self, kind: str) -> str:
        part = self.letter.get_body((kind,))
        assert part is not None, f"the letter has no {kind} part"
        return str(part.get_content()).replace("\r\n", "\n")


class MailServer:
    """A mail server that keeps what it gets, and misbehaves when a test asks for it.

    Args:
        users: who may log in, with their passwords.
        certificate: file with key and certificate; the server then offers STARTTLS.
        encrypted_from_start: speak TLS from the first byte, as on port 465.
    """

    def __init__(
        self,
        *,
        users: dict[str, str] | None = None,
        certificate: Path | None = None,
        encrypted_from_start: bool = False,
    ) -> None:
        self.messages: list[ReceivedMail] = []
        self.connections = 0
        self._script: deque[Behaviour] = deque()
        self._users = users
        self._certificate = certificate
        self._encrypted_from_start = encrypted_from_start

    @property
    def url(self) -> str:
        """The Apprise address of this server, without encryption."""
        return f"mailto://{LOOPBACK}:{self.port}"

    def will(self, *behaviours: Behaviour) -> None:
        """Say what happens to the next connections, in order; after those all is accepted."""
        self._script.extend(behaviours)

    def mail_to(self, address: str) -> list[ReceivedMail]:
        return [mail for mail in self.messages if address in mail.recipients]

    def __enter__(self) -> MailServer:
        # Named as TCP, or asyncio lets small answers wait 40 ms.
        listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        listening.bind((LOOPBACK, 0))
        self.port: int = listening.getsockname()[1]
        self._controller = _Controller(self, listening, **self._options())
        self._controller.start()
        self.connections = 0  # starting makes one connection
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._controller.stop()

    def _options(self) -> dict[str, Any]:
        options: dict[str, Any] = {}
        if self._certificate is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(self._certificate)
            options["ssl_context" if self._encrypted_from_start else "tls_context"] = context
        if self._users is not None:
            options |= {"authenticator": self._authenticate, "auth_require_tls": False}
        return options

    def _authenticate(self, _server: Any, session: Any, _envelope: Any, _mechanism: str, login: Any) -> AuthResult:
        assert isinstance(login, LoginPassword)
        name, password = login.login.decode(), login.password.decode()
        session.login = name
        welcome = bool(self._users and self._users.get(name) == password)
        # Unkind on purpose: some servers do repeat what they were given.
        complaint = None if welcome else f"535 5.7.8 {password} is not the password of {name}"
        return AuthResult(success=welcome, handled=False, message=complaint)

    def next_behaviour(self) -> Behaviour:
        self.connections += 1
        return self._script.popleft() if self._script else Behaviour.ACCEPT

    async def handle_RCPT(
        self, server: _Connection, session: Any, envelope: Any, address: str, _options: list[str]
    ) -> str:
        if server.behaviour is Behaviour.REFUSE_RECIPIENT:
            return f"550 5.1.1 <{address}>: no such mailbox here"
        if server.behaviour is Behaviour.DEFER:
            return "451 4.7.1 greylisted, try again later"
        if server.behaviour is Behaviour.DROP_AFTER_RECIPIENT:
            server.hang_up()
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: _Connection, session: Any, envelope: Any) -> str:
        if server.behaviour is Behaviour.REJECT_LETTER:
            return "554 5.7.1 this looks like spam"
        self.messages.append(
            ReceivedMail(
                sender=envelope.mail_from,
                recipients=tuple(envelope.rcpt_tos),
                letter=_read_letter(envelope.content),
                raw=envelope.content,
                was_encrypted=session.ssl is not None or self._encrypted_from_start,
                login=getattr(session, "login", None),
            )
        )
        if server.behaviour is Behaviour.DROP_AFTER_LETTER:
            server.hang_up()
        if server.behaviour is Behaviour.SLOW:
            await asyncio.sleep(3600)  # cut short when the client leaves
        return f"250 2.0.0 taken as number {len(self.messages)}"


class _Connection(SMTP):
    def __init__(self, handler: MailServer, behaviour: Behaviour, **options: Any) -> None:
        super().__init__(handler, **options)
        self.behaviour = behaviour

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        if self.behaviour is Behaviour.HANG_UP:
            self.hang_up()

    def hang_up(self) -> None:
        assert self.transport is not None
        self.transport.close()


class _Controller(Controller):
    """Listens on a socket that is already bound, so that no other process can take the port."""

    def __init__(self, mail_server: MailServer, listening: socket.socket, **options: Any) -> None:
        super().__init__(mail_server, hostname=LOOPBACK, port=listening.getsockname()[1], **options)
        self._mail_server = mail_server
        self._listening = listening

    def factory(self) -> _Connection:
        return _Connection(self._mail_server, self._mail_server.next_behaviour(), **self.SMTP_kwargs)

    def _create_server(self) -> Any:
        return self.loop.create_server(self._factory_invoker, sock=self._listening, ssl=self.ssl_context)


class WebhookServer:
    """A web server that keeps what is posted to it.

    Args:
        status: what it answers.
        location: where it sends the caller on to, with a status such as 302.
    """

    def __init__(self, status: int = 200, location: str = "") -> None:
        self.posts: list[str] = []
        posts = self.posts

        class Keep(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                posts.append(self.rfile.read(int(self.headers["Content-Length"] or 0)).decode())
                self.send_response(status)
                if location:
                    self.send_header("Location", location)
                self.send_header("Content-Length", "0")
                self.end_headers()

            do_GET = do_POST

            def log_message(self, format: str, *args: object) -> None:
                """Keep the output of the tests clean."""

        self._server = ThreadingHTTPServer((LOOPBACK, 0), Keep)
        self.port: int = self._server.server_address[1]

    def __enter__(self) -> WebhookServer:
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


def _read_letter(content: bytes) -> EmailMessage:
    letter = message_from_bytes(content, policy=default_policy)
    assert isinstance(letter, EmailMessage)
    return letter


def write_certificate(folder: Path, host: str = LOOPBACK) -> Path:
    """Write a key with a certificate that vouches for itself; trust it by ``SSL_CERT_FILE``."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, host)])
    is_address = host.replace(".", "").isdigit()
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(datetime(2020, 1, 1, tzinfo=UTC))
        .not_valid_after(datetime(2100, 1, 1, tzinfo=UTC))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ip_address(host)) if is_address else x509.DNSName(host)]),
            critical=False,
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    file = folder / f"{host}.pem"
    file.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        + certificate.public_bytes(serialization.Encoding.PEM)
    )
    return file
