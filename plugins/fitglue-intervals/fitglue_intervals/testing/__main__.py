"""The stand-in as a command, for a demonstration or another process: prints its address and serves
until it is stopped.
"""

from __future__ import annotations

import argparse
import json
import signal
import sys
import threading
from contextlib import ExitStack
from datetime import date
from pathlib import Path

from fitglue_intervals.testing.account import Account
from fitglue_intervals.testing.bodies import Bodies
from fitglue_intervals.testing.history import History
from fitglue_intervals.testing.server import StandIn


def main(arguments: list[str] | None = None) -> int:
    """Serve an account made up or read from a file until SIGTERM or SIGINT; the first line on
    stdout is the address.
    """
    parser = _parser()
    options = parser.parse_args(arguments)
    try:
        account = _account(options)
    except (OSError, ValueError) as error:
        parser.error(f"argument --rows: {options.rows} cannot be served: {error}")
    if options.warm:
        Bodies(account).warm()

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
        sys.stdout.write(server.url + "\n")
        sys.stdout.flush()
        sys.stderr.write(
            f"Its key is {options.key}. In another terminal:\n"
            f"  fitglue connect intervals --base-url {server.url}\n"
        )
        sys.stderr.flush()
        stop.wait()
    return 0


def _account(options: argparse.Namespace) -> Account:
    if options.rows:
        return Account.from_rows(json.loads(options.rows.read_text(encoding="utf-8")))
    history = History(
        options.count,
        options.seed,
        options.until,
        distinct_streams=options.distinct_streams or None,
        crowd=options.crowd,
    )
    return Account.of(history)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m fitglue_intervals.testing", description=__doc__
    )
    add = parser.add_argument
    add("--port", type=int, default=0, help="0, the default, takes a free one")
    add(
        "--count",
        type=int,
        default=120,
        help="how many activities to make up",
    )
    add(
        "--seed",
        type=int,
        default=1,
        help="another seed makes up another athlete",
    )
    add(
        "--until",
        type=date.fromisoformat,
        default=date(2026, 11, 20),
        help="the day of the newest activity",
    )
    add(
        "--distinct-streams",
        type=int,
        default=12,
        help="different recordings for each sport, 0: all different",
    )
    add(
        "--crowd",
        type=int,
        default=1,
        help="a day holds what so many athletes do, for a very long history",
    )
    add("--key", default="stand-in-key", help="the API key that is valid")
    add("--latency-ms", type=float, default=0, help="wait before each answer")
    add(
        "--warm",
        action="store_true",
        help="make all rows and streams before the address is printed",
    )
    add(
        "--rows",
        type=Path,
        help="serve this JSON list of activities instead, as it is",
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
