"""The top level of the command: which commands there are, each imported when it is called, and how
a call ends.
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
from fitglue_registry.cli.stopping import INTERRUPTED, what_was_stopped
from fitglue_registry.cli.text import keep_standard_output, prepare_streams, terminal_width
from fitglue_registry.errors import FitglueError, StoreFailed

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import TextIO

    from rich.console import Console
    from rich.progress import Progress as Bars

    from fitglue_registry.cli.screen import Screen
    from fitglue_registry.host import Host
    from fitglue_registry.redaction.redactor import Redactor

#: Each command of the top level with its one line of help, so that `fitglue --help` imports none of
#: them.
COMMANDS = {
    "connect": "Connect an account, or renew its key.",
    "connections": "List, check and remove connections.",
    "import": "Take in archives, files and folders.",
    "sync": "Fetch what is new from every connection.",
    "watch": "Take in files whenever they appear in a folder.",
    "activities": "List activities.",
    "show": "Show one activity: values, laps, streams.",
    "why": "Tell what became of a workout, stage by stage.",
    "duplicates": "Decide what is one workout, and what is two.",
    "export": "Write activities out: JSON Lines, CSV, files.",
    "sql": "Ask the database, read-only.",
    "rebuild": "Derive everything again from what was fetched.",
    "quarantine": "Records that could not be understood.",
    "backup": "Make, verify and restore backups.",
    "doctor": "Check that everything works.",
    "registry": "What FitGlue can talk to.",
    "plugin": "List, check and install plugins.",
    "dev": "Tools for plugin authors.",
}

EXIT_CODES = {
    0: "all well",
    1: "a bug",
    2: "a mistake in what was typed",
    3: "you are needed: a key was rejected, say",
    4: "the source cannot be reached now",
    5: "done in part: something is in quarantine or was not fetched",
    6: "another sync is at work on the connection",
    7: "the database cannot be used",
    8: "a plugin or a registry entry is broken",
    130: "stopped: Ctrl-C, or told to end",
}
_ENVIRONMENT = {
    "FITGLUE_HOME": "The folder of everything local.",
    "FITGLUE_DATABASE": "Another database, as a SQLAlchemy URL.",
    "FITGLUE_SECRETS": "Where keys are kept: keyring or file.",
    "NO_COLOR": "No colours.",
}
#: Columns that help is laid out for, at most and at least.
_WIDEST = 110
_NARROWEST = 50
_EPILOG = (
    "Answers go to standard output, progress and errors to standard error. With --json an "
    'error is one JSON object, {"error": …}, '
    "on standard error."
)


class LazyGroup(Group):
    """A group whose commands are modules of ``commands/``, imported one at a time."""

    # The unused arguments are those of click's signatures.

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        """Return the names, in the order of the table."""
        return list(COMMANDS)

    def get_command(
        self,
        ctx: click.Context,  # noqa: ARG002
        cmd_name: str,
    ) -> click.Command | None:
        """Import the command of a name, and return it."""
        if cmd_name not in COMMANDS:
            return None
        module = f"{cmd_name}_" if iskeyword(cmd_name) else cmd_name
        command: click.Command = import_module(f"fitglue_registry.cli.commands.{module}").command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Return the command that was typed; raises a usage error that names the nearest one."""
        if args[0] not in COMMANDS and not args[0].startswith("-"):
            from difflib import get_close_matches

            near = get_close_matches(args[0].casefold(), COMMANDS, n=1)
            question = f"; did you mean {near[0]}?" if near else ""
            raise click.UsageError(f"there is no command {args[0]!r}{question}", ctx)
        return super().resolve_command(ctx, args)

    def format_commands(
        self,
        ctx: click.Context,  # noqa: ARG002
        formatter: click.HelpFormatter,
    ) -> None:
        """Write the table, without importing anything."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write what scripts rely on: streams, exit codes, names in the environment."""
        super().format_epilog(ctx, formatter)
        with formatter.section("Exit codes"):
            formatter.write_dl([(str(code), meaning) for code, meaning in EXIT_CODES.items()])
        with formatter.section("Environment"):
            formatter.write_dl(list(_ENVIRONMENT.items()))


class LateLoader:
    """Imports what takes long to import, and what ``--help`` does not need.

    Beside ``cli/__init__.py``, this is the only module of the command that imports in functions.
    """

    def host(self) -> Host:
        """Open the library."""
        from fitglue_registry.host import Host

        return Host()

    def redactor(self) -> Redactor:
        """Return a redactor that knows the secrets of the environment."""
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
        """Log to standard error; the function that it returns ends that."""
        from fitglue_registry.cli.logs import log_to_stderr

        return log_to_stderr(redactor, verbosity, everything=everything)

    def screen(self, stream: TextIO) -> Screen:
        """Return what draws on a stream."""
        from fitglue_registry.cli.screen import Screen

        return Screen(stream)

    def progress_bars(self, console: Console) -> Bars:
        """Return progress bars on a console."""
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
    """Every workout from every platform in one local database, once each.

    Without a command: connections and their health, this week against last, and what to do next.
    """
    if version:
        click.echo(f"fitglue {__version__}")
    elif context.invoked_subcommand is None:
        from fitglue_registry.cli.dashboard import show_dashboard

        show_dashboard(cli)
    return None


def run_process(arguments: Sequence[str]) -> int:
    """Run the one call of this process, whose standard output is for answers alone."""
    keep_standard_output()
    return run(arguments)


def run(arguments: Sequence[str]) -> int:
    """Run one call and return its exit code; nothing but a bug's own defect raises."""
    if "_FITGLUE_COMPLETE" in os.environ:
        root.main(prog_name="fitglue")
    prepare_streams()
    cli = CliContext(LateLoader(), as_json="--json" in arguments)
    try:
        code = _call(cli, list(arguments))
        sys.stdout.flush()
        return code
    except BrokenPipeError:
        # Whoever read us has seen enough; without this the interpreter complains once more at its
        # end.
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
    except (KeyboardInterrupt, click.Abort):
        cli.note(what_was_stopped(arguments))
        return 130
    except BrokenPipeError:
        raise
    except SyntaxError as error:
        # Python makes one of an interrupt that it meets while it compiles a module.
        if not INTERRUPTED.is_set():
            return _fail(cli, error)
        cli.note(what_was_stopped(arguments))
        return 130
    except Exception as error:  # noqa: BLE001
        # The border of the process: a person gets a sentence, and the traceback is kept.
        return _fail(cli, error)


def _invoke(cli: CliContext, arguments: list[str]) -> int:
    # click would import shutil, and with it three ways of compressing, to find this out.
    width = max(min(terminal_width(sys.stdout), _WIDEST) - 2, _NARROWEST)
    with root.make_context(
        "fitglue",
        arguments,
        obj=cli,
        terminal_width=width,
    ) as context:
        return root.invoke(context) or 0


def _fail(cli: CliContext, error: Exception) -> int:
    """Show an error, and return the exit code that it makes."""
    from fitglue_registry.cli.failure import show_failure

    failure = _failure_of(cli, error)
    show_failure(cli, failure)
    return failure.exit_code


def _failure_of(cli: CliContext, error: Exception) -> FitglueError:
    from fitglue_registry.cli.bug_report import bug_failure
    from fitglue_registry.cli.failure import usage_failure

    if isinstance(error, FitglueError):
        return error
    if isinstance(error, click.ClickException):
        return usage_failure(error)
    if isinstance(error, OSError) and error.errno == errno.ENOSPC:
        return StoreFailed("FG-disk-full", "the disk is full", fix="make room and run it again")
    return bug_failure(cli, error)
