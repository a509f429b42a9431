"""Refuses typed texts that no command can use: empty, too long, or not a text at all.

A command looks at its arguments before click converts them, so that the same mistakes get the same
message everywhere, also in a command that is added later.
"""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Any, Protocol

import click

from fitglue_registry.errors import UserMistake

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

#: The longest path of Linux in bytes (limits.h, PATH_MAX). Ids and names are much shorter.
_LONGEST = 4096
#: The longest name in a folder in bytes, of nearly every file system (limits.h, NAME_MAX).
_LONGEST_NAME = 255
_SEPARATORS = re.compile(r"[/\\]" if os.name == "nt" else "/")


class AnyPath(click.ParamType):  # type: ignore[type-arg]
    """A path, or a text that may be one; its name may have bytes that are not UTF-8."""

    name = "path"


class Checked(Protocol):
    """What this module needs to know of a command."""

    params: list[click.Parameter]
    may_be_empty: tuple[str, ...]
    may_be_long: tuple[str, ...]

    def make_parser(self, ctx: click.Context) -> Any:
        """Return the parser of click for the command."""


def refuse_unusable(
    command: Checked,
    context: click.Context,
    arguments: Sequence[str],
) -> None:
    """Check the text of every argument and every option's value.

    Args:
        command: The command or group that the arguments belong to.
        context: Its context.
        arguments: The arguments as they were typed.

    Raises:
        UserMistake: A text is empty, too long, contains a null character, or is not UTF-8
            (FG-usage). The names of files may be any bytes.
        click.UsageError: The arguments do not fit the command.
    """
    typed, _, _ = command.make_parser(context).parse_args(list(arguments))
    for parameter in command.params:
        for text in _texts(typed, parameter):
            flaw = _flaw(text, parameter, command)
            if flaw is None:
                continue
            what, why = flaw
            raise UserMistake(
                "FG-usage",
                f"{_name(parameter)} {what}",
                why=why,
                fix=f"see: {context.command_path} --help",
            )


def _texts(typed: Mapping[str, Any], parameter: click.Parameter) -> Iterator[str]:
    """Yield the text, or each of several texts, that was typed for a parameter."""
    value = typed.get(parameter.name or "")
    values = value if isinstance(value, list | tuple) else [value]
    for text in values:
        if isinstance(text, str):
            yield text


def _flaw(
    text: str,
    parameter: click.Parameter,
    command: Checked,
) -> tuple[str, str | None] | None:
    """Return what is wrong with a text and why it matters, or ``None``."""
    # Spaces alone are empty, too: they are what is left of an unset variable between words.
    if not text.strip() and parameter.name not in command.may_be_empty:
        return "is empty", "an unset variable in a script, for example, becomes an empty argument"
    is_path = isinstance(parameter.type, AnyPath | click.Path)
    content = _encoded(text, is_path=is_path)
    if content is None:
        return "is not UTF-8 text", "only the names of files may contain other bytes"
    if b"\0" in content:
        return "contains a null character", None
    if len(content) > _LONGEST and parameter.name not in command.may_be_long:
        return f"is too long: {len(content):,} bytes", f"the limit is {_LONGEST:,} bytes"
    if is_path:
        longest = max(len(os.fsencode(name)) for name in _SEPARATORS.split(text))
        if longest > _LONGEST_NAME:
            return f"has a name of {longest:,} bytes", f"the limit is {_LONGEST_NAME} bytes"
    return None


def _encoded(text: str, *, is_path: bool) -> bytes | None:
    """Return the bytes that were typed, or ``None`` if they are not a text."""
    try:
        # Python represents each byte of an argument that is not UTF-8 by a lone surrogate.
        return os.fsencode(text) if is_path else text.encode()
    except UnicodeEncodeError:
        return None


def _name(parameter: click.Parameter) -> str:
    """Return the name of an argument or an option, as the help shows it."""
    if isinstance(parameter, click.Option):
        return parameter.opts[0]
    # Of "REF REF...", which asks for at least two, one is enough.
    name = parameter.human_readable_name.split()[0].removesuffix("...")
    if name.startswith("[") and name.endswith("]"):
        return name[1:-1]
    return name
