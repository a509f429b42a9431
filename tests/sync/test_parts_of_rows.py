"""Tests of what a row in the list is good for when parts are fetched: it says which parts do not
exist, and its bytes are at hand.
"""

from __future__ import annotations

import json

import pytest

from fitglue_registry.plugin_api import Part, Unavailable
from fitglue_registry.sync.events import SyncFinished, SyncStopped
from fitglue_registry.sync.options import Options
from tests.sync.builders import ids_decided
from tests.sync.small import DETAIL, STREAMS, Small, small_host

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
