"""The control endpoints under ``/_stand_in/``: another process changes the account or sets faults
while the server runs.

``POST /_stand_in/ACTION`` takes the arguments of the method of that name as a JSON object and
answers what it returns; ``GET`` and ``DELETE /_stand_in/requests`` read and clear the log. None of
them asks for a key or is logged.
"""

from __future__ import annotations

import json
import re
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from fitglue_intervals.testing.answers import Answer, error, ok
from fitglue_intervals.testing.faults import Fault

if TYPE_CHECKING:
    from collections.abc import Callable

    from fitglue_intervals.testing.server import StandIn

PREFIX = "/_stand_in/"


def control(server: StandIn, method: str, path: str, body: bytes) -> Answer:
    """Carry out one command; a mistake in it is answered with 400 and what was wrong."""
    name = path.removeprefix(PREFIX)
    if (method, name) == ("GET", "requests"):
        return ok([asdict(request) for request in server.requests])
    if (method, name) == ("GET", "ids"):
        return ok(server.account.ids())
    action = (
        _ACTIONS.get(name)
        if method == "POST"
        else _DELETIONS.get(name)
        if method == "DELETE"
        else None
    )
    if action is None:
        return error(404, f"no such command: {method} {name}; POST one of {', '.join(_ACTIONS)}")
    try:
        return ok({"result": action(server, json.loads(body or b"{}"))})
    except (ValueError, TypeError, KeyError) as problem:
        return error(400, f"{type(problem).__name__}: {problem}")


def _of_account(name: str) -> Callable[[StandIn, dict[str, Any]], Any]:
    """The account's method of that name; ``id`` may stand for its first argument."""

    def action(server: StandIn, arguments: dict[str, Any]) -> Any:
        method = getattr(server.account, name)
        if name in {"edit", "edit_intervals", "replace_streams", "delete"}:
            return method(arguments.pop("id"), **arguments)
        return method(**arguments)

    return action


def _fault(server: StandIn, arguments: dict[str, Any]) -> None:
    path: str | re.Pattern[str] = (
        re.compile(arguments["regex"]) if "regex" in arguments else arguments["path"]
    )
    fault = Fault.named(arguments["kind"], arguments.get("args", {}))
    server.fault(path, fault, times=arguments.get("times", 1), after=arguments.get("after", 0))


def _latency(server: StandIn, arguments: dict[str, Any]) -> None:
    server.latency_s = float(arguments["seconds"])


def _forget(server: StandIn, arguments: dict[str, Any]) -> None:
    del arguments
    server.clear_requests()


def _behave(server: StandIn, arguments: dict[str, Any]) -> None:
    del arguments
    server.clear_faults()


_DELETIONS = {"requests": _forget, "faults": _behave}
_ACTIONS: dict[str, Callable[[StandIn, dict[str, Any]], Any]] = {
    **{
        name: _of_account(name)
        for name in (
            "edit", "edit_intervals", "replace_streams", "add", "add_row", "delete", "add_strava_stub", "make_native", "drift", "move",
            "add_keys",
        )
    },
    "fault": _fault,
    "latency": _latency,
    "revoke_key": lambda server, arguments: server.revoke_key(**arguments),
    "set_key": lambda server, arguments: server.set_key(**arguments),
}  # fmt: skip
