"""Run a stand-in for Garmin's Personal API: print its address and serve an account until it is
stopped.
"""

from __future__ import annotations

import argparse
import signal
import sys
import threading
from datetime import date

from fitglue_garmin.testing.account import Account
from fitglue_garmin.testing.server import StandIn


def main(arguments: list[str] | None = None) -> int:
    """Serve a generated account until SIGTERM or SIGINT.

    Args:
        arguments: The command line without the program's name; None takes ``sys.argv``.

    Returns:
        The exit code, which is 0. A mistake in the arguments raises ``SystemExit`` with 2.
    """
    options = _parser().parse_args(arguments)
    # Ending through an event lets the server close its sockets, so the port is free at once.
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    account = Account.generate(
        options.count,
        options.seed,
        options.until,
    )
    stand_in = StandIn(
        account,
        api_key=options.key,
        port=options.port,
        latency_s=options.latency_ms / 1000,
    )
    with stand_in as server:
        # The first line of stdout is the address and nothing else, because the process that started
        # this one reads it. What a person should read goes to stderr.
        sys.stdout.write(server.url + "\n")
        sys.stdout.flush()
        sys.stderr.write(
            f"The key is {options.key}. In another terminal, run:\n"
            f"  fitglue connect garmin --base-url {server.url}\n"
        )
        sys.stderr.flush()
        stop.wait()
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="fitglue dev stand-in garmin", description=__doc__)
    add = parser.add_argument
    add(
        "--port",
        type=int,
        default=0,
        help="the port to listen on; 0, the default, picks one",
    )
    add(
        "--count",
        type=int,
        default=40,
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
        default=date(
            2026,
            11,
            20,
        ),
        help="the day of the newest workout",
    )
    add(
        "--key",
        default="GCDC_stand-in-key",
        help="the key that is accepted",
    )
    add(
        "--latency-ms",
        type=float,
        default=0,
        help="how long to wait before each response",
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
