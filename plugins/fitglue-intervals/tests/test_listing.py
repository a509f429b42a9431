"""An account is listed by windows, as the exact bytes of its rows, with stubs and
malformed rows.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import pytest

from fitglue_intervals import listing, plugin
from fitglue_intervals.listing import split
from fitglue_registry.errors import ConnectionStopped
from fitglue_registry.payloads import split_rows
from fitglue_registry.plugin_api import Split, Window

YEAR = Window(date(2026, 1, 1), date(2026, 12, 31))


def days(count: int, newest: date = date(2026, 6, 1), step: int = 1) -> list[date]:
    return [newest - timedelta(days=step * n) for n in range(count)]


def rows_of(connection, window=YEAR):
    return list(plugin.fitglue_list(connection=connection, window=window))


def test_a_bounded_window_is_one_request_for_whole_rows(connect_to):
    """A bounded window is one request without ``fields``, so that its rows are complete
    activities.
    """
    connection = connect_to({"athlete/0/activities": []})
    assert rows_of(connection) == []
    assert connection.http.requests == [
        ("athlete/0/activities", {"oldest": "2026-01-01", "newest": "2026-12-31"})
    ]


def test_a_window_open_to_the_future_reaches_past_every_zone(connect_to):
    """A window that is open to the future ends after today in every time zone."""
    connection = connect_to({"athlete/0/activities": []})
    rows_of(connection, Window(date(2026, 6, 1), None))
    assert connection.http.requests[0][1]["newest"] == "2036-06-22"


def test_a_row_is_kept_as_its_exact_bytes(connect_to):
    """A row keeps its white space, its notation of numbers and the order of its keys."""
    row = b'{ "id":"i1",  "x": 1.50e0, "start_date_local":"2026-05-01T07:30:00" }'
    [listing] = rows_of(connect_to({"athlete/0/activities": b"[\n  " + row + b"\n]"}))
    assert (listing.external_id, listing.summary, listing.start_local) == (
        "i1",
        row,
        datetime.fromisoformat("2026-05-01T07:30"),
    )


def test_one_nan_or_broken_character_costs_no_other_row(connect_to):
    """A list with a NaN or a broken character is split by the tolerant parser, with the exact bytes
    of each row.
    """
    body = b'[{"id":"i2","x":NaN},{"id":"i1","name":"\xff \\ud800"}]'
    kept = [row.summary for row in rows_of(connect_to({"athlete/0/activities": body}))]
    assert kept == [b'{"id":"i2","x":NaN}', b'{"id":"i1","name":"\xff \\ud800"}']


def test_arrival_at_the_source_is_read_from_created(connect_to):
    """The time at which an activity reached the source is ``created``, in UTC."""
    rows = [{"id": "i1", "created": "2026-04-16T08:10:23.545+02:00"}]
    [listing] = rows_of(connect_to({"athlete/0/activities": rows}))
    assert listing.at_source == datetime(2026, 4, 16, 6, 10, 23, 545000, tzinfo=UTC)


def test_rows_come_newest_first_whatever_the_order_of_the_answer(connect_to):
    """Listings are yielded newest first, even if the service answers in another order."""
    rows = [
        {"id": "a", "start_date_local": "2026-05-01T07:00:00"},
        {"id": "b", "start_date_local": "2026-05-02T07:00:00"},
    ]
    assert [row.external_id for row in rows_of(connect_to({"athlete/0/activities": rows}))] == [
        "b",
        "a",
    ]


def test_a_repeated_id_is_yielded_once(connect_to):
    """A row that the source repeats does not become two records."""
    assert len(rows_of(connect_to({"athlete/0/activities": [{"id": "i1"}, {"id": "i1"}]}))) == 1


def test_an_id_written_as_a_number_is_the_same_opaque_text(connect_to):
    """An id that is written as a number is the same text, because older specifications declared
    int32.
    """
    assert rows_of(connect_to({"athlete/0/activities": [{"id": 123}]}))[0].external_id == "123"


@pytest.mark.parametrize(
    "row",
    [
        {"id": "1", "source": "STRAVA", "_note": "no", "start_date_local": "2026-05-01T07:30:00"},
        {"id": "1", "source": "STRAVA", "start_date_local": "2026-05-01T07:30:00"},
    ],
)
def test_a_strava_stub_is_listed_as_never_to_be_delivered(connect_to, row):
    """A Strava stub is listed with its start, its reason and a remedy, with or without its note."""
    [listing] = rows_of(connect_to({"athlete/0/activities": [row]}))
    assert (listing.unavailable.state, listing.unavailable.code) == ("stub", "FG-strava-stub")
    assert "link the device's maker" in listing.unavailable.fix
    assert listing.start_local == datetime.fromisoformat("2026-05-01T07:30")


def test_a_stub_does_not_stop_the_rows_beside_it(connect_to, activity):
    """Rows without a type do not prevent others from being listed; 60 of 67 rows of one real
    account had none.
    """
    rows = [activity(id="i9"), {"id": "1", "source": "STRAVA", "_note": "no"}, activity(id="i8")]
    assert {row.external_id for row in rows_of(connect_to({"athlete/0/activities": rows}))} == {
        "i9",
        "1",
        "i8",
    }


@pytest.mark.parametrize(
    "row",
    [
        7,
        None,
        "text",
        {},
        {"id": None},
        {"id": ""},
        {"id": "a b"},
        {"id": ["x"]},
        {"id": True},
        {"id": ".."},
        {"id": "a/b"},
        {"id": "a,b"},
        {"id": "a\u0000"},
    ],
)
def test_a_row_without_a_usable_id_is_handed_over_under_its_hash(connect_to, row):
    """A row without a usable id is listed under its hash for the quarantine, and other rows are
    listed as usual.
    """
    weird, good = rows_of(connect_to({"athlete/0/activities": [row, {"id": "i1"}]}))
    assert weird.external_id.startswith("row-")
    assert good.external_id == "i1"


def test_the_hash_of_a_weird_row_is_the_same_next_time(connect_to):
    """A row without an id has the same name on the next sync, so it is one record in quarantine and
    not a new one each day.
    """
    first, second = (
        rows_of(connect_to({"athlete/0/activities": [7]}))[0].external_id for _ in range(2)
    )
    assert first == second


def test_a_weird_row_starts_where_the_list_has_it(connect_to):
    """A row without an id has its own start, or that of the row before it, or the beginning of the
    window, so that its disappearance is noticed.
    """
    rows = [
        7,
        {"id": "i2", "start_date_local": "2026-05-02T07:30:00"},
        8,
        {"id": None, "start_date_local": "2026-04-01T06:00:00"},
    ]
    listed = rows_of(
        connect_to({"athlete/0/activities": rows}), Window(date(2026, 3, 1), date(2026, 6, 1))
    )
    starts = [row.start_local for row in listed if row.external_id.startswith("row-")]
    assert starts == [datetime(2026, 5, 2, 7, 30), datetime(2026, 4, 1, 6), datetime(2026, 3, 1)]  # noqa: DTZ001 - local times


def test_a_row_that_is_nested_too_deeply_loses_no_other(connect_to):
    """A row that is nested too deeply is listed under its hash, even with brackets in its texts,
    and other rows are listed as usual.
    """
    deep = b'{"id":"i3","name":"a ] \\" [ b","deep":' + b"[" * 100_000 + b"]" * 100_000 + b"}"
    weird, good = rows_of(connect_to({"athlete/0/activities": b"[" + deep + b' , {"id":"i1"}]'}))
    assert (weird.external_id[:4], weird.summary, good.external_id) == ("row-", deep, "i1")


def test_a_nested_row_that_is_cut_is_no_list():
    """A list that ends inside a deeply nested row is rejected."""
    with pytest.raises(ValueError, match="incomplete"):
        split_rows(b'[{"deep":' + b"[" * 100_000 + b"]" * 50_000 + b"}]")


def test_an_answer_that_is_no_list_stops_the_connection(connect_to):
    """A response that is not a list raises an error that quotes nothing of it, and an error body
    with status 200 is named as such.
    """
    with pytest.raises(ConnectionStopped, match="an error under a success status") as caught:
        rows_of(connect_to({"athlete/0/activities": {"error": "secret words"}}))
    assert caught.value.code == "FG-unexpected-answer"
    assert caught.value.why == "the response is an object"
    assert "secret words" not in str(caught.value.as_dict())


def test_a_cut_answer_says_so_itself(connect_to):
    """An incomplete list is never mistaken for a short list."""
    with pytest.raises(ConnectionStopped) as caught:
        rows_of(connect_to({"athlete/0/activities": b'[{"id":"i1"},{"id":'}))
    assert caught.value.code == "FG-answer-not-json"


def test_an_open_window_costs_one_tiny_request_and_is_split(connect_to):
    """A first sync splits the account by one request of two keys per row."""
    connection = connect_to(
        {"athlete/0/activities": [{"id": "i1", "start_date_local": "2026-05-01T07:30:00"}]}
    )
    [item] = rows_of(connection, Window())
    assert isinstance(item, Split)
    assert connection.http.requests == [
        (
            "athlete/0/activities",
            {"oldest": "1900-01-01", "newest": "2036-06-22", "fields": "id,start_date_local"},
        )
    ]


def test_an_empty_account_is_answered_by_the_sizing_request(connect_to):
    """An empty account needs no request after the one for sizes."""
    assert rows_of(connect_to({"athlete/0/activities": []}), Window()) == []


def test_a_small_account_is_one_window():
    """An account of up to 400 rows is one window, which is bounded at one end so that it is not
    sized again.
    """
    assert split(days(400, step=30)) == (Window(date(1900, 1, 1), None),)


@pytest.mark.parametrize(
    "account", [days(401), days(3000), days(900, step=7), days(500) + days(700)]
)
def test_windows_are_contiguous_newest_first_and_share_no_day(account):
    """Each day since the epoch is in exactly one window."""
    windows = split(account)
    assert windows[0].newest is None
    assert windows[-1].oldest == date(1900, 1, 1)
    assert all(
        older.newest == newer.oldest - timedelta(days=1) for newer, older in pairwise(windows)
    )


def test_windows_hold_about_four_hundred_rows_and_a_year_at_most():
    """A window has about 400 rows and at most a year, so that it fits into one transaction."""
    account = days(3000)
    for window in split(account):
        held = [day for day in account if window.oldest <= day <= (window.newest or date.max)]
        assert len(held) <= 400
        assert held[0] - held[-1] <= timedelta(days=365)


def test_a_day_is_never_cut_in_two():
    """A window ends between two days, even if one day has more rows than a window should have."""
    account = [date(2026, 6, 1)] * 500 + [date(2026, 5, 1)] * 500
    assert [window.oldest for window in split(account)] == [date(2026, 6, 1), date(1900, 1, 1)]


LARGE = {
    "bytes": b'{"id":"i3","name":"' + b"a" * 4_000_001 + b'"}',
    "values": b'{"id":"i3","a":[' + b"{}," * 300_000 + b"1]}",
    "bytes and NaN": b'{"id":"i3","name":"' + b"a" * 4_000_001 + b'","load":NaN}',
    "an id of megabytes": b'{"id":"' + b"a" * 4_000_001 + b'"}',
}


@pytest.mark.parametrize("name", LARGE)
def test_a_row_that_is_too_large_costs_no_other(connect_to, name):
    """A row that is larger than any real one is not stored and says why, under its id if that can
    be read, and other rows are listed as usual.
    """
    content = b"[" + LARGE[name] + b',{"id":"i1"}]'
    large, good = rows_of(connect_to({"athlete/0/activities": content}))
    assert (large.summary, large.unavailable.state) == (b"", "later")
    assert large.unavailable.code == "FG-row-too-large"
    assert large.external_id == "i3" or name in ("bytes and NaN", "an id of megabytes")
    assert (good.external_id, good.unavailable) == ("i1", None)


@pytest.mark.parametrize("window", [Window(date(2026, 3, 1), date(2026, 6, 1)), Window()])
def test_a_list_of_too_many_rows_stops_the_connection(connect_to, monkeypatch, window):
    """A list that is longer than that of any account is refused before its rows are read."""
    monkeypatch.setattr(listing, "MOST_ROWS", 1_000)
    monkeypatch.setattr(listing, "MOST_ACTIVITIES", 1_000)
    content = b"[" + b"{}," * 1_000 + b"{}]"
    with pytest.raises(ConnectionStopped) as caught:
        rows_of(connect_to({"athlete/0/activities": content}), window)
    assert caught.value.code == "FG-answer-beyond-limits"
    assert caught.value.why == "it has more than 1,000 rows, so none of its rows were read"


@pytest.mark.parametrize(
    ("window", "ends"),
    [
        (Window(date(2010, 1, 1), None), (date(2010, 1, 1), None)),
        (Window(date(2010, 1, 1), date(2026, 5, 1)), (date(2010, 1, 1), date(2026, 5, 1))),
        (Window(None, date(2026, 5, 1)), (date(1900, 1, 1), date(2026, 5, 1))),
    ],
)
@pytest.mark.parametrize("error", ["FG-answer-too-large", None])
def test_a_window_of_too_many_rows_is_split(connect_to, monkeypatch, window, ends, error):
    """A window that has more rows or bytes than one response may have is split into windows that
    cover exactly its days.
    """
    monkeypatch.setattr(listing, "MOST_ROWS", 1_000)
    rows = [
        {"id": f"i{number}", "start_date_local": f"{day}T07:00:00"}
        for number, day in enumerate(days(1_500, newest=date(2026, 4, 1), step=3))
    ]

    def respond(params):
        if error and "fields" not in params:
            return ConnectionStopped(error, "too large")
        return rows

    [answer] = rows_of(connect_to({"athlete/0/activities": respond}), window)
    assert (answer.windows[-1].oldest, answer.windows[0].newest) == ends
    assert len(answer.windows) > 3
    for newer, older in pairwise(answer.windows):
        assert older.newest == newer.oldest - timedelta(days=1)


def test_a_window_that_cannot_be_split_keeps_its_error(connect_to):
    """A window of few rows whose response is too large stops the connection with its error."""

    def respond(params):
        if "fields" in params:
            return [{"id": "i1", "start_date_local": "2026-05-01T07:00:00"}]
        return ConnectionStopped("FG-answer-too-large", "too large")

    with pytest.raises(ConnectionStopped) as caught:
        rows_of(connect_to({"athlete/0/activities": respond}))
    assert caught.value.code == "FG-answer-too-large"


def test_a_day_of_too_many_workouts_is_stored_in_part(connect_to, monkeypatch):
    """Of a day with more workouts than anybody's, only some are stored, the others say why, and
    other days are complete.
    """
    monkeypatch.setattr(listing, "MOST_ROWS_OF_DAY", 3)
    rows = [
        {"id": f"i{number}", "start_date_local": f"2026-05-0{day}T07:00:00"}
        for number, day in enumerate([1, 2, 2, 2, 2, 2, 3])
    ]
    listed = rows_of(connect_to({"athlete/0/activities": rows}))
    later = [row for row in listed if row.unavailable is not None]
    assert len(listed) == 7
    assert [(row.unavailable.state, row.unavailable.code) for row in later] == [
        ("later", "FG-day-too-full")
    ] * 2
    assert {row.start_local.day for row in later} == {2}
