"""Builds from the store what a delivery consists of."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

import msgspec
import sqlalchemy as sa

from fitglue_registry.model import SourceActivity, is_cropped
from fitglue_registry.model.stored import DeliveryAction
from fitglue_registry.pipeline.fingerprint import fingerprint
from fitglue_registry.pipeline.sending import Ready, Withheld
from fitglue_registry.pipeline.shaping import Kept, shape
from fitglue_registry.pipeline.target import Target
from fitglue_registry.plugin_api import Delivery, OriginalFile, Receipt
from fitglue_registry.services.original_files import original_files
from fitglue_registry.services.pipelines.step_settings import checked_settings
from fitglue_registry.store.tables import activities
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
        number = self._number(row.activity_id)
        if row.action == DeliveryAction.DELETE:
            return Ready(_delivery(row, target, number or 0, SourceActivity()), {})
        if number is None:
            return Withheld("the activity no longer exists")

        subject = self._loader.load(row.activity_id)
        boosted = opened.boosting.boost(subject)
        if boosted.stop is not None:
            return Withheld(boosted.stop)
        is_whole = row.action == DeliveryAction.CREATE or target.terms.whole
        shaped = shape(opened.pipeline, subject, target, boosted, with_streams=is_whole)
        if isinstance(shaped, Kept):
            return Withheld(shaped.reason)
        file = self._file(subject, target, shaped) if is_whole else None
        delivery = _delivery(row, target, number, shaped.activity, file)
        return Ready(delivery, fingerprint(shaped.activity, target.terms.takes))

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
