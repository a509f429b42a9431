"""Tests of the record that a plugin receives."""

from __future__ import annotations

from fitglue_registry.model.stored import PartState
from fitglue_registry.plugin_api import Account
from fitglue_registry.store.parts import PartUpdate, set_part
from fitglue_registry.store.record_values import load_records

NOW = "2026-06-15T12:00:00.000Z"


def test_a_record_is_loaded_with_its_newest_parts_and_the_reasons_of_the_missing(
    library, raws, put
):
    """A record is loaded with the newest bytes of each part, the moments when they were received,
    and the reasons why other parts do not exist.
    """
    put(b"old")
    put(b"new")
    update = PartUpdate(PartState.NONE, code="FG-none", reason="recorded by hand")
    set_part(library.db, put.record, "streams", update)
    account = Account("i1")
    record = load_records(library.db, raws, "intervals", account, [(put.record, "i7")])[put.record]
    assert (record.external_id, record.entry, record.account) == ("i7", "intervals", account)
    assert (record.read("summary"), record.read("detail")) == (b"new", None)
    assert record.received["summary"].isoformat() == "2026-06-15T12:00:00+00:00"
    assert record.unavailable == {"streams": "recorded by hand"}
