"""Tests of what a row in the list is good for when parts are fetched: it says which parts do not
exist, and its bytes are at hand.
"""

from __future__ import annotations

import json

import msgspec
import pytest

from fitglue_registry.plugin_api import Part, Unavailable
from fitglue_registry.sync.events import SyncFinished, SyncStopped
from fitglue_registry.sync.options import Options
from tests.sync.builders import ids_decided
from tests.sync.small import DETAIL, STREAMS, Small, normalize, small_host

PARTS = f"{DETAIL}\n{STREAMS}"
FILE = "  - {name: file, from: fetch, default: false, option: files}"
REASON = "it was entered by hand"


class Manual(Small):
    """An account of which some workouts have no streams, as their rows say."""

    def __init__(self) -> None:
        super().__init__()
        self.without: dict[str, dict[str, str]] = {}

    def row(self, external_id, **changes):
        """Return a row that says which parts its workout does not have."""
        without = self.without.get(external_id, {})
        return super().row(external_id, **({"without": without} | changes))


@pytest.fixture
def small():
    account = Manual()
    account.add(3)
    account.without["w1"] = {"streams": REASON}
    return account


def run(host, **options):
    events = list(host.sync(options=Options(**options)))
    assert isinstance(events[-1], SyncFinished), events[-1]
    return events


def missing(host, external_id):
    return dict(host.activities.get(external_id).activity.completeness.missing)


def test_a_part_that_a_row_excludes_is_not_asked_for(small, tmp_path):
    """A part that the row in the list says not to exist costs no request, and its reason is in the
    activity; later syncs and a rebuild change nothing.
    """
    with small_host(tmp_path, small.plugin(), parts=PARTS) as host:
        run(host)
        assert small.asked["streams"] == 2
        assert missing(host, "w1") == {"streams": REASON}
        assert missing(host, "w0") == {}
        assert run(host)[-1].counts == {}
        run(host, full=True)
        assert small.asked["streams"] == 2
        assert ids_decided(list(host.syncs.rebuild()), "changed") == []


@pytest.mark.parametrize("edited", [False, True], ids=["the row is as before", "the row is edited"])
def test_a_part_that_is_no_longer_excluded_is_fetched(small, tmp_path, edited):
    """If a later row no longer says that a part does not exist, it is fetched, and the reason
    disappears.
    """
    with small_host(tmp_path, small.plugin(), parts=PARTS) as host:
        run(host)
        small.without.clear()
        small.rows["w1"] += edited
        run(host, streams=False)
        assert missing(host, "w1") == {}
        run(host)
        assert small.asked["streams"] == 3
        assert missing(host, "w1") == {}
        assert run(host)[-1].counts == {}
        assert ids_decided(list(host.syncs.rebuild()), "changed") == []


def test_a_part_that_was_fetched_may_be_excluded_later(small, tmp_path):
    """If a later row says that a part does not exist any more, its reason is in the activity."""
    with small_host(tmp_path, small.plugin(), parts=PARTS) as host:
        run(host)
        small.without["w2"] = {"streams": "the athlete removed them"}
        run(host)
        assert missing(host, "w2") == {"streams": "the athlete removed them"}
        assert small.asked["streams"] == 2
        assert ids_decided(list(host.syncs.rebuild()), "changed") == []


def test_an_optional_part_that_is_no_longer_excluded_waits_for_its_option(small, tmp_path):
    """An original file that a row excluded is fetched later, but only with its option."""
    small.without["w1"] = {"file": REASON}
    with small_host(tmp_path, small.plugin(), parts=f"{DETAIL}\n{FILE}") as host:
        run(host, files=True)
        assert small.asked["file"] == 2
        small.without.clear()
        run(host)
        assert small.asked["file"] == 2
        run(host, files=True)
        assert small.asked["file"] == 3


@pytest.mark.parametrize(
    "without",
    [{"summary": "x"}, {"laps": "x"}, {"streams": 7}, {7: "x"}, ["streams"], {"file": "x"}],
)
def test_a_without_that_makes_no_sense_is_an_error_of_the_plugin(small, tmp_path, without):
    """A row can exclude only parts that the entry fetches, each with a reason."""
    small.without["w1"] = without
    with small_host(tmp_path, small.plugin(), parts=PARTS) as host:
        events = list(host.sync())
        assert isinstance(events[-1], SyncStopped)
        assert events[-1].error.code == "FG-plugin-answer"


def test_fetch_gets_the_summaries_that_were_listed_last(small, tmp_path):
    """A plugin can read the listed row of each id that it is asked for, also in a later sync and
    after an edit.
    """
    seen = []

    def fetch(connection, part, ids, summaries):
        assert list(summaries) == list(ids)
        for external_id in ids:
            seen.append((part, json.loads(summaries[external_id])["revision"]))
            yield Part(external_id, part, b"{}")

    with small_host(tmp_path, small.plugin(fetch=fetch), parts=PARTS) as host:
        run(host, streams=False)
        small.rows["w0"] = 5
        run(host)
    assert seen == [("detail", 0)] * 3 + [("detail", 5), ("streams", 5), ("streams", 0)]


def test_there_is_no_summary_of_another_record(small, tmp_path):
    """The summary of a record that was not asked for is a mistake of the plugin, as in a dict."""

    def fetch(connection, part, ids, summaries):
        for external_id in ids:
            reason = str(summaries.get("w99"))
            yield Unavailable(external_id, part, "none", "FG-no-part", reason)

    with small_host(tmp_path, small.plugin(fetch=fetch), parts=PARTS) as host:
        run(host)
        assert missing(host, "w0")["detail"] == "None"


# -- several parts in one response -----------------------------------------------------------------


@pytest.fixture
def together(small):
    """Return a fetch hook whose response for a detail has the streams, too, except for w0."""

    def fetch(connection, part, ids):
        for external_id in ids:
            small.asked[part] += 1
            if part == "detail" and external_id != "w0":
                yield Part(external_id, "streams", b"[1, 2]")
            if external_id in small.rows:
                yield Part(external_id, part, b"{}")
            else:
                yield Unavailable(external_id, part, "gone", "FG-not-at-source", "not found")

    small.without.clear()
    return fetch


def test_other_parts_of_a_response_are_not_asked_for(small, together, tmp_path):
    """Parts that came with another part are stored with it, and only the missing ones are asked
    for; a rebuild changes nothing.
    """
    with small_host(tmp_path, small.plugin(fetch=together), parts=PARTS) as host:
        run(host)
        assert small.asked == {"list": 1, "detail": 3, "streams": 1}
        for external_id in small.rows:
            parts = host.activities.get(external_id).activity.completeness.parts
            assert set(parts) == {"summary", "detail", "streams"}
        assert run(host)[-1].counts == {}
        assert ids_decided(list(host.syncs.rebuild()), "changed") == []


def test_parts_of_one_response_were_received_at_one_moment(small, together, tmp_path):
    """``fitglue_normalize`` sees one moment for all parts of a response, also in a rebuild."""

    def normalize_moments(record):
        [activity] = normalize(record)
        moments = {record.received.get("detail"), record.received.get("streams")}
        return [msgspec.structs.replace(activity, title=f"{len(moments)} moments")]

    small.rows = {"w1": 0}
    plugin = small.plugin(fetch=together, normalize=normalize_moments)
    with small_host(tmp_path, plugin, parts=PARTS) as host:
        run(host)
        assert host.activities.get("w1").activity.title == "1 moments"
        assert ids_decided(list(host.syncs.rebuild()), "changed") == []


def test_other_parts_of_a_bulk_response_belong_to_their_records(small, tmp_path):
    """In the response for several ids, each record gets its own parts."""
    small.without.clear()

    def fetch(connection, part, ids):
        for external_id in reversed(ids):
            yield Part(external_id, "streams", f'["{external_id}"]'.encode())
            yield Part(external_id, part, f'{{"of": "{external_id}"}}'.encode())

    parts = PARTS.replace("from: fetch, confirms", "from: fetch, bulk: 3, confirms")
    with small_host(tmp_path, small.plugin(fetch=fetch), parts=parts) as host:
        run(host)
        with host.workspace.database.read() as db:
            stored = host.workspace.raws.newest(db, [1, 2, 3])
    for number, bodies in stored.items():
        name = json.loads(bodies["summary"][0].read())["id"]
        assert json.loads(bodies["streams"][0].read()) == [name], number
        assert json.loads(bodies["detail"][0].read()) == {"of": name}


def test_other_parts_are_stored_although_the_part_itself_does_not_exist(small, tmp_path):
    """If a response says that a part does not exist, its other parts are stored nevertheless."""
    small.without.clear()

    def fetch(connection, part, ids):
        for external_id in ids:
            yield Part(external_id, "streams", b"[]")
            yield Unavailable(external_id, part, "none", "FG-no-detail", REASON)

    with small_host(tmp_path, small.plugin(fetch=fetch), parts=PARTS) as host:
        run(host)
        completeness = host.activities.get("w0").activity.completeness
        assert (set(completeness.parts), dict(completeness.missing)) == (
            {"summary", "streams"},
            {"detail": REASON},
        )
        assert ids_decided(list(host.syncs.rebuild()), "changed") == []


def test_a_confirmed_record_keeps_all_parts_of_the_response(small, together, tmp_path):
    """If a record that vanished from the list is found by its id, all parts of the response are
    stored.
    """
    with small_host(tmp_path, small.plugin(fetch=together), parts=PARTS) as host:
        run(host, streams=False)
        small.lists = False
        assert len(ids_decided(run(host), "confirmed")) == 3
        assert small.asked["streams"] == 1


@pytest.mark.parametrize(
    "others",
    [
        [Part("w1", "streams", b"[]")],
        [Part("w0", "file", b"x")],
        [Part("w0", "summary", b"{}")],
        [Part("w0", "streams", b"[1]"), Part("w0", "streams", b"[2]")],
    ],
    ids=["another record", "no part of the entry", "the summary", "twice"],
)
def test_other_parts_that_make_no_sense_are_an_error_of_the_plugin(small, tmp_path, others):
    """Other parts must belong to the same record and the entry; otherwise nothing of the answer is
    stored, and the record is reported.
    """

    def fetch(connection, part, ids):
        if ids == ["w0"] and part == "detail":
            yield from others
        yield from small.fetch(connection, part, ids)

    with small_host(tmp_path, small.plugin(fetch=fetch), parts=PARTS) as host:
        events = list(host.sync(options=Options(streams=False)))
        assert ids_decided(events, "not-fetched") == ["w0"] or isinstance(events[-1], SyncStopped)
        assert "streams" not in host.activities.get("w0").activity.completeness.parts


def test_a_part_that_its_row_excludes_must_not_arrive(small, tmp_path):
    """An answer with a part that the row in the list says not to exist contradicts it: one of both
    is a mistake of the plugin. The part is not stored.
    """

    def fetch(connection, part, ids):
        for external_id in ids:
            yield Part(external_id, "streams", b"[1]")
            yield Part(external_id, part, b"{}")

    with small_host(tmp_path, small.plugin(fetch=fetch), parts=PARTS) as host:
        events = list(host.sync())
        assert isinstance(events[-1], SyncStopped)
        assert "'w1' with the part 'streams', which its row in the list" in events[-1].error.what
        assert missing(host, "w1")["streams"] == REASON


def test_a_response_that_ends_with_another_part_is_an_error_of_the_plugin(small, tmp_path):
    """Other parts without the one that was asked for are no answer."""

    def fetch(connection, part, ids):
        for external_id in ids:
            yield Part(external_id, "streams" if part == "detail" else "detail", b"{}")

    with small_host(tmp_path, small.plugin(fetch=fetch), parts=PARTS) as host:
        events = list(host.sync())
        assert isinstance(events[-1], SyncStopped)
        assert "was not asked for" in events[-1].error.what
