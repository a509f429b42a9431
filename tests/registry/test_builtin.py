"""The entries that come with the host and with the plugin fitglue-files."""

import fnmatch
from pathlib import Path

import pytest

from fitglue_registry.registry import default_folder
from fitglue_registry.registry.check import check
from fitglue_registry.registry.loading import load_catalogue
from fitglue_registry.registry.pasted import read_field

FILES = Path(__file__).parents[2] / "plugins" / "fitglue-files" / "fitglue_files" / "registry"


@pytest.mark.parametrize("folder", [default_folder(), FILES], ids=["built in", "files"])
def test_our_own_entries_are_valid(folder):
    """Every entry that we publish passes the check."""
    assert [str(error) for error in check(folder).errors] == []


def test_the_tiers_are_in_order():
    """The lowest tier is hobbyist, and the next one is athlete."""
    assert [tier.id for tier in load_catalogue().tiers] == ["hobbyist", "athlete"]


def touched(*keys):
    """Return the parts of Intervals.icu that a change of these summary keys re-opens."""
    touches = load_catalogue().get("source", "intervals").sync.touches
    return sorted(
        part
        for part, globs in touches.items()
        if any(fnmatch.fnmatchcase(key, glob) for key in keys for glob in globs)
    )


@pytest.mark.parametrize(
    ("keys", "parts"),
    [
        (("name", "description"), []),
        (("icu_training_load", "feel", "icu_rpe", "tags", "gear.id"), []),
        (("icu_sync_date",), ["detail", "streams"]),
        (("analyzed",), ["detail", "streams"]),
        (("icu_intervals_edited",), ["detail"]),
        (("interval_summary", "icu_lap_count"), ["detail"]),
        (("stream_types",), ["detail", "streams"]),
        (("elapsed_time",), ["detail", "streams"]),
        (("icu_hr_zones",), ["detail"]),
        (("_note",), ["detail", "file", "streams"]),
        (("file_type",), ["file"]),
    ],
)
def test_a_change_re_opens_the_parts_that_it_touches(keys, parts):
    """A rename re-opens no part; a new analysis, length or origin re-opens the affected parts."""
    assert touched(*keys) == parts


@pytest.mark.parametrize(
    "key",
    [
        "icu_atl",
        "icu_ctl",
        "icu_weight",
        "icu_resting_hr",
        "icu_rolling_ftp",
        "gear.distance",
        "average_wind_gust",
        "min_weather_temp",
        "max_feels_like",
    ],
)
def test_what_drifts_while_the_workout_stays_is_volatile(key):
    """A key that changes although the workout does not is volatile."""
    assert any(
        fnmatch.fnmatchcase(key, glob)
        for glob in load_catalogue().get("source", "intervals").volatile
    )


@pytest.mark.parametrize(
    "key",
    [
        "name",
        "icu_sync_date",
        "average_temp",
        "icu_training_load",
        "distance",
        "icu_ftp",
        "strava_id",
    ],
)
def test_what_belongs_to_the_workout_is_not_volatile(key):
    """A key whose change is a change of the workout is not volatile."""
    assert not any(
        fnmatch.fnmatchcase(key, glob)
        for glob in load_catalogue().get("source", "intervals").volatile
    )


@pytest.mark.parametrize(
    ("address", "accepted"),
    [
        ("https://example.org/api/v1", True),
        ("http://127.0.0.1:8042/api/v1", True),
        ("http://localhost", True),
        ("http://[::1]:80/", True),
        ("http://example.org", False),
        ("http://127.0.0.1.example.org", False),
        ("http://localhost@example.org", False),
        ("https://a@b", False),
    ],
)
def test_the_address_is_https_or_on_this_machine(address, accepted):
    """An address is accepted if it is https, or plain http on this machine."""
    field = load_catalogue().get("integration", "intervals").settings[0]
    assert (_reads(field, address) is not None) is accepted


@pytest.mark.parametrize(
    "address",
    [
        "http://127.0.0.1:8042",
        "http://127.0.0.1:8042/",
        "http://127.0.0.1:8042/api/v1",
        "http://127.0.0.1:8042/api/v1/",
    ],
)
def test_the_address_is_taken_with_and_without_the_path_of_the_api(address):
    """The address of the API is accepted with and without the path at which the API begins."""
    assert (
        _reads(load_catalogue().get("integration", "intervals").settings[0], address)
        == "http://127.0.0.1:8042"
    )


def _reads(field, text):
    from fitglue_registry.errors import UserMistake

    try:
        return read_field(field, text)
    except UserMistake:
        return None


@pytest.mark.shared
def test_no_sentence_of_the_published_page_is_in_our_entries():
    """No sentence of the published help page is copied into our entries."""
    page = Path(__file__).parents[3] / "shared" / "data" / "help" / "intervals-source.md"
    if not page.is_file():
        pytest.skip(f"needs {page}, the folder of real payloads beside the checkout")
    sentences = [
        part.strip(" *-|")
        for line in page.read_text().splitlines()
        for part in line.split(". ")
        if len(part) > 40
    ]
    ours = " ".join(
        (default_folder() / kind / "intervals.yaml").read_text()
        for kind in ("integrations", "sources")
    )
    assert [sentence for sentence in sentences if sentence in " ".join(ours.split())] == []


@pytest.mark.parametrize("name", ["strava", "trainingpeaks"])
def test_each_closed_service_has_an_alternative_for_new_workouts_and_one_for_the_history(name):
    """A closed service's new workouts come through another service, and its history by import."""
    closed = load_catalogue().get("integration", name).closed
    assert [" ".join(alternative.command.split()[:2]) for alternative in closed.alternatives] == [
        "fitglue connect",
        "fitglue connect",
        "fitglue import",
    ]
