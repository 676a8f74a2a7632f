"""Tables on a terminal: wide, narrow, and with texts that look like markup."""

from __future__ import annotations

import contextlib
import io
import re

import pytest

from regie.cli.common import table


class Screen(io.StringIO):
    def isatty(self) -> bool:
        return True


ROW = ("f0-kredietbegrotingswijziging", "De [/b] Wilg :smile:", "nog niet", "23 september 2027")


@pytest.mark.parametrize("columns", ["60", "120"])
def test_no_id_is_cut_and_no_text_is_taken_for_markup(monkeypatch: pytest.MonkeyPatch, columns: str) -> None:
    for name, value in {"COLUMNS": columns, "NO_COLOR": "1", "TERM": "xterm"}.items():
        monkeypatch.setenv(name, value)
    screen = Screen()

    with contextlib.redirect_stdout(screen):
        table("Stappen", ("stap", "titel van de stap", "stand", "uiterlijk"), [ROW, ROW])

    seen = screen.getvalue()
    assert seen.count("f0-kredietbegrotingswijziging") == 2
    assert seen.count("[/b]") == 2
    assert not re.search(r"\x1b\[(3[0-7]|9[0-7])m", seen)
    plain = re.sub(r"\x1b\[\d*m", "", seen)
    assert max(map(len, plain.splitlines())) <= int(columns)
