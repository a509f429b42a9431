"""Checks the settings that a pipeline states for a destination, as its entry and the policy say."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fitglue_registry.errors import Place, UserMistake
from fitglue_registry.registry.pasted import read_field
from fitglue_registry.registry.paths import expanded
from fitglue_registry.services.permissions import path_not_allowed
from fitglue_registry.services.unknown_setting import unknown_setting

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from fitglue_registry.pipeline.document import DestinationStep
    from fitglue_registry.policy import Policy
    from fitglue_registry.registry import Entry, Field


def checked_settings(
    policy: Policy,
    entry: Entry,
    step: DestinationStep,
) -> Mapping[str, str]:
    """Return the settings of a destination with the defaults of its entry.

    They are checked again before each run, because the policy may be newer than the pipeline.

    Args:
        policy: The policy of the host.
        entry: The entry of the destination.
        step: The step of the pipeline.

    Raises:
        UserMistake: FG-setting-unknown, FG-field-refused, or FG-path-not-allowed if no athlete of
            this server may name a path.
    """
    for _, error in wrong_settings(policy, entry, step.settings):
        raise error
    settings = {}
    for field in entry.settings:
        value = _value(policy, field, step.settings)
        if value:
            settings[field.name] = value
    return settings


def wrong_settings(
    policy: Policy,
    entry: Entry,
    settings: Mapping[str, str],
) -> Iterator[tuple[str, UserMistake]]:
    """Yield the name of each setting of a step that is wrong or missing, and what is wrong.

    Args:
        policy: The policy of the host.
        entry: The entry of the destination or of the booster.
        settings: The settings of the step.
    """
    names = [field.name for field in entry.settings]
    for name in sorted(settings.keys() - set(names)):
        yield name, unknown_setting(entry, name)
    for field in entry.settings:
        try:
            _value(policy, field, settings)
        except UserMistake as error:
            yield field.name, error


def _value(
    policy: Policy,
    field: Field,
    settings: Mapping[str, str],
) -> str:
    value = read_field(field, settings.get(field.name, ""))
    return _path(policy, field, value) if value and field.path else value


def _path(
    policy: Policy,
    field: Field,
    value: str,
) -> str:
    """Return the complete path that a setting names."""
    if not policy.allows_paths:
        raise path_not_allowed(field.name)
    path = expanded(value)
    # The next run may have another working directory.
    if not path.is_absolute():
        raise UserMistake(
            "FG-field-refused",
            f"{field.label or field.name} is not a complete path",
            at=Place(field=field.name),
            why="a pipeline runs in any working directory",
            fix="write the path from the root, or from ~",
        )
    return str(path)
