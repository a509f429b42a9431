"""The file that a backup is written to, for what somebody named."""

from __future__ import annotations

import pytest

from fitglue_registry.errors import UserMistake


def test_a_backup_in_a_folder_is_named_after_the_moment(host, clock, tmp_path):
    """A folder gets a new file, whose name has the moment in it."""
    expected = tmp_path / f"fitglue-backup-{clock.now():%Y%m%d-%H%M%S}.zip"
    assert host.backups.file_for(str(tmp_path)) == expected


def test_a_backup_without_a_name_lies_in_the_folder_of_the_process(host, tmp_path, monkeypatch):
    """Where nothing is named, the file lies where the process is."""
    monkeypatch.chdir(tmp_path)
    assert host.backups.file_for().parent == tmp_path


def test_a_file_is_taken_as_it_is_named(host, tmp_path):
    """A name that ends as a file's is that file."""
    assert host.backups.file_for(str(tmp_path / "mine.zip")) == tmp_path / "mine.zip"


@pytest.mark.parametrize("name", ["usb/", "usb"])
def test_a_folder_that_is_not_there_is_refused(host, tmp_path, name):
    """A disk that is not mounted must not become a folder or a file of its name."""
    with pytest.raises(UserMistake) as raised:
        host.backups.file_for(f"{tmp_path}/{name}")
    assert raised.value.code == "FG-backup-not-written"
