"""The opinions of the source about two of its own activities."""

from __future__ import annotations

from datetime import datetime

import pytest

from fitglue_intervals import plugin
from fitglue_registry.model import SourceActivity, Stub
from fitglue_registry.plugin_api import Pair, Side

START = datetime.fromisoformat("2026-05-01T07:30")
STUB = SourceActivity(stub=Stub("FG-strava-stub", "no"), start_local=START)


def native(start=START, **changes):
    return SourceActivity(sport="Ride", start_local=start, **changes)


def leg(index, name="tri.fit", start=START):
    return native(start, extensions={"external_id": name, "file_sport_index": index})


def verdict(first, second, *, entries=("intervals", "intervals"), connections=("c1", "c1")):
    sides = [
        Side(connection, entry, f"x{n}", activity)
        for n, (connection, entry, activity) in enumerate(
            zip(connections, entries, (first, second), strict=True)
        )
    ]
    [opinion] = plugin.fitglue_dedupe(pairs=[Pair(*sides)])
    return opinion and opinion.verdict


def test_a_stub_and_its_native_copy_are_one():
    """A stub and its native copy are the same workout, in either order."""
    assert (verdict(STUB, native()), verdict(native(), STUB)) == ("same", "same")


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (STUB, native(datetime.fromisoformat("2026-05-01T07:31"))),
        (STUB, STUB),
        (native(), native()),
        (STUB, native(start_precision="day")),
    ],
)
def test_there_is_no_opinion_beyond_what_is_known(first, second):
    """The source has no opinion about two starts that differ, two stubs, two native activities, or
    a start that is known only to the day.
    """
    assert verdict(first, second) is None


def test_pairs_of_other_sources_are_none_of_our_business():
    """The source has no opinion about a stub and a file with the same start, which claims and score
    decide.
    """
    assert verdict(STUB, native(), entries=("intervals", "files")) is None


def test_legs_of_one_file_are_not_one_workout():
    """Two legs that share a file and differ in their position inside it are different workouts."""
    assert verdict(leg(0), leg(2, start=datetime.fromisoformat("2026-05-01T09:00"))) == "different"


@pytest.mark.parametrize(
    "other",
    [
        leg(0),
        leg(2, name="other.fit"),
        leg(2, start=datetime.fromisoformat("2026-05-09T00:00")),
        native(),
    ],
)
def test_rows_of_differing_files_have_no_opinion(other):
    """Legs of different files get no opinion, and neither do legs of one name whose starts are days
    apart, because many files share a name such as ``file.dat``.
    """
    assert verdict(leg(0), other) is None


def test_legs_on_two_accounts_have_no_opinion():
    """Legs of two connections get no opinion, because a name identifies a file only within one
    connection.
    """
    assert verdict(leg(0), leg(2), connections=("c1", "c2")) is None


def test_the_opinions_are_in_the_order_of_the_pairs():
    """The hook returns one opinion for each pair, in the order of the pairs."""
    pairs = [
        Pair(Side("c1", "intervals", "a", STUB), Side("c1", "intervals", "b", activity))
        for activity in (STUB, native())
    ]
    assert [opinion and opinion.verdict for opinion in plugin.fitglue_dedupe(pairs=pairs)] == [
        None,
        "same",
    ]
