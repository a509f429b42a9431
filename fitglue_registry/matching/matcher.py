"""Puts changed source activities where they belong: matches, merges, and assigns activities."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Protocol

from fitglue_registry.dedupe import (
    Member,
    Scorer,
    claim_edges,
    clusters,
    learned_weights,
    merge,
)
from fitglue_registry.dedupe.edges import inherited
from fitglue_registry.matching.candidate_cache import CandidateCache, account_of
from fitglue_registry.matching.neighbourhood import spans_of
from fitglue_registry.matching.opinions import edge_of_opinion
from fitglue_registry.matching.scoring import store_scores
from fitglue_registry.model import decode
from fitglue_registry.model.stored import Verdict
from fitglue_registry.registry import MergeRules
from fitglue_registry.store.activities import Merged, rewrite_from_only_member
from fitglue_registry.store.assignment import assign
from fitglue_registry.store.athletes import lock_athlete
from fitglue_registry.store.opinions import opinions_about
from fitglue_registry.store.source_activity_rows import load_rows
from fitglue_registry.store.source_activity_search import (
    ids_claiming,
    ids_near,
    members_of,
    with_fellow_members,
)
from fitglue_registry.store.stored_streams import samples_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from sqlalchemy.engine import Connection as Db

    from fitglue_registry.dedupe import Choice
    from fitglue_registry.matching.experts import Experts
    from fitglue_registry.store.encoding import EncodedActivity
    from fitglue_registry.store.source_activity_rows import SourceActivityRow

    #: Source activity → the types of its streams, and how many samples they have.
    SampleCounts = Mapping[int, tuple[tuple[str, ...], int]]


class Remembered(Protocol):
    """What the matcher takes into account of the decisions that athletes made."""

    def recall(
        self,
        db: Db,
        athlete_id: str,
        rows: Sequence[SourceActivityRow],
        now: str,
    ) -> None:
        """Write the opinions that follow from decisions about these source activities."""

    def edits(
        self,
        db: Db,
        athlete_id: str,
        groups: Sequence[Sequence[SourceActivityRow]],
    ) -> list[list[Choice]]:
        """The values that the athlete chose for each group, oldest first."""

    def edited(
        self,
        db: Db,
        athlete_id: str,
        ids: Sequence[int],
    ) -> set[int]:
        """Those of these source activities whose activity may have edited values."""


class Matcher:
    """Finds the activity of changed source activities.

    ``experts`` are the plugins that have opinions on pairs, ``remembered`` the athlete's decisions.
    ``rules`` say which of several sources gives a value, ``kinds`` how each entry comes by its
    fields: entry → field → reported, computed, ….
    """

    def __init__(
        self,
        experts: Experts,
        remembered: Remembered,
        rules: MergeRules | None = None,
        kinds: Mapping[str, Mapping[str, str]] | None = None,
    ) -> None:
        self._experts = experts
        self._remembered = remembered
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
        """Match these source activities anew and merge every activity that this changes.

        ``affected`` are activities that are merged again in any case.
        """
        changed = set(changed)
        lock_athlete(db, athlete_id)
        rows = load_rows(db, changed)
        self._remembered.recall(db, athlete_id, list(rows.values()), now)

        candidates = CandidateCache(db)
        scorer = Scorer(learned_weights())
        near_ids = ids_near(db, athlete_id, spans_of(rows.values())) - changed
        near_by = rows | load_rows(db, near_ids)
        self._experts.store_opinions(candidates, rows, near_by, now)
        store_scores(candidates, scorer, rows, near_by, now)

        related = _related(db, athlete_id, changed | members_of(db, affected))
        groups = _groups(candidates, scorer, related)
        # The newest come first, so that new numbers follow the calendar.
        newest_first = sorted(
            _with_gone(groups, related),
            key=_start,
            reverse=True,
        )
        assign(db, athlete_id, self._merged(db, athlete_id, newest_first), now)

    def remerge(
        self,
        db: Db,
        athlete_id: str,
        changed: Iterable[tuple[int, EncodedActivity]],
        now: str,
    ) -> None:
        """Merge the activities of these source activities again, whose matches stay as they are."""
        lock_athlete(db, athlete_id)
        changed = list(changed)
        edited = self._remembered.edited(db, athlete_id, [number for number, _ in changed])
        shared = []
        for number, encoded in changed:
            # Nearly every activity has only one source, and nothing to merge.
            if number in edited or not rewrite_from_only_member(db, number, encoded, now):
                shared.append(number)
        if shared:
            self.merge_again(db, athlete_id, shared, now)

    def merge_again(
        self,
        db: Db,
        athlete_id: str,
        ids: Iterable[int],
        now: str,
    ) -> None:
        """Merge the activities of these source activities by the rules and edits of today."""
        rows = load_rows(db, with_fellow_members(db, ids), with_claims=False)
        groups: dict[str | None, list[SourceActivityRow]] = {}
        for row in sorted(rows.values(), key=_key):
            groups.setdefault(row.activity_id, []).append(row)
        assign(db, athlete_id, self._merged(db, athlete_id, list(groups.values())), now)

    def _merged(
        self,
        db: Db,
        athlete_id: str,
        groups: Sequence[Sequence[SourceActivityRow]],
    ) -> list[Merged]:
        shared: list[int] = []
        for group in groups:
            if len(group) > 1:
                shared += [row.id for row in group]
        samples = samples_of(db, shared) if shared else {}
        edits = self._remembered.edits(db, athlete_id, groups)
        return [
            self._merge(group, samples, choices)
            for group, choices in zip(groups, edits, strict=True)
        ]

    def _merge(
        self,
        group: Sequence[SourceActivityRow],
        samples: SampleCounts,
        choices: Iterable[Choice],
    ) -> Merged:
        present = [row for row in group if not row.gone]
        # Stubs that are left are no workout; what they were copies of is a tombstone.
        is_gone = all(row.stub for row in present)
        merged_rows = group if is_gone else present
        members = [self._member(row, samples) for row in merged_rows]
        if all(member.activity.stub for member in members):
            return Merged(tuple(group), None, {}, gone=False)
        activity, origins = merge(members, self._rules, choices)
        return Merged(tuple(group), activity, origins, gone=is_gone)

    def _member(self, row: SourceActivityRow, samples: SampleCounts) -> Member:
        stream_types, count = samples.get(row.id, ((), 0))
        activity = decode(row.document)
        return Member(
            row.id, _key(row), activity, self._kinds.get(row.entry, {}), stream_types, count
        )


def _groups(
    candidates: CandidateCache,
    scorer: Scorer,
    rows: Mapping[int, SourceActivityRow],
) -> list[list[SourceActivityRow]]:
    """The source activities whose record is not gone, divided into workouts."""
    present = {number: row for number, row in rows.items() if not row.gone}
    present_candidates = candidates.of(present.values())
    edges = claim_edges(present_candidates)
    for opinion in opinions_about(candidates.db, present):
        edges.append(edge_of_opinion(opinion))
    edges += inherited(edges)
    groups = []
    for group in clusters(present_candidates, edges, scorer.may_be_one):
        groups.append([present[candidate.id] for candidate in group])
    return groups


def _related(
    db: Db,
    athlete_id: str,
    ids: set[int],
) -> dict[int, SourceActivityRow]:
    """Everything that can share a group with these.

    They are related by claims, by opinions, and by the activity that they belong to.
    """
    rows: dict[int, SourceActivityRow] = {}
    to_load = set(ids)
    while to_load:
        loaded = load_rows(db, to_load)
        rows |= loaded
        claims: set[str] = set()
        activity_ids = set()
        for row in loaded.values():
            claims |= row.claims
            if row.activity_id:
                activity_ids.add(row.activity_id)

        to_load = ids_claiming(db, athlete_id, claims)
        to_load |= members_of(db, activity_ids)
        for opinion in opinions_about(db, loaded):
            if opinion.verdict == Verdict.SAME:
                to_load |= {opinion.first_id, opinion.second_id}
        to_load -= rows.keys()
    return rows


def _with_gone(
    groups: list[list[SourceActivityRow]], rows: Mapping[int, SourceActivityRow]
) -> list[list[SourceActivityRow]]:
    """Add source activities whose record is gone to the group that keeps their activity.

    So they are members again as soon as their record is listed again.
    """
    heirs = _heirs(groups)
    all_groups = list(groups)
    gone = [row for row in rows.values() if row.gone]
    for row in sorted(gone, key=_key):
        group = heirs.get(row.activity_id)
        if group is None:
            group = []
            all_groups.append(group)
            heirs[row.activity_id] = group
        group.append(row)
    return all_groups


def _heirs(
    groups: Sequence[list[SourceActivityRow]],
) -> dict[str | None, list[SourceActivityRow]]:
    """Activity → the group that keeps it when its members part, as ``store.assignment`` has it."""
    ranked = []
    for position, group in enumerate(groups):
        for row in group:
            ranked.append((row.home_id != row.activity_id, row.id, position, row.activity_id))
    heirs: dict[str | None, list[SourceActivityRow]] = {}
    # The last one of an activity stays: the member that it was made for, or the smallest id.
    for _, _, position, activity_id in sorted(
        ranked,
        key=lambda rank: rank[:3],
        reverse=True,
    ):
        if activity_id is not None:
            heirs[activity_id] = groups[position]
    return heirs


def _key(row: SourceActivityRow) -> tuple[str, str, int]:
    """The natural key.

    Ids of connections are random: ordered by them, one store would prefer other values than the
    next.
    """
    return (account_of(row), row.external_id, row.leg_no)


def _start(group: Sequence[SourceActivityRow]) -> datetime:
    starts = [row.start_local for row in group if row.start_local]
    return max(starts, default=datetime.min)  # noqa: DTZ901 - a local time
