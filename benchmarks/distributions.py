"""500 distributions on the path, 100 of them plugins with a folder of entries: how long until all
are found, and what is imported.
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
    """Medians over processes: finding all plugins and their folders, then loading one."""
    from measure import environment, run

    _make(site)
    env = environment() | {"PYTHONPATH": str(site)}
    run([sys.executable, str(Path(__file__).resolve())], env=env)
    said = [
        json.loads(run([sys.executable, str(Path(__file__).resolve())], env=env).out)
        for _ in range(times)
    ]
    found = {
        "found_ms": statistics.median(one["found_ms"] for one in said),
        **{
            name: said[0][name]
            for name in ("plugins", "folders", "imported", "imported_after_one", "distributions")
        },
    }
    print(f"  {found}", flush=True)
    return found


def _make(site: Path) -> None:
    for number in range(DISTRIBUTIONS):
        name = f"bench-{number:03}"
        package = site / name.replace("-", "_")
        info = site / f"{package.name}-1.2.3.dist-info"
        info.mkdir(parents=True)
        package.mkdir()
        (info / "METADATA").write_text(
            _METADATA.format(name=name, text="What it does, told at some length. " * 100)
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
    return sum(name.startswith("bench_") for name in sys.modules)


def main() -> None:
    """Find all, load one; in a process of its own, the host's own imports apart."""
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
                "folders": sum(name.startswith("bench-") for name, _ in folders),
                "imported": before,
                "imported_after_one": _imported(),
                "distributions": sum(1 for _ in importlib.metadata.distributions()),
            }
        )
    )


if __name__ == "__main__":
    main()
