"""Run a stand-in for Garmin's Personal API: print its address and serve an account until it is
stopped.
"""

from __future__ import annotations

import sys

from fitglue_garmin.testing.account import Account
from fitglue_garmin.testing.server import StandIn
from fitglue_registry.testing.command_line import serve_until_stopped, stand_in_parser

_INTEGRATION = "garmin"


def main(arguments: list[str] | None = None) -> int:
    """Serve a generated account until SIGTERM or SIGINT.

    Args:
        arguments: The command line without the program's name; None takes ``sys.argv``.

    Returns:
        The exit code, which is 0. A mistake in the arguments raises ``SystemExit`` with 2.
    """
    parser = stand_in_parser(
        _INTEGRATION,
        __doc__,
        key="GCDC_stand-in-key",
        count=40,
    )
    options = parser.parse_args(arguments)
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
    return serve_until_stopped(
        parser,
        options,
        _INTEGRATION,
        stand_in,
    )


if __name__ == "__main__":
    sys.exit(main())
