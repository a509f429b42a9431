"""Tests of rows that are inserted and updated many at a time."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from fitglue_registry.store.rows import insert_many, new_ids, update_many, upsert_many
from fitglue_registry.store.statements import IDS, Statement
from fitglue_registry.store.tables import parts, records


@pytest.fixture
def part_rows(library):
    """Return a function that reads the rows of ``fg_parts`` by their part."""

    def read():
        rows = library.db.execute(sa.select(parts).order_by(parts.c.part))
        return {row.part: (row.state, row.tries, row.reason) for row in rows}

    return read


def part(record, name, **values):
    return {"record_id": record, "part": name, **values}


def test_new_ids_follow_each_other_and_the_rows_that_exist(library):
    """Assigned ids are ascending, and none of them is that of a row."""
    existing = library.record()
    connection = library.connection()
    ids = list(new_ids(library.db, records, 3))
    rows = [
        {
            "id": number,
            "connection_id": connection,
            "external_id": f"new {number}",
            "state": "listed",
            "revision": "1",
            "first_seen_at": "",
            "changed_at": "",
        }
        for number in ids
    ]
    insert_many(library.db, records, rows)
    assert ids == sorted({*ids} - {existing})
    assert library.record() > ids[-1]


def test_no_rows_take_no_statement(library, part_rows):
    """Storing no rows at all does nothing, and needs no columns."""
    assert list(new_ids(library.db, records, 0)) == []
    for store in (insert_many, update_many, upsert_many):
        store(library.db, parts, [])
    assert part_rows() == {}


def test_an_upsert_keeps_what_its_rows_do_not_have(library, part_rows):
    """A row that exists gets the values of the upsert and keeps its other columns; a new row has
    the defaults of the table.
    """
    record = library.record()
    insert_many(library.db, parts, [part(record, "detail", state="wanted", tries=3, reason="old")])
    rows = [part(record, name, state="have", reason="new") for name in ("detail", "streams")]
    upsert_many(library.db, parts, rows, keep=["reason"])
    assert part_rows() == {"detail": ("have", 3, "old"), "streams": ("have", 0, "new")}


def test_an_update_of_many_rows_finds_each_by_its_key(library, part_rows):
    """Each mapping sets its columns of the row whose primary key it has."""
    record = library.record()
    names = ("detail", "file", "streams")
    insert_many(library.db, parts, [part(record, name, state="wanted") for name in names])
    update_many(
        library.db,
        parts,
        [part(record, "detail", state="have"), part(record, "streams", state="none")],
    )
    assert {name: row[0] for name, row in part_rows().items()} == {
        "detail": "have",
        "file": "wanted",
        "streams": "none",
    }


@pytest.mark.parametrize("count", [0, 1, 3, 4, 500, 1001])
def test_a_list_of_any_length_finds_each_row_once(library, count):
    """The list of a query is padded and divided into chunks, and neither repeats a row."""
    ids = [library.record() for _ in range(min(count, 4))]
    wanted = [*ids, *range(-1, len(ids) - 1 - count, -1)]
    query = Statement(sa.select(records.c.id).where(records.c.id.in_(IDS)))
    assert sorted(query.each_scalar(library.db, wanted)) == sorted(ids)
