"""Makes the typed entry of a document that meets the schema; short forms are written out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from fitglue_registry.registry.entry import Entry
from fitglue_registry.registry.kinds import canonical_kind, reference

if TYPE_CHECKING:
    from collections.abc import Mapping


def entry_of(
    document: Mapping[str, Any],
    file: str = "",
    origin: str = "",
) -> Entry:
    """The typed entry of a document that meets the schema, read from ``file``, which came with the
    distribution ``origin``.
    """
    written_out = {
        **document,
        "kind": canonical_kind(document["kind"]),
        "plugin": _plugin(document["plugin"]),
        "dependencies": [reference(name) for name in document.get("dependencies", ())],
        "docs": [_link(link) for link in document.get("docs", ())],
        "related": [_link(link) for link in document.get("related", ())],
        "credentials": [_field(field) for field in document.get("credentials", ())],
        "settings": [_field(field) for field in document.get("settings", ())],
        "file": file,
        "origin": origin,
    }
    # Not strict, because JSON Schema calls 100.0 a whole number.
    return msgspec.convert(written_out, Entry, strict=False)


def _plugin(plugin: Any) -> Any:
    """A plugin may be only the name of its distribution."""
    if isinstance(plugin, str):
        return {"name": plugin}
    return plugin


def _link(link: Any) -> Any:
    """A link may be only its address."""
    if isinstance(link, str):
        return {"url": link}
    return link


def _field(field: Mapping[str, Any]) -> Mapping[str, Any]:
    if "clean" not in field:
        return field
    return {**field, "clean": [_cleaning_step(step) for step in field["clean"]]}


def _cleaning_step(step: Any) -> Any:
    """A step may be only the word ``strip``."""
    if step == "strip":
        return {"strip": True}
    return step
