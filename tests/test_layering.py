"""Imports: where one inside a function is allowed, and what a cheap command must not import."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import fitglue_registry

PACKAGE = Path(fitglue_registry.__file__).parent
MOST = 40
#: What may import inside functions, and why.
ALLOWED = {
    "host.py": "opens what is needed, when it is needed",
    "workspace.py": "opens what is needed, when it is needed",
    "services/__init__.py": "a service is imported when it is first used",
    "cli/__init__.py": "answers --version and Ctrl-C before anything else is imported",
    "cli/app.py": "a command is imported when it is called",
    "dedupe/score.py": "few pairs are in doubt, and NumPy takes 75 ms to import",
    "store/stream_blobs.py": "most commands read no streams, and the codec takes 100 ms to import",
    "validation/validator.py": "hardly any sync explains an error, and jsonschema takes 50 ms",
    "services/importing/folder_watcher.py": "the library that watches folders is an extra",
}


def late_imports(path: Path) -> list[int]:
    """The lines of a file that import something inside a function."""
    functions = [
        node
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]
    return sorted(
        {
            node.lineno
            for function in functions
            for node in ast.walk(function)
            if isinstance(node, ast.Import | ast.ImportFrom)
        }
    )


def imported_by(statement: str) -> set[str]:
    """The top-level packages that a fresh interpreter has imported after a statement."""
    script = f"{statement}; import sys; print(*{{name.partition('.')[0] for name in sys.modules}})"
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    return set(done.stdout.split())


def test_imports_are_at_the_top():
    """Modules import at their top, where a reader looks for it; few places may do otherwise."""
    late = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        lines = late_imports(path)
        if lines:
            late[path.relative_to(PACKAGE).as_posix()] = lines
    assert late.keys() - ALLOWED.keys() == set()
    assert sum(map(len, late.values())) <= MOST


def test_no_module_imports_the_whole_package():
    """A module imports from the rooms that it needs, and nothing from the package's own module."""
    importing = []
    for path in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom):
                names = [node.module]
            elif isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            else:
                continue
            if "fitglue_registry" in names:
                importing.append(f"{path.relative_to(PACKAGE)}:{node.lineno}")
    assert importing == []


@pytest.mark.parametrize(
    ("service", "spared"),
    [
        ("reading", {"requests", "cryptography", "numpy", "keyring", "rich", "fitglue_intervals"}),
        ("connecting", {"requests", "cryptography", "numpy", "rich", "fitglue_intervals"}),
        ("entries", {"requests", "cryptography", "numpy", "rich", "yaml", "fitglue_intervals"}),
        ("syncing", {"rich", "watchdog", "fitglue_intervals"}),
    ],
)
def test_a_service_imports_only_what_it_needs(service, spared):
    """Listing activities does not wait for what a sync needs."""
    imported = imported_by(f"import fitglue_registry.services.{service}")
    assert imported & spared == set()


def test_a_host_imports_no_service():
    """Each is imported when it is first used."""
    imported = imported_by("from fitglue_registry import Host; Host()")
    assert imported & {"sqlalchemy", "requests", "pluggy"} == set()


@pytest.mark.parametrize("command", ["activities", "export", "import_", "sync", "watch"])
def test_the_help_of_a_command_waits_for_no_library(command):
    """What a command takes and shows is named by the services, and importing that stays cheap."""
    imported = imported_by(f"import fitglue_registry.cli.commands.{command}")
    heavy = {"sqlalchemy", "requests", "pluggy", "yaml", "numpy", "rich", "cryptography"}
    assert imported & heavy == set()
