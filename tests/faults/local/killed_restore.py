"""A child process that restores a backup and kills itself just before its n-th lasting step: a
rename, a hard link, or a sync.
"""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

from fitglue_registry import Host


def main(home: str, backup: str, point: str) -> None:
    """Restore ``backup`` into ``home``.

    ``point`` 0 never kills, and the number of points that were passed is printed. ``before`` and
    ``after`` are the moments around the rename that replaces the database.
    """
    passed = 0
    renamed = False

    def pass_point() -> None:
        nonlocal passed
        passed += 1
        if str(passed) == point or (renamed and point == "after"):
            os.kill(os.getpid(), signal.SIGKILL)

    rename = Path.replace

    def replace(self: Path, target: Path) -> Path:
        nonlocal renamed
        counts = Path(target).name == "fitglue.db"
        if counts and point == "before":
            os.kill(os.getpid(), signal.SIGKILL)
        pass_point()
        renamed = counts
        return rename(self, target)

    def watched(work):
        def call(*arguments, **options):
            pass_point()
            return work(*arguments, **options)

        return call

    os.link, os.fsync = watched(os.link), watched(os.fsync)
    Path.replace, Path.unlink = replace, watched(Path.unlink)  # type: ignore[method-assign]
    with Host(home) as host:
        host.backups.restore(backup, replace=True)
    pass_point()
    print(passed)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3])
