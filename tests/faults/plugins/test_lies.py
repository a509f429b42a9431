"""Tests of plugins that return nonsense: the answer is refused by name, the other connection is
complete, and the store is as if the plugin had returned nothing.
"""

from __future__ import annotations

import itertools
from datetime import UTC, date, datetime

import pytest

from fitglue_registry.errors import PluginFailed
from fitglue_registry.model import Column, Lap, SourceActivity, Stream
from fitglue_registry.model.long_texts import LONGEST_TEXT
from fitglue_registry.plugin_api import Account, Listing, Opinion, Part, Split, Unavailable, Window
from tests.faults.plugins.sources import ROWS, activity, ids, listing, source
from tests.sampling import sampled
from tests.sync.natural import natural


class Text(str):
    """A string that raises when it is compared, hashed or converted."""

    def __hash__(self):
        raise SystemExit(1)

    def __eq__(self, other):
        raise SystemExit(1)

    __str__ = __hash__


class Liar:
    """A value that claims to be an instance of the expected class but lacks its attributes."""

    def __init__(self, kind):
        self._kind = kind

    @property
    def __class__(self):
        return self._kind

    def __getattr__(self, name):
        raise KeyboardInterrupt


class RaisingListing(Listing):
    """A listing that raises when its summary is read."""

    @property
    def summary(self):
        raise SystemExit(2)


LISTED = {
    "an int as id": lambda: listing("bad-1", external_id=5),
    "no id": lambda: listing("bad-1", external_id=None),
    "an empty id": lambda: listing("bad-1", external_id=""),
    "an id of 10 MB": lambda: listing("bad-1", external_id="x" * 10_000_000),
    "a subclass of str as id": lambda: listing("bad-1", external_id=Text("bad-1")),
    "an id with a line break": lambda: listing("bad-1", external_id="bad\n1"),
    "an id with NUL": lambda: listing("bad-1", external_id="bad\0001"),
    "half a character as id": lambda: listing("bad-1", external_id="bad\ud800"),
    "a summary that is text": lambda: listing("bad-1", summary="{}"),
    "a summary of 5 MB": lambda: listing("bad-1", summary=b" " * 5_000_000),
    "a start with a zone": lambda: listing("bad-1", start_local=datetime(2026, 5, 1, tzinfo=UTC)),
    "a start that is a date": lambda: listing("bad-1", start_local=date(2026, 5, 1)),
    "a start that is text": lambda: listing("bad-1", start_local="2026-05-01"),
    "an arrival without a zone": lambda: listing("bad-1", at_source=datetime(2026, 5, 1)),  # noqa: DTZ001 - the lie
    "a revision that is a number": lambda: listing("bad-1", revision=7),
    "a revision of half a character": lambda: listing("bad-1", revision="\udfff"),
    "a stub of an unknown state": lambda: listing(
        "bad-1", unavailable=Unavailable("bad-1", "summary", "perhaps", "FG-x", "because")
    ),
    "a stub with a malformed code": lambda: listing(
        "bad-1", unavailable=Unavailable("bad-1", "summary", "stub", "oops", "because")
    ),
    "a stub that is a text": lambda: listing("bad-1", unavailable="gone"),
    "a value that lies about its class": lambda: Liar(Listing),
    "a subclass of Listing": lambda: object.__new__(RaisingListing),
    "an exception": lambda: PluginFailed("FG-mine", "not raised"),
    "a class": lambda: Listing,
    "the same id twice": lambda: listing("bad-5"),
    "a Split after rows": lambda: Split((Window(),)),
}


@pytest.mark.parametrize("lie", sampled(LISTED, 2))
def test_a_row_that_is_a_lie_stops_only_its_connection(accounts, undisturbed, reliability, lie):
    """A malformed row stops only its own connection with ``FG-plugin-answer``, which names plugin
    and hook; no row of the window is stored, and nothing is lost once the plugin is fixed.
    """

    def fitglue_list(window):
        yield listing("bad-5")
        yield LISTED[lie]()
        yield from map(listing, ids("bad")[2:])

    outcome = accounts.sync(source("bad", list=fitglue_list))
    error = outcome.stopped["bad"]
    assert (error.code, outcome.code) == ("FG-plugin-answer", 8)
    assert error.at.field == "bad: fitglue_list"
    assert error.fix
    assert len(error.what) < 500
    lost = accounts.unknown(undisturbed) + accounts.lost(undisturbed)
    assert lost == 0
    reliability(
        "plugins",
        "list yields a malformed row",
        lost=lost,
        seen="FG-plugin-answer, exit 8; the other connections continue",
    )


FETCHED = {
    "an arrival that is text": lambda external_id: Part(
        external_id, "detail", b"{}", at_source="2026-05-01"
    ),
    "content that is text": lambda external_id: Part(external_id, "detail", "{}"),
    "an encoding that does not exist": lambda external_id: Part(external_id, "detail", b"{}", "br"),
    "a gzip body that says it is 4 GB": lambda external_id: Part(
        external_id, "detail", b"\x1f\x8b" + b"\xff" * 20, "gzip"
    ),
    "an unknown state": lambda external_id: Unavailable(
        external_id, "detail", "perhaps", "FG-x", "because"
    ),
    "no reason": lambda external_id: Unavailable(external_id, "detail", "none", "FG-x", ""),
    "a reason of 10 MB": lambda external_id: Unavailable(
        external_id, "detail", "none", "FG-x", "x" * 10_000_000
    ),
    "a value that lies about its class": lambda external_id: Liar(Part),
    "a list": lambda external_id: [Part(external_id, "detail", b"{}")],
}


@pytest.mark.parametrize("lie", sampled(FETCHED, 1))
def test_a_part_that_is_a_lie_stays_wanted(accounts, undisturbed, reliability, lie):
    """A malformed part stays wanted: the other parts of its batch are stored, and the next sync
    asks for it again.
    """

    def fitglue_fetch(part, ids):
        for external_id in ids:
            yield (
                FETCHED[lie](external_id)
                if external_id == "bad-4"
                else Part(external_id, part, b"{}")
            )

    outcome = accounts.sync(source("bad", fetch=fitglue_fetch))
    assert (outcome.code, set(outcome.left)) == (5, {"bad-4"})
    lost = accounts.unknown(undisturbed) + accounts.lost(undisturbed)
    assert lost == 0
    reliability(
        "plugins",
        "fetch returns a malformed part for one id",
        lost=lost,
        seen="not fetched this time, exit 5",
    )


@pytest.mark.parametrize(
    "answer",
    sampled(
        [
            lambda ids: [Part("good-1", "detail", b"{}")],
            lambda ids: [Part(ids[0], "detail", b"{}"), Part(ids[0], "detail", b"2")],
            lambda ids: [Part(ids[0], "streams", b"{}")],
            lambda ids: [Unavailable("bad-0x", "detail", "gone", "FG-x", "because")],
        ],
        ids=[
            "another connection's id",
            "one id twice",
            "another part",
            "gone, for an id that was not requested",
        ],
    ),
)
def test_a_part_that_nobody_asked_for_stops_only_its_connection(
    accounts, undisturbed, reliability, answer
):
    """An answer for an id or a part that was not requested stops the connection, because a plugin
    that mixes up ids cannot be believed.
    """
    outcome = accounts.sync(source("bad", fetch=lambda ids: answer(ids)))
    assert (outcome.stopped["bad"].code, outcome.code) == ("FG-plugin-answer", 8)
    lost = accounts.unknown(undisturbed) + accounts.lost(undisturbed)
    assert lost == 0
    reliability(
        "plugins",
        "fetch answers for an id that was not requested",
        lost=lost,
        seen="FG-plugin-answer, exit 8",
    )


def deep():
    """Return a list that is nested 100,000 levels deep."""
    value: list = []
    for _ in range(100_000):
        value = [value]
    return value


def samples(number):
    """Return a column of ``number`` samples."""
    return Column(memoryview(bytes(8 * number)).cast("d"))


NORMALIZED = {
    "NaN": lambda good: replaced(good, distance_m=float("nan")),
    "an infinite number": lambda good: replaced(good, moving_s=float("inf")),
    "a number of 5000 digits": lambda good: replaced(good, extensions={"a": 10**5000}),
    "a title that is a number": lambda good: replaced(good, title=5),
    "a title that is half a surrogate pair": lambda good: replaced(good, title="\ud800"),
    "a title that is a subclass of str": lambda good: replaced(good, title=Text("x")),
    "100,000 claims of another service": lambda good: replaced(
        good, claims=tuple(f"garmin:{n}" for n in range(100_000))
    ),
    "a claim of 10 MB": lambda good: replaced(good, claims=("garmin:" + "1" * 10_000_000,)),
    "malformed claims": lambda good: replaced(good, claims=(5, None, "no colon")),
    "100,000 levels": lambda good: replaced(good, extensions={"a": deep()}),
    "a value that lies about its class": lambda good: Liar(SourceActivity),
    "values that lie about their class": lambda good: replaced(
        good, metrics=Liar(dict), laps=(Liar(Lap),)
    ),
    "100,000 legs": lambda good: [good] * 100_000,
    "the same leg twice": lambda good: [good, good],
    "a stream of 400 MB": lambda good: replaced(
        good, streams=(Stream("time", samples(51_000_000)),)
    ),
    "streams that lie about their class": lambda good: replaced(good, streams=(Liar(Stream),)),
    "300 streams": lambda good: replaced(
        good, streams=tuple(Stream(f"s{n}", samples(1)) for n in range(300))
    ),
    "a tuple": lambda good: (good,),
    "nothing": lambda good: None,
    "a year that does not exist": lambda good: replaced(good, start_local="0000-13-45"),
}


def replaced(good, **changes):
    """Return a copy of a source activity with these fields changed."""
    import msgspec

    return msgspec.structs.replace(good, **changes)


@pytest.mark.parametrize("lie", sampled(NORMALIZED, 2))
def test_a_source_activity_that_is_a_lie_puts_its_record_in_quarantine(
    accounts, undisturbed, reliability, lie
):
    """A record whose source activity is malformed is quarantined with the reason; the other records
    arrive, and a fixed plugin derives it later.
    """

    def fitglue_normalize(record):
        if record.external_id != "bad-4":
            return [activity(record)]
        answer = NORMALIZED[lie](activity(record))
        return answer if isinstance(answer, list | tuple) or answer is None else [answer]

    outcome = accounts.sync(source("bad", normalize=fitglue_normalize))
    assert (outcome.code, set(outcome.left)) == (5, {"bad-4"})
    with accounts.host() as host:
        [held] = host.records.quarantine()
        assert held["code"] in ("FG-activity-invalid", "FG-plugin-answer", "FG-plugin-raised")
        assert len(str(held)) < 5000
        list(host.syncs.retry_quarantine())
    lost = accounts.unknown(undisturbed) + accounts.lost(undisturbed)
    assert lost == 0
    reliability(
        "plugins",
        "normalize returns a malformed source activity",
        lost=lost,
        seen=f"{held['code']} in quarantine, exit 5",
    )


@pytest.mark.long
def test_a_title_of_20_mb_is_cut_with_a_remark(accounts, reliability):
    """A text that is far longer than any title costs only its own end, and the activity says so."""

    def fitglue_normalize(record):
        made = activity(record)
        is_odd = record.external_id == "bad-4"
        return [replaced(made, title="x" * 20_000_000) if is_odd else made]

    outcome = accounts.sync(source("bad", normalize=fitglue_normalize))
    assert (outcome.code, outcome.left) == (0, {})
    with accounts.host() as host:
        titles = [row["title"] for row in host.activities.list()]
    assert len(titles) == 2 * ROWS
    assert max(map(len, titles)) <= LONGEST_TEXT
    reliability(
        "plugins",
        "normalize returns a title of 20 MB",
        lost=0,
        seen="the sync goes on; the title is cut, with a remark",
    )


@pytest.mark.parametrize(
    "answer",
    sampled(
        [
            lambda pairs: None,
            lambda pairs: [Opinion("same", "x")] * (len(pairs) + 1),
            lambda pairs: itertools.repeat(None),
            lambda pairs: [Opinion("perhaps", "x")] * len(pairs),
            lambda pairs: [Opinion("same", 5)] * len(pairs),
            lambda pairs: [Opinion("same", "x" * 10_000_000)] * len(pairs),
            lambda pairs: [Liar(Opinion)] * len(pairs),
            lambda pairs: ["same"] * len(pairs),
            lambda pairs: Liar(list),
            lambda pairs: [Opinion(Text("same"), "x")] * len(pairs),
        ]
    ),
)
def test_an_opinion_that_is_malformed_is_ignored(
    accounts, undisturbed, reliability, answer, caplog
):
    """A malformed answer of ``fitglue_dedupe`` counts as no opinion, and the matches are those
    without it.
    """
    outcome = accounts.sync(source("bad", dedupe=answer))
    assert outcome.code == 0
    assert "plugin bad answered" in caplog.text
    lost = accounts.unknown(undisturbed) + accounts.lost(undisturbed)
    assert lost == 0
    reliability(
        "plugins",
        "dedupe returns malformed opinions",
        lost=lost,
        seen="a warning in the log; no opinion",
    )


@pytest.mark.parametrize(
    "account",
    sampled(
        [
            Account(5),
            Account(""),
            Account("a\nb"),
            Account("x" * 10_000_000),
            Account(Text("bad")),
            Account("a", name=5),
            Account("a", notes=5),
            Account("a", notes=("x" * 10_000_000,)),
            Account("a", name="\ud800"),
            Account("a", timezone=b"UTC"),
            Account("a", notes=("x",) * 1000),
            Account("a", name="a\0b"),
            Liar(Account),
            None,
            "bad",
        ]
    ),
)
def test_an_account_that_is_a_lie_makes_no_connection(accounts, undisturbed, reliability, account):
    """If ``fitglue_connect`` returns a malformed account, no connection is stored."""
    with accounts.host(source("bad", connect=lambda: account)) as host:
        with pytest.raises(PluginFailed) as caught:
            host.connect("bad", {})
        assert caught.value.code == "FG-plugin-answer"
        assert len(host.connections.list()) == 2
    reliability(
        "plugins",
        "connect returns a malformed account",
        lost=0 if accounts.sync().code == 0 else 1,
        seen="FG-plugin-answer, exit 8",
    )


# -- windows ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "split",
    sampled(
        [
            Split(()),
            Split((5,)),
            Split("window"),
            Split((Window(date(2026, 5, 2), date(2026, 5, 1)),)),
            Split(tuple([Window()] * 100_000)),
            Split((Window("2026-05-01", None),)),
            Split((Window(datetime(2026, 5, 1), None),)),  # noqa: DTZ001
            Liar(Split),
        ]
    ),
)
def test_a_split_that_is_a_lie_stops_only_its_connection(accounts, undisturbed, reliability, split):
    """A ``Split`` that has no windows, or windows that are not days in order, stops only its own
    connection.
    """
    outcome = accounts.sync(source("bad", list=lambda window: [split]))
    assert (outcome.stopped["bad"].code, outcome.code) == ("FG-plugin-answer", 8)
    lost = accounts.unknown(undisturbed) + accounts.lost(undisturbed)
    assert lost == 0
    reliability("plugins", "a malformed Split", lost=lost, seen="FG-plugin-answer, exit 8")


def test_a_window_that_is_split_endlessly_stops_only_its_connection(
    accounts, undisturbed, reliability
):
    """A plugin that splits the pieces of a window again and again is named and stopped, and no row
    is lost silently.
    """
    outcome = accounts.sync(
        source("bad", list=lambda window: iter([Split((Window(date(2026, 1, 1), None),))]))
    )
    assert (outcome.stopped["bad"].code, outcome.code) == ("FG-plugin-answer", 8)
    assert "split" in outcome.stopped["bad"].what
    lost = accounts.unknown(undisturbed) + accounts.lost(undisturbed)
    assert lost == 0
    reliability("plugins", "an endless Split", lost=lost, seen="FG-plugin-answer, exit 8")


def test_a_piece_of_a_window_may_be_split_once_more(accounts, undisturbed):
    """A piece of a window that is still too large may be split again, and all its rows arrive."""
    calls = itertools.count()

    def fitglue_list(window):
        number = next(calls)
        if number < 3:
            yield Split((Window(date(2026, 1, 1), None),))
            return
        yield from map(listing, ids("bad"))

    assert accounts.sync(source("bad", list=fitglue_list)).code == 0
    assert accounts.unknown(undisturbed) == 0
    with accounts.host() as host:
        assert len(host.activities()) == 2 * ROWS


def test_rows_outside_the_window_are_stored_once_and_harm_nothing(
    accounts, undisturbed, reliability
):
    """If a source returns all its rows for each window, every row is stored exactly once."""
    windows = Split(
        (
            Window(date(2026, 6, 1), None),
            Window(date(2026, 5, 1), date(2026, 5, 31)),
            Window(None, date(2026, 4, 30)),
        )
    )

    def fitglue_list(window):
        if window == Window():
            yield windows
        else:
            yield from map(listing, ids("bad"))

    assert accounts.sync(source("bad", list=fitglue_list)).code == 0
    lost = accounts.unknown(undisturbed) + accounts.lost(undisturbed)
    assert lost == 0
    reliability(
        "plugins", "rows outside the window", lost=lost, seen="nothing: each row is stored once"
    )


def test_another_connections_rows_are_records_of_their_own(accounts, undisturbed, reliability):
    """If a plugin lists the rows of another connection, they become records of its own connection,
    and the other connection's records stay untouched.
    """
    outcome = accounts.sync(source("bad", list=lambda window: map(listing, ids("good"))))
    assert outcome.code == 0
    with accounts.host() as host:
        assert len(host.activities()) == ROWS
        assert {len(activity["sources"]) for activity in host.activities()} == {2}
    before = set(undisturbed["records"])
    with accounts.host() as host:
        list(host.sync())
        stored = natural(host)
    lost = len(before - {key for key, row in stored["records"].items() if row[0] == "listed"})
    assert lost == 0
    reliability(
        "plugins",
        "another connection's rows",
        lost=lost,
        seen="copies, joined by their claims, until the plugin is fixed",
    )


def test_what_a_plugin_does_to_its_arguments_changes_nothing(accounts, undisturbed, reliability):
    """A plugin cannot write to its settings, connection or record, and the lists of ids and parts
    that it receives are copies.
    """

    def fitglue_list(connection, window):
        for attempt in (
            lambda: connection.settings.update(file="x"),
            lambda: setattr(connection, "http", None),
            lambda: setattr(connection, "account", None),
        ):
            with pytest.raises((AttributeError, TypeError)):
                attempt()
        object.__setattr__(window, "oldest", date(1, 1, 1))
        yield from map(listing, ids("bad"))

    def fitglue_fetch(part, ids):
        requested = list(ids)
        ids.clear()
        for external_id in requested:
            yield Part(external_id, part, b"{}")

    def fitglue_normalize(record):
        derived = activity(record)
        record.parts.clear()
        record.received.clear()
        object.__setattr__(record, "external_id", "good-1")
        return [derived]

    assert (
        accounts.sync(
            source("bad", list=fitglue_list, fetch=fitglue_fetch, normalize=fitglue_normalize)
        ).code
        == 0
    )
    lost = accounts.unknown(undisturbed) + accounts.lost(undisturbed)
    assert lost == 0
    reliability("plugins", "plugin changes its arguments", lost=lost, seen="nothing")
