"""Asks a person for a value, and again if it cannot be right."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from fitglue_registry.cli.failure import show_failure
from fitglue_registry.errors import UserMistake

if TYPE_CHECKING:
    from collections.abc import Callable

    from fitglue_registry.cli.context import CliContext

#: How many times a person may type a value that cannot be right.
_TRIES = 3


def ask_until_right(
    cli: CliContext,
    label: str,
    check: Callable[[str], None],
    *,
    hidden: bool = False,
    help_shown: str = "",
) -> str:
    """Ask for a value until it passes a check, three times at most, and return it.

    Args:
        cli: The state of the command line.
        label: The text of the question.
        check: Raises ``UserMistake`` if a value cannot be right.
        hidden: Whether the terminal must not show what is typed.
        help_shown: What was printed above the question, which no error repeats.

    Raises:
        UserMistake: The error of the last value, so that it also sets the exit code.
    """
    for tries_left in reversed(range(_TRIES)):
        # Without a default, click would ask again without a word if nothing is typed.
        answer: str = click.prompt(
            label,
            hide_input=hidden,
            err=True,
            default="",
            show_default=False,
        )
        try:
            check(answer)
            return answer
        except UserMistake as error:
            if not tries_left:
                raise
            if error.fix == help_shown:
                error.fix = None
            show_failure(cli, error)
    raise AssertionError("unreachable")
