"""Runs the boosters of a pipeline on one activity, each of which sees what the earlier ones did."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

import msgspec

from fitglue_registry.errors import FitglueError, StoreFailed
from fitglue_registry.pipeline.boosting import Booster, athlete_on
from fitglue_registry.pipeline.passing import PASSED_OVER, SKIPPED, TAKEN
from fitglue_registry.pipeline.shaping import Boosted, with_boosts
from fitglue_registry.plugin_api import BoosterContext
from fitglue_registry.store.athlete_settings import load_settings

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fitglue_registry.model import SourceActivity
    from fitglue_registry.pipeline.document import BoosterStep, Pipeline
    from fitglue_registry.plugin_api import Enrichment
    from fitglue_registry.services.pipelines.subjects import StoredSubject
    from fitglue_registry.workspace import Workspace

_CHANGES = ("title", "description", "sport", "tags")
_STREAMS = "streams"


class Boosting:
    """Runs the boosters of one pipeline.

    Args:
        workspace: The workspace.
        pipeline: The pipeline.
        athlete_id: The athlete.
    """

    def __init__(
        self,
        workspace: Workspace,
        pipeline: Pipeline,
        athlete_id: str,
    ) -> None:
        self._workspace = workspace
        self._pipeline = pipeline
        self._athlete_id = athlete_id

    def boost(self, subject: StoredSubject) -> Boosted:
        """Return what all boosters said about an activity, in their order.

        A booster that fails is named in its step, and the activity is sent without it.
        """
        boosted = Boosted()
        if not self._pipeline.boosters:
            return boosted
        echoes = [member.id for member in subject.members if member.is_echo]
        activity = subject.merged_without(echoes)
        if activity is None:
            return boosted
        computed: dict[str, Mapping[str, Any]] = {}
        for step in self._pipeline.boosters:
            changed = with_boosts(activity, boosted)
            boosted = self._one(step, subject, changed, computed, boosted)
            if boosted.stop is not None:
                break
        return boosted

    def _one(
        self,
        step: BoosterStep,
        subject: StoredSubject,
        activity: SourceActivity,
        computed: dict[str, Mapping[str, Any]],
        before: Boosted,
    ) -> Boosted:
        """Return what was boosted so far, with what one more booster says."""
        context = self._context(subject, computed)
        try:
            entry = self._workspace.catalogue.get("enricher", step.use)
            booster = Booster(entry, self._workspace.plugins, dict(step.settings))
            if _STREAMS in entry.needs:
                echoes = [member.id for member in subject.members if member.is_echo]
                activity = msgspec.structs.replace(activity, streams=subject.streams(echoes))
            enrichment = booster.enrich(activity, context)
        except FitglueError as error:
            if isinstance(error, StoreFailed):
                raise
            return _with_step(before, step.use, SKIPPED, f"it failed: {error.what}")
        computed[step.use] = enrichment.values
        return _added(before, step.use, enrichment)

    def _context(
        self,
        subject: StoredSubject,
        computed: Mapping[str, Mapping[str, Any]],
    ) -> BoosterContext:
        with self._workspace.database.read() as db:
            settings = load_settings(db, self._athlete_id)
        day = date.fromisoformat(subject.day) if subject.day else None
        return BoosterContext(day, athlete_on(settings, day), dict(computed))


def _added(before: Boosted, name: str, enrichment: Enrichment) -> Boosted:
    """Return what was boosted so far, with the answer of one more booster."""
    changes = dict(before.changes)
    for key in _CHANGES:
        value = getattr(enrichment, key)
        if value is not None:
            changes[key] = value
    values = {**enrichment.values, **before.values}
    outcome = TAKEN if enrichment.stop is None else PASSED_OVER
    with_step = _with_step(before, name, outcome, _sentence(enrichment))
    return Boosted(values, changes, with_step.steps, enrichment.stop)


def _with_step(
    before: Boosted,
    name: str,
    outcome: str,
    what: str,
) -> Boosted:
    step = {"step": name, "outcome": outcome, "what": what}
    return Boosted(before.values, before.changes, (*before.steps, step))


def _sentence(enrichment: Enrichment) -> str:
    """Return what a booster did, for ``why``."""
    if enrichment.stop is not None:
        return enrichment.stop
    done = [f"{name} = {value}" for name, value in enrichment.values.items()]
    done += [f"{key} changed" for key in _CHANGES if getattr(enrichment, key) is not None]
    if enrichment.method:
        done.append(f"by {enrichment.method}")
    return "; ".join([*done, *enrichment.notes]) or "nothing to add"
