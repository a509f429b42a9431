"""A watched folder: files that appear in it arrive when they are complete, even after the folder
was away.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from pathlib import Path

import pytest

from fitglue_registry.errors import Busy, StoreFailed, UserMistake
from fitglue_registry.services.importing.folder_watcher import FolderWatcher, Timing
from fitglue_registry.sync.events import SyncFinished, SyncStopped, Watching

QUICK = Timing(quiet_s=0.05, tick_s=0.01)
LONGEST_S = 30


@pytest.fixture
def stop():
    """An event that is set if a test waits too long, so that it fails and does not hang."""
    event = threading.Event()
    timer = threading.Timer(LONGEST_S, event.set)
    timer.start()
    yield event
    timer.cancel()


@pytest.fixture
def watch(host, stop):
    """Watch in this thread; each call continues until something happens, and returns it."""
    streams = []

    def start(*names, timing=QUICK):
        streams.append(host.imports.watch(names, stop=stop, timing=timing))

        def step():
            for event in streams[-1]:
                if isinstance(event, SyncFinished | SyncStopped | Watching):
                    return event
            raise AssertionError("nothing was noticed")

        return step

    yield start
    for stream in streams:
        stream.close()


@pytest.fixture
def rides(host, log):
    """A folder that was imported."""
    folder = log("rides/may.log", 1, 2).parent
    list(host.import_paths([folder]))
    return folder


def settled(step):
    """Consume the first events: what is watched, and a sync without news."""
    assert isinstance(step(), Watching)
    assert dict(step().counts) == {}


def test_a_file_that_is_dropped_into_the_folder_arrives(watch, rides, log):
    """A new file in the folder is stored by an ordinary sync, without a command."""
    step = watch()
    settled(step)
    log("rides/june.log", 3)
    assert dict(step().counts) == {"new": 1}
    log("rides/deeper/july.log", 4)
    assert dict(step().counts) == {"new": 1}


def test_what_is_watched_is_reported_first(watch, rides):
    """The first event names the watched paths."""
    assert watch()() == Watching("log", (str(rides),), ())


def test_a_file_that_came_while_nobody_watched_arrives_with_the_first_look(watch, rides, log):
    """A file that appeared before the watch arrives, because watching begins with a sync."""
    log("rides/june.log", 3)
    step = watch()
    step()
    assert dict(step().counts) == {"new": 1}


def test_a_file_that_is_being_written_is_taken_when_it_is_whole(watch, rides):
    """A file that is copied slowly is not read before it is complete."""
    step = watch(timing=Timing(quiet_s=1.0, tick_s=0.01))
    settled(step)

    def copy():
        with Path(rides, "june.log").open("w") as file:
            file.write("ada\n")
            for day in range(10, 30):
                file.write(f"2026-05-{day}T07:00:00\n")
                file.flush()
                threading.Event().wait(0.01)

    writer = threading.Thread(target=copy)
    writer.start()
    assert dict(step().counts) == {"new": 20}
    writer.join()


def test_a_folder_that_goes_away_is_waited_for(watch, rides, log):
    """A folder on an unplugged disk is not an error, and its new files arrive when it is back."""
    step = watch()
    settled(step)
    away = rides.rename(rides.with_name("away"))
    assert step() == Watching("log", (str(rides),), (str(rides),))
    away.joinpath("june.log").write_text("ada\n2026-05-03T07:00:00")
    away.rename(rides)
    assert step() == Watching("log", (str(rides),), ())
    assert dict(step().counts) == {"new": 1}
    log("rides/july.log", 4)
    assert dict(step().counts) == {"new": 1}


def test_a_folder_that_is_not_there_at_first_is_waited_for(watch, rides):
    """A folder that is missing at the start is watched when it appears."""
    away = rides.rename(rides.with_name("away"))
    step = watch()
    assert step().missing == (str(rides),)
    away.joinpath("june.log").write_text("ada\n2026-05-03T07:00:00")
    away.rename(rides)
    assert step().missing == ()
    assert dict(step().counts) == {"new": 1}


def test_a_file_that_is_replaced_is_read_again(host, watch, log):
    """A newer file under the same name is read again."""
    path = log("archive.log", 1)
    list(host.import_paths([path]))
    step = watch()
    settled(step)
    log("part.log", 1, 2).replace(path)
    assert dict(step().counts) == {"new": 1}


def test_a_folder_that_is_imported_meanwhile_is_watched_too(host, watch, rides, log):
    """A folder that is imported during the watch is watched from the next check on."""
    step = watch()
    settled(step)
    list(host.import_paths([log("bob/may.log", 5, account="bob").parent]))
    log("rides/june.log", 3)
    assert dict(step().counts) == {"new": 1}
    assert step() == Watching("log-2", (str(log("bob/may.log", 5, account="bob").parent),), ())


def test_a_connection_that_another_process_syncs_is_tried_again(host, watch, rides, monkeypatch):
    """A busy connection is synced later, because the running sync may have missed the new file."""
    step = watch()
    sync = host.syncs.sync
    calls = []

    def busy_once(*arguments):
        calls.append(arguments)
        if len(calls) == 1:
            raise Busy("FG-sync-running", "another one")
        return sync(*arguments)

    monkeypatch.setattr(host.syncs, "sync", busy_once)
    step()
    assert isinstance(step(), SyncFinished)
    assert len(calls) == 2


def test_a_store_that_fails_ends_the_watch(host, watch, rides, monkeypatch):
    """An error of the store ends the watch."""
    step = watch()
    step()

    def fail(*_):
        raise StoreFailed("FG-store-damaged", "damaged")

    monkeypatch.setattr(host.syncs, "sync", fail)
    with pytest.raises(StoreFailed):
        step()


def test_stop_ends_the_watch(host, rides, stop):
    """An application ends the watch from another thread."""
    stream = host.imports.watch(stop=stop, timing=QUICK)
    next(stream)
    stop.set()
    assert not [event for event in stream if isinstance(event, Watching)]


def test_nothing_to_watch_is_a_mistake(host):
    """Watching without a connection that reads files is refused."""
    with pytest.raises(UserMistake, match="FG-nothing-to-watch"):
        next(host.imports.watch())


def test_without_the_library_it_says_what_to_install(host, rides, monkeypatch):
    """Without the optional library, the error says what to install."""
    monkeypatch.setitem(sys.modules, "watchdog.observers", None)
    with pytest.raises(UserMistake) as caught:
        next(host.imports.watch())
    assert caught.value.code == "FG-watch-unavailable"
    assert "fitglue-registry[watch]" in caught.value.fix


# -- the folder watcher ----------------------------------------------------------------------------


@pytest.fixture
def watcher(tmp_path):
    """Watch two folders; changes in ``own`` below the first one are our own."""
    opened = []

    def make(timing=QUICK):
        (tmp_path / "a" / "own").mkdir(parents=True)
        (tmp_path / "b").mkdir()
        opened.append(FolderWatcher(tmp_path / "a" / "own", timing))
        opened[-1].watch({"a": (tmp_path / "a",), "b": (tmp_path / "b",)})
        return opened[-1]

    yield make
    for watcher in opened:
        watcher.close()


def test_each_folder_is_noticed_by_itself(watcher, tmp_path, stop):
    """Only the connection whose folder has changed is synced."""
    watching = watcher()
    (tmp_path / "b" / "x").touch()
    assert watching.wait(stop) == {"b"}


def test_what_we_write_ourselves_is_not_noticed(watcher, tmp_path, stop):
    """Changes to a database below a watched folder are ignored, so that a sync does not trigger the
    next one.
    """
    watching = watcher(Timing(quiet_s=0.05, tick_s=0.01, look_every_s=0.5))
    (tmp_path / "a" / "own" / "fitglue.db").write_text("x")
    assert watching.wait(stop) == {"a", "b"}  # the look that comes by the clock


def test_what_is_read_is_not_noticed(watcher, tmp_path, stop):
    """Reading files does not trigger a sync."""
    watching = watcher(Timing(quiet_s=0.05, tick_s=0.01, look_every_s=0.5))
    (tmp_path / "b" / "x").touch()
    assert watching.wait(stop) == {"b"}
    (tmp_path / "b" / "x").read_bytes()
    assert watching.wait(stop) == {"a", "b"}


def test_a_file_that_grows_in_silence_is_waited_for(watcher, tmp_path, stop):
    """A file that grows without reported changes is not read before it is complete."""
    watching = watcher(Timing(quiet_s=0.3, tick_s=0.01))
    watching.touch("b", tmp_path / "elsewhere")
    (tmp_path / "elsewhere").write_text("more")
    began = time.monotonic()
    assert watching.wait(stop) == {"b"}
    assert time.monotonic() - began >= 0.55


def test_where_the_system_has_no_watches_left_folders_are_looked_through(
    watcher, tmp_path, stop, monkeypatch, caplog
):
    """Without free watches of the system, folders are searched regularly, and this is
    logged once.
    """

    def exhausted(self, *arguments, **options):
        raise OSError(28, "inotify watch limit reached")

    monkeypatch.setattr("watchdog.observers.Observer.schedule", exhausted)
    monkeypatch.setattr(
        "watchdog.observers.polling.PollingObserver.schedule", _inherited("schedule")
    )
    watching = watcher(Timing(quiet_s=0.05, tick_s=0.01, poll_s=0.05))
    (tmp_path / "b" / "x").write_text("x")
    assert watching.wait(stop) == {"b"}
    assert "no more watches" in caplog.text


def _inherited(name):
    from watchdog.observers.api import BaseObserver

    return getattr(BaseObserver, name)


def test_paths_are_kept_absolute_whatever_was_typed(host, log, monkeypatch):
    """Paths are stored as absolute paths, because the next command may be typed in
    another folder.
    """
    path = log("rides/may.log", 1)
    monkeypatch.chdir(path.parent.parent)
    connected = host.connect(
        "log", {"path": os.pathsep.join(["rides", "~"])} | {"path": "rides"}
    ).connection
    assert connected.settings["path"] == str(path.parent)
