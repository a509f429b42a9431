"""Raw parts become checked source activities, or the record is refused with its reason and nothing
else suffers.
"""

from __future__ import annotations

import gzip
import math
import types
from datetime import UTC, datetime

import pytest

from fitglue_registry.errors import AthleteNeeded, PluginFailed, RecordRefused
from fitglue_registry.hookspecs import HOOK_API, hookimpl
from fitglue_registry.model import Column, Lap, SourceActivity, Stream, TrainingLoad
from fitglue_registry.plugin_api import Body, Record
from fitglue_registry.plugins import Plugins
from fitglue_registry.registry import Entry, Plugin
from fitglue_registry.sync.deriving.deriver import Deriver, goes_to_quarantine

ENTRY = Entry(
    schema=1, kind="source", id="x", name="X", summary="X", plugin=Plugin("example"), tier="t"
)
START = datetime(2026, 5, 1, 5, 30, tzinfo=UTC)
ZIPPED = gzip.compress(b"x" * 1000)
TIME = Stream("time", Column.of([0, 1]))


def ride(**changes):
    values = {"sport": "Ride", "start_utc": START}
    return SourceActivity(**(values | changes))


@pytest.fixture
def derive():
    """What becomes of a record whose plugin normalizes so."""

    def make(normalize, parts=None):
        module = types.ModuleType("example")
        module.FITGLUE_HOOK_API = HOOK_API

        def fitglue_normalize(record):
            return normalize(record)

        module.fitglue_normalize = hookimpl(fitglue_normalize)
        point = types.SimpleNamespace(
            name="example", value="example", group="fitglue.plugins", load=lambda: module
        )
        record = Record("i7", "x", parts or {"summary": Body(b"{}")})
        derived = Deriver(Plugins([point]), ENTRY).derive(record)
        if derived.refused is not None:
            raise derived.refused
        return derived.encoded

    return make


@pytest.fixture
def refused(derive):
    """The error of a record that cannot be derived."""

    def make(*said, parts=None, normalize=None):
        with pytest.raises((RecordRefused, PluginFailed)) as caught:
            derive(normalize or (lambda _: list(said)), parts)
        return caught.value

    return make


def test_a_plain_record_becomes_a_source_activity(derive):
    """Encoded and ready for the store, with its streams beside it."""
    [prepared] = derive(lambda _: [ride(title="x", streams=(TIME,))])
    assert (prepared.activity.title, prepared.types, prepared.samples) == ("x", ("time",), 2)


def test_every_leg_is_a_source_activity_of_its_own(derive):
    """In the order in which the plugin gave them."""
    assert [one.activity.leg_no for one in derive(lambda _: [ride(leg_no=1), ride(leg_no=0)])] == [
        1,
        0,
    ]


def test_numbers_are_stored_as_their_type_has_them(derive):
    """A plugin may give a whole number where the model has a fraction, or a list for a tuple."""
    [prepared] = derive(lambda _: [ride(elapsed_s=10**20, tags=["a"], pool_lengths=3.0)])
    assert (
        prepared.columns["elapsed_s"],
        prepared.activity.tags,
        prepared.activity.pool_lengths,
    ) == (1e20, ("a",), 3)
    assert isinstance(prepared.columns["elapsed_s"], float)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"start_utc": datetime(2026, 5, 1)}, "start_utc"),  # noqa: DTZ001
        ({"start_utc": "yesterday"}, "start_utc"),
        ({"start_utc": 5}, "start_utc"),
        ({"start_local": START}, "start_local"),
        ({"distance_m": -1.0}, "distance_m"),
        ({"distance_m": "far"}, "distance_m"),
        ({"distance_m": math.nan}, "distance_m"),
        ({"rpe": 11}, "rpe"),
        ({"laps": (Lap(average_watts=math.inf),)}, "laps.0.average_watts"),
        ({"laps": ({"kind": "half"},)}, "laps.0.kind"),
        ({"training_loads": (TrainingLoad(math.nan),)}, "training_loads.0.value"),
        ({"laps": None}, "laps"),
        ({"metrics": None}, "metrics"),
        ({"leg_no": "first"}, "leg_no"),
        ({"leg_no": []}, "leg_no"),
        ({"claims": ("no claim",)}, "claims.0"),
        ({"claims": ("a:b\n",)}, "claims.0"),
        ({"sport": None}, "sport"),
        ({"start_utc": None}, "start_utc"),
        ({"streams": 5}, "streams"),
        ({"streams": (Stream("watts", Column.of([1])),)}, "streams"),
        ({"streams": (Stream("time", [1]),)}, "streams"),
    ],
)
def test_what_the_model_does_not_allow_is_refused_by_field(refused, changes, field):
    """Nothing looks at types when a plugin makes a value, so everything is looked at here."""
    error = refused(ride(**changes))
    assert (error.code, error.at.field) == ("FG-activity-invalid", field)
    assert error.what.startswith(f"i7: {field} ")
    assert goes_to_quarantine(error)


@pytest.mark.parametrize(
    "changes",
    [
        {"distance_m": 10**400},
        {"title": "\ud800"},
        {"extensions": {"a": object()}},
        {"extensions": {"a": {1j}}},
        {"streams": (TIME, Stream("x", Column.of([0, 1]), name="\ud800"))},
    ],
)
def test_what_cannot_be_written_is_refused(refused, changes):
    """Numbers beyond all doubles, half characters, objects of the plugin's own."""
    error = refused(ride(**changes))
    assert error.code == "FG-activity-invalid"
    assert goes_to_quarantine(error)


def test_a_moment_that_no_calendar_has_is_refused(refused):
    """The schema's pattern lets the thirtieth of February pass, reading it back does not."""
    assert refused(ride(start_utc="2026-02-30T05:30:00Z")).code == "FG-activity-invalid"


@pytest.mark.parametrize(
    ("said", "what"),
    [
        ([ride(), ride()], "two source activities for leg 0"),
        ([{"sport": "Ride"}], "with dict, expected SourceActivity"),
        ([None], "with NoneType, expected SourceActivity"),
    ],
)
def test_an_answer_that_breaks_the_hook_is_the_plugins_error(refused, said, what):
    """The plugin is named, and the record is kept for its next version."""
    error = refused(*said)
    assert error.code == "FG-plugin-answer"
    assert what in error.what
    assert goes_to_quarantine(error)


def test_no_list_is_the_plugins_error(refused):
    """A bare source activity, a generator and nothing at all are no list."""
    for answer in (ride(), None, iter([ride()])):
        assert refused(normalize=lambda _, answer=answer: answer).code == "FG-plugin-answer"


def test_a_record_that_the_plugin_refuses_is_refused_in_its_words(refused):
    """It knows best what is wrong."""
    said = RecordRefused("FG-row-invalid", "no start")

    def normalize(_):
        raise said

    assert refused(normalize=normalize) is said
    assert goes_to_quarantine(said)


def test_a_plugin_that_raises_costs_this_record_alone(refused):
    """An error of the code goes to quarantine with the record."""
    error = refused(normalize=lambda _: 1 / 0)
    assert error.code == "FG-plugin-raised"
    assert goes_to_quarantine(error)


@pytest.mark.parametrize(
    "content", [b"no gzip", ZIPPED[:-9], ZIPPED[:12] + b"\0" * 20], ids=["other", "cut", "damaged"]
)
def test_a_part_whose_bytes_broke_on_the_way_is_no_fault_of_the_plugin(refused, content):
    """Reading it fails inside the plugin, and the record says why."""
    parts = {"summary": Body(b"{}"), "streams": Body(content, "gzip")}
    error = refused(parts=parts, normalize=lambda record: record.read("streams"))
    assert error.code == "FG-part-unreadable"
    assert goes_to_quarantine(error)


def test_an_empty_part_is_no_broken_one(derive):
    """Some answers have no body."""
    read = []
    derive(lambda record: read.append(record.read("streams")) or [], {"streams": Body(b"", "gzip")})
    assert read == [b""]


@pytest.mark.parametrize(
    "error",
    [
        PluginFailed("FG-plugin-blocked", "silent"),
        PluginFailed("FG-hook-missing", "no hook"),
        AthleteNeeded("FG-key-rejected", "no"),
    ],
)
def test_what_concerns_more_than_the_record_is_no_case_for_quarantine(error):
    """A plugin that blocks would block for the next record too."""
    assert not goes_to_quarantine(error)
