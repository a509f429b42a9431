"""A small disk that a test can fill up."""

from __future__ import annotations

import os
import subprocess
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


class SmallDisk:
    """A small tmpfs that is mounted on a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir()

    def mount(self, kilobytes: int) -> str | None:
        """Mount a disk of this size. Return ``None``, or the reason why it cannot be mounted."""
        process = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", f"size={kilobytes}k", "tmpfs", str(self.folder)],
            capture_output=True,
            text=True,
            check=False,
        )
        return None if process.returncode == 0 else process.stderr.strip() or "mount failed"

    def remount(self, options: str) -> None:
        """Change the options of the mount, such as its size."""
        subprocess.run(
            ["mount", "-o", f"remount,{options}", str(self.folder)], check=True, capture_output=True
        )

    def used_kb(self) -> int:
        """Return the used space in kB."""
        usage = os.statvfs(self.folder)
        return (usage.f_blocks - usage.f_bfree) * usage.f_frsize // 1024

    def unmount(self) -> None:
        """Unmount the disk."""
        subprocess.run(["umount", "--lazy", str(self.folder)], check=False, capture_output=True)

    def fill_up(self) -> Path:
        """Write a file until not a single byte is free, and return it."""
        filler = self.folder / "filler"
        with filler.open("ab", buffering=0) as file:
            for size in (1 << 20, 4096, 1):
                with suppress(OSError):
                    while True:
                        file.write(b"x" * size)
        return filler
