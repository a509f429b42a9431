"""Measures the import of an archive of FIT files: the time until the first workouts are stored, and
until every sample of all is.
"""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

from field import HERE
from fitfiles import write_archive
from measure import run, size_of

if TYPE_CHECKING:
    from plan import Plan

IMPORT = [sys.executable, str(HERE / "contenders" / "importing.py")]


def measure(plan: Plan) -> dict[str, Any]:
    """Import a zip twice, and return the values of both; the second import has nothing new."""
    count = plan.size(1000, 40)
    archive, home = plan.scratch / "workouts.zip", plan.scratch / "home"
    write_archive(archive, count)
    figures: dict[str, Any] = {"count": count, "archive_bytes": archive.stat().st_size}
    for name in ("first", "again"):
        took = run([*IMPORT, str(home), str(archive)])
        figures[name] = {
            "wall_s": took.wall_s,
            "cpu_s": took.cpu_s,
            "rss_mib": took.rss_mib,
            **json.loads(took.out),
        }
        print(f"  {name}: {figures[name]}", flush=True)
    if figures["first"]["read"] != count or figures["first"]["refused"]:
        raise RuntimeError(f"of {count} files, {figures['first']['read']} were read")
    return figures | {"store_bytes": size_of(home)}
