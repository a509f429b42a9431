"""What an athlete of a server cannot do: request its network, read its files, use it up."""

from __future__ import annotations

import dataclasses
import io

import msgspec
import pytest

from fitglue_registry import Policy, Quotas
from fitglue_registry.errors import ConnectionStopped, RecordRefused, UserMistake
from fitglue_registry.services.permissions import Permissions, path_not_allowed
from fitglue_registry.sync.events import SyncStopped
from tests.sync.builders import finished, stopped
from tests.sync.reading import readers

CLOSED = Policy()


@pytest.fixture
def secret_file(tmp_path):
    """Return a file that the server can read and no athlete may."""
    path = tmp_path / "secret.gpx"
    path.write_text("<gpx/>")
    return path


@pytest.mark.parametrize(
    "base_url",
    [
        "{trap}",
        "{trap}/admin",
        "https://10.0.0.7",
        "https://metadata.example",
        "http://localhost:1",
    ],
)
def test_an_athlete_cannot_name_the_address_of_a_service(open_host, trap, base_url, reliability):
    """A base URL of an athlete is refused before anything is requested or stored."""
    host = open_host()
    values = {"api_key": trap.api_key, "base_url": base_url.format(trap=trap.url)}
    with pytest.raises(UserMistake) as caught:
        host.connect("intervals", values, athlete="eve")
    assert caught.value.code == "FG-setting-not-allowed"
    assert trap.requests == []
    assert host.connections.list("eve") == []
    reliability("athletes", "a base URL inside the network", lost=0, seen="FG-setting-not-allowed")


def test_an_athlete_may_repeat_the_address_of_the_entry(open_host):
    """The address of the entry itself is accepted, and then checked like every other address."""
    host = open_host()
    entry = host.entries.get("integration", "intervals")
    source = host.entries.get("source", "intervals")
    permissions = Permissions(CLOSED, entry, source)
    permissions.check_settings({"base_url": "https://intervals.icu/"})
    permissions.check_settings({"base_url": "", "api_key": "a-key"})
    with pytest.raises(UserMistake, match="FG-setting-not-allowed"):
        permissions.check_settings({"base_url": "https://intervals.icu.evil.example/"})


def test_the_address_of_the_operator_is_used_and_not_shown(open_host, operated, service, trap):
    """A connection uses the address in the policy of its operator, which no athlete gets to see or
    can replace.
    """
    host = open_host(operated)
    host.connect("intervals", {"api_key": service.api_key}, athlete="ada")
    [connection] = host.connections.list("ada")
    assert "base_url" not in connection.settings
    assert list(host.sync(athlete="ada"))[-1].counts["new"] > 0
    with pytest.raises(UserMistake, match="FG-setting-not-allowed"):
        host.connect("intervals", {"api_key": service.api_key, "base_url": trap.url}, "ada")
    assert trap.requests == []


def test_a_setting_that_the_operator_mistyped_is_reported(open_host, service):
    """A name in the policy that the entry does not have is an error and not ignored, because
    requests would otherwise go to another address.
    """
    host = open_host(Policy(settings={"intervals": {"base_ulr": service.url}}))
    with pytest.raises(UserMistake) as caught:
        host.connect("intervals", {"api_key": service.api_key})
    assert (caught.value.code, "Policy" in caught.value.fix) == ("FG-setting-unknown", True)
    assert service.requests == []


def test_an_address_that_the_operator_changes_holds_for_existing_connections(
    open_host, operated, service, trap
):
    """A change of the operator's address takes effect without connecting again."""
    open_host(operated).connect("intervals", {"api_key": service.api_key})
    moved = dataclasses.replace(operated, settings={"intervals": {"base_url": trap.url}})
    service.clear_requests()
    list(open_host(moved).sync())
    assert service.requests == []


def test_the_policy_checks_addresses_of_operators_too(open_host, service):
    """An address of the operator that is not public is requested only if its network is allowed."""
    policy = Policy(settings={"intervals": {"base_url": service.url}})
    with pytest.raises(ConnectionStopped, match="FG-address-refused"):
        open_host(policy).connect("intervals", {"api_key": service.api_key})
    assert service.requests == []


def test_a_connection_of_an_older_policy_stops_at_an_address_inside(
    open_host, operated, trap, reliability
):
    """A stored address that only the operator may set stops the connection before a request: in a
    sync, in a check, and when its key is renewed.
    """
    open_host(Policy.personal()).connect(
        "intervals", {"api_key": trap.api_key, "base_url": trap.url}
    )
    trap.clear_requests()
    host = open_host()
    error = stopped(host)
    assert error.code == "FG-connection-not-allowed"
    assert trap.url not in str(error.as_dict())
    with pytest.raises(ConnectionStopped, match="FG-connection-not-allowed"):
        host.connections.probe("intervals")
    assert host.connections.kept_settings("intervals").get("base_url") is None
    assert trap.requests == []
    # The operator's address takes the place of the stored one.
    list(open_host(operated).sync())
    assert trap.requests == []
    reliability(
        "athletes",
        "a stored base URL inside the network",
        times=3,
        lost=len(trap.requests),
        seen="FG-connection-not-allowed",
    )


def test_an_athlete_cannot_name_a_path(open_host, secret_file, reliability):
    """No path of the server can be connected, recognized, imported, rehearsed, watched, normalized
    or matched, and the error says how to pass content instead.
    """
    path = str(secret_file)
    [recognized] = open_host(Policy.personal()).imports.recognize([path]).found
    host = open_host()
    attempts = [
        lambda: host.connect("files", {"paths": path}, "eve"),
        lambda: host.connect("strava-archive", {"paths": path}, "eve"),
        lambda: host.imports.recognize([path]),
        lambda: list(host.import_paths([path], "eve")),
        lambda: list(host.imports.rehearse(recognized, "eve")),
        lambda: list(host.imports.watch(athlete="eve")),
        lambda: host.imports.normalize_saved("files", path),
        lambda: host.imports.normalize_saved("files", secret_file),
        lambda: host.imports.normalize_saved("intervals", io.BytesIO(b"[]"), path),
        lambda: host.imports.match_offline(path, secret_file.with_name("predictions.csv")),
    ]
    for attempt in attempts:
        with pytest.raises(UserMistake) as caught:
            attempt()
        assert caught.value.code == "FG-path-not-allowed"
        assert "add_bytes(name, content)" in caught.value.fix
    assert host.connections.list("eve") == []
    reliability(
        "athletes", "a path of the server", times=len(attempts), lost=0, seen="FG-path-not-allowed"
    )


@pytest.mark.parametrize("name", ["secret.gpx", "missing.gpx", ".", "secret.gpx/inside"])
def test_a_refused_path_does_not_show_what_exists(open_host, secret_file, name):
    """An existing file, a missing one and a folder are refused with the same error."""
    imports = open_host().imports
    path = secret_file.parent / name
    errors = []
    for attempt in (
        lambda: imports.recognize([path]),
        lambda: imports.normalize_saved("files", path),
        lambda: imports.match_offline(path, path),
    ):
        with pytest.raises(UserMistake) as caught:
            attempt()
        errors.append(caught.value.as_dict())
    assert errors == [path_not_allowed().as_dict()] * 3
    assert secret_file.read_text() == "<gpx/>"


def test_content_is_normalized_under_a_closed_policy(open_host):
    """A payload that is passed as content or as a stream is read, because it names no path."""
    imports = open_host().imports
    with pytest.raises(RecordRefused, match="FG-not-an-activity"):
        imports.normalize_saved("intervals", io.BytesIO(b"[]"))
    with pytest.raises(RecordRefused, match="FG-not-an-activity"):
        imports.normalize_offline("intervals", b"[]", "saved.json")


def test_the_recognized_paths_of_another_host_are_not_imported(open_host, secret_file):
    """A recognition that was made under another policy is not imported."""
    recognition = open_host(Policy.personal()).imports.recognize([secret_file])
    events = list(open_host().import_paths(recognition, "eve"))
    assert [type(event) for event in events] == [SyncStopped]
    assert events[0].error.code == "FG-path-not-allowed"


def test_a_connection_of_an_older_policy_does_not_read_paths(open_host, secret_file):
    """A stored path stops a sync and a check before it is read; what was read before stays."""
    before = open_host(Policy.personal())
    list(before.import_paths([secret_file]))
    host = open_host()
    assert stopped(host).code == "FG-connection-not-allowed"
    with pytest.raises(ConnectionStopped, match="FG-connection-not-allowed"):
        host.connections.probe("files")


def test_every_setting_of_a_source_of_files_counts_as_a_path(
    open_host, secret_file, tmp_path, monkeypatch
):
    """An entry that forgets to mark a setting as a path does not open the server's files."""
    monkeypatch.syspath_prepend(readers.install(tmp_path / "site"))
    host = open_host()
    with pytest.raises(UserMistake, match="FG-path-not-allowed"):
        host.connect("reads", {"folder": str(secret_file.parent)})


def test_a_path_of_any_name_is_a_path(open_host):
    """A setting that an entry marks as a path is one, whatever its name and its source."""
    host = open_host()
    entry = host.entries.get("integration", "intervals")
    [base_url] = entry.settings
    folder = msgspec.structs.replace(base_url, name="folder", path=True, pattern=None)
    entry = msgspec.structs.replace(entry, settings=(folder,))
    permissions = Permissions(CLOSED, entry, host.entries.get("source", "intervals"))
    with pytest.raises(UserMistake, match="FG-path-not-allowed"):
        permissions.check_settings({"folder": "/etc"})


def test_only_the_integrations_of_the_policy_can_be_connected(open_host, operated, service):
    """An integration that the operator does not allow is refused, and shown as not available."""
    policy = dataclasses.replace(operated, integrations={"files"})
    host = open_host(policy)
    with pytest.raises(UserMistake) as caught:
        host.connect("intervals", {"api_key": service.api_key})
    assert caught.value.code == "FG-integration-not-allowed"
    assert "files" in caught.value.why
    available = host.entries.availability("source", "intervals")
    assert (available.state, available.code) == ("not-allowed", "FG-integration-not-allowed")
    assert service.requests == []


def test_a_connection_to_an_integration_that_is_no_longer_allowed_stops(
    open_host, operated, service
):
    """A stored connection stops if its integration is no longer allowed, and its workouts stay."""
    host = open_host(operated)
    host.connect("intervals", {"api_key": service.api_key})
    finished(host)
    service.clear_requests()
    later = open_host(dataclasses.replace(operated, integrations=frozenset()))
    assert stopped(later).code == "FG-connection-not-allowed"
    assert len(later.activities()) == len(host.activities()) > 0
    assert service.requests == []


def test_an_athlete_has_no_more_connections_than_the_quota(open_host, operated, service):
    """One connection too many is refused; renewing one is not, and other athletes have their own
    quota.
    """
    host = open_host(dataclasses.replace(operated, quotas=Quotas(connections=1)))
    other = {"api_key": service.api_key, "athlete_id": "i2"}
    host.connect("intervals", {"api_key": service.api_key}, "ada")
    assert host.connect("intervals", {"api_key": service.api_key}, "ada").renewed
    host.connect("intervals", {"api_key": service.api_key}, "bob")
    service.account.athlete_id = "i2"
    with pytest.raises(UserMistake) as caught:
        host.connect("intervals", other, "ada")
    assert caught.value.code == "FG-too-many-connections"
    assert len(host.connections.list("ada")) == 1


def test_a_test_can_count_requests_to_this_machine(open_host, operated, service):
    """With ``budget_on_loopback``, requests to this machine count against the budget of the entry,
    which they otherwise do not.
    """
    host = open_host(operated)
    host.connect("intervals", {"api_key": service.api_key})
    assert not (host.home / "budget").exists()
    counted = open_host(dataclasses.replace(operated, budget_on_loopback=True))
    counted.connections.probe("intervals")
    assert list((host.home / "budget").glob("*.json"))
