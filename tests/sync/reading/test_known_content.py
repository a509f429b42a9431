"""Tests of content that the store has: at another place it is hashed, and not decoded again."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import sqlalchemy as sa

from fitglue_registry.store.tables import locations, parts, quarantine, source_activities
from tests.sync.builders import finished
from tests.sync.natural import natural
from tests.sync.reading.readers import Folder
from tests.sync.reading.test_read_files import DIES, ids_of

if TYPE_CHECKING:
    from tests.sync.reading.readers import Folder


@pytest.fixture
def decoded(folder):
    """Return a function that returns how often a noting script was decoded."""
    return lambda: len((folder.path / "decoded").read_text())


def noting(folder: Folder, more: str = "") -> str:
    """Return a script with an id of its own that notes when it is decoded."""
    return f"# id same\nopen({str(folder.path / 'decoded')!r}, 'a').write('x')\n{more}"


def add(folder: Folder, name: str, script: str) -> None:
    (folder.path / f"{name}.script").write_text(script)


def rename(folder: Folder, before: str, after: str) -> None:
    (folder.path / f"{before}.script").rename(folder.path / f"{after}.script")


def change(host, statement) -> None:
    with host.workspace.database.write() as db:
        db.execute(statement)


def test_known_content_at_another_place_is_not_decoded(folder, host, decoded):
    """A file that was renamed is recognized by its content, and the store stays as it is."""
    add(folder, "a", noting(folder))
    finished(host)
    before = natural(host)
    rename(folder, "a", "b")
    counts = finished(host)
    assert (decoded(), counts.get("new", 0), counts.get("changed", 0)) == (1, 0, 0)
    assert natural(host) == before


def test_the_other_place_is_known_from_then_on(folder, host, decoded):
    """The new place of known content is stored with its record, and not read again."""
    add(folder, "a", noting(folder))
    finished(host)
    rename(folder, "a", "b")
    finished(host)
    folder.forget_readers()
    finished(host)
    with host.workspace.database.read() as db:
        rows = db.execute(sa.select(locations.c.key, locations.c.external_ids))
        stored = {row.key: row.external_ids for row in rows}
    assert stored == {"a": '["same"]', "b": '["same"]'}
    assert (folder.readers(), decoded()) == ({}, 1)


def test_other_content_of_the_same_size_is_decoded(folder, host, decoded):
    """Content that has the id and the size of known content, but other bytes, is decoded."""
    add(folder, "a", noting(folder, "# 1"))
    finished(host)
    rename(folder, "a", "b")
    add(folder, "b", noting(folder, "# 2"))
    finished(host)
    assert decoded() == 2


def test_another_version_of_the_plugin_decodes_known_content(folder, host, decoded):
    """Content that another version has read is decoded, because this one may read more in it."""
    add(folder, "a", noting(folder))
    finished(host)
    change(host, source_activities.update().values(plugin_version="0.1"))
    rename(folder, "a", "b")
    finished(host)
    assert decoded() == 2


def test_content_that_is_wanted_again_is_decoded(folder, host, decoded):
    """Content whose stored bytes are damaged is read as a whole at its new place."""
    add(folder, "a", noting(folder))
    finished(host)
    change(host, parts.update().where(parts.c.part == "file").values(state="wanted"))
    rename(folder, "a", "b")
    finished(host)
    assert decoded() == 2


def test_content_that_broke_a_worker_is_not_decoded_at_another_place(folder, host, decoded):
    """Content that has broken a worker stays in quarantine when its file is renamed, and breaks no
    other worker of the same version.
    """
    add(folder, "a", noting(folder, f"import os, signal; {DIES}"))
    finished(host)
    before = decoded()
    rename(folder, "a", "b")
    finished(host)
    codes = [record["code"] for record in host.records.quarantine()]
    assert (decoded(), codes, ids_of(host)) == (before, ["FG-plugin-died"], [])


@pytest.mark.parametrize("is_moved", [True, False])
def test_content_that_waits_for_its_zip_is_read_at_another_place(folder, host, decoded, is_moved):
    """Content that was not read because of slow files in its zip is read and released where it is a
    file of its own, whether the zip is still there or not.
    """
    add(folder, "a", noting(folder))
    finished(host)
    error = '{"code": "FG-zip-share"}'
    row = {"record_id": 1, "stage": "normalize", "error": error, "code": "FG-zip-share"}
    change(host, quarantine.insert().values(row | {"plugin_version": "1.0", "since": "2026"}))
    if is_moved:
        rename(folder, "a", "b")
    else:
        add(folder, "b", noting(folder))
    finished(host)
    assert (decoded(), host.records.quarantine()) == (2, [])
