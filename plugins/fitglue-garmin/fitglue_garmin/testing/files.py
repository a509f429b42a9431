"""The original files of workouts: FIT files, and the zips in which Garmin delivers them."""

from __future__ import annotations

import io
import zipfile
from datetime import UTC, datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from fitglue_formats.testing import FitFile

if TYPE_CHECKING:
    from fitglue_garmin.testing.workout import Leg, Squats, Workout

_FIT_EPOCH = datetime(
    1989,
    12,
    31,
    tzinfo=UTC,
)
#: FIT stores a position in semicircles: 2^31 of them are 180 degrees.
_DEGREE = 2**31 / 180
_LATITUDE, _LONGITUDE = 59.91, 10.75
#: The number of samples of a recording. Real ones have one per second.
_SAMPLES = 60
#: Numbers of messages in the FIT profile.
_FILE_ID, _SESSION, _LAP, _RECORD, _ACTIVITY, _SET = 0, 18, 19, 20, 34, 225
_SQUAT = 28


@lru_cache(maxsize=256)
def _fit_file(
    legs: tuple[tuple[datetime, str, int, float], ...],
    serial: int,
    offset_s: int,
    values: tuple[tuple[int, ...], ...],
    sets: tuple[tuple[Squats, ...], ...],
) -> bytes:
    file = FitFile()
    begin = _fit_time(legs[0][0])
    file.write(
        _FILE_ID,
        {
            0: ("enum", 4),
            1: ("u2", 1),
            2: ("u2", 3993),
            3: ("u4z", serial),
            4: ("u4", begin),
        },
    )
    end = begin
    for (start, kind, elapsed_s, distance_m), numbers, made in zip(
        legs,
        values,
        sets,
        strict=True,
    ):
        first = _fit_time(start)
        end = first + elapsed_s
        if kind == "strength_training":
            _write_sets(file, first, made)
        _write_leg(
            file,
            (first, elapsed_s, distance_m),
            numbers,
        )
    # The difference of its two times is the only trace of the time zone in a FIT file.
    file.write(
        _ACTIVITY,
        {
            253: ("u4", end),
            5: ("u4", end + offset_s),
            1: ("u2", len(legs)),
        },
    )
    return file.content()


def file_of(workout: Workout) -> bytes | None:
    """Return the original file of a workout; ``None`` if it was typed in."""
    if workout.file is not None or workout.manual:
        return workout.file
    legs = tuple((leg.start, leg.kind, leg.elapsed_s, leg.moved_m) for leg in workout.recorded)
    offset = workout.start_local.replace(tzinfo=UTC) - workout.whole.start
    return _fit_file(
        legs,
        workout.serial,
        round(offset.total_seconds()),
        tuple(map(_numbers, workout.recorded)),
        tuple(leg.sets for leg in workout.recorded),
    )


def _numbers(leg: Leg) -> tuple[int, ...]:
    kind = leg.type
    return (*kind.fit, kind.hr, kind.watts, int(kind.has_position))


def _write_leg(
    file: FitFile,
    extent: tuple[int, int, float],
    numbers: tuple[int, ...],
) -> None:
    """Append the samples of a leg, its lap and its session."""
    first, elapsed_s, distance_m = extent
    sport, sub_sport, hr, watts, has_position = numbers
    for sample in range(_SAMPLES + 1):
        passed = elapsed_s * sample // _SAMPLES
        fields: dict[int, Any] = {253: ("u4", first + passed)}
        if has_position:
            north = distance_m * sample / _SAMPLES / 111_195
            fields[0] = ("i4", round((_LATITUDE + north) * _DEGREE))
            fields[1] = ("i4", round(_LONGITUDE * _DEGREE))
        # FIT: a field that was not measured is left out.
        if hr:
            fields[3] = ("u1", hr)
        if distance_m:
            fields[5] = ("u4", round(distance_m * 100 * sample / _SAMPLES))
        if watts:
            fields[7] = ("u2", watts)
        file.write(_RECORD, fields)
    totals: dict[int, Any] = {
        253: ("u4", first + elapsed_s),
        2: ("u4", first),
        7: ("u4", elapsed_s * 1000),
        8: ("u4", elapsed_s * 1000),
        9: ("u4", round(distance_m * 100)),
    }
    # A watch writes the totals last, because it knows them only at the end.
    file.write(_LAP, totals)
    sports = {5: ("enum", sport), 6: ("enum", sub_sport)}
    file.write(_SESSION, totals | sports)


def _write_sets(
    file: FitFile,
    first: int,
    sets: tuple[Squats, ...],
) -> None:
    """Append the sets of a strength session, which the API has only as totals."""
    for number, made in enumerate(sets):
        start = first + number * 180
        file.write(
            _SET,
            {
                # The weight has a scale of 16, and the kind 1 is an active set.
                254: ("u4", start + made.elapsed_s),
                0: ("u4", made.elapsed_s * 1000),
                3: ("u2", made.reps),
                4: ("u2", made.weight_kg * 16),
                5: ("u1", 1),
                6: ("u4", start),
                7: ("u2", _SQUAT),
                10: ("u2", number),
            },
        )


def zipped(
    number: int,
    content: bytes,
    times: int = 0,
) -> bytes:
    """Return a file in a zip, as Garmin delivers it.

    Args:
        number: The id of the activity.
        content: The file.
        times: How many times it was delivered before. Garmin packs it anew each time, so the zips
            differ although the member stays the same.
    """
    stamp = (2026, 11, 20, 8, times // 30 % 60, times % 30 * 2)
    buffer = io.BytesIO()
    with zipfile.ZipFile(
        buffer,
        "w",
        zipfile.ZIP_DEFLATED,
    ) as archive:
        archive.writestr(zipfile.ZipInfo(f"{number}_ACTIVITY{_suffix(content)}", stamp), content)
    return buffer.getvalue()


def _suffix(content: bytes) -> str:
    if content[8:12] == b".FIT":
        return ".fit"
    return ".gpx" if b"<gpx" in content[:1000] else ".tcx"


def _fit_time(moment: datetime) -> int:
    return int((moment - _FIT_EPOCH).total_seconds())
