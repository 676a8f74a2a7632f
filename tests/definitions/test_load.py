"""From a path or stored texts to a definition: files, includes, places, findings as text."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from regie.definitions import check_definition, check_sources, load_definition, load_sources, sources_of
from regie.definitions.findings import Mark, Severity, make_finding, render, sort_findings
from regie.errors import DefinitionInvalid, RegieError
from tests.support.authoring import HEADER, check, check_steps, errors, only, places
from tests.support.builders import contents

MAIN = f"{HEADER}include: [fase-0.yaml, fase-1.yaml]\nsteps:\n  begin: {{title: Begin}}\n"
FASE_0 = "steps:\n  f0-a: {title: A, needs: begin}\n"
FASE_1 = "steps:\n  f1-b:\n    title: B\n    needs: f0-a\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, text in (("workflow.yaml", MAIN), ("fase-0.yaml", FASE_0), ("fase-1.yaml", FASE_1)):
        (tmp_path / name).write_text(text, encoding="utf-8")
    return tmp_path


def test_a_folder_is_loaded_with_the_files_that_it_includes(folder: Path) -> None:
    definition = load_definition(folder)

    assert list(definition.steps) == ["begin", "f0-a", "f1-b"]


def test_a_file_is_loaded_by_its_own_name(tmp_path: Path) -> None:
    path = tmp_path / "plan.yaml"
    path.write_text(HEADER + "steps: {a: {title: A}}\n", encoding="utf-8")

    assert list(load_definition(str(path)).steps) == ["a"]


def test_stored_texts_give_the_same_definition_as_the_files(folder: Path) -> None:
    sources = sources_of(folder)

    assert list(sources) == ["workflow.yaml", "fase-0.yaml", "fase-1.yaml"]
    assert contents(load_sources(sources)) == contents(load_definition(folder))


def test_stored_texts_may_come_back_in_another_order(folder: Path) -> None:
    sources = dict(sorted(sources_of(folder).items()))

    assert next(iter(sources)) == "fase-0.yaml"
    assert contents(load_sources(sources)) == contents(load_definition(folder))


def test_dividing_steps_over_files_does_not_change_the_hash(folder: Path) -> None:
    in_one_file = f"{HEADER}steps:\n  begin: {{title: Begin}}\n{FASE_0[7:]}{FASE_1[7:]}"

    assert contents(load_sources({"x.yaml": in_one_file})) == contents(load_definition(folder))


def test_a_definition_is_found_by_its_id(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)

    result = check_definition("opvng")

    assert only(result).code == "RG101"
    assert "there is no file, folder or definition 'opvng'" in only(result).message


def test_a_missing_file_is_said_by_name(tmp_path: Path) -> None:
    with pytest.raises(DefinitionInvalid, match=r"weg\.yaml' does not exist") as raised:
        load_definition(tmp_path / "weg.yaml")

    assert raised.value.code == "definition-invalid"
    assert isinstance(raised.value, RegieError)


def test_a_folder_without_a_main_file_is_said(tmp_path: Path) -> None:
    assert only(check_definition(tmp_path)).message.endswith("workflow.yaml' does not exist")


def test_a_device_is_no_file() -> None:
    assert only(check_definition("/dev/zero")).message == "file '/dev/zero' is not a file"


def test_a_path_with_a_nul_is_no_path() -> None:
    assert only(check_definition("a\0b")).code == "RG101"


@pytest.mark.parametrize(
    ("include", "message"),
    [
        pytest.param("fase-9.yaml", "file 'fase-9.yaml' does not exist", id="missing"),
        pytest.param("workflow.yaml", "file 'workflow.yaml' includes itself", id="itself"),
        pytest.param("fase-0.yaml", "file 'fase-0.yaml' is included twice", id="twice"),
    ],
)
def test_an_include_that_cannot_be_followed_is_pointed_at(folder: Path, include: str, message: str) -> None:
    text = MAIN.replace("fase-1.yaml]", f"fase-1.yaml, {include}]")
    (folder / "workflow.yaml").write_text(text, encoding="utf-8")

    finding = only(check_definition(folder))

    assert (finding.code, finding.message) == ("RG130", message)
    assert (finding.mark.line, finding.mark.column) == (4, 37)


@pytest.mark.parametrize("name", ["../elders.yaml", "/etc/passwd", "a/b.yaml", "geheim.txt", "..yaml"])
def test_an_include_is_a_name_in_the_same_folder(name: str) -> None:
    finding = only(check(f"{HEADER}include: ['{name}']\nsteps: {{}}\n"))

    assert finding.code == "RG124"
    assert "is not the name of a file in this folder" in finding.message


def test_an_include_may_not_lead_out_of_the_folder_by_a_link(
    folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    elsewhere = tmp_path_factory.mktemp("elders") / "fase-1.yaml"
    elsewhere.write_text(FASE_1, encoding="utf-8")
    (folder / "fase-1.yaml").unlink()
    (folder / "fase-1.yaml").symlink_to(elsewhere)

    assert only(check_definition(folder)).message == "file 'fase-1.yaml' lies outside the folder of this file"


def test_an_included_file_cannot_include(folder: Path) -> None:
    (folder / "fase-1.yaml").write_text(f"include: [workflow.yaml]\n{FASE_1}", encoding="utf-8")

    finding = only(check_definition(folder))

    assert finding.message == "an included file cannot include others"
    assert finding.mark == Mark(f"{folder}/fase-1.yaml", 1, 1)


def test_an_included_file_holds_steps_only() -> None:
    result = check(MAIN, **{"fase-0": "roles: {}\nsteps: {}\n", "fase-1": "steps: [a]\n"})

    assert [str(finding) for finding in errors(result)] == [
        "fase-0.yaml:1:1 RG121 unknown key 'roles' in an included file (hint: it holds steps only)",
        "fase-1.yaml:1:8 RG122 'steps' must be a group of keys, not a list (hint: like: f0-a: {title: A})",
    ]


def test_a_step_in_two_files_names_both_places() -> None:
    result = check(MAIN, **{"fase-0": FASE_0, "fase-1": FASE_1 + "  f0-a: {title: Weer}\n"})

    assert str(only(result)) == (
        "fase-1.yaml:5:3 RG131 step 'f0-a' stands in two files (hint: the first is fase-0.yaml:2; keep one)"
    )


def test_a_finding_in_an_included_file_names_that_file(folder: Path) -> None:
    (folder / "fase-1.yaml").write_text(FASE_1.replace("needs: f0-a", "needs: f0-aa"), encoding="utf-8")

    finding = only(check_definition(folder))

    assert str(finding) == f"{folder}/fase-1.yaml:4:12 RG201 unknown step 'f0-aa' (hint: did you mean 'f0-a'?)"


def test_what_an_unreadable_include_would_hold_is_not_reported_as_unknown() -> None:
    result = check(MAIN, **{"fase-0": "steps: [", "fase-1": FASE_1})

    assert [finding.code for finding in errors(result)] == ["RG106"]


def test_all_errors_come_in_one_pass_in_order_of_place() -> None:
    result = check_steps(
        """\
        titel: Nog een
        steps:
          a:
            title: A
            takes: 5 days
            evidence: always
          b:
            needs: [a]
            join: most
        """
    )

    assert places(result) == ["4:1 RG121", "8:12 RG124", "9:15 RG123", "10:3 RG120", "12:11 RG123"]


def test_meaning_is_checked_in_one_pass_too() -> None:
    result = check_steps(
        """\
        steps:
          a: {title: A, phase: fase-9, needs: [c]}
          b: {title: B, track: bestuur, responsible: iemand}
          c: {title: C, needs: [a, zz], due: 5wd aftr start}
        """
    )

    assert places(result) == [
        "5:24 RG207",
        "5:40 RG204",
        "6:24 RG208",
        "6:46 RG401",
        "7:28 RG201",
        "7:38 RG301",
    ]


def test_the_exception_says_every_error_with_its_place() -> None:
    text = HEADER + "steps:\n  a: {title: A, needs: [x]}\n  b: {title: B, needs: [y]}\n"

    with pytest.raises(DefinitionInvalid, match=r"definition 'plan\.yaml' has 2 errors") as raised:
        load_sources({"plan.yaml": text})

    assert str(raised.value).splitlines()[1:] == [
        "plan.yaml:5:25 RG201 unknown step 'x' (hint: known: a, b)",
        "plan.yaml:6:25 RG201 unknown step 'y' (hint: known: a, b)",
    ]


@pytest.mark.parametrize("key", ["regie", "id", "title", "steps"])
def test_a_definition_needs_four_keys(key: str) -> None:
    lines = [*HEADER.splitlines(), "steps: {a: {title: A}}"]

    finding = only(check("\n".join(line for line in lines if not line.startswith(key))))

    assert (finding.code, finding.message) == ("RG120", f"key '{key}' is missing")


def test_another_version_of_the_format_is_said() -> None:
    finding = only(check("regie: 2\nid: a\ntitle: A\nsteps: {}\n"))

    assert str(finding) == (
        "workflow.yaml:1:8 RG123 this file has format '2'; this version of Regie reads format 1 (hint: write: regie: 1)"
    )


def test_warnings_do_not_refuse_a_definition() -> None:
    result = check_steps("steps:\n  a: {title: A}\n")

    assert result.definition is not None
    assert {finding.severity for finding in result.findings} == {Severity.WARNING}


def test_a_finding_is_shown_with_its_line_and_a_caret() -> None:
    result = check_steps("steps:\n  a: {title: A, needs: [b]}\n  c: {title: C}\n")

    assert render(errors(result), result.texts) == (
        "workflow.yaml:5:25 error RG201 unknown step 'b'\n"
        " 5 |   a: {title: A, needs: [b]}\n"
        "   |                         ^\n"
        "   = hint: known: a, c\n"
    )


def test_a_long_line_is_shown_around_the_place() -> None:
    result = check_steps(f"steps:\n  a: {{title: {'x' * 500}, needs: [b], remark: {'y' * 500}}}\n")

    _, line, caret, *_ = render(errors(result), result.texts).splitlines()

    assert len(line) < 120
    assert line[caret.index("^")] == "b"


def test_past_two_hundred_findings_a_last_one_says_how_many_more() -> None:
    found = [make_finding("RG201", Mark("a.yaml", line, 1), f"unknown step 's{line}'") for line in range(1, 1_001)]

    shown = sort_findings(reversed(found))

    assert len(shown) == 201
    assert shown[0].mark.line == 1
    assert str(shown[-1]) == "a.yaml:200:1 RG199 and 800 more (hint: repair these first, then check again)"


def test_an_error_is_shown_also_after_many_warnings() -> None:
    found = [make_finding("RG218", Mark("a.yaml", line, 1), "x") for line in range(1, 500)]
    found.append(make_finding("RG201", Mark("a.yaml", 900, 1), "unknown step 'x'"))

    assert "RG201" in {finding.code for finding in sort_findings(found)}


@pytest.mark.parametrize(
    "written",
    ["NO", "no", "012", "12:30", "2027-06-03", "1e3", "0x1F", "2026.10", "yes", "off", "=", "1_000"],
)
def test_a_plain_text_stays_as_it_is_written(written: str) -> None:
    result = check_steps(f"steps:\n  a: {{title: {written}}}\n")

    assert result.definition is not None
    assert result.definition.steps["a"].title == {"nl": written}  # type: ignore[index]


def test_a_version_may_look_like_a_number() -> None:
    result = check(HEADER + "version: 2026.10\nsteps: {}\n")

    assert result.definition is not None
    assert result.definition.version == "2026.10"


def test_keys_are_words_also_when_other_programs_see_a_truth_value() -> None:
    result = check_steps("bodies:\n  raad: {title: Raad, meets: {on: thursday, from: 2027-01-07}}\nsteps: {}\n")

    assert errors(result) == []


def test_a_byte_order_mark_and_windows_line_ends_are_fine(tmp_path: Path) -> None:
    text = HEADER + "steps:\n  a: {title: Één}\n  b: {title: B, needs: [c]}\n"
    path = tmp_path / "plan.yaml"
    path.write_bytes(b"\xef\xbb\xbf" + text.replace("\n", "\r\n").encode())

    finding = only(check_definition(path))

    assert (finding.mark.line, finding.mark.column) == (6, 25)


def test_a_text_that_libyaml_refuses_but_yaml_allows_is_read() -> None:
    result = check_steps("questions: {plekken: {ask: Hoeveel?, number: {from: 1, to: 9}}}\nsteps: {}\n")

    assert errors(result) == []


@given(st.text(max_size=300))
def test_any_text_gives_findings_and_nothing_worse(text: str) -> None:
    result = check_sources({"x.yaml": text})

    assert result.definition is not None or errors(result)
    assert all(finding.mark.line >= 1 and finding.mark.column >= 1 for finding in result.findings)


BITS = """\
steps:\n|  a:\n|    title: A\n|    needs: |[a, b]\n|    takes: 5wd\n|    when: q = y\n|    due: on start\n|
    gate: {decided_by: a}\n|    repeats: {every: 1m}\n|    term: {length: 8w}\n|  b: {title: B, needs: a}\n|
questions: {q: {ask: x, yes_no: true}}\n|roles: {a: {title: A}}\n|{|}|- |'|"|: |\n|  |&x |*x|!t |>\n|é|# |null|1|~"""


@given(st.lists(st.sampled_from(BITS.split("|")), max_size=25))
def test_any_mixture_of_yaml_gives_findings_and_nothing_worse(bits: list[str]) -> None:
    result = check_sources({"x.yaml": HEADER + "".join(bits)})

    assert result.definition is not None or errors(result)
