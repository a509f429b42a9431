"""How the machine gets access to its account: with a plain key, with a key that is exchanged for
tokens, or with a permission (OAuth 2).
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import yaml

from fitglue_intervals.testing import StandIn
from fitglue_registry.registry import Folder, default_folder
from fitglue_registry.testing import Fault
from tests.faults.machine.token_accounts import KeyAccount, PermissionAccount
from tests.services.granting.club import APP, EXCHANGE, KEY, OAUTH2, REDIRECT, REFRESH

if TYPE_CHECKING:
    from fitglue_intervals.testing import Account
    from fitglue_registry import Host
    from fitglue_registry.services.connecting.storing import ConnectResult
    from fitglue_registry.testing import FakeClock

FINISHED = {"finished"}
#: What a sync says if the service does not work, or if its response is lost.
OUTAGES = {"FG-source-down", "FG-answer-broken", "FG-no-network"}


class PlainKey:
    """Access with a plain key, as Intervals.icu has it."""

    #: What a sync says when the key or the permission is no longer valid.
    rejected = "FG-key-rejected"
    #: What is said when it is wrong from the beginning.
    refused = "FG-key-rejected"
    #: The folder of the entries with this scheme; ``None``: those of the program.
    registry: str | None = None
    #: What no store, event or message may contain: name → value.
    hidden: ClassVar[dict[str, str]] = {"key": "K3y-of/the+machine"}

    def __init__(self, account: Account, clock: FakeClock, folder: Path) -> None:
        self.service: Any = StandIn(account, api_key=self.new_key(0)).start()
        self.key: str | None = None  # the key of the connection

    def new_key(self, number: int) -> str:
        """Return a key that was not used before."""
        return f"{self.hidden['key']}-{number}"

    def options(self) -> dict[str, Any]:
        """Return the options of a host for this access."""
        return {}

    def is_good(self) -> bool:
        """Return whether the connection need not be connected again."""
        return self.key is not None and self.key == self.service.api_key

    def connect(self, host: Host, number: int) -> ConnectResult:
        """Connect with what the service accepts; ``number`` makes a new key unique."""
        if self.service.api_key is None:
            self.service.set_key(self.new_key(number))
        self.key = self.service.api_key
        return host.connect("intervals", {"api_key": self.key, "base_url": self.service.url})

    def connect_wrongly(self, host: Host) -> None:
        """Connect with what the service does not accept."""
        host.connect("intervals", {"api_key": "wrong", "base_url": self.service.url})

    def revoke(self, number: int, *, renewed: bool) -> None:
        """Revoke the key, or replace it by another one."""
        if renewed:
            self.service.set_key(self.new_key(number))
        else:
            self.service.revoke_key()

    def outcomes(self, host: Host) -> set[str]:
        """Return how a sync may end now: ``finished``, or the code of an error."""
        return FINISHED if self.is_good() else {self.rejected}

    def data_requests(self) -> list[Any]:
        """Return the requests for data, without those for tokens."""
        return self.service.requests

    def assert_held(self, host: Host) -> None:
        """Assert that the store has what the service accepts."""

    def before_kill(self) -> None:
        """Note what the service has issued before a process that may be killed."""

    def after_kill(self, host: Host) -> None:
        """Note what the service has forgotten while nobody received its response."""

    def assert_taken_back(self, removed: Any, kept: dict[str, str]) -> None:
        """Assert what the service was told when the connection with these values was removed."""
        assert removed.revoked is None


class ExchangedKey(PlainKey):
    """Access with a key that is exchanged for tokens, which end after a day."""

    auth = EXCHANGE
    hidden: ClassVar[dict[str, str]] = {"key": KEY, "token": "S1gnature-of-token"}

    def __init__(self, account: Account, clock: FakeClock, folder: Path) -> None:
        self.registry = str(write_registry(folder / "registry", self.auth))
        self.service = self.new_service(account, clock)
        self.clock = clock
        self.key = None
        #: What makes the responses with tokens fail: a status, ``lost``, or nothing.
        self.failure: int | str | None = None

    def new_service(self, account: Account, clock: FakeClock) -> KeyAccount:
        """Return the running service."""
        service = KeyAccount(account, clock.now)
        service.keys = {self.new_key(0)}
        return service.start()

    def options(self) -> dict[str, Any]:
        """Return the options of a host: the entries with this scheme."""
        return {"folders": [Folder(Path(self.registry or ""))]}

    def is_good(self) -> bool:
        """Return whether the service accepts the key of the connection."""
        return self.key in self.service.keys

    def connect(self, host: Host, number: int) -> ConnectResult:
        """Connect with a key, while the service works."""
        self.fail(None)
        if not self.service.keys:
            self.service.keys = {self.new_key(number)}
        [self.key] = self.service.keys
        return host.connect("intervals", {"api_key": self.key, "base_url": self.service.url})

    def connect_wrongly(self, host: Host) -> None:
        """Connect with a key that is not valid, while the service works."""
        self.fail(None)
        super().connect_wrongly(host)

    def revoke(self, number: int, *, renewed: bool) -> None:
        """End the key and its tokens, and make another one or none."""
        self.service.keys = {self.new_key(number)} if renewed else set()
        self.service.tokens.clear()

    def fail(self, failure: int | str | None) -> None:
        """Let what issues tokens fail from now on: with a status, or with ``lost`` responses."""
        self.failure = failure
        self.service.failure = failure
        self.service.clear_faults()
        if failure == "lost":
            self.service.fault(self.service.token_path, Fault.reset(), times=None)

    def stored(self, host: Host) -> dict[str, str]:
        """Return the values of the only secret."""
        [connected] = host.connections.list()
        return host.workspace.secrets.get(connected.secret_ref or "")

    def outcomes(self, host: Host) -> set[str]:
        """Return how a sync may end now: ``finished``, or the code of an error."""
        stored, now = self.stored(host), self.clock.now()
        ends = self.service.tokens.get(stored["access-token"])
        if stored["token-renew-at"] > now.isoformat() and ends is not None and ends > now:
            return FINISHED
        if self.failure is not None:
            return OUTAGES
        return FINISHED if self.is_good() else {self.rejected}

    def data_requests(self) -> list[Any]:
        """Return the requests for data, without those for tokens."""
        path = self.service.token_path
        return [request for request in self.service.requests if request.path != path]

    def assert_held(self, host: Host) -> None:
        """Assert that the store has the key that was entered."""
        assert self.stored(host)["api_key"] == self.key, "the key is lost"


class Permission(ExchangedKey):
    """Access with a permission (OAuth 2), whose refresh tokens the service replaces."""

    auth = OAUTH2
    rejected = "FG-permission-ended"
    refused = "FG-permission-denied"
    hidden: ClassVar[dict[str, str]] = {
        "app": APP.client_secret,
        "token": "S1gnature-of-token",
        "refresh token": REFRESH,
        "code": "C0de-of-the-club",
    }

    def new_service(self, account: Account, clock: FakeClock) -> PermissionAccount:
        """Return the running service."""
        return PermissionAccount(account, clock.now).start()

    def is_good(self) -> bool:
        """Return whether the service accepts the permission of the connection."""
        return self.key is not None and not self.service.has_forgotten

    def connect(self, host: Host, number: int) -> ConnectResult:
        """Give the permission, while the service works."""
        self.fail(None)
        self.service.has_forgotten = False
        self.key = "given"
        return host.connections.finish_connect(self.service.allow(self._begun(host)))

    def connect_wrongly(self, host: Host) -> None:
        """Refuse the permission, while the service works."""
        self.fail(None)
        address = self._begun(host)
        self.service.says_no = True
        try:
            host.connections.finish_connect(self.service.allow(address))
        finally:
            self.service.says_no = False

    def _begun(self, host: Host) -> str:
        values = {"base_url": self.service.url}
        connections = host.connections
        app = None if connections.permission_of("intervals", values).knows_app else APP
        return connections.begin_connect("intervals", values, REDIRECT, app=app).address

    def revoke(self, number: int, *, renewed: bool) -> None:
        """Take the permission back at the service."""
        self.service.take_back()

    def assert_held(self, host: Host) -> None:
        """Assert that the store has the refresh token that the service accepts, unless the service
        has forgotten it.
        """
        is_accepted = self.stored(host)["refresh-token"] in self.service.refresh_tokens
        assert is_accepted != self.service.has_forgotten, "the permission is lost"

    def before_kill(self) -> None:
        """Note how many tokens the service has issued."""
        self.issued = self.service.issued

    def after_kill(self, host: Host) -> None:
        """Note that the permission is forgotten if the process was killed between the response with
        the new refresh token and its storage, of which the store must have a trace.
        """
        stored = self.stored(host)
        is_accepted = stored["refresh-token"] in self.service.refresh_tokens
        if self.service.rotates and self.service.issued > self.issued and not is_accepted:
            assert any("began" in name for name in stored), "nothing tells that a renewal began"
            self.service.has_forgotten = True

    def assert_taken_back(self, removed: Any, kept: dict[str, str]) -> None:
        """Assert that the service was told that the permission ends."""
        assert removed.revoked, removed
        assert self.service.revoked[-1:] == [kept["refresh-token"]]


def write_registry(folder: Path, auth: str) -> Path:
    """Write the entries of Intervals.icu with another scheme to a folder, and return it."""
    shutil.copytree(default_folder(), folder)
    path = folder / "integrations" / "intervals.yaml"
    entry = yaml.safe_load(path.read_text())
    entry["http"]["auth"] = yaml.safe_load(auth)
    if "api_key" not in auth:
        del entry["credentials"]
    path.write_text(yaml.safe_dump(entry, allow_unicode=True))
    return folder
