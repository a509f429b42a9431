"""Tests of plugins that misuse the process that they run in: the output and the exit code of the
command stay correct, and the process ends.
"""

from __future__ import annotations

import json
import subprocess
import sys
import textwrap
import time

import pytest

from tests.faults.plugins.sources import ENTRY, SOURCE
from tests.sampling import sampled

PLUGIN = """
import json
from datetime import datetime

from fitglue_registry import hookimpl
from fitglue_registry.plugin_api import Account, Listing, Part
from fitglue_registry.model import SourceActivity

FITGLUE_HOOK_API = 1


def misbehave():
    {misbehave}


@hookimpl
def fitglue_connect():
    return Account("{name}")


@hookimpl
def fitglue_list():
    misbehave()
    yield Listing("{name}-1", b"{{}}", datetime(2026, 5, 1))


@hookimpl
def fitglue_fetch(part, ids):
    for external_id in ids:
        yield Part(external_id, part, b"{{}}")


@hookimpl
def fitglue_normalize(record):
    start = datetime(2026, 5, 1)
    return [SourceActivity(title="one", sport="Run", start_local=start, claims=("{name}:1",))]
"""
CONNECT_BOTH = (
    "from fitglue_registry import Host, Policy\n"
    "with Host(policy=Policy.personal()) as host:\n"
    "    host.connect('bad', {})\n"
    "    host.connect('good', {})\n"
)


@pytest.fixture
def installed(tmp_path):
    """Return a function that installs two distributions, one of which misbehaves, and returns a
    function that runs the command in that environment.
    """

    def install(misbehave):
        for name in ("bad", "good"):
            package = tmp_path / "site" / f"fg_{name}"
            for kind in ("integration", "source"):
                (package / "registry" / f"{kind}s").mkdir(parents=True)
                text = ENTRY.format(kind=kind, name=name, dedupe="") + (
                    SOURCE.format(name=name) if kind == "source" else ""
                )
                (package / "registry" / f"{kind}s" / f"{name}.yaml").write_text(text)
            body = textwrap.indent(
                textwrap.dedent(misbehave if name == "bad" else "pass"), "    "
            ).strip()
            (package / "__init__.py").write_text(PLUGIN.format(name=name, misbehave=body))
            info = tmp_path / "site" / f"{name}-1.0.dist-info"
            info.mkdir()
            (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
            (info / "entry_points.txt").write_text(
                f"[fitglue.plugins]\n{name} = fg_{name}\n[fitglue.registry]\n{name} = "
                f"fg_{name}:registry\n"
            )
        environment = {
            "PATH": "/usr/bin:/bin",
            "PYTHONPATH": str(tmp_path / "site"),
            "FITGLUE_HOME": str(tmp_path / "home"),
            "FITGLUE_SECRETS": "file",
            "HOME": str(tmp_path),
        }
        subprocess.run(
            [sys.executable, "-c", CONNECT_BOTH],
            env=environment,
            check=True,
            capture_output=True,
            timeout=60,
        )

        def fitglue(*arguments):
            return subprocess.run(
                [sys.executable, "-m", "fitglue_registry", *arguments],
                env=environment,
                capture_output=True,
                text=True,
                timeout=120,
                check=False,
                cwd=tmp_path,
            )

        return fitglue

    return install


MISUSES = {
    "prints in every way": """
        import os, subprocess, sys
        print("NOISE")
        sys.stdout.write("NOISE\\n")
        sys.stdout.writelines(["NOISE\\n"])
        sys.stdout.buffer.write(b"NOISE\\n")
        sys.__stdout__.write("NOISE\\n")
        sys.__stdout__.flush()
        os.write(1, b"NOISE\\n")
        subprocess.run(["echo", "NOISE"])
    """,
    "starts threads that never end": """
        import atexit, threading
        from concurrent.futures import ThreadPoolExecutor
        threading.Thread(target=threading.Event().wait, daemon=False).start()
        ThreadPoolExecutor().submit(threading.Event().wait)
        atexit.register(threading.Event().wait)
    """,
    "starts children": """
        import subprocess, sys
        subprocess.Popen([sys.executable, "-c", "print('NOISE')"])
    """,
    "forks, and both processes return": """
        import os
        os.fork()
    """,
    "changes folder, environment, signals, recursion limit and logging": """
        import contextlib, logging, os, signal, sys, warnings
        os.chdir("/")
        os.environ.update(FITGLUE_HOME="/nowhere", LC_ALL="tr_TR")
        os.environ.update(FITGLUE_DATABASE="sqlite:////nowhere/x.db")
        with contextlib.suppress(ValueError):
            signal.signal(signal.SIGINT, signal.SIG_IGN)
        sys.setrecursionlimit(10**6)
        logging.basicConfig(level=0, stream=sys.stdout, force=True)
        logging.disable(logging.CRITICAL)
        warnings.simplefilter("ignore")
    """,
    "calls sys.exit": "import sys; sys.exit(0)",
}


@pytest.mark.parametrize("misuse", sampled(MISUSES, 1))
def test_the_process_answers_and_ends_whatever_a_plugin_does_in_it(installed, reliability, misuse):
    """Whatever a plugin does to its process, standard output contains only the events of both
    connections, the exit code is right, and the process ends.
    """
    fitglue = installed(MISUSES[misuse])
    began = time.monotonic()
    result = fitglue("sync", "--json")
    assert time.monotonic() - began < 60
    events = [json.loads(line) for line in result.stdout.splitlines()]
    ended = {
        event["connection"]: event["event"]
        for event in events
        if event["event"] in ("SyncFinished", "SyncStopped")
    }
    exits = misuse == "calls sys.exit"
    assert ended == {"bad": "SyncStopped" if exits else "SyncFinished", "good": "SyncFinished"}, (
        result.stderr
    )
    assert result.returncode == (8 if exits else 0)
    again = fitglue("activities", "--json")
    arrived = [json.loads(line) for line in again.stdout.splitlines()]
    lost = (1 if exits else 2) - len(arrived)
    assert lost == 0
    reliability(
        "plugins",
        f"plugin {misuse}",
        lost=lost,
        seen="FG-plugin-raised, exit 8" if exits else "nothing; noise on standard error",
    )
