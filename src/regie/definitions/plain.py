"""Read a small YAML file that is no definition (a calendar, a rehearsal) within the same limits."""

from __future__ import annotations

from pathlib import Path
from typing import TypeVar

from pydantic import ValidationError

from regie.definitions.findings import MOST_SHOWN, Report
from regie.definitions.places import Places
from regie.definitions.schema import Part
from regie.definitions.shape import Wrong, find_wrongs, mark_of
from regie.definitions.yaml_text import MOST_BYTES, Budget, decode, read_yaml
from regie.errors import NotFound, Refused

P = TypeVar("P", bound=Part)


def read_part(path: Path, kind: type[P], code: str) -> P:
    """Read a file into a part of the format.

    Raises:
        NotFound: ``unknown-file``.
        Refused: with ``code``, naming the file and every place that is wrong.
    """
    try:
        with path.open("rb") as file:
            content = file.read(MOST_BYTES + 1)
    except OSError as error:
        raise NotFound(f"cannot read {path}: {error.strerror}", code="unknown-file", file=str(path)) from None
    report = Report()
    source = decode(str(path), content, report)
    table = read_yaml(source, report, Budget()) if source else None
    if table is None or report.findings:
        first = report.findings[0] if report.findings else None
        said = "\n".join(map(str, report.findings)) or f"{path} cannot be read"
        raise Refused(said, code=code, file=str(path), line=first.mark.line if first else None)
    try:
        return kind.model_validate(table)
    except ValidationError as error:
        places = Places(table)
        faults = [_fault(places, wrong) for wrong in find_wrongs(places, error)[:MOST_SHOWN]]
        said = "\n".join(each.message for each in faults)
        first_fault = {name: faults[0].facts[name] for name in ("place", "trouble")}
        raise Refused(said, code=code, hint="", file=str(path), faults=faults, **first_fault) from None


def _fault(places: Places, wrong: Wrong) -> Refused:
    mark = mark_of(places, wrong)
    names = [str(each) for each in wrong.path]
    if wrong.kind == "missing":
        names.append(str(wrong.loc[-1]))
    place = ".".join(names)
    return Refused(
        f"{mark}: {place}: {wrong.message}", code="file-fault", place=place, line=mark.line, trouble=wrong.kind
    )
