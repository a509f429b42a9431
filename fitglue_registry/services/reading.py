"""Reads the activities of an athlete: lists, one of them whole, where its values come from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from fitglue_registry.model import to_builtins
from fitglue_registry.model.sports import SPORTS
from fitglue_registry.model.stored import OTHER_FIELDS, PartName
from fitglue_registry.services.original_files import save_original_files
from fitglue_registry.services.provenance import provenance_of
from fitglue_registry.store.activity_details import load_activity
from fitglue_registry.store.activity_filter import Filter
from fitglue_registry.store.counts import count_activities, totals
from fitglue_registry.store.lists import LISTED, list_activities
from fitglue_registry.store.references import resolve
from fitglue_registry.store.stored_streams import load_streams
from fitglue_registry.validation.wording import nearest
from fitglue_registry.workspace import ME

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import date
    from pathlib import Path

    from fitglue_registry.model import Stream
    from fitglue_registry.store.activity_details import ActivityDetails as ActivityDetails
    from fitglue_registry.store.activity_details import MemberRow as MemberRow
    from fitglue_registry.workspace import Workspace

    Rows = list[dict[str, Any]]


class Activities:
    """The activities of athletes; calling it lists them."""

    #: The values of a listed activity, in order, besides ``sources``.
    columns = LISTED

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace

    def __call__(self, wanted: Filter | None = None, athlete: str = ME) -> Rows:
        """The activities of an athlete as flat rows, newest first."""
        return self.list(wanted, athlete)

    def list(self, wanted: Filter | None = None, athlete: str = ME) -> Rows:
        """The activities of an athlete as flat rows, newest first."""
        with self._workspace.database.read() as db:
            return list(list_activities(db, athlete, wanted or Filter()))

    def get(self, reference: str, athlete: str = ME) -> ActivityDetails:
        """One activity whole, by number, ``last``, date, id, or an id at a source.

        Raises ``UserMistake`` where there is none, or more than one.
        """
        with self._workspace.database.read() as db:
            return load_activity(db, resolve(db, athlete, reference))

    def streams(
        self, found: ActivityDetails, types: Sequence[str] | None = None
    ) -> tuple[Stream, ...]:
        """The streams of an activity, all or those named.

        They are one coherent set, of the one source activity that the merge rules choose.
        """
        chosen = _with_streams(found)
        if chosen is None:
            return ()
        with self._workspace.database.read() as db:
            return load_streams(db, chosen.id, types)

    def provenance(self, found: ActivityDetails) -> dict[str, dict[str, Any]]:
        """Field of an activity → where its value comes from.

        That is ``how`` (reported, estimated, computed), ``by``, the ``upstream`` field, a ``note``,
        and the ``connection`` and ``external_id`` of the record that has it. ``how`` is ``None``
        where nothing says it, or where the entry is not installed any more.
        """
        return provenance_of(found, self._workspace.catalogue)

    def document(self, found: ActivityDetails, streams: bool = False) -> dict[str, Any]:
        """An activity whole, as plain values: the merged document, its provenance, its sources."""
        activity = found.activity
        if streams:
            activity = replace(activity, streams=self.streams(found))
        return {
            "number": found.number,
            "id": found.id,
            "gone_at": found.gone_at,
            "activity": to_builtins(activity),
            "provenance": self.provenance(found),
            "sources": [_source(member) for member in found.members],
        }

    def original_files(self, found: ActivityDetails) -> Iterator[tuple[str, bytes]]:
        """Yields (external id, bytes) of the original files of an activity that were fetched."""
        raws = self._workspace.raws
        for member in found.members:
            with self._workspace.database.read() as db:
                bodies = raws.newest(db, [member.record_id], only=PartName.FILE)
            files = bodies.get(member.record_id, {})
            if PartName.FILE in files:
                yield member.external_id, files[PartName.FILE][0].read()

    def save_original_files(self, activities: Iterable[ActivityDetails], folder: Path) -> int:
        """Write the original files of activities that were fetched; returns how many.

        The name of a file is made of day, number and external id. Raises ``StoreFailed``
        FG-export-failed.
        """
        return save_original_files(self._each_original(activities), folder)

    def _each_original(
        self,
        activities: Iterable[ActivityDetails],
    ) -> Iterator[tuple[ActivityDetails, str, bytes]]:
        for activity in activities:
            for external_id, content in self.original_files(activity):
                yield activity, external_id, content

    def count(self, athlete: str = ME) -> int:
        """How many activities an athlete has."""
        with self._workspace.database.read() as db:
            return count_activities(db, athlete)

    def nearest_sport(self, sport: str) -> str | None:
        """The sport that was meant, where there is none of that name but a similar one."""
        if sport.lower() in {name.lower() for name in SPORTS}:
            return None
        return nearest(sport, SPORTS)

    def totals(
        self,
        since: date,
        until: date,
        athlete: str = ME,
    ) -> dict[str, float]:
        """Count, moving seconds, metres and load of the activities between two local days.

        Both days are included.
        """
        with self._workspace.database.read() as db:
            return totals(db, athlete, since, until)


def _with_streams(found: ActivityDetails) -> MemberRow | None:
    """The source activity whose streams an activity has: as the rules say, else the richest."""
    giver = found.origins.get("streams", found.origins.get(OTHER_FIELDS))
    richest = None
    for member in found.members:
        if not member.stream_types or member.gone:
            continue
        if member.id == giver:
            return member
        if richest is None or len(member.stream_types) > len(richest.stream_types):
            richest = member
    return richest


def _source(member: MemberRow) -> dict[str, Any]:
    completeness = member.activity.completeness
    return {
        "connection": member.connection,
        "source": member.entry,
        "external_id": member.external_id,
        "leg_no": member.leg_no,
        "gone": member.gone,
        "streams": list(member.stream_types),
        "completeness": {
            "parts": list(completeness.parts),
            "missing": completeness.missing,
        },
    }
