"""A service of running clubs that issues tokens, its entries, and its plugin, as an author would
write them: without a line about authentication.
"""

from __future__ import annotations

import base64
import hashlib
import json
import types
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, parse_qsl, unquote_plus, urlencode, urlsplit

from fitglue_registry import Host, Policy, hookimpl
from fitglue_registry.model import Completeness, SourceActivity
from fitglue_registry.plugin_api import Account, Listing
from fitglue_registry.plugins import Plugins
from fitglue_registry.registry import Folder
from fitglue_registry.testing import LoopbackService, json_response
from fitglue_registry.testing.messages import Response
from fitglue_registry.transport.oauth_app import App
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
{credentials}settings:
  - {{name: key_expires, label: Valid until, required: false, expires: true}}
http:
  base_url: https://api.club.example/v1
  retries: 0
  auth:
{auth}
hooks: [fitglue_connect]
"""
CREDENTIALS = """\
credentials:
  - {name: api_key, label: Key, secret: true}
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
        self.athlete = "Ada"
        self.is_open = False  # whether requests without a token are answered
        self.ever: list[str] = []  # all tokens, also those that are not valid any more
        self.asked: list[Request] = []  # the requests for tokens
        self.answer: Callable[[str, timedelta], Response] = as_json
        self.route("/token", self._token, method="POST")
        self.route("/v1/me", self._me)
        self.route("/v1/runs", self._runs)
        self.route("/v1/runs", self._runs, method="POST")

    @property
    def exchanges(self) -> int:
        """How many tokens were requested."""
        return len(self.asked)

    def issue(self) -> str:
        """Return a new token."""
        self.issued += 1
        token = jwt(self.issued, self.now() + self.lifetime)
        self.tokens[token] = self.now() + self.lifetime
        self.ever.append(token)
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
        return self._guarded(request, {"id": 7, "name": self.athlete})

    def _runs(self, request: Request) -> Response:
        return self._guarded(request, [{"id": 1}, {"id": 2}, {"id": 3}])

    def _guarded(self, request: Request, value: Any) -> Response:
        if self.is_open:
            return json_response(value)
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
        values = {"title": "Run", "sport": "Run", "start_local": start, "elapsed_s": 60.0}
        return [SourceActivity(**values, completeness=summary)]

    module = types.ModuleType("club")
    module.FITGLUE_HOOK_API = 1
    for function in (fitglue_connect, fitglue_list, fitglue_normalize):
        setattr(module, function.__name__, hookimpl(specname=function.__name__)(function))
    return module


def make_registry(folder: Path, auth: str = EXCHANGE) -> Path:
    """Write the entries to a registry folder, and return it."""
    credentials = CREDENTIALS if "api_key" in auth else ""
    integration = INTEGRATION.format(auth=auth, credentials=credentials)
    for kind, text in (("integrations", integration), ("sources", SOURCE)):
        (folder / kind).mkdir(parents=True, exist_ok=True)
        (folder / kind / "club.yaml").write_text(text)
    (folder / "tiers.yaml").write_text("schema: 1\ntiers:\n  - {id: hobbyist, name: Hobbyist}\n")
    return folder


def host_of(home: Path, registry: Path, **differs: Any) -> Host:
    """Return a host with the plugin and the entries of the service."""
    plugins = Plugins([Point("fitglue-club", plugin())], time_limit_s=20)
    options = {"policy": Policy.personal()} | differs
    return Host(home, plugins=plugins, folders=[Folder(registry)], **options)


# -- OAuth 2 ---------------------------------------------------------------------------------------

OAUTH2 = """\
    scheme: oauth2
    oauth2:
      authorize_url: https://login.club.example/authorize
      token_url: https://login.club.example/oauth/token
      revoke_url: https://login.club.example/oauth/revoke
      scopes: [profile, {name: "runs:all", without: "Private runs are missing."}]
"""
APP = App("club-app-1", "Cl13nt-secret/of+Fitglue")
REFRESH = "R3fresh-of-the-club"
REDIRECT = "http://127.0.0.1:8765/"


class OAuthClub(Club):
    """The service, which gives permissions in a browser and replaces its refresh tokens.

    Args:
        now: Returns the current time.
    """

    def __init__(self, now: Callable[[], datetime]) -> None:
        super().__init__(now)
        self.lifetime = timedelta(hours=6)
        self.ticked = {"profile", "runs:all"}  # the scopes that the athlete leaves ticked
        self.says_no = False
        self.refuses: dict[str, str] = {}  # what the browser brings in place of a code
        self.checks_id = True  # whether the page for the athlete knows the app
        self.rotates = True
        self.ends: dict[str, Any] = {}  # what the answers say about the end of the permission
        self.down: int | None = None  # the status of an outage, in which nothing is renewed
        self.codes: dict[str, dict[str, str]] = {}  # code → the request that it answers
        self.refresh_tokens: set[str] = set()  # those that are valid
        self.revoked: list[str] = []
        self.forms: list[dict[str, str]] = []  # the forms of all requests for tokens
        self.route("/authorize", self._authorize)
        self.route("/oauth/token", self._oauth_token, method="POST")
        self.route("/oauth/revoke", self._revoke, method="POST")
        self.route("/reset", self._reset, method="POST")
        self.route("/forget", self._forget, method="POST")

    def allow(self, address: str) -> str:
        """Do what a browser does, and return the address to which it is sent back."""
        query = {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
        if self.checks_id:
            assert query["client_id"] == APP.client_id
        assert query["response_type"] == "code"
        back = {"state": query["state"]}
        if self.says_no:
            back |= {"error": "access_denied"}
        elif self.refuses:
            back |= self.refuses
        else:
            code = f"C0de-of-the-club-{len(self.codes) + 1}"
            self.codes[code] = query
            back |= {"code": code}
        return f"{query['redirect_uri']}?{urlencode(back)}"

    def _authorize(self, request: Request) -> Response:
        back = self.allow(f"http://club{request.target}")
        return Response(302, b"", headers=(("Location", back),))

    def _oauth_token(self, request: Request) -> Response:
        self.asked.append(request)
        if self.down is not None:
            return json_response({"error": "server_error"}, self.down)
        form = dict(parse_qsl(request.body.decode()))
        self.forms.append(form)
        if not self._is_app(request, form):
            return json_response({"error": "invalid_client"}, 401)
        if form["grant_type"] == "authorization_code":
            return self._first(form)
        if form["refresh_token"] not in self.refresh_tokens:
            return json_response({"error": "invalid_grant"}, 400)
        if self.rotates:
            self.refresh_tokens.discard(form["refresh_token"])
        return self._tokens(refreshes=self.rotates)

    def _is_app(self, request: Request, form: dict[str, str]) -> bool:
        given = (form.get("client_id"), form.get("client_secret"))
        if request.header("authorization"):
            coded = request.header("authorization").removeprefix("Basic ")
            given = tuple(map(unquote_plus, base64.b64decode(coded).decode().split(":")))
        return given == (APP.client_id, APP.client_secret)

    def _first(self, form: dict[str, str]) -> Response:
        query = self.codes.pop(form["code"], None)
        if query is None or query["redirect_uri"] != form["redirect_uri"]:
            return json_response({"error": "invalid_grant"}, 400)
        digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).decode().rstrip("=")
        if challenge != query.get("code_challenge"):
            return json_response({"error": "invalid_grant"}, 400)
        return self._tokens(refreshes=True)

    def _tokens(self, *, refreshes: bool) -> Response:
        answer: dict[str, Any] = {"access_token": self.issue(), "token_type": "bearer"}
        answer |= {"expires_in": int(self.lifetime.total_seconds())}
        answer |= {"scope": " ".join(sorted(self.ticked))}
        answer |= self.ends
        if refreshes:
            answer["refresh_token"] = f"{REFRESH}+{self.issued}/x"
            self.refresh_tokens.add(answer["refresh_token"])
        return json_response(answer)

    def _reset(self, request: Request) -> Response:
        """Forget all tokens, and accept the first refresh token again."""
        self.tokens.clear()
        self.refresh_tokens = {f"{REFRESH}+1/x"}
        return Response(200, b"")

    def _forget(self, request: Request) -> Response:
        """Forget the tokens, and accept the newest refresh token."""
        self.tokens.clear()
        return Response(200, b"")

    def _revoke(self, request: Request) -> Response:
        form = dict(parse_qsl(request.body.decode()))
        self.revoked.append(form["token"])
        self.refresh_tokens.discard(form["token"])
        return Response(200, b"")


def app_at(club: Club) -> App:
    """Return the app as it is given for a stand-in of the service."""
    return replace(APP, base_url=f"{club.url}/v1")


def give_permission(host: Host, club: OAuthClub) -> None:
    """Connect as the command does, with an app that was entered."""
    values = {"base_url": f"{club.url}/v1"}
    address = host.connections.begin_connect("club", values, REDIRECT, app=APP).address
    host.connections.finish_connect(club.allow(address))
