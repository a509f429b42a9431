"""Run a stand-in for Intervals.icu: print its address and serve an account until it is stopped."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from fitglue_intervals.testing.account import Account
from fitglue_intervals.testing.bodies import Bodies
from fitglue_intervals.testing.history import History
from fitglue_intervals.testing.server import StandIn
from fitglue_registry.testing.command_line import (
    number_between,
    serve_until_stopped,
    stand_in_parser,
)

if TYPE_CHECKING:
    import argparse

_INTEGRATION = "intervals"
_MOST_ACTIVITIES = 10_000_000


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

    stand_in = StandIn(
        account,
        api_key=options.key,
        port=options.port,
        latency_s=options.latency_ms / 1000,
    )
    return serve_until_stopped(
        parser,
        options,
        _INTEGRATION,
        stand_in,
    )


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


def _parser() -> argparse.ArgumentParser:
    parser = stand_in_parser(
        _INTEGRATION,
        __doc__,
        key="stand-in-key",
        count=120,
    )
    add = parser.add_argument
    add(
        "--distinct-streams",
        type=number_between(0, _MOST_ACTIVITIES),
        default=12,
        help="how many different recordings each sport has; 0 makes all of them different",
    )
    add(
        "--crowd",
        type=number_between(1, _MOST_ACTIVITIES),
        default=1,
        help="put the workouts of this many athletes into each day, for a very long history",
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
