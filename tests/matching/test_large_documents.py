"""Matching keeps the documents of only some source activities in memory, and decodes each once."""

from __future__ import annotations

import logging
from collections import Counter

import pytest

from fitglue_registry.decisions.stored_decisions import StoredDecisions
from fitglue_registry.matching import crowds, groups, pair_batches
from fitglue_registry.matching.groups import batches_of_groups
from fitglue_registry.matching.matcher import Matcher
from fitglue_registry.matching.pair_batches import PairBatches
from fitglue_registry.matching.plugin_opinions import OpinionPlugins
from fitglue_registry.plugins import Plugins
from fitglue_registry.store.activity_details import load_activity
from fitglue_registry.store.source_activity_rows import load_rows

NOW = "2026-06-15T12:00:00.000Z"


@pytest.fixture
def decoded(monkeypatch):
    """Count how often each document is decoded for the opinions of plugins."""
    counted = Counter()
    decode = pair_batches.decode

    def counting_decode(document):
        counted[document] += 1
        return decode(document)

    monkeypatch.setattr(pair_batches, "decode", counting_decode)
    return counted


@pytest.fixture
def all_pairs(library):
    """Return eight source activities by id, and all their pairs."""
    ids = [library.source_activity(title=f"ride {number}") for number in range(8)]
    pairs = [(first, second) for first in ids for second in ids if first < second]
    return load_rows(library.db, ids), pairs


def rematch(library, *ids):
    """Match source activities, and return their rows in order."""
    matcher = Matcher(OpinionPlugins(Plugins([])), StoredDecisions())
    matcher.rematch(library.db, "me", ids, NOW)
    return [row for _, row in sorted(load_rows(library.db, ids).items())]


def test_each_document_is_decoded_once_for_all_its_pairs(library, all_pairs, decoded):
    """Eight workouts make 28 pairs, and each of their documents is decoded once."""
    rows, pairs = all_pairs
    [(ids, asked)] = PairBatches(library.db, pairs, rows)
    assert ids == pairs
    assert [(pair.first.external_id, pair.second.external_id) for pair in asked] == [
        (rows[first].external_id, rows[second].external_id) for first, second in pairs
    ]
    assert list(decoded.values()) == [1] * 8


def test_a_batch_has_no_more_than_fits_into_memory(library, all_pairs, monkeypatch):
    """If the documents are large, a plugin gets the pairs in several batches, each pair once."""
    rows, pairs = all_pairs
    limit = 3 * max(row.document_size for row in rows.values())
    monkeypatch.setattr(pair_batches, "_MOST_CHARACTERS", limit)
    seen = []
    for ids, _ in PairBatches(library.db, pairs, rows):
        assert sum(rows[number].document_size for number in set(sum(ids, ()))) <= limit
        seen += ids
    assert seen == pairs


def test_groups_of_one_activity_are_merged_together(library, monkeypatch):
    """Groups are merged in batches by size; those that had one activity are in one batch."""
    monkeypatch.setattr(groups, "_MOST_AT_ONCE", 1)
    ids = [library.source_activity() for _ in range(4)]
    library.assign((ids[0], ids[3]))
    rows = load_rows(library.db, ids)
    batches = list(batches_of_groups([[rows[number]] for number in ids]))
    assert [[row.id for [row] in batch] for batch in batches] == [
        [ids[0], ids[3]],
        [ids[1]],
        [ids[2]],
    ]


def test_a_day_of_large_documents_is_not_compared(library, monkeypatch, caplog):
    """Workouts whose documents are too large together are compared with none, and the log says
    so; a shared claim still joins them.
    """
    monkeypatch.setattr(crowds, "_MOST_CHARACTERS", 1_000)
    same = {"title": "a" * 600, "distance_m": 30_000.0}
    with caplog.at_level(logging.WARNING):
        apart = rematch(library, library.source_activity(**same), library.source_activity(**same))
    assert len({row.activity_id for row in apart}) == 2
    assert "they are compared with no others" in caplog.text
    claimed = [library.source_activity(**same, claims=("strava:1",)) for _ in range(2)]
    assert len({row.activity_id for row in rematch(library, *claimed)}) == 1


def test_the_largest_documents_of_one_workout_are_left_out(library, monkeypatch, caplog):
    """If the documents of one workout are too large together, its values come from the smallest
    ones, and the log says so.
    """
    monkeypatch.setattr(groups, "_MOST_OF_ONE_ACTIVITY", 1_000)
    ids = [
        library.source_activity(title=title, claims=("strava:1",))
        for title in ("a" * 900, "short", "b" * 900)
    ]
    with caplog.at_level(logging.WARNING):
        [first, *others] = rematch(library, *ids)
    assert {row.activity_id for row in others} == {first.activity_id}
    assert load_activity(library.db, first.activity_id).activity.title == "short"
    assert "3 records of one workout are too large to merge" in caplog.text
