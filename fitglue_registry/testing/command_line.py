"""The command line of a stand-in, which another process can start and stop."""

from __future__ import annotations

import argparse
import signal
import sys
import threading
from contextlib import ExitStack
from datetime import date
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

_LARGEST_PORT = 65_535
_LONGEST_LATENCY_MS = 3_600_000
_MOST_WORKOUTS = 10_000_000
_NEWEST_DAY = date(
    2026,
    11,
    20,
)


class Served(Protocol):
    """A server that runs."""

    @property
    def url(self) -> str:
        """Its address."""


def stand_in_parser(
    integration: str,
    description: str | None,
    *,
    key: str,
    count: int,
) -> argparse.ArgumentParser:
    """Return a parser with the options that all stand-ins have, to which others can be added.

    They are ``port``, ``count``, ``seed``, ``until``, ``key`` and ``latency_ms``.

    Args:
        integration: The id of the integration.
        description: What the help says about the stand-in.
        key: The key that is accepted unless the command line states another one.
        count: How many workouts are generated unless the command line states another number.
    """
    parser = argparse.ArgumentParser(
        prog=f"fitglue dev stand-in {integration}",
        description=description,
    )
    add = parser.add_argument
    add(
        "--port",
        type=number_between(0, _LARGEST_PORT),
        default=0,
        help="the port to listen on; 0, the default, picks one",
    )
    add(
        "--count",
        type=number_between(0, _MOST_WORKOUTS),
        default=count,
        help="how many workouts to generate",
    )
    add(
        "--seed",
        type=int,
        default=1,
        help="another seed generates another athlete",
    )
    add(
        "--until",
        type=date.fromisoformat,
        default=_NEWEST_DAY,
        help="the day of the newest workout",
    )
    add(
        "--key",
        default=key,
        help="the key that is accepted",
    )
    add(
        "--latency-ms",
        type=number_between(
            0,
            _LONGEST_LATENCY_MS,
            float,
        ),
        default=0,
        help="how long to wait before each response",
    )
    return parser


def serve_until_stopped(
    parser: argparse.ArgumentParser,
    options: argparse.Namespace,
    integration: str,
    stand_in: AbstractContextManager[Served],
) -> int:
    """Run a stand-in until SIGTERM or SIGINT, and return the exit code.

    The first line of stdout is the address and nothing else, because the process that started this
    one reads it. What a person should read goes to stderr.

    Args:
        parser: The parser, which reports a port that cannot be used.
        options: The options that were given.
        integration: The id of the integration.
        stand_in: The server, which is started here.

    Raises:
        SystemExit: With 2, if the port cannot be used.
    """
    # Ending through an event lets the server close its sockets, so the port is free at once.
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    with ExitStack() as stack:
        try:
            server = stack.enter_context(stand_in)
        except OSError as error:
            parser.error(f"argument --port: {options.port} cannot be used: {error.strerror}")
        sys.stdout.write(server.url + "\n")
        sys.stdout.flush()
        sys.stderr.write(
            f"The key is {options.key}. In another terminal, run:\n"
            f"  fitglue connect {integration} --base-url {server.url}\n"
        )
        sys.stderr.flush()
        stop.wait()
    return 0


def number_between(
    smallest: int,
    largest: int,
    kind: type[int] | type[float] = int,
) -> Callable[[str], Any]:
    """Return a function that reads a number between two others, both included."""

    def number(text: str) -> float:
        value = kind(text)
        if not smallest <= value <= largest:
            raise argparse.ArgumentTypeError(f"{value} is not between {smallest} and {largest}")
        return value

    return number
