"""Serve the pages: ``python -m regie.web --host 127.0.0.1 --port 8080``, what ``regie web`` and ``regie up`` start."""

from __future__ import annotations

import argparse
import logging
import sys
from typing import Any
from urllib.parse import urlsplit

import uvicorn

from regie.actions.context import Context
from regie.clock import system_clock
from regie.errors import RegieError
from regie.notify.redact import install_redaction
from regie.settings import Settings, load_audit_key, load_link_key, load_settings
from regie.text.refusals import say_refusal
from regie.web.app import create_app
from regie.web.deps import open_database

_FINISH_WITHIN_SECONDS = 5
_REFUSED, _STOPPED = 6, 0
_LOOPBACK = {"127.0.0.1", "localhost", "::1"}


def main() -> int:
    """Serve until Ctrl-C or SIGTERM; give an exit code."""
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stdout)
    logging.getLogger("regie.web.access").setLevel(logging.INFO)
    try:
        settings = load_settings()
        options = _options(settings)
        engine = open_database(settings)
        try:
            key = load_audit_key(settings).get_secret_value().encode()
            links = load_link_key(settings).get_secret_value().encode()
            context = Context.on(engine, key, brake_at=settings.brake_messages_per_day, link_key=links)
            install_redaction(settings.secret_values())
            app = create_app(context, settings, system_clock)
            _warn_of_plain_http(settings)
            _serve(uvicorn.Config(app, **_how(settings, options)))
        finally:
            engine.dispose()
    except RegieError as error:
        refusal = say_refusal(error)
        print(f"fout [{error.code}]: {refusal.message}\n  hulp: {refusal.advice}", file=sys.stderr)  # noqa: T201
        return _REFUSED
    return _STOPPED


def _options(settings: Settings) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m regie.web")
    parser.add_argument("--host", default=settings.web_host)
    parser.add_argument("--port", type=int, default=settings.web_port)
    return parser.parse_args()


def _how(settings: Settings, options: argparse.Namespace) -> dict[str, Any]:
    return {
        "host": options.host,
        "port": options.port,
        "proxy_headers": True,
        "forwarded_allow_ips": list(settings.trusted_proxies),
        "server_header": False,
        "access_log": False,  # its lines hold addresses and whole paths; AccessLog writes its own
        "log_config": None,
        "timeout_graceful_shutdown": _FINISH_WITHIN_SECONDS,
    }


def _serve(config: uvicorn.Config) -> None:
    try:
        uvicorn.Server(config).run()
    except KeyboardInterrupt:
        return  # uvicorn finished its work, and then says again that it was asked to stop


def _warn_of_plain_http(settings: Settings) -> None:
    """Browsers tell where a form comes from only with https or on the machine itself; without that it is refused."""
    parts = urlsplit(settings.base_url)
    if parts.scheme == "http" and parts.hostname not in _LOOPBACK:
        logging.getLogger("regie.web").warning("REGIE_BASE_URL has no https: browsers will not be able to send forms")


if __name__ == "__main__":
    sys.exit(main())
