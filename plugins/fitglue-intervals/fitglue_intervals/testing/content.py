"""What stands behind one row of the list: generated from a plan when asked for, or given as it
is.
"""

from __future__ import annotations

import gzip
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from fitglue_intervals.testing.detected import intervals_of
from fitglue_intervals.testing.files import file_of
from fitglue_intervals.testing.rows import activity_row, stub_row
from fitglue_intervals.testing.streams import chosen, packed_chosen, packed_streams
from fitglue_intervals.testing.values import Row, compact, local_text

if TYPE_CHECKING:
    from fitglue_intervals.testing.plan import Plan

Intervals = tuple[list[Row], list[Row]]


class Content(Protocol):
    """The parts of one activity; each is made anew when it is asked for, so nobody may keep a
    reference into it.
    """

    @property
    def stub(self) -> bool:
        """Whether the API refuses to deliver it."""

    def row(self) -> Row:
        """The Activity object as the list has it."""

    def packed_streams(self, types: list[str]) -> bytes:
        """The streams answer, gzip-compressed; all of them for no types."""

    def intervals(self) -> Intervals:
        """The detected intervals and their groups."""

    def file(self) -> bytes | None:
        """The original upload, if there was one."""


@dataclass(frozen=True, slots=True)
class Generated:
    """An activity made from a plan; only the plan is kept in memory."""

    plan: Plan
    athlete_id: str

    @property
    def stub(self) -> bool:
        """Whether Strava fed it."""
        return self.plan.stub

    def row(self) -> Row:
        """The Activity object, or the five keys of a stub."""
        if self.plan.stub:
            return stub_row(self.plan.id, self.athlete_id, local_text(self.plan.start))
        return activity_row(self.plan, self.athlete_id)

    def packed_streams(self, types: list[str]) -> bytes:
        """The streams answer of the plan's shape."""
        leg = self.plan.legs[self.plan.leg_no][1]
        if not self.plan.shape.sport.channels:
            return gzip.compress(b"[]", mtime=0)
        return packed_chosen(leg, tuple(types)) if types else packed_streams(leg)

    def intervals(self) -> Intervals:
        """The intervals of the plan's shape; none where nothing was recorded."""
        return intervals_of(self.plan.shape) if self.plan.shape.sport.channels else ([], [])

    def file(self) -> bytes | None:
        """The file, written on demand."""
        return file_of(self.plan)


@dataclass(frozen=True, slots=True)
class Given:
    """An activity as somebody hands it over, a captured payload for instance: answered as it is."""

    given: Row
    streams: list[Row] = field(default_factory=list)
    upload: bytes | None = None

    @property
    def stub(self) -> bool:
        """Whether the row is one of those that Strava fed."""
        return self.given.get("source") == "STRAVA" and "_note" in self.given

    def row(self) -> Row:
        """The row without the intervals, which a list never has."""
        return {
            key: value
            for key, value in self.given.items()
            if key not in {"icu_intervals", "icu_groups"}
        }

    def packed_streams(self, types: list[str]) -> bytes:
        """The streams as given."""
        return gzip.compress(
            compact(chosen(self.streams, types) if types else self.streams), 4, mtime=0
        )

    def intervals(self) -> Intervals:
        """The intervals that stood in the row."""
        return self.given.get("icu_intervals") or [], self.given.get("icu_groups") or []

    def file(self) -> bytes | None:
        """The upload as given."""
        return self.upload
