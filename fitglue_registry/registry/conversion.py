"""The conversion of a valid document into a typed entry, with its short forms expanded."""

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
    """Return the typed entry of a document.

    Args:
        document: Plain value of the YAML document; it must meet the schema ``entry.json``.
        file: Path of the file that the document was read from.
        origin: Distribution that the file belongs to.
    """
    expanded = {
        **document,
        "kind": canonical_kind(document["kind"]),
        "plugin": _plugin(document["plugin"]),
        "dependencies": [reference(name) for name in document.get("dependencies", ())],
        "docs": [_link(link) for link in document.get("docs", ())],
        "related": [_link(link) for link in document.get("related", ())],
        "credentials": [_field(field) for field in document.get("credentials", ())],
        "settings": [_field(field) for field in document.get("settings", ())],
        **_http(document),
        "file": file,
        "origin": origin,
    }
    # Not strict, because JSON Schema accepts 100.0 as an integer.
    return msgspec.convert(expanded, Entry, strict=False)


def _plugin(plugin: Any) -> Any:
    """Expand a plugin that is only the name of its distribution."""
    if isinstance(plugin, str):
        return {"name": plugin}
    return plugin


def _link(link: Any) -> Any:
    """Expand a link that is only its address."""
    if isinstance(link, str):
        return {"url": link}
    return link


def _http(document: Mapping[str, Any]) -> Mapping[str, Any]:
    """Expand the scopes of OAuth 2 that are only their names; nothing if there are none."""
    http = document.get("http", {})
    oauth2 = http.get("auth", {}).get("oauth2", {})
    if "scopes" not in oauth2:
        return {}
    scopes = [_scope(scope) for scope in oauth2["scopes"]]
    auth = {**http["auth"], "oauth2": {**oauth2, "scopes": scopes}}
    return {"http": {**http, "auth": auth}}


def _scope(scope: Any) -> Any:
    """Expand a scope that is only its name."""
    if isinstance(scope, str):
        return {"name": scope}
    return scope


def _field(field: Mapping[str, Any]) -> Mapping[str, Any]:
    if "clean" not in field:
        return field
    return {**field, "clean": [_cleaning_step(step) for step in field["clean"]]}


def _cleaning_step(step: Any) -> Any:
    """Expand a step that is only the word ``strip``."""
    if step == "strip":
        return {"strip": True}
    return step
