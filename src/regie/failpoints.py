"""Named points at which a test can break off, hold up or end the process; in production they do nothing.

Both ``REGIE_FAILPOINTS`` and ``REGIE_ALLOW_FAILPOINTS=1`` must be set, and both are read when the process
starts: ``sweep.before_commit=exit``, ``deliver.after_send=sleep:0.1,import.mid=raise``.
"""

from __future__ import annotations

import os
import time
from collections.abc import Mapping

NAMES = (
    "sweep.after_select",
    "sweep.before_commit",
    "deliver.after_mark_sending",
    "deliver.after_issue",
    "deliver.after_send",
    "deliver.after_mark",
    "webhook.after_send",
    "import.mid",
    "file.after_write",
    "file.after_rename",
    "file.after_commit",
    "file.after_removed",
)
EXIT_CODE = 9


class FailpointReached(BaseException):
    """A test asked to break off here. No ``Exception``: nothing may catch it on the way and go on."""


_active: dict[str, str] = {}


def read_failpoints(environment: Mapping[str, str]) -> dict[str, str]:
    """Read which points are active, by name; none unless the environment allows them.

    Raises:
        ValueError: an unknown name or act; a test that breaks off nowhere would prove nothing.
    """
    wanted = environment.get("REGIE_FAILPOINTS", "")
    if not wanted or environment.get("REGIE_ALLOW_FAILPOINTS") != "1":
        return {}
    found: dict[str, str] = {}
    for part in wanted.split(","):
        name, _, act = part.strip().partition("=")
        if name not in NAMES:
            raise ValueError(f"no failpoint '{name}'; one of: {', '.join(NAMES)}")
        if act not in ("raise", "exit") and not act.startswith("sleep:"):
            raise ValueError(f"failpoint '{name}' cannot '{act}'; it can raise, exit or sleep:<seconds>")
        found[name] = act
    return found


def set_failpoints(active: Mapping[str, str]) -> None:
    """Replace the active points, in a test that runs in this process."""
    _active.clear()
    _active.update(active)


def failpoint(name: str) -> None:
    """Do here what a test asked for; in production nothing."""
    if not _active or name not in _active:
        return
    act = _active[name]
    if act == "exit":
        os._exit(EXIT_CODE)
    if act == "raise":
        raise FailpointReached(name)
    time.sleep(float(act.removeprefix("sleep:")))


set_failpoints(read_failpoints(os.environ))
