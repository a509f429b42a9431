"""Makes the error for a setting that an integration does not have."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fitglue_registry.errors import UserMistake
from fitglue_registry.validation.wording import nearest

if TYPE_CHECKING:
    from fitglue_registry.registry import Entry


def unknown_setting(
    entry: Entry,
    name: str,
    *,
    in_policy: bool = False,
) -> UserMistake:
    """Return the error for a setting that an integration does not have.

    Args:
        entry: The entry of the integration.
        name: The name of the setting, as it was given.
        in_policy: Whether the policy of the host sets it, and not an athlete.
    """
    names = [field.name for field in entry.fields]
    near = nearest(name, names)
    fix = f"did you mean {near}?" if near else "leave it out"
    if in_policy:
        fix = f"correct Policy(settings=…): {fix}"
    return UserMistake(
        "FG-setting-unknown",
        f"{entry.name} has no setting {name!r}{', which the policy sets' if in_policy else ''}",
        why=f"its settings are {', '.join(names)}" if names else "it has no settings",
        fix=fix,
    )
