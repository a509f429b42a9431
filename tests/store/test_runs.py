"""Tests of the stored runs and their decisions."""

from __future__ import annotations

from fitglue_registry.store.runs import Decision, RunLog, decisions_of, last_runs

NOW = "2026-06-15T12:00:00.000Z"


def test_a_run_keeps_its_decisions_and_how_it_ended(library):
    """A run is stored with its outcome and its decisions in order, each with its reason."""
    record = library.record()
    run = RunLog("me", library.connection(), "sync", NOW, {})
    made = [Decision(decision, record, "because") for decision in ("new", "changed")]
    run.decide(library.db, NOW, made)
    run.end(library.db, NOW, "complete")
    assert [row["decision"] for row in decisions_of(library.db, [record])] == ["new", "changed"]
    [run_row] = last_runs(library.db, "me")
    assert (run_row["outcome"], run_row["counts"], run_row["error"]) == (
        "complete",
        {"new": 1, "changed": 1},
        None,
    )


def test_a_failed_run_is_kept_though_it_decided_nothing(library):
    """A run that failed is stored even if it decided nothing."""
    RunLog("me", None, "sync", NOW, {}).end(library.db, NOW, "failed", {"code": "FG-no-network"})
    assert last_runs(library.db, "me")[0]["error"] == {"code": "FG-no-network"}
