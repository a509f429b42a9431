"""Measures how long it takes to find 100 plugins among 500 distributions, and what is imported for
that.
"""

from __future__ import annotations

import json
import statistics
import sys
import time
from pathlib import Path
from typing import Any

DISTRIBUTIONS, PLUGINS = 500, 100

_METADATA = """\
Metadata-Version: 2.4
Name: {name}
Version: 1.2.3
Summary: A distribution among many others.
License: MIT
Requires-Python: >=3.11
Requires-Dist: requests>=2.32
Description-Content-Type: text/markdown

{text}
"""
_MODULE = '''"""A plugin among many."""

from fitglue_registry import hookimpl

FITGLUE_HOOK_API = 1


@hookimpl
def fitglue_connect(connection):
    """Never called here."""
'''


def measure(site: Path, times: int) -> dict[str, Any]:
    """Return the medians over several processes of finding all plugins with their folders, and what
    is imported before and after one is used.
    """
    from measure import environment, run

    _make(site)
    env = environment() | {"PYTHONPATH": str(site)}
    run([sys.executable, str(Path(__file__).resolve())], env=env)
    runs = [
        json.loads(run([sys.executable, str(Path(__file__).resolve())], env=env).out)
        for _ in range(times)
    ]
    results = {
        "found_ms": statistics.median(measured["found_ms"] for measured in runs),
        **{
            name: runs[0][name]
            for name in ("plugins", "folders", "imported", "imported_after_one", "distributions")
        },
    }
    print(f"  {results}", flush=True)
    return results


def _make(site: Path) -> None:
    """Write the distributions to a folder as pip would install them."""
    for number in range(DISTRIBUTIONS):
        name = f"bench-{number:03}"
        package = site / name.replace("-", "_")
        info = site / f"{package.name}-1.2.3.dist-info"
        info.mkdir(parents=True)
        package.mkdir()
        (info / "METADATA").write_text(
            _METADATA.format(name=name, text="A description of some length. " * 100)
        )
        (info / "RECORD").write_text(
            "".join(f"{package.name}/module_{line}.py,sha256=x,100\n" for line in range(40))
        )
        (info / "INSTALLER").write_text("pip\n")
        if number < PLUGINS:
            (package / "__init__.py").write_text(_MODULE)
            (package / "registry").mkdir()
            lines = [
                "[fitglue.plugins]",
                f"{name} = {package.name}",
                "[fitglue.registry]",
                f"{name} = {package.name}:registry",
            ]
            (info / "entry_points.txt").write_text("\n".join(lines) + "\n")
        else:
            (package / "__init__.py").write_text("")
            if number % 4 == 0:
                (info / "entry_points.txt").write_text(
                    f"[console_scripts]\n{name} = {package.name}:main\n"
                )


def _imported() -> int:
    """Return how many of the made distributions are imported."""
    return sum(name.startswith("bench_") for name in sys.modules)


def main() -> None:
    """Find all plugins and load one, without the time of the host's own imports, and print the
    results.
    """
    import importlib.metadata

    from fitglue_registry.plugins import Plugins

    started = time.perf_counter()
    plugins = Plugins()
    names = [name for name in plugins.names() if name.startswith("bench-")]
    folders, _ = plugins.registry_folders()
    took = (time.perf_counter() - started) * 1000
    before = _imported()
    info = plugins.info(names[0])
    if info.error is not None:
        raise info.error
    sys.stdout.write(
        json.dumps(
            {
                "found_ms": took,
                "plugins": len(names),
                "folders": sum(folder.origin.startswith("bench-") for folder in folders),
                "imported": before,
                "imported_after_one": _imported(),
                "distributions": sum(1 for _ in importlib.metadata.distributions()),
            }
        )
    )


if __name__ == "__main__":
    main()
