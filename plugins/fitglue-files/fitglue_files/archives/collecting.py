"""The collection of all kinds of archives, and the search for archives among some members."""

from __future__ import annotations

import pkgutil
from importlib import import_module
from typing import TYPE_CHECKING

from fitglue_files.archives import kinds
from fitglue_files.archives.archive_kind import Archive, ArchiveKind

if TYPE_CHECKING:
    from fitglue_files.containers import ContainerReader
    from fitglue_files.layout import Layout


def collect_kinds() -> tuple[ArchiveKind, ...]:
    """Return the ``KIND`` of each module in the package ``kinds``, in the order that the kinds
    declare.
    """
    collected = []
    # Not a listing of the folder, because the package may be in a zip.
    for module in pkgutil.iter_modules(kinds.__path__, f"{kinds.__name__}."):
        kind = getattr(import_module(module.name), "KIND", None)
        assert isinstance(kind, ArchiveKind), (
            f"{module.name} has no KIND that is an ArchiveKind; "
            f"move a module that is not a kind of archive out of {kinds.__name__}"
        )
        collected.append(kind)
    return tuple(sorted(collected, key=_rank))


def _rank(kind: ArchiveKind) -> tuple[int, str]:
    return kind.order, kind.id


KINDS = collect_kinds()


def archives_in(reader: ContainerReader, layout: Layout) -> list[Archive]:
    """Return every archive among the members; an archive with several tables is returned once."""
    archives: dict[Archive, None] = {}
    for kind in KINDS:
        for root in kind.roots(reader, layout):
            archives[Archive(kind, root)] = None
    return list(archives)
