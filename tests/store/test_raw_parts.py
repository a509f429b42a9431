"""Raw parts: the exact bytes that came, packed small, given back bit by bit, and not kept twice."""

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
def test_bytes_come_back_as_they_came(library, raws, put, content):
    """Whatever a source sent, byte by byte."""
    put(content)
    assert raws.newest(library.db, [put.record])[put.record] == {"summary": (Body(content), NOW)}


def test_gzip_is_kept_as_it_was_received(library, raws, put):
    """What came packed is not unpacked and packed again: its bytes are evidence."""
    wire = gzip.compress(b"streams" * 100)
    put(wire, "streams", "gzip")
    body, _ = raws.newest(library.db, [put.record])[put.record]["streams"]
    assert (body.content, body.read()) == (wire, b"streams" * 100)
    assert library.db.execute(sa.select(raw.c.packing, raw.c.content)).one() == ("verbatim", wire)


def test_the_same_bytes_once_more_are_not_kept_twice(library, put):
    """A part that was fetched again and did not change gives back its old number."""
    assert put(b"one") == put(b"one")
    assert library.db.scalar(sa.select(sa.func.count()).select_from(raw)) == 1


def test_old_summaries_are_kept_and_the_newest_is_read(library, raws, put):
    """An edit at the source does not erase what it said before; going back counts as a change."""
    for content in (b"one", b"two", b"one"):
        put(content)
    assert library.db.scalar(sa.select(sa.func.count()).select_from(raw)) == 3
    assert raws.newest(library.db, [put.record])[put.record]["summary"][0].content == b"one"


@pytest.mark.parametrize("part", ["streams", "file"])
def test_of_streams_and_files_the_newest_alone_is_kept(library, raws, put, part):
    """They are large, and an older one is of no use."""
    put(b"one", part)
    put(b"two", part)
    assert library.db.scalar(sa.select(sa.func.count()).select_from(raw)) == 1
    assert raws.newest(library.db, [put.record])[put.record][part][0].content == b"two"


def test_an_original_file_lies_in_the_blob_store(library, raws, put):
    """The table holds its name, and the blob its bytes."""
    put(b"FIT", "file")
    row = library.db.execute(sa.select(raw)).one()
    assert (row.packing, row.content, raws.blobs.get(row.sha256)) == ("blob", None, b"FIT")
    assert raws.used_blobs(library.db) == {row.sha256}
    assert raws.newest(library.db, [put.record])[put.record]["file"][0] == Body(b"FIT")


def test_a_gzipped_file_keeps_how_it_is_to_be_read(library, raws, put):
    """The blob is the wire's bytes, and the row says that they are packed."""
    put(gzip.compress(b"FIT"), "file", "gzip")
    assert raws.newest(library.db, [put.record])[put.record]["file"][0].read() == b"FIT"


def test_only_one_part_is_read_where_only_one_is_asked_for(library, raws, put):
    """A listing compares summaries and leaves the streams where they are."""
    put(b"summary")
    put(b"streams", "streams")
    assert set(raws.newest(library.db, [put.record], only="summary")[put.record]) == {"summary"}


# -- dictionaries ----------------------------------------------------------------------------------


def test_a_dictionary_makes_rows_small_and_gives_them_back(library, raws, put):
    """Learnt from the first batch, used for the next row, found again by another process."""
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


def test_a_dictionary_is_learnt_once(library, raws):
    """What was packed with the first needs the first."""
    for _ in range(2):
        raws.train(library.db, "intervals", "summary", summaries(200))
        RawStore(MemoryBlobStore()).train(library.db, "intervals", "summary", summaries(100))
    assert library.db.scalar(sa.select(sa.func.count()).select_from(dictionaries)) == 1


def test_a_dictionary_of_a_transaction_that_failed_is_forgotten(sqlite, library_of):
    """The next transaction must not use what the database does not have."""
    raws = RawStore(MemoryBlobStore())
    with sqlite.write() as db:
        raws.train(db, "intervals", "summary", summaries(200))
        db.rollback()
    raws.forget_dictionaries()
    with sqlite.write() as db:
        record = library_of(db).record()
        raws.put(db, record, "intervals", ReceivedPart("summary", Body(b"{}"), NOW))
        assert db.scalar(sa.select(raw.c.dictionary_id)) is None
