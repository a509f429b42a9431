"""A service of running clubs that issues tokens, its entries, and its plugin, as an author would
write them: without a line about authentication.
"""

from __future__ import annotations

import base64
import json
import types
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from fitglue_registry import Host, Policy, hookimpl
from fitglue_registry.model import Completeness, SourceActivity
from fitglue_registry.plugin_api import Account, Listing
from fitglue_registry.plugins import Plugins
from fitglue_registry.registry import Folder
from fitglue_registry.testing import LoopbackService, json_response
from fitglue_registry.testing.messages import Response
from tests.faults.plugins.sources import Point

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from fitglue_registry.testing.messages import Request

KEY = "GCDC_pl4nted+Club-key/77"
INTEGRATION = """\
schema: 1
kind: integration
id: club
name: Club
summary: A service of running clubs.
plugin: fitglue-club
tier: hobbyist
credentials:
  - {{name: api_key, label: Key, secret: true}}
settings:
  - {{name: base_url, label: Address, required: false}}
http:
  base_url: https://api.club.example/v1
  retries: 0
  auth:
{auth}
hooks: [fitglue_connect]
"""
SOURCE = """\
schema: 1
kind: source
id: club
name: Club
summary: Runs of a club.
plugin: fitglue-club
tier: hobbyist
dependencies: [integration/club]
hooks: [fitglue_connect, fitglue_list, fitglue_normalize]
"""
EXCHANGE = """\
    scheme: exchange
    secret: api_key
    exchange: {url: "https://login.club.example/token", prefix: "ApiKey "}
"""


class Club(LoopbackService):
    """The service. It issues tokens for keys, and has three runs.

    Args:
        now: Returns the current time.
    """

    name = "club"

    def __init__(self, now: Callable[[], datetime]) -> None:
        super().__init__()
        self.now = now
        self.keys = {KEY}
        self.lifetime = timedelta(hours=24)
        self.tokens: dict[str, datetime] = {}  # token → when it ends
        self.issued = 0
        self.asked: list[Request] = []  # the requests for tokens
        self.answer: Callable[[str, timedelta], Response] = as_json
        self.route("/token", self._token, method="POST")
        self.route("/v1/me", self._me)
        self.route("/v1/runs", self._runs)

    @property
    def exchanges(self) -> int:
        """How many tokens were requested."""
        return len(self.asked)

    def issue(self) -> str:
        """Return a new token."""
        self.issued += 1
        token = jwt(self.issued, self.now() + self.lifetime)
        self.tokens[token] = self.now() + self.lifetime
        return token

    def key_of(self, request: Request) -> str | None:
        """Return the key in a request for a token."""
        scheme, _, key = request.header("authorization").partition(" ")
        return key if scheme == "ApiKey" else None

    def _token(self, request: Request) -> Response:
        self.asked.append(request)
        if self.key_of(request) not in self.keys:
            return json_response({"message": "this key is not valid"}, 401)
        return self.answer(self.issue(), self.lifetime)

    def _me(self, request: Request) -> Response:
        return self._guarded(request, {"id": 7, "name": "Ada"})

    def _runs(self, request: Request) -> Response:
        return self._guarded(request, [{"id": 1}, {"id": 2}, {"id": 3}])

    def _guarded(self, request: Request, value: Any) -> Response:
        scheme, _, token = request.header("authorization").partition(" ")
        ends = self.tokens.get(token)
        if scheme != "Bearer" or ends is None or ends <= self.now():
            return json_response({"message": "the token is not valid"}, 401)
        return json_response(value)


def as_json(token: str, lifetime: timedelta) -> Response:
    """Return the response of most services."""
    return json_response({"access_token": token, "expires_in": int(lifetime.total_seconds())})


def as_text(token: str, lifetime: timedelta) -> Response:
    """Return the token alone, as text."""
    return Response(200, token.encode(), content_type="text/plain")


def jwt(number: int, ends: datetime) -> str:
    """Return a JSON Web Token without a valid signature."""
    parts = [{"alg": "HS256"}, {"jti": number, "exp": int(ends.timestamp())}]
    coded = [base64.urlsafe_b64encode(json.dumps(part).encode()).decode() for part in parts]
    return ".".join([*(part.rstrip("=") for part in coded), f"S1gnature-of-token-{number}"])


def plugin() -> types.ModuleType:
    """Return the plugin of the service."""

    def fitglue_connect(connection):
        me = connection.http.get("me").json()
        return Account(str(me["id"]), me["name"])

    def fitglue_list(connection, window):
        for row in connection.http.get("runs").json():
            yield Listing(str(row["id"]), json.dumps(row).encode())

    def fitglue_normalize(record):
        start = datetime(2026, 5, int(record.external_id), 7)  # noqa: DTZ001 - a local time
        summary = Completeness(("summary",))
        return [SourceActivity("Run", "Run", start, elapsed_s=60, completeness=summary)]

    module = types.ModuleType("club")
    module.FITGLUE_HOOK_API = 1
    for function in (fitglue_connect, fitglue_list, fitglue_normalize):
        setattr(module, function.__name__, hookimpl(specname=function.__name__)(function))
    return module


def make_registry(folder: Path, auth: str = EXCHANGE) -> Path:
    """Write the entries to a registry folder, and return it."""
    for kind, text in (("integrations", INTEGRATION.format(auth=auth)), ("sources", SOURCE)):
        (folder / kind).mkdir(parents=True, exist_ok=True)
        (folder / kind / "club.yaml").write_text(text)
    (folder / "tiers.yaml").write_text("schema: 1\ntiers:\n  - {id: hobbyist, name: Hobbyist}\n")
    return folder


def host_of(home: Path, registry: Path, **differs: Any) -> Host:
    """Return a host with the plugin and the entries of the service."""
    plugins = Plugins([Point("fitglue-club", plugin())], time_limit_s=20)
    options = {"policy": Policy.personal()} | differs
    return Host(home, plugins=plugins, folders=[Folder(registry)], **options)
