"""Matches changed source activities: assigns each of them to the activity of its workout.

It runs all steps of dedupe on the store, inside the transaction of its caller.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import datetime
from itertools import chain
from typing import TYPE_CHECKING, Protocol

from fitglue_registry.dedupe import (
    Member,
    Scorer,
    claim_edges,
    cluster_candidates,
    learned_weights,
    merge,
)
from fitglue_registry.dedupe.edges import MOST_HOLDERS, inherited_edges
from fitglue_registry.dedupe.home_zone import fields_from_home_zone, with_home_zone
from fitglue_registry.matching.candidate_cache import CandidateCache
from fitglue_registry.matching.candidate_search import search_spans
from fitglue_registry.matching.crowds import claims_without_identity, find_crowds
from fitglue_registry.matching.echoes import load_echoes, with_echo
from fitglue_registry.matching.gone_members import with_gone
from fitglue_registry.matching.groups import batches_of_groups, rows_to_merge
from fitglue_registry.matching.home_zones import load_home_zones
from fitglue_registry.matching.natural_order import natural_key
from fitglue_registry.matching.opinions import edge_of_opinion
from fitglue_registry.matching.scoring import drop_scores, store_scores
from fitglue_registry.matching.sent_copies import copies_among, related_by_deliveries
from fitglue_registry.model import decode
from fitglue_registry.model.computation import with_computed
from fitglue_registry.model.stored import FieldOrigin, OpinionSource, Verdict
from fitglue_registry.registry import MergeRules
from fitglue_registry.store.activities import Merged, drop_empty, rewrite_from_only_members
from fitglue_registry.store.assignment import assign
from fitglue_registry.store.athletes import lock_athlete
from fitglue_registry.store.computations import ids_with_results, results_for
from fitglue_registry.store.opinions import opinions_about
from fitglue_registry.store.source_activity_rows import documents_of, load_rows
from fitglue_registry.store.source_activity_search import (
    ids_claiming,
    ids_near,
    members_of,
    with_fellow_members,
)
from fitglue_registry.store.stored_streams import samples_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from sqlalchemy.engine import Connection as Db

    from fitglue_registry.dedupe import Choice
    from fitglue_registry.dedupe.home_zone import HomeZones
    from fitglue_registry.matching.crowds import Crowds
    from fitglue_registry.matching.groups import Group
    from fitglue_registry.matching.plugin_opinions import OpinionPlugins
    from fitglue_registry.matching.sent_copies import Copies
    from fitglue_registry.store.encoding import EncodedActivity
    from fitglue_registry.store.source_activity_rows import SourceActivityRow

    #: Id of a source activity → the types of its streams, and how many samples they have.
    SampleCounts = Mapping[int, tuple[tuple[str, ...], int]]


class AthleteDecisions(Protocol):
    """The decisions of athletes, as far as the matcher needs them.

    The room ``decisions`` implements it. That room is above this one, so it cannot be imported.
    """

    def recall(
        self,
        db: Db,
        athlete_id: str,
        rows: Sequence[SourceActivityRow],
        now: str,
    ) -> None:
        """Store the opinions that follow from decisions about these source activities."""

    def edits(
        self,
        db: Db,
        athlete_id: str,
        groups: Sequence[Sequence[SourceActivityRow]],
    ) -> list[list[Choice]]:
        """Return the athlete's choices of values for each group, oldest first."""

    def ids_with_edits(
        self,
        db: Db,
        athlete_id: str,
        ids: Sequence[int],
    ) -> set[int]:
        """Return those of these source activities whose activity may have edited values."""


class Matcher:
    """Assigns source activities to activities.

    A *group* is what becomes one activity: the rows of a cluster of dedupe, together with the
    source activities of the same activity whose record is gone.
    """

    def __init__(
        self,
        opinion_plugins: OpinionPlugins,
        decisions: AthleteDecisions,
        rules: MergeRules | None = None,
        kinds: Mapping[str, Mapping[str, str]] | None = None,
    ) -> None:
        """Make a matcher, which is not bound to a store.

        Args:
            opinion_plugins: The plugins that are asked about pairs.
            decisions: The decisions of athletes.
            rules: The merge rules of the registry.
            kinds: Entry → field → ``reported``, ``computed`` or ``estimated``.
        """
        self._opinion_plugins = opinion_plugins
        self._decisions = decisions
        self._rules = rules or MergeRules()
        self._kinds = kinds or {}

    def rematch(
        self,
        db: Db,
        athlete_id: str,
        changed: Iterable[int],
        now: str,
        affected: Collection[str] = (),
    ) -> None:
        """Match these source activities again, and merge every activity that this changes.

        Args:
            db: A transaction that may write.
            athlete_id: The athlete to whom they belong.
            changed: The ids of the source activities.
            now: The moment that is stored.
            affected: The ids of activities that are merged again in any case, such as one that has
                just lost a member.
        """
        changed = set(changed)
        lock_athlete(db, athlete_id)
        rows = load_rows(db, changed)
        # Claims may have changed, and with them what earlier decisions are about.
        self._decisions.recall(db, athlete_id, list(rows.values()), now)

        candidates = CandidateCache(db, athlete_id)
        scorer = Scorer(learned_weights())
        spans = search_spans(rows.values())
        crowds = find_crowds(db, athlete_id, rows.values(), spans)
        compared, crowded = _divided(rows, crowds)
        self._opinion_plugins.drop_stored(db, crowded)
        drop_scores(db, crowded)
        near_ids = ids_near(db, athlete_id, crowds.without(spans)) - changed
        # Changed source activities are also compared with each other.
        near_by = compared | load_rows(db, near_ids)
        self._opinion_plugins.ask_and_store(candidates, compared, near_by, now)
        store_scores(candidates, scorer, compared, near_by, now)

        # Opinions relate source activities to each other, and only now are all of them stored.
        related = _related(db, athlete_id, changed | crowded | members_of(db, affected))
        copies = copies_among(db, athlete_id, related)
        groups = _groups(candidates, scorer, related, copies)
        # The newest come first, so that new numbers follow the calendar.
        newest_first = sorted(
            with_gone(db, groups, related, copies),
            key=_start,
            reverse=True,
        )
        self._assign(db, athlete_id, newest_first, now)
        # The only member of an activity may have been a leg that its record no longer has.
        drop_empty(db, affected, now)

    def remerge_changed(
        self,
        db: Db,
        athlete_id: str,
        changed: Mapping[int, EncodedActivity],
        now: str,
    ) -> None:
        """Merge the activities of changed source activities again, without matching them.

        Args:
            db: A transaction that may write.
            athlete_id: The athlete to whom they belong.
            changed: Id of a source activity → its new values. Nothing has changed that could
                change its matches.
            now: The moment that is stored.
        """
        lock_athlete(db, athlete_id)
        edited = self._decisions.ids_with_edits(db, athlete_id, list(changed))
        # What a booster computed is in the activity, and in no source activity.
        edited |= ids_with_results(db, changed)
        homes = load_home_zones(db, athlete_id)
        unedited = {}
        for source_activity_id, encoded in changed.items():
            is_in_home_zone = with_home_zone(encoded.activity, homes) is not encoded.activity
            if source_activity_id not in edited and not is_in_home_zone:
                unedited[source_activity_id] = encoded
        # Nearly every activity has only one source, so that its values can be copied.
        left = rewrite_from_only_members(db, athlete_id, unedited, now)
        to_merge = [number for number in changed if number in left or number not in unedited]
        if to_merge:
            self.remerge(db, athlete_id, to_merge, now)

    def remerge(
        self,
        db: Db,
        athlete_id: str,
        ids: Iterable[int],
        now: str,
    ) -> None:
        """Merge the activities of these source activities again, by the current rules and edits.

        Args:
            db: A transaction that may write.
            athlete_id: The athlete to whom they belong.
            ids: The ids of source activities; their matches stay as they are.
            now: The moment that is stored.
        """
        # A merge takes claims from the documents, so their table need not be read.
        rows = load_rows(db, with_fellow_members(db, ids), with_claims=False)
        groups: dict[str | None, list[SourceActivityRow]] = {}
        for row in sorted(rows.values(), key=natural_key):
            groups.setdefault(row.activity_id, []).append(row)
        self._assign(db, athlete_id, list(groups.values()), now)

    def merged_from(
        self,
        db: Db,
        athlete_id: str,
        ids: Iterable[int],
    ) -> Merged | None:
        """Return what an activity would be if it consisted of these source activities only.

        Nothing is stored.

        Args:
            db: A transaction.
            athlete_id: The athlete to whom they belong.
            ids: The ids of source activities.

        Returns:
            The merged values, by the current rules and edits; ``None`` if all of them are stubs.
        """
        rows = sorted(load_rows(db, ids).values(), key=natural_key)
        if not rows:
            return None
        [merged] = self._merged(db, athlete_id, [rows])
        return None if merged.activity is None else merged

    def _assign(
        self,
        db: Db,
        athlete_id: str,
        groups: Sequence[Group],
        now: str,
    ) -> None:
        """Assign an activity to each group, and load the documents of only some groups at once."""
        for batch in batches_of_groups(groups):
            assign(db, athlete_id, self._merged(db, athlete_id, batch), now)

    def _merged(
        self,
        db: Db,
        athlete_id: str,
        groups: Sequence[Group],
    ) -> list[Merged]:
        """Return each group with its merged activity."""
        # Only groups with several members need to know who has which streams.
        shared: list[int] = []
        for group in groups:
            if len(group) > 1:
                shared += [row.id for row in group]
        samples = samples_of(db, shared) if shared else {}
        edits = self._decisions.edits(db, athlete_id, groups)
        homes = load_home_zones(db, athlete_id)
        sources = [_sources_of(group) for group in groups]
        documents = dict(documents_of(db, chain.from_iterable(sources)))
        merged = []
        copies = [row for rows in sources if len(rows) > 1 for row in rows]
        echoes = load_echoes(db, athlete_id, copies)
        for group, rows, choices in zip(groups, sources, edits, strict=True):
            members = with_echo(self._members(rows, documents, samples), echoes)
            merged.append(_in_home_zone(self._merge(group, members, choices), homes))
        return _boosted(db, merged)

    def _merge(
        self,
        group: Group,
        members: Sequence[Member],
        choices: Iterable[Choice],
    ) -> Merged:
        """Return a group with its merged activity, which has the values of these members.

        If every present member is a stub, or if none is present, the activity is gone and keeps the
        values that its members had. A group that never had anything except stubs has no activity.
        """
        if all(member.activity.stub for member in members):
            return Merged(tuple(group), None, {}, gone=False)
        activity, origins = merge(members, self._rules, choices)
        return Merged(tuple(group), activity, origins, gone=_is_gone(group))

    def _members(
        self,
        rows: Group,
        documents: Mapping[int, str],
        samples: SampleCounts,
    ) -> list[Member]:
        """Return these rows as members of a group, with their documents."""
        members = []
        for row in rows:
            stream_types, count = samples.get(row.id, ((), 0))
            kinds = self._kinds.get(row.entry, {})
            activity = decode(documents[row.id])
            members.append(Member(row.id, natural_key(row), activity, kinds, stream_types, count))
        return members


def _sources_of(group: Group) -> Group:
    """Return the members of a group whose values its activity may have."""
    return rows_to_merge(group if _is_gone(group) else [row for row in group if not row.gone])


def _is_gone(group: Group) -> bool:
    """Return whether no member of a group is present, or only stubs are."""
    return all(row.stub for row in group if not row.gone)


def _in_home_zone(merged: Merged, homes: HomeZones) -> Merged:
    """Return a merged activity with what follows from the home zone of its athlete."""
    if merged.activity is None:
        return merged
    activity = with_home_zone(merged.activity, homes)
    origins = dict.fromkeys(fields_from_home_zone(activity), int(FieldOrigin.HOME_ZONE))
    return replace(merged, activity=activity, origins=merged.origins | origins)


def _boosted(db: Db, merged: Sequence[Merged]) -> list[Merged]:
    """Return merged activities with what boosters computed for them, below every source's value."""
    # A group that was divided or joined may have results of several activities. They are of another
    # input, and are computed again; until then, the oldest activity's results are used.
    activity_ids = [_activity_ids(group) for group in merged]
    results = results_for(db, chain.from_iterable(activity_ids))
    boosted = []
    for group, ids in zip(merged, activity_ids, strict=True):
        computations = next((results[name] for name in ids if name in results), ())
        if group.activity is not None and computations:
            decided = {name for name, origin in group.origins.items() if not origin}
            activity, taken = with_computed(group.activity, computations, decided)
            origins = group.origins | dict.fromkeys(taken, int(FieldOrigin.BOOSTER))
            group = replace(group, activity=activity, origins=origins)
        boosted.append(group)
    return boosted


def _activity_ids(group: Merged) -> list[str]:
    """Return the activities to which the members of a group belong, the oldest member's first."""
    ids: dict[str, None] = {}
    for member in sorted(group.members, key=lambda member: member.id):
        if member.activity_id:
            ids[member.activity_id] = None
    return list(ids)


def _divided(
    rows: Mapping[int, SourceActivityRow],
    crowds: Crowds,
) -> tuple[dict[int, SourceActivityRow], set[int]]:
    """Return the rows that are compared, and the ids of those that are not any more."""
    compared = {}
    crowded = set(crowds.new_members)
    for row_id, row in rows.items():
        if crowds.contains(row):
            crowded.add(row_id)
        else:
            compared[row_id] = row
    return compared, crowded


def _groups(
    candidates: CandidateCache,
    scorer: Scorer,
    rows: Mapping[int, SourceActivityRow],
    copies: Copies,
) -> list[list[SourceActivityRow]]:
    """Divide the source activities whose record is not gone into workouts."""
    present = {row_id: row for row_id, row in rows.items() if not row.gone}
    present_candidates = candidates.of(present.values())
    edges = claim_edges(present_candidates) + copies.edges(present)
    known_copies = copies.beside_originals(present)
    for opinion in opinions_about(candidates.db, present):
        is_about_a_copy = not known_copies.isdisjoint((opinion.first_id, opinion.second_id))
        if opinion.said_by != OpinionSource.SCORE or not is_about_a_copy:
            edges.append(edge_of_opinion(opinion))
    edges += inherited_edges(edges)
    groups = []
    for cluster in cluster_candidates(present_candidates, edges, scorer.may_match):
        groups.append([present[candidate.id] for candidate in cluster])
    return groups


def _related(
    db: Db,
    athlete_id: str,
    ids: set[int],
) -> dict[int, SourceActivityRow]:
    """Return id → row of these source activities, and of all that can share a group with them.

    Source activities are related if they share a claim, if an opinion says *same* about them, if
    they belong to one activity, or if one is what a pipeline has sent of the other. Relations of
    relations are followed to the end. Otherwise a cluster would depend on which of its members
    happened to change.
    """
    rows: dict[int, SourceActivityRow] = {}
    to_load = set(ids)
    holders: Counter[str] = Counter()
    while to_load:
        loaded = load_rows(db, to_load)
        if not rows:
            holders.update(claim for row in loaded.values() for claim in row.claims)
        rows |= loaded
        claims: set[str] = set()
        activity_ids = set()
        for row in loaded.values():
            claims |= row.claims
            if row.activity_id:
                activity_ids.add(row.activity_id)

        for claim, count in claims_without_identity(db, athlete_id, claims).items():
            # If the claim identified a workout until now, its holders have to be divided.
            if count - holders[claim] > MOST_HOLDERS:
                claims.discard(claim)
        to_load = ids_claiming(db, athlete_id, claims)
        to_load |= members_of(db, activity_ids)
        to_load |= related_by_deliveries(db, athlete_id, loaded)
        for opinion in opinions_about(db, loaded):
            if opinion.verdict == Verdict.SAME:
                to_load |= {opinion.first_id, opinion.second_id}
        to_load -= rows.keys()
    return rows


def _start(group: Sequence[SourceActivityRow]) -> datetime:
    starts = [row.clock_start for row in group if row.clock_start]
    return max(starts, default=datetime.min)  # noqa: DTZ901 - without a zone
