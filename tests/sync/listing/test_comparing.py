"""Tests of the reason that a run stores for a record that changed at its source."""

from __future__ import annotations

from fitglue_registry.sync.listing.comparing import reason_of_change
from fitglue_registry.sync.listing.revisions import Difference


def test_the_paths_that_changed_are_named_in_order():
    """A reason names the changed paths in alphabetical order."""
    difference = Difference(frozenset({"name", "gear.id"}))
    assert reason_of_change(difference) == "gear.id, name changed at the source"


def test_a_summary_that_is_not_an_object_changes_without_a_reason():
    """A changed summary that is not a JSON object has no reason, because no path can be named."""
    assert reason_of_change(Difference(frozenset({""}))) is None


def test_an_unchanged_record_has_no_reason():
    """A record whose summary did not change has no reason."""
    assert reason_of_change(Difference()) is None
