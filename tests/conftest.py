"""Settings for every test: how hard hypothesis looks, and that nothing is skipped where all is required."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings
from xdist.remote import Producer

from tests.support.commands import logging_as_it_was
from tests.support.turns import Turns

settings.register_profile(
    "fast", deadline=None, print_blob=True, max_examples=100, suppress_health_check=[HealthCheck.too_slow]
)
# the same examples each time: what turns red in a commit was broken by it. Others are drawn by hand and by night
settings.register_profile("repeatable", settings.get_profile("fast"), derandomize=True, database=None)
settings.register_profile("nightly", settings.get_profile("fast"), max_examples=5_000)
settings.load_profile(os.environ.get("REGIE_HYPOTHESIS", "fast"))

REQUIRE_ALL = os.environ.get("REGIE_REQUIRE_ALL") == "1"


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> Turns | None:
    """Hand out the tests, where groups are asked for."""
    return Turns(config, log) if config.getvalue("dist") == "loadgroup" else None


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]):  # type: ignore[no-untyped-def]
    """Let a skip count as a failure where everything is required."""
    outcome = yield
    report = outcome.get_result()
    if REQUIRE_ALL and report.skipped and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"{item.nodeid} was skipped, and everything is required here: {report.longrepr}"


@pytest.fixture(autouse=True)
def _no_test_leaves_a_redaction_behind() -> Iterator[None]:
    with logging_as_it_was():
        yield
