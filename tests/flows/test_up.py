"""``regie up`` starts everything on one machine, carries on what people do, and leaves nothing behind."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.support.prefect_server import free_port

pytestmark = [pytest.mark.prefect, pytest.mark.timeout(400)]


@dataclass
class Running:
    """A ``regie up`` on a folder and a port of its own."""

    folder: Path
    port: int
    web_port: int
    process: subprocess.Popen[bytes]
    log: Path

    def said(self) -> str:
        return self.log.read_text(encoding="utf-8")

    def regie(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return regie(self.folder, *arguments)

    def ask(self, path: str, **wanted: Any) -> Any:
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}/api/{path}",
            json.dumps(wanted).encode(),
            {"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=20) as answer:
            return json.load(answer)

    def children(self) -> list[str]:
        """The command lines of what belongs to this one."""
        return [line for line in command_lines(f"REGIE_DATA_DIR={self.folder}") if " up " not in line]


def regie(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "regie", *arguments],
        env={**os.environ, "REGIE_DATA_DIR": str(folder)},
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
    )


@contextmanager
def up(tmp_path: Path) -> Iterator[Running]:
    folder, log, port, web_port = tmp_path / "data", tmp_path / "up.log", free_port(), free_port()
    environment = {**os.environ, "REGIE_DATA_DIR": str(folder), "PYTHONUNBUFFERED": "1"}
    with log.open("wb") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "regie", "up", "--port", str(port), "--web-port", str(web_port)],
            env=environment,
            stdout=out,
            stderr=out,
        )
        try:
            yield Running(folder, port, web_port, process, log)
        finally:
            if process.poll() is None:
                process.terminate()
                process.wait(40)


def command_lines(with_setting: str) -> list[str]:
    """The command lines of all processes that have this in their environment."""
    found = []
    for path in Path("/proc").glob("[0-9]*"):
        try:
            if with_setting.encode() in (path / "environ").read_bytes().split(b"\0"):
                found.append((path / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace"))
        except OSError:
            continue  # it ended meanwhile
    return [line for line in found if line]


def wait_for(what: Callable[[], Any], seconds: float = 120) -> Any:
    ends = time.monotonic() + seconds
    while not (found := what()) and time.monotonic() < ends:
        time.sleep(0.3)
    return found


def is_answering(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def test_given_up_runs_when_a_person_acts_then_it_is_carried_on_at_once(tmp_path: Path, definition_file: Path) -> None:
    with up(tmp_path) as running:
        assert wait_for(lambda: "Regie draait" in running.said()), running.said()
        assert f"Regie draait: http://127.0.0.1:{running.web_port} " in running.said()
        with urllib.request.urlopen(f"http://127.0.0.1:{running.web_port}/_healthz", timeout=20) as answer:
            health = json.load(answer)
        second = running.regie("up", "--port", str(free_port()), "--web-port", str(free_port()))

        began = running.regie(
            "traject", "start", "--title", "De Wilg", "--definition", str(definition_file), "--yes",
            "--start", "2027-01-04", "--anchor", "opening=2027-06-01",
        )  # fmt: skip
        done = wait_for(
            lambda: running.ask(
                "flow_runs/filter",
                flow_runs={"name": {"any_": ["reconcile: doorbell"]}, "state": {"type": {"any_": ["COMPLETED"]}}},
            )
        )
        events = wait_for(
            lambda: running.ask("events/filter", filter={"event": {"name": ["regie.step.ready"]}})["events"]
        )
        paper = running.folder / "documenten" / "de-wilg" / "doorloop-1" / "startnota.md"
        is_written = wait_for(paper.is_file)

        running.process.send_signal(signal.SIGINT)
        assert running.process.wait(60) == 0

    assert health["database"] == "ok"
    assert second.returncode == 5
    assert "already-up" in second.stderr
    assert began.returncode == 0, began.stderr
    assert done
    assert [[1, "plan", "ready"]] in [each["parameters"]["moves"] for each in done]
    assert events
    assert is_written
    assert "Gestopt." in running.said()
    assert "/aanmelden/" not in running.said()  # it goes to a file, which others may read
    assert not running.children()
    assert not is_answering(running.port)
    assert not is_answering(running.web_port)


def test_ctrl_c_while_the_server_starts_stops_it_at_once(tmp_path: Path) -> None:
    with up(tmp_path) as running:
        assert wait_for(running.children)

        running.process.send_signal(signal.SIGINT)

        assert running.process.wait(30) == 0
        assert "Regie draait" not in running.said()
        assert not running.children()


@pytest.mark.skipif(sys.platform != "linux", reason="only the kernel of Linux ends children with their parent")
def test_killed_supervisor_takes_its_children_along(tmp_path: Path) -> None:
    with up(tmp_path) as running:
        assert wait_for(running.children)

        running.process.kill()
        running.process.wait(10)

        assert wait_for(lambda: not running.children(), 30)


@pytest.mark.parametrize("option", ["--port", "--web-port"])
def test_up_on_a_port_that_is_taken_says_so(tmp_path: Path, option: str) -> None:
    other = "--web-port" if option == "--port" else "--port"
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()

        done = regie(tmp_path / "data", "up", option, str(taken.getsockname()[1]), other, str(free_port()))

    assert done.returncode == 6
    assert "port-in-use" in done.stderr
