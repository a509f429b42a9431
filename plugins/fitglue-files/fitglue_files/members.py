"""One file, wherever it lies: in a folder, in a zip, or in a zip in a zip."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterable

    from fitglue_registry.errors import RecordRefused

#: The path of the outermost file, then the names on the way in.
Location: TypeAlias = tuple[str, ...]


def shown(location: Location) -> str:
    """A location as people find it, in characters that can be written."""
    text = " > ".join(location)
    return text.encode("utf-8", "replace").decode()


@dataclass(frozen=True, slots=True)
class Member:
    """A file that can be opened."""

    location: Location
    modified_s: float
    size: int
    mark: str  # differs where the content may differ: a modification time, a check sum

    @property
    def name(self) -> str:
        """Its path in the innermost container, or where there is none, its whole path."""
        return self.location[-1]

    @property
    def where(self) -> str:
        """How people find it."""
        return shown(self.location)

    @property
    def key(self) -> str:
        """What a note about its content may be kept under."""
        return "\0".join((*self.location, self.mark))


@dataclass(frozen=True, slots=True)
class Refusal:
    """A file, or a whole container, that is left out, and why."""

    location: Location
    error: RecordRefused
    modified_s: float = 0.0

    @property
    def name(self) -> str:
        """Its path in the innermost container, or where there is none, its whole path."""
        return self.location[-1]

    @property
    def where(self) -> str:
        """How people find it."""
        return shown(self.location)


#: Whatever lies at some paths.
Found: TypeAlias = Member | Refusal


AnyFound = TypeVar("AnyFound", bound=Found)


def newest_first(members: Iterable[AnyFound]) -> list[AnyFound]:
    """The members, those that were changed last in front."""
    return sorted(members, key=_age)


def _age(member: Found) -> tuple[float, Location]:
    return -member.modified_s, member.location
