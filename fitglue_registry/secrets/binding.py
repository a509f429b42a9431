"""Binds a secret to its origin: the scheme, host and port of the address at which it was proven.

The origin is one more value of the secret. It is therefore encrypted and authenticated together
with the key, and nobody who changes the database, a backup or a cache can change it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from fitglue_registry.registry.entry import ORIGIN_NAME
from fitglue_registry.secrets.references import unreadable
from fitglue_registry.transport.origin import Origin, origin_of

if TYPE_CHECKING:
    from collections.abc import Mapping


#: Marks a secret that a restore has installed. No credential has this name, because it contains a
#: hyphen.
_RESTORED = "from-a-backup"


class BoundSecret(NamedTuple):
    """The values of a secret, and the origin to which they may be sent.

    Attributes:
        values: The secret values by name.
        origin: The origin at which they were proven; ``None`` for a secret that was stored by a
            version that did not bind secrets.
        restored: Whether it comes from a backup, so that another machine has proven it.
    """

    values: dict[str, str]
    origin: Origin | None
    restored: bool = False


def bind(values: Mapping[str, str], origin: Origin) -> dict[str, str]:
    """Return the values together with their origin, as a secret store keeps them."""
    return {**values, ORIGIN_NAME: str(origin)}


def mark_restored(stored: Mapping[str, str]) -> dict[str, str]:
    """Return the values of a secret with the mark that they come from a backup."""
    return {**stored, _RESTORED: "yes"}


def read_bound(ref: str, stored: Mapping[str, str]) -> BoundSecret:
    """Return the values of a secret without its origin, and the origin.

    Args:
        ref: The reference under which they are stored.
        stored: The values, as the secret store returned them.

    Raises:
        AthleteNeeded: FG-secret-unreadable if the origin is not one.
    """
    values = dict(stored)
    restored = values.pop(_RESTORED, None) is not None
    text = values.pop(ORIGIN_NAME, None)
    if text is None:
        return BoundSecret(values, None, restored)
    origin = origin_of(text)
    if origin is None:
        raise unreadable(ref, why="the origin that is stored with it is not an address")
    return BoundSecret(values, origin, restored)
