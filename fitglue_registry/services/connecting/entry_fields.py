"""Looks up what connecting needs of the entries: how an integration is asked, and its fields."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fitglue_registry.registry.pasted import read_field
from fitglue_registry.registry.paths import absolute
from fitglue_registry.services.addresses import http_of
from fitglue_registry.services.connected_entries import worker_of
from fitglue_registry.services.unknown_setting import unknown_setting

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fitglue_registry.registry import Entry, Field, OAuth2
    from fitglue_registry.workspace import Workspace


def oauth2_of(workspace: Workspace, integration: str) -> OAuth2 | None:
    """Return how an integration asks for a permission in a browser, or ``None`` if it does not."""
    source = worker_of(workspace.installed, integration)
    http = http_of(workspace.installed, source)
    return http.auth.oauth2 if http else None


def read_fields(entry: Entry, values: Mapping[str, str]) -> tuple[dict[str, str], dict[str, str]]:
    """Clean pasted values as the entry says, and separate them.

    Args:
        entry: The entry of the integration.
        values: Field → its value, as it was pasted or typed.

    Returns:
        The secrets and the settings, each by field name, without empty values.

    Raises:
        UserMistake: FG-setting-unknown for a field that the entry does not have, FG-field-refused
            for a value that cannot be right.
    """
    fields = fields_of(entry)
    unknown = sorted(values.keys() - fields.keys())
    if unknown:
        raise unknown_setting(entry, unknown[0])
    secrets: dict[str, str] = {}
    settings: dict[str, str] = {}
    for name, field in fields.items():
        value = read_field(field, values.get(name, ""))
        if field.path:
            value = absolute(value)
        if value:
            destination = secrets if field.secret else settings
            destination[name] = value
    return secrets, settings


def fields_of(entry: Entry) -> dict[str, Field]:
    """Return the fields that an athlete can set, by name."""
    return {field.name: field for field in entry.fields}
