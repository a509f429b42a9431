"""A child process that restores a backup and kills itself just before its n-th lasting step: a
rename, a hard link, a removal or an ``fsync``.
"""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

from fitglue_registry import Host, Policy


def main(home: str, backup: str, point: str) -> None:
    """Restore ``backup`` into ``home``, and die with SIGKILL at ``point``.

    ``point`` is the number of a step, or ``before`` or ``after`` for the rename of the new
    database. With 0 the process is not killed and prints the number of steps.
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
        is_database = Path(target).name == "fitglue.db"
        if is_database and point == "before":
            os.kill(os.getpid(), signal.SIGKILL)
        pass_point()
        renamed = is_database
        return rename(self, target)

    def watched(work):
        def call(*arguments, **options):
            pass_point()
            return work(*arguments, **options)

        return call

    os.link, os.fsync = watched(os.link), watched(os.fsync)
    Path.replace, Path.unlink = replace, watched(Path.unlink)  # type: ignore[method-assign]
    with Host(home, policy=Policy.personal()) as host:
        host.backups.restore(backup, replace=True, with_secrets=True)
    pass_point()
    print(passed)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3])
