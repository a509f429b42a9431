"""Says how an athlete gets access to a source, and what arrives: all of it is in the entries."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from fitglue_registry.model.stored import PartName

if TYPE_CHECKING:
    from fitglue_registry.registry.entry import Entry

#: Name of a part → its name for people, where many records are meant.
PARTS = {
    PartName.SUMMARY: "summaries",
    PartName.DETAIL: "details",
    PartName.STREAMS: "samples over time",
    PartName.FILE: "original files",
}


@dataclass(frozen=True, slots=True)
class Access:
    """How an athlete gets access to a source.

    Attributes:
        kind: ``key`` for a secret that the athlete makes at the service, ``permission`` for one
            that is given in a browser, ``files`` for files on this machine, ``closed`` if accounts
            cannot be connected, ``none`` if nothing is needed.
        what: What is needed, in a few words.
        where: Where the athlete finds it, in sentences; for ``closed``, why it is closed.
        command: The command that uses it, or that lists the alternatives.
    """

    kind: Literal["key", "permission", "files", "closed", "none"]
    what: str
    where: str
    command: str


def access_of(
    integration: Entry,
    source: Entry | None = None,
) -> Access:
    """Return how an athlete gets access to a source.

    Args:
        integration: The entry of the integration.
        source: The entry of its source, if it has one.
    """
    connect = f"fitglue connect {integration.id}"
    if integration.closed:
        return Access(
            "closed",
            "Accounts cannot be connected",
            integration.closed.why,
            connect,
        )
    oauth2 = integration.http.auth.oauth2 if integration.http else None
    if oauth2:
        return Access(
            "permission",
            "Your permission in a browser",
            oauth2.app_help,
            connect,
        )
    for field in integration.credentials:
        if field.secret and field.required:
            label = field.label or field.name
            return Access("key", label, field.help, connect)
    if source and source.reads_files:
        return _files(integration, source)
    return Access("none", "Nothing is needed", "", connect)


def _files(
    integration: Entry,
    source: Entry,
) -> Access:
    command = f"fitglue connect {integration.id} PATH"
    # `import` finds the right source by itself.
    if "fitglue_recognize" in source.hooks:
        command = "fitglue import PATH"
    for field in integration.settings:
        if field.path:
            label = field.label or field.name
            return Access("files", label, field.help, command)
    return Access("files", "Files on this machine", "", command)


def arriving(source: Entry) -> tuple[str, ...]:
    """Return what arrives from a source with each sync, for people."""
    names = []
    for part in source.parts:
        if part.default:
            names.append(PARTS[part.name])
    # Files contain the samples, so a source that has files needs no part for them.
    files = PARTS[PartName.FILE]
    samples = PARTS[PartName.STREAMS]
    if source.capabilities.streams and files in names and samples not in names:
        names.insert(names.index(files), samples)
    return tuple(names)


def on_request(source: Entry) -> dict[str, str]:
    """Return what arrives only if the athlete asks for it: option → its name for people."""
    asked = {}
    for part in source.parts:
        if not part.default and part.option:
            asked[part.option] = PARTS[part.name]
    return asked
