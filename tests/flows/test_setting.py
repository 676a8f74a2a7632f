"""What flows work with is read from the environment."""

from __future__ import annotations

from pathlib import Path

import pytest

from flows.setting import current, use
from regie.store.session import create_engine_for, upgrade


def test_each_start_delivers_under_a_name_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """On another computer, or after a restart, a process may have the same number."""
    monkeypatch.setenv("REGIE_DATA_DIR", str(tmp_path))
    monkeypatch.delenv("REGIE_DATABASE_URL", raising=False)
    engine = create_engine_for(f"sqlite:///{tmp_path / 'regie.db'}")
    upgrade(engine)
    engine.dispose()
    owners = set()

    for _ in range(3):
        setting = current()
        owners |= {setting.owner, current().owner}
        setting.context.engine.dispose()
        use(None)

    assert len(owners) == 3
