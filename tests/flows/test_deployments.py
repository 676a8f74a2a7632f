"""What is served on one machine is what ``prefect.yaml`` declares."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from flows.serve import deployments

ROOT = Path(__file__).resolve().parents[2]


def declared() -> list[dict[str, Any]]:
    found: dict[str, Any] = YAML(typ="safe").load((ROOT / "prefect.yaml").read_text(encoding="utf-8"))
    return found["deployments"]  # type: ignore[no-any-return]


def test_served_deployments_are_those_that_are_declared() -> None:
    assert [each.name for each in deployments()] == [each["name"] for each in declared()]


def test_schedules_agree_and_are_in_dutch_time() -> None:
    served = {
        each.name: [(schedule.schedule.cron, schedule.schedule.timezone) for schedule in each.schedules or []]  # type: ignore[union-attr]
        for each in deployments()
    }
    wanted = {
        each["name"]: [(schedule["cron"], schedule["timezone"]) for schedule in each.get("schedules", [])]
        for each in declared()
    }

    assert served == wanted
    assert {zone for schedules in served.values() for _, zone in schedules} == {"Europe/Amsterdam"}


def test_sweep_delivery_and_digest_run_one_at_a_time() -> None:
    limits = {each.name: each.concurrency_limit for each in deployments() if each.schedules}

    assert set(limits) == {"reconcile", "deliver", "deliver-events", "digest"}
    assert set(limits.values()) == {1}
    assert all(each["concurrency_limit"]["limit"] == 1 for each in declared() if "schedules" in each)


def test_entrypoints_exist() -> None:
    for each in declared():
        path, _, name = each["entrypoint"].partition(":")
        assert f"async def {name}(" in (ROOT / path).read_text(encoding="utf-8")
