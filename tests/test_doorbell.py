"""Whoever does something has the sweep woken, also when Prefect is busy for a moment; nobody waits for one that is not there."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from regie import doorbell
from regie.doorbell import ADDRESS_FILE, hang_up, ring, take_down
from regie.settings import Settings
from tests.support.prefect_server import free_port


@dataclass
class Server:
    """Answers as a Prefect does, on loopback: first with these statuses, then well."""

    statuses: list[int] = field(default_factory=list)
    asked: list[tuple[str, Any]] = field(default_factory=list)
    url: str = ""

    def answer(self, path: str, body: Any) -> tuple[int, Any]:
        self.asked.append((path, body))
        return self.statuses.pop(0) if self.statuses else 200, {"id": "d1"}


@pytest.fixture
def server() -> Iterator[Server]:
    found = Server()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            size = int(self.headers.get("content-length", 0))
            status, said = found.answer(self.path, json.loads(self.rfile.read(size)) if size else None)
            content = json.dumps(said).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_POST = do_GET

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as listening:
        thread = threading.Thread(target=listening.serve_forever, daemon=True)
        thread.start()
        found.url = f"http://127.0.0.1:{listening.server_port}/api"
        yield found
        listening.shutdown()
        thread.join(5)


@pytest.fixture
def settings(tmp_path: Path, server: Server, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setattr(doorbell, "PAUSES_SECONDS", (0.01, 0.01, 0.01))
    monkeypatch.delenv("PREFECT_API_AUTH_STRING", raising=False)
    hang_up(tmp_path, server.url)
    return Settings(data_dir=tmp_path)


RUN = {"parameters": {"reason": "doorbell", "moves": [[1, "plan", "ready"]]}, "state": {"type": "SCHEDULED"}}
LOOK, MAKE = "/api/deployments/name/reconcile/reconcile", "/api/deployments/d1/create_flow_run"


def pressed(settings: Settings) -> bool:
    return ring(settings, reason="doorbell", moves=[(1, "plan", "ready")])


def test_ring_asks_for_one_sweep_about_what_moved(settings: Settings, server: Server) -> None:
    assert pressed(settings)
    assert server.asked == [(LOOK, None), (MAKE, RUN)]


@pytest.mark.parametrize("statuses", [[503], [200, 503], [503, 503, 503]], ids=str)
def test_prefect_that_is_busy_is_asked_again(settings: Settings, server: Server, statuses: list[int]) -> None:
    busy = statuses.count(503)
    server.statuses = [*statuses]

    assert pressed(settings)
    assert len(server.asked) == 2 + busy
    assert server.asked[-1] == (MAKE, RUN)


def test_prefect_that_stays_busy_is_let_go(settings: Settings, server: Server) -> None:
    server.statuses = [503] * 9
    assert not pressed(settings)
    assert len(server.asked) == 4


@pytest.mark.parametrize("status", [404, 401, 500])
def test_any_other_answer_is_not_asked_for_again(settings: Settings, server: Server, status: int) -> None:
    server.statuses = [status]
    assert not pressed(settings)
    assert len(server.asked) == 1


def test_nobody_hears_it_where_no_prefect_runs_and_nothing_breaks(settings: Settings, tmp_path: Path) -> None:
    (tmp_path / ADDRESS_FILE).write_text(f"http://127.0.0.1:{free_port()}/api\n")
    assert not pressed(settings)

    take_down(tmp_path)
    assert not pressed(settings)


def test_a_prefect_with_a_password_gets_it(settings: Settings, server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PREFECT_API_AUTH_STRING", "regie:geheim")
    seen: list[str | None] = []
    asking = doorbell.urllib.request.urlopen

    def note(request: Any, timeout: float) -> Any:
        seen.append(request.get_header("Authorization"))
        return asking(request, timeout=timeout)

    monkeypatch.setattr(doorbell.urllib.request, "urlopen", note)
    assert pressed(settings)
    assert seen == ["Basic cmVnaWU6Z2VoZWlt"] * 2
