"""Records the cassettes of live sources: ``python tools/record.py [--stand-in] [SOURCE]…``.

A cassette has the requests and responses of connecting an account and of a sync of some days. With
the key of a source in the environment (such as FITGLUE_INTERVALS_API_KEY), it is recorded with the
service; with ``--stand-in``, with the stand-in of the plugin, which the file then says. Whatever is
personal is replaced before anything is written. ``tests/plugins/test_cassettes.py`` replays them.
"""

from __future__ import annotations

import argparse
import os
import re
import sys
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from http import HTTPStatus
from pathlib import Path
from threading import RLock
from typing import TYPE_CHECKING, Any
from unittest.mock import patch
from urllib.parse import urlsplit

CHECKOUT = Path(__file__).parent.parent
sys.path.insert(0, str(CHECKOUT))

import vcr  # noqa: E402
from vcr.persisters.filesystem import CassetteNotFoundError  # noqa: E402
from vcr.request import Request  # noqa: E402
from vcr.serialize import serialize  # noqa: E402
from vcr.serializers import yamlserializer  # noqa: E402
from vcr.stubs import serialize_headers  # noqa: E402

from fitglue_garmin import testing as garmin  # noqa: E402
from fitglue_intervals import testing as intervals  # noqa: E402
from fitglue_registry import FitglueError, Host, Options, Policy  # noqa: E402
from fitglue_registry.secrets.memory import MemorySecretStore  # noqa: E402
from fitglue_registry.services.events import SyncFinished, SyncStopped  # noqa: E402
from fitglue_registry.testing import FakeClock  # noqa: E402

# Before vcrpy replaces the classes of urllib3, from which the adapter is made.
from fitglue_registry.transport.request_sender import RequestSender  # noqa: E402
from tools.scrubbing import Scrubber  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from fitglue_registry import Entry

#: The moment at which the stand-ins are asked, so that a cassette does not change without a reason.
NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
DAYS = 21
_UNTIL = date(2026, 11, 20)
_WORKOUTS = 5
#: The key that the stand-ins accept while they are recorded.
STAND_IN_KEY = "GCDC_key-of-a-stand-in"
KEY = "made-up-key"
"""The key with which a cassette is replayed."""


@dataclass(frozen=True)
class Live:
    """A source that is asked over HTTP.

    Attributes:
        plugin: Its distribution.
        stand_in: Starts its stand-in with a clock.
    """

    plugin: str
    stand_in: Callable[[FakeClock], Any]

    @property
    def cassette(self) -> Path:
        """The file of its cassette."""
        name = self.plugin.removeprefix("fitglue-")
        return CHECKOUT / "plugins" / self.plugin / "tests" / "cassettes" / f"{name}.yaml"


def _intervals(_: FakeClock) -> Any:
    account = intervals.Account.generate(_WORKOUTS, until=_UNTIL, strava_stubs=1)
    return intervals.StandIn(account, api_key=STAND_IN_KEY)


def _garmin(clock: FakeClock) -> Any:
    account = garmin.Account.generate(_WORKOUTS, until=_UNTIL)
    return garmin.StandIn(account, api_key=STAND_IN_KEY, clock=clock)


LIVE = {
    "garmin": Live("fitglue-garmin", _garmin),
    "intervals": Live("fitglue-intervals", _intervals),
}


@dataclass(frozen=True)
class Recording:
    """What was recorded: requests and responses of vcrpy, and the circumstances."""

    requests: list[Any]
    responses: list[Any]
    metadata: dict[str, Any]


class _InMemory:
    """Keeps what vcrpy would write: nothing that was not scrubbed reaches the disk."""

    def __init__(self) -> None:
        self.recorded: dict[str, Any] = {"requests": [], "responses": []}

    def load_cassette(self, *_: Any, **__: Any) -> Any:
        raise CassetteNotFoundError

    def save_cassette(self, _path: Any, recorded: dict[str, Any], **_: Any) -> None:
        self.recorded = recorded


def record(source: str, *, key: str | None = None) -> str:
    """Record a source, and return its scrubbed cassette.

    Args:
        source: The id of the source.
        key: A key of the service; ``None`` records with the stand-in.

    Raises:
        FitglueError: The service cannot be connected or synced.
        ValueError: Something secret would remain.
    """
    if key is not None:
        return _record(source, {"api_key": key}, None)
    clock = FakeClock(NOON)
    with LIVE[source].stand_in(clock) as server:
        values = {"api_key": STAND_IN_KEY, "base_url": server.url}
        return _record(source, values, clock)


def _record(source: str, values: dict[str, str], clock: FakeClock | None) -> str:
    kept = _InMemory()
    recorder = vcr.VCR()
    recorder.register_persister(kept)
    with _host(clock) as host:
        now = host.workspace.clock.now()
        with (
            one_request_at_a_time(),
            recorder.use_cassette("in memory", record_mode="all"),
            patch("vcr.stubs.serialize_headers", _headers_of_decoded),
        ):
            account = sync_some_days(host, source, values, now)
        entry = host.entries.get("integration", source)
    plugin = LIVE[source].plugin
    with_whom = f"the stand-in of {plugin}" if clock else f"{entry.name} itself"
    metadata = {
        "recorded_with": with_whom,
        "recorded_at": now.isoformat(timespec="seconds"),
        "source": source,
        "plugin": plugin,
    }
    secrets = [values["api_key"], account.name or ""]
    scrubber = Scrubber(secrets, [account.id], _token_path(entry))
    recording = Recording(kept.recorded["requests"], kept.recorded["responses"], metadata)
    return _scrubbed(recording, scrubber, entry, values.get("base_url"))


@contextmanager
def one_request_at_a_time() -> Iterator[None]:
    """Let the threads of a sync send their requests one after another.

    While vcrpy sends a request, it takes its classes back, for all threads: another request of that
    moment would not be recorded.
    """
    lock = RLock()
    send = RequestSender._send

    def alone(*arguments: Any) -> Any:
        with lock:
            return send(*arguments)

    with patch.object(RequestSender, "_send", alone):
        yield


def _headers_of_decoded(response: Any) -> dict[str, list[str]]:
    """Return the headers of a response without those of its compression.

    vcrpy records the decoded body and answers with it, but keeps the header that says how to decode
    it.
    """
    kept = {}
    for name, values in serialize_headers(response).items():
        if name.lower() not in ("content-encoding", "content-length", "transfer-encoding"):
            kept[name] = values
    return kept


@contextmanager
def _host(clock: FakeClock | None) -> Iterator[Host]:
    with (
        tempfile.TemporaryDirectory() as home,
        Host(
            Path(home), secrets=MemorySecretStore(), clock=clock, policy=Policy.personal()
        ) as host,
    ):
        yield host


def sync_some_days(host: Host, source: str, values: dict[str, str], now: datetime) -> Any:
    """Connect an account and sync the last days, and return the account.

    Args:
        host: A host without this connection.
        source: The id of the source.
        values: The values to connect with.
        now: The current time.

    Raises:
        FitglueError: It cannot be connected, or the sync stopped.
    """
    result = host.connect(source, values)
    since = now.date() - timedelta(days=DAYS)
    for event in host.sync(result.connection.name, options=Options(since=since, files=True)):
        if isinstance(event, SyncStopped):
            raise event.error
        if isinstance(event, SyncFinished):
            break
    return result.account


def _token_path(entry: Entry) -> str | None:
    exchange = entry.http.auth.exchange if entry.http else None
    return urlsplit(exchange.url).path if exchange else None


def _scrubbed(
    recording: Recording,
    scrubber: Scrubber,
    entry: Entry,
    base_url: str | None,
) -> str:
    """Return a recording as a cassette of the service's own address."""
    assert entry.http is not None
    requests = []
    responses = []
    for request, response in _in_order(recording):
        uri = request.uri.replace(base_url, entry.http.base_url, 1) if base_url else request.uri
        path = urlsplit(uri).path
        # The headers of a request have the key or a token. Requests are recognized without them.
        requests.append(Request(request.method, scrubber.uri(uri), None, {}))
        code = response["status"]["code"]
        body = scrubber.body(path, response["headers"], response["body"]["string"])
        responses.append(
            {
                "status": {"code": code, "message": HTTPStatus(code).phrase},
                "headers": scrubber.headers(response["headers"]),
                "body": {"string": body},
            }
        )
    content = {"requests": requests, "responses": responses, "metadata": recording.metadata}
    text = _heading(recording.metadata) + serialize(content, yamlserializer)
    leaked = scrubber.leaks(text)
    if leaked:
        raise ValueError(f"{len(leaked)} secrets would remain in the cassette; nothing was written")
    return text


def _in_order(recording: Recording) -> list[tuple[Any, Any]]:
    """Return the requests with their responses in an order that is the same in each recording.

    Kinds of requests follow each other as they did, but of one kind, several threads send requests
    in an order that changes each time.
    """
    recorded = list(zip(recording.requests, recording.responses, strict=True))
    kinds: dict[str, int] = {}
    for request, _ in recorded:
        kinds.setdefault(_kind_of(request), len(kinds))
    return sorted(recorded, key=lambda pair: (kinds[_kind_of(pair[0])], pair[0].uri))


def _kind_of(request: Any) -> str:
    return re.sub(r"[0-9]+", "0", urlsplit(request.uri).path)


def _heading(metadata: dict[str, Any]) -> str:
    return (
        f"# Recorded with {metadata['recorded_with']} by `make record`.\n"
        "# Keys, tokens, names, texts, ids, coordinates and files are made up, and streams are\n"
        "# cut. The exact times, time zones and measurements of the workouts stay: somebody who\n"
        "# knows one of them recognizes it.\n"
        "# To replay it: pytest tests/plugins/test_cassettes.py\n"
    )


def main(arguments: list[str]) -> int:
    """Record the sources that the arguments name, and return the exit code."""
    parser = argparse.ArgumentParser(prog="tools/record.py", description=__doc__)
    parser.add_argument("--stand-in", action="store_true", help="ask the stand-ins")
    parser.add_argument("source", nargs="*", choices=[*LIVE, []], help="default: all")
    options = parser.parse_args(arguments)
    failed = 0
    for source in options.source or LIVE:
        variable = f"FITGLUE_{source}_API_KEY".upper()
        key = None if options.stand_in else os.environ.get(variable, "").strip() or None
        if key is None and not options.stand_in:
            print(f"{source}: left as it is; to record it with the service, set {variable}")
            continue
        try:
            text = record(source, key=key)
        except (FitglueError, ValueError) as error:
            print(f"{source}: {error}", file=sys.stderr)
            failed = 1
            continue
        cassette = LIVE[source].cassette
        cassette.parent.mkdir(exist_ok=True)
        cassette.write_text(text, encoding="utf-8")
        print(f"{source}: written {cassette.relative_to(CHECKOUT)}, {len(text):,} characters")
    return failed


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
