"""Tests of raw parts: the exact bytes are stored, compressed, and not stored twice."""

from __future__ import annotations

import gzip

import pytest
import sqlalchemy as sa

from fitglue_registry.plugin_api import Body
from fitglue_registry.store.blobs import MemoryBlobStore
from fitglue_registry.store.packing import pack
from fitglue_registry.store.raw_parts import RawStore, ReceivedPart
from fitglue_registry.store.tables import dictionaries, raw
from tests.store.conftest import summaries

NOW = "2026-06-15T12:00:00.000Z"


@pytest.mark.parametrize("content", [b"", b"{}", b"\0\xff\xfe", b"x" * 100_000])
def test_bytes_are_returned_as_received(library, raws, put, content):
    """The bytes of a part are returned exactly as they were received."""
    put(content)
    assert raws.newest(library.db, [put.record])[put.record] == {"summary": (Body(content), NOW)}


def test_gzip_is_kept_as_it_was_received(library, raws, put):
    """Bytes that were received as gzip are stored as gzip, and not compressed again."""
    wire = gzip.compress(b"streams" * 100)
    put(wire, "streams", "gzip")
    body, _ = raws.newest(library.db, [put.record])[put.record]["streams"]
    assert (body.content, body.read()) == (wire, b"streams" * 100)
    assert library.db.execute(sa.select(raw.c.packing, raw.c.content)).one() == ("verbatim", wire)


def test_the_same_bytes_once_more_are_not_kept_twice(library, put):
    """Storing the newest bytes of a part again returns the id of the existing row."""
    assert put(b"one") == put(b"one")
    assert library.db.scalar(sa.select(sa.func.count()).select_from(raw)) == 1


def test_old_summaries_are_kept_and_the_newest_is_read(library, raws, put):
    """Every revision of a summary is kept and the newest is read; a change back to an older one is
    a new revision.
    """
    for content in (b"one", b"two", b"one"):
        put(content)
    assert library.db.scalar(sa.select(sa.func.count()).select_from(raw)) == 3
    assert raws.newest(library.db, [put.record])[put.record]["summary"][0].content == b"one"


@pytest.mark.parametrize("part", ["streams", "file"])
def test_only_the_newest_streams_and_files_are_kept(library, raws, put, part):
    """Of streams and files, which are large, only the newest revision is kept."""
    put(b"one", part)
    put(b"two", part)
    assert library.db.scalar(sa.select(sa.func.count()).select_from(raw)) == 1
    assert raws.newest(library.db, [put.record])[put.record][part][0].content == b"two"


def test_an_original_file_is_in_the_blob_store(library, raws, put):
    """The bytes of an original file are in the blob store, and the table has only their hash."""
    put(b"FIT", "file")
    row = library.db.execute(sa.select(raw)).one()
    assert (row.packing, row.content, raws.blobs.get(row.sha256)) == ("blob", None, b"FIT")
    assert raws.used_blobs(library.db) == {row.sha256}
    assert raws.newest(library.db, [put.record])[put.record]["file"][0] == Body(b"FIT")


def test_a_gzipped_file_keeps_how_it_is_to_be_read(library, raws, put):
    """A file that was received as gzip is stored as gzip, and its row says so."""
    put(gzip.compress(b"FIT"), "file", "gzip")
    assert raws.newest(library.db, [put.record])[put.record]["file"][0].read() == b"FIT"


def test_only_one_part_is_read_where_only_one_is_asked_for(library, raws, put):
    """A query for one part of a record does not read its other parts."""
    put(b"summary")
    put(b"streams", "streams")
    assert set(raws.newest(library.db, [put.record], only="summary")[put.record]) == {"summary"}


# -- dictionaries ----------------------------------------------------------------------------------


def test_a_dictionary_makes_rows_small_and_gives_them_back(library, raws, put):
    """A dictionary that is trained on the first batch makes later rows smaller, and another process
    can unpack them.
    """
    raws.train(library.db, "intervals", "summary", summaries(200))
    row = summaries(300)[-1]
    put(row)
    kept = library.db.execute(sa.select(raw)).one()
    assert kept.dictionary_id is not None
    assert len(kept.content) < len(pack(row, "identity").content or b"") * 0.7
    assert (
        RawStore(MemoryBlobStore())
        .newest(library.db, [put.record])[put.record]["summary"][0]
        .content
        == row
    )


def test_a_dictionary_is_trained_once(library, raws):
    """A second dictionary for the same part is not trained, even by another process."""
    for _ in range(2):
        raws.train(library.db, "intervals", "summary", summaries(200))
        RawStore(MemoryBlobStore()).train(library.db, "intervals", "summary", summaries(100))
    assert library.db.scalar(sa.select(sa.func.count()).select_from(dictionaries)) == 1


def test_a_dictionary_of_a_transaction_that_failed_is_forgotten(sqlite, library_of):
    """A dictionary that was trained in a transaction that was rolled back is not used by the next
    one.
    """
    raws = RawStore(MemoryBlobStore())
    with sqlite.write() as db:
        raws.train(db, "intervals", "summary", summaries(200))
        db.rollback()
    raws.forget_dictionaries()
    with sqlite.write() as db:
        record = library_of(db).record()
        raws.put(db, "intervals", "summary", {record: ReceivedPart(Body(b"{}"), NOW)})
        assert db.scalar(sa.select(raw.c.dictionary_id)) is None
