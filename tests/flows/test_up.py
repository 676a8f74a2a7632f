"""``regie up`` starts everything on one machine, and Ctrl-C leaves nothing behind."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.support.prefect_server import free_port

pytestmark = [pytest.mark.prefect, pytest.mark.xdist_group("prefect")]


def command_lines() -> list[str]:
    """The command lines of all processes here."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            found.append(path.read_bytes().replace(b"\0", b" ").decode(errors="replace"))
        except OSError:
            continue  # it ended meanwhile
    return found


def test_up_runs_and_ctrl_c_stops_the_server_and_the_flows(tmp_path: Path) -> None:
    port = free_port()
    environment = {**os.environ, "REGIE_DATA_DIR": str(tmp_path / "data"), "PYTHONUNBUFFERED": "1"}
    log = tmp_path / "up.log"
    with log.open("wb") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "regie", "up", "--port", str(port)], env=environment, stdout=out, stderr=out
        )
        try:
            ends = time.monotonic() + 90
            while "Regie draait" not in log.read_text() and process.poll() is None and time.monotonic() < ends:
                time.sleep(0.3)
            assert "Regie draait" in log.read_text(), log.read_text()

            process.send_signal(signal.SIGINT)
            assert process.wait(40) == 0
        finally:
            if process.poll() is None:
                process.terminate()
                process.wait(20)

    assert "Gestopt." in log.read_text()
    assert not [line for line in command_lines() if f"--port {port}" in line and "server" in line]
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", port)) != 0


def test_up_on_a_port_that_is_taken_says_so(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        done = subprocess.run(
            [sys.executable, "-m", "regie", "up", "--port", str(taken.getsockname()[1])],
            env={**os.environ, "REGIE_DATA_DIR": str(tmp_path / "data")},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    assert done.returncode == 6
    assert "port-in-use" in done.stderr
