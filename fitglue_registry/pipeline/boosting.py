"""Runs a booster on activities, and stores what it computes beside them.

A booster runs outside of every transaction. Its result is stored with a hash of its input, so it is
computed again only when something that it depends on has changed.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import date
from itertools import islice
from typing import TYPE_CHECKING

import msgspec

from fitglue_registry.errors import PluginFailed
from fitglue_registry.model import encode
from fitglue_registry.model.computation import Computation, is_storable, without_computed
from fitglue_registry.model.stored import FieldOrigin
from fitglue_registry.plugin_api import BoosterContext
from fitglue_registry.store.activity_changes import forget_changes_of_history, newest_change
from fitglue_registry.store.activity_details import load_activity
from fitglue_registry.store.activity_streams import streams_of
from fitglue_registry.store.athlete_settings import load_settings, value_on
from fitglue_registry.store.athletes import lock_athlete
from fitglue_registry.store.computations import (
    DEFAULT_SETTINGS,
    Key,
    Stored,
    ids_to_compute,
    put_results,
    result_of,
    updates_of,
)
from fitglue_registry.store.source_activity_search import members_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from sqlalchemy.engine import Connection as Db

    from fitglue_registry.matching.matcher import Matcher
    from fitglue_registry.model import SourceActivity
    from fitglue_registry.plugin_api import Enrichment
    from fitglue_registry.plugins import Plugins
    from fitglue_registry.registry import Entry
    from fitglue_registry.store.athlete_settings import Setting
    from fitglue_registry.store.database import Database

_HOOK = "fitglue_enrich"
#: The activities of one transaction: few enough that no other writer waits for long.
_BATCH = 50
_STREAMS = "streams"


@dataclass(frozen=True, slots=True)
class Booster:
    """A booster with the settings that a pipeline states for it.

    Attributes:
        entry: Its entry.
        plugins: The plugins of the host.
        settings: The settings.
    """

    entry: Entry
    plugins: Plugins
    settings: Mapping[str, str]

    @property
    def version(self) -> str:
        """The version of the booster's plugin."""
        return self.plugins.distribution(self.entry.plugin.name).version or ""

    @property
    def settings_hash(self) -> str:
        """A hash of the settings; that of none, which means the defaults, is empty."""
        if not self.settings:
            return DEFAULT_SETTINGS
        return _hash(msgspec.json.encode(dict(self.settings), order="sorted"))

    def enrich(self, activity: SourceActivity, context: BoosterContext) -> Enrichment:
        """Return what the booster says about one activity.

        Args:
            activity: The activity; the booster gets its streams if its entry needs them.
            context: The day, and the settings of the athlete on that day.

        Raises:
            PluginFailed: The plugin failed, or a value that it computed cannot be one of an
                activity (FG-booster-value).
        """
        plugin = self.plugins.of(self.entry)
        enrichment: Enrichment = plugin.call(
            _HOOK,
            activity=activity,
            settings=dict(self.settings),
            context=context,
        )
        for name, value in enrichment.values.items():
            if not is_storable(name, value):
                raise PluginFailed(
                    "FG-booster-value",
                    f"the booster {self.entry.id} computed {name} = {value!r}, which no activity "
                    f"can have",
                    fix=f"report it to the authors of {self.entry.plugin.name}",
                )
        return enrichment


@dataclass(frozen=True, slots=True)
class _Input:
    """What a booster is asked about, with the hash of it."""

    activity_id: str
    activity: SourceActivity
    context: BoosterContext
    input_hash: str
    updated_at: str
    known: Stored | None


def compute(
    database: Database,
    booster: Booster,
    matcher: Matcher,
    athlete_id: str,
    now: str,
    *,
    only_known: bool = False,
) -> int:
    """Run a booster on each activity of an athlete for which it may have another result.

    Killing it at any moment loses at most the results of one batch, which are computed again.

    Args:
        database: The store.
        booster: The booster.
        matcher: The matcher that merges activities.
        athlete_id: The athlete.
        now: The moment that is stored.
        only_known: Whether activities are left out for which it has never computed anything.

    Returns:
        The number of activities for which the result has changed.

    Raises:
        PluginFailed: The plugin failed; the results before it are stored.
    """
    key = Key(athlete_id, booster.entry.id, booster.settings_hash)
    with database.read() as db:
        to_compute = iter(ids_to_compute(db, key, booster.version, only_known=only_known))
    changed = 0
    while batch := list(islice(to_compute, _BATCH)):
        with database.read() as db:
            inputs = list(_inputs(db, booster, key, batch))
        results = [_result(booster, given) for given in inputs]
        with database.write() as db:
            lock_athlete(db, athlete_id)
            current = updates_of(db, batch)
            differing = []
            valid = []
            for given, result in zip(inputs, results, strict=True):
                # What another process has changed meanwhile is computed again by the next run.
                if current.get(given.activity_id) != given.updated_at:
                    continue
                valid.append(result)
                if given.known is None or given.known.computation != result.computation:
                    differing.append(result.activity_id)
            put_results(db, key, valid, now)
            before = newest_change(db)
            matcher.remerge(db, athlete_id, members_of(db, differing), now)
            forget_changes_of_history(db, athlete_id, before)
        changed += len(differing)
    return changed


def athlete_on(settings: Sequence[Setting], day: date | None) -> dict[str, str]:
    """Return the settings of an athlete that hold on a day.

    Args:
        settings: All settings of the athlete.
        day: The local day; ``None`` takes what holds from the beginning.
    """
    values = {}
    for key in {setting.key for setting in settings}:
        value = value_on(settings, key, day or date.min)
        if value is not None:
            values[key] = value
    return values


def _inputs(
    db: Db,
    booster: Booster,
    key: Key,
    activity_ids: Sequence[str],
) -> Iterator[_Input]:
    """Yield the input of a booster for each of these activities."""
    settings = load_settings(db, key.athlete_id)
    updates = updates_of(db, activity_ids)
    for activity_id in activity_ids:
        # It may have been merged into another one since the list was made.
        if activity_id not in updates:
            continue
        details = load_activity(db, activity_id)
        origins = details.origins.items()
        taken = [name for name, origin in origins if origin == FieldOrigin.BOOSTER]
        activity = without_computed(details.activity, taken)
        if _STREAMS in booster.entry.needs:
            streams = streams_of(db, details)
            activity = msgspec.structs.replace(activity, streams=streams)
        day = date.fromisoformat(details.day) if details.day else None
        context = BoosterContext(day, _relevant(booster, athlete_on(settings, day)))
        yield _Input(
            activity_id,
            activity,
            context,
            input_hash(activity, context),
            updates[activity_id],
            result_of(db, key, activity_id),
        )


def _relevant(booster: Booster, settings: Mapping[str, str]) -> dict[str, str]:
    """Return the settings that a booster reads, with their values for single sports."""
    names = booster.entry.athlete_settings
    return {key: value for key, value in settings.items() if key.partition(".")[0] in names}


def input_hash(activity: SourceActivity, context: BoosterContext) -> str:
    """Return a hash of everything that the result of a booster may depend on.

    Args:
        activity: The activity with its streams, if the booster gets them.
        context: What else the booster may know.
    """
    parts = [
        encode(msgspec.structs.replace(activity, streams=())),
        str(context.day).encode(),
        msgspec.json.encode(dict(context.athlete), order="sorted"),
        msgspec.json.encode(dict(context.computed), order="sorted"),
    ]
    for stream in activity.streams:
        parts += [stream.type.encode(), stream.values.doubles.tobytes()]
    return _hash(*parts)


def _result(booster: Booster, given: _Input) -> Stored:
    """Return the result for one activity; the booster is called only if its input has changed."""
    version = booster.version
    known = given.known
    if known and (known.input_hash, known.computation.version) == (given.input_hash, version):
        return known
    enrichment = booster.enrich(given.activity, given.context)
    computation = Computation(
        booster.entry.id,
        version,
        dict(enrichment.values),
        enrichment.how,
        enrichment.method,
        tuple(enrichment.notes),
    )
    return Stored(given.activity_id, given.input_hash, computation)


def _hash(*parts: bytes) -> str:
    digest = hashlib.sha256()
    for part in parts:
        # The length keeps two different divisions of the same bytes apart.
        digest.update(len(part).to_bytes(8, "big"))
        digest.update(part)
    return digest.hexdigest()
