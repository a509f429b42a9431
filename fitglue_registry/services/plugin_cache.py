"""Gives a plugin a folder for its cache, in which nobody else can have written."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from fitglue_registry.private_files import make_own_folder, why_not_own

if TYPE_CHECKING:
    from pathlib import Path

log = logging.getLogger(__name__)


def plugin_cache(folder: Path) -> Path | None:
    """Return the folder of a plugin's cache after everything in it was checked.

    A file that another user can have written is removed, because a plugin trusts what is in its
    cache. Nothing is lost: a cache may be lost at any time.

    Args:
        folder: The folder, inside ``plugins`` inside the folder of all caches. It is created with
            mode 0700.

    Returns:
        The folder, or ``None`` if it cannot be used; the plugin then works without a cache.
    """
    try:
        for path in (folder.parent.parent, folder.parent, folder):
            if not make_own_folder(path):
                log.warning("the cache of a plugin is not used: %s", why_not_own(path))
                return None
        for path in folder.iterdir():
            _remove_if_foreign(path)
    except OSError as error:
        # A home that cannot be written, for example: commands that only read still work.
        log.info("the cache of a plugin is not used: %s", error)
        return None
    return folder


def _remove_if_foreign(path: Path) -> None:
    doubt = why_not_own(path)
    if doubt is not None:
        log.warning("a file of the cache is removed: %s", doubt)
        path.unlink()
