"""Tests of listing: windows, pages, and events with their legs."""

from __future__ import annotations

import itertools
import json
from datetime import UTC, date, datetime

import pytest

from fitglue_garmin import plugin
from fitglue_garmin.listing import EPOCH, windows
from fitglue_registry.errors import ConnectionStopped, Retryable
from fitglue_registry.plugin_api import Split, Window
from fitglue_registry.testing import FakeAnswer

LIST = "activitylist-service/activities/search/activities"
NOVEMBER = Window(date(2026, 11, 1), date(2026, 11, 30))


def row(number, start="2026-11-02 07:31:10", **changes):
    """Return a row with the few keys that listing reads."""
    return {"activityId": number, "startTimeLocal": start} | changes


def pages(rows, largest=45, empty=b"[]"):
    """Return a function that answers with a page of the rows, as the service does."""

    def answer(params):
        offset, limit = int(params["start"]), int(params["limit"])
        if limit > largest:
            return FakeAnswer(b"{}", 500)
        page = rows[offset : offset + limit]
        return page or empty

    return answer


def listed(connect_to, answer, window=NOVEMBER):
    """Return the listings of a window, and the connection that was asked."""
    connection = connect_to({LIST: answer})
    return list(plugin.fitglue_list(connection=connection, window=window)), connection


# -- windows ---------------------------------------------------------------------------------------


def test_a_history_is_split_into_years_with_a_short_newest_window():
    """The newest window has 90 days and is open to the future, and the oldest reaches back."""
    made = windows(date(2024, 3, 1), date(2026, 11, 21))
    assert made[0] == Window(date(2026, 8, 23), None)
    assert made[1] == Window(date(2025, 8, 23), date(2026, 8, 22))
    assert made[-1] == Window(EPOCH, date(2024, 8, 22))


@pytest.mark.parametrize("first", [date(2026, 11, 20), date(1989, 12, 31), date(1900, 1, 1)])
def test_windows_cover_each_day_once(first):
    """Windows follow each other without a gap, for new and for very old histories."""
    made = windows(first, date(2026, 11, 21))
    assert (made[0].newest, made[-1].oldest) == (None, EPOCH)
    for newer, older in itertools.pairwise(made):
        assert (newer.oldest - older.newest).days == 1


def test_the_first_listing_asks_only_for_the_oldest_row(connect_to):
    """A window that is open at both ends costs one request of one row."""
    items, connection = listed(connect_to, [row(1, "2025-01-02 08:00:00")], Window())
    assert isinstance(items[0], Split)
    [(_, params)] = connection.http.requests
    assert (params["limit"], params["sortOrder"]) == ("1", "asc")


@pytest.mark.parametrize("empty", [b"", b"[]"])
def test_an_empty_account_has_no_windows(connect_to, empty):
    """An account without activities lists nothing, whether the answer is empty or has no body."""
    assert listed(connect_to, empty, Window())[0] == []


def test_a_window_is_requested_by_closed_days(connect_to):
    """A window is requested with a first and a last day, ascending, with legs, a day wider."""
    _, connection = listed(connect_to, b"[]")
    [(_, params)] = connection.http.requests
    assert params == {
        "sortBy": "startLocal",
        "sortOrder": "asc",
        "startDate": "2026-10-31",
        "endDate": "2026-12-01",
        "excludeChildren": "false",
        "start": "0",
        "limit": "40",
    }


@pytest.mark.parametrize(
    ("window", "days"),
    [
        (Window(date.min, date(2026, 11, 30)), ("1900-01-01", "2026-12-01")),
        (Window(date(2026, 11, 1), date.max), ("2026-10-31", "9999-12-31")),
        (Window(date(1900, 1, 1), date(1960, 1, 1)), ("1900-01-01", "1960-01-02")),
        (Window(date.min, date(1800, 1, 1)), None),
        (Window(date.max, date.max), ("9999-12-30", "9999-12-31")),
    ],
)
def test_any_days_of_the_calendar_can_be_named(connect_to, window, days):
    """The first and the last day of the calendar are no mistake."""
    items, connection = listed(connect_to, b"[]", window)
    assert items == []
    asked = [(params["startDate"], params["endDate"]) for _, params in connection.http.requests]
    assert asked == ([] if days is None else [days])


@pytest.mark.parametrize(
    "start",
    ["1969-12-31 19:00:05", "1969-12-31 12:00:00", "1950-06-01 08:00:00", "0001-01-01 00:00:00"],
)
@pytest.mark.parametrize("oldest", [None, EPOCH, date(1970, 1, 1)])
def test_the_oldest_window_has_no_first_day(connect_to, start, oldest):
    """A workout of a clock that was never set is listed, also west of Greenwich."""
    [item], _ = listed(connect_to, [row(7, start)], Window(oldest, date(2025, 1, 1)))
    assert item.external_id == "7"


@pytest.mark.parametrize(
    "start", ["2026-12-24 08:00:00", "2039-01-01 08:00:00", "9999-12-31 23:59:59"]
)
def test_the_newest_window_has_no_last_day(connect_to, start):
    """A workout of a clock that is years ahead is listed."""
    window = Window(date(2026, 8, 23), None)
    [item], connection = listed(connect_to, [row(7, start)], window)
    assert item.external_id == "7"
    [(_, params)] = connection.http.requests
    assert params["endDate"] == "9999-12-31"


def test_rows_of_the_days_around_a_window_are_left_out(connect_to):
    """Rows of the days before and after a window belong to other windows."""
    rows = [
        row(1, "2026-10-31 23:00:00"),
        row(2, "2026-11-01 00:00:00"),
        row(3, "2026-11-30 23:59:59"),
        row(4, "2026-12-01 00:00:00"),
    ]
    items, _ = listed(connect_to, rows)
    assert [item.external_id for item in items] == ["3", "2"]


# -- pages -----------------------------------------------------------------------------------------


def test_pages_have_forty_rows_and_end_with_a_shorter_one(connect_to):
    """A list of 85 rows takes three requests of forty."""
    rows = [row(number, f"2026-11-{number % 28 + 1:02} 08:00:00") for number in range(1, 86)]
    items, connection = listed(connect_to, pages(rows))
    assert {item.external_id for item in items} == {str(number) for number in range(1, 86)}
    assert [params["start"] for _, params in connection.http.requests] == ["0", "40", "80"]


def test_a_500_halves_the_page_once(connect_to):
    """If the service fails for a page of forty, it is asked for pages of twenty from then on."""
    rows = [row(number) for number in range(1, 46)]
    items, connection = listed(connect_to, pages(rows, largest=30))
    assert len(items) == 45
    asked = [(params["start"], params["limit"]) for _, params in connection.http.requests]
    assert asked == [("0", "40"), ("0", "20"), ("20", "20"), ("40", "20")]


@pytest.mark.parametrize("cap", [20, 30, 39])
def test_a_service_that_sends_fewer_rows_than_requested_is_read_to_its_end(connect_to, cap):
    """A page of fewer than forty rows is not the last one if the service has a lower limit."""
    rows = [row(number) for number in range(1, 101)]

    def capped(params):
        offset = int(params["start"])
        return rows[offset : offset + cap] or b"[]"

    items, _ = listed(connect_to, capped)
    assert len(items) == 100


def test_a_500_for_half_a_page_is_an_outage(connect_to):
    """If the service fails for a page of twenty as well, the sync stops."""
    with pytest.raises(Retryable) as raised:
        listed(connect_to, pages([row(1)], largest=1))
    assert raised.value.code == "FG-source-down"


def test_a_page_that_fails_in_the_middle_is_read_again_from_its_beginning(connect_to):
    """A failure of the second page loses and repeats no row."""
    rows = [row(number) for number in range(1, 91)]
    answer = pages(rows)

    def failing(params):
        if (params["start"], params["limit"]) == ("40", "40"):
            return FakeAnswer(b"", 500)
        return answer(params)

    items, _ = listed(connect_to, failing)
    assert len(items) == 90


def test_a_row_that_moved_to_the_next_page_is_listed_once(connect_to):
    """If a workout arrives while the list is read, a row that two pages have is listed once."""
    rows = [row(number) for number in range(1, 61)]

    def answer(params):
        shifted = rows if params["start"] == "0" else [row(99), *rows]
        return pages(shifted)(params)

    items, _ = listed(connect_to, answer)
    ids = [item.external_id for item in items]
    assert len(ids) == len(set(ids)) == 60


def test_a_web_page_instead_of_a_list_stops_the_sync(connect_to):
    """A web page with status 200 is not taken for an empty list."""
    with pytest.raises(ConnectionStopped):
        listed(connect_to, b"<html>sign in</html>")


# -- rows ------------------------------------------------------------------------------------------


def test_a_row_is_kept_verbatim(connect_to):
    """The summary has the exact bytes of the row, including keys that nobody knows."""
    content = b'[ {"activityId": 7, "startTimeLocal": "2026-11-02 07:31:10", "new": 1.50} ]'
    [item], _ = listed(connect_to, content)
    assert item.summary == content[2:-2]
    assert item.start_local == datetime.fromisoformat("2026-11-02T07:31:10")


@pytest.mark.parametrize(
    "times",
    [
        {"startTimeLocal": None, "startTimeGMT": "2026-11-02 06:31:10"},
        {"startTimeLocal": "2026-11-02T06:31:10.0"},
        {"startTimeLocal": None, "beginTimestamp": 1793601070000},
        {"startTimeLocal": 1793601070000},
    ],
)
def test_each_form_of_a_time_is_read(connect_to, times):
    """A start as text, as ISO 8601 and in milliseconds is read; without a local one, in UTC."""
    [item], _ = listed(connect_to, [row(7) | times])
    expected = datetime.fromtimestamp(1793601070, UTC).replace(tzinfo=None)
    assert item.start_local == expected


def test_a_workout_that_was_typed_in_has_no_file(connect_to):
    """The row of a workout that was typed in says that it has no file, so nobody asks for it."""
    items, _ = listed(connect_to, [row(7, isManualActivity=True), row(8)])
    assert {item.external_id: dict(item.without) for item in items} == {
        "7": {"file": "it was entered by hand"},
        "8": {},
    }


@pytest.mark.parametrize("number", [None, "x", -1, True, 1.5, "1/../2", 10**400])
def test_a_row_without_a_usable_id_is_named_after_its_content(connect_to, number):
    """A row without an id that a path can contain has the same name in each sync."""
    content = json.dumps([row(number)]).encode()
    [first], _ = listed(connect_to, content)
    [second], _ = listed(connect_to, content)
    assert first.external_id.startswith("row-")
    assert first.external_id == second.external_id


def test_a_row_that_is_too_large_costs_no_other(connect_to):
    """A row of megabytes is reported, and the other rows are listed."""
    items, _ = listed(connect_to, [row(7, description="x" * 4_100_000), row(8)])
    states = {item.external_id: item.unavailable and item.unavailable.code for item in items}
    assert states["8"] is None
    assert "FG-row-too-large" in states.values()


# -- events ----------------------------------------------------------------------------------------


def test_the_rows_of_legs_are_parts_of_the_row_of_their_event(connect_to):
    """An event is one record, whose summary has the rows of its legs verbatim, in order of time."""
    rows = [
        row(10, isParent=True),
        row(12, "2026-11-02 08:00:00", parentId=10),
        row(11, "2026-11-02 07:31:10", parentId=10),
    ]
    [item], _ = listed(connect_to, rows)
    assert item.external_id == "10"
    assert [leg["activityId"] for leg in json.loads(item.summary)["fitglue_legs"]] == [11, 12]


def test_a_leg_after_midnight_belongs_to_its_event(connect_to):
    """A leg that begins on the day after the last day of a window is listed with its event."""
    rows = [
        row(10, "2026-11-30 23:00:00"),
        row(11, "2026-11-30 23:00:00", parentId=10),
        row(12, "2026-12-01 00:30:00", parentId=10),
    ]
    [item], _ = listed(connect_to, rows)
    assert len(json.loads(item.summary)["fitglue_legs"]) == 2


def test_the_leg_of_an_event_before_the_window_is_not_listed_twice(connect_to):
    """A leg on the first day of a window, whose event began the day before, is not listed there."""
    rows = [row(10, "2026-10-31 23:00:00"), row(11, "2026-11-01 00:30:00", parentId=10)]
    assert listed(connect_to, rows)[0] == []


def test_a_leg_without_its_event_is_a_workout_of_its_own(connect_to):
    """A leg whose event is not listed is not lost."""
    [item], _ = listed(connect_to, [row(11, parentId=10)])
    assert item.external_id == "11"


@pytest.mark.parametrize("parent", [11, "11"])
def test_a_row_that_is_its_own_event_is_listed(connect_to, parent):
    """A row that names itself as its event is a workout, and not lost."""
    [item], _ = listed(connect_to, [row(11, parentId=parent)])
    assert item.external_id == "11"


# -- odd families ----------------------------------------------------------------------------------


def families_of(items):
    """Return the ids that were listed, each with the ids of its legs."""
    families = {}
    for item in items:
        legs = json.loads(item.summary).get("fitglue_legs", [])
        families[item.external_id] = [leg["activityId"] for leg in legs]
    return families


@pytest.mark.parametrize(
    "links",
    [{1: 2, 2: 1}, {1: 2, 2: 3, 3: 1}, {number: number % 30 + 1 for number in range(1, 31)}],
)
def test_rows_that_name_each_other_as_their_event_are_workouts(connect_to, links):
    """A circle of rows, none of which says that it is an event, loses none of them."""
    rows = [row(number, parentId=parent) for number, parent in links.items()]
    items, _ = listed(connect_to, pages([*rows, row(99)]))
    assert families_of(items) == {str(number): [] for number in (*links, 99)}


def test_the_event_of_a_circle_is_believed(connect_to):
    """If exactly one row of a circle says that it is an event, the others are its legs."""
    rows = [row(1, parentId=2, isParent=True), row(2, parentId=1), row(3, parentId=2)]
    items, _ = listed(connect_to, rows)
    assert families_of(items) == {"1": [2, 3]}


def test_several_events_of_a_circle_are_workouts(connect_to):
    """If two rows of a circle say that they are the event of the other, neither is hidden."""
    rows = [row(1, parentId=2, isParent=True), row(2, parentId=1, isParent=True)]
    items, _ = listed(connect_to, rows)
    assert families_of(items) == {"1": [], "2": []}


def test_a_row_below_a_circle_is_a_leg(connect_to):
    """The leg of a row that is in a circle belongs to that row, however many are between them."""
    rows = [row(1, parentId=2), row(2, parentId=1), row(3, parentId=2), row(4, parentId=3)]
    items, _ = listed(connect_to, rows)
    assert families_of(items) == {"1": [], "2": [3, 4]}


@pytest.mark.parametrize("order", list(itertools.permutations([1, 2, 3, 4])))
def test_the_leg_of_a_leg_is_a_leg_of_the_event(connect_to, order):
    """Legs of legs are listed with the event, in whatever order the rows arrive."""
    rows = {
        1: row(1, isParent=True),
        2: row(2, parentId=1),
        3: row(3, "2026-11-02 08:00:00", parentId=2),
        4: row(4, "2026-11-02 09:00:00", parentId=3),
    }
    items, _ = listed(connect_to, [rows[number] for number in order])
    assert families_of(items) == {"1": [2, 3, 4]}


def test_a_chain_of_thousands_of_legs_is_read(connect_to):
    """A chain of any length neither exceeds the stack nor takes a time in its square."""
    count = 5_000
    rows = [row(number, parentId=number - 1 or None) for number in range(1, count + 1)]
    items, _ = listed(connect_to, pages(rows))
    [legs] = families_of(items).values()
    assert len(legs) == count - 1
