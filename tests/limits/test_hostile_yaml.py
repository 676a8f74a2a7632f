"""Files that were made to hurt: findings with a place, little text, in bounded time and memory."""

from __future__ import annotations

import resource
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from ruamel.yaml.parser import Parser

from regie.definitions import check_definition, load_definition, yaml_text
from regie.definitions.findings import is_error
from regie.errors import DefinitionInvalid
from tests.support.authoring import HEADER

SECONDS = 60.0  # a bound, not a measure: a machine may be busy
MEGABYTES = 200

STEP = f"{HEADER}steps:\n  a:\n    title: A\n"


def _bomb() -> str:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 10)]
    return "\n".join(lines)


def _steps(count: int, line: Callable[[int], str]) -> str:
    return f"{HEADER}steps:\n" + "".join(f"  s{number}: {line(number)}\n" for number in range(count))


# name: what the file holds, the first finding's place and code
FILES: dict[str, tuple[str | bytes, str]] = {
    "alias-bomb": (_bomb(), "1:5 RG109"),
    "alias-to-itself": ("a: &a [*a]\n", "1:4 RG109"),
    "merge-key": (f"{STEP}    <<: {{title: B}}\n", "7:5 RG109"),
    "python-object": (f"{STEP}    remark: !!python/object/apply:os.system [ls]\n", "7:13 RG108"),
    "own-tag": (f"{STEP}    remark: !include /etc/passwd\n", "7:13 RG108"),
    "standard-tag": (f"{STEP}    remark: !!binary aGVsbG8=\n", "7:13 RG108"),
    "nested-brackets": (f"{HEADER}x: {'[' * 100_000}", "4:33 RG107"),
    "nested-brackets-closed": (f"{HEADER}x: {'[' * 100_000}{']' * 100_000}", "4:33 RG107"),
    "nested-braces": (f"{HEADER}x: {'{a: ' * 100_000}", "4:120 RG107"),
    "nested-dashes": (f"{HEADER}x:\n  {'- ' * 100_000}", "5:61 RG107"),
    "nested-questions": ("? " * 100_000, "1:3 RG115"),
    "nested-keys": ("".join(f"{' ' * level}a:\n" for level in range(1_300)), "31:31 RG107"),
    "huge-text": (f'{STEP}    remark: "{"y" * 900_000}"\n', "7:13 RG112"),
    "huge-block": (STEP + "    remark: >\n" + "      y y y\n" * 60_000, "7:13 RG112"),
    "huge-key": (f"{STEP}    {'k' * 100_000}: 1\n", "7:100005 RG106"),
    "long-key": (f"{STEP}    {'k' * 500}: 1\n", "7:5 RG112"),
    "huge-number": (f"{HEADER}version: {'9' * 900_000}\n", "4:10 RG112"),
    "long-number": (f"{HEADER}version: {'9' * 3_000}\nsteps: {{}}\n", "4:10 RG125"),
    "nul": (f"{STEP}    remark: a\0b\n", "7:14 RG104"),
    "escape-sequence": (f"{STEP}    remark: \x1b[2J\n", "7:13 RG104"),
    "reading-direction": (f"{STEP}    remark: a\u202eb\n", "7:14 RG104"),
    "line-separator": (f"{STEP}    remark: a\u2028b\n", "7:14 RG104"),
    "escaped-nul": (f'{STEP}    remark: "a\\0b"\n', "7:13 RG104"),
    "escaped-surrogate": (f'{STEP}    remark: "\\ud800"\n', "7:13 RG104"),
    "lone-carriage-return": (f"{STEP}    remark: a\rb\n", "7:14 RG104"),
    "tab": (f"{STEP}\tremark: a\n", "7:1 RG105"),
    "utf-16": (STEP.encode("utf-16"), "1:1 RG102"),
    "utf-16-without-mark": (STEP.encode("utf-16-le"), "1:2 RG104"),
    "utf-32": (STEP.encode("utf-32"), "1:1 RG102"),
    "latin-1": (f"{STEP}    remark: één\n".encode("latin-1"), "7:13 RG102"),
    "cut-in-a-character": (f"{STEP}    remark: é".encode()[:-1], "7:13 RG102"),
    "two-megabytes": ("# " + "x" * 2_000_000, "1:1 RG103"),
    "many-unknown-keys": (STEP + "".join(f"    k{number}: 1\n" for number in range(20_000)), "7:5 RG121"),
    "too-many-keys": (STEP + "".join(f"    k{number}: 1\n" for number in range(60_000)), "50000:13 RG113"),
    "many-unknown-keys-in-a-relation": (
        f"{STEP}    needs:\n      - x: 1\n" + "".join(f"        k{number}: 1\n" for number in range(10_000)),
        "8:9 RG121",
    ),
    "many-steps-without-title": (_steps(10_000, lambda _: "{}"), "5:3 RG120"),
    "many-unknown-steps": (_steps(3_000, lambda n: f"{{title: x, needs: [t{n}]}}"), "5:26 RG201"),
    "long-loop": (_steps(3_000, lambda n: f"{{title: x, needs: [s{(n or 3_000) - 1}]}}"), "5:26 RG204"),
    "long-chain-of-companions": (_steps(3_000, lambda n: f"{{title: x, only_with: s{n + 1}}}"), "3004:32 RG201"),
    "many-doubled-keys": (f"{HEADER}steps: {{}}\n" + "id: a\n" * 20_000, "5:1 RG110"),
    "doubled-steps": (f"{STEP}  a: {{title: B}}\n", "7:3 RG110"),
    "many-documents": (STEP + "---\n" * 100_000, "7:1 RG111"),
    "many-directives": ("%YAML 1.2\n" * 50_000 + "---\na: b\n", "2:1 RG106"),
    "deep-condition": (f"{STEP}    when: {'(' * 900}\n", "7:42 RG210"),
    "long-condition": (f"{STEP}    when: {'x and ' * 500}x\n", "7:11 RG125"),
    "open-quote": ('a: "' + "x\n" * 100_000, "100001:1 RG106"),
    "large-for-the-slower-reader": (
        _steps(1_500, lambda n: f"{{title: 'x x x x x x x x x x x x x x', takes: {n}wd, track: a{n}}}")
        + "  z: {title: waar?, when: hier",
        "1505:31 RG106",
    ),
    "empty": ("", "1:1 RG114"),
    "only-comments": ("# x\n" * 200_000, "1:1 RG114"),
    "a-list": ("- a\n- b\n", "1:1 RG114"),
    "a-text": ("just words\n", "1:1 RG114"),
    "list-as-key": ("? [a, b]\n: c\n", "1:3 RG115"),
}

HEAVY = ("alias-bomb", "huge-text", "nested-braces", "two-megabytes", "many-unknown-keys", "many-steps-without-title")


@pytest.fixture(params=FILES)
def hostile(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[Path, str]:
    content, place = FILES[request.param]
    path = tmp_path / "plan.yaml"
    path.write_bytes(content.encode("utf-8", "surrogatepass") if isinstance(content, str) else content)
    return path, place


def test_a_hostile_file_is_refused_at_its_place_soon_and_in_few_words(hostile: tuple[Path, str]) -> None:
    path, place = hostile
    began = time.perf_counter()

    with pytest.raises(DefinitionInvalid, match=r"has .* error") as raised:
        load_definition(path)

    assert time.perf_counter() - began < SECONDS
    assert len(str(raised.value)) < 60_000
    first = raised.value.findings[0]
    assert f"{first.mark.line}:{first.mark.column} {first.code}" == place
    assert all(finding.hint for finding in raised.value.findings)


@pytest.mark.parametrize("name", ["alias-bomb", "nested-brackets", "nested-keys", "own-tag", "many-documents", "empty"])
def test_the_slower_reader_refuses_the_same(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    content, place = FILES[name]
    path = tmp_path / "plan.yaml"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    quick = yaml_text.YAML
    monkeypatch.setattr(yaml_text, "YAML", lambda **settings: quick(**{**settings, "pure": True}))

    found = [finding for finding in check_definition(path).findings if is_error(finding)]

    assert yaml_text.YAML(typ="safe", pure=False).Parser is Parser
    assert f"{found[0].mark.line}:{found[0].mark.column} {found[0].code}" == place


def test_memory_stays_small_whatever_the_file_holds(tmp_path: Path) -> None:
    for name in HEAVY:
        content, _ = FILES[name]
        (tmp_path / f"{name}.yaml").write_bytes(content.encode() if isinstance(content, str) else content)
    script = (
        "import sys; from pathlib import Path; from regie.definitions import check_definition\n"
        "for path in sorted(Path(sys.argv[1]).glob('*.yaml')): check_definition(path)\n"
        # not ru_maxrss: a child starts with that of its parent
        "status = Path('/proc/self/status').read_text().split()\n"
        "print(int(status[status.index('VmHWM:') + 1]) // 1024)"
    )

    done = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path)], capture_output=True, text=True, check=True, timeout=100
    )

    assert int(done.stdout) < MEGABYTES


def test_an_endless_file_is_read_no_further_than_its_limit(tmp_path: Path) -> None:
    path = tmp_path / "plan.yaml"
    with path.open("wb") as stream:
        stream.truncate(5_000_000_000)  # sparse: takes no room
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

    with pytest.raises(DefinitionInvalid, match="RG103 file is larger than 1 MB"):
        load_definition(path)

    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 50_000
