"""What is read from a FIT file equals what Garmin's SDK reads, message by message.

The SDK is slow and stops at damage, so it is the reference and not the reader. Where the two differ
on purpose, the rule is in this module: a field that the file has wins over one that is expanded
from a coarser field, and -500 m is no altitude. The SDK for Python cannot read compressed
timestamps, so a file with them is compared with its twin that has ordinary ones.
"""

from __future__ import annotations

import gzip
import math
import os
import struct
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import pytest
from garmin_fit_sdk import Decoder, Stream
from hypothesis import given, settings
from hypothesis import strategies as st

from fitglue_formats import activities
from fitglue_formats.fit.columns import table
from fitglue_formats.fit.frames import find_messages
from fitglue_formats.fit.messages import decode
from fitglue_formats.fit.values import number
from fitglue_formats.testing import BASES, T0, Fields, FitFile

#: Every option of the SDK that changes a value. Heart rates of a strap (messages ``hr``) have tests
#: of their own, and the checksum is not what is compared.
OPTIONS = {
    "apply_scale_and_offset": True,
    "convert_datetimes_to_dates": False,
    "convert_types_to_strings": False,
    "enable_crc_check": False,
    "expand_sub_fields": False,
    "expand_components": True,
    "merge_heart_rates": False,
}
#: The kinds of message that a workout is made from.
KINDS = ("session", "lap", "length", "event", "activity", "set")
#: Field → the coarser one that the SDK expands over it.
COARSER = {
    "enhanced_altitude": "altitude",
    "enhanced_speed": "speed",
    "enhanced_respiration_rate": "respiration_rate",
    "speed": "compressed_speed_distance",
    "distance": "compressed_speed_distance",
    "total_cycles": "cycles",
    "accumulated_power": "compressed_accumulated_power",
}
#: Stream → the fields of the SDK that it is made of, the best one first, and its factor.
STREAMS = {
    "altitude": ("enhanced_altitude", 1),
    "heartrate": ("heart_rate", 1),
    "distance": ("distance", 1),
    "velocity": ("enhanced_speed", 1),
    "watts": ("power", 1),
    "temperature": ("temperature", 1),
}
_SEMICIRCLE = 180 / 2**31
_LARGE = 1_000_000
_FILES = (
    Path(os.environ.get("FITGLUE_SHARED") or Path(__file__).parents[4] / "shared")
    / "data"
    / "files"
)
#: Files that the SDK cannot read to their end: with compressed timestamps, or without a size.
UNREADABLE = {
    "python-fitpars__antfs-dump.63.fit",
    "python-fitpars__compressed-speed-distance.fit",
    "sports-lib__broken.fit",
}


def _real_files() -> list:
    """Return the real files as parameters; those over 1 MB belong to ``make test-long``."""
    names = []
    for path in sorted(_FILES.iterdir()) if _FILES.is_dir() else []:
        if ".fit" not in path.name.casefold() or path.name in UNREADABLE:
            continue
        marks = [pytest.mark.long] if path.stat().st_size > _LARGE else []
        names.append(pytest.param(path.name, marks=marks))
    return names


# The scope groups the tests of one file, so that the SDK decodes each file once.
@pytest.fixture(scope="module", params=_real_files())
def name(request):
    """Return the name of each real file in turn."""
    return request.param


def content_of(name: str) -> bytes:
    content = (_FILES / name).read_bytes()
    return gzip.decompress(content) if name.endswith(".gz") else content


@lru_cache(maxsize=1)
def sdk(content: bytes) -> dict[str, list[dict]]:
    """Return the messages that the SDK reads, by their kind."""
    messages, _ = Decoder(Stream.from_byte_array(bytearray(content))).read(**OPTIONS)
    return messages


def same(ours: float | None, theirs: float | None) -> bool:
    """Return whether two values are equal; a NaN is a missing value."""
    missing = [value is None or math.isnan(value) for value in (ours, theirs)]
    if any(missing):
        return all(missing)
    return math.isclose(ours, theirs, rel_tol=1e-9, abs_tol=1e-9)


def scalar(value: object) -> float | None:
    """Return the value of the SDK as a number; of an array, its first known element."""
    if isinstance(value, list):
        value = next((part for part in value if part is not None), None)
    return value if isinstance(value, int | float) else None


def expected(message: dict, name: str) -> float | None:
    """Return the number that the SDK reads for a field, with -500 m as a missing altitude."""
    value = scalar(message.get(name))
    return None if value == -500 and "altitude" in name else value


def differing_messages(content: bytes) -> list[tuple]:
    """Return each field of a message that differs, with both values."""
    ours, theirs = decode(find_messages(content)), sdk(content)
    differing = []
    for kind in KINDS:
        pairs = zip(ours.all(kind), theirs.get(f"{kind}_mesgs", []), strict=True)
        for index, (message, reference) in enumerate(pairs):
            for name in message:
                value = number(message, name)
                # Enumerations are names in fitdecode; a subfield is one of them under "data".
                if value is None or name not in reference or name == "data":
                    continue
                coarse = reference.get(name.replace("enhanced_", ""))
                if name.startswith("enhanced_") and coarse is not None:
                    assert value == pytest.approx(coarse, abs=0.2)
                elif not same(value, expected(reference, name)):
                    differing.append((kind, index, name, value, reference[name]))
            # What the SDK has as a number must not be missing in ours.
            differing += [
                (kind, index, name, None, reference[name])
                for name in NUMBERS
                if number(message, name) is None and expected(reference, name) is not None
            ]
    return differing


#: The fields of sessions and laps that the reader uses.
NUMBERS = (
    "start_time",
    "timestamp",
    "total_elapsed_time",
    "total_timer_time",
    "total_distance",
    "total_calories",
    "total_ascent",
    "avg_heart_rate",
    "max_heart_rate",
    "avg_power",
    "max_power",
    "normalized_power",
    "avg_cadence",
    "enhanced_avg_speed",
    "enhanced_max_speed",
    "enhanced_max_altitude",
    "start_position_lat",
)


def differing_samples(content: bytes) -> list[tuple]:
    """Return each value of a sample that differs, with both values."""
    frames = find_messages(content)
    messages = sdk(content)
    ours, theirs = table(frames, decode(frames)), messages.get("record_mesgs", [])
    has_strap = "hr_mesgs" in messages  # its heart rates fill the gaps of the samples
    assert len(ours.time) == len(theirs)
    differing = []
    for row, reference in enumerate(theirs):
        if not same(ours.time[row], reference.get("timestamp")):
            differing.append((row, "timestamp", ours.time[row], reference.get("timestamp")))
        for name, column in ours.columns.items():
            if column.developer or isinstance(reference.get(name), list):
                continue
            # The SDK lets the expanded field win, so the value of the finer one is not there.
            if name in COARSER and COARSER[name] in reference:
                continue
            if has_strap and name == "heart_rate" and name not in reference:
                continue
            if not same(column.values[row], expected(reference, name)):
                differing.append((row, name, column.values[row], reference.get(name)))
    return differing


def differing_streams(content: bytes) -> list[tuple]:
    """Return each value of a stream that differs from the messages of the SDK."""
    records = sorted(sdk(content).get("record_mesgs", []), key=lambda record: record["timestamp"])
    workouts = [activity for activity in activities(content) if activity.streams]
    streams = [{item.type: list(item.values) for item in workout.streams} for workout in workouts]
    assert sum(len(each["time"]) for each in streams) == len(records)
    differing = []
    rows = iter(records)
    for each in streams:
        for index in range(len(each["time"])):
            record = next(rows)
            for kind, (name, factor) in STREAMS.items():
                if kind == "heartrate" and not record.get(name):
                    continue
                theirs = expected(record, name)
                value = each[kind][index] if kind in each else None
                if not same(value, None if theirs is None else theirs * factor):
                    differing.append((index, kind, value, theirs))
            differing += _differing_place(index, each, record)
    return differing


def _differing_place(index: int, streams: dict, record: dict) -> list[tuple]:
    latitude, longitude = record.get("position_lat"), record.get("position_long")
    place = streams["latlng"][index] if "latlng" in streams else None
    if latitude is None or longitude is None or (latitude == 0 and longitude == 0):
        return []
    if place == pytest.approx((latitude * _SEMICIRCLE, longitude * _SEMICIRCLE), abs=1e-9):
        return []
    return [(index, "latlng", place, (latitude, longitude))]


# -- real files ------------------------------------------------------------------------------------


@pytest.mark.shared
def test_messages_of_real_files_are_those_of_the_sdk(name, shared_files):
    """Each number in a session, lap, length, event or set of a real file is the one that the SDK
    reads.
    """
    assert differing_messages(content_of(name)) == []


@pytest.mark.shared
def test_samples_of_real_files_are_those_of_the_sdk(name, shared_files):
    """Each value of each sample of a real file is the one that the SDK reads."""
    assert differing_samples(content_of(name)) == []


# -- generated files -------------------------------------------------------------------------------


class Sample(NamedTuple):
    """One generated sample: its local number, whether its definition has the flag for developer
    fields, and its fields without the time.
    """

    local: int
    flagged: bool
    fields: Fields


def definition(local: int, order: str, number_: int, fields: Fields, *, flagged: bool) -> bytes:
    """Return a definition message; with the flag, it has a list of no developer fields."""
    listed = b"".join(
        bytes([key, struct.calcsize("<" + _format(base, value)), BASES[base][0]])
        for key, (base, value) in fields.items()
    )
    head = (0x60 if flagged else 0x40) | local
    body = bytes([0, order == ">"]) + struct.pack(order + "H", number_) + bytes([len(fields)])
    return bytes([head]) + body + listed + (b"\0" if flagged else b"")


def _format(base: str, value: object) -> str:
    count = len(value) if isinstance(value, list | tuple) else 1
    return f"{count}{BASES[base][1]}"


def data(header: int, order: str, fields: Fields) -> bytes:
    """Return a data message with the given header byte."""
    packed = bytes([header])
    for base, value in fields.values():
        values = value if isinstance(value, list | tuple) else [value]
        packed += struct.pack(order + _format(base, value), *values)
    return packed


def _optional(key: int, base: str, values: st.SearchStrategy) -> st.SearchStrategy:
    return st.one_of(st.none(), values.map(lambda value: (key, (base, value))))


#: Fields of a sample, each of which may be missing or invalid. Plain and enhanced fields never
#: occur together, because the SDK lets the plain one win.
_FIELDS = st.tuples(
    _optional(3, "u1", st.integers(1, 255)),
    _optional(4, "u1", st.integers(0, 255)),
    _optional(5, "u4", st.one_of(st.integers(0, 10**7), st.just(0xFFFFFFFF))),
    _optional(7, "u2", st.one_of(st.integers(0, 2000), st.just(0xFFFF))),
    _optional(13, "i1", st.integers(-40, 127)),
    _optional(2, "u2", st.one_of(st.integers(0, 20_000), st.just(0xFFFF))),
    st.one_of(
        _optional(6, "u2", st.one_of(st.integers(0, 30_000), st.just(0xFFFF))),
        _optional(73, "u4", st.one_of(st.integers(0, 30_000), st.just(0xFFFFFFFF))),
    ),
).map(lambda pairs: dict(pair for pair in pairs if pair))
_SAMPLES = st.lists(
    st.builds(Sample, st.integers(0, 3), st.booleans(), _FIELDS), min_size=1, max_size=12
)
_ORDERS = st.sampled_from("<>")


def made(samples: list[Sample], order: str = "<", *, compressed: bool = False) -> FitFile:
    """Return a file with a sample per second, a lap and a session.

    Args:
        samples: The samples; a definition is written whenever the shape of a local number changes.
        order: The byte order.
        compressed: Whether every sample but the first has its time in its header.
    """
    file = FitFile(big_endian=order == ">").file_id()
    defined: dict[int, tuple] = {}
    for second, sample in enumerate(samples):
        in_header = compressed and second > 0
        time = {} if in_header else {253: ("u4", T0 + second)}
        fields = time | dict(sample.fields)
        shape = (sample.flagged, [(key, base) for key, (base, _) in fields.items()])
        if defined.get(sample.local) != shape:
            file.body += definition(sample.local, order, 20, fields, flagged=sample.flagged)
            defined[sample.local] = shape
        header = 0x80 | sample.local << 5 | (T0 + second) & 31 if in_header else sample.local
        file.body += data(header, order, fields)
    return file.lap(0, len(samples)).session(0, len(samples))


@settings(max_examples=60, deadline=None)
@given(samples=_SAMPLES, order=_ORDERS)
def test_generated_files_are_read_like_the_sdk_reads_them(samples, order):
    """Session, lap, samples and streams equal those of the SDK, in both byte orders, with local
    numbers that are reused and with the flag for developer fields.
    """
    content = made(samples, order).content()
    assert differing_messages(content) == []
    assert differing_samples(content) == []
    assert differing_streams(content) == []


@settings(max_examples=40, deadline=None)
@given(samples=_SAMPLES, order=_ORDERS)
def test_compressed_timestamps_are_read_like_ordinary_ones(samples, order):
    """A file whose samples have their times in their headers equals its twin with ordinary
    timestamps.
    """
    [expected_], [activity] = (
        activities(made(samples, order, compressed=compressed).content())
        for compressed in (False, True)
    )
    assert activity.streams == expected_.streams
    assert (activity.laps, activity.elapsed_s) == (expected_.laps, expected_.elapsed_s)


@settings(max_examples=40, deadline=None)
@given(
    counts=st.lists(st.one_of(st.none(), st.integers(0, 0xFFF)), min_size=1, max_size=12),
    shapes=st.lists(st.booleans(), min_size=12, max_size=12),
)
def test_accumulated_fields_are_added_up_like_in_the_sdk(counts, shapes):
    """Compressed distances and compressed power have the sums of the SDK, although the shape of
    the samples changes and some of them are invalid.
    """
    file = FitFile().file_id()
    for second, count in enumerate(counts):
        raw = [0xFF] * 3 if count is None else [44, 1 | (count & 0xF) << 4, count >> 4]
        power = 0xFFFF if count is None else count * 16
        fields = {253: ("u4", T0 + second), 8: ("byte", raw), 28: ("u2", power)}
        file.write(20, fields | ({3: ("u1", 140)} if shapes[second] else {}))
    frames = find_messages(file.session(0, len(counts)).content())
    ours = table(frames, decode(frames))
    records = sdk(frames.content)["record_mesgs"]
    for name in ("speed", "distance", "accumulated_power"):
        for row, record in enumerate(records):
            assert same(ours.columns[name].values[row], record.get(name)), (name, row)


@settings(max_examples=30, deadline=None)
@given(first=_SAMPLES, second=_SAMPLES, order=_ORDERS)
def test_chained_files_are_read_like_the_sdk_reads_them(first, second, order):
    """Of two chained files, each message equals that of the SDK, although both define the same
    local numbers.
    """
    content = made(first, order).content() + made(second).content()
    assert differing_messages(content) == []
    assert differing_samples(content) == []
