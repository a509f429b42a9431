"""Checks a pipeline against what an athlete has: connections, destinations, boosters, settings."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from fitglue_registry.errors import UserMistake
from fitglue_registry.pipeline.cycles import find_cycle, flows_of, refuse_cycle
from fitglue_registry.registry.flaw import Flaw
from fitglue_registry.services.connected_entries import only_sends
from fitglue_registry.services.local_paths import roots_of
from fitglue_registry.services.pipelines.step_settings import wrong_settings
from fitglue_registry.services.pipelines.targets import (
    connection_of_step,
    entry_of_step,
    target_of,
)
from fitglue_registry.validation.wording import nearest, one_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from fitglue_registry.pipeline.cycles import Flow
    from fitglue_registry.pipeline.document import BoosterStep, DestinationStep, Pipeline
    from fitglue_registry.registry import Entry
    from fitglue_registry.store.connections import ConnectionRow
    from fitglue_registry.validation.violation import KeyPath
    from fitglue_registry.workspace import Workspace


class Checker:
    """Checks pipelines of one athlete.

    Args:
        workspace: The workspace.
        connected: The connections of the athlete.
    """

    def __init__(self, workspace: Workspace, connected: Sequence[ConnectionRow]) -> None:
        self._workspace = workspace
        self._connected = connected

    def flaws(self, pipeline: Pipeline, others: Iterable[Pipeline]) -> Iterator[Flaw]:
        """Yield everything that is wrong with a pipeline whose document is right in itself.

        Args:
            pipeline: The pipeline.
            others: The other pipelines of the athlete, with which it could send in a cycle.
        """
        yield from self._sources(pipeline)
        for number, booster in enumerate(pipeline.boosters):
            yield from self._booster(booster, ("boosters", number))
        for number, step in enumerate(pipeline.destinations):
            yield from self._destination(step, ("destinations", number))
        try:
            refuse_cycle(self.flows([pipeline, *others]))
        except UserMistake as error:
            yield _flaw(error, ("destinations",))

    def cycle(self, pipelines: Iterable[Pipeline]) -> list[Flow]:
        """Return a cycle in which pipelines would send workouts, or an empty list."""
        return find_cycle(self.flows(pipelines))

    def flows(self, pipelines: Iterable[Pipeline]) -> list[Flow]:
        """Return the ways that workouts take through pipelines, from connection to connection."""
        names = [row.name for row in self._connected if not only_sends(row)]
        return list(flows_of(pipelines, names, self._arrival))

    def _arrival(self, step: DestinationStep) -> Iterator[str]:
        """Yield the connections in which appears what a destination receives."""
        try:
            target = target_of(self._workspace, step, self._connected)
        except UserMistake:
            return
        for row in self._connected:
            is_account = row.id == target.connection_id and not only_sends(row)
            if is_account or self._reads(row, target.entry, target.step.settings):
                yield row.name

    def _reads(
        self,
        row: ConnectionRow,
        entry: Entry,
        settings: Mapping[str, str],
    ) -> bool:
        """Return whether a connection reads a folder to which a destination writes."""
        roots = roots_of(self._workspace.catalogue, row)
        for field in entry.settings:
            if not field.path or field.name not in settings:
                continue
            written = Path(settings[field.name])
            if any(written.is_relative_to(root) for root in roots):
                return True
        return False

    def _sources(self, pipeline: Pipeline) -> Iterator[Flaw]:
        names = [row.name for row in self._connected if not only_sends(row)]
        for number, name in enumerate(pipeline.sources or ()):
            if name in names:
                continue
            near = nearest(name, names)
            yield Flaw(
                "FG-connection-unknown",
                ("sources", number),
                f"there is no connection {name!r} that brings workouts",
                f"these do: {one_of(names)}" if names else "nothing is connected yet",
                f"did you mean {near}?" if near else "see: fitglue connections",
            )

    def _booster(self, step: BoosterStep, path: KeyPath) -> Iterator[Flaw]:
        entry = self._workspace.catalogue.find("enricher", step.use)
        if entry is None:
            names = [known.id for known in self._workspace.catalogue.entries("enricher")]
            near = nearest(step.use, names)
            yield Flaw(
                "FG-booster-unknown",
                (*path, "use"),
                f"there is no booster {step.use!r}",
                f"the boosters are: {one_of(names)}" if names else "no booster is installed",
                f"did you mean {near}?" if near else "see: fitglue registry list",
            )
            return
        yield from self._settings(entry, step.settings, path)

    def _destination(self, step: DestinationStep, path: KeyPath) -> Iterator[Flaw]:
        try:
            entry = entry_of_step(self._workspace, step)
        except UserMistake as error:
            yield _flaw(error, (*path, "to"))
            return
        if entry.integration is not None:
            try:
                connection_of_step(step, entry, self._connected)
            except UserMistake as error:
                yield _flaw(error, (*path, "connection") if step.connection else path)
        yield from self._settings(entry, step.settings, path)

    def _settings(
        self,
        entry: Entry,
        settings: Mapping[str, str],
        path: KeyPath,
    ) -> Iterator[Flaw]:
        """Yield what is wrong with the settings of a step."""
        for name, error in wrong_settings(self._workspace.policy, entry, settings):
            # A setting that is missing has no place of its own.
            place = (*path, "settings", name) if name in settings else path
            is_unknown = error.code == "FG-setting-unknown"
            yield _flaw(error, place)._replace(at_key=is_unknown)


def _flaw(error: UserMistake, path: KeyPath) -> Flaw:
    return Flaw(error.code, path, error.what, error.why, error.fix)
