"""The content of one activity: generated from a plan when it is needed, or captured and kept."""

from __future__ import annotations

import gzip
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from fitglue_intervals.testing.detected import intervals_of
from fitglue_intervals.testing.files import file_of
from fitglue_intervals.testing.rows import activity_row, stub_row
from fitglue_intervals.testing.streams import gzipped_selection, gzipped_streams, select_streams
from fitglue_intervals.testing.values import Row, local_text
from fitglue_registry.testing import json_bytes

if TYPE_CHECKING:
    from fitglue_intervals.testing.plan import Plan

Intervals = tuple[list[Row], list[Row]]

_NOT_IN_LISTS = ("icu_intervals", "icu_groups")


class Content(Protocol):
    """The parts of one activity.

    Each call returns a new value, so that a caller may change it.
    """

    @property
    def stub(self) -> bool:
        """Whether the API lists the activity but does not deliver it."""

    @property
    def start_text(self) -> str:
        """The local start as ISO text; empty if the row has no start."""

    def row(self) -> Row:
        """Return the Activity object of a list, which has no intervals."""

    def gzipped_streams(self, types: list[str]) -> bytes:
        """Return the streams of these types, or all of them, as gzip-compressed JSON."""

    def intervals(self) -> Intervals:
        """Return the detected intervals and their groups."""

    def file(self) -> bytes | None:
        """Return the original upload, or None if there was no file."""


@dataclass(frozen=True, slots=True)
class Generated:
    """An activity that is generated from a plan; only the plan stays in memory."""

    plan: Plan
    athlete_id: str

    @property
    def stub(self) -> bool:
        """Whether the activity came from Strava."""
        return self.plan.stub

    @property
    def start_text(self) -> str:
        """The local start of the plan."""
        return self.plan.start.isoformat()

    def row(self) -> Row:
        """Return the Activity object, or the five keys of a stub."""
        if self.plan.stub:
            return stub_row(
                self.plan.id,
                self.athlete_id,
                local_text(self.plan.start),
            )
        return activity_row(self.plan, self.athlete_id)

    def gzipped_streams(self, types: list[str]) -> bytes:
        """Return the streams of the plan's recording."""
        # Seen: a workout without samples has an empty list of streams and no 404.
        if not self._is_recorded:
            return gzip.compress(b"[]", mtime=0)
        if types:
            return gzipped_selection(self.plan.leg, tuple(types))
        return gzipped_streams(self.plan.leg)

    def intervals(self) -> Intervals:
        """Return the intervals of the plan's recording; none if nothing was recorded."""
        if not self._is_recorded:
            return [], []
        return intervals_of(self.plan.shape)

    def file(self) -> bytes | None:
        """Return the file, which is written at this moment."""
        return file_of(self.plan)

    @property
    def _is_recorded(self) -> bool:
        return bool(self.plan.shape.sport.channels)


@dataclass(frozen=True, slots=True)
class Verbatim:
    """An activity that is served unchanged, for example a captured payload."""

    payload: Row
    streams: list[Row] = field(default_factory=list)
    upload: bytes | None = None

    @property
    def stub(self) -> bool:
        """Whether the row is a Strava stub."""
        return self.payload.get("source") == "STRAVA" and "_note" in self.payload

    @property
    def start_text(self) -> str:
        """The local start of the payload."""
        return str(self.payload.get("start_date_local") or "")

    def row(self) -> Row:
        """Return the payload without the intervals, which a list never has."""
        return {key: value for key, value in self.payload.items() if key not in _NOT_IN_LISTS}

    def gzipped_streams(self, types: list[str]) -> bytes:
        """Return the streams that the activity was made with."""
        streams = self.streams
        if types:
            streams = select_streams(streams, types)
        return gzip.compress(json_bytes(streams), 4, mtime=0)

    def intervals(self) -> Intervals:
        """Return the intervals and the groups of the payload."""
        return self.payload.get("icu_intervals") or [], self.payload.get("icu_groups") or []

    def file(self) -> bytes | None:
        """Return the upload that the activity was made with."""
        return self.upload
