"""What a run remembers of a record that changed at its source."""

from __future__ import annotations

from fitglue_registry.sync.listing.comparing import reason_of_change
from fitglue_registry.sync.listing.revisions import Difference


def test_the_paths_that_changed_are_named_in_order():
    """A reason names the changed paths by the alphabet."""
    difference = Difference(frozenset({"name", "gear.id"}))
    assert reason_of_change(difference) == "gear.id, name changed at the source"


def test_a_summary_that_is_no_object_changes_without_a_reason():
    """Such a summary differs as a whole, and there is no path to name."""
    assert reason_of_change(Difference(frozenset({""}))) is None


def test_nothing_that_changed_gives_no_reason():
    """A record without a difference has no reason."""
    assert reason_of_change(Difference()) is None
