"""What is behind one row of the list: generated from a plan when it is needed, or given."""

from __future__ import annotations

import gzip
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from fitglue_intervals.testing.detected import intervals_of
from fitglue_intervals.testing.files import file_of
from fitglue_intervals.testing.rows import activity_row, stub_row
from fitglue_intervals.testing.streams import chosen, gzipped_choice, gzipped_streams
from fitglue_intervals.testing.values import Row, local_text
from fitglue_registry.testing import json_bytes

if TYPE_CHECKING:
    from fitglue_intervals.testing.plan import Plan

Intervals = tuple[list[Row], list[Row]]

_NOT_IN_LISTS = ("icu_intervals", "icu_groups")


class Content(Protocol):
    """The parts of one activity; each is made anew when it is asked for, so that nobody shares
    it.
    """

    @property
    def stub(self) -> bool:
        """Whether the API refuses to deliver it."""

    @property
    def start_text(self) -> str:
        """The local start; empty where the row has none."""

    def row(self) -> Row:
        """The Activity object as the list has it."""

    def gzipped_streams(self, types: list[str]) -> bytes:
        """The body of streams, gzip-compressed; all of them where no types are named."""

    def intervals(self) -> Intervals:
        """The detected intervals and their groups."""

    def file(self) -> bytes | None:
        """The original upload, if there was one."""


@dataclass(frozen=True, slots=True)
class Generated:
    """An activity that is made from a plan; only the plan is kept in memory."""

    plan: Plan
    athlete_id: str

    @property
    def stub(self) -> bool:
        """Whether Strava fed it."""
        return self.plan.stub

    @property
    def start_text(self) -> str:
        """The local start of the plan."""
        return self.plan.start.isoformat()

    def row(self) -> Row:
        """The Activity object, or the five keys of a stub."""
        if self.plan.stub:
            return stub_row(
                self.plan.id,
                self.athlete_id,
                local_text(self.plan.start),
            )
        return activity_row(self.plan, self.athlete_id)

    def gzipped_streams(self, types: list[str]) -> bytes:
        """The streams of the plan's recording."""
        if not self._is_recorded:
            return gzip.compress(b"[]", mtime=0)
        if types:
            return gzipped_choice(self.plan.leg, tuple(types))
        return gzipped_streams(self.plan.leg)

    def intervals(self) -> Intervals:
        """The intervals of the plan's recording; none where nothing was recorded."""
        if not self._is_recorded:
            return [], []
        return intervals_of(self.plan.shape)

    def file(self) -> bytes | None:
        """The file, which is written when it is asked for."""
        return file_of(self.plan)

    @property
    def _is_recorded(self) -> bool:
        return bool(self.plan.shape.sport.channels)


@dataclass(frozen=True, slots=True)
class Given:
    """An activity that somebody hands over, for example a captured payload: answered as it is."""

    given: Row
    streams: list[Row] = field(default_factory=list)
    upload: bytes | None = None

    @property
    def stub(self) -> bool:
        """Whether the row is one of those that Strava fed."""
        return self.given.get("source") == "STRAVA" and "_note" in self.given

    @property
    def start_text(self) -> str:
        """The local start as given."""
        return str(self.given.get("start_date_local") or "")

    def row(self) -> Row:
        """The row without the intervals, which a list never has."""
        return {key: value for key, value in self.given.items() if key not in _NOT_IN_LISTS}

    def gzipped_streams(self, types: list[str]) -> bytes:
        """The streams as given."""
        streams = self.streams
        if types:
            streams = chosen(streams, types)
        return gzip.compress(json_bytes(streams), 4, mtime=0)

    def intervals(self) -> Intervals:
        """The intervals that the row was given with."""
        return self.given.get("icu_intervals") or [], self.given.get("icu_groups") or []

    def file(self) -> bytes | None:
        """The upload as given."""
        return self.upload
