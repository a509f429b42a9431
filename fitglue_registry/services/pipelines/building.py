"""Builds from the store what a delivery consists of."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

import msgspec
import sqlalchemy as sa

from fitglue_registry.errors import ConnectionStopped
from fitglue_registry.model import SourceActivity, is_cropped
from fitglue_registry.model.stored import DeliveryAction
from fitglue_registry.pipeline.fingerprint import fingerprint
from fitglue_registry.pipeline.sending import Ready, Withheld
from fitglue_registry.pipeline.shaping import Kept, shape
from fitglue_registry.pipeline.target import Target
from fitglue_registry.plugin_api import Delivery, OriginalFile, Receipt
from fitglue_registry.services.original_files import original_files
from fitglue_registry.services.pipelines.step_settings import checked_settings
from fitglue_registry.store.deliveries import IN_DOUBT
from fitglue_registry.store.tables import activities, aliases
from fitglue_registry.sync.reading.originals import suffix_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fitglue_registry.pipeline.shaping import Shaped
    from fitglue_registry.services.pipelines.opened import OpenedPipeline
    from fitglue_registry.services.pipelines.subjects import StoredSubject, SubjectLoader
    from fitglue_registry.store.activity_details import ActivityDetails
    from fitglue_registry.store.deliveries import DeliveryRow
    from fitglue_registry.workspace import Workspace

#: The formats of original files, the one that keeps most first.
_FORMATS = ("fit", "tcx", "gpx")


class StoredBuilder:
    """Builds deliveries of one athlete.

    It implements ``fitglue_registry.pipeline.sending.Builder``.

    Args:
        workspace: The workspace.
        loader: Loads the activities.
        opened: Id of a pipeline → the pipeline.
    """

    def __init__(
        self,
        workspace: Workspace,
        loader: SubjectLoader,
        opened: dict[str, OpenedPipeline],
    ) -> None:
        self._workspace = workspace
        self._loader = loader
        self._opened = opened

    def build(self, row: DeliveryRow) -> Ready | Withheld:
        """Return what is sent, from the activity as it is now."""
        opened = self._opened.get(row.pipeline_id)
        step = opened.pipeline.destination(row.destination) if opened else None
        if opened is None or step is None:
            return Withheld(f"the pipeline no longer has a destination {row.destination}")
        entry = self._workspace.catalogue.get("destination", row.entry)
        settings = checked_settings(self._workspace.policy, entry, step)
        step = msgspec.structs.replace(step, settings=settings)
        target = Target(step, entry, row.connection_id)
        version = opened.row.version
        number = self._number(row.activity_id)
        subject = None if number is None else self._loader.load(row.activity_id)
        is_gone = subject is None or subject.is_gone
        if row.action == DeliveryAction.DELETE:
            if not is_gone:
                return Withheld("the activity exists again")
            return Ready(_delivery(row, target, number or 0, SourceActivity()), {}, version)
        shaped = self._shaped(opened, subject, target, row)
        if isinstance(shaped, Kept):
            if row.state not in IN_DOUBT:
                return Withheld(shaped.reason)
            # Whether it may still be sent plays no part in whether it has arrived.
            return Ready(_delivery(row, target, number or 0, _times_of(subject)), {}, version)
        assert subject is not None
        file = self._file(subject, target, shaped) if _is_whole(row, target) else None
        delivery = _delivery(row, target, subject.number, shaped.activity, file)
        return Ready(delivery, fingerprint(shaped.activity, target.terms.takes), version)

    def _is_merged(self, activity_id: str) -> bool:
        """Return whether an activity is an old id of another one."""
        with self._workspace.database.read() as db:
            query = sa.select(aliases.c.id).where(aliases.c.id == activity_id)
            return db.scalar(query) is not None

    def _shaped(
        self,
        opened: OpenedPipeline,
        subject: StoredSubject | None,
        target: Target,
        row: DeliveryRow,
    ) -> Shaped | Kept:
        """Return the activity as the destination gets it, or why it gets nothing."""
        if subject is None and self._is_merged(row.activity_id):
            # The next run moves the delivery to the survivor before it sends anything.
            raise ConnectionStopped(
                "FG-delivery-moved",
                "its workout was merged into another one a moment ago",
                fix="run `fitglue pipeline run` again",
            )
        if subject is None or subject.is_gone:
            return Kept("the activity no longer exists here")
        boosted = opened.boosting.boost(subject)
        if boosted.stop is not None:
            return Kept(boosted.stop)
        is_whole = _is_whole(row, target)
        return shape(opened.pipeline, subject, target, boosted, with_streams=is_whole)

    def _number(self, activity_id: str) -> int | None:
        with self._workspace.database.read() as db:
            query = sa.select(activities.c.number).where(activities.c.id == activity_id)
            number: int | None = db.scalar(query)
            return number

    def _file(
        self,
        subject: StoredSubject,
        target: Target,
        shaped: Shaped,
    ) -> OriginalFile | None:
        """Return the best original file that the destination may get."""
        # What the athlete cut off is still in the file.
        if not (target.terms.files and shaped.whole) or is_cropped(shaped.activity):
            return None
        details = subject.without(target.excluded(subject.members))
        if details is None:
            return None
        files = list(self._files(details))
        return min(files, key=_rank) if files else None

    def _files(self, details: ActivityDetails) -> Iterator[OriginalFile]:
        for _, content in original_files(self._workspace, details):
            format_ = suffix_of(content).removeprefix(".")
            if format_ in _FORMATS:
                sha256 = hashlib.sha256(content).hexdigest()
                name = f"{details.day}-{details.number}.{format_}"
                yield OriginalFile(content, name, format_, sha256)  # type: ignore[arg-type]


def _is_whole(row: DeliveryRow, target: Target) -> bool:
    """Return whether a delivery needs the samples and the file of the activity."""
    return row.action == DeliveryAction.CREATE or target.terms.whole


def _times_of(subject: StoredSubject | None) -> SourceActivity:
    """Return what a destination needs of an activity to look it up: when it was."""
    activity = None if subject is None else subject.merged_without(())
    if activity is None:
        return SourceActivity()
    return SourceActivity(
        start_local=activity.start_local,
        start_utc=activity.start_utc,
        elapsed_s=activity.elapsed_s,
        moving_s=activity.moving_s,
    )


def _rank(file: OriginalFile) -> tuple[int, int, str]:
    # Decided by what is in the files; the hash only makes the choice the same in each run.
    return _FORMATS.index(file.format), -len(file.content), file.sha256


def _delivery(
    row: DeliveryRow,
    target: Target,
    number: int,
    activity: SourceActivity,
    file: OriginalFile | None = None,
) -> Delivery:
    return Delivery(
        row.external_id,
        row.action.value,
        number,
        activity,
        file,
        frozenset(row.intent.get("changed", ())),
        _receipt(row),
        dict(target.step.settings),
    )


def _receipt(row: DeliveryRow) -> Receipt | None:
    """Return what the destination returned before, or the record that is to be filled in."""
    stored: dict[str, Any] = dict(row.receipt or {})
    remote_id = row.intent.get("remote_id")
    if remote_id and not stored:
        return Receipt(remote_id)
    return Receipt(**stored) if stored else None
