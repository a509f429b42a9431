"""What an import stores: connections, their accounts, and what is new."""

from __future__ import annotations

from pathlib import Path

from fg_logs import KnowsBadLogs, LogPlugin
from fitglue_registry.sync.events import Decided, SourceConnected, SyncFinished, SyncStopped
from fitglue_registry.sync.lock import connection_lock


def brought(host, *paths, athlete="me"):
    """Return the kind of each event of an import, with the values that matter."""
    events = list(host.import_paths(paths, athlete))
    return [
        (
            type(event).__name__,
            *(
                (event.connection, event.account_id, event.renewed)
                if isinstance(event, SourceConnected)
                else (dict(event.counts),)
                if isinstance(event, SyncFinished)
                else (event.error.code,)
            ),
        )
        for event in events
        if isinstance(event, SourceConnected | SyncFinished | SyncStopped)
    ]


def days(host, athlete="me"):
    return sorted(row["start_local"][8:10] for row in host.activities(athlete=athlete))


def test_an_import_connects_what_it_finds_and_takes_it(host, log):
    """One call imports the activities at a path."""
    assert brought(host, log("may.log", 1, 2)) == [
        ("SourceConnected", "log", "ada", False),
        ("SyncFinished", {"new": 2}),
    ]
    assert days(host) == ["01", "02"]


def test_a_dry_run_of_an_import_says_what_is_new_and_stores_nothing(host, log):
    """A dry run reports what a connected account does not have yet, and stores no connection or
    path.
    """

    def new():
        return [
            event.external_id
            for event in host.import_paths([log("june.log", 2, 3)], dry_run=True)
            if isinstance(event, Decided) and event.decision == "new"
        ]

    assert (len(new()), host.connections.list(), host.activities()) == (2, [], [])
    older = log("may.log", 1, 2)
    brought(host, older)
    assert len(new()) == 1
    assert (
        [connection.settings["path"] for connection in host.connections.list()],
        days(host),
    ) == (
        [str(older)],
        ["01", "02"],
    )


def test_the_same_path_again_takes_only_what_is_new(host, log):
    """Importing a path again uses the same connection, and stores only what is new."""
    brought(host, log("may.log", 1, 2))
    assert brought(host, log("may.log", 1, 2)) == [
        ("SourceConnected", "log", "ada", True),
        ("SyncFinished", {}),
    ]
    assert brought(host, log("may.log", 1, 2, 9))[1] == ("SyncFinished", {"new": 1})
    assert len(host.connections.list()) == 1


def test_a_newer_archive_of_the_same_account_takes_the_place_of_the_older_one(host, log):
    """A connection reads the newer archive from now on, and keeps what only the older one had."""
    brought(host, log("may.log", 1, 2))
    newer = log("june.log", 2, 3)
    assert brought(host, newer) == [
        ("SourceConnected", "log", "ada", True),
        ("SyncFinished", {"new": 1}),
    ]
    [connection] = host.connections.list()
    assert connection.settings["path"] == str(newer)
    assert days(host) == ["01", "02", "03"]


def test_the_archive_of_another_account_is_another_connection(host, log):
    """Archives of two accounts become two connections."""
    brought(host, log("may.log", 1))
    assert brought(host, log("bob.log", 1, account="bob"))[0] == (
        "SourceConnected",
        "log-2",
        "bob",
        False,
    )


def test_several_paths_are_imported_one_after_the_other(host, log):
    """Several archives of an account are imported in order, and its connection reads
    the last one.
    """
    older, newer = log("may.log", 1), log("june.log", 2)
    brought(host, older, newer)
    assert [connection.settings["path"] for connection in host.connections.list()] == [str(newer)]
    assert days(host) == ["01", "02"]


def test_an_import_is_the_athletes_own(host, log):
    """An import belongs to the athlete that the application names."""
    brought(host, log("may.log", 1), athlete="bob")
    assert (days(host), days(host, "bob")) == ([], ["01"])


def test_what_was_recognized_can_be_imported_without_being_looked_at_again(
    open_host, log, tmp_path
):
    """The result of ``recognize`` can be imported, so that an application can ask in between."""
    looks = tmp_path / "looks"
    host = open_host(log=LogPlugin(notes=looks))
    recognition = host.imports.recognize([log("may.log", 1)])
    assert sum(isinstance(event, Decided) for event in host.import_paths(recognition)) == 1
    assert len(looks.read_text().splitlines()) == 1


def test_a_source_that_cannot_be_connected_stops_and_the_next_one_begins(open_host, log):
    """A broken archive does not stop the import of the others."""
    host = open_host(log=KnowsBadLogs())
    assert brought(host, log("bad.log", 1), log("good.log", 2)) == [
        ("SyncStopped", "FG-log-cut"),
        ("SourceConnected", "log", "ada", False),
        ("SyncFinished", {"new": 1}),
    ]


def test_a_connection_that_is_being_synced_is_left_to_that_sync(host, log, tmp_path):
    """A connection that is being synced is reported as busy, and the others are imported."""
    brought(host, log("may.log", 1))
    [connection] = host.connections.list()
    with connection_lock(
        host.workspace.database, Path(tmp_path), connection.id, "log", host.workspace.now
    ):
        assert brought(host, log("may.log", 1, 2), log("bob.log", 3, account="bob")) == [
            ("SourceConnected", "log", "ada", True),
            ("SyncStopped", "FG-sync-running"),
            ("SourceConnected", "log-2", "bob", False),
            ("SyncFinished", {"new": 1}),
        ]
