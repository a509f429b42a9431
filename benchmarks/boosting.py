"""Measures the CPU time that the booster training-load needs, beside that of writing FIT files."""

from __future__ import annotations

import statistics
import time
from typing import TYPE_CHECKING, Any

from fitfiles import write_folder
from msgspec.structs import replace

from fitglue_formats.writing import write_fit
from fitglue_registry import Host, Policy
from fitglue_registry.secrets.memory import MemorySecretStore

if TYPE_CHECKING:
    from plan import Plan

Figures = dict[str, Any]

#: What the booster compares with. Each change of the first one computes every load again.
_SETTINGS = {"ftp": "250", "rest_hr": "50", "max_hr": "190", "sex": "male"}


def measure(plan: Plan) -> Figures:
    """Run the booster on activities of one hour with one sample per second, and write the same
    activities as FIT files.

    The booster's time is that of ``host.load.update``: reading the activities and their samples
    from the store, calling the plugin, and storing and merging the results.
    """
    count, rounds = plan.size(200, 20), plan.times(3, 1)
    folder = plan.scratch / "rides"
    write_folder(folder, count)
    with Host(plan.scratch / "home", secrets=MemorySecretStore(), policy=Policy.personal()) as host:
        for _ in host.import_paths([folder]):
            pass
        for name, value in _SETTINGS.items():
            host.settings.set_threshold(name, value)
        began = time.process_time()
        changed = host.load.update()
        first_s = time.process_time() - began
        assert changed == count, changed
        again_s = []
        for number in range(rounds):
            began = time.process_time()
            changed = host.settings.set_threshold("ftp", str(251 + number))
            assert changed == count, changed
            again_s.append(time.process_time() - began)
        began = time.process_time()
        assert host.load.update() == 0
        idle_s = time.process_time() - began
        written_s = _write(host)
    return {
        "count": count,
        "boost_s": statistics.median([first_s, *again_s]),
        "idle_s": idle_s,
        "write_s": written_s,
    }


def _write(host: Host) -> float:
    """Return the CPU time of writing every activity as a FIT file, without reading it."""
    spent = 0.0
    for row in host.activities():
        details = host.activities.get(row["id"])
        activity = replace(details.activity, streams=host.activities.streams(details))
        began = time.process_time()
        write_fit(activity, serial=details.number)
        spent += time.process_time() - began
    return spent
