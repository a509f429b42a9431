"""Tests of imports: where imports inside functions are allowed, and what must not be imported for a
cheap command.
"""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import fitglue_registry

PACKAGE = Path(fitglue_registry.__file__).parent
MOST = 45
#: The modules that may import inside functions, and why.
ALLOWED = {
    "host.py": "opens what is needed, when it is needed",
    "workspace.py": "opens what is needed, when it is needed",
    "services/__init__.py": "a service is imported when it is first used",
    "cli/__init__.py": "answers --version and Ctrl-C before anything else is imported",
    "cli/app.py": "a command is imported when it is called",
    "dedupe/score.py": "few pairs are in doubt, and NumPy takes 75 ms to import",
    "services/granting/keys.py": "few services use OAuth 2, and oauthlib takes 10 ms to import",
    "services/connecting/connections.py": "as above",
    "services/connecting/removing.py": "as above",
    "store/stream_blobs.py": "most commands read no streams, and the codec takes 100 ms to import",
    "transport/request_body.py": "hardly any request sends a file in a form",
    "validation/validator.py": "hardly any sync explains an error, and jsonschema takes 50 ms",
    "services/importing/folder_watcher.py": "the library that watches folders is an extra",
}


def late_imports(path: Path) -> list[int]:
    """Return the lines of a file that import something inside a function."""
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
    """Return the top-level packages that a fresh interpreter has imported after a statement."""
    script = f"{statement}; import sys; print(*{{name.partition('.')[0] for name in sys.modules}})"
    process = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    return set(process.stdout.split())


def test_imports_are_at_the_top():
    """Modules import at the top, where a reader looks for imports, except in the modules of
    ``ALLOWED``.
    """
    inside_functions = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        lines = late_imports(path)
        if lines:
            inside_functions[path.relative_to(PACKAGE).as_posix()] = lines
    assert inside_functions.keys() - ALLOWED.keys() == set()
    assert sum(map(len, inside_functions.values())) <= MOST


def test_no_module_imports_the_whole_package():
    """No module of the package imports the package itself; each imports only from the rooms that it
    needs.
    """
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
    ("service", "unneeded"),
    [
        ("reading", {"requests", "cryptography", "numpy", "keyring", "rich", "fitglue_intervals"}),
        (
            "connecting.connections",
            {"requests", "cryptography", "numpy", "rich", "fitglue_intervals"},
        ),
        ("entries", {"requests", "cryptography", "numpy", "rich", "yaml", "fitglue_intervals"}),
        ("syncing", {"rich", "watchdog", "fitglue_intervals"}),
    ],
)
def test_a_service_imports_only_what_it_needs(service, unneeded):
    """A service imports only what it needs, so listing activities does not wait for the libraries
    of a sync.
    """
    imported = imported_by(f"import fitglue_registry.services.{service}")
    assert imported & unneeded == set()


def test_a_host_imports_no_service():
    """Creating a ``Host`` imports no service and none of the heavy libraries."""
    imported = imported_by("from fitglue_registry import Host; Host()")
    assert imported & {"sqlalchemy", "requests", "pluggy"} == set()


@pytest.mark.parametrize("command", ["activities", "export", "import_", "sync", "watch"])
def test_importing_a_command_imports_no_heavy_library(command):
    """Importing a command, as ``--help`` does, imports none of the heavy libraries."""
    imported = imported_by(f"import fitglue_registry.cli.commands.{command}")
    heavy = {"sqlalchemy", "requests", "pluggy", "yaml", "numpy", "rich", "cryptography"}
    assert imported & heavy == set()
