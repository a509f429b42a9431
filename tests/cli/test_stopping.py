"""Ctrl-C at any moment between the start of our code and the end of the process."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import psutil
import pytest

from fitglue_registry.cli.app import COMMANDS
from fitglue_registry.cli.stopping import needs_guardian
from fitglue_registry.testing import Fault
from tests.sampling import sampled

if TYPE_CHECKING:
    from collections.abc import Sequence

#: Where Ctrl-C is pressed, as code that is run before the command is called.
UNTIL_IT_ENDS = {
    "while modules are imported": """
        class Finder:
            def find_spec(self, name, *_):
                if name == "click":
                    signal.raise_signal(signal.SIGINT)

        sys.meta_path.insert(0, Finder())
    """,
    "where Python swallows it": """
        from fitglue_registry.cli.app import root

        class Cycle:
            def __del__(self):
                signal.raise_signal(signal.SIGINT)

        def invoke(context):
            Cycle()
            time.sleep(60)

        root.invoke = invoke
    """,
    "where Python makes another error of it": """
        from fitglue_registry.cli.app import root

        def invoke(context):
            try:
                signal.raise_signal(signal.SIGINT)
            except KeyboardInterrupt:
                raise SyntaxError("\\\\N escapes not supported") from None

        root.invoke = invoke
    """,
    "while the host is closed": """
        from fitglue_registry.cli.context import CliContext

        CliContext.close = lambda self: signal.raise_signal(signal.SIGINT)
    """,
}
AFTER_ITS_ANSWER = {
    "while plugins end": """
        import atexit
        from fitglue_registry.cli.context import CliContext

        CliContext.close = lambda self: atexit.register(signal.raise_signal, signal.SIGINT)
    """,
    "while Python takes itself down": """
        class Last:
            def __del__(self, press=signal.raise_signal, number=signal.SIGINT):
                press(number)

        sys.kept = Last()
        sys.kept.itself = sys.kept
    """,
}


def _call(before: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the command in a process in which some code has run before."""
    return subprocess.run(
        _command(before, arguments),
        capture_output=True,
        text=True,
        timeout=50,
        check=False,
    )


def _started(before: str, *arguments: str) -> subprocess.Popen[str]:
    """Start the command in a process in which some code has run before."""
    return subprocess.Popen(
        _command(before, arguments),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def _command(before: str, arguments: Sequence[str]) -> list[str]:
    lines = [line.removeprefix(" " * 8) for line in before.splitlines()]
    code = "\n".join(["import signal, sys, time", *lines, f"sys.argv[1:] = {list(arguments)}"])
    return [sys.executable, "-c", f"{code}\nfrom fitglue_registry.cli import main\nmain()"]


@pytest.mark.parametrize("moment", UNTIL_IT_ENDS)
def test_control_c_is_answered_at_every_moment(moment):
    """Ctrl-C ends with exit code 130 and one sentence, without a traceback."""
    process = _call(UNTIL_IT_ENDS[moment], "sync")
    assert (process.returncode, "Traceback" in process.stderr) == (130, False)
    assert process.stderr.count("Stopped. Nothing that was stored is lost") == 1


@pytest.mark.parametrize("moment", AFTER_ITS_ANSWER)
def test_control_c_after_the_answer_changes_nothing(moment):
    """A command that has finished its output keeps its exit code."""
    process = _call(AFTER_ITS_ANSWER[moment], "registry", "list", "--json")
    assert (process.returncode, process.stderr) == (0, "")
    assert all(json.loads(line)["id"] for line in process.stdout.splitlines())


#: Code that keeps the interpreter: it checks for no signal until the call is done.
BUSY = "sum(range(10**12))"
#: Where a command is inside code in C when the signal arrives, or hangs afterwards.
HANGS = {
    "in the command": f"""
        from fitglue_registry.cli.app import root

        def invoke(context):
            print("begins", flush=True)
            {BUSY}

        root.invoke = invoke
    """,
    "in the clean-up": f"""
        from fitglue_registry.cli.app import root

        def invoke(context):
            print("begins", flush=True)
            try:
                while True:
                    pass
            finally:
                {BUSY}

        root.invoke = invoke
    """,
    "while the host is closed": f"""
        from fitglue_registry.cli.app import root
        from fitglue_registry.cli.context import CliContext

        def invoke(context):
            print("begins", flush=True)
            while True:
                pass

        root.invoke = invoke
        CliContext.close = lambda self: {BUSY}
    """,
    "while plugins end": f"""
        import atexit
        from fitglue_registry.cli.app import root

        def invoke(context):
            atexit.register(lambda: {BUSY})
            print("begins", flush=True)
            while True:
                pass

        root.invoke = invoke
    """,
}
#: The same with a clean-up that waits, so that other threads can run.
WAITS = {where: code.replace(BUSY, "time.sleep(60)") for where, code in HANGS.items()}
WAITS["in a command that ignores the interrupt"] = """
        from fitglue_registry.cli.app import root

        def invoke(context):
            print("begins", flush=True)
            while True:
                try:
                    while True:
                        pass
                except KeyboardInterrupt:
                    continue

        root.invoke = invoke
"""
del WAITS["in the command"]  # a signal interrupts it at once


@pytest.mark.parametrize(
    "number",
    sampled([signal.SIGINT, signal.SIGTERM, signal.SIGHUP], [signal.SIGINT]),
)
def test_a_signal_ends_a_command_that_is_inside_c_code(number):
    """A signal ends a command within about a second, even if its handler cannot run because code in
    C holds the interpreter.
    """
    assert _ended(HANGS["in the command"], number)[0] == -signal.SIGKILL


@pytest.mark.parametrize(
    "number",
    sampled([signal.SIGQUIT, signal.SIGUSR1, signal.SIGALRM], [signal.SIGQUIT]),
)
def test_any_other_signal_ends_a_command_at_once(number):
    """A signal that stops no command has its usual effect: it ends the process at once, without a
    message.
    """
    assert _ended(WAITS["in the clean-up"], number) == (-number, "")


def test_a_broken_pipe_ends_no_command():
    """SIGPIPE is ignored, so that a command reports an output that was closed; a signal that stops
    a command ends it as usual.
    """
    before = f"signal.signal(signal.SIGTERM, signal.SIG_DFL)\n{HANGS['in the command']}"
    with _started(before, "sync") as process:
        try:
            assert process.stdout.readline() == "begins\n"
            process.send_signal(signal.SIGPIPE)
            _wait_for_cpu_time(process)
            process.send_signal(signal.SIGTERM)
            process.communicate(timeout=30)
        finally:
            process.kill()
    assert process.returncode == -signal.SIGKILL


@pytest.mark.parametrize("where", sampled(list(HANGS)[1:], ["in the clean-up"]))
def test_a_clean_up_that_hangs_inside_c_code_is_ended(where):
    """A command whose handler has run is killed if its clean-up holds the interpreter."""
    code, err = _ended(HANGS[where], signal.SIGTERM)
    assert (code, err.count("Stopped by force")) == (-signal.SIGKILL, 1)


@pytest.mark.parametrize(
    "where",
    sampled(list(WAITS), ["in the clean-up", "in a command that ignores the interrupt"]),
)
def test_a_clean_up_that_waits_is_ended(where):
    """A command whose clean-up takes too long, or that ignores the interrupt, ends with exit code
    130 and one message.
    """
    code, err = _ended(WAITS[where], signal.SIGINT)
    assert (code, err.count("Stopped."), "by force" in err) == (130, 1, False)


@pytest.mark.parametrize("arguments", [[], *([name] for name in COMMANDS)], ids=str)
def test_every_command_has_a_guardian(arguments):
    """Every command, and the dashboard, can be ended while it is inside code in C."""
    assert needs_guardian(arguments)
    assert needs_guardian([*arguments, "--title", "--help"])
    assert not needs_guardian([*arguments, "--help"])


@pytest.mark.parametrize(
    "arguments",
    sampled([["why", "i1"], ["dev", "stand-in"], ["plugin", "list"], []], [["why", "i1"]]),
)
def test_a_command_that_seems_quick_is_ended_too(arguments):
    """A signal also ends a command that usually takes no time."""
    code, _ = _ended(HANGS["in the command"], signal.SIGTERM, arguments)
    assert code == -signal.SIGKILL


def _ended(before: str, number: int, arguments: Sequence[str] = ("sync",)) -> tuple[int, str]:
    """Send a signal to a busy command, and return how it ended and what it printed."""
    # The tests themselves may run where this signal is ignored, as nohup arranges.
    before = f"signal.signal({number:d}, signal.SIG_DFL)\n{before}"
    with _started(before, *arguments) as process:
        try:
            assert process.stdout.readline() == "begins\n"
            _wait_for_cpu_time(process)
            process.send_signal(number)
            _, err = process.communicate(timeout=30)
        finally:
            process.kill()
    return process.returncode, err


@pytest.mark.parametrize(
    ("signals", "is_told"),
    [
        ([], False),
        ([signal.SIGCHLD, signal.SIGALRM], False),
        ([signal.SIGALRM, signal.SIGTERM], True),
    ],
)
def test_the_guardian_takes_notice_only_of_signals_that_stop_a_command(signals, is_told):
    """A signal that only a plugin handles does not make the guardian end the command."""
    code = "from fitglue_registry.cli import guardian_process as g; print(g._is_told_to_stop())"
    answer = subprocess.run(
        [sys.executable, "-c", code],
        input=bytes(signals),
        capture_output=True,
        check=True,
    )
    assert answer.stdout.decode().strip() == str(is_told)


def _wait_for_cpu_time(process: subprocess.Popen[str], seconds: float = 0.3) -> None:
    """Wait until a process has used more CPU time since its last output, inside code in C."""
    measured = psutil.Process(process.pid)
    before = measured.cpu_times().user
    while measured.cpu_times().user < before + seconds:
        assert process.poll() is None
        time.sleep(0.01)  # nothing reports the CPU time of another process


def test_the_guardian_ends_with_the_command(child):
    """The guardian process of a command that ends on its own ends with it."""
    process = child("sync")
    guardians = []
    while process.poll() is None and not guardians:
        with suppress(psutil.NoSuchProcess):
            guardians = psutil.Process(process.pid).children()
    process.communicate(timeout=40)
    _, alive = psutil.wait_procs(guardians, timeout=20)
    assert guardians
    assert alive == []


@pytest.mark.parametrize("delay_s", [0.0, 0.1, 0.3])
def test_control_c_soon_after_the_start_is_answered(connect, intervals, child, delay_s):
    """A sync that is stopped while it starts says so, and ends with exit code 130."""
    connect()
    intervals.fault("*/streams*", Fault.hold(), times=None)
    assert _stopped_after(child("sync"), delay_s) == (130, True, False)


@pytest.mark.long
def test_control_c_at_a_hundred_moments_is_answered(connect, intervals, child):
    """No signal is lost between the first instruction of the command and its last."""
    connect()
    intervals.fault("*/streams*", Fault.hold(), times=None)
    outcomes = {_stopped_after(child("sync"), number * 0.02) for number in range(100)}
    assert outcomes == {(130, True, False)}


def _stopped_after(process: subprocess.Popen[str], delay_s: float) -> tuple[int, bool, bool]:
    """Return the exit code, whether the stop was reported, and whether with a traceback."""
    while not _listens(process):
        assert process.poll() is None
        time.sleep(0.001)
    time.sleep(delay_s)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=40)
    return process.returncode, "Stopped." in err, "Traceback" in err


def _listens(process: subprocess.Popen[str]) -> bool:
    """Return whether our signal handler is installed; Python handles SIGINT from its start, but not
    SIGTERM.
    """
    status = Path(f"/proc/{process.pid}/status").read_text()
    caught = next(line for line in status.splitlines() if line.startswith("SigCgt:"))
    return bool(int(caught.split()[1], 16) >> (signal.SIGTERM - 1) & 1)


@pytest.mark.parametrize(
    ("statement", "code"),
    [
        pytest.param(
            "with recursive n(i) as (select 1 union all select i + 1 from n) select max(i) from n",
            130,
            marks=pytest.mark.long,
        ),
        # One call of a function of SQLite, which no handler of ours can interrupt.
        ("select instr(zeroblob(499999), zeroblob(249999) || x'01')", -signal.SIGKILL),
    ],
    ids=["in the statement", "in one function"],
)
def test_control_c_ends_a_statement_of_sql(child, statement, code):
    """Ctrl-C ends ``fitglue sql`` while SQLite runs a statement that takes long; the guardian ends
    it if SQLite cannot be interrupted.
    """
    process = child("sql", f"select ({statement}), ({statement}), ({statement})")
    # More than its start takes.
    _wait_for_cpu_time(process, 1.5)
    pressed = time.monotonic()
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=20)
    assert (process.returncode, "Stopped." in err) == (code, code == 130)
    assert time.monotonic() - pressed < 15
