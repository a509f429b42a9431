"""The way to a folder: handles of the folders on it, so that none of them is a link."""

from __future__ import annotations

import os
from collections import OrderedDict

#: Opening a component of a path. O_PATH needs no permission to read the folder, only Linux has it.
_FOLDER = (
    getattr(os, "O_PATH", os.O_RDONLY)
    | getattr(os, "O_DIRECTORY", 0)
    | getattr(os, "O_NOFOLLOW", 0)
)
#: How many handles are kept. A process may have few, 256 on macOS.
_MOST = 64
#: Windows cannot open a path component by component.
BY_COMPONENT = os.open in os.supports_dir_fd


class Trail:
    """Opens files and folders component by component, from the nearest folder that is still open.

    A path may be of any length, and none of its components may be a link. To open each component
    for each file would take a minute for files below thousands of folders. It is a context manager.
    """

    def __init__(self) -> None:
        self._handles: OrderedDict[str, int] = OrderedDict()

    def __enter__(self) -> Trail:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the folders."""
        while self._handles:
            self._close_oldest()

    def open(
        self,
        path: str,
        flags: int,
    ) -> int:
        """Return a new handle of a file or folder, which the caller closes.

        Args:
            path: Its absolute path.
            flags: How to open it; they should include ``O_NOFOLLOW``.

        Raises:
            OSError: It cannot be opened, or a component is a symbolic link.
        """
        if not BY_COMPONENT:
            if os.path.islink(path):  # noqa: PTH114 - Path would be slow
                raise OSError("it is a symbolic link")
            return os.open(path, flags)
        parent, name = os.path.split(path)
        return os.open(name or ".", flags, dir_fd=self._folder(parent))

    def _folder(self, path: str) -> int:
        """Return the handle of a folder, which stays open until others have taken its place."""
        missing = []
        while path not in self._handles:
            parent, name = os.path.split(path)
            missing.append((path, name))
            if parent == path:
                break
            path = parent
        else:
            self._handles.move_to_end(path)
        handle = self._handles.get(path)
        for folder, name in reversed(missing):
            handle = os.open(name or folder, _FOLDER, dir_fd=handle)
            # The parent was used last, so it is not the oldest.
            self._handles[folder] = handle
            if len(self._handles) > _MOST:
                self._close_oldest()
        assert handle is not None
        return handle

    def _close_oldest(self) -> None:
        _, handle = self._handles.popitem(last=False)
        os.close(handle)
