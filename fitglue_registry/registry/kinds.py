"""The kinds of entries: their names, their aliases, and their folders."""

from __future__ import annotations

from typing import Literal

Kind = Literal["integration", "source", "enricher", "destination"]

KIND_OF_FOLDER = {
    "integrations": "integration",
    "sources": "source",
    "enrichers": "enricher",
    "boosters": "enricher",  # text for users calls an enricher a booster
    "destinations": "destination",
}


def canonical_kind(name: str) -> str:
    """Return the host's name of a kind, because a booster is another name for an enricher."""
    return "enricher" if name == "booster" else name


def reference(name: str) -> str:
    """Return the key ``kind/id`` of an entry, with the host's name of the kind."""
    kind, _, entry_id = name.partition("/")
    return f"{canonical_kind(kind)}/{entry_id}"
