"""Tests of what opening and listing a store must not import, because it takes too long."""

from __future__ import annotations

import subprocess
import sys

HEAVY = ("numpy", "zstandard", "alembic")


def test_a_list_of_activities_imports_nothing_that_it_does_not_need(tmp_path):
    """A list of activities imports neither NumPy and zstandard, which only streams need, nor
    Alembic, which only older formats need.
    """
    code = (
        "import sys; from fitglue_registry import Host, Policy\n"
        f"with Host({str(tmp_path)!r}, policy=Policy.personal()) as host: host.activities()\n"
        f"print([name for name in {HEAVY!r} if name in sys.modules])"
    )
    process = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert process.stdout.strip() == "[]"
