"""Asks plugins for their opinions on pairs of source activities, and stores what they answer."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from fitglue_registry.dedupe import near
from fitglue_registry.model import decode
from fitglue_registry.model.stored import Verdict
from fitglue_registry.plugin_api import Opinion, Pair, Side
from fitglue_registry.store.opinions import PairOpinion, drop_opinions, put_opinion

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from fitglue_registry.matching.candidate_cache import CandidateCache
    from fitglue_registry.plugins import Plugins
    from fitglue_registry.store.source_activity_rows import SourceActivityRow

log = logging.getLogger(__name__)

#: What a plugin may say of a pair; that a person is to be asked is for the score to say.
_VERDICTS = (Verdict.SAME, Verdict.DIFFERENT)


class Experts:
    """The plugins that implement ``fitglue_dedupe``, by name."""

    def __init__(self, plugins: Plugins, names: Iterable[str] = ()) -> None:
        self._plugins = plugins
        self._names = sorted(set(names))

    def store_opinions(
        self,
        candidates: CandidateCache,
        changed: Mapping[int, SourceActivityRow],
        near_by: Mapping[int, SourceActivityRow],
        now: str,
    ) -> None:
        """Ask about every pair of a changed source activity and one near it.

        A new answer of a plugin takes the place of what it said of the changed ones before; where a
        plugin fails, that stays.
        """
        if not self._names:
            return
        db = candidates.db
        pairs = []
        for one, other in near(candidates.of(changed.values()), candidates.of(near_by.values())):
            pairs.append((one.id, other.id))
        if not pairs:
            drop_opinions(db, changed, self._names)
            return

        for plugin, opinions in self._answers([(near_by[a], near_by[b]) for a, b in pairs]):
            drop_opinions(db, changed, [plugin])
            for (first, second), opinion in zip(pairs, opinions, strict=True):
                if opinion is not None:
                    said = PairOpinion(first, second, plugin, opinion.verdict, opinion.reason)
                    put_opinion(db, said, now)

    def _answers(
        self, pairs: Sequence[tuple[SourceActivityRow, SourceActivityRow]]
    ) -> Iterable[tuple[str, Sequence[Opinion | None]]]:
        asked = [Pair(_side(one), _side(other)) for one, other in pairs]
        answers = self._plugins.broadcast(self._names, "fitglue_dedupe", pairs=asked)
        for plugin, answer, error in answers:
            if error is None and _is_answer(answer, len(pairs)):
                yield plugin, answer
            else:
                problem = error or f"plugin {plugin} gave no opinion or None for each pair"
                log.warning("%s; what others say of these pairs stands", problem)


def _is_answer(answer: object, pairs: int) -> bool:
    if not isinstance(answer, list | tuple) or len(answer) != pairs:
        return False
    return all(opinion is None or _is_opinion(opinion) for opinion in answer)


def _is_opinion(opinion: object) -> bool:
    return (
        isinstance(opinion, Opinion)
        and opinion.verdict in _VERDICTS
        and isinstance(opinion.reason, str)
    )


def _side(row: SourceActivityRow) -> Side:
    return Side(row.connection_id, row.entry, row.external_id, decode(row.document))
