"""The register of codes and its page for authors say the same, and every code is really given."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from regie.definitions import check_definition, check_sources
from regie.definitions.findings import CODES, Finding
from tests.support.authoring import HEADER, whole

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "finding-codes.md").read_text(encoding="utf-8")
SECTIONS = dict(re.findall(r"^### (RG\d{3})(.*?)(?=^##|\Z)", PAGE, re.MULTILINE | re.DOTALL))
EXAMPLES = {
    code: example
    for code, section in SECTIONS.items()
    for example in re.findall(r"^```yaml wrong\n(.*?)^```", section, re.MULTILINE | re.DOTALL)
}
MANY_KEYS = "".join(f"k{number}: 1\n" for number in range(300))

# What cannot be printed on the page, or takes more than one file.
FILES: dict[str, dict[str, bytes]] = {
    "RG101": {},
    "RG102": {"workflow.yaml": "regie: 1\n".encode("utf-16")},
    "RG103": {"workflow.yaml": b"# " + b"x" * 1_000_000},
    "RG105": {"workflow.yaml": b"regie:\t1\n"},
    "RG107": {"workflow.yaml": b"a: " + b"[" * 31},
    "RG112": {"workflow.yaml": b"title: " + b"x" * 4_001},
    "RG113": {"workflow.yaml": b"a: [" + b"b," * 100_000 + b"]"},
    "RG114": {"workflow.yaml": b"# nothing\n"},
    "RG131": {
        "workflow.yaml": f"{HEADER}include: [meer.yaml]\nsteps: {{a: {{title: A}}}}\n".encode(),
        "meer.yaml": b"steps: {a: {title: A}}\n",
    },
    "RG199": {"workflow.yaml": f"{HEADER}{MANY_KEYS}".encode()},
}
WITH_AUTOMATION = f"{HEADER}steps:\n  a: {{title: A, automation: rapport}}\n"


def _find(code: str, findings: tuple[Finding, ...]) -> Finding:
    found = [finding for finding in findings if finding.code == code]
    assert found, "\n".join(map(str, findings)) or "nothing was found"
    return found[0]


@pytest.mark.parametrize("code", CODES)
def test_every_code_has_its_heading_with_the_same_words_and_weight(code: str) -> None:
    heading, _, text = SECTIONS[code].lstrip().partition("\n")

    assert heading == CODES[code].title
    assert text.lstrip().lower().startswith((CODES[code].severity.value, "error or warning"))


def test_every_heading_has_its_code_also_those_of_the_planner() -> None:
    core = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "src/regie/core").glob("*.py"))
    planner = set(re.findall(r'"(RG\d{3})"', core))

    assert planner
    assert set(SECTIONS) == set(CODES) | planner


@pytest.mark.parametrize("code", EXAMPLES)
def test_every_example_gives_its_code_on_the_line_that_is_marked(code: str) -> None:
    text = whole(EXAMPLES[code])
    marked = next(number for number, line in enumerate(text.splitlines(), start=1) if line.endswith("# <-"))

    finding = _find(code, check_sources({"workflow.yaml": text}).findings)

    assert finding.mark.line == marked
    assert finding.hint


@pytest.mark.parametrize("code", FILES)
def test_every_code_about_files_is_given(code: str, tmp_path: Path) -> None:
    for name, content in FILES[code].items():
        (tmp_path / name).write_bytes(content)

    _find(code, check_definition(tmp_path).findings)


def test_an_automation_that_nobody_knows_is_a_warning() -> None:
    result = check_sources({"workflow.yaml": WITH_AUTOMATION}, automations={"report", "startnota"})

    assert _find("RG217", result.findings).mark.line == 5
    assert result.definition is not None


def test_every_code_is_given_by_one_of_these_tests() -> None:
    assert set(CODES) == {*EXAMPLES, *FILES, "RG217"}


@pytest.mark.parametrize("text", re.findall(r"^```yaml\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL))
def test_every_right_example_loads(text: str) -> None:
    assert check_sources({"workflow.yaml": text}).definition is not None
