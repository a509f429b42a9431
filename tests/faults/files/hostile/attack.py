"""What an attack is: a name, what writes its files, and what the athlete sees."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


class Attack(NamedTuple):
    """Files that are made to do harm.

    Attributes:
        name: A clause that names them.
        write: Writes them into a folder. The number is their share of the full size.
        seen: A text in the report about them, such as a code; empty if they may be read.
        arrives: The title of a workout that arrives from them; empty if none has to.
    """

    name: str
    write: Callable[[Path, float], None]
    seen: str = ""
    arrives: str = ""


def file(name: str, make: Callable[[float], bytes]) -> Callable[[Path, float], None]:
    """Return a function that writes one file, whose bytes depend on the share of the full size."""

    def write(folder: Path, share: float) -> None:
        (folder / name).write_bytes(make(share))

    return write


def repeated(unit: bytes, size: float) -> bytes:
    """Return a unit as often as it fits into a number of bytes, at least once."""
    return unit * max(int(size) // len(unit), 1)
