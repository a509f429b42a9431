"""Reads activities: lists, single activities, their streams, provenance and original files."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from fitglue_registry.file_names import DEFAULT_NAME
from fitglue_registry.model import to_builtins
from fitglue_registry.model.sports import SPORTS, canonical_sport
from fitglue_registry.services.argument_types import checks_arguments
from fitglue_registry.services.original_files import original_files, save_original_files
from fitglue_registry.services.outstanding import outstanding_parts
from fitglue_registry.services.provenance import provenance_of
from fitglue_registry.services.sent_by import plain_delivery
from fitglue_registry.services.written_files import Target, WrittenFiles, write_files
from fitglue_registry.store.activity_details import load_activity
from fitglue_registry.store.activity_filter import Filter
from fitglue_registry.store.activity_streams import streams_of, with_streams
from fitglue_registry.store.counts import count_activities, totals
from fitglue_registry.store.lists import LISTED, list_activities
from fitglue_registry.store.references import event_legs, resolve
from fitglue_registry.validation.wording import nearest
from fitglue_registry.workspace import ME

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import date
    from pathlib import Path

    from fitglue_registry.model import SourceActivity, Stream
    from fitglue_registry.services.outstanding import OutstandingPart as OutstandingPart
    from fitglue_registry.store.activity_details import ActivityDetails as ActivityDetails
    from fitglue_registry.store.activity_details import MemberRow as MemberRow
    from fitglue_registry.workspace import Workspace

    Rows = list[dict[str, Any]]
    OutstandingParts = list[OutstandingPart]


@checks_arguments
class Activities:
    """The activities of athletes; calling an instance is the same as ``list``."""

    #: The keys of a listed activity in order, without ``sources``.
    columns = LISTED

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace

    def __call__(self, wanted: Filter | None = None, athlete: str = ME) -> Rows:
        """Return the activities of an athlete as flat rows, newest first.

        This is ``list``.

        Args:
            wanted: The conditions; the default is all activities.
            athlete: The athlete.

        Returns:
            See ``list``.
        """
        return self.list(wanted, athlete)

    def list(self, wanted: Filter | None = None, athlete: str = ME) -> Rows:
        """Return the activities of an athlete as flat rows, newest first.

        Args:
            wanted: The conditions; the default is all activities.
            athlete: The athlete.

        Returns:
            Rows with the keys of ``columns``, in SI units, and ``sources``, the names of the
            connections that have the activity. Activities that are gone are left out.
        """
        with self._workspace.database.read() as db:
            return list(list_activities(db, athlete, wanted or Filter()))

    def get(self, reference: str, athlete: str = ME) -> ActivityDetails:
        """Return one activity with its source activities.

        Args:
            reference: Its number, ``last``, a local date (2026-05-01), its id, a claim, or the
                external id of one of its records.
            athlete: The athlete.

        Returns:
            The merged activity, and each of its source activities with its record.

        Raises:
            UserMistake: FG-activity-unknown, FG-activity-ambiguous if several match, or
                FG-multisport-event if they are the legs of one event.
        """
        with self._workspace.database.read() as db:
            return load_activity(db, resolve(db, athlete, reference))

    def legs(self, reference: str, athlete: str = ME) -> Sequence[ActivityDetails]:
        """Return the legs of a multisport event, which has no activity of its own.

        Args:
            reference: The id of the event at its source, or anything that matches several of its
                legs and nothing else, such as their day.
            athlete: The athlete.

        Returns:
            The legs in order of time; none if the reference refers to something else.
        """
        with self._workspace.database.read() as db:
            leg_ids = event_legs(db, athlete, reference)
            return [load_activity(db, leg_id) for leg_id in leg_ids]

    def streams(
        self, details: ActivityDetails, types: Sequence[str] | None = None
    ) -> tuple[Stream, ...]:
        """Return the streams of an activity.

        Streams are never mixed: all of them come from the source activity that the merge rules
        choose, so they have the same number of samples.

        Args:
            details: The activity.
            types: The types to load, such as ``heartrate``; ``None`` loads all of them.

        Returns:
            The streams, or an empty tuple if no source activity has any.
        """
        with self._workspace.database.read() as db:
            return streams_of(db, details, types)

    def with_streams(self, details: ActivityDetails) -> SourceActivity:
        """Return the merged values of an activity together with its streams, to write them.

        Args:
            details: The activity.

        Returns:
            The activity. The times of its samples count from its own start, which another source
            than that of the streams may have stated.
        """
        with self._workspace.database.read() as db:
            return with_streams(db, details)

    def save_as(
        self,
        activities: Iterable[ActivityDetails],
        folder: Path,
        file_format: str,
        name: str = DEFAULT_NAME,
    ) -> WrittenFiles:
        """Write activities into a folder, one file for each, complete or not at all.

        Args:
            activities: The activities.
            folder: The folder, which is created if necessary. A different file that has the name of
                a new one is kept, and the new one gets a number.
            file_format: The format: ``fit``, ``gpx``, ``tcx``, ``parquet``, or another one for
                which a writer is installed.
            name: The template of the names: text with the fields ``{date}``, ``{time}``,
                ``{year}``, ``{month}``, ``{day}``, ``{sport}``, ``{title}`` and ``{number}``.

        Returns:
            The ``paths`` of the files, and those that the format cannot hold: ``refused``, number →
            error with the reason.

        Raises:
            UserMistake: FG-format-unknown, FG-name-template, FG-extra-missing if the format needs a
                library that is not installed, or FG-path-unusable if the folder is a link.
            PluginFailed: FG-format-broken if the writer fails.
            StoreFailed: FG-export-failed if the folder or a file cannot be written.
        """
        complete = ((details, self.with_streams(details)) for details in activities)
        return write_files(complete, Target(folder, file_format, name))

    def provenance(self, details: ActivityDetails) -> dict[str, dict[str, Any]]:
        """Return where each value of an activity comes from.

        Args:
            details: The activity.

        Returns:
            Field → ``how`` (``reported``, ``estimated`` or ``computed``), ``by`` (who computed it),
            ``upstream`` (the field at the source), ``note``, and the ``connection`` and the
            ``external_id`` of the record. ``how`` is ``None`` if it is not stated, or if the entry
            is no longer installed. Fields without a value are left out. A part of a field for which
            the source states it, such as ``metrics.trimp`` or ``streams.watts``, is a key as well.
        """
        return provenance_of(details, self._workspace.catalogue)

    def document(self, details: ActivityDetails, streams: bool = False) -> dict[str, Any]:
        """Return an activity as plain values, as ``fitglue show --json`` prints it.

        Args:
            details: The activity.
            streams: Whether to include the samples of its streams.

        Returns:
            ``number``, ``id``, ``gone_at``, ``day`` (of the local start, or of UTC if no local time
            is known), ``activity`` (the merged values in SI units; see ``docs/data-model.md``),
            ``provenance``, ``sources``, and ``outstanding``, which has the parts that are still to
            be fetched.
        """
        activity = details.activity
        if streams:
            # Streams are stored apart from the document, because most readers do not need them.
            activity = replace(activity, streams=self.streams(details))
        return {
            "number": details.number,
            "id": details.id,
            "gone_at": details.gone_at,
            "day": details.day,
            "activity": to_builtins(activity),
            "provenance": self.provenance(details),
            "sources": [_source(member) for member in details.members],
            "outstanding": [asdict(part) for part in self.outstanding(details)],
        }

    def outstanding(self, details: ActivityDetails) -> OutstandingParts:
        """Return the parts of an activity that are still to be fetched, or that were given up.

        Args:
            details: The activity.

        Returns:
            The parts, each with the reason of the last attempt and with what fetches it. Parts that
            the athlete does not want are left out.
        """
        record_ids = {member.record_id for member in details.members}
        with self._workspace.database.read() as db:
            return list(outstanding_parts(self._workspace, db, record_ids))

    def original_files(self, details: ActivityDetails) -> Iterator[tuple[str, bytes]]:
        """Yield external id and content of each original file of an activity that was fetched.

        Args:
            details: The activity.

        Yields:
            The external id of a record, and the bytes of its file without compression. A worker
            process unpacks them; a file that cannot be unpacked is yielded as it was received.

        Raises:
            StoreFailed: FG-blob-missing, FG-blob-damaged or FG-blob-unreadable.
        """
        return original_files(self._workspace, details)

    def save_original_files(self, activities: Iterable[ActivityDetails], folder: Path) -> int:
        """Write the original files of activities into a folder.

        A file is named by date, number and external id: ``2026-05-01-17-i123.fit``.

        Args:
            activities: The activities.
            folder: The folder, which is created if necessary.

        Returns:
            The number of files that were written; files that were not fetched are left out.

        Raises:
            StoreFailed: FG-export-failed if a file cannot be written, or what ``original_files``
                raises.
        """
        return save_original_files(self._workspace, activities, folder)

    def count(self, athlete: str = ME) -> int:
        """Return the number of activities of an athlete.

        The transitions of multisport events are listed, but not counted.
        """
        with self._workspace.database.read() as db:
            return count_activities(db, athlete)

    def nearest_sport(self, sport: str) -> str | None:
        """Return the sport that an unknown name may mean.

        Args:
            sport: A name of any case.

        Returns:
            The most similar sport, or ``None`` if the name is a sport or similar to none.
        """
        if sport.lower() in {name.lower() for name in SPORTS}:
            return None
        # "bike" means a ride, although its letters are more like those of a hike.
        known = canonical_sport(sport)
        return nearest(sport, SPORTS) if known == "Other" else known

    def totals(
        self,
        since: date,
        until: date,
        athlete: str = ME,
    ) -> dict[str, float]:
        """Return the totals of the activities that started between two local dates.

        Args:
            since: The first date.
            until: The last date, which is included.
            athlete: The athlete.

        Returns:
            ``count``, ``moving_s`` (seconds), ``distance_m`` (meters) and ``training_load``.
            The transitions of multisport events are in all of them but ``count``.
        """
        with self._workspace.database.read() as db:
            return totals(db, athlete, since, until)


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
        "sent_by": plain_delivery(member.sent_by),
    }
