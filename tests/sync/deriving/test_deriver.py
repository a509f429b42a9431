"""Tests of deriving one record: it becomes checked source activities, or is refused with a
reason.
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
    """A function that derives a record whose plugin normalizes with the given function."""

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
    """A function that derives a record, which must fail, and returns the error."""

    def make(*answer, parts=None, normalize=None):
        with pytest.raises((RecordRefused, PluginFailed)) as caught:
            derive(normalize or (lambda _: list(answer)), parts)
        return caught.value

    return make


def test_a_plain_record_becomes_a_source_activity(derive):
    """A record becomes a source activity that is encoded for the store, with its streams."""
    [encoded] = derive(lambda _: [ride(title="x", streams=(TIME,))])
    assert (encoded.activity.title, encoded.types, encoded.samples) == ("x", ("time",), 2)


def test_every_leg_is_a_source_activity_of_its_own(derive):
    """Each leg becomes a source activity, in the order in which the plugin returned them."""
    legs = derive(lambda _: [ride(leg_no=1), ride(leg_no=0)])
    assert [encoded.activity.leg_no for encoded in legs] == [1, 0]


def test_numbers_are_stored_as_their_type_has_them(derive):
    """A plugin may return an integer for a float of the model, a float for an integer if it has no
    fraction, and a list for a tuple.
    """
    [encoded] = derive(lambda _: [ride(elapsed_s=10**20, tags=["a"], pool_lengths=3.0)])
    assert (
        encoded.columns["elapsed_s"],
        encoded.activity.tags,
        encoded.activity.pool_lengths,
    ) == (1e20, ("a",), 3)
    assert isinstance(encoded.columns["elapsed_s"], float)


def test_the_totals_of_every_plugin_are_compared(derive):
    """A zero that another total contradicts is removed, and a contradiction is reported, whichever
    plugin states them.
    """
    totals = {"elapsed_s": 600.0, "moving_s": 900.0, "distance_m": 0.0, "average_speed_mps": 3.0}
    [encoded] = derive(lambda _: [ride(**totals)])
    assert (encoded.activity.distance_m, encoded.activity.moving_s) == (None, 900.0)
    assert encoded.activity.completeness.missing.keys() == {"distance_m", "consistent durations"}


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
    """A value of a wrong type or outside its range is refused, and the error names its field."""
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
def test_a_value_that_cannot_be_encoded_is_refused(refused, changes):
    """Numbers too large for a double, lone surrogates and objects of the plugin's own classes are
    refused.
    """
    error = refused(ride(**changes))
    assert error.code == "FG-activity-invalid"
    assert goes_to_quarantine(error)


def test_a_date_that_does_not_exist_is_refused(refused):
    """February 30 matches the pattern of the schema, but is refused when the document is
    decoded.
    """
    assert refused(ride(start_utc="2026-02-30T05:30:00Z")).code == "FG-activity-invalid"


@pytest.mark.parametrize(
    ("answer", "what"),
    [
        ([ride(), ride()], "two source activities for leg 0"),
        ([{"sport": "Ride"}], "with dict, expected SourceActivity"),
        ([None], "with NoneType, expected SourceActivity"),
    ],
)
def test_an_answer_that_breaks_the_hook_is_the_plugins_error(refused, answer, what):
    """An answer with a wrong type or two equal legs is an error of the plugin, and the record
    goes to quarantine.
    """
    error = refused(*answer)
    assert error.code == "FG-plugin-answer"
    assert what in error.what
    assert goes_to_quarantine(error)


def test_an_answer_that_is_not_a_list_is_the_plugins_error(refused):
    """An answer must be a list: a single source activity, a generator and ``None`` are refused."""
    for answer in (ride(), None, iter([ride()])):
        assert refused(normalize=lambda _, answer=answer: answer).code == "FG-plugin-answer"


def test_a_record_that_the_plugin_refuses_has_the_plugins_error(refused):
    """If the plugin refuses a record, its own error goes to quarantine unchanged."""
    refusal = RecordRefused("FG-row-invalid", "no start")

    def normalize(_):
        raise refusal

    assert refused(normalize=normalize) is refusal
    assert goes_to_quarantine(refusal)


def test_a_plugin_that_raises_affects_only_this_record(refused):
    """If the plugin's code raises, only this record goes to quarantine."""
    error = refused(normalize=lambda _: 1 / 0)
    assert error.code == "FG-plugin-raised"
    assert goes_to_quarantine(error)


@pytest.mark.parametrize(
    "content", [b"no gzip", ZIPPED[:-9], ZIPPED[:12] + b"\0" * 20], ids=["other", "cut", "damaged"]
)
def test_a_damaged_part_is_not_an_error_of_the_plugin(refused, content):
    """A part whose gzip bytes are damaged fails inside the plugin, and the error names the part
    instead of the plugin.
    """
    parts = {"summary": Body(b"{}"), "streams": Body(content, "gzip")}
    error = refused(parts=parts, normalize=lambda record: record.read("streams"))
    assert error.code == "FG-part-unreadable"
    assert goes_to_quarantine(error)


def test_an_empty_part_is_not_damaged(derive):
    """A part without bytes is read as empty, since some HTTP responses have no body."""
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
def test_an_error_of_the_whole_connection_does_not_go_to_quarantine(error):
    """An error that would happen with the next record too, such as a plugin that blocks, stops the
    connection and puts no record into quarantine.
    """
    assert not goes_to_quarantine(error)
