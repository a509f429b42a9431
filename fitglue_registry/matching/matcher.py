"""Puts source activities where they belong: asks for opinions, clusters, merges, and gives each
group its activity.
"""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from fitglue_registry import model
from fitglue_registry.decisions import choices, verdicts
from fitglue_registry.dedupe import (
    Choice,
    Member,
    Scorer,
    claim_edges,
    clusters,
    learned_weights,
    merge,
    near,
    traits_of,
)
from fitglue_registry.dedupe.blocking import may_be_one, reach_s
from fitglue_registry.dedupe.kinship import inherited
from fitglue_registry.matching.scoring import (
    Deck,
    account_of,
    edge_of_opinion,
    score,
    traits_of_figures,
)
from fitglue_registry.plugin_api import Opinion, Pair, Side
from fitglue_registry.registry import MergeRules
from fitglue_registry.store.activities import Merged, rewrite_lone
from fitglue_registry.store.assignment import assign
from fitglue_registry.store.athletes import lock_athlete
from fitglue_registry.store.opinions import drop_opinions, has_opinions, opinions_about, put_opinion
from fitglue_registry.store.source_activity_rows import load_rows
from fitglue_registry.store.source_activity_search import (
    ids_claiming,
    ids_near,
    members_of,
    neighbours,
    with_fellow_members,
)
from fitglue_registry.store.stored_streams import samples_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from sqlalchemy.engine import Connection as Db

    from fitglue_registry.plugins import Plugins
    from fitglue_registry.store.encoding import EncodedActivity
    from fitglue_registry.store.source_activities import Stored
    from fitglue_registry.store.source_activity_rows import SourceActivityRow

log = logging.getLogger(__name__)


class Matcher:
    """Finds the place of changed source activities; ``experts`` are the plugins that have an
    opinion on pairs.

    ``rules`` say which of several gives a value, ``kinds`` how each entry comes by its fields:
    entry → field → reported, computed, ….
    """

    def __init__(
        self,
        plugins: Plugins,
        experts: Iterable[str],
        rules: MergeRules | None = None,
        kinds: Mapping[str, Mapping[str, str]] | None = None,
    ) -> None:
        self._plugins = plugins
        self._experts = sorted(set(experts))
        self._rules = rules or MergeRules()
        self._kinds = kinds or {}

    def place(
        self,
        db: Db,
        athlete_id: str,
        changed: Iterable[int],
        now: str,
        affected: Iterable[str] = (),
    ) -> None:
        """Match these source activities anew and merge every activity that this changes."""
        changed = set(changed)
        lock_athlete(db, athlete_id)
        rows = load_rows(db, changed)
        verdicts.recall(db, athlete_id, list(rows.values()), now)
        near_by = rows | load_rows(db, ids_near(db, athlete_id, _spans(rows.values())) - changed)
        deck = Deck(db)
        scorer = Scorer(learned_weights())
        self._ask(db, rows, near_by, deck, now)
        score(db, scorer, deck.of(rows.values()), deck.of(near_by.values()), now)
        rows = _related(db, athlete_id, changed | members_of(db, affected))
        live = {number: row for number, row in rows.items() if not row.gone}
        cards = deck.of(live.values())
        edges = claim_edges(cards) + [edge_of_opinion(said) for said in opinions_about(db, live)]
        edges += inherited(edges)
        groups = [
            [live[card.id] for card in group] for group in clusters(cards, edges, scorer.may_be_one)
        ]
        # So that numbers follow the calendar.
        newest_first = sorted(_with_gone(groups, rows), key=_start, reverse=True)
        assign(db, athlete_id, self._merged(db, athlete_id, newest_first), now)

    def remerge(
        self, db: Db, athlete_id: str, changed: Iterable[tuple[int, EncodedActivity]], now: str
    ) -> None:
        """Merge again the activities of these source activities, whose matches stay as they are."""
        lock_athlete(db, athlete_id)
        changed = list(changed)
        chosen = choices.chosen_for(db, athlete_id, [number for number, _ in changed])
        # Nearly every activity has but one source, and nothing to merge.
        shared = [
            number
            for number, prepared in changed
            if number in chosen or not rewrite_lone(db, number, prepared, now)
        ]
        if shared:
            self.merge_again(db, athlete_id, shared, now)

    def merge_again(self, db: Db, athlete_id: str, ids: Iterable[int], now: str) -> None:
        """Merge the activities of these source activities by the rules and choices of today."""
        rows = load_rows(db, with_fellow_members(db, ids), claims_too=False)
        groups: dict[str | None, list[SourceActivityRow]] = {}
        for row in sorted(rows.values(), key=_key):
            groups.setdefault(row.activity_id, []).append(row)
        assign(db, athlete_id, self._merged(db, athlete_id, groups.values()), now)

    def _merged(
        self, db: Db, athlete_id: str, groups: Iterable[Sequence[SourceActivityRow]]
    ) -> list[Merged]:
        groups = list(groups)
        shared = [row.id for group in groups if len(group) > 1 for row in group]
        samples = samples_of(db, shared) if shared else {}
        return [
            self._merge(group, samples, [Choice(one.field, one.value, one.giver) for one in chosen])
            for group, chosen in zip(groups, choices.of_groups(db, athlete_id, groups), strict=True)
        ]

    def _merge(
        self,
        group: Sequence[SourceActivityRow],
        samples: Mapping[int, tuple[tuple[str, ...], int]],
        chosen: Iterable[Choice],
    ) -> Merged:
        live = [row for row in group if not row.gone]
        # Stubs that are left are no workout; what they were copies of is a tombstone.
        gone = all(row.stub for row in live)
        members = [
            Member(
                row.id,
                _key(row),
                model.decode(row.document),
                self._kinds.get(row.entry, {}),
                *samples.get(row.id, ((), 0)),
            )
            for row in (group if gone else live)
        ]
        if all(member.activity.stub for member in members):
            return Merged(tuple(group), None, {}, gone=False)
        activity, origins = merge(members, self._rules, chosen)
        return Merged(tuple(group), activity, origins, gone=gone)

    def _ask(
        self,
        db: Db,
        changed: dict[int, SourceActivityRow],
        near_by: dict[int, SourceActivityRow],
        deck: Deck,
        now: str,
    ) -> None:
        if not self._experts:
            return
        pairs = list(near(deck.of(changed.values()), deck.of(near_by.values())))
        if not pairs:
            drop_opinions(db, changed, self._experts)
            return
        asked = [Pair(_side(near_by[one.id]), _side(near_by[two.id])) for one, two in pairs]
        for plugin, answer, error in self._plugins.broadcast(
            self._experts, "fitglue_dedupe", pairs=asked
        ):
            if error is not None or not _is_answer(answer, len(pairs)):
                log.warning(
                    "%s; what others say of these pairs stands",
                    error or f"plugin {plugin} gave no opinion or None for each pair",
                )
                continue
            drop_opinions(db, changed, [plugin])
            for (one, two), opinion in zip(pairs, answer, strict=True):
                if opinion is not None:
                    put_opinion(db, one.id, two.id, plugin, opinion.verdict, opinion.reason, now)


def _is_answer(answer: object, pairs: int) -> bool:
    return (
        isinstance(answer, list | tuple)
        and len(answer) == pairs
        and all(
            opinion is None
            or (
                isinstance(opinion, Opinion)
                and opinion.verdict in ("same", "different")
                and isinstance(opinion.reason, str)
            )
            for opinion in answer
        )
    )


def _spans(rows: Iterable[SourceActivityRow]) -> list[tuple[datetime, datetime]]:
    """The stretches of local time in which what may be one with these starts; those that touch are
    one.
    """
    reach = timedelta(seconds=reach_s(learned_weights().cuts))
    spans: list[tuple[datetime, datetime]] = []
    for start in sorted(row.start_local for row in rows if row.start_local):
        oldest, newest = _shifted(start, -reach), _shifted(start, reach)
        if spans and oldest <= spans[-1][1]:
            oldest = spans.pop()[0]
        spans.append((oldest, newest))
    return spans


def has_company(db: Db, athlete_id: str, said: Stored) -> bool:
    """Whether there is anything that these source activities could be one with: most workouts of
    one account are alone.
    """
    return any(
        has_opinions(db, number) or _is_near_another(db, athlete_id, number, one)
        for number, one in said.legs
    )


def _is_near_another(db: Db, athlete_id: str, number: int, one: EncodedActivity) -> bool:
    cuts = learned_weights().cuts
    mine, reach = traits_of(one.activity, ""), timedelta(seconds=reach_s(cuts))
    if one.figures["start_local"] is None:
        return False
    start = datetime.fromisoformat(one.figures["start_local"])
    return any(
        may_be_one(mine, theirs, cuts)
        for row in neighbours(
            db, athlete_id, number, _shifted(start, -reach), _shifted(start, reach)
        )
        for theirs in traits_of_figures(row)
    )


def _shifted(moment: datetime, by: timedelta) -> datetime:
    try:
        return moment + by
    except OverflowError:
        return moment


def _related(db: Db, athlete_id: str, ids: set[int]) -> dict[int, SourceActivityRow]:
    """Everything that can share a group with these: by claims, by opinions, by the activity that
    they belong to.
    """
    rows: dict[int, SourceActivityRow] = {}
    todo = set(ids)
    while todo:
        found = load_rows(db, todo)
        rows |= found
        said = {claim for row in found.values() for claim in row.claims}
        todo = ids_claiming(db, athlete_id, said)
        todo |= members_of(db, {row.activity_id for row in found.values() if row.activity_id})
        todo |= {
            number
            for opinion in opinions_about(db, found)
            if opinion.verdict == "same"
            for number in (opinion.first_id, opinion.second_id)
        }
        todo -= rows.keys()
    return rows


def _with_gone(
    groups: list[list[SourceActivityRow]], rows: dict[int, SourceActivityRow]
) -> list[list[SourceActivityRow]]:
    """Source activities whose record is gone stay with the activity that they belonged to, so that
    it can come back.
    """
    # Where the activity goes when its members part, see ``store.activities.assign``.
    ranked = sorted(
        (
            (row.home_id != row.activity_id, row.id, place)
            for place, group in enumerate(groups)
            for row in group
        ),
        reverse=True,
    )
    by_id = {row.id: row for group in groups for row in group}
    by_activity: dict[str | None, list[SourceActivityRow]] = {
        by_id[number].activity_id: groups[place] for _, number, place in ranked
    }
    by_activity.pop(None, None)
    for row in sorted((row for row in rows.values() if row.gone), key=_key):
        group = by_activity.get(row.activity_id)
        if group is None:
            group = []
            groups.append(group)
            by_activity[row.activity_id] = group
        group.append(row)
    return groups


def _key(row: SourceActivityRow) -> tuple[str, str, int]:
    """The natural key: ids of connections are random, and would have one store prefer other values
    than the next.
    """
    return (account_of(row), row.external_id, row.leg_no)


def _start(group: Sequence[SourceActivityRow]) -> datetime:
    return max((row.start_local for row in group if row.start_local), default=datetime.min)  # noqa: DTZ901 - a local time


def _side(row: SourceActivityRow) -> Side:
    return Side(row.connection_id, row.entry, row.external_id, model.decode(row.document))
