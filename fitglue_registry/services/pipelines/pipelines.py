"""The pipelines of athletes: list, check, apply, pause, delete and run them."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import msgspec

from fitglue_registry.errors import StoreFailed, UserMistake
from fitglue_registry.model.stored import OfferedBy, PipelineState
from fitglue_registry.pipeline.cycles import drawn
from fitglue_registry.pipeline.reading import read_mapping, read_pipeline
from fitglue_registry.pipeline.writing import document_of, line_of, yaml_of
from fitglue_registry.services.argument_types import checks_arguments
from fitglue_registry.services.pipelines.checking import Checker
from fitglue_registry.services.pipelines.deliveries import Deliveries
from fitglue_registry.services.pipelines.previewing import preview
from fitglue_registry.services.pipelines.running import Scope, run_pipelines
from fitglue_registry.services.pipelines.stored_documents import document_in
from fitglue_registry.store.activity_filter import Filter
from fitglue_registry.store.connections import list_connections
from fitglue_registry.store.deliveries import counts_by_state
from fitglue_registry.store.lists import list_activities
from fitglue_registry.store.offers import count_waiting, offer
from fitglue_registry.store.pipelines import (
    PipelineRow,
    add_pipeline,
    add_version,
    delete_pipeline,
    list_pipelines,
    set_pipeline_state,
    versions_of,
)
from fitglue_registry.store.references import resolve
from fitglue_registry.store.runs import runs_of_pipeline
from fitglue_registry.validation.wording import nearest, one_of
from fitglue_registry.workspace import ME

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import date

    from sqlalchemy.engine import Connection as Db

    from fitglue_registry.pipeline.document import Pipeline
    from fitglue_registry.pipeline.events import ActivityDecided, PipelineEvent
    from fitglue_registry.pipeline.reading import Reading
    from fitglue_registry.store.pipelines import PipelineVersion
    from fitglue_registry.workspace import Workspace

    Views = list["PipelineView"]
    Versions = list[PipelineVersion]
    Rows = list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class PipelineView:
    """A pipeline, and what it has done.

    Attributes:
        id: Its permanent id.
        name: Its name.
        state: Whether it is active or paused.
        version: The number of its newest document.
        pipeline: That document; ``None`` if it is damaged.
        waiting: How many activities wait for their copies.
        deliveries: Destination → state → number of deliveries.
        created_at: When it was made.
        damage: Why its document cannot be read, and what to do; only in a list.
    """

    id: str
    name: str
    state: PipelineState
    version: int
    pipeline: Pipeline | None
    waiting: int
    deliveries: Mapping[str, Mapping[str, int]]
    created_at: str
    damage: StoreFailed | None = None

    @property
    def yaml(self) -> str:
        """Its document as YAML, which ``apply`` reads."""
        return "" if self.pipeline is None else yaml_of(self.pipeline)

    @property
    def filter_text(self) -> str | None:
        """Its filter on one line, or ``None`` if it takes every workout."""
        return None if self.pipeline is None else _filter_text(self.pipeline)

    def as_dict(self) -> dict[str, Any]:
        """Return it as plain values."""
        values = {
            "name": self.name,
            "state": self.state,
            "version": self.version,
            "created_at": self.created_at,
            "waiting": self.waiting,
            "deliveries": {name: dict(counts) for name, counts in self.deliveries.items()},
            "document": None if self.pipeline is None else document_of(self.pipeline),
        }
        if self.damage is not None:
            values["damage"] = self.damage.as_dict()
        return values


@dataclass(frozen=True, slots=True)
class Shown:
    """A document in the forms in which people read it.

    Attributes:
        yaml: It as YAML.
        filter_text: Its filter on one line, or ``None`` if it takes every workout.
    """

    yaml: str
    filter_text: str | None


@dataclass(frozen=True, slots=True)
class Applied:
    """The result of applying a document.

    Attributes:
        name: The name of the pipeline.
        version: The number of its newest document.
        is_new: Whether the pipeline was made.
        has_changed: Whether the document differs from the one before.
    """

    name: str
    version: int
    is_new: bool
    has_changed: bool


@checks_arguments
class Pipelines:
    """The pipelines of athletes."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace

    # -- documents ---------------------------------------------------------------------------------

    def list(self, athlete: str = ME) -> Views:
        """Return the pipelines of an athlete, oldest first; a damaged one says its ``damage``."""
        with self._workspace.database.read() as db:
            return [_listed(db, row) for row in list_pipelines(db, athlete)]

    def get(self, name: str, athlete: str = ME) -> PipelineView:
        """Return the pipeline with this name.

        Raises:
            UserMistake: FG-pipeline-unknown.
        """
        with self._workspace.database.read() as db:
            return _view(db, _named(db, name, athlete))

    def versions(self, name: str, athlete: str = ME) -> Versions:
        """Return every document that a pipeline has had, newest first.

        Raises:
            UserMistake: FG-pipeline-unknown.
        """
        with self._workspace.database.read() as db:
            return versions_of(db, _named(db, name, athlete).id)

    def check(
        self,
        document: str | bytes | Mapping[str, Any],
        athlete: str = ME,
        file: str = "pipeline",
    ) -> tuple[Pipeline | None, Sequence[UserMistake]]:
        """Return the pipeline of a document, or everything that is wrong with it.

        Args:
            document: YAML or JSON, or plain values.
            athlete: The athlete whose connections it names.
            file: The path of the file, for messages.
        """
        reading = _read(document, file)
        if reading.pipeline is not None:
            checker, others = self._checker(reading.pipeline.name, athlete)
            reading.refuse_all(checker.flaws(reading.pipeline, others))
            reading.errors.sort(key=_position)
        return reading.pipeline, reading.errors

    def shown(self, pipeline: Pipeline) -> Shown:
        """Return a pipeline that ``check`` has read in the forms in which people read it.

        Args:
            pipeline: The pipeline; it need not be stored.
        """
        return Shown(yaml_of(pipeline), _filter_text(pipeline))

    def drawn_cycle(
        self,
        document: str | bytes | Mapping[str, Any],
        athlete: str = ME,
    ) -> str | None:
        """Return a drawing of the cycle in which a document would let pipelines send, if any.

        Args:
            document: YAML or JSON, or plain values.
            athlete: The athlete.
        """
        pipeline = _read(document, "pipeline").pipeline
        if pipeline is None:
            return None
        checker, others = self._checker(pipeline.name, athlete)
        cycle = checker.cycle([pipeline, *others])
        return drawn(cycle) if cycle else None

    def apply(
        self,
        document: str | bytes | Mapping[str, Any],
        athlete: str = ME,
        file: str = "pipeline",
    ) -> Applied:
        """Store a document as a new pipeline, or as the next version of the one with its name.

        A new pipeline begins with the next change: what is in the store already is history, which
        is sent only if it is asked for.

        Args:
            document: YAML or JSON, or plain values.
            athlete: The athlete.
            file: The path of the file, for messages.

        Raises:
            UserMistake: The document is wrong; it is the first of its errors.
        """
        pipeline, errors = self.check(document, athlete, file)
        if pipeline is None:
            raise errors[0]
        content = msgspec.json.encode(document_of(pipeline)).decode()
        now = self._workspace.now
        with self._workspace.database.write() as db:
            known = _find(db, pipeline.name, athlete)
            if known is None:
                row = _new_row(athlete, pipeline.name, content, now)
                add_pipeline(db, row)
                return Applied(pipeline.name, 1, is_new=True, has_changed=True)
            if known.document == content:
                return Applied(known.name, known.version, is_new=False, has_changed=False)
            version = add_version(db, known, pipeline.name, content, now)
            return Applied(pipeline.name, version, is_new=False, has_changed=True)

    def pause(self, name: str, athlete: str = ME) -> None:
        """Pause a pipeline: nothing is sent, and what changes meanwhile waits.

        Raises:
            UserMistake: FG-pipeline-unknown.
        """
        self._set(name, athlete, PipelineState.PAUSED)

    def resume(self, name: str, athlete: str = ME) -> None:
        """Let a paused pipeline send again, beginning with what has waited.

        Raises:
            UserMistake: FG-pipeline-unknown.
        """
        self._set(name, athlete, PipelineState.ACTIVE)

    def delete(self, name: str, athlete: str = ME) -> None:
        """Delete a pipeline. What it has sent stays where it is, and is still recognized.

        Raises:
            UserMistake: FG-pipeline-unknown.
        """
        with self._workspace.database.write() as db:
            delete_pipeline(db, _named(db, name, athlete).id, self._workspace.now)

    # -- runs --------------------------------------------------------------------------------------

    def run(
        self,
        name: str | None = None,
        athlete: str = ME,
        all_synced: bool = True,
    ) -> Iterator[PipelineEvent]:
        """Take what is due through one pipeline, or all of them, and send it.

        The run goes on while the iterator is consumed. Killing it loses nothing.

        Args:
            name: The name of a pipeline; ``None`` runs all of them.
            athlete: The athlete.
            all_synced: Whether every connection was synced just now, so that pipelines without a
                ``wait`` of their own need not wait for further copies.

        Raises:
            UserMistake: FG-pipeline-unknown.
            Busy: FG-pipelines-running if another process is running them.
            StoreFailed: The store cannot be read or written.
        """
        pipeline_id = None
        if name is not None:
            with self._workspace.database.read() as db:
                pipeline_id = _named(db, name, athlete).id
        yield from run_pipelines(self._workspace, athlete, Scope(pipeline_id, all_synced))

    def offer_history(
        self,
        name: str,
        since: date | None = None,
        until: date | None = None,
        athlete: str = ME,
    ) -> int:
        """Offer the activities of some days to a pipeline, and return how many there are.

        The next run decides about each of them, and sends what the destinations do not have.

        Args:
            name: The name of the pipeline.
            since: The first local day; ``None`` for the first activity.
            until: The last local day; ``None`` for today.
            athlete: The athlete.

        Raises:
            UserMistake: FG-pipeline-unknown.
        """
        with self._workspace.database.write() as db:
            row = _named(db, name, athlete)
            ids = _history(db, athlete, since, until)
            offer(
                db,
                athlete,
                row.id,
                ids,
                self._workspace.now,
                asked_by=OfferedBy.HISTORY,
            )
        return len(ids)

    def replay(
        self,
        name: str,
        activity: str,
        athlete: str = ME,
        again: bool = False,
    ) -> None:
        """Offer one activity to a pipeline; the next run takes it through every step.

        Args:
            name: The name of the pipeline.
            activity: A reference to the activity, such as its number.
            athlete: The athlete.
            again: Whether it is sent even if nothing has changed, or if it was refused before.

        Raises:
            UserMistake: FG-pipeline-unknown, or the activity does not exist.
        """
        with self._workspace.database.write() as db:
            row = _named(db, name, athlete)
            activity_id = resolve(db, athlete, activity)
            offer(
                db,
                athlete,
                row.id,
                [activity_id],
                self._workspace.now,
                asked_by=OfferedBy.REPLAY,
                again=again,
            )

    def preview(
        self,
        name: str,
        since: date | None = None,
        until: date | None = None,
        athlete: str = ME,
    ) -> Iterator[ActivityDecided]:
        """Yield what ``offer_history`` and a run would decide; nothing is stored or sent.

        Args:
            name: The name of the pipeline.
            since: The first local day; ``None`` for the first activity.
            until: The last local day; ``None`` for today.
            athlete: The athlete.

        Raises:
            UserMistake: FG-pipeline-unknown, or a destination is not there.
        """
        with self._workspace.database.read() as db:
            row = _named(db, name, athlete)
            ids = _history(db, athlete, since, until)
        yield from preview(self._workspace, row, ids)

    def preview_replay(
        self,
        name: str,
        activity: str,
        athlete: str = ME,
        again: bool = False,
    ) -> ActivityDecided:
        """Return what ``replay`` and a run would decide; nothing is stored or sent.

        Args:
            name: The name of the pipeline.
            activity: A reference to the activity, such as its number.
            athlete: The athlete.
            again: Whether it is sent even if nothing has changed.

        Raises:
            UserMistake: FG-pipeline-unknown, the activity does not exist, or a destination is not
                there.
        """
        with self._workspace.database.read() as db:
            row = _named(db, name, athlete)
            activity_id = resolve(db, athlete, activity)
        [decided] = preview(self._workspace, row, [activity_id], again=again)
        return decided

    def runs(
        self,
        name: str,
        athlete: str = ME,
        limit: int = 10,
    ) -> Rows:
        """Return the newest runs of a pipeline that did anything, newest first.

        Args:
            name: The name of the pipeline.
            athlete: The athlete.
            limit: How many runs to return at most.

        Returns:
            Rows as those of ``host.syncs.runs``.

        Raises:
            UserMistake: FG-pipeline-unknown.
        """
        with self._workspace.database.read() as db:
            return runs_of_pipeline(db, athlete, _named(db, name, athlete).name, limit)

    @cached_property
    def deliveries(self) -> Deliveries:
        """What the pipelines have sent, or are about to send."""
        return Deliveries(self._workspace)

    # -- helpers -----------------------------------------------------------------------------------

    def _checker(self, name: str, athlete: str) -> tuple[Checker, Sequence[Pipeline]]:
        """Return what checks a pipeline with this name, and the other pipelines."""
        with self._workspace.database.read() as db:
            connected = list_connections(db, athlete)
            rows = list_pipelines(db, athlete)
        others = [document_in(row) for row in rows if row.name != name]
        return Checker(self._workspace, connected), others

    def _set(
        self,
        name: str,
        athlete: str,
        state: PipelineState,
    ) -> None:
        with self._workspace.database.write() as db:
            set_pipeline_state(db, _named(db, name, athlete).id, state, self._workspace.now)


def _read(document: str | bytes | Mapping[str, Any], file: str) -> Reading:
    if isinstance(document, str | bytes):
        return read_pipeline(document, file)
    return read_mapping(document, file)


def _position(error: UserMistake) -> tuple[int, int]:
    at = error.at
    return (at.line or 0, at.column or 0) if at else (0, 0)


def _filter_text(pipeline: Pipeline) -> str | None:
    return None if pipeline.filter is None else line_of(pipeline.filter)


def _find(db: Db, name: str, athlete: str) -> PipelineRow | None:
    rows = list_pipelines(db, athlete)
    return next((row for row in rows if row.name == name), None)


def _named(db: Db, name: str, athlete: str) -> PipelineRow:
    found = _find(db, name, athlete)
    if found is not None:
        return found
    names = [row.name for row in list_pipelines(db, athlete)]
    near = nearest(name, names)
    raise UserMistake(
        "FG-pipeline-unknown",
        f"there is no pipeline {name!r}",
        why=f"the pipelines are: {one_of(names)}" if names else "there is no pipeline yet",
        fix=f"did you mean {near}?" if near else "see: fitglue pipeline list",
    )


def _history(
    db: Db,
    athlete: str,
    since: date | None,
    until: date | None,
) -> list[str]:
    """Return the ids of the activities of some days, oldest first."""
    found = list(list_activities(db, athlete, Filter(since=since, until=until)))
    return [activity["id"] for activity in reversed(found)]


def _new_row(
    athlete: str,
    name: str,
    document: str,
    now: str,
) -> PipelineRow:
    return PipelineRow(
        id=secrets.token_hex(8),
        athlete_id=athlete,
        name=name,
        state=PipelineState.ACTIVE,
        version=1,
        after_change=0,
        document=document,
        created_at=now,
        updated_at=now,
    )


def _listed(db: Db, row: PipelineRow) -> PipelineView:
    """Return a pipeline for a list, which one damaged document must not make unreadable."""
    try:
        pipeline = document_in(row)
    except StoreFailed as error:
        return _view_of(db, row, None, error)
    return _view_of(db, row, pipeline)


def _view(db: Db, row: PipelineRow) -> PipelineView:
    return _view_of(db, row, document_in(row))


def _view_of(
    db: Db,
    row: PipelineRow,
    pipeline: Pipeline | None,
    damage: StoreFailed | None = None,
) -> PipelineView:
    return PipelineView(
        row.id,
        row.name,
        row.state,
        row.version,
        pipeline,
        count_waiting(db, row.id),
        counts_by_state(db, row.id),
        row.created_at,
        damage,
    )
