"""``regie doctor``: a Prefect that answers, one that does not, and an SQLite that is too old."""

from __future__ import annotations

import socket
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from regie.cli.checkup import FIXED_SQLITE
from tests.support.commands import Regie, command_in

Doctor = Callable[..., dict[str, Any]]


class Health(BaseHTTPRequestHandler):
    """Answers as a Prefect API does: 200 on ``/api/health``, 404 elsewhere."""

    def do_GET(self) -> None:
        self.send_response(200 if self.path == "/api/health" else 404)
        self.end_headers()
        self.wfile.write(b"true")

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def address() -> Iterator[str]:
    """A small web server on loopback; its address without a path."""
    with HTTPServer(("127.0.0.1", 0), Health) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.fixture
def regie(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Regie:
    monkeypatch.delenv("PREFECT_API_URL", raising=False)
    return command_in(tmp_path)


def lines_of(regie: Regie, **more: str) -> dict[str, dict[str, str]]:
    return {line["what"]: line for line in regie("doctor", "--json", **more).json}


def nobody_listens() -> str:
    with closing(socket.socket()) as free:
        free.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{free.getsockname()[1]}/api"


@pytest.mark.parametrize("variable", ["PREFECT_API_URL", "REGIE_PREFECT_API_URL"])
def test_prefect_that_answers_is_well(regie: Regie, address: str, variable: str) -> None:
    line = lines_of(regie, **{variable: f"{address}/api"})["Prefect"]

    assert line["verdict"] == "goed"
    assert address.removeprefix("http://") in line["said"]


@pytest.mark.parametrize("variable", ["PREFECT_API_URL", "REGIE_PREFECT_API_URL"])
def test_prefect_that_is_not_there_is_a_fault_that_names_the_variable(regie: Regie, variable: str) -> None:
    ran = regie("doctor", "--json", **{variable: nobody_listens()})

    line = next(line for line in ran.json if line["what"] == "Prefect")
    assert ran.code == 1
    assert line["verdict"] == "fout"
    assert "antwoordt niet" in line["said"]
    assert variable in line["advice"]


def test_prefect_that_was_not_set_is_said_to_be_so(regie: Regie) -> None:
    ran = regie("doctor", "--json")

    line = next(line for line in ran.json if line["what"] == "Prefect")
    assert ran.code == 0
    assert (line["verdict"], "niet ingesteld" in line["said"]) == ("goed", True)


def test_own_setting_goes_before_that_of_prefect(regie: Regie, address: str) -> None:
    line = lines_of(regie, REGIE_PREFECT_API_URL=f"{address}/api", PREFECT_API_URL=nobody_listens())["Prefect"]

    assert line["verdict"] == "goed"


def test_address_without_the_api_is_told_apart_from_a_server_that_is_down(regie: Regie, address: str) -> None:
    line = lines_of(regie, PREFECT_API_URL=address)["Prefect"]

    assert line["verdict"] == "fout"
    assert "404" in line["said"]
    assert "/api" in line["advice"]


@pytest.mark.parametrize("wrong", ["prefect", "file:///etc/passwd", "http://", "http://127.0.0.1:poort/api"])
def test_what_is_no_web_address_is_no_traceback(regie: Regie, wrong: str) -> None:
    line = lines_of(regie, PREFECT_API_URL=wrong)["Prefect"]

    assert line["verdict"] == "fout"


def test_password_in_the_address_is_not_shown(regie: Regie) -> None:
    secret = nobody_listens().replace("http://", "http://regie:Zeer9Geheim@")

    ran = regie("doctor", PREFECT_API_URL=secret)

    assert "antwoordt niet" in ran.out
    assert "Zeer9Geheim" not in ran.out + ran.err


def test_prefect_that_keeps_silent_is_not_waited_for(regie: Regie) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as silent:
        began = time.monotonic()
        line = lines_of(regie, PREFECT_API_URL=f"http://127.0.0.1:{silent.getsockname()[1]}/api")["Prefect"]

    assert line["verdict"] == "fout"
    assert time.monotonic() - began < 20


def test_old_sqlite_is_warned_of_with_both_ways_out_until_somebody_accepts_it(regie: Regie) -> None:
    found = lines_of(regie)
    if sqlite3.sqlite_version_info >= FIXED_SQLITE:
        assert "SQLite-versie" not in found
        return
    warned = found["SQLite-versie"]
    accepted = lines_of(regie, REGIE_SQLITE_RISK_ACCEPTED="J. de Boer, 3 juni 2027")["SQLite-versie"]

    assert warned["verdict"] == "let op"
    assert sqlite3.sqlite_version in warned["said"]
    assert "3.51.3 of nieuwer" in warned["advice"]
    assert "REGIE_SQLITE_RISK_ACCEPTED" in warned["advice"]
    assert accepted["verdict"] == "goed"
    assert "J. de Boer" in accepted["said"]
