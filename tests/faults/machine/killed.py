"""A child process that syncs once, at a given time of its clock, and kills itself just before its
n-th commit.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from datetime import datetime
from functools import partial
from pathlib import Path

from sqlalchemy import event
from sqlalchemy.engine import Engine

from fitglue_intervals import listing
from fitglue_registry import Host, Options, Policy
from fitglue_registry.registry import Folder
from fitglue_registry.testing import FakeClock


def main(
    home: str,
    database: str | None,
    moment: str,
    point: int,
    rows: int,
    registry: str | None,
    options: dict[str, bool],
) -> None:
    """Sync everything with ``rows`` rows per window and the entries in the folder ``registry``, and
    die with SIGKILL just before commit number ``point``.
    """
    left = point

    def pass_point(*_: object) -> None:
        nonlocal left
        left -= 1
        if left <= 0:
            os.kill(os.getpid(), signal.SIGKILL)

    listing.split = partial(listing.split, rows=rows)  # type: ignore[assignment]
    folders = [Folder(Path(registry))] if registry else None
    clock = FakeClock(datetime.fromisoformat(moment))
    with (
        Host(home, database, clock=clock, policy=Policy.personal(), folders=folders) as host,
        host.workspace.database.read(),
    ):
        event.listen(Engine, "commit", pass_point)
        for _ in host.sync(options=Options(**options)):
            pass


if __name__ == "__main__":
    main(**json.loads(sys.argv[1]))
