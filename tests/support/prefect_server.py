"""One real Prefect server on loopback, with a home of its own, stopped cleanly."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from prefect.settings import PREFECT_API_URL, PREFECT_HOME, PREFECT_SERVER_EPHEMERAL_ENABLED, temporary_settings

from regie.supervise import Child, prefect_environment, server_command, wait_until_ready


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def prefect_server(folder: Path) -> Iterator[str]:
    """Start a server; give its address. The environment of this process points to it meanwhile."""
    port = free_port()
    (folder / "prefect").mkdir(parents=True)
    environment = prefect_environment(folder / "prefect", port)
    server = Child("prefect-server", server_command(port), environment, folder / "prefect-server.log")
    server.start()
    try:
        wait_until_ready(port, server)
        url = environment["PREFECT_API_URL"]
        # Prefect read its settings when it was imported: what it must use now is put over them
        with temporary_settings(
            {PREFECT_API_URL: url, PREFECT_SERVER_EPHEMERAL_ENABLED: False, PREFECT_HOME: folder / "prefect"}
        ):
            yield url
    finally:
        server.stop()
