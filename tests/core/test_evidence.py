from __future__ import annotations

import pytest

from regie.core.evidence import check_evidence, file_reference, find_file_id, find_link
from regie.errors import Refused


@pytest.mark.parametrize(
    "text",
    [
        "zaak/1",
        "zaak 1",
        "plan.pdf",
        "Besluit 2027-03: akkoord",
        "zaak:2027/12",
        "de-wilg/doorloop-1/startnota.md",
        "https://zaak.voorbeeldstad.nl/12?x=1#y",
        "HTTP://zaak/1",
        "bestand:0123456789abcdef",
    ],
)
def test_what_people_give_as_evidence_stays_as_it_is(text: str) -> None:
    assert check_evidence(text) == text


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "evidence-empty"),
        ("   ", "evidence-empty"),
        ("javascript:alert(1)", "evidence-unsafe"),
        ("  JavaScript : alert(1)", "evidence-unsafe"),
        ("data:text/html,<script>", "evidence-unsafe"),
        ("vbscript:x", "evidence-unsafe"),
        ("blob:https://x/1", "evidence-unsafe"),
        ("file:///etc/passwd", "evidence-unsafe"),
        ("ftp://x/y", "evidence-unsafe"),
        ("http:///x", "evidence-unsafe"),
        ("https:zaak", "evidence-unsafe"),
        ("https://zaak@kwaad.example/", "evidence-unsafe"),
        ("https://zaak.nl\\@kwaad.example/", "evidence-unsafe"),
        ("https://zaak /x", "evidence-unsafe"),
        ("https://[::1", "evidence-unsafe"),
        ("java\u200bscript:alert(1)", "evidence-unsafe"),
        ("besluit\u202efdp.exe", "evidence-unsafe"),
        ("bestand:../../x", "evidence-unsafe"),
        ("bestand:", "evidence-unsafe"),
    ],
)
def test_what_cannot_be_shown_safely_is_refused(text: str, code: str) -> None:
    with pytest.raises(Refused) as refused:
        check_evidence(text)

    assert refused.value.code == code


@pytest.mark.parametrize(
    ("text", "link"),
    [
        ("https://zaak.nl/1", "https://zaak.nl/1"),
        ("http://zaak/1", "http://zaak/1"),
        ("zaak/1", None),
        ("//zaak.nl/1", None),
        ("javascript:alert(1)", None),
        ("bestand:abc", None),
        ("ms-word:ofe|u|https://x", None),
        ("https://a@b/", None),
    ],
)
def test_only_a_plain_web_address_is_shown_as_a_link(text: str, link: str | None) -> None:
    assert find_link(text) == link


def test_a_file_is_found_by_its_reference() -> None:
    assert find_file_id(file_reference("abc")) == "abc"
    assert find_file_id("https://zaak/1") is None
