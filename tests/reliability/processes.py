"""Processes of their own, which a test may let die.

Each is a fork of one server that has loaded everything, because loading takes longer than what most of them do.
"""

from __future__ import annotations

from collections.abc import Callable
from multiprocessing import get_context
from multiprocessing.context import ForkServerProcess

from regie.failpoints import read_failpoints, set_failpoints

_processes = get_context("forkserver")
_processes.set_forkserver_preload(["tests.reliability.child"])


def start(deed: Callable[..., None], *arguments: object, failpoint: str = "") -> ForkServerProcess:
    """Start a process that does one thing. ``failpoint``: where it breaks off, as in ``REGIE_FAILPOINTS``."""
    process = _processes.Process(target=_begin, args=(failpoint, deed, *arguments))
    process.start()
    return process


def run(deed: Callable[..., None], *arguments: object, failpoint: str = "") -> int | None:
    """The same, and wait for its exit code; None when it hangs."""
    process = start(deed, *arguments, failpoint=failpoint)
    process.join(60)
    return process.exitcode


def _begin(failpoint: str, deed: Callable[..., None], *arguments: object) -> None:
    set_failpoints(read_failpoints({"REGIE_ALLOW_FAILPOINTS": "1", "REGIE_FAILPOINTS": failpoint}))
    deed(*arguments)
