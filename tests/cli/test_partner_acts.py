"""What a partner says, and the lead answers, on the command line."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.test_commands import SMALL
from tests.support.commands import Regie, command_in

PEOPLE = """organisatie;naam;e-mail;rol;taal;ritme;vervanger
GGD;Bram;bram@ggd.example;maker;nl;direct;
GGD;Lena;lena@ggd.example;baas;nl;direct;
GGD;An;an@ggd.example;baas;nl;direct;
"""


@pytest.fixture
def town(tmp_path: Path) -> Regie:
    (tmp_path / "klein.yaml").write_text(SMALL, encoding="utf-8")
    (tmp_path / "wie.csv").write_text(PEOPLE, encoding="utf-8")
    regie = command_in(tmp_path)
    for arguments in (
        ("traject", "start", "--title", "De Wilg", "--definition", "klein.yaml", "--start", "2026-11-02",
         "--anchor", "opening=2099-01-05", "--yes"),
        ("partner", "import", "wie.csv", "--definition", "klein.yaml"),
    ):  # fmt: skip
        ran = regie(*arguments)
        assert ran.code == 0, ran.err
    return regie


def says(town: Regie, verb: str, *more: str) -> None:
    ran = town("step", verb, "de-wilg", "a", *more, "--yes")
    assert ran.code == 0, ran.err


def history(town: Regie) -> list[list[str]]:
    """The rows, without when."""
    rows = [line.split("\t") for line in town("history", "de-wilg").out.splitlines()[1:]]
    return [[row[0], *row[2:]] for row in rows if len(row) > 2]


def test_a_proposal_is_shown_first_answered_and_read_back(town: Regie) -> None:
    ask = ("step", "propose", "de-wilg", "a", "2 maart 2099", "--reason", "ziek")
    seen = town(*ask, "--preview", "--json")
    assert (seen.code, seen.json["saved"], seen.json["moved"]) == (0, False, [])
    assert {each["kind"] for message in seen.json["messages"] for each in message["about"]} == {"date-proposed"}
    assert town("why", "de-wilg", "a", "--json").json["proposed_on"] is None

    assert town(*ask, "--yes", "--json").json["saved"]
    shown = town("why", "de-wilg", "a", "--json").json
    assert (shown["proposed_on"], shown["proposal_reason"]) == ("2099-03-02", "ziek")
    assert "Voorgesteld: 2 maart 2099 (ziek)" in town("step", "show", "de-wilg", "a").out

    consequences = town("step", "answer", "de-wilg", "a", "--accept", "--preview")
    assert "Verschuift 3 stappen" in consequences.out
    says(town, "answer", "--accept")
    shown = town("why", "de-wilg", "a", "--json").json
    assert (shown["proposed_on"], shown["promised_on"]) == (None, "2099-03-02")
    assert history(town)[1:] == [
        ["2", "cli:tester", "andere datum voorgesteld", "A; 2 maart 2099; ziek"],
        ["3", "cli:tester", "voorstel beantwoord", "A; akkoord"],
    ]


def test_a_step_goes_to_a_colleague_by_address_and_back_to_the_role(town: Regie) -> None:
    says(town, "assign", "an@ggd.example", "--reason", "verlof")

    assert "Overgedragen aan: An (GGD)" in town("step", "show", "de-wilg", "a").out
    assert "A" in town("partner", "steps", "an@ggd.example", "--own").out
    assert [
        each["step"] for each in town("partner", "steps", "bram@ggd.example", "--own", "--json").json["asked"]
    ] == []
    says(town, "assign", "geen")
    assert [row[2:] for row in history(town)[1:]] == [
        ["overgedragen aan een collega", "A; aan An (GGD); verlof"],
        ["overgedragen aan een collega", "A; terug naar de rol"],
    ]


def test_what_is_declined_or_asked_is_answered_with_a_text(town: Regie) -> None:
    says(town, "decline", "--reason", "van de GGD")
    says(town, "ask", "--text", "welke kaart?")
    shown = town("step", "show", "de-wilg", "a").out
    assert "Afgewezen: de rol zegt dat de stap niet van hen is." in shown
    assert "Er wacht een vraag op antwoord." in shown

    says(town, "answer", "--text", "de tweede")

    found = town("why", "de-wilg", "a", "--json").json
    assert (found["declined"], found["has_question"]) == (False, False)
    assert [row[3] for row in history(town)[1:]] == ["A; van de GGD", "A; welke kaart?", "A; de tweede"]


@pytest.mark.parametrize(
    "words",
    [
        ("propose", "2099-03-01", "--reason"),
        ("assign", "an@ggd.example", "--reason"),
        ("decline", "--reason"),
        ("ask", "--text"),
    ],
    ids=lambda words: str(words[0]),
)
def test_what_looks_like_a_citizen_number_is_warned_of_and_saved(town: Regie, words: tuple[str, ...]) -> None:
    verb, *more = words

    ran = town("step", verb, "de-wilg", "a", *more, "BSN 123456782", "--yes")

    assert ran.code == 0
    assert "burgerservicenummer" in ran.err


@pytest.mark.parametrize(
    ("typed", "code", "said"),
    [
        (("propose", "de-wilg", "a", "gisteren", "--reason", "x"), 2, "'gisteren' is geen datum"),
        (("propose", "de-wilg", "a", "2020-01-01", "--reason", "x", "--yes"), 6, "date-in-the-past"),
        (("propose", "de-wilg", "a", "2099-01-01"), 2, "--reason ontbreekt"),
        (("propose", "de-wilg", "a", "2099-01-01", "--reason", "x", "--yes", "--seen-version", "99"), 5, "occurrence-changed"),
        (("answer", "de-wilg", "a"), 2, "geef --accept, --refuse of --text"),
        (("answer", "de-wilg", "a", "--accept", "--refuse"), 2, "geef --accept, --refuse of --text"),
        (("answer", "de-wilg", "a", "--accept", "--yes"), 6, "no-proposal"),
        (("answer", "de-wilg", "a", "--text", "ja", "--yes"), 6, "no-question"),
        (("assign", "de-wilg", "a", "p99", "--yes"), 4, "unknown-person"),
        (("assign", "de-wilg", "a", "niemand@ggd.example", "--yes"), 4, "unknown-person"),
        (("assign", "de-wilg", "a", "geen", "--yes"), 6, "not-assigned"),
        (("decline", "de-wilg", "a", "--reason", " ", "--yes"), 6, "reason-missing"),
        (("ask", "de-wilg", "a", "--text", " ", "--yes"), 6, "text-missing"),
        (("ask", "de-wilg", "a"), 2, "geef --text of --role"),
        (("ask", "de-wilg", "a", "--text", "x", "--role", "maker"), 2, "geef --text of --role"),
    ],
)  # fmt: skip
def test_wrong_use_is_said_and_changes_nothing(town: Regie, typed: tuple[str, ...], code: int, said: str) -> None:
    before = town("history", "de-wilg", "--json").json

    ran = town("step", *typed)

    assert ran.code == code, ran.err
    assert said in ran.err
    assert town("history", "de-wilg", "--json").json == before
