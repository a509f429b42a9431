"""The commands that another process sends to a running service, under the path ``/_stand_in/``.

``POST /_stand_in/NAME`` calls a command with the arguments in a JSON object and returns its result.
``GET`` reads and ``DELETE`` clears the list with that name. The log of requests omits commands.
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
    """The commands of a service, by HTTP method and name."""

    def __init__(self) -> None:
        self._commands: dict[tuple[str, str], Command] = {}

    def add(
        self,
        method: str,
        name: str,
        command: Command,
    ) -> None:
        """Add a command.

        Args:
            method: The HTTP method of the request: ``GET``, ``POST`` or ``DELETE``.
            name: The last step of the path.
            command: Called with the members of the JSON object as keyword arguments; its result
                must be a value that JSON can contain.
        """
        self._commands[method, name] = command

    def respond(self, request: Request) -> Response:
        """Run the command that a request names, and return its result as a response.

        An unknown command has status 404. Wrong arguments have status 400 and a body that explains
        what is wrong.
        """
        name = request.path.removeprefix(PREFIX)
        command = self._commands.get((request.method, name))
        if command is None:
            names = ", ".join(name for method, name in self._commands if method == "POST")
            text = f"unknown command: {request.method} {name}; use POST with one of {names}"
            return error_response(404, text)
        try:
            result = command(**json.loads(request.body or b"{}"))
        # A wrong argument must not end the service: the process that sent it has to see why.
        except (ValueError, TypeError, KeyError) as problem:
            return error_response(400, f"{type(problem).__name__}: {problem}")
        if request.method == "GET":
            return json_response(result)
        return json_response({"result": result})
