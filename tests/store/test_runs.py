"""A run keeps what it decided, and how it ended."""

from __future__ import annotations

from fitglue_registry.store.runs import RunLog, decisions_of, last_runs

NOW = "2026-06-15T12:00:00.000Z"


def test_a_run_keeps_its_decisions_and_how_it_ended(library):
    """What was done to a record, and why, in order."""
    record = library.record()
    run = RunLog("me", library.connection(), "sync", NOW, {})
    for decision in ("new", "changed"):
        run.decide(library.db, NOW, decision, record, "because")
    run.end(library.db, NOW, "complete")
    assert [said["decision"] for said in decisions_of(library.db, [record])] == ["new", "changed"]
    [found] = last_runs(library.db, "me")
    assert (found["outcome"], found["counts"], found["error"]) == (
        "complete",
        {"new": 1, "changed": 1},
        None,
    )


def test_a_failed_run_is_kept_though_it_decided_nothing(library):
    """The next look at the dashboard shows why."""
    RunLog("me", None, "sync", NOW, {}).end(library.db, NOW, "failed", {"code": "FG-no-network"})
    assert last_runs(library.db, "me")[0]["error"] == {"code": "FG-no-network"}
