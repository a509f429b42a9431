"""The receipt of a file: where it is, and the hash by which it is recognized as our own."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from fitglue_destinations.folder.places import stored_place
from fitglue_registry.plugin_api import Receipt, Sent

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

_OURS = "ours"
_SAMPLED = "sampled"
_YES = "yes"


class Written(NamedTuple):
    """A file as its receipt describes it.

    Attributes:
        name: Its path below the folder, with slashes.
        sha256: The hash of its content.
        ours: Whether it was written here; one that was there before is never changed.
        sampled: Whether it was made from samples.
    """

    name: str
    sha256: str
    ours: bool = True
    sampled: bool = False


class Earlier(NamedTuple):
    """The file of an earlier delivery, and where it is."""

    file: Written
    place: Path


def earlier_file(folder: Path, receipt: Receipt | None) -> Earlier | None:
    """Return the file that a receipt describes, or ``None`` if it describes none in the folder.

    Args:
        folder: The folder.
        receipt: What the last delivery returned.
    """
    if receipt is None:
        return None
    data = receipt.data
    # Somebody may have changed the database, so the name is checked as if it were foreign.
    place = stored_place(folder, data.get("file", ""))
    if place is None:
        return None
    file = Written(
        data["file"],
        data.get("sha256", ""),
        data.get(_OURS) == _YES,
        data.get(_SAMPLED) == _YES,
    )
    return Earlier(file, place)


def sent(
    folder: Path,
    file: Written,
    identities: Iterable[str] = (),
) -> Sent:
    """Return the statement that a file is in its folder.

    Args:
        folder: The folder.
        file: The file.
        identities: By what it is recognized when a source reads it.
    """
    data = {
        "file": file.name,
        "sha256": file.sha256,
    }
    # A receipt has texts only.
    if file.ours:
        data[_OURS] = _YES
    if file.sampled:
        data[_SAMPLED] = _YES
    receipt = Receipt(file.name, (folder / file.name).as_uri(), data)
    return Sent(
        receipt,
        existed=not file.ours,
        identities=tuple(identities),
    )
