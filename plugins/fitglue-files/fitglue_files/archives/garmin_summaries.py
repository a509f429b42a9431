"""The summaries of Garmin's archive: where they are, what they are joined by, and each of them as
it is written there.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec

from fitglue_files.archives.garmin_row import number_of, start_of
from fitglue_files.layout import base_name
from fitglue_files.listing import canonical
from fitglue_files.members import Refusal
from fitglue_registry.errors import RecordRefused

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import datetime

    from fitglue_files.containers import Box
    from fitglue_files.layout import Layout
    from fitglue_files.members import Member

#: From the start of the name: looked for from each place of it, a hostile one of 64 kB takes a
#: minute.
_NAME = re.compile(
    r"(?:(?P<user>.+)_\d+_|.*)summarizedActivities\.json\Z", re.IGNORECASE | re.DOTALL
)
#: The summaries of a heavy user have more than a hundred megabytes.
_LARGEST_TABLE = 1 << 30


class _Part(msgspec.Struct):
    """One object of a file of summaries; each summary is kept as it is written there."""

    summarizedActivitiesExport: list[msgspec.Raw] = []  # noqa: N815 - Garmin's name


@dataclass(slots=True)
class Summary:
    """One summary: its bytes, and what it is joined by."""

    external_id: str
    raw: bytes
    start: datetime | None
    lasted_s: float  # 0 where it does not say
    device: str
    profile: str | None
    parent: str | None  # the multisport event that it is a leg of


@dataclass(frozen=True, slots=True)
class Summaries:
    """The summaries of an archive that are workouts: a parent whose legs are there is a group and
    none.
    """

    workouts: list[Summary]
    groups: int
    broken: list[Refusal]


def tables_in(layout: Layout) -> list[Member]:
    """The files of summaries, the newest archive first."""
    return list(layout.named(lambda name: _NAME.match(name) is not None))


def summaries_in(box: Box, tables: Iterable[Member]) -> Summaries:
    """All parts of all archives, the newest archive first; a summary that is in two counts once."""
    by_id: dict[str, Summary] = {}
    broken: list[Refusal] = []
    for table in tables:
        try:
            for summary in _read(box.read(table, _LARGEST_TABLE)):
                by_id.setdefault(summary.external_id, summary)
        except (RecordRefused, msgspec.MsgspecError, ValueError, RecursionError) as error:
            refusal = _refusal(table, error)
            broken.append(Refusal(table.location, refusal, table.modified_s))
    parents = {summary.parent for summary in by_id.values()}
    workouts = [summary for summary in by_id.values() if summary.external_id not in parents]
    workouts.sort(key=_start, reverse=True)
    groups = len(by_id) - len(workouts)
    return Summaries(workouts, groups, broken)


def owner(summaries: Summaries, tables: Sequence[Member]) -> str | None:
    """Whose archive it is: the number of the profile in the summaries, else the name that their
    files carry.
    """
    for summary in summaries.workouts:
        if summary.profile is not None:
            return summary.profile
    for table in tables:
        named = _NAME.match(base_name(table))
        if named and named["user"]:
            return named["user"]
    return None


def _start(summary: Summary) -> float:
    if summary.start is None:
        return 0.0
    return summary.start.timestamp()


def _refusal(table: Member, error: Exception) -> RecordRefused:
    if isinstance(error, RecordRefused):
        return error
    return RecordRefused(
        "FG-garmin-table",
        f"{table.where} cannot be read: {error}",
        fix="download the archive again",
    )


# -- one file --------------------------------------------------------------------------------------


def _read(content: bytes) -> Iterator[Summary]:
    """The summaries in one file; raises what msgspec and json raise."""
    try:
        raws = _raws(content)
    except msgspec.ValidationError:
        raise
    # Half of an emoji, where a name was cut, is no JSON; Python lets it pass.
    except msgspec.DecodeError:
        raws = _raws(canonical(json.loads(content)))
    for raw in raws:
        values = msgspec.json.decode(raw)
        if isinstance(values, dict) and values.get("activityId"):
            yield _summary(raw, values)


def _raws(content: bytes) -> list[bytes]:
    """Each summary of a file as it is written there."""
    try:
        parts = msgspec.json.decode(content, type=list[_Part])
    except msgspec.ValidationError:
        parts = [msgspec.json.decode(content, type=_Part)]
    raws: list[bytes] = []
    for part in parts:
        raws += map(bytes, part.summarizedActivitiesExport)
    return raws


def _summary(raw: bytes, values: dict[str, Any]) -> Summary:
    """What one summary says of how it is to be joined."""
    external_id = str(values["activityId"])
    lasted_ms = number_of(values, "elapsedDuration") or number_of(values, "duration")
    profile = values.get("userProfileId")
    parent = str(values.get("parentId") or "")
    return Summary(
        external_id,
        raw,
        start=start_of(values),
        lasted_s=(lasted_ms or 0.0) / 1000,
        device=str(values.get("deviceId")),
        profile=str(profile) if profile else None,
        # Nothing is a leg of itself.
        parent=parent if parent != external_id else None,
    )
