from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from regie.failpoints import EXIT_CODE, NAMES, FailpointReached, failpoint, read_failpoints, set_failpoints

SOURCE = Path(__file__).parents[1] / "src"
SCRIPT = "from regie.failpoints import failpoint; failpoint('deliver.after_send'); print('went on')"


@pytest.fixture(autouse=True)
def _off_again() -> Iterator[None]:
    yield
    set_failpoints({})


def run(**environment: str) -> subprocess.CompletedProcess[str]:
    clean = {name: value for name, value in os.environ.items() if not name.startswith("REGIE_")}
    return subprocess.run(
        [sys.executable, "-c", SCRIPT],
        env={**clean, "PYTHONPATH": str(SOURCE), **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def test_failpoints_are_off_by_default() -> None:
    for name in NAMES:
        failpoint(name)

    assert run().stdout == "went on\n"


def test_naming_a_failpoint_is_not_enough() -> None:
    assert run(REGIE_FAILPOINTS="deliver.after_send=exit").stdout == "went on\n"
    assert run(REGIE_FAILPOINTS="deliver.after_send=exit", REGIE_ALLOW_FAILPOINTS="yes").stdout == "went on\n"


def test_a_failpoint_that_is_allowed_ends_the_process_at_once() -> None:
    ended = run(REGIE_FAILPOINTS="deliver.after_send=exit", REGIE_ALLOW_FAILPOINTS="1")

    assert (ended.returncode, ended.stdout) == (EXIT_CODE, "")


def test_a_failpoint_can_raise_what_nothing_catches_by_accident() -> None:
    set_failpoints({"import.mid": "raise"})

    with pytest.raises(FailpointReached, match=r"import\.mid") as error:
        failpoint("import.mid")

    assert not isinstance(error.value, Exception)


def test_a_failpoint_can_hold_up() -> None:
    set_failpoints({"import.mid": "sleep:0.05"})
    began = time.monotonic()

    failpoint("import.mid")

    assert time.monotonic() - began >= 0.05


def test_other_points_are_left_alone() -> None:
    set_failpoints({"import.mid": "raise"})

    failpoint("sweep.before_commit")


@pytest.mark.parametrize(
    ("wanted", "said"),
    [
        ("nowhere=raise", "no failpoint 'nowhere'"),
        ("import.mid=explode", "cannot 'explode'"),
        ("import.mid", "cannot ''"),
    ],
)
def test_a_failpoint_that_would_do_nothing_is_an_error(wanted: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        read_failpoints({"REGIE_FAILPOINTS": wanted, "REGIE_ALLOW_FAILPOINTS": "1"})


def test_several_failpoints_are_read() -> None:
    wanted = {"REGIE_FAILPOINTS": "import.mid=raise, deliver.after_mark=sleep:0.1", "REGIE_ALLOW_FAILPOINTS": "1"}

    assert read_failpoints(wanted) == {"import.mid": "raise", "deliver.after_mark": "sleep:0.1"}
