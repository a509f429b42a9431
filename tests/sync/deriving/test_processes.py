"""Tests of the worker processes themselves."""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import suppress

import psutil
import pytest

from fg_threads import address_space
from fitglue_registry.errors import PluginFailed
from fitglue_registry.sync.deriving.processes import start_workers
from fitglue_registry.sync.deriving.results import result_of
from fitglue_registry.sync.worker_limits import WorkerDied, WorkerLimits


@pytest.fixture
def workers():
    workers = start_workers(1)
    yield workers
    workers.stop()


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux limits the address space")
def test_threads_of_plugins_take_little_of_the_address_space(workers):
    """A worker in which many plugins have threads has not used up its address space."""
    limits = WorkerLimits(wall_s=60)
    few = workers.submit(address_space, 1, limits=limits).result()
    many = workers.submit(address_space, 40, limits=limits).result()
    assert many - few < WorkerLimits.address_space / 2


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux limits the address space")
def test_a_worker_cannot_raise_the_limit_of_its_address_space(workers):
    """The hard limit of the address space of a worker is as low as the soft one."""
    code = "__import__('resource').getrlimit(__import__('resource').RLIMIT_AS)"
    limits = WorkerLimits(wall_s=60)
    assert workers.submit(eval, code, limits=limits).result() == (WorkerLimits.address_space,) * 2


_STARTS_ANOTHER = "__import__('subprocess').Popen(['sleep', '300']).pid"


def has_ended(process_id: int) -> bool:
    """Wait until a process has ended, for at most 20 seconds."""
    with suppress(psutil.NoSuchProcess):
        process = psutil.Process(process_id)
        with suppress(psutil.TimeoutExpired):
            process.wait(20)
        return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE
    return True


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no process groups of this kind")
def test_a_process_that_a_worker_started_ends_when_the_workers_are_stopped(workers):
    """Stopping the workers ends the processes that they started, too."""
    started = workers.submit(eval, _STARTS_ANOTHER, limits=WorkerLimits(wall_s=60)).result()
    assert psutil.pid_exists(started)
    workers.stop()
    assert has_ended(started)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no process groups of this kind")
@pytest.mark.parametrize(
    ("end", "wall_s"),
    [
        ("os._exit(0)", 60.0),
        pytest.param("threading.Event().wait()", 3.0, marks=pytest.mark.long),
    ],
)
def test_a_process_that_a_worker_started_ends_when_the_worker_ends(workers, tmp_path, end, wall_s):
    """Whether a worker ends on its own or is killed by its limits, what it started ends too."""
    path = tmp_path / "pid"
    code = (
        "import os, subprocess, threading\n"
        "started = subprocess.Popen(['sleep', '300'])\n"
        f"open({str(path)!r}, 'w').write(str(started.pid))\n"
        f"{end}"
    )
    with pytest.raises(WorkerDied):
        workers.submit(exec, code, limits=WorkerLimits(wall_s=wall_s)).result()
    assert has_ended(int(path.read_text()))


_PARENT = f"""
import os, signal
from fitglue_registry.sync.deriving.processes import start_workers
from fitglue_registry.sync.worker_limits import WorkerLimits

if __name__ == "__main__":
    workers = start_workers(1)
    print(workers.submit(eval, {_STARTS_ANOTHER!r}, limits=WorkerLimits(wall_s=60)).result())
    print(flush=True, end="")
    os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no process groups of this kind")
def test_a_process_that_a_worker_started_ends_when_the_command_is_killed(tmp_path):
    """If the command is killed and cannot stop its workers, what they started ends with them."""
    script = tmp_path / "parent.py"
    script.write_text(_PARENT)
    with (tmp_path / "output").open("w+") as output:
        killed = subprocess.run([sys.executable, script], stdout=output, check=False)
        output.seek(0)
        started = int(output.read())
    assert killed.returncode < 0
    assert started != os.getpid()
    assert has_ended(started)


@pytest.mark.parametrize("end", ["__import__('os')._exit(3)", "__import__('os').abort()"])
def test_work_that_is_about_no_record_does_not_speak_of_one(workers, end):
    """If a worker dies while a plugin recognizes or lists files, the error names no record."""
    work = workers.submit(eval, end, limits=WorkerLimits(wall_s=60))
    with pytest.raises(PluginFailed, match="plugin example has not answered") as raised:
        result_of(work, "example", str)
    assert "record" not in str(raised.value)


_HAS_IMPORTED = "'fitglue_registry.sync.reading.in_worker' in __import__('sys').modules"


@pytest.mark.parametrize("times", [1, 2])
def test_a_process_that_is_started_ahead_does_the_first_work(times):
    """A process that is started ahead of its work imports what it will need, and no second one is
    started for the first work, however often it is announced.
    """
    workers = start_workers(2)
    try:
        for _ in range(times):
            workers.start()
        first = workers.submit(eval, _HAS_IMPORTED, limits=WorkerLimits(wall_s=60))
        second = workers.submit(eval, _HAS_IMPORTED, limits=WorkerLimits(wall_s=60))
        assert (first.result(), second.result()) == (True, False)
    finally:
        workers.stop()
