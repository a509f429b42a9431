"""Tests of the quarantine for records that could not be normalized."""

from __future__ import annotations

from fitglue_registry.store.quarantine import (
    list_quarantine,
    put_in_quarantine,
    quarantined,
    release,
)
from fitglue_registry.store.records import Attempt

NOW = "2026-06-15T12:00:00.000Z"


def hold(library, record, code="FG-row-invalid", version="1.0"):
    error = {"code": code, "what": "odd \ud800 text\0"}
    put_in_quarantine(library.db, record, error, Attempt("example", version, NOW))


def test_a_record_is_in_quarantine_once_and_its_tries_are_counted(library, account):
    """A record that fails again stays in quarantine once, with the newest reason, the first moment,
    and the number of tries.
    """
    _, ids = account
    hold(library, ids["first"])
    hold(library, ids["first"], "FG-other")
    [held] = list_quarantine(library.db, "me")
    assert (held["external_id"], held["code"], held["tries"], held["since"]) == (
        "first",
        "FG-other",
        2,
        NOW,
    )
    assert held["what"] == "odd ? text\0"


def test_a_released_record_is_out_and_says_whether_it_was_in(library, account):
    """Releasing records returns those that were in quarantine, and is safe for the others."""
    _, ids = account
    hold(library, ids["first"])
    assert release(library.db, ids.values()) == {ids["first"]}
    assert release(library.db, ids.values()) == set()


def test_another_version_of_the_plugin_gets_another_try(library, account):
    """Records that one version of a plugin rejected are tried again only with another version."""
    connection, ids = account
    hold(library, ids["first"], version="1.0")
    hold(library, ids["third"], version="0.9")
    hold(library, ids["undated"], version=None)
    quarantined_records = quarantined(library.db, connection, not_version="1.0")
    assert {known.external_id for known in quarantined_records} == {"third", "undated"}
    assert len(quarantined(library.db, connection)) == 3
