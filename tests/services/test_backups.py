"""The name of the file to which a backup is written."""

from __future__ import annotations

import pytest

from fitglue_registry import Host, Policy
from fitglue_registry.errors import UserMistake


def test_a_backup_in_a_folder_is_named_after_the_moment(host, clock, tmp_path):
    """In a folder, the new file is named after the current time."""
    expected = tmp_path / f"fitglue-backup-{clock.now():%Y%m%d-%H%M%S}.zip"
    assert host.backups.file_for(str(tmp_path)) == expected


def test_a_backup_without_a_name_lies_in_the_folder_of_the_process(host, tmp_path, monkeypatch):
    """Without a name, the file is in the working directory."""
    monkeypatch.chdir(tmp_path)
    assert host.backups.file_for().parent == tmp_path


def test_a_file_is_taken_as_it_is_named(host, tmp_path):
    """A name that is not a folder is the name of the file."""
    assert host.backups.file_for(str(tmp_path / "mine.zip")) == tmp_path / "mine.zip"


@pytest.mark.parametrize("name", ["usb/", "usb"])
def test_a_folder_that_is_not_there_is_refused(host, tmp_path, name):
    """A missing folder is refused, because it may be a disk that is not mounted."""
    with pytest.raises(UserMistake) as raised:
        host.backups.file_for(f"{tmp_path}/{name}")
    assert raised.value.code == "FG-backup-not-written"


def test_a_name_that_the_system_refuses_is_a_mistake(tmp_path):
    """A name for a backup that is too long is reported as a mistake, and not by a bare error."""
    with (
        Host(tmp_path / "home", policy=Policy.personal()) as host,
        pytest.raises(UserMistake) as caught,
    ):
        host.backups.file_for(str(tmp_path / ("n" * 300)))
    assert caught.value.code == "FG-path-unusable"
    assert caught.value.why == "File name too long"
