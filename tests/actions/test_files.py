"""Files that prove a step: kept whole or not at all, on both databases; T33 and T35."""

from __future__ import annotations

import errno
import io
import os
import tracemalloc
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, BinaryIO

import pytest
from sqlalchemy import Engine
from sqlalchemy import event as sqlalchemy_event

from regie.actions.apply_event import Applied, preview_event
from regie.actions.clean_up_files import Compared, clean_up_files, compare_files
from regie.actions.close_traject import close_traject
from regie.actions.hand_over_files import hand_over_files, preview_with_files
from regie.actions.remove_file import remove_file
from regie.core.events import StepFinished, StepReopened, StepStarted
from regie.core.ids import OccurrenceKey, StepId
from regie.errors import Incomplete, Refused, RegieError
from regie.failpoints import FailpointReached, set_failpoints
from regie.store.file_bytes import FileRoom
from regie.store.files import StoredFile, list_files
from regie.store.history import erase_words, list_history, verify
from regie.store.session import in_transaction, read_scope
from regie.store.trajects import load_traject
from regie.uploads import Upload
from tests.reliability.conftest import AUDIT_KEY, START, Town, moment, settle_in
from tests.store.world import at_once
from tests.support.documents import JPEG, PDF, PNG, office, pdf_of

A, B = OccurrenceKey(StepId("a")), OccurrenceKey(StepId("b"))
LIMIT = 1024 * 1024
NOW = moment(START)


def upload(name: str = "besluit.pdf", content: bytes = PDF) -> Upload:
    return Upload(name, io.BytesIO(content))


@pytest.fixture
def town(engine: Engine) -> Town:
    return settle_in(engine)


@pytest.fixture
def room(tmp_path: Path) -> FileRoom:
    return FileRoom(tmp_path / "bestanden", LIMIT)


@pytest.fixture
def traject_id(town: Town) -> int:
    return town.starts()


@pytest.fixture(autouse=True)
def _off_again() -> Iterator[None]:
    yield
    set_failpoints({})


def hands_over(town: Town, room: FileRoom, traject_id: int, *uploads: Upload, **more: Any) -> Applied:
    event = StepFinished(key=more.pop("key", A), by="maker", evidence=more.pop("evidence", ()))
    return hand_over_files(town.context, room, traject_id, event, uploads, NOW, **more)


def files(town: Town, traject_id: int) -> tuple[StoredFile, ...]:
    with read_scope(town.engine) as session:
        return list_files(session, traject_id)


def evidence_of(town: Town, traject_id: int, key: OccurrenceKey = A) -> tuple[str, ...]:
    with read_scope(town.engine) as session:
        traject = load_traject(session, traject_id, town.context.shelf, for_change=False)
    return traject.cycles[0].occurrences[key].evidence


def on_disk(room: FileRoom) -> list[str]:
    return sorted(each.name for each in room.folder.rglob("*") if each.is_file())


def refused_with(attempt: Callable[[], object]) -> str:
    with pytest.raises(RegieError) as refused:
        attempt()
    return refused.value.code


# --- kept --------------------------------------------------------------------------------------------


def test_files_are_kept_with_the_step_that_they_prove(town: Town, room: FileRoom, traject_id: int) -> None:
    hands_over(town, room, traject_id, upload("../../Besluit.pdf"), upload("foto.jpg", JPEG), evidence=("https://z/1",))

    first, second = files(town, traject_id)
    assert evidence_of(town, traject_id) == ("https://z/1", f"bestand:{first.id}", f"bestand:{second.id}")
    assert (first.name, first.media_type, first.size) == ("Besluit.pdf", "application/pdf", len(PDF))
    assert (first.traject, first.key, first.uploaded_by, first.uploaded_at) == ("de-wilg", A, "maker", NOW)
    assert b"".join(room.read(second.id)) == JPEG
    assert on_disk(room) == sorted([first.id, second.id])


def test_what_is_kept_is_for_regie_alone(town: Town, room: FileRoom, traject_id: int) -> None:
    hands_over(town, room, traject_id, upload("kwaad.sh;.pdf"))

    (found,) = files(town, traject_id)
    path = room.path_of(found.id)
    assert path.stat().st_mode & 0o777 == 0o600
    assert room.folder.stat().st_mode & 0o777 == 0o700
    assert found.name not in str(path)


def test_history_seals_what_was_in_a_file_also_when_words_are_erased(
    town: Town, room: FileRoom, traject_id: int
) -> None:
    hands_over(town, room, traject_id, upload())
    (found,) = files(town, traject_id)
    with read_scope(town.engine) as session:
        entry = list_history(session, traject_id)[-1]
    in_transaction(town.engine, lambda session: erase_words(session, traject_id, entry.seq))

    with read_scope(town.engine) as session:
        after = list_history(session, traject_id)[-1]
        assert verify(session, AUDIT_KEY) == ()
    assert entry.payload["files"] == after.payload["files"] == {found.id: found.sha256}
    assert after.words == {}


def test_history_without_files_is_as_it_always_was(town: Town, traject_id: int) -> None:
    town.finishes(traject_id, "a", evidence=("zaak/1",))

    with read_scope(town.engine) as session:
        assert "files" not in list_history(session, traject_id)[-1].payload


def test_a_step_can_begin_with_a_file_and_name_it_again_when_it_is_done(
    town: Town, room: FileRoom, traject_id: int
) -> None:
    hand_over_files(town.context, room, traject_id, StepStarted(key=A, by="maker"), [upload()], NOW)
    (found,) = files(town, traject_id)

    town.finishes(traject_id, "a", evidence=(f"bestand:{found.id}",))

    assert evidence_of(town, traject_id) == (f"bestand:{found.id}",) * 2


def test_the_same_name_twice_is_two_files(town: Town, room: FileRoom) -> None:
    trajects = [town.starts(f"traject-{number}") for number in range(4)]

    at_once([lambda each=each: hands_over(town, room, each, upload(content=pdf_of(200 + each))) for each in trajects])

    kept = [files(town, each)[0] for each in trajects]
    assert {each.name for each in kept} == {"besluit.pdf"}
    assert len({each.id for each in kept}) == 4
    assert all(b"".join(room.read(found.id)) == pdf_of(200 + each) for found, each in zip(kept, trajects, strict=True))


def test_of_two_people_at_once_one_is_first_and_the_other_keeps_nothing(
    town: Town, room: FileRoom, traject_id: int
) -> None:
    def attempt() -> str:
        try:
            hands_over(town, room, traject_id, upload())
        except RegieError as error:
            return error.code
        return "kept"

    assert sorted(at_once([attempt, attempt])) == ["kept", "transition-refused"]
    (found,) = files(town, traject_id)
    assert on_disk(room) == [found.id]


def test_the_same_request_twice_keeps_the_files_of_the_first(town: Town, room: FileRoom, traject_id: int) -> None:
    hands_over(town, room, traject_id, upload(), request_id="druk-1")
    again = hands_over(town, room, traject_id, upload(), request_id="druk-1")

    (found,) = files(town, traject_id)
    assert again.repeated
    assert on_disk(room) == [found.id]


# --- nothing half ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("second", "code"),
    [
        pytest.param(upload("x.svg", b"<svg/>"), "file-kind-unknown", id="kind"),
        pytest.param(upload("x.pdf", b"<html>"), "file-content-differs", id="content"),
        pytest.param(upload("x.pdf", b""), "file-empty", id="empty"),
        pytest.param(upload("x.pdf", pdf_of(LIMIT + 1)), "file-too-large", id="size"),
        pytest.param(upload("x.docx", office(word__vbaProject_dot_bin=b"x")), "file-has-macros", id="macros"),
    ],
)
def test_when_one_file_is_refused_nothing_is_kept(
    town: Town, room: FileRoom, traject_id: int, second: Upload, code: str
) -> None:
    before = town.everything()

    assert refused_with(lambda: hands_over(town, room, traject_id, upload(), second)) == code

    assert (town.everything(), files(town, traject_id), on_disk(room)) == (before, (), [])


@pytest.mark.parametrize(
    ("event", "code"),
    [
        pytest.param(StepFinished(key=B), "step-not-ready", id="not-ready"),
        pytest.param(StepFinished(key=OccurrenceKey(StepId("z"))), "unknown-step", id="no-step"),
        pytest.param(StepFinished(key=A, cycle=7), "unknown-cycle", id="no-cycle"),
        pytest.param(StepFinished(key=A, seen_version=99), "occurrence-changed", id="somebody-was-first"),
        pytest.param(StepFinished(key=A, evidence=("javascript:x",)), "evidence-unsafe", id="unsafe-link"),
        pytest.param(StepFinished(key=A, note="x\x00"), "control-character", id="text"),
    ],
)
def test_when_the_rules_say_no_nothing_is_kept(
    town: Town, room: FileRoom, traject_id: int, event: StepFinished, code: str
) -> None:
    before = town.everything()

    assert refused_with(lambda: hand_over_files(town.context, room, traject_id, event, [upload()], NOW)) == code

    assert (town.everything(), files(town, traject_id), on_disk(room)) == (before, (), [])


def test_a_preview_judges_and_keeps_nothing(town: Town, room: FileRoom, traject_id: int) -> None:
    before = town.everything()
    event = StepFinished(key=A, by="maker")

    changes = preview_with_files(town.context, room, traject_id, event, [upload()], NOW)
    code = refused_with(lambda: preview_with_files(town.context, room, traject_id, event, [upload("x.pdf", b"x")], NOW))

    assert changes.transitions[0].after.value == "done"
    assert code == "file-content-differs"
    assert (town.everything(), on_disk(room)) == (before, [])


# --- whose file it is --------------------------------------------------------------------------------


def test_a_reference_must_be_to_a_living_file_of_this_very_step(town: Town, room: FileRoom, traject_id: int) -> None:
    hands_over(town, room, traject_id, upload())
    (found,) = files(town, traject_id)
    reference = (f"bestand:{found.id}",)
    elsewhere = town.starts("elders")

    def finish(number: int, key: OccurrenceKey, evidence: tuple[str, ...]) -> Callable[[], object]:
        return lambda: town.happens(number, StepFinished(key=key, evidence=evidence))

    assert refused_with(finish(traject_id, B, reference)) == "file-of-another-step"
    assert refused_with(finish(elsewhere, A, reference)) == "no-such-file"
    assert refused_with(finish(traject_id, B, ("bestand:weg",))) == "no-such-file"
    with pytest.raises(Refused) as refused:
        preview_event(town.context, traject_id, StepFinished(key=B, evidence=reference), NOW)
    assert refused.value.code == "file-of-another-step"

    town.happens(traject_id, StepReopened(key=A, reason="fout", also=()))
    remove_file(town.context, room, found.id, NOW, by="baas", reason="verkeerd bestand")
    assert refused_with(finish(traject_id, A, reference)) == "file-removed"


# --- removing ----------------------------------------------------------------------------------------


def test_removing_takes_the_bytes_and_leaves_row_seal_and_record(town: Town, room: FileRoom, traject_id: int) -> None:
    hands_over(town, room, traject_id, upload())
    (found,) = files(town, traject_id)

    gone = remove_file(town.context, room, found.id, NOW, by="baas", reason="er stond een naam in")

    assert gone == replace(found, removed_at=NOW, removed_by="baas")
    assert on_disk(room) == []
    with read_scope(town.engine) as session:
        entry = list_history(session, traject_id)[-1]
        assert verify(session, AUDIT_KEY) == ()
    assert (entry.event, entry.by, entry.words) == ("FileRemoved", "baas", {"reason": "er stond een naam in"})
    assert entry.payload["event"] == {"key": ["a", ""], "file": found.id, "sha256": found.sha256}
    assert evidence_of(town, traject_id) == (f"bestand:{found.id}",)
    assert compare_files(town.context, room) == Compared(0, (), (), ())


def test_the_name_of_a_file_can_be_erased_with_it_or_later(town: Town, room: FileRoom, traject_id: int) -> None:
    hands_over(town, room, traject_id, upload("rapport J. Jansen.pdf"), upload("verslag J. Jansen.pdf"))
    first, second = files(town, traject_id)

    def remove(file_id: str, **more: bool) -> StoredFile:
        return remove_file(town.context, room, file_id, NOW, by="baas", reason="op verzoek", **more)

    remove(first.id, erase_name=True)
    remove(second.id)
    remove(second.id, erase_name=True)

    assert [each.name for each in files(town, traject_id)] == ["", ""]
    assert refused_with(lambda: remove(second.id, erase_name=True)) == "file-removed"
    assert "Jansen" not in repr(town.everything())
    with read_scope(town.engine) as session:
        assert "Jansen" not in repr(list_history(session, traject_id))


def test_a_file_of_a_cycle_that_has_ended_can_be_removed(town: Town, room: FileRoom, traject_id: int) -> None:
    hands_over(town, room, traject_id, upload())
    (found,) = files(town, traject_id)
    close_traject(town.context, traject_id, "klaar", NOW, by="lead")

    remove_file(town.context, room, found.id, NOW, by="baas", reason="op verzoek")

    assert on_disk(room) == []
    with read_scope(town.engine) as session:
        assert verify(session, AUDIT_KEY) == ()


@pytest.mark.parametrize(
    ("file_id", "reason", "code"),
    [("weg", "fout", "no-such-file"), ("", "  ", "reason-missing"), ("", "x\x00", "control-character")],
)
def test_a_removal_that_is_refused_changes_nothing(
    town: Town, room: FileRoom, traject_id: int, file_id: str, reason: str, code: str
) -> None:
    hands_over(town, room, traject_id, upload())
    (found,) = files(town, traject_id)
    before = town.everything()

    def attempt() -> StoredFile:
        return remove_file(town.context, room, file_id or found.id, NOW, by="baas", reason=reason)

    assert refused_with(attempt) == code
    assert (town.everything(), on_disk(room)) == (before, [found.id])


def test_of_two_removals_at_once_one_is_recorded(town: Town, room: FileRoom, traject_id: int) -> None:
    hands_over(town, room, traject_id, upload())
    (found,) = files(town, traject_id)

    def attempt() -> str:
        try:
            remove_file(town.context, room, found.id, NOW, by="baas", reason="weg")
        except RegieError as error:
            return error.code
        return "removed"

    assert sorted(at_once([attempt, attempt])) == ["file-removed", "removed"]


# --- crashes -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("point", "rows", "left"),
    [
        ("file.after_write", 0, 1),
        ("file.after_rename", 0, 1),
        ("sweep.before_commit", 0, 1),
        ("file.after_commit", 1, 1),
    ],
)
def test_a_crash_leaves_at_most_bytes_that_the_clean_up_finds(
    town: Town, room: FileRoom, traject_id: int, point: str, rows: int, left: int
) -> None:
    before = town.everything()
    set_failpoints({point: "raise"})
    with pytest.raises(FailpointReached):
        hands_over(town, room, traject_id, upload())
    set_failpoints({})

    compared = compare_files(town.context, room)

    assert (len(files(town, traject_id)), len(on_disk(room))) == (rows, left)
    assert (compared.missing, compared.differing, len(compared.orphans)) == ((), (), left - rows)
    assert (town.everything() == before) is (rows == 0)
    for each in room.folder.rglob("*"):
        os.utime(each, (NOW.timestamp(), NOW.timestamp()))
    orphans = compare_files(town.context, room).orphans
    assert clean_up_files(town.context, room, NOW + timedelta(days=1)) == ()
    assert clean_up_files(town.context, room, NOW + timedelta(days=1, minutes=1)) == orphans
    assert len(on_disk(room)) == rows
    if not rows:
        hands_over(town, room, traject_id, upload())
    assert len(files(town, traject_id)) == len(on_disk(room)) == 1


def test_a_crash_after_a_removal_leaves_bytes_that_may_go(town: Town, room: FileRoom, traject_id: int) -> None:
    hands_over(town, room, traject_id, upload())
    (found,) = files(town, traject_id)
    set_failpoints({"file.after_removed": "raise"})
    with pytest.raises(FailpointReached):
        remove_file(town.context, room, found.id, NOW, by="baas", reason="weg")

    assert [each.id for each in compare_files(town.context, room).orphans] == [found.id]


def test_when_nobody_knows_how_a_commit_ended_the_bytes_stay(town: Town, room: FileRoom, traject_id: int) -> None:
    def lose_the_answer(_connection: object) -> None:
        raise OSError("the line went dead")

    sqlalchemy_event.listen(town.engine, "commit", lose_the_answer)
    try:
        with pytest.raises(OSError, match="dead"):
            hands_over(town, room, traject_id, upload())
    finally:
        sqlalchemy_event.remove(town.engine, "commit", lose_the_answer)

    assert len(on_disk(room)) == 1


def test_bytes_that_are_gone_or_cut_are_found(town: Town, room: FileRoom, traject_id: int) -> None:
    hands_over(town, room, traject_id, upload(), upload("foto.png", PNG))
    gone, cut = files(town, traject_id)
    room.path_of(gone.id).unlink()
    os.truncate(room.path_of(cut.id), 3)

    compared = compare_files(town.context, room)

    assert (compared.files, compared.missing, compared.differing, compared.orphans) == (2, (gone.id,), (cut.id,), ())
    assert refused_with(lambda: room.open(gone.id)) == "file-bytes-missing"


def test_what_is_no_file_of_regie_is_left_alone(town: Town, room: FileRoom, traject_id: int) -> None:
    hands_over(town, room, traject_id, upload())
    (room.folder / "ab").mkdir(exist_ok=True)
    for strange in (room.folder / "README", room.folder / "ab" / "leesmij.txt", room.folder / "ab" / "xyzcd"):
        strange.write_text("van iemand anders")

    assert clean_up_files(town.context, room, datetime.max.replace(tzinfo=UTC)) == ()


# --- T35: no room, or a folder that cannot be written ------------------------------------------------


def no_room(*_: object) -> None:
    raise OSError(errno.ENOSPC, "No space left on device")


def half_written(file: BinaryIO, piece: bytes) -> None:
    file.write(piece[: len(piece) // 2])
    no_room()


@pytest.mark.parametrize(
    "broken",
    [{"write": half_written}, {"make_lasting": no_room}, {"rename": no_room}],
    ids=["write", "fsync", "rename"],
)
def test_a_full_disk_is_said_and_nothing_half_is_kept_and_it_works_again(
    town: Town, room: FileRoom, traject_id: int, broken: dict[str, Any]
) -> None:
    before = town.everything()

    with pytest.raises(Incomplete) as refused:
        hands_over(town, replace(room, **broken), traject_id, upload())

    assert refused.value.code == "files-full"
    assert (town.everything(), files(town, traject_id), on_disk(room)) == (before, (), [])
    hands_over(town, room, traject_id, upload())
    assert len(files(town, traject_id)) == len(on_disk(room)) == 1


def test_a_file_that_does_not_fit_takes_the_others_of_the_act_with_it(
    town: Town, room: FileRoom, traject_id: int
) -> None:
    written = iter((lambda file, piece: file.write(piece), half_written))
    room_for_one = replace(room, write=lambda file, piece: next(written)(file, piece))

    assert refused_with(lambda: hands_over(town, room_for_one, traject_id, upload(), upload())) == "files-full"

    assert (files(town, traject_id), on_disk(room)) == ((), [])


def test_a_folder_that_is_none_is_said(town: Town, room: FileRoom, traject_id: int) -> None:
    room.folder.write_text("geen map")

    assert refused_with(lambda: hands_over(town, room, traject_id, upload())) == "files-unwritable"

    assert files(town, traject_id) == ()


def test_bytes_are_never_put_in_the_place_of_others(room: FileRoom) -> None:
    room.put("abc", upload())

    room_path = room.path_of("abc")
    with pytest.raises(Incomplete):
        room.put("abc", upload(content=pdf_of(300)))

    assert room_path.read_bytes() == PDF


def test_memory_stays_flat_for_a_file_at_the_limit(town: Town, room: FileRoom, traject_id: int, tmp_path: Path) -> None:
    large = replace(room, most_bytes=10 * LIMIT)
    path = tmp_path / "groot.pdf"
    path.write_bytes(pdf_of(10 * LIMIT))
    event = StepFinished(key=A, by="maker")
    with path.open("rb") as source:
        tracemalloc.start()
        try:
            hand_over_files(town.context, large, traject_id, event, [Upload(path.name, source)], NOW)
            _, most = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()

    assert files(town, traject_id)[0].size == 10 * LIMIT
    assert most < 2 * LIMIT
