"""Joins what the entries say about each source with the athlete's connections to it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from fitglue_registry.registry.access import access_of, arriving, on_request

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from fitglue_registry.plugins import Availability
    from fitglue_registry.registry import Catalogue, Entry
    from fitglue_registry.registry.access import Access
    from fitglue_registry.services.connection_status import ConnectionStatus


@dataclass(frozen=True, slots=True)
class SourceOverview:
    """One source: how to get access to it, what arrives, and its connections.

    Attributes:
        entry: The entry of the source, or of the integration if accounts there cannot be connected.
        availability: Whether the athlete can use it now.
        access: How to get access.
        arrives: What arrives with each sync, for people; of a connection, see its status.
        on_request: What arrives only with an option: option → its name for people.
        never: What never arrives, for people.
        connections: The status of each connection of the athlete.
    """

    entry: Entry
    availability: Availability
    access: Access
    arrives: tuple[str, ...]
    on_request: Mapping[str, str]
    never: tuple[str, ...]
    connections: tuple[ConnectionStatus, ...]


def source_overviews(
    catalogue: Catalogue,
    statuses: Sequence[ConnectionStatus],
    available: Callable[[Entry], Availability],
) -> Iterator[SourceOverview]:
    """Yield the sources in the order of their ids, and then the services that are closed.

    Args:
        catalogue: All entries.
        statuses: The status of each connection of the athlete.
        available: Returns whether the athlete can use an entry now.
    """
    integrations = {entry.id: entry for entry in catalogue.entries("integration")}
    for source in catalogue.entries("source"):
        # The integration can belong to a distribution that is not installed.
        integration = integrations.get(source.integration or "", source)
        yield SourceOverview(
            source,
            available(source),
            access_of(integration, source),
            arriving(source),
            on_request(source),
            tuple(datum.field for datum in source.data if datum.availability == "never"),
            tuple(status for status in statuses if status.integration == source.integration),
        )
    for entry in integrations.values():
        if entry.closed:
            access = access_of(entry)
            yield SourceOverview(entry, available(entry), access, (), {}, (), ())
