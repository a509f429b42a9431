"""Run a stand-in for Intervals.icu: print its address and serve an account until it is stopped."""

from __future__ import annotations

import argparse
import json
import signal
import sys
import threading
from contextlib import ExitStack
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from fitglue_intervals.testing.account import Account
from fitglue_intervals.testing.bodies import Bodies
from fitglue_intervals.testing.history import History
from fitglue_intervals.testing.server import StandIn

if TYPE_CHECKING:
    from collections.abc import Callable

_LARGEST_PORT = 65_535
_MOST_ACTIVITIES = 10_000_000
_LONGEST_LATENCY_MS = 3_600_000


def main(arguments: list[str] | None = None) -> int:
    """Serve an account, generated or read from a file, until SIGTERM or SIGINT.

    Args:
        arguments: The command line without the program's name; None takes ``sys.argv``.

    Returns:
        The exit code, which is 0. A mistake in the arguments raises ``SystemExit`` with 2.
    """
    parser = _parser()
    options = parser.parse_args(arguments)
    try:
        account = _account(options)
    except (OSError, ValueError) as error:
        parser.error(f"argument --rows: {options.rows} cannot be served: {error}")
    # This comes before the address is printed, because a benchmark starts its stopwatch at that
    # line.
    if options.warm:
        Bodies(account).warm()

    # Ending through an event lets the server close its sockets, so the port is free at once.
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())

    latency_s = options.latency_ms / 1000
    stand_in = StandIn(
        account,
        api_key=options.key,
        port=options.port,
        latency_s=latency_s,
    )
    with ExitStack() as stack:
        try:
            server = stack.enter_context(stand_in)
        except OSError as error:
            parser.error(f"argument --port: {options.port} cannot be used: {error.strerror}")
        # The first line of stdout is the address and nothing else, because the process that started
        # this one reads it. What a person should read goes to stderr.
        sys.stdout.write(server.url + "\n")
        sys.stdout.flush()
        sys.stderr.write(
            f"The API key is {options.key}. In another terminal, run:\n"
            f"  fitglue connect intervals --base-url {server.url}\n"
        )
        sys.stderr.flush()
        stop.wait()
    return 0


def _account(options: argparse.Namespace) -> Account:
    """Return the account that the options ask for; raise ``OSError`` or ``ValueError`` if its file
    cannot be read or is not JSON.
    """
    if options.rows:
        return Account.from_rows(json.loads(options.rows.read_text(encoding="utf-8")))
    history = History(
        options.count,
        options.seed,
        options.until,
        distinct_streams=options.distinct_streams or None,
        crowd=options.crowd,
    )
    return Account.from_history(history)


def _number(
    smallest: int,
    largest: int,
    kind: type[int] | type[float] = int,
) -> Callable[[str], float]:
    """Return a function that reads a number between two others, both included."""

    def number(text: str) -> float:
        value = kind(text)
        if not smallest <= value <= largest:
            raise argparse.ArgumentTypeError(f"{value} is not between {smallest} and {largest}")
        return value

    return number


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="fitglue dev stand-in", description=__doc__)
    add = parser.add_argument
    add(
        "--port",
        type=_number(0, _LARGEST_PORT),
        default=0,
        help="the port to listen on; 0, the default, picks one",
    )
    add(
        "--count",
        type=_number(0, _MOST_ACTIVITIES),
        default=120,
        help="how many activities to generate",
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
        default=date(2026, 11, 20),
        help="the day of the newest activity",
    )
    add(
        "--distinct-streams",
        type=_number(0, _MOST_ACTIVITIES),
        default=12,
        help="how many different recordings each sport has; 0 makes all of them different",
    )
    add(
        "--crowd",
        type=_number(1, _MOST_ACTIVITIES),
        default=1,
        help="put the workouts of this many athletes into each day, for a very long history",
    )
    add("--key", default="stand-in-key", help="the API key that is accepted")
    add(
        "--latency-ms",
        type=_number(0, _LONGEST_LATENCY_MS, float),
        default=0,
        help="how long to wait before each response",
    )
    add(
        "--warm",
        action="store_true",
        help="generate all rows and streams before the address is printed",
    )
    add(
        "--rows",
        type=Path,
        help="serve the activities of this JSON file, unchanged, instead of generated ones",
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
