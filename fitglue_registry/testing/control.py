"""Commands for a service while it runs, which another process sends under ``/_stand_in/``.

``POST /_stand_in/NAME`` takes the arguments of a command as a JSON object and answers its result;
``GET`` reads and ``DELETE`` clears what has that name. None of them is logged.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from fitglue_registry.testing.messages import Response, error_response, json_response

if TYPE_CHECKING:
    from fitglue_registry.testing.messages import Request

PREFIX = "/_stand_in/"

Command = Callable[..., Any]


class Commands:
    """The commands of a service by method and name."""

    def __init__(self) -> None:
        self._commands: dict[tuple[str, str], Command] = {}

    def add(
        self,
        method: str,
        name: str,
        command: Command,
    ) -> None:
        """Add a command; it is called with the arguments of the JSON object by name."""
        self._commands[method, name] = command

    def respond(self, request: Request) -> Response:
        """Carry out a command; a mistake in it is answered with 400 and what was wrong."""
        name = request.path.removeprefix(PREFIX)
        command = self._commands.get((request.method, name))
        if command is None:
            names = ", ".join(name for method, name in self._commands if method == "POST")
            text = f"no such command: {request.method} {name}; POST one of {names}"
            return error_response(404, text)
        try:
            result = command(**json.loads(request.body or b"{}"))
        except (ValueError, TypeError, KeyError) as problem:
            return error_response(400, f"{type(problem).__name__}: {problem}")
        if request.method == "GET":
            return json_response(result)
        return json_response({"result": result})
