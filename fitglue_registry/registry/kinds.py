"""The kinds of entries: their names, the other names that they go by, and the folder of each."""

from __future__ import annotations

from typing import Literal

Kind = Literal["integration", "source", "enricher", "destination"]

KIND_OF_FOLDER = {
    "integrations": "integration",
    "sources": "source",
    "enrichers": "enricher",
    "boosters": "enricher",
    "destinations": "destination",
}


def canonical_kind(name: str) -> str:
    """The kind as this host calls it: people also call an enricher a booster."""
    return "enricher" if name == "booster" else name


def reference(name: str) -> str:
    """``kind/id`` of an entry, with the kind as this host calls it."""
    kind, _, entry_id = name.partition("/")
    return f"{canonical_kind(kind)}/{entry_id}"
