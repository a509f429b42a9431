"""Tests of pipelines in backups, and of connections that a pipeline needs and that are removed."""

from __future__ import annotations

from tests.services.pipelines.boxes import piped_host
from tests.services.pipelines.conftest import ALL
from tests.services.pipelines.test_running import states, sync_and_run, titles


def test_a_backup_has_the_pipelines_and_nothing_is_sent_twice(tmp_path, shelf, box):
    """After a restore, the pipeline is there, knows what it has sent, and goes on."""
    shelf.add("a")
    backup = tmp_path / "backup.zip"
    with piped_host(tmp_path, [shelf], [box]) as host:
        host.pipelines.apply(ALL)
        sync_and_run(host)
        host.backups.make(backup)
        host.pipelines.delete("all")
        host.backups.restore(backup, replace=True)
    with piped_host(tmp_path, [shelf], [box]) as host:
        assert [pipeline.name for pipeline in host.pipelines.list()] == ["all"]
        assert states(host) == ["sent"]
        shelf.add("b", start="2026-11-21T08:00:00")
        sync_and_run(host)
    assert titles(box) == [("a",), ("b",)]


def test_a_connection_that_is_made_again_sends_nothing_twice(tmp_path, shelf, box):
    """The workouts that it brings are recognized by the claims of their records."""
    shelf.add("a")
    with piped_host(tmp_path, [shelf], [box]) as host:
        host.pipelines.apply(ALL)
        sync_and_run(host)
        host.connections.remove("shelf")
        list(host.pipelines.run())
        host.connect("shelf", {})
        sync_and_run(host)
    assert box.calls == [("deliver", "create")]
