"""Errors of shape do not hide the others, and make none that are not there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from regie.definitions import check_sources
from tests.support.authoring import check, check_steps, errors, places, whole

PAGE = (Path(__file__).parents[2] / "docs" / "definition-language.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"^```yaml\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)


def test_a_typo_hides_no_other_error() -> None:
    result = check_steps("""\
        roles: {leider: {title: L}, x: {titel: X}}
        questions: {n: {ask: N, number: {from: 1, to: 5}}}
        steps:
          a: {title: A, needs: c, tracck: z}
          b: {title: B, needs: a, responsible: lieder}
          c: {title: C, needs: b, takes: 3 dagen}
          d: {titel: D, takes: -3wd, due: on 31 februari}
          e: {title: E, when: nn > 3, gate: {decided_by: niemand}}
    """)

    assert places(result) == [
        "4:29 RG120",
        "4:33 RG121",
        "7:24 RG204",
        "7:27 RG121",
        "8:40 RG401",
        "9:34 RG124",
        "10:3 RG120",
        "10:7 RG121",
        "10:24 RG309",
        "10:38 RG301",
        "11:23 RG211",
        "11:50 RG215",
    ]


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("rols: {x: {title: X}}\nsteps: {a: {title: A, responsible: x}}\n", id="section-with-another-name"),
        pytest.param("roles: [x]\nsteps: {a: {title: A, responsible: x}}\n", id="section-of-another-kind"),
        pytest.param("steps: [a]\n", id="steps-of-another-kind"),
        pytest.param("steps: {a!: {title: A}, b: {title: B, needs: a}}\n", id="id-that-is-none"),
        pytest.param("lists: {l: {title: L}}\nsteps: {a: {title: A, foreach: l, due: on l}}\n", id="copies-left-out"),
        pytest.param("steps: {a: {title: A, need: b, join: {at_least: 1}}, b: {title: B}}\n", id="needs-left-out"),
        pytest.param(
            "questions: {q: {ask: Q, number: {form: 1}}}\nsteps: {a: {title: A, when: q > 3}}\n", id="question-left-out"
        ),
        pytest.param("bodies: {b: {titel: B}}\nsteps: {a: {title: A, gate: {decided_by: b}}}\n", id="part-left-out"),
        pytest.param("notices: {lead: 5, too: {}}\nsteps: {a: {title: A}}\n", id="notices"),
    ],
)
def test_what_is_left_out_gives_no_errors_elsewhere(text: str) -> None:
    result = check(whole(text))

    assert errors(result)
    assert {each.code[:4] for each in errors(result)} == {"RG12"}


def test_a_key_missing_at_the_top_hides_nothing() -> None:
    result = check("regie: 1\nid: x\nsteps: {a: {title: A, needs: b}}\n")

    assert places(result) == ["1:1 RG120", "3:30 RG201"]


@pytest.mark.parametrize("text", EXAMPLES)
def test_one_wrong_key_gives_one_kind_of_error(text: str) -> None:
    for key in re.finditer(r"\b[a-z_]+(?=:)", text):
        wrong = f"{text[: key.end()]}x{text[key.end() :]}"

        codes = {each.code[:4] for each in errors(check_sources({"workflow.yaml": whole(wrong)}))}

        assert "RG12" not in codes or codes == {"RG12"}, key[0]
