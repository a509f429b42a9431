"""Tests of the limit on deletions over several syncs: what was deleted in the last thirty days
counts, and a confirmation covers what was reported before, and nothing else.
"""

from __future__ import annotations

import pytest

from fitglue_registry.sync.events import DeletionsHeld, SyncFinished
from fitglue_registry.sync.options import Options
from tests.sync.builders import ids_decided
from tests.sync.small import DETAIL, STREAMS, SYNC, Small, in_small_windows, small_host


@pytest.fixture
def small():
    return Small()


def run(host, **options):
    """Sync the only connection, which must finish, and return its events."""
    events = list(host.sync(options=Options(**options)))
    assert isinstance(events[-1], SyncFinished), events[-1]
    return events


def held(events) -> list[tuple[int, int]]:
    """Return how many deletions were held, and how many earlier ones count."""
    found = [event for event in events if isinstance(event, DeletionsHeld)]
    return [(event.records, event.recent) for event in found]


def lose(small: Small, count: int) -> None:
    """Delete the oldest workouts of the account."""
    for external_id in list(small.rows)[-count:]:
        del small.rows[external_id]


# -- the last thirty days --------------------------------------------------------------------------


@pytest.mark.parametrize("parts", [DETAIL, STREAMS], ids=["confirming part", "no confirming part"])
def test_a_list_that_loses_a_few_workouts_per_sync_does_not_empty_the_history(
    small, tmp_path, parts
):
    """Five workouts of 41 are deleted, and those that vanish from later syncs are held, also after
    the program was started again.
    """
    small.add(41)
    for number in range(4):
        with small_host(tmp_path, small.plugin(), parts=parts) as host:
            events = run(host)
            assert held(events) == ([(5 * (number - 1), 5)] if number > 1 else [])
            assert len(host.activities()) == (36 if number else 41)
        lose(small, 5)


def test_a_single_deletion_counts_with_those_before_it(small, tmp_path):
    """The sixth deletion of one workout at a time is held, and `why` says so."""
    small.add(12)
    with small_host(tmp_path, small.plugin()) as host:
        run(host)
        for _ in range(5):
            lose(small, 1)
            assert len(ids_decided(run(host), "gone")) == 1
        lose(small, 1)
        assert held(run(host)) == [(1, 5)]
        assert "within 30 days" in host.why("w6")["records"][0]["decisions"][-1]["reason"]


def test_a_window_counts_what_was_deleted_from_its_days(small, tmp_path):
    """The days that every sync lists must not lose more than a tenth of their workouts in thirty
    days, even if that is little of the whole history.
    """
    small.add(140)
    with small_host(tmp_path, small.plugin(), parts=STREAMS) as host:
        run(host)
        for number in range(6):
            del small.rows[f"w{number}"]
        assert held(run(host)) == []
        del small.rows["w6"]
        assert held(run(host)) == [(1, 6)]


@pytest.mark.parametrize(
    ("count", "deleted", "then", "kept"), [(40, 3, 3, 3), (40, 3, 2, 0), (100, 4, 6, 0)]
)
def test_the_deletions_of_all_windows_count_together(small, tmp_path, count, deleted, then, kept):
    """What the small windows of several syncs lose in thirty days is limited like one sync: five,
    or a tenth of all that was there before.
    """
    small.add(count)
    with small_host(tmp_path, small.plugin(list=in_small_windows(small)), parts=STREAMS) as host:
        run(host, full=True)
        for number in range(0, 8 * deleted, 8):
            del small.rows[f"w{number}"]
        assert len(ids_decided(run(host, full=True), "gone")) == deleted
        for number in range(4, 4 + 8 * then, 8):
            del small.rows[f"w{number}"]
        events = run(host, full=True)
        assert held(events) == ([(kept, deleted)] if kept else [])
        assert len(host.activities()) == count - deleted - then + kept


def test_old_deletions_do_not_count(small, tmp_path):
    """Deletions of more than thirty days ago do not count."""
    small.add(41)
    with small_host(tmp_path, small.plugin()) as host:
        run(host)
        for days, deleted in ((0, 5), (31, 3), (29, 2)):
            host.workspace.clock.move(days=days)
            lose(small, deleted)
            events = run(host, full=True)
            assert (len(ids_decided(events, "gone")), held(events)) == (deleted, [])
        lose(small, 1)
        assert held(run(host, full=True)) == [(1, 5)]


def test_what_is_held_stays_held_until_it_is_confirmed(small, tmp_path):
    """A deletion that is held is not carried out by a full walk, although it is little of the
    whole history, nor after thirty days.
    """
    small.add(140)
    with small_host(tmp_path, small.plugin()) as host:
        run(host)
        for number in range(8):
            del small.rows[f"w{number}"]
        assert held(run(host)) == [(8, 0)]
        small.asked.clear()
        assert held(run(host, full=True)) == [(8, 0)]
        assert small.asked["detail"] == 8
        host.workspace.clock.move(days=31)
        assert held(run(host, full=True)) == [(8, 0)]
        assert len(ids_decided(run(host, confirm_deletions=True), "gone")) == 8


def test_workouts_that_are_listed_again_no_longer_count(small, tmp_path):
    """Deletions that turned out to be a mistake leave room for others."""
    small.add(12)
    before = dict(small.rows)
    with small_host(tmp_path, small.plugin()) as host:
        run(host)
        lose(small, 5)
        run(host)
        small.rows = before
        assert len(ids_decided(run(host), "back")) == 5
        lose(small, 3)
        assert len(ids_decided(run(host), "gone")) == 3


# -- a confirmation --------------------------------------------------------------------------------


def test_a_confirmation_covers_the_deletions_before_it(small, tmp_path):
    """After a confirmation, the deletions of the last days no longer count, whether they were
    confirmed or were few.
    """
    small.add(41)
    with small_host(tmp_path, small.plugin()) as host:
        run(host)
        lose(small, 5)
        run(host)
        lose(small, 7)
        assert held(run(host)) == [(7, 5)]
        assert len(ids_decided(run(host, confirm_deletions=True), "gone")) == 7
        lose(small, 5)
        assert held(run(host)) == []
        lose(small, 1)
        assert held(run(host)) == [(1, 5)]


@pytest.mark.parametrize("parts", [DETAIL, STREAMS], ids=["confirming part", "no confirming part"])
def test_a_confirmation_does_not_cover_what_vanishes_while_it_is_carried_out(
    small, tmp_path, parts
):
    """If the service fails while eight deletions are being confirmed, the eight are deleted, and
    the other workouts are held.
    """
    small.add(60)
    with small_host(tmp_path, small.plugin(), parts=parts) as host:
        run(host)
        lose(small, 8)
        assert held(run(host)) == [(8, 0)]
        small.lists = small.finds = False
        events = run(host, confirm_deletions=True)
        assert len(ids_decided(events, "gone")) == 8
        assert held(events) == [(52, 0)]
        assert len(host.activities()) == 52
        small.lists = small.finds = True
        assert len(ids_decided(run(host), "back")) == 52


def test_a_confirmation_without_anything_held_confirms_nothing(small, tmp_path):
    """If nothing was held before, the confirmation does not lift the limit, also if a sync was
    killed before it could say that it holds anything.
    """
    small.add(12)
    with small_host(tmp_path, small.plugin()) as host:
        run(host)
        small.lists = small.finds = False
        events = host.sync()
        next(event for event in events if type(event).__name__ == "WindowListed")
        events.close()
        assert held(run(host, confirm_deletions=True)) == [(12, 0)]
        assert len(ids_decided(run(host, confirm_deletions=True), "gone")) == 12


def test_a_few_that_vanish_beside_a_confirmation_are_deleted_and_count(small, tmp_path):
    """Few workouts that vanish while others are being confirmed are deleted as ever, and they count
    in the next syncs.
    """
    small.add(60)
    with small_host(tmp_path, small.plugin(), sync=SYNC.replace("60", "100")) as host:
        run(host)
        lose(small, 8)
        run(host)
        lose(small, 4)
        events = run(host, confirm_deletions=True)
        assert (len(ids_decided(events, "gone")), held(events)) == (12, [])
        lose(small, 2)
        assert held(run(host)) == [(2, 4)]


# -- records that were suspected before ------------------------------------------------------------


def failing(small: Small, names: set[str]):
    """Return a fetch that fails for some records."""

    def fetch(connection, part, ids):
        if names.intersection(ids):
            raise RuntimeError("not now")
        yield from small.fetch(connection, part, ids)

    return fetch


def test_records_that_vanished_before_are_held_with_those_that_vanish_now(small, tmp_path):
    """Few records that could not be asked for are not deleted while the list has lost all others,
    too.
    """
    small.add(15)
    names = {"w12", "w13", "w14"}
    with small_host(tmp_path, small.plugin(fetch=failing(small, names))) as host:
        run(host)
        lose(small, 3)
        list(host.sync())
        names.clear()
        small.lists = small.finds = False
        events = run(host)
        assert (ids_decided(events, "gone"), held(events)) == ([], [(15, 0)])


def test_records_of_which_few_are_left_are_no_longer_held(small, tmp_path):
    """If a sync is killed before it asks for the records that vanished, and the next one finds most
    of them in the list, the few others are deleted.
    """
    small.add(80)
    with small_host(tmp_path, small.plugin(), sync=SYNC.replace("60", "100")) as host:
        run(host)
        small.lists = False
        events = host.sync()
        next(event for event in events if type(event).__name__ == "WindowListed")
        events.close()
        small.lists = True
        lose(small, 7)
        events = run(host)
        assert (len(ids_decided(events, "gone")), held(events)) == (7, [])


def test_deletions_that_were_reported_as_held_wait_also_if_they_become_few(small, tmp_path):
    """If the source lists some of the held records again, the others still wait for the athlete."""
    small.add(80)
    before = dict(small.rows)
    with small_host(tmp_path, small.plugin(), sync=SYNC.replace("60", "100")) as host:
        run(host)
        lose(small, 9)
        assert held(run(host)) == [(9, 0)]
        small.rows = before
        lose(small, 3)
        events = run(host)
        assert (ids_decided(events, "gone"), held(events)) == ([], [(3, 0)])
