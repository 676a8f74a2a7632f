"""From plain values to the validated model, or findings an author can act on.

Translates what Pydantic reports: by kind of error, at the place of the value, one finding where several
alternatives of the format were tried. Messages never repeat more than a glimpse of the input.
"""

from __future__ import annotations

import re
import types
from collections.abc import Iterable, Mapping
from typing import Annotated, Any, NamedTuple, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError

from regie.definitions.findings import MOST_SHOWN, Mark, Report, did_you_mean, make_finding, quote
from regie.definitions.places import Places, Row, Table, Value, kind_of
from regie.definitions.schema import ID_PATTERN, SPAN_PATTERN, WorkflowPart

Loc = tuple[str | int, ...]


def validate(places: Places, report: Report) -> WorkflowPart | list[Wrong]:
    """Check the values against the schema; all that is wrong goes to ``report``, and is given."""
    try:
        return WorkflowPart.model_validate(places.root)
    except ValidationError as error:
        wrongs = find_wrongs(places, error)
    for wrong in wrongs[:MOST_SHOWN]:
        mark = mark_of(places, wrong)
        code, message, hint = _explain(wrong)
        report.findings.append(make_finding(code, mark, message, hint))
    if len(wrongs) > MOST_SHOWN:
        report.add("RG199", mark, f"and {len(wrongs) - MOST_SHOWN:,} more", "repair these first, then check again")
    return wrongs


def find_wrongs(places: Places, error: ValidationError) -> list[Wrong]:
    """Give what Pydantic reports in the order of the file: once for a value for which several forms were tried."""
    wrongs = [_place(places.root, each) for each in error.errors(include_url=False, include_input=False)]
    return sorted(_one_alternative(wrongs), key=lambda wrong: mark_of(places, wrong))


class Wrong(NamedTuple):
    """One thing that Pydantic reports, with its place in the written values.

    Args:
        path: the part of ``loc`` that leads to a written value.
        tags: what else stands in ``loc``: names that Pydantic gives to alternatives of a union, each with
            the length of the path where the alternatives part.
        value: what is written at ``path``.
        alternatives: the other things that were tried for the same value.
    """

    kind: str
    loc: Loc
    path: Loc
    tags: tuple[tuple[int, str], ...]
    value: Value
    on_key: bool
    message: str
    context: Mapping[str, Any]
    alternatives: tuple[Wrong, ...] = ()

    @property
    def name(self) -> str:
        """The last word of the path: the key that this is about."""
        return next((str(each) for each in reversed(self.path) if isinstance(each, str)), "")


def _place(root: Table, error: Mapping[str, Any]) -> Wrong:
    kind, loc = error["type"], tuple(error["loc"])
    value: Value = root
    path: list[str | int] = []
    tags: list[tuple[int, str]] = []
    on_key = False
    for number, each in enumerate(loc):
        if isinstance(value, Table) and each in value:
            value = value[str(each)]
            path.append(each)
        elif isinstance(value, Row) and isinstance(each, int) and each < len(value):
            value = value[each]
            path.append(each)
        elif each == "[key]":
            on_key = True
        elif isinstance(each, str) and not (kind == "missing" and number == len(loc) - 1) and each != "nl":
            tags.append((len(path), each))
    return Wrong(
        kind,
        loc,
        tuple(path),
        tuple(tags),
        value,
        on_key or kind == "extra_forbidden",
        error["msg"],
        error.get("ctx", {}),
    )


def mark_of(places: Places, wrong: Wrong) -> Mark:
    if wrong.on_key or isinstance(wrong.value, Table):
        return places.at_key(*wrong.path) if wrong.path else places.root.spot.mark
    return places.at(*wrong.path)


def _one_alternative(wrongs: list[Wrong], depth: int = 0) -> list[Wrong]:
    """Keep, for each value for which several alternatives were tried, what fits it best."""
    settled = [wrong for wrong in wrongs if len(wrong.tags) <= depth]
    tried: dict[Loc, dict[str, list[Wrong]]] = {}
    for wrong in wrongs:
        if len(wrong.tags) > depth:
            length, tag = wrong.tags[depth]
            tried.setdefault((*wrong.path[:length], depth), {}).setdefault(tag, []).append(wrong)
    for by_tag in tried.values():
        ranked = sorted(by_tag.values(), key=lambda group: _misfit(group, depth))
        best = ranked[0]
        if len(best) == 1 and len(ranked) > 1:
            best = [best[0]._replace(alternatives=tuple(each for group in ranked for each in group))]
        settled += _one_alternative(best, depth + 1)
    return settled


_WRONG_KIND = {
    "string_type": "a text",
    "int_type": "a number",
    "int_parsing": "a number",
    "int_parsing_size": "a smaller number",
    "int_from_float": "a whole number",
    "bool_type": "true or false",
    "bool_parsing": "true or false",
    "list_type": "a list",
    "dict_type": "a group of keys",
    "model_type": "a group of keys",
    "model_attributes_type": "a group of keys",
    "date_type": "a date",
}


def _misfit(group: list[Wrong], depth: int) -> tuple[bool, bool, int]:
    """How badly an alternative fits: the kind of value counts most, then a closed list of words."""
    length = group[0].tags[depth][0]
    here = [wrong for wrong in group if len(wrong.path) == length]
    return (
        any(wrong.kind in _WRONG_KIND or (wrong.kind == "literal_error" and not _is_word(wrong)) for wrong in here),
        any(wrong.kind == "literal_error" for wrong in here),
        len(group),
    )


def _is_word(wrong: Wrong) -> bool:
    return isinstance(wrong.value, str | int)


def _explain(wrong: Wrong) -> tuple[str, str, str]:
    """Give code, message and hint."""
    name, value, about = wrong.name, wrong.value, _about(wrong.path)
    match wrong.kind:
        case "missing":
            return "RG120", f"key {quote(wrong.loc[-1])} is missing{_inside_of(wrong.path)}", ""
        case "extra_forbidden":
            return (
                "RG121",
                f"unknown key {quote(name)}{about}",
                did_you_mean(name, _known_keys(wrong.loc[:-1])),
            )
        case "literal_error":
            return _not_a_choice(wrong)
        case "string_pattern_mismatch":
            return "RG124", *_wrong_form(wrong)
        case (
            "string_too_long" | "string_too_short" | "too_short" | "too_long" | "greater_than_equal" | "less_than_equal"
        ):
            return "RG125", f"{quote(name)}{about} {_OUT_OF_RANGE[wrong.kind].format_map(wrong.context)}", ""
        case "value_error":
            return "RG126", f"{wrong.context.get('error', wrong.message)}{_inside_of(wrong.path)}", ""
        case kind if kind in _WRONG_KIND:
            wanted = list(dict.fromkeys(_wanted(each) for each in (wrong, *wrong.alternatives)))
            message = f"{quote(name)}{about} must be {' or '.join(wanted)}, not {kind_of(value)}"
            return "RG122", message, _quote_it(value, wanted)
        case kind if kind.startswith("date"):
            return "RG124", f"{_glimpse(value)} is not a date", "write year-month-day: 2027-06-03"
        case _:
            return "RG122", f"{quote(name)}{about}: {wrong.message[:1].lower()}{wrong.message[1:]}", ""


_OUT_OF_RANGE = {
    "string_too_long": "is longer than {max_length} characters",
    "string_too_short": "is empty",
    "too_short": "needs at least {min_length}",
    "too_long": "has more than {max_length}",
    "greater_than_equal": "must be at least {ge}",
    "less_than_equal": "must be at most {le}",
}


def _about(path: Loc) -> str:
    """Say which part a key belongs to: " of step 'f0-startnota'"."""
    match path:
        case (
            (
                "steps" | "roles" | "phases" | "tracks" | "anchors" | "questions" | "bodies" | "lists" | "calendars"
            ) as kind,
            str(id_),
            _,
            *_,
        ):
            one = {"bodies": "body"}.get(kind, str(kind)[:-1])
            return f" of {one} {quote(id_)}"
        case ("notices", _, *_):
            return " of the notices"
        case _:
            return ""


def _inside_of(path: Loc) -> str:
    """Say in which part something is missing: " in 'gate' of step 'f0-go-besluit'"."""
    words = [each for each in path if isinstance(each, str)]
    if not words:
        return ""
    about = _about((*path, ""))
    return about.replace(" of ", " in ", 1) if len(words) == 2 and about else f" in {quote(words[-1])}{about}"


def _wanted(wrong: Wrong) -> str:
    if wrong.kind == "literal_error":
        return str(wrong.context.get("expected", ""))
    if wrong.kind == "string_pattern_mismatch":
        return "a text"
    # a group of texts by language is mostly written as one text
    return "a text" if wrong.context.get("class_name") == "Words" else _WRONG_KIND.get(wrong.kind, "something else")


def _quote_it(value: Value, wanted: list[str]) -> str:
    if "a text" in wanted and isinstance(value, bool):
        return "put it between quotes to make it a text"
    if value is None:
        return "write a value after the ':', or leave the key out"
    return next((_HOW[each] for each in wanted if each in _HOW), "")


_HOW = {
    "a text": "write one text",
    "a list": "write a list: [a, b]",
    "a group of keys": "write keys, each with a value: {key: value}",
    "a number": "write a whole number",
    "true or false": "write true or false",
    "a date": "write year-month-day: 2027-06-03",
}


def _not_a_choice(wrong: Wrong) -> tuple[str, str, str]:
    expected = str(wrong.context.get("expected", ""))
    if wrong.path == ("regie",):
        return (
            "RG123",
            f"this file has format {_glimpse(wrong.value)}; this version of Regie reads format 1",
            "write: regie: 1",
        )
    choices = re.findall(r"'([^']*)'", expected)
    if not _is_word(wrong):
        return (
            "RG122",
            f"{quote(wrong.name)}{_about(wrong.path)} must be {expected}, not {kind_of(wrong.value)}",
            "",
        )
    message = f"{quote(wrong.name)}{_about(wrong.path)} cannot be {_glimpse(wrong.value)}"
    return "RG123", message, f"one of: {', '.join(choices) or expected}"


def _wrong_form(wrong: Wrong) -> tuple[str, str]:
    pattern = wrong.context.get("pattern")
    also = [each for each in wrong.alternatives if each.kind == "literal_error"]
    or_else = "".join(f"; or {each.context.get('expected', '')}" for each in also)
    text = wrong.path[-1] if wrong.on_key and wrong.path else wrong.value
    match pattern:
        case str() if pattern == SPAN_PATTERN:
            return (
                f"{_glimpse(text)} is not a length of time",
                f"a number and wd, d, w, m or y: 15wd, 6w{or_else}",
            )
        case str() if pattern == ID_PATTERN:
            return (
                f"{_glimpse(text)} is not an id",
                "a letter, then letters, digits and single hyphens: f0-startnota",
            )
        case str() if "yaml" in pattern:
            return (
                f"{_glimpse(text)} is not the name of a file in this folder",
                "like fase-0.yaml, without a path",
            )
        case str() if pattern.endswith("w$"):
            return f"{_glimpse(text)} is not a number of weeks", "like 1w or 2w"
        case _:
            return f"{_glimpse(text)} is not a date", "2027-06-03, or each year: 06-03"


def _glimpse(value: Value) -> str:
    return quote(value) if isinstance(value, str | int | bool) else kind_of(value)


def _known_keys(loc: Iterable[str | int]) -> list[str]:
    """List the keys that the part at ``loc`` of the schema may have."""
    options: list[Any] = [WorkflowPart]
    for each in loc:
        options = [inner for option in options for inner in _inside(option, each)] or options
    return [
        field.alias or name for option in options if _is_part(option) for name, field in option.model_fields.items()
    ]


def _is_part(option: Any) -> bool:
    return isinstance(option, type) and issubclass(option, BaseModel)


def _inside(option: Any, key: str | int) -> list[Any]:
    """Give the types that a value under ``key`` of this type may have; nothing when it has no such key."""
    if _is_part(option):
        if option.__name__ == key:
            return [option]
        return [
            inner
            for name, field in option.model_fields.items()
            if (field.alias or name) == key
            for inner in _unfold(field.annotation)
        ]
    arguments = get_args(option)
    match get_origin(option):
        case origin if origin is dict:
            return _unfold(arguments[1])
        case origin if origin is list and isinstance(key, int):
            return _unfold(arguments[0])
        case _:
            return []


def _unfold(annotation: Any) -> list[Any]:
    """Take a type apart into its alternatives, without what was added about them."""
    origin = get_origin(annotation)
    if origin is Annotated:
        return _unfold(get_args(annotation)[0])
    if origin in (Union, types.UnionType):
        return [inner for each in get_args(annotation) for inner in _unfold(each)]
    return [annotation]
