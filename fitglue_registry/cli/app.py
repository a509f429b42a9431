"""The top level of the command line: the table of commands, and how a call ends.

The module of a command is imported only when that command is called.
"""

from __future__ import annotations

import errno
import os
import sys
from importlib import import_module
from keyword import iskeyword
from typing import TYPE_CHECKING

import click

from fitglue_registry._version import __version__
from fitglue_registry.cli.command import Group, json_option
from fitglue_registry.cli.context import CliContext, pass_cli
from fitglue_registry.cli.stopping import (
    INTERRUPTED,
    TOLD,
    forced_stop,
    needs_guardian,
    what_was_stopped,
)
from fitglue_registry.cli.text import (
    keep_standard_output,
    open_closed_descriptors,
    output_closed,
    prepare_streams,
    terminal_width,
)
from fitglue_registry.errors import FitglueError, StoreFailed, UserMistake

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import TextIO

    from rich.console import Console
    from rich.progress import Progress as Bars

    from fitglue_registry.cli.screen import Screen
    from fitglue_registry.cli.stopping import Stop
    from fitglue_registry.host import Host
    from fitglue_registry.redaction.redactor import Redactor

#: Name of a command → its one line of help. The texts are repeated here so that `fitglue --help`
#: need not import the modules of the commands.
COMMANDS = {
    "connect": "Connect an account, or renew its key.",
    "connections": "List, check and remove connections.",
    "import": "Import archives, files and folders.",
    "sync": "Fetch what is new from every connection.",
    "watch": "Import files as soon as they appear in a folder.",
    "activities": "List activities, or edit one.",
    "show": "Show one activity: values, laps, streams.",
    "why": "Explain what happened to a workout, step by step.",
    "pipeline": "Send workouts on: make, run and pause pipelines.",
    "deliveries": "Show what was sent where, and decide what is unclear.",
    "load": "Show training load, fitness, fatigue and form.",
    "duplicates": "Decide which activities are the same workout.",
    "settings": "Show and change your settings, such as your time zone.",
    "export": "Write activities as JSON Lines, CSV or original files.",
    "sql": "Query the database, read-only.",
    "rebuild": "Derive every activity again from what was fetched.",
    "quarantine": "List records that could not be understood.",
    "backup": "Make, verify and restore backups.",
    "doctor": "Check that everything works.",
    "registry": "List the services that FitGlue can talk to.",
    "plugin": "List, check and install plugins.",
    "dev": "Run tools for plugin authors.",
}

EXIT_CODES = {
    0: "success",
    1: "a bug in fitglue",
    2: "a mistake in the command line, or `why` about something that FitGlue has never seen",
    3: "you need to act: for example, a key was rejected",
    4: "a source or a destination cannot be reached now",
    5: "partly done: something is in quarantine, was not fetched, or its deletion is held",
    6: "another process is doing the same: a sync of the connection, or the pipelines",
    7: "the database cannot be used",
    8: "a plugin or a registry entry is broken",
    130: "stopped by Ctrl-C or a signal",
}
#: Commands that people look for at the top → the command that they belong to.
_INSIDE = {
    "edit": "activities",
    "merge": "duplicates",
    "split": "duplicates",
    "timezone": "settings",
    "restore": "backup",
}
_ENVIRONMENT = {
    "FITGLUE_HOME": "The folder for everything that FitGlue stores.",
    "FITGLUE_DATABASE": "Another database, as a SQLAlchemy URL.",
    "FITGLUE_SECRETS": "Where keys are stored: keyring or file.",
    "FITGLUE_SQL_DATABASE": "The URL of the PostgreSQL login that `sql` reads with.",
    "FITGLUE_SQL_ROLE": "The role of PostgreSQL that `sql` reads with.",
    "NO_COLOR": "Print without colors.",
}
#: Set by the completion script of a shell.
_COMPLETE = "_FITGLUE_COMPLETE"
#: The largest and the smallest number of columns that help is laid out for.
_WIDEST = 110
_NARROWEST = 50
#: A longer name is not compared with those of the commands, and is quoted by its beginning.
_LONGEST_NAME = 40
_EPILOG = (
    "Results go to standard output, progress and errors to standard error. With --json, an "
    'error is one JSON object, {"error": …}, '
    "on standard error."
)


class LazyGroup(Group):
    """A group whose commands are the modules of ``commands/``, each imported when it is called."""

    # click calls these methods with arguments that some of them do not need.

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        """Return the names of all commands, in the order of ``COMMANDS``."""
        return list(COMMANDS)

    def get_command(
        self,
        ctx: click.Context,  # noqa: ARG002
        cmd_name: str,
    ) -> click.Command | None:
        """Import a command and return it, or return ``None`` for an unknown name."""
        if cmd_name not in COMMANDS:
            return None
        # A module cannot be called `import`, so that command is in `import_.py`.
        module = f"{cmd_name}_" if iskeyword(cmd_name) else cmd_name
        command: click.Command = import_module(f"fitglue_registry.cli.commands.{module}").command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Return the name, the command and its arguments.

        Raises:
            click.UsageError: No command has that name; the error suggests the nearest one.
        """
        if args[0] not in COMMANDS and not args[0].startswith("-"):
            near = _nearest(args[0].casefold())
            question = f"; did you mean {near}?" if near else ""
            typed = args[0] if len(args[0]) <= _LONGEST_NAME else f"{args[0][:_LONGEST_NAME]}…"
            raise click.UsageError(f"the command {typed!r} does not exist{question}", ctx)
        return super().resolve_command(ctx, args)

    def format_commands(
        self,
        ctx: click.Context,  # noqa: ARG002
        formatter: click.HelpFormatter,
    ) -> None:
        """Write the table of commands, without importing any of them."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write what scripts rely on: the streams, the exit codes, the environment variables."""
        super().format_epilog(ctx, formatter)
        with formatter.section("Exit codes"):
            formatter.write_dl([(str(code), meaning) for code, meaning in EXIT_CODES.items()])
        with formatter.section("Environment"):
            formatter.write_dl(list(_ENVIRONMENT.items()))


def _nearest(typed: str) -> str | None:
    """Return the command that a mistyped one may mean, or ``None``."""
    if typed in _INSIDE:
        return f"{_INSIDE[typed]} {typed}"
    if len(typed) > _LONGEST_NAME:
        return None
    # Imported late: only a mistyped command needs it.
    from difflib import get_close_matches

    near = get_close_matches(typed, COMMANDS, n=1)
    return near[0] if near else None


class LateLoader:
    """Imports what is slow to import and what ``--help`` does not need.

    This module and ``cli/__init__.py`` are the only ones of the command line that import inside
    functions.
    """

    def host(self) -> Host:
        """Return a new host, which the caller must close."""
        from fitglue_registry.host import Host
        from fitglue_registry.policy import Policy

        # The person at this terminal can read every file and ask every address without FitGlue.
        return Host(policy=Policy.personal())

    def redactor(self) -> Redactor:
        """Return a redactor for the secrets in environment variables."""
        from fitglue_registry.redaction.environment import secrets_of_environment
        from fitglue_registry.redaction.redactor import Redactor

        return Redactor(secrets_of_environment())

    def log_to_stderr(
        self,
        redactor: Redactor,
        verbosity: int,
        *,
        everything: bool,
    ) -> Callable[[], None]:
        """Start to log to standard error, and return the function that stops it."""
        from fitglue_registry.cli.logs import log_to_stderr

        return log_to_stderr(redactor, verbosity, everything=everything)

    def screen(self, stream: TextIO) -> Screen:
        """Return the screen that draws on a stream."""
        from fitglue_registry.cli.screen import Screen

        return Screen(stream)

    def progress_bars(self, console: Console) -> Bars:
        """Return progress bars for a console, not yet started."""
        from fitglue_registry.cli.bars import progress_bars

        return progress_bars(console)


@click.group(
    cls=LazyGroup,
    invoke_without_command=True,
    epilog=_EPILOG,
    context_settings={"help_option_names": ["-h", "--help"]},
    examples=("fitglue connect intervals", "fitglue sync", "fitglue show last"),
)
@json_option("Print the dashboard as one JSON document.")
@click.option("--version", is_flag=True, help="Print the version.")
@pass_cli
@click.pass_context
def root(
    context: click.Context,
    cli: CliContext,
    *,
    version: bool,
) -> int | None:
    """Collect every workout from every platform in one local database, exactly once.

    Without a command, show the connections and their state, this week and last week, and what to do
    next.
    """
    if version:
        click.echo(f"fitglue {__version__}")
    elif context.invoked_subcommand is None:
        from fitglue_registry.cli.dashboard import show_dashboard

        show_dashboard(cli)
    return None


def run_process(arguments: Sequence[str], stop: Stop) -> int:
    """Run the command line of this process, and return its exit code.

    Standard output is kept for the results of the command; see ``keep_standard_output``.

    Args:
        arguments: The arguments of the command line.
        stop: The signal handler of the process.
    """
    open_closed_descriptors()
    keep_standard_output()
    if needs_guardian(arguments) and _COMPLETE not in os.environ:
        # subprocess takes 10 ms to import, which help and completion do not need.
        from fitglue_registry.cli.guardian import Guardian

        guardian = Guardian(forced_stop(arguments))
        stop.at_end = guardian.stop
        guardian.start()
    return run(arguments)


def run(arguments: Sequence[str]) -> int:
    """Run one command line and return its exit code; every exception becomes a message."""
    # click answers it and exits.
    if _COMPLETE in os.environ:
        root.main(prog_name="fitglue")
    is_open = prepare_streams()
    cli = CliContext(LateLoader(), as_json="--json" in arguments)
    try:
        if not is_open:
            # Before anything is done: its result would be lost.
            return _fail(cli, output_closed(), arguments)
        code = _call(cli, list(arguments))
        sys.stdout.flush()
        return code
    except BrokenPipeError:
        # The reader of a pipe, such as `head`, has closed it. The interpreter flushes standard
        # output once more at its end, and would report the broken pipe then.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    finally:
        cli.close()


def _call(cli: CliContext, arguments: list[str]) -> int:
    try:
        return _invoke(cli, arguments)
    except click.exceptions.Exit as end:
        return end.exit_code
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.format_message(), err=True)
        return 2
    except click.Abort as stop:
        # click raises it for Ctrl-C, and if nobody can answer a question.
        if isinstance(stop.__context__, EOFError):
            return _fail(cli, _input_ended(), arguments)
        return _stopped(cli, arguments)
    except KeyboardInterrupt:
        return _stopped(cli, arguments)
    except BrokenPipeError:
        raise
    except SyntaxError as error:
        # Python turns an interrupt that arrives while it compiles a module into a SyntaxError.
        if not INTERRUPTED.is_set():
            return _fail(cli, error, arguments)
        return _stopped(cli, arguments)
    except Exception as error:  # noqa: BLE001
        # The boundary of the process: print a message, and write the traceback to a file.
        return _fail(cli, error, arguments)


def _input_ended() -> UserMistake:
    return UserMistake(
        "FG-input-ended",
        "standard input ended before a question was answered",
        why="it was closed, or a pipe or a file had nothing more",
        fix="run the command in a terminal, or give what it asks for as an option",
    )


def _stopped(cli: CliContext, arguments: Sequence[str]) -> int:
    """Print that the command was stopped, and return the exit code."""
    TOLD.set()
    cli.note(what_was_stopped(arguments))
    return 130


def _invoke(cli: CliContext, arguments: list[str]) -> int:
    # Without terminal_width, click imports shutil, which imports three compression modules.
    width = max(min(terminal_width(sys.stdout), _WIDEST) - 2, _NARROWEST)
    with root.make_context(
        "fitglue",
        arguments,
        obj=cli,
        terminal_width=width,
    ) as context:
        return root.invoke(context) or 0


def _fail(
    cli: CliContext,
    error: Exception,
    arguments: Sequence[str],
) -> int:
    """Print an error, and return its exit code."""
    from fitglue_registry.cli.failure import show_failure

    failure = _failure_of(cli, error, arguments)
    show_failure(cli, failure)
    return failure.exit_code


def _failure_of(
    cli: CliContext,
    error: Exception,
    arguments: Sequence[str],
) -> FitglueError:
    from fitglue_registry.cli.bug_report import bug_failure
    from fitglue_registry.cli.failure import path_failure, permission_failure, usage_failure

    if isinstance(error, FitglueError):
        return error
    if isinstance(error, click.ClickException):
        return usage_failure(error)
    if isinstance(error, OSError) and error.errno == errno.ENOSPC:
        return StoreFailed(
            "FG-disk-full", "the disk is full", fix="free some space and run the same command again"
        )
    if isinstance(error, OSError):
        mistake = path_failure(error, arguments)
        denied = mistake or permission_failure(error, cli.home)
        if denied is not None:
            return denied
    # A damaged value in the database makes a reader raise what a bug would raise.
    return cli.damage() or bug_failure(cli, error)
