"""The receipt of a file: where it is, and the hash by which it is recognized as our own."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from fitglue_registry.plugin_api import Receipt, Sent

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path


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
    sampled: bool = True


def written(receipt: Receipt | None) -> Written | None:
    """Return the file that a receipt describes, or ``None`` if it describes none.

    Args:
        receipt: What the last delivery returned.
    """
    if receipt is None or "file" not in receipt.data:
        return None
    data = receipt.data
    return Written(
        data["file"],
        data.get("sha256", ""),
        data.get("ours") == "yes",
        data.get("sampled") == "yes",
    )


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
        "ours": "yes" if file.ours else "no",
        "sampled": "yes" if file.sampled else "no",
    }
    receipt = Receipt(file.name, (folder / file.name).as_uri(), data)
    return Sent(
        receipt,
        existed=not file.ours,
        identities=tuple(identities),
    )
