"""Which tests take turns on one worker: those that start a Prefect server, so that there is one of it and not one beside another.

``--dist loadgroup`` is for this, and with pytest 9.2 it groups nothing and says nothing (pytest-xdist, issue 1386).
"""

from __future__ import annotations

from xdist.scheduler import LoadScopeScheduling

TAKE_TURNS = "tests/flows/"


class Turns(LoadScopeScheduling):
    """Give each worker the next test when it is done with one; what takes turns goes to one worker, first of all."""

    def _split_scope(self, nodeid: str) -> str:
        return scope_of(nodeid)


def scope_of(nodeid: str) -> str:
    """What a test is handed out with: itself alone, or all that take turns."""
    return TAKE_TURNS if nodeid.startswith(TAKE_TURNS) else nodeid
