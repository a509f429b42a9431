"""Tests that plant secrets wherever one can enter, run every command against every fault at every
log level, and search for the secrets in all output and storage.
"""

from __future__ import annotations

import base64
import html
import io
import json
import logging
import sys
from dataclasses import replace
from urllib.parse import quote

import click
import pytest

from fitglue_registry import Host, Policy
from fitglue_registry.cli.app import COMMANDS, root, run
from fitglue_registry.errors import FitglueError
from fitglue_registry.sync.events import SyncStopped
from fitglue_registry.testing import Fault
from tests.faults.secrets.conftest import KEY
from tests.faults.secrets.searching import Search

PLANTED = {
    "key": KEY,
    "key in the environment": "Env-Pl4nted/key+9",
    "password of the database": "Db-Pl4nted-pass-1",
    "password of the proxy": "Pr0xy-Pl4nted-pass-2",
    "password of a .netrc": "Netrc-Pl4nted-pass-3",
    "password in an address": "Url-Pl4nted-pass-4",
}
TOKEN = base64.b64encode(f"API_KEY:{KEY}".encode()).decode()

#: Every command with the arguments to call it with. A test compares the table with the existing
#: commands.
CALLS: dict[str, list[list[str]]] = {
    "": [[], ["--version"], ["--help"]],
    "connect": [
        ["intervals", "--key-stdin"],
        ["intervals"],
        ["intervals", "--set", f"api_key={KEY}"],
        ["intervals", KEY],
        ["intervals", "--set", KEY],
        ["intervals", "/tmp", KEY],
        ["intervals", "--set", f"athlete_id={KEY}", "--key-stdin"],
        [
            "intervals",
            "--key-stdin",
            "--base-url",
            f"https://me:{PLANTED['password in an address']}@example.org",
        ],
        [
            "intervals",
            "--key-stdin",
            "--base-url",
            f"https://example.org?key={PLANTED['password in an address']}",
        ],
        [
            "intervals",
            "--key-stdin",
            "--set",
            f"base_url=http://me:{PLANTED['password in an address']}@127.0.0.1:1",
        ],
    ],
    "connections": [[]],
    "connections list": [[]],
    "connections check": [[]],
    "connections set": [["intervals", "files=yes"], ["intervals", "files="], ["intervals", "x"]],
    "connections rekey": [[], ["--to", "keyring"], ["--to", "file"]],
    "sync": [["--full"], ["--dry-run"], ["nobody"]],
    "activities": [[]],
    "activities edit": [
        ["last", "--title", "x"],
        ["last", "--set", "titel=x"],
        ["last", "--from", "title=nobody"],
    ],
    "show": [["last"], ["last", "--streams"], ["nothing"]],
    "why": [["last"], ["2026-05-01"]],
    "duplicates": [[]],
    "duplicates merge": [["last", "nothing"], ["last"]],
    "duplicates different": [["last", "nothing"]],
    "duplicates split": [["last"], ["last", "nobody"]],
    "duplicates undo": [[], ["7"]],
    "duplicates history": [[]],
    "export": [[], ["last"]],
    "sql": [
        [],
        ["--path"],
        ["select * from runs"],
        ["select * from activities"],
        ["drop table fg_connections"],
    ],
    "import": [["{home}/saved.json"], ["{home}/nothing"]],
    "watch": [["intervals"]],
    "rebuild": [[]],
    "quarantine": [[]],
    "quarantine list": [[]],
    "quarantine show": [["i1"]],
    "quarantine retry": [[]],
    "backup": [[]],
    "backup make": [["backups"], ["backups", "--with-secrets"]],
    "backup verify": [["backups/nothing.zip"]],
    "backup restore": [["backups/nothing.zip"]],
    "settings": [[]],
    "settings timezone": [[], ["Europe/Zurich"], ["nowhere"], ["--unset"]],
    "settings ftp": [[], ["250"], ["much"]],
    "settings lthr": [[], ["170"]],
    "settings max-hr": [[], ["190"]],
    "settings rest-hr": [[], ["50"]],
    "settings sex": [[], ["female"], ["unknown"]],
    "load": [[]],
    "pipeline": [[]],
    "pipeline new": [
        ["--no-input"],
        ["--no-input", "--name", "disk", "--to", "folder", "--set", "path={home}/sent"],
        ["--no-input", "--to", "intervals", "--set", f"api_key={KEY}"],
    ],
    "pipeline list": [[]],
    "pipeline show": [["disk"], ["nothing"]],
    "pipeline check": [["{home}/saved.json"], ["{home}/nothing"]],
    "pipeline apply": [["{home}/saved.json"]],
    "pipeline run": [[], ["disk"], ["disk", "--since", "2026-01-01", "--dry-run"]],
    "pipeline runs": [["disk"]],
    "pipeline pause": [["disk"]],
    "pipeline resume": [["disk"]],
    "deliveries": [[]],
    "deliveries list": [[]],
    "deliveries show": [["1"]],
    "deliveries resolve": [["1", "--arrived"]],
    "deliveries retry": [["1"]],
    "deliveries withdraw": [["1"]],
    "pipeline delete": [["disk"], ["disk", "--yes"]],
    "doctor": [[], ["--offline"], ["--deep"]],
    "registry": [[]],
    "registry list": [[]],
    "registry show": [["intervals"]],
    "registry check": [[]],
    "registry help-article": [["source/intervals"]],
    "plugin": [[]],
    "plugin list": [[]],
    "plugin check": [["fitglue-intervals"]],
    "plugin install": [[f"https://me:{PLANTED['password in an address']}@127.0.0.1:1/x.whl"]],
    "dev": [[]],
    "dev normalize": [["intervals", "{home}/saved.json"]],
    "dev match": [["{home}/saved.json", "--out", "{home}/pairs.csv"]],
    "dev stand-in": [["--help"]],
    "connections remove": [["intervals"], ["intervals", "--yes"]],
}
LEVELS = ([], ["--json"], ["-vv"], ["-vv", "--json"], ["--debug"], ["--debug", "--json"])


def commands(group: click.Group, path: tuple[str, ...] = ()) -> list[str]:
    """Return the names of all commands below a group."""
    context = click.Context(group)
    names = []
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        names.append(" ".join((*path, name)))
        if isinstance(command, click.Group):
            names += commands(command, (*path, name))
    return names


def test_no_command_is_forgotten():
    """The table of calls contains every command, so a new command must be added to it."""
    assert {*commands(root), ""} == set(CALLS)
    assert set(COMMANDS) <= set(CALLS)


@pytest.fixture(autouse=True)
def _planted(monkeypatch, tmp_path, home, no_waiting):
    """Plant secrets in the environment."""
    (tmp_path / ".netrc").write_text(
        f"machine 127.0.0.1 login me password {PLANTED['password of a .netrc']}\n"
    )
    for name, value in {
        "HOME": str(tmp_path),
        "NETRC": str(tmp_path / ".netrc"),
        "https_proxy": f"http://me:{PLANTED['password of the proxy']}@127.0.0.1:9",
        "http_proxy": f"http://me:{PLANTED['password of the proxy']}@127.0.0.1:9",
    }.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("subprocess.run", _no_pip)


def _no_pip(arguments, **options):
    """Imitate a pip that fails, repeats its arguments, and reports secrets in its environment,
    because code in a build could read them.
    """
    import subprocess

    visible = f"{arguments[:-1]} {sorted(options['env'].items())}"
    hits = SEARCH.in_text(
        visible.replace(PLANTED["password of the proxy"], "the proxy, which pip needs")
    )
    return subprocess.CompletedProcess(
        arguments, 1, "", f"could not install {arguments[-1]}; leaked: {hits}"
    )


SEARCH = Search(PLANTED)


@pytest.fixture
def lying(service):
    """Yield a service that repeats the key in titles, streams and headers."""
    rides = [
        external_id
        for external_id in service.account.ids()
        if not service.account.is_stub(external_id)
    ]
    service.account.edit(
        rides[0], name=f"my key {KEY}", description=f"Authorization: Basic {TOKEN}"
    )
    service.account.edit(rides[1], tags=[KEY], device_name=TOKEN)
    echo = Fault(
        "echo",
        lambda answer: replace(
            answer, headers=(*answer.headers, ("X-Echo", f"{quote(KEY)} {TOKEN}"), ("ETag", TOKEN))
        ),
    )
    service.fault("*", echo, times=None)
    return service


@pytest.fixture
def fitglue(capsys, monkeypatch, home):
    """Return a function that runs the command in this process and returns its exit code and
    output.
    """

    def call(*arguments: str, typed: str = KEY) -> tuple[int, str]:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(typed.encode())))
        capsys.readouterr()
        code = run([argument.replace("{home}", str(home)) for argument in arguments])
        out, err = capsys.readouterr()
        return code, out + err

    return call


@pytest.fixture
def connected(fitglue, lying, home):
    """Connect to the service that repeats the key, and return it."""
    code, output = fitglue(
        "connect", "intervals", "--key-stdin", "--base-url", lying.url, "--debug"
    )
    assert code == 0, output
    assert SEARCH.in_text(output) == []
    (home / "saved.json").write_text("[]")
    return lying


def drive(fitglue, options: list[str]) -> tuple[int, list[str]]:
    """Run every command with these options, and return the number of calls and the leaks."""
    calls = [
        [*name.split(), *arguments, *options]
        for name, calls_of_command in CALLS.items()
        for arguments in calls_of_command
        if name != "dev stand-in"
    ]
    leaks = []
    for call in calls:
        output = fitglue(*call)[1]
        leaks += [f"{' '.join(call)[:60]}: {name}" for name in SEARCH.in_text(output)]
    return len(calls), leaks


@pytest.mark.parametrize(
    "options",
    [
        pytest.param(options, marks=() if options == ["--debug"] else pytest.mark.long)
        for options in LEVELS
    ],
    ids=lambda options: " ".join(options) or "quietly",
)
def test_no_command_says_or_stores_a_secret(connected, fitglue, home, options, reliability):
    """Against a service that repeats the key, no command shows or stores any form of it, in output,
    files, rows or raw parts.
    """
    fitglue("sync", "--files")
    calls, leaks = drive(fitglue, options)
    leaks += SEARCH.in_home(home)
    assert leaks == []
    reliability(
        "secrets",
        "every command, at every log level, against a service that repeats the key",
        times=calls,
        lost=len(leaks),
        seen="the usual output, with asterisks in place of the key",
    )


def test_a_stored_payload_has_asterisks_in_place_of_the_key(connected, fitglue, home):
    """A payload that repeats the key is stored with asterisks in its place and is otherwise
    unchanged, so a stolen database contains no key.
    """
    fitglue("sync")
    with Host(home, policy=Policy.personal()) as host:
        titles = [row["title"] for row in host.activities()]
    assert f"my key {'*' * len(json.dumps(KEY)[1:-1])}" in titles


@pytest.mark.parametrize("encode", [bytes.hex, lambda key: base64.b64encode(key).decode()])
def test_an_encoded_key_in_a_title_is_a_text_like_any_other(service, fitglue, encode):
    """A service that knows the key can encode it in a title; the title is stored and shown, because
    no search finds every encoding, but no log and no error repeats it.
    """
    coded = encode(KEY.encode())
    ride = next(name for name in service.account.ids() if not service.account.is_stub(name))
    service.account.edit(ride, name=f"a ride {coded}")
    fitglue("connect", "intervals", "--key-stdin", "--base-url", service.url)
    assert coded not in fitglue("sync", "--debug")[1]
    assert f"a ride {coded}" in fitglue("activities", "--json")[1]


JSON_WITH_KEY = json.dumps(
    {"error": f"you sent {KEY}, that is {TOKEN}, or {quote(KEY, safe='')}, or {KEY.encode().hex()}"}
)
PAGE_WITH_KEY = (
    f"<html><title>{html.escape(KEY)}</title><body>Authorization: Basic {TOKEN} "
    f"<b>{html.escape(KEY)}</b></body></html>"
)
FAULTS = {
    **{
        f"status {status}": Fault.status(status, body=JSON_WITH_KEY)
        for status in (400, 401, 403, 404, 422, 429, 500, 503)
    },
    **{
        f"page with status {status}": Fault.status(status, body=PAGE_WITH_KEY)
        for status in (200, 401, 403, 500, 502)
    },
    "redirect to another host": Fault.redirect(
        f"https://{quote(KEY, safe='')}.example/?key={quote(KEY)}"
    ),
    "redirect with user info": Fault.redirect(f"http://API_KEY:{quote(KEY, safe='')}@127.0.0.1:9/"),
    "redirect to nonsense": Fault.redirect(f"http://[{KEY}"),
    "another shape": Fault.shape({KEY: TOKEN, "error": KEY}),
    "a value": Fault.shape(KEY),
    "broken JSON": Fault.raw_body(f'[{{"id": "{KEY}"'),
    "broken gzip": Fault.broken_gzip(),
    "reset": Fault.reset(),
    "cut": Fault.cut(),
}
EVERYDAY = ("status 401", "redirect to another host")


@pytest.mark.parametrize(
    "fault",
    [pytest.param(name, marks=() if name in EVERYDAY else pytest.mark.long) for name in FAULTS],
)
@pytest.mark.parametrize("form", ["--json", "--debug"])
def test_no_fault_of_the_service_shows_a_secret(connected, fitglue, home, fault, form, reliability):
    """No output, log or stored row shows a secret, regardless of what the service returns and
    how it repeats what it received.
    """
    connected.clear_faults()
    connected.fault("*", FAULTS[fault], times=None)
    calls = [
        ["sync"],
        ["sync", "--full", "-vv"],
        ["connections", "check"],
        ["doctor"],
        ["connections"],
        [],
        ["connect", "intervals", "--key-stdin", "--base-url", connected.url],
    ]
    leaks = [
        name for call in calls for name in SEARCH.in_text(fitglue(*call, form)[1])
    ] + SEARCH.in_home(home)
    assert leaks == []
    reliability(
        "secrets",
        "a fault of the service that repeats the key",
        times=len(calls),
        lost=len(leaks),
        seen="the error of the fault, with *** in place of the key",
    )


@pytest.mark.parametrize(
    "url",
    ["https://127.0.0.1:{port}", "https://no-such-host.invalid", "https://127.0.0.1:9"],
    ids=["TLS", "DNS", "port"],
)
def test_a_service_that_cannot_be_reached_shows_no_secret(fitglue, service, home, url):
    """If TLS fails, a name does not resolve or a proxy does not respond, the error shows no
    secret.
    """
    address = url.format(port=service.url.rpartition(":")[2])
    code, output = fitglue("connect", "intervals", "--key-stdin", "--base-url", address, "--debug")
    assert code in (4, 5), output
    assert SEARCH.in_text(output) + SEARCH.in_home(home) == []


@pytest.mark.parametrize(
    "proxy",
    [
        "http://me:{}@[broken",
        "http://me:{}@127.0.0.1:9",
        "ftp://me:{}@127.0.0.1:9",
        "me:{}@127.0.0.1:port",
    ],
)
def test_a_proxy_that_is_written_wrongly_shows_no_password(fitglue, home, monkeypatch, proxy):
    """The error about a proxy whose URL is malformed, or that does not respond, does not show its
    password.
    """
    monkeypatch.setenv("https_proxy", proxy.format(PLANTED["password of the proxy"]))
    for form in ("--debug", "--json"):
        code, output = fitglue(
            "connect", "intervals", "--key-stdin", "--base-url", "https://intervals.invalid", form
        )
        assert code != 0
        assert SEARCH.in_text(output) + SEARCH.in_home(home) == []


def test_a_key_in_the_environment_is_stored_only_encrypted(fitglue, service, home, monkeypatch):
    """A key that a script passes in the environment is stored only encrypted, and no command shows
    it.
    """
    key = PLANTED["key in the environment"]
    service.set_key(key)
    monkeypatch.setenv("FITGLUE_INTERVALS_API_KEY", key)
    monkeypatch.setenv("FITGLUE_INTERVALS_BASE_URL", service.url)
    code, output = fitglue("connect", "intervals", "--debug")
    assert code == 0
    leaks = SEARCH.in_text(
        output,
        *(
            fitglue(*call, "--debug")[1]
            for call in ([], ["sync"], ["doctor"], ["plugin", "install", "x"])
        ),
    )
    assert leaks + SEARCH.in_home(home) == []


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://me:{}@127.0.0.1:1/db",
        "postgresql://me@127.0.0.1:1/db?password={}",
        "mysql://me:{}@h/db",
        "postgresql://me:a/{}@h/db",
        "postgresql://me:a:{}@h:x/db",
        "postgresql://me:pass@{}@127.0.0.1:1/db",
        "no address at all, {}",
        "postgresql+nothing://me:{}@h/db",
    ],
)
def test_the_password_of_a_database_is_not_shown(fitglue, home, monkeypatch, url):
    """The error about a database that cannot be reached, is not supported or has a malformed URL
    does not show its password.
    """
    for variable in ("FITGLUE_DATABASE", "FITGLUE_SQL_DATABASE"):
        monkeypatch.setenv(variable, url.format(PLANTED["password of the database"]))
    calls = (["doctor"], ["activities"], ["sql", "--path"], ["sync"], [])
    leaks = [
        name
        for call in calls
        for form in ("--debug", "--json")
        for name in SEARCH.in_text(fitglue(*call, form)[1])
    ]
    assert leaks + SEARCH.in_home(home) == []


class ThirdPartyError(Exception):
    """An exception that stores its argument and formats its message itself."""

    def __init__(self, message):
        super().__init__(message)
        self.message = message

    def __str__(self):
        return f"own {self.message}"


def _raise(how):
    """Raise an exception that contains the key, in one of several ways."""
    if how == "chained":
        try:
            raise KeyError(KEY)
        except KeyError as error:
            raise ValueError(f"while reading {TOKEN}") from error
    if how == "in context":
        try:
            raise OSError(2, "No such file", f"/tmp/{KEY}")
        except OSError:
            raise RuntimeError("another error") from None
    kinds = {
        "plain": RuntimeError(f"key {KEY}"),
        "bytes": RuntimeError(KEY.encode()),
        "nested": RuntimeError({"headers": [KEY, TOKEN]}),
        "own": ThirdPartyError(KEY),
        "ours": FitglueError("FG-theirs", f"sent {KEY}", why=TOKEN, fix=f"say {KEY}"),
        "exit": SystemExit(KEY),
    }
    if how == "noted":
        kinds["plain"].add_note(KEY)
    raise kinds.get(how, kinds["plain"])


@pytest.mark.parametrize(
    "how",
    [
        "chained",
        *(
            pytest.param(way, marks=pytest.mark.long)
            for way in ("plain", "bytes", "nested", "own", "ours", "exit", "in context", "noted")
        ),
    ],
)
def test_a_plugin_that_raises_with_the_key_in_its_message_shows_nothing(
    connected, fitglue, home, monkeypatch, how, reliability
):
    """A plugin that raises with the key in its message leaks it neither to the output, nor to the
    error that an embedder gets, nor to the store.
    """
    connected.clear_faults()

    def list_window(connection, _):
        connection.http.get(
            "api/v1/athlete/0/profile"
        )  # after this request the exception can repeat the key
        _raise(how)

    for hook, broken in {"list_window": list_window, "normalize": lambda _: _raise(how)}.items():
        with monkeypatch.context() as patch:
            patch.setattr(f"fitglue_intervals.plugin.{hook}", broken)
            outputs = [fitglue("sync", "--full", form)[1] for form in ("--debug", "--json", "-vv")]
            with Host(home, policy=Policy.personal()) as host:
                errors = [event.error for event in host.sync() if isinstance(event, SyncStopped)]
            outputs.append(fitglue("quarantine", "--debug")[1])
        leaks = (
            SEARCH.in_text(*outputs)
            + [name for error in errors for name in SEARCH.in_error(error)]
            + SEARCH.in_home(home)
        )
        assert leaks == []
    reliability(
        "secrets",
        "a plugin that raises with the key in its message",
        times=2,
        lost=len(leaks),
        seen="FG-plugin-raised with ***",
    )


def test_a_bug_leaves_a_report_without_secrets(connected, fitglue, home, monkeypatch, reliability):
    """A bug is reported without secrets in its file with the traceback, in the output of
    ``--debug``, and in the message.
    """
    from fitglue_registry.cli.commands import sync

    follow = sync.follow

    def buggy(cli, events):
        follow(cli, events)
        raise RuntimeError(f"key {KEY}\nin a second line {TOKEN}") from ValueError(
            KEY.encode().hex()
        )

    monkeypatch.setattr(sync, "follow", buggy)
    results = [fitglue("sync", form) for form in ("-v", "--debug", "--json")]
    assert {code for code, _ in results} == {1}
    assert list((home / "logs").glob("bug-*.txt"))
    leaks = SEARCH.in_text(*(text for _, text in results)) + SEARCH.in_home(home)
    assert leaks == []
    reliability(
        "secrets",
        "a bug with the key in its message",
        times=3,
        lost=len(leaks),
        seen="FG-bug, exit 1, and a report with ***",
    )


def test_the_log_of_an_embedder_holds_no_secret_behind_the_filter(connected, home, caplog):
    """With the filter that the host offers, an embedder's log contains no secret, even at the
    lowest level of every library.
    """
    from fitglue_registry.redaction.log_filter import RedactingFilter

    with Host(home, policy=Policy.personal()) as host:
        caplog.handler.addFilter(RedactingFilter(host.redactor))
        with caplog.at_level(logging.DEBUG):
            list(host.sync())
    assert "GET " in caplog.text
    assert SEARCH.in_text(caplog.text) == []


def test_the_search_finds_what_is_there(connected, home, tmp_path):
    """The search finds planted secrets in every form, so that an empty result proves something."""
    for name, content in {
        "plain": KEY,
        "token": TOKEN,
        "hex": KEY.encode().hex(),
        "small": KEY.lower(),
        "json": json.dumps(KEY),
    }.items():
        (tmp_path / name).write_text(content)
        assert SEARCH.in_bytes((tmp_path / name).read_bytes()) == ["key"]
    with Host(home, policy=Policy.personal()) as host:
        list(host.sync())
        with host.workspace.database.write() as db:
            db.exec_driver_sql(
                "UPDATE fg_connections SET state_error = ?", (json.dumps({"why": KEY}),)
            )
    assert "fg_connections.state_error: key" in SEARCH.in_home(home)
