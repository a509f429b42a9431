"""Asks plugins for their opinions on pairs of source activities, and stores the answers."""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING

from fitglue_registry.dedupe import pairs_near_in_time
from fitglue_registry.matching.pair_batches import PairBatches
from fitglue_registry.model.stored import Verdict
from fitglue_registry.plugin_api import Opinion
from fitglue_registry.store.opinions import PairOpinion, drop_opinions, put_opinions

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from sqlalchemy.engine import Connection as Db

    from fitglue_registry.matching.candidate_cache import CandidateCache
    from fitglue_registry.plugins import Plugins
    from fitglue_registry.store.source_activity_rows import SourceActivityRow

log = logging.getLogger(__name__)

#: The verdicts that a plugin may give. Only the score may ask the athlete.
_VERDICTS = (Verdict.SAME, Verdict.DIFFERENT)
#: How long all opinions of one plugin may take; other writers wait for thirty seconds.
_MOST_S = 20.0


class OpinionPlugins:
    """The plugins that implement ``fitglue_dedupe``, by name."""

    def __init__(self, plugins: Plugins, names: Iterable[str] = ()) -> None:
        self._plugins = plugins
        self._names = sorted(set(names))

    def ask_and_store(
        self,
        candidates: CandidateCache,
        changed: Mapping[int, SourceActivityRow],
        near_by: Mapping[int, SourceActivityRow],
        now: str,
    ) -> None:
        """Ask about every pair of a changed source activity and one that starts close to it.

        The answer of a plugin replaces all of its earlier opinions about the changed ones. If a
        plugin fails, its earlier opinions stay.

        Args:
            candidates: The cache of candidates, with the open transaction.
            changed: Id → row of the changed source activities.
            near_by: Id → row of those that are close in time, including the changed ones.
            now: The time of the opinions, as the store writes it.
        """
        if not self._names:
            return
        db = candidates.db
        changed_candidates = candidates.of(changed.values())
        others = candidates.of(near_by.values())
        pairs = []
        for candidate, other in pairs_near_in_time(changed_candidates, others):
            pairs.append((candidate.id, other.id))
        # Opinions about pairs that no longer start close together must not stay.
        if not pairs:
            drop_opinions(db, changed, self._names)
            return

        batches = PairBatches(db, pairs, near_by)
        for plugin in self._names:
            answer = self._answer(plugin, batches)
            if answer is None:
                continue
            # The old opinions are deleted only now, so that a plugin that fails keeps them.
            drop_opinions(db, changed, [plugin])
            put_opinions(db, answer, now)

    def drop_stored(self, db: Db, ids: Iterable[int]) -> None:
        """Delete the opinions of all plugins about these source activities."""
        drop_opinions(db, ids, self._names)

    def _answer(self, plugin: str, batches: PairBatches) -> list[PairOpinion] | None:
        """Return the opinions of a plugin on all pairs, or ``None`` if it gives no valid answer.

        The reason is logged as a warning.
        """
        opinions = []
        began = time.monotonic()
        for ids, pairs in batches:
            answers = list(self._plugins.broadcast([plugin], "fitglue_dedupe", pairs=pairs))
            if not answers:
                return None  # the plugin does not have the hook
            [(_, answer, error)] = answers
            problem = None if error is None else str(error)
            if error is None and not _is_valid_answer(answer, len(pairs)):
                problem = f"plugin {plugin} did not return an opinion or None for each pair"
            elif time.monotonic() - began > _MOST_S:
                problem = f"plugin {plugin} took more than {_MOST_S:.0f} s for its opinions"
            if problem is not None:
                log.warning("%s; its earlier opinions about these pairs are kept", problem)
                return None
            for (first, second), opinion in zip(ids, answer, strict=True):
                if opinion is not None:
                    verdict, reason = opinion.verdict, opinion.reason
                    opinions.append(PairOpinion(first, second, plugin, verdict, reason))
        return opinions


def _is_valid_answer(answer: object, pair_count: int) -> bool:
    if not isinstance(answer, list | tuple) or len(answer) != pair_count:
        return False
    return all(opinion is None or _is_valid_opinion(opinion) for opinion in answer)


def _is_valid_opinion(opinion: object) -> bool:
    return (
        isinstance(opinion, Opinion)
        and opinion.verdict in _VERDICTS
        and isinstance(opinion.reason, str)
    )
