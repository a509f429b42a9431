"""All sources of this plugin: plain files and each kind of archive."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fitglue_files import plain_files
from fitglue_files.archives.collecting import KINDS

if TYPE_CHECKING:
    from fitglue_files.source import Source

#: Id of an entry → its source.
SOURCES: dict[str, Source] = {source.id: source for source in (plain_files.SOURCE, *KINDS)}
