"""Loads activities for pipelines: merged from only those records that may be sent."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING

from fitglue_registry.pipeline.candidate import Candidate
from fitglue_registry.pipeline.subject import Member
from fitglue_registry.store.activity_details import load_activity
from fitglue_registry.store.connections import list_connections
from fitglue_registry.store.sent_identities import echoes_among

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from fitglue_registry.matching.matcher import Matcher
    from fitglue_registry.model import SourceActivity, Stream
    from fitglue_registry.services.reading import Activities
    from fitglue_registry.store.activity_details import ActivityDetails, MemberRow
    from fitglue_registry.workspace import Workspace


class StoredSubject:
    """An activity of the store on its way through a pipeline.

    It implements ``fitglue_registry.pipeline.subject.Subject``.

    Args:
        loader: What it is loaded with.
        details: The activity.
        members: Its records.
    """

    def __init__(
        self,
        loader: SubjectLoader,
        details: ActivityDetails,
        members: Sequence[Member],
    ) -> None:
        self.activity_id = details.id
        self.number = details.number
        self.day = details.day
        self.members = members
        self._loader = loader
        self._details = details
        self._without: dict[frozenset[int], ActivityDetails | None] = {}

    @property
    def is_gone(self) -> bool:
        """Whether all of its records are gone."""
        return self._details.gone_at is not None

    @property
    def title(self) -> str | None:
        """The title of the activity."""
        return self._details.activity.title

    def candidate(self) -> Candidate:
        """Return what a filter sees of the activity; what was sent by a pipeline is no source."""
        own = [member for member in self.members if not member.is_echo]
        excluded = [member.id for member in self.members if member.is_echo]
        activity = self.merged_without(excluded) or self._details.activity
        return Candidate(
            activity,
            {member.connection: member.entry for member in own},
            self.stream_types(excluded),
            date.fromisoformat(self.day) if self.day else None,
        )

    def without(self, excluded: Collection[int]) -> ActivityDetails | None:
        """Return the activity as it would be without these members; ``None`` if nothing is left."""
        key = frozenset(excluded) & {member.id for member in self._details.members}
        if key not in self._without:
            self._without[key] = self._loader.without(self._details, key)
        return self._without[key]

    def merged_without(self, excluded: Collection[int]) -> SourceActivity | None:
        """Return the merged values without these members; ``None`` if nothing is left."""
        details = self.without(excluded)
        return None if details is None else details.activity

    def streams(self, excluded: Collection[int]) -> tuple[Stream, ...]:
        """Return the streams of the activity, which are never those of these members."""
        details = self.without(excluded)
        return () if details is None else self._loader.activities.streams(details)

    def stream_types(self, excluded: Collection[int]) -> frozenset[str]:
        """Return the types of the streams that the members have, except these."""
        types: set[str] = set()
        for member in self._details.members:
            if member.id not in excluded and not member.gone:
                types.update(member.stream_types)
        return frozenset(types)


class SubjectLoader:
    """Loads the activities of one athlete.

    Args:
        workspace: The workspace.
        activities: The service that loads streams.
        athlete_id: The athlete.
    """

    def __init__(
        self,
        workspace: Workspace,
        activities: Activities,
        athlete_id: str,
    ) -> None:
        self.activities = activities
        self._workspace = workspace
        self._athlete_id = athlete_id
        self._matcher: Matcher | None = None

    def load(self, activity_id: str) -> StoredSubject:
        """Return the activity with this id, which must exist."""
        with self._workspace.database.read() as db:
            details = load_activity(db, activity_id)
            echoes = echoes_among(db, self._athlete_id, [row.id for row in details.members])
            ids = {row.name: row.id for row in list_connections(db, self._athlete_id)}
        members = []
        for row in details.members:
            is_echo = row.id in echoes
            members.append(self._member(row, ids[row.connection], is_echo=is_echo))
        return StoredSubject(self, details, members)

    def matcher(self) -> Matcher:
        """Return the matcher, with which plugins are imported."""
        if self._matcher is None:
            self._matcher = self._workspace.matcher()
        return self._matcher

    def without(
        self,
        details: ActivityDetails,
        excluded: frozenset[int],
    ) -> ActivityDetails | None:
        """Return an activity as it would be without some of its members."""
        if not excluded:
            return None if _are_stubs(details.members) else details
        kept = tuple(row for row in details.members if row.id not in excluded)
        with self._workspace.database.read() as db:
            ids = [row.id for row in kept]
            merged = self.matcher().merged_from(db, self._athlete_id, ids)
        if merged is None:
            return None
        assert merged.activity is not None
        return replace(details, activity=merged.activity, origins=merged.origins, members=kept)

    def _member(
        self,
        row: MemberRow,
        connection_id: str,
        *,
        is_echo: bool,
    ) -> Member:
        source = self._workspace.catalogue.find("source", row.entry)
        return Member(
            row.id,
            connection_id,
            row.connection,
            row.entry,
            row.external_id,
            is_gone=row.gone,
            is_stub=row.activity.stub is not None,
            is_echo=is_echo,
            # Without the entry, nobody knows what the terms of the source allow.
            leaves_machine=source is not None and source.terms.leaves_machine,
        )


def _are_stubs(members: Sequence[MemberRow]) -> bool:
    return all(row.activity.stub is not None for row in members)
