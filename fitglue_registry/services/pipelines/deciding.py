"""Decides about one activity in one pipeline; a run stores the decision, and a preview does not."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import sqlalchemy as sa

from fitglue_registry.errors import FitglueError, UserMistake
from fitglue_registry.pipeline.events import ActivityDecided
from fitglue_registry.pipeline.isolation import stops_the_run
from fitglue_registry.pipeline.passing import WAITS, Asked, Passage, gone, pass_through
from fitglue_registry.services.pipelines.targets import target_of
from fitglue_registry.store.connections import list_connections
from fitglue_registry.store.deliveries import delivery_of
from fitglue_registry.store.tables import activities

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.engine import Connection as Db

    from fitglue_registry.pipeline.target import Target
    from fitglue_registry.services.pipelines.opened import OpenedPipeline
    from fitglue_registry.services.pipelines.subjects import StoredSubject, SubjectLoader
    from fitglue_registry.store.deliveries import DeliveryRow
    from fitglue_registry.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Decision:
    """What a pipeline decides about an activity.

    Attributes:
        passage: What each step said, and what is to be sent; ``None`` if nothing can be decided,
            because something that is stored is damaged.
        event: The same for an interface.
    """

    passage: Passage | None
    event: ActivityDecided


class Decider:
    """Decides about activities in one pipeline.

    Args:
        workspace: The workspace.
        loader: Loads the activities.
        opened: The pipeline.

    Attributes:
        targets: Those of its destinations that can be found.
        held: Why the others cannot be.
    """

    def __init__(
        self,
        workspace: Workspace,
        loader: SubjectLoader,
        opened: OpenedPipeline,
    ) -> None:
        with workspace.database.read() as db:
            connected = list_connections(db, opened.row.athlete_id)
        self.targets: list[Target] = []
        self.held: list[UserMistake] = []
        for step in opened.pipeline.destinations:
            try:
                self.targets.append(target_of(workspace, step, connected))
            except UserMistake as error:
                self.held.append(error)
        self._database = workspace.database
        self._loader = loader
        self._opened = opened

    def decide(
        self,
        activity_id: str,
        *,
        again: bool = False,
    ) -> Decision:
        """Decide about one activity.

        Args:
            activity_id: The activity; it need not exist any more.
            again: Whether it is sent even if nothing has changed.
        """
        with self._database.read() as db:
            number = number_of(db, activity_id)
            known = _known(db, self._opened.row.id, self.targets, activity_id)
        name = self._opened.row.name
        try:
            subject = None if number is None else self._loader.load(activity_id)
            asked = Asked(
                self._opened.pipeline,
                self.targets,
                known,
                is_gone=subject is None or subject.is_gone,
                again=again,
            )
            passage = self._passage(asked, subject)
        except FitglueError as error:
            if stops_the_run(error):
                raise
            step = {"step": "pipeline", "outcome": WAITS, "what": error.what}
            return Decision(None, ActivityDecided(name, number, None, None, [step]))
        day = subject.day if subject else None
        title = subject.title if subject else None
        return Decision(passage, ActivityDecided(name, number, day, title, passage.steps))

    def _passage(self, asked: Asked, subject: StoredSubject | None) -> Passage:
        if subject is None or asked.is_gone:
            return gone(asked)
        boost = partial(self._opened.boosting.boost, subject)
        return pass_through(asked, subject, subject.candidate(), boost)


def number_of(db: Db, activity_id: str) -> int | None:
    """Return the number of an activity, or ``None`` if it no longer exists."""
    query = sa.select(activities.c.number).where(activities.c.id == activity_id)
    number: int | None = db.scalar(query)
    return number


def _known(
    db: Db,
    pipeline_id: str,
    targets: Sequence[Target],
    activity_id: str,
) -> dict[str, DeliveryRow]:
    known = {}
    for target in targets:
        row = delivery_of(db, pipeline_id, target.name, activity_id)
        if row is not None:
            known[target.name] = row
    return known
