"""``regie web`` as a process of its own: serves, stops when asked, and says what is wrong before it serves anything."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from hatchling.builders.wheel import WheelBuilder

from tests.support.commands import command_in, environment_in
from tests.support.prefect_server import free_port
from tests.web.conftest import token_on

ROOT = Path(__file__).resolve().parents[2]
LOOK_AGAIN_SECONDS = 0.05


@contextmanager
def serving(folder: Path, port: int, **more: str) -> Iterator[subprocess.Popen[str]]:
    """A ``regie web`` that answers."""
    process = subprocess.Popen(
        [sys.executable, "-m", "regie", "web", "--port", str(port)],
        env={**environment_in(folder), **more}, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
    try:
        while not _ends_within(process, LOOK_AGAIN_SECONDS):  # it starts quicker when nobody keeps the machine busy
            with socket.socket() as probe:
                probe.settimeout(1)
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
        yield process
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate(timeout=10)


def _ends_within(process: subprocess.Popen[str], seconds: float) -> bool:
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        return False
    return True


def ask(port: int, path: str, method: str = "GET", **headers: str) -> http.client.HTTPResponse:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    connection.request(method, path, headers={name.replace("_", "-"): value for name, value in headers.items()})
    answer = connection.getresponse()
    answer.read()
    connection.close()
    return answer


def test_pages_are_served_and_ctrl_c_stops_them_cleanly(tmp_path: Path) -> None:
    assert command_in(tmp_path)("db", "upgrade").code == 0
    port = free_port()
    with serving(tmp_path, port, REGIE_ENVIRONMENT_LABEL="TEST") as process:
        page, ready = ask(port, "/elders/geheim?q=geheim", User_Agent="geheim"), ask(port, "/_healthz/readyz")
        process.send_signal(signal.SIGINT)
        said, _ = process.communicate(timeout=20)

    assert (page.status, ready.status) == (404, 200)
    assert page.getheader("Server") is None
    assert process.returncode == 0, said
    first, *others = said.splitlines()
    assert first.startswith(f"Regie: http://127.0.0.1:{port} ")
    lines = [json.loads(line) for line in others if line.startswith("{")]
    assert [line["status"] for line in lines if line["route"] in ("-", "/_healthz/readyz")] == [404, 200]
    assert "geheim" not in said
    assert "Traceback" not in said


@pytest.mark.parametrize(("trusted", "status"), [("127.0.0.1", 303), ("192.0.2.1", 403)])
def test_only_a_trusted_proxy_may_say_that_https_was_used(tmp_path: Path, trusted: str, status: int) -> None:
    """The own origin follows from it, and so what a form may come from."""
    assert command_in(tmp_path)("db", "upgrade").code == 0
    port = free_port()
    with serving(tmp_path, port, REGIE_TRUSTED_PROXIES=trusted), httpx.Client() as browser:
        token = token_on(browser.get(f"http://127.0.0.1:{port}/").text, "/taal")
        answer = browser.post(
            f"http://127.0.0.1:{port}/taal",
            data={"form_token": token, "taal": "en"},
            headers={"Origin": f"https://127.0.0.1:{port}", "X-Forwarded-Proto": "https"},
        )

    assert answer.status_code == status


def test_without_a_database_nothing_is_served_and_none_is_made(tmp_path: Path) -> None:
    ran = command_in(tmp_path)("web", "--port", str(free_port()))

    assert ran.code == 7
    assert "no-database" in ran.err
    assert not (tmp_path / "data" / "regie.db").exists()


def test_port_that_is_taken_and_address_that_is_not_here_are_refused(tmp_path: Path) -> None:
    regie = command_in(tmp_path)
    assert regie("db", "upgrade").code == 0
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        busy = regie("web", "--port", str(taken.getsockname()[1]))
    elsewhere = regie("web", "--host", "192.0.2.1", "--port", str(free_port()))

    assert (busy.code, elsewhere.code) == (6, 6)
    assert "port-in-use" in busy.err
    assert "host-unknown" in elsewhere.err


def test_theme_that_cannot_be_used_stops_it_in_words(tmp_path: Path) -> None:
    assert command_in(tmp_path)("db", "upgrade").code == 0
    done = subprocess.run(
        [sys.executable, "-m", "regie.web", "--port", str(free_port())],
        env={**environment_in(tmp_path), "REGIE_THEME_CSS": str(tmp_path / "weg.css")},
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip

    assert done.returncode == 6
    assert "fout [theme-unusable]: REGIE_THEME_CSS" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.skipif(not os.access(ROOT, os.W_OK), reason="builds from the source tree")
def test_installed_package_holds_pages_look_and_words(tmp_path: Path) -> None:
    (wheel,) = WheelBuilder(str(ROOT)).build(directory=str(tmp_path), versions=["standard"])
    with zipfile.ZipFile(wheel) as packed:
        names = set(packed.namelist())

    web = ROOT / "src" / "regie" / "web"
    wanted = {
        f"regie/web/{path.relative_to(web).as_posix()}"
        for kind in ("templates/**/*.html", "static/**/*", "locale/**/*.mo")
        for path in web.glob(kind)
        if path.is_file()
    }
    assert len(wanted) > 12
    assert wanted <= names
