"""Run everything on one machine: ``regie up``. Migrate, the pages, one Prefect server, the flows; stop it all cleanly.

Imports no Prefect: the server and the flows are children. Secrets travel in the environment, never in arguments.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import fcntl
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType

from regie.doorbell import DOORBELL, hang_up, take_down
from regie.errors import Conflict, Incomplete, Refused
from regie.settings import Settings
from regie.store.session import create_engine_for, upgrade

READY_WITHIN = 240  # a busy machine takes minutes; a server that dies, or Ctrl-C, ends the wait
STOP_WITHIN = 12
MOST_RESTARTS = 5
FORGIVEN_AFTER = 600
"""Seconds that a child must live for its earlier restarts to be forgotten."""

WEB = "web"
ALIVE = "_healthz/livez"
_HEARD_ON_LOOPBACK = {"127.0.0.1", "localhost", "0.0.0.0"}  # noqa: S104 - compares; binds to nothing

Say = Callable[[str], None]


@dataclass
class Child:
    """A process that is kept alive: started, looked after, stopped."""

    name: str
    command: list[str]
    environment: Mapping[str, str]
    log: Path
    process: subprocess.Popen[bytes] | None = None
    restarts: int = field(default=0)
    started_at: float = field(default=0.0)

    def start(self) -> None:
        self.started_at = time.monotonic()
        with self.log.open("ab") as log:
            # a session of its own, so that Ctrl-C reaches only the parent, who stops children in order
            self.process = subprocess.Popen(
                self.command,
                env=dict(self.environment),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=_die_with_parent,
            )

    @property
    def has_ended(self) -> bool:
        return self.process is not None and self.process.poll() is not None

    def stop(self) -> None:
        """Ask it to stop, then insist; its own children go with it."""
        if self.process is None:
            return
        for how, patience in ((signal.SIGINT, STOP_WITHIN / 2), (signal.SIGTERM, STOP_WITHIN / 2), (signal.SIGKILL, 3)):
            try:
                os.killpg(self.process.pid, how)
            except ProcessLookupError:
                break
            try:
                self.process.wait(patience)
                break
            except subprocess.TimeoutExpired:
                continue
        self.process.wait(3)


def _die_with_parent() -> None:
    """Have the kernel end this child when its parent is gone, also by kill -9. Only Linux can."""
    if sys.platform == "linux":
        set_death_signal = 1
        ctypes.CDLL(None).prctl(set_death_signal, signal.SIGTERM)


def prefect_environment(home: Path, port: int, base: Mapping[str, str] | None = None) -> dict[str, str]:
    """The environment in which a Prefect server and its clients find each other, and tell nobody."""
    url = f"http://127.0.0.1:{port}/api"
    return {
        **(base if base is not None else os.environ),
        "PREFECT_HOME": str(home),
        "PREFECT_API_URL": url,
        "PREFECT_UI_API_URL": url,
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "PREFECT_SERVER_EPHEMERAL_ENABLED": "false",
        "PREFECT_SERVER_LOGGING_LEVEL": "WARNING",
        "PREFECT_LOGGING_LEVEL": "WARNING",
        "PREFECT_CLI_PROMPT": "false",
        "DO_NOT_TRACK": "1",
    }


def server_command(port: int) -> list[str]:
    return [sys.executable, "-m", "prefect", "server", "start", "--host", "127.0.0.1", "--port", str(port)]


def wait_until_ready(
    port: int,
    child: Child,
    within: float = READY_WITHIN,
    *,
    path: str = "api/ready",
    give_up: Callable[[], bool] = lambda: False,
) -> None:
    """Wait until the server answers, or until somebody no longer wants it.

    Args:
        child: who has to see to it; when it ends, so does the wait.

    Raises:
        Incomplete: ``prefect-not-ready`` or ``web-not-ready``, naming the log to read.
    """
    ends = time.monotonic() + within
    while time.monotonic() < ends:
        if give_up():
            return
        if child.has_ended:
            break
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/{path}", timeout=2) as answer:
                if answer.status == 200:
                    return
        except (urllib.error.URLError, OSError):
            time.sleep(0.2)
    if child.name == WEB:
        raise Incomplete("the pages do not start", code="web-not-ready", hint=f"read {child.log}", log=str(child.log))
    raise Incomplete(
        "the Prefect server does not start", code="prefect-not-ready", hint=f"read {child.log}", log=str(child.log)
    )


def web_command(host: str, port: int) -> list[str]:
    return [sys.executable, "-m", "regie.web", "--host", host, "--port", str(port)]


def refuse_taken_port(port: int, host: str = "127.0.0.1") -> None:
    """Raises: Refused: ``port-in-use``, ``host-unknown``."""
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    except OSError:
        raise _no_such_host(host) from None
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(address)
        except OSError as error:
            if error.errno == errno.EADDRNOTAVAIL:
                raise _no_such_host(host) from None
            raise Refused(
                f"port {port} is in use",
                code="port-in-use",
                hint="stop what uses it, or choose another with --port",
                port=port,
            ) from None


def _no_such_host(host: str) -> Refused:
    return Refused(
        f"'{host}' is no network address of this machine",
        code="host-unknown",
        hint="choose 127.0.0.1 for this machine only, or 0.0.0.0 for all its networks",
        host=host,
    )


def up(
    settings: Settings,
    say: Say,
    *,
    port: int = 4200,
    web_port: int | None = None,
    welcome: Callable[[str], str] = lambda _: "",
) -> None:
    """Start everything, keep it running until Ctrl-C or SIGTERM, stop it in order.

    Args:
        welcome: given where people open Regie, what to say besides, once all runs; empty for nothing.

    Raises:
        Refused: ``port-in-use``, ``folder-unwritable``, or a child keeps dying.
        Incomplete: the server does not start.
        Conflict: ``already-up``, or the database is of another version.
    """
    folder = Path(settings.data_dir).resolve()
    logs, home = folder / "logs", folder / "prefect"
    try:
        logs.mkdir(parents=True, exist_ok=True)
        home.mkdir(parents=True, exist_ok=True)
        (folder / "up.lock").touch()
    except OSError as error:
        raise Refused(
            f"cannot write in {folder}: {error.strerror}", code="folder-unwritable", folder=str(folder)
        ) from None
    asked = _Asked()
    try:
        with _alone(folder):
            web = web_port or settings.web_port
            refuse_taken_port(port)
            refuse_taken_port(web, settings.web_host)
            _run(settings, folder, port, web, asked, say, welcome)
    finally:
        asked.restore()


def _run(
    settings: Settings,
    folder: Path,
    port: int,
    web_port: int,
    asked: _Asked,
    say: Say,
    welcome: Callable[[str], str],
) -> None:
    logs = folder / "logs"
    engine = create_engine_for(settings.database_url.get_secret_value())
    upgrade(engine)
    engine.dispose()
    environment = prefect_environment(folder / "prefect", port)
    environment["REGIE_DATABASE_URL"] = settings.database_url.get_secret_value()
    environment["REGIE_DATA_DIR"] = str(folder)
    server = Child("prefect-server", server_command(port), environment, logs / "prefect-server.log")
    flows = Child("flows", [sys.executable, "-m", "flows.serve"], environment, logs / "flows.log")
    web = Child(WEB, web_command(settings.web_host, web_port), environment, logs / "web.log")
    children = [server, flows, web]
    try:
        if not asked.to_stop:
            web.start()  # first, because it is there in a second, and needs none of the others
        if not asked.to_stop:
            server.start()
            wait_until_ready(port, server, give_up=lambda: asked.to_stop)
        if not asked.to_stop:
            flows.start()
            with contextlib.suppress(Incomplete):  # flows that die are started again below, and counted
                wait_until_ready(port, flows, path=f"api/{DOORBELL}", give_up=lambda: asked.to_stop)
        if not asked.to_stop and settings.web_host in _HEARD_ON_LOOPBACK:
            wait_until_ready(web_port, web, path=ALIVE, give_up=lambda: asked.to_stop)
        if not asked.to_stop:
            hang_up(folder, environment["PREFECT_API_URL"])
            say(
                f"Regie draait: {address_of(settings, web_port)}  "
                f"Prefect: http://127.0.0.1:{port}  Logboeken: {logs}  Stoppen: Ctrl-C"
            )
            if said := welcome(address_of(settings, web_port)):
                say(said)
        while not asked.to_stop:
            time.sleep(0.3)
            for child in children:
                if _look_after(child, say) and child is server:
                    # or the flows, which fall with it, use up their restarts while it starts
                    with contextlib.suppress(Incomplete):
                        wait_until_ready(port, server, give_up=lambda: asked.to_stop)
    finally:
        say("Regie stopt ...")
        take_down(folder)
        for child in reversed(children):
            child.stop()
        say("Gestopt.")


def address_of(settings: Settings, port: int) -> str:
    """Where people open Regie: the address that was set, else where it is served."""
    if "base_url" in settings.model_fields_set:
        return settings.base_url
    host = "127.0.0.1" if settings.web_host in _HEARD_ON_LOOPBACK else settings.web_host
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


@contextlib.contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Hold a data folder: two Prefect servers on one home would damage it.

    Raises:
        Conflict: ``already-up``.
    """
    with (folder / "up.lock").open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise Conflict(
                f"regie up already runs on {folder}",
                code="already-up",
                hint="use that one, or stop it first",
                folder=str(folder),
            ) from None
        yield


def _look_after(child: Child, say: Say) -> bool:
    """Start a child again when it has ended; say whether it had."""
    if not child.has_ended:
        return False
    if time.monotonic() - child.started_at > FORGIVEN_AFTER:
        child.restarts = 0
    if child.restarts >= MOST_RESTARTS:
        raise Refused(
            f"{child.name} keeps stopping",
            code="child-keeps-stopping",
            hint=f"read {child.log}",
            child=child.name,
            log=str(child.log),
        )
    child.restarts += 1
    say(f"{child.name} was gestopt en wordt opnieuw gestart ({child.restarts} van {MOST_RESTARTS})")
    time.sleep(min(child.restarts, 3))
    child.start()
    return True


_STOP_SIGNS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class _Asked:
    """Whether somebody asked to stop: Ctrl-C, the system, or a terminal that closes."""

    def __init__(self) -> None:
        self.to_stop = False
        self._before = {sign: signal.signal(sign, self._note) for sign in _STOP_SIGNS}

    def _note(self, _sign: int, _frame: FrameType | None) -> None:
        self.to_stop = True

    def restore(self) -> None:
        for sign, before in self._before.items():
            signal.signal(sign, before)
