"""Run everything on one machine: ``regie up``. Migrate, one Prefect server, the flows; stop it all cleanly.

Imports no Prefect: the server and the flows are children. Secrets travel in the environment, never in arguments.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType

from regie.errors import Incomplete, Refused
from regie.settings import Settings
from regie.store.session import create_engine_for, upgrade

READY_WITHIN = 90
STOP_WITHIN = 12
MOST_RESTARTS = 5

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

    def start(self) -> None:
        with self.log.open("ab") as log:
            # a session of its own, so that Ctrl-C reaches only the parent, who stops children in order
            self.process = subprocess.Popen(
                self.command, env=dict(self.environment), stdout=log, stderr=subprocess.STDOUT, start_new_session=True
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


def wait_until_ready(port: int, child: Child, within: float = READY_WITHIN) -> None:
    """Wait until the server answers.

    Raises:
        Incomplete: ``prefect-not-ready``, naming the log to read.
    """
    ends = time.monotonic() + within
    while time.monotonic() < ends:
        if child.has_ended:
            break
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/api/ready", timeout=2) as answer:
                if answer.status == 200:
                    return
        except (urllib.error.URLError, OSError):
            time.sleep(0.2)
    raise Incomplete(
        "the Prefect server does not start", code="prefect-not-ready", hint=f"read {child.log}", log=str(child.log)
    )


def refuse_taken_port(port: int) -> None:
    """Raises: Refused: ``port-in-use``."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            raise Refused(
                f"port {port} is in use",
                code="port-in-use",
                hint="stop what uses it, or choose another with --port",
                port=port,
            ) from None


def up(settings: Settings, say: Say, *, port: int = 4200) -> None:
    """Start everything, keep it running until Ctrl-C or SIGTERM, stop it in order.

    Raises:
        Refused: ``port-in-use``, ``folder-unwritable``, or a child keeps dying.
        Incomplete: the server does not start.
        Conflict: the database is of another version.
    """
    refuse_taken_port(port)
    folder = Path(settings.data_dir).resolve()
    logs, home = folder / "logs", folder / "prefect"
    try:
        logs.mkdir(parents=True, exist_ok=True)
        home.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise Refused(
            f"cannot write in {folder}: {error.strerror}", code="folder-unwritable", folder=str(folder)
        ) from None
    engine = create_engine_for(settings.database_url.get_secret_value())
    upgrade(engine)
    engine.dispose()
    environment = prefect_environment(home, port)
    environment["REGIE_DATABASE_URL"] = settings.database_url.get_secret_value()
    environment["REGIE_DATA_DIR"] = str(folder)
    server = Child("prefect-server", server_command(port), environment, logs / "prefect-server.log")
    flows = Child("flows", [sys.executable, "-m", "flows.serve"], environment, logs / "flows.log")
    asked = _Asked()
    children = [server, flows]
    try:
        server.start()
        wait_until_ready(port, server)
        flows.start()
        say(f"Regie draait. Prefect: http://127.0.0.1:{port}  Logboeken: {logs}  Stoppen: Ctrl-C")
        while not asked.to_stop:
            time.sleep(0.3)
            for child in children:
                _look_after(child, say)
    finally:
        say("Regie stopt ...")
        for child in reversed(children):
            child.stop()
        asked.restore()
        say("Gestopt.")


def _look_after(child: Child, say: Say) -> None:
    if not child.has_ended:
        return
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


class _Asked:
    """Whether somebody asked to stop: Ctrl-C, or the system."""

    def __init__(self) -> None:
        self.to_stop = False
        self._before = {sign: signal.signal(sign, self._note) for sign in (signal.SIGINT, signal.SIGTERM)}

    def _note(self, _sign: int, _frame: FrameType | None) -> None:
        self.to_stop = True

    def restore(self) -> None:
        for sign, before in self._before.items():
            signal.signal(sign, before)
