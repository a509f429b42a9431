"""Tests of what the entries of enrichers and destinations may and must say."""

from __future__ import annotations

import pytest

DELIVERS = "hooks: [fitglue_deliver, fitglue_find_delivery]\n"


def test_a_destination_says_what_it_takes(registry):
    """The block ``delivery`` of a destination is read with its defaults."""
    registry.add(
        "destinations/demo.yaml",
        kind="destination",
        more=f"{DELIVERS}delivery: {{takes: [title, description], updates: true}}\n",
    )
    assert registry.complaints() == ""


def test_a_destination_that_delivers_needs_the_block_delivery(registry):
    """Without it, the host would not know what to send."""
    registry.add("destinations/demo.yaml", kind="destination", more=DELIVERS)
    assert registry.complaints() == (
        "destinations/demo.yaml:8:8, hooks: FG-entry-delivery: an entry with fitglue_deliver needs "
        "the block delivery\n"
        "why: the host must know which fields it takes, and what it can do\n"
        "fix: add delivery with takes, such as takes: [title, description]"
    )


@pytest.mark.parametrize(
    ("kind", "folder", "hook"),
    [
        ("enricher", "enrichers", "fitglue_enrich"),
        ("destination", "destinations", "fitglue_deliver"),
    ],
)
def test_the_hook_that_does_the_work_is_never_missing(registry, kind, folder, hook):
    """An entry with hooks has the one that its kind is for."""
    registry.add(f"{folder}/demo.yaml", kind=kind, more="hooks: [fitglue_connect]\n")
    assert (
        f"FG-entry-hooks: an entry of the kind {kind} needs the hook {hook}"
        in registry.complaints()
    )


def test_a_source_cannot_deliver(registry):
    """A hook of another kind would never be called."""
    registry.add(more="hooks: [fitglue_list, fitglue_enrich]\n")
    assert registry.complaints() == (
        "sources/demo.yaml:8:23, hooks[1]: FG-entry-hooks: fitglue_enrich is for entries of the "
        "kind enricher, and this one is of the kind source\n"
        "why: the host would never call it\n"
        "fix: move it to an entry of the kind enricher"
    )


@pytest.mark.parametrize(
    "more",
    [
        "needs: [hart_rate]\n",
        "gives: [{field: Load, path: load}]\n",
    ],
)
def test_a_field_that_no_activity_has_is_refused(registry, more):
    """Needs and gives name fields of the activity."""
    registry.add("enrichers/demo.yaml", kind="enricher", more=more)
    assert "FG-entry-unknown-field" in registry.complaints()


def test_an_enricher_may_give_a_metric(registry):
    """A figure without a field of its own is a metric with a free name."""
    more = "hooks: [fitglue_enrich]\ngives: [{field: TRIMP, path: metrics.trimp}]\n"
    registry.add("enrichers/demo.yaml", kind="enricher", more=more)
    assert registry.complaints() == ""
