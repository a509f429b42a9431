"""Tests of the folder: one file for each delivery, and nothing else is touched."""

from __future__ import annotations

import dataclasses
import errno
import hashlib
import os
import sys

import pytest

from fitglue_destinations.folder import contents
from fitglue_formats import activities
from fitglue_formats.testing import ride_file
from fitglue_registry import own_files
from fitglue_registry.errors import Retryable
from fitglue_registry.plugin_api import NotThere, Rejected, Sent

OTHER = b"another recording"
NAME = "2026-05-01-Ride-12.fit"


def changed(delivery, sent, **values):
    """Return the update of what was sent."""
    values = {"action": "update", "changed": frozenset({"title"}), "receipt": sent.receipt} | values
    return dataclasses.replace(delivery, **values)


def original(delivery, content):
    """Return a delivery whose original file has another content."""
    sha256 = hashlib.sha256(content).hexdigest()
    file = dataclasses.replace(delivery.file, content=content, sha256=sha256)
    return dataclasses.replace(delivery, file=file)


def test_a_new_delivery_writes_one_file(delivery, deliver, folder, names):
    """The original file is written byte for byte, under the name of the template."""
    sent = deliver(delivery())
    assert names() == [NAME]
    assert (folder / NAME).read_bytes() == ride_file()
    assert sent.receipt.remote_id == NAME
    assert sent.receipt.url == (folder / NAME).as_uri()
    assert not sent.existed


def test_a_file_is_recognized_in_the_form_of_the_source(delivery, deliver):
    """The identity is the claim with which fitglue-files reads the same file."""
    digest = hashlib.sha256(ride_file()).hexdigest()
    assert deliver(delivery()).identities == (f"file:sha256:{digest}#0",)


def test_the_leg_of_an_event_is_recognized_as_its_own_leg(delivery, deliver, activity):
    """The original file of a multisport event contains all legs, and each has its own number."""
    sent = deliver(delivery(activity=activity(leg_no=2)))
    assert sent.identities[0].endswith("#2")


def test_a_name_that_is_taken_gets_a_number(delivery, deliver, folder, names):
    """The file of somebody else is as it was."""
    (folder / NAME).write_bytes(OTHER)
    sent = deliver(delivery())
    assert sent.receipt.remote_id == "2026-05-01-Ride-12-2.fit"
    assert names() == ["2026-05-01-Ride-12-2.fit", NAME]
    assert (folder / NAME).read_bytes() == OTHER


def test_the_same_content_is_not_written_twice(delivery, deliver, folder, names):
    """What the athlete has there already is enough, and it still belongs to the athlete."""
    (folder / NAME).write_bytes(ride_file())
    sent = deliver(delivery())
    assert sent.existed
    assert names() == [NAME]
    answer = deliver(dataclasses.replace(delivery(), action="delete", receipt=sent.receipt))
    assert answer.code == "FG-file-not-ours"
    assert names() == [NAME]


def test_a_change_replaces_the_file_under_its_name(delivery, deliver, folder, names, activity):
    """The name stays, although the template would give another one."""
    settings = {"file_name": "{title}"}
    first = delivery(settings=settings)
    sent = deliver(first)
    update = changed(original(first, OTHER), sent, activity=activity(title="Evening ride"))
    again = deliver(update)
    assert names() == ["Morning ride.fit"]
    assert (folder / "Morning ride.fit").read_bytes() == OTHER
    assert again.receipt.data["sha256"] == hashlib.sha256(OTHER).hexdigest()


def test_a_file_that_the_athlete_changed_is_kept(delivery, deliver, folder):
    """Neither a change nor a deletion touches it, and both say so."""
    first = delivery()
    sent = deliver(first)
    (folder / NAME).write_bytes(b"the athlete's own version")
    for action in ("update", "delete"):
        answer = deliver(changed(original(first, OTHER), sent, action=action))
        assert answer.code == "FG-file-changed"
    assert (folder / NAME).read_bytes() == b"the athlete's own version"


def test_a_file_that_was_removed_does_not_return_with_a_change(delivery, deliver, folder, names):
    """The athlete has removed it for a reason; sending it again is asked for."""
    first = delivery()
    sent = deliver(first)
    (folder / NAME).unlink()
    assert deliver(changed(first, sent)).code == "FG-file-removed"
    assert names() == []
    again = deliver(dataclasses.replace(first, receipt=sent.receipt))
    assert isinstance(again, Sent)
    assert names() == [NAME]


def test_sending_again_replaces_the_file(delivery, deliver, folder, names):
    """A second complete delivery makes no second file."""
    first = delivery()
    sent = deliver(first)
    again = deliver(original(dataclasses.replace(first, receipt=sent.receipt), OTHER))
    assert again.receipt.remote_id == NAME
    assert names() == [NAME]
    assert (folder / NAME).read_bytes() == OTHER


def test_a_change_without_samples_does_not_replace_a_file_with_samples(
    delivery, deliver, folder, activity
):
    """Whatever the reason is that they are missing, nothing is lost."""
    first = delivery()
    sent = deliver(first)
    data = {**sent.receipt.data, "sampled": "yes"}
    receipt = dataclasses.replace(sent.receipt, data=data)
    update = changed(original(first, OTHER), sent, receipt=receipt, activity=activity(streams=()))
    assert deliver(update).code == "FG-samples-missing"
    assert (folder / NAME).read_bytes() == ride_file()


def test_a_deletion_removes_the_file_once(delivery, deliver, names):
    """If it has gone already, that is what was wanted."""
    first = delivery()
    sent = deliver(first)
    gone = dataclasses.replace(first, action="delete", receipt=sent.receipt)
    assert isinstance(deliver(gone), Sent)
    assert names() == []
    assert isinstance(deliver(gone), Sent)


# -- the folder ------------------------------------------------------------------------------------


def test_a_folder_that_does_not_exist_is_not_created(delivery, deliver, folder):
    """The files of a disk that is not mounted must not end up on another one."""
    folder.rmdir()
    with pytest.raises(Retryable) as raised:
        deliver(delivery())
    assert raised.value.code == "FG-folder-missing"
    assert not folder.exists()


@pytest.mark.parametrize("place", ["folder", "subfolder"])
def test_nothing_is_written_through_a_link(delivery, deliver, folder, tmp_path, place):
    """A link in the place of the folder, or of a subfolder, could lead anywhere."""
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    if place == "folder":
        folder.rmdir()
        folder.symlink_to(elsewhere)
    else:
        (folder / "2026").symlink_to(elsewhere)
    with pytest.raises(Retryable) as raised:
        deliver(delivery(settings={"file_name": "{year}/{date}"}))
    assert raised.value.code == "FG-folder-unusable"
    assert list(elsewhere.iterdir()) == []


def test_a_link_in_the_place_of_the_file_is_neither_followed_nor_replaced(
    delivery, deliver, folder, tmp_path
):
    """The new file gets a number, and the link stays."""
    target = tmp_path / "target"
    target.write_bytes(OTHER)
    (folder / NAME).symlink_to(target)
    assert deliver(delivery()).receipt.remote_id == "2026-05-01-Ride-12-2.fit"
    assert (folder / NAME).is_symlink()
    assert target.read_bytes() == OTHER


def test_an_update_does_not_follow_a_link_that_took_the_place_of_the_file(
    delivery, deliver, folder, tmp_path
):
    """Even if the target has the content that was written."""
    first = delivery()
    sent = deliver(first)
    target = tmp_path / "target"
    (folder / NAME).rename(target)
    (folder / NAME).symlink_to(target)
    assert deliver(changed(original(first, OTHER), sent)).code == "FG-file-changed"
    assert target.read_bytes() == ride_file()


@pytest.mark.parametrize("name", ["../secret", "/etc/passwd", "a/../../b", "", "a\0b"])
def test_a_receipt_that_leads_out_of_the_folder_leads_nowhere(delivery, deliver, tmp_path, name):
    """Somebody may have changed the database: no file outside of the folder is touched."""
    secret = tmp_path / "secret"
    secret.write_bytes(OTHER)
    first = delivery()
    sent = deliver(first)
    data = {**sent.receipt.data, "file": name, "sha256": hashlib.sha256(OTHER).hexdigest()}
    receipt = dataclasses.replace(sent.receipt, data=data)
    answer = deliver(dataclasses.replace(first, action="delete", receipt=receipt))
    assert answer.code == "FG-file-removed"
    assert secret.read_bytes() == OTHER


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EROFS, errno.EIO])
def test_a_disk_that_cannot_be_written_leaves_nothing(
    delivery, deliver, names, monkeypatch, number
):
    """The delivery is tried again later, and then there is one file."""

    def fail(handle: int) -> None:
        raise OSError(number, os.strerror(number))

    with monkeypatch.context() as patch:
        patch.setattr("fitglue_registry.unfinished_files.os.fsync", fail)
        with pytest.raises(Retryable) as raised:
            deliver(delivery())
    assert raised.value.code == "FG-folder-not-written"
    assert names() == []
    deliver(delivery())
    assert names() == [NAME]


# -- what a killed process leaves ------------------------------------------------------------------


def test_what_was_never_written_is_not_there(delivery, find):
    """It is sent again then."""
    assert find(delivery()) == NotThere()


def test_what_was_written_is_found_without_a_receipt(delivery, deliver, find):
    """The host was killed before it could store the receipt: nothing is written again."""
    sent = deliver(delivery())
    assert find(delivery()) == sent


def test_it_is_found_although_the_workout_has_changed_since(delivery, deliver, find, activity):
    """The note says what was written, whatever would be written now."""
    sent = deliver(delivery(settings={"file_name": "{number}"}))
    now = original(delivery(settings={"file_name": "{number}"}), OTHER)
    found = find(dataclasses.replace(now, activity=activity(title="Other")))
    assert found.receipt == sent.receipt
    assert found.identities == sent.identities


def test_it_is_found_without_the_cache(delivery, deliver, find, connection):
    """The writers always write the same bytes, so the content is enough."""
    sent = deliver(delivery())
    connection.cache = None
    assert find(delivery()) == sent


def test_a_second_attempt_without_the_question_writes_no_second_file(delivery, deliver, names):
    """Even then, the content that is there is enough."""
    deliver(delivery())
    deliver(delivery())
    assert names() == [NAME]


def test_a_change_that_was_cut_off_is_found_by_what_is_there(delivery, deliver, find, monkeypatch):
    """Before the file was replaced, the change is not there; afterwards, it is."""
    first = delivery()
    update = changed(original(first, OTHER), deliver(first))
    with monkeypatch.context() as patch:
        patch.setattr("fitglue_destinations.folder.delivering.replace_file", _killed)
        with pytest.raises(KeyboardInterrupt):
            deliver(update)
    assert find(update) == NotThere()
    sent = deliver(update)
    assert find(update) == sent


def _killed(*_: object) -> None:
    raise KeyboardInterrupt


def test_a_deletion_that_was_cut_off_is_found(delivery, deliver, find, folder):
    """As long as the file is there, it was not removed."""
    first = delivery()
    gone = dataclasses.replace(first, action="delete", receipt=deliver(first).receipt)
    assert find(gone) == NotThere()
    (folder / NAME).unlink()
    assert isinstance(find(gone), Sent)


def test_notes_do_not_become_many(delivery, deliver, connection):
    """Only what was under way needs a note."""
    for number in range(70):
        deliver(delivery(external_id=f"d-{number}", number=number, content=b"%d" % number))
    assert len(list((connection.cache / "folder-notes").iterdir())) <= 64


# -- formats ---------------------------------------------------------------------------------------


def test_an_unknown_format_is_rejected_with_those_that_exist(delivery, deliver):
    """The answer lists what can be set."""
    answer = deliver(delivery(settings={"format": "kml"}))
    assert isinstance(answer, Rejected)
    assert answer.code == "FG-format-unknown"
    assert "fit, gpx, tcx" in answer.fix


@pytest.mark.parametrize("file_format", ["fit", "gpx", "tcx", "json", "csv", "parquet"])
def test_the_same_delivery_always_has_the_same_bytes(delivery, deliver, names, file_format):
    """Without this, a file that a killed process has written could not be recognized."""
    ride = delivery(settings={"format": file_format})
    first = deliver(ride)
    assert names() == [f"2026-05-01-Ride-12.{file_format}"]
    assert contents.content_of(ride, file_format).sha256 == first.receipt.data["sha256"]
    assert first.receipt.data["sampled"] == "yes"


@pytest.mark.parametrize("file_format", ["fit", "gpx", "tcx"])
def test_what_was_written_is_recognized_when_it_is_read(delivery, deliver, folder, file_format):
    """The identities are among the claims of a source that reads the folder."""
    ride = delivery(settings={"format": file_format})
    sent = deliver(ride)
    content = (folder / sent.receipt.remote_id).read_bytes()
    [read] = activities(content)
    assert set(sent.identities) <= set(read.claims)


def test_an_original_that_no_source_has_is_made_as_fit(delivery, deliver, names):
    """Each workout is in the folder, whatever its sources have."""
    deliver(delivery(file=None))
    assert names() == [NAME]


def test_a_library_that_is_missing_is_named_with_how_to_install_it(delivery, deliver, monkeypatch):
    """The delivery is rejected with the command, and other formats work."""
    monkeypatch.setitem(sys.modules, "garmin_fit_sdk", None)
    for name in [name for name in sys.modules if name.startswith("fitglue_formats.writing.fit")]:
        monkeypatch.delitem(sys.modules, name)
    answer = deliver(delivery(settings={"format": "fit"}))
    assert isinstance(answer, Rejected)
    assert answer.code == "FG-extra-missing"
    assert answer.fix == "pip install 'fitglue-formats[fit-write]'"


def test_an_activity_that_a_format_cannot_hold_is_rejected(delivery, deliver, activity, names):
    """The reason says what is missing."""
    streams = activity().streams[:2]
    answer = deliver(delivery(settings={"format": "gpx"}, activity=activity(streams=streams)))
    assert answer.code == "FG-gpx-without-positions"
    assert names() == []


def test_the_serial_number_of_a_fit_file_is_made_from_the_delivery():
    """It fits into 32 bits, is never the number that means none, and differs between deliveries."""
    serials = {contents.serial_of(f"d-{number}") for number in range(1000)}
    assert len(serials) == 1000
    assert all(0 < serial < (1 << 32) - 1 for serial in serials)


def test_a_pipe_is_not_waited_for(folder):
    """A FIFO in the place of a file is something else, and has no content."""
    os.mkfifo(folder / "pipe")
    assert own_files.hash_of(folder / "pipe") is None
    added = own_files.add_file(folder / "pipe", b"x")
    assert added.path == folder / "pipe-2"
