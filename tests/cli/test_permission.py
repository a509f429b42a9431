"""``fitglue connect`` at a service that asks for a permission in a browser (OAuth 2)."""

from __future__ import annotations

import os
import re
import shutil
import socket
import stat
import sys
import threading
from contextlib import ExitStack
from datetime import UTC, datetime

import pytest
import requests

from fitglue_registry.cli.loopback import Listener
from fitglue_registry.errors import AthleteNeeded, UserMistake
from tests.services.granting.club import (
    APP,
    EXCHANGE,
    KEY,
    OAUTH2,
    OAuthClub,
    host_of,
    make_registry,
)

NONE = "    scheme: none\n"

#: A browser that follows the redirects of the service and shows nothing.
BROWSER = """\
#!{python}
import sys, urllib.request
page = urllib.request.urlopen(sys.argv[1], timeout=20).read().decode()
open({out!r}, "w").write(page)
"""


@pytest.fixture
def club():
    with OAuthClub(lambda: datetime.now(UTC)) as service:
        yield service


@pytest.fixture(autouse=True)
def _environment(monkeypatch, tmp_path):
    """Let the command use the plugin of the service, and know no browser."""
    registry = make_registry(tmp_path / "registry", OAUTH2)
    home = tmp_path / "home"
    monkeypatch.setattr(
        "fitglue_registry.cli.app.LateLoader.host", lambda _: host_of(home, registry)
    )
    monkeypatch.setenv("FITGLUE_SECRETS", "file")
    for name in ("BROWSER", "DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def app(monkeypatch):
    """Give the app of this installation in environment variables."""
    monkeypatch.setenv("FITGLUE_CLUB_CLIENT_ID", APP.client_id)
    monkeypatch.setenv("FITGLUE_CLUB_CLIENT_SECRET", APP.client_secret)


def browser(tmp_path, monkeypatch, command=None):
    """Make a program the browser of this machine."""
    if command is None:
        path = tmp_path / "browser"
        path.write_text(BROWSER.format(python=sys.executable, out=str(tmp_path / "page.html")))
        path.chmod(path.stat().st_mode | stat.S_IXUSR)
        command = f"{path} %s"
    monkeypatch.setenv("BROWSER", command)
    monkeypatch.setattr("webbrowser._tryorder", None)  # read from the environment only once


@pytest.mark.usefixtures("app")
def test_a_browser_gives_the_permission(fitglue, club, tmp_path, monkeypatch):
    """The browser is opened, comes back to this machine, and shows a plain page at the end."""
    browser(tmp_path, monkeypatch)
    result = fitglue("connect", "club", "--base-url", f"{club.url}/v1")
    assert result.code == 0, result.err
    assert "Club is connected as club: Ada (7)" in result.out
    page = (tmp_path / "page.html").read_text()
    assert "FitGlue has received the permission." in page
    assert not re.search(r"<(script|img|link)", page)


@pytest.mark.long
@pytest.mark.usefixtures("app")
def test_chromium_gives_the_permission(fitglue, club, tmp_path, monkeypatch):
    """Chromium follows the redirects of the service to the listener."""
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        pytest.skip("Chromium is not installed: apt-get install chromium")
    profile = f"--user-data-dir={tmp_path / 'profile'}"
    options = f"--headless --no-sandbox --disable-gpu {profile} --dump-dom"
    browser(tmp_path, monkeypatch, f"{chromium} {options} %s")
    result = fitglue("connect", "club", "--base-url", f"{club.url}/v1")
    assert result.code == 0, result.err
    assert "Club is connected as club: Ada (7)" in result.out


@pytest.fixture
def paste(monkeypatch, club, capsys):
    """Return a function that lets a person paste texts, one for each time the command asks.

    ``{back}`` is the address to which the browser is sent, ``{address}`` the one that is printed.
    """

    def call(*texts):
        left = list(texts)
        back = []

        def prompt(*_, **__):
            shown.append(capsys.readouterr().err)
            found = re.search(r"^http\S+/authorize\S+$", "".join(shown), re.MULTILINE)
            if not back:
                back.append(club.allow(found[0]))
            text = left.pop(0)
            if isinstance(text, BaseException):
                raise text
            return text.format(address=found[0], back=back[0])

        monkeypatch.setattr("click.prompt", prompt)

    shown = call.shown = []
    return call


@pytest.mark.usefixtures("app")
@pytest.mark.parametrize("arguments", [(), ("--no-browser",)], ids=["no browser", "asked for"])
def test_an_address_can_be_pasted(fitglue, club, paste, arguments):
    """Without a browser, the address is printed, and the athlete pastes the one it led to."""
    paste("{back}")
    result = fitglue("connect", "club", "--base-url", f"{club.url}/v1", *arguments)
    assert result.code == 0, result.err
    assert "Club is connected as club: Ada (7)" in result.out


@pytest.mark.usefixtures("app")
@pytest.mark.parametrize("columns", ["40", "80"])
def test_the_address_is_one_line(fitglue, club, paste, monkeypatch, columns):
    """A narrow terminal does not break the address: the break would be copied with it."""
    monkeypatch.setenv("COLUMNS", columns)
    paste("{back}")
    result = fitglue("connect", "club", "--json", "--base-url", f"{club.url}/v1")
    assert result.code == 0, result.err
    assert result.document["connection"] == "club"


@pytest.mark.usefixtures("app")
@pytest.mark.parametrize(
    ("pasted", "says"),
    [
        ("", "no address was pasted"),
        ("https://www.example.com/hello", "that one begins with http://127.0.0.1:8765/"),
        ("C0de-of-the-club-1", "that one begins with http://127.0.0.1:8765/"),
        ("{address}", "this is the address at which you give the permission"),
        ("http://127.0.0.1:8765/", "this address is not complete"),
        ("{back}x&state=another", "belongs to no connection that was begun"),
    ],
    ids=["nothing", "another page", "a code", "the first address", "half", "another state"],
)
def test_a_wrong_paste_is_explained_and_asked_for_again(fitglue, club, paste, pasted, says):
    """What was pasted is not used, and the person can paste the right address afterwards."""
    if "another" in pasted:
        pasted = "http://127.0.0.1:8765/?code=c&state=another"
    paste(pasted, "{back}")
    result = fitglue("connect", "club", "--base-url", f"{club.url}/v1")
    assert result.code == 0, result.err
    assert says in " ".join(paste.shown[1].split())
    assert club.exchanges == 1


@pytest.mark.usefixtures("app")
def test_three_wrong_pastes_end_the_command(fitglue, club, paste):
    """The last mistake sets the exit code, and nothing was sent for a token."""
    paste("asdf", "", "asdf")
    result = fitglue("connect", "club", "--base-url", f"{club.url}/v1")
    assert (result.code, "FG-permission-incomplete" in result.err) == (2, True)
    assert club.exchanges == 0


@pytest.mark.usefixtures("app")
def test_an_unticked_permission_is_named_at_once(fitglue, club, tmp_path, monkeypatch):
    """The command says which permission was not given, and what will be missing."""
    browser(tmp_path, monkeypatch)
    club.ticked = {"profile"}
    result = fitglue("connect", "club", "--base-url", f"{club.url}/v1")
    assert "You did not give the permission runs:all. Private runs are missing." in result.out


@pytest.mark.usefixtures("app")
def test_an_unticked_permission_is_named_by_the_list_of_connections(
    fitglue, club, tmp_path, monkeypatch
):
    """It is said for as long as the permission is missing, with the command that asks again."""
    browser(tmp_path, monkeypatch)
    club.ticked = {"profile"}
    fitglue("connect", "club", "--base-url", f"{club.url}/v1")
    shown = fitglue("connections").out
    assert "club: You did not give the permission runs:all. Private runs are missing." in shown
    assert "to give it: fitglue connect club" in shown


def test_the_registry_shows_what_a_service_will_ask_for(fitglue):
    """Before connecting, an athlete reads which app is needed, and what can be unticked."""
    shown = fitglue("registry", "show", "integration/club").out
    assert "You register it at the service" in shown
    assert re.search(r"runs:all +Without it: Private runs are missing\.", shown)
    assert "profile" in shown


@pytest.mark.usefixtures("app")
def test_an_athlete_who_says_no_sees_it_in_both_places(fitglue, club, tmp_path, monkeypatch):
    """The page and the command both say that the permission was not given; the exit code is 3."""
    browser(tmp_path, monkeypatch)
    club.says_no = True
    result = fitglue("connect", "club", "--base-url", f"{club.url}/v1")
    assert (result.code, "FG-permission-denied" in result.err) == (3, True)
    assert "FitGlue was not given the permission." in (tmp_path / "page.html").read_text()


def test_the_app_is_asked_for_once(fitglue, club, tmp_path, monkeypatch):
    """The app is kept on this machine, so that a second connect and a sync need no input."""
    browser(tmp_path, monkeypatch)
    address = f"{club.url}/v1"
    result = fitglue("connect", "club", "--base-url", address)
    assert (result.code, "FG-value-missing" in result.err) == (2, True)
    assert "FITGLUE_CLUB_CLIENT_ID" in result.err
    monkeypatch.setenv("FITGLUE_CLUB_CLIENT_ID", APP.client_id)
    monkeypatch.setenv("FITGLUE_CLUB_CLIENT_SECRET", APP.client_secret)
    assert fitglue("connect", "club", "--base-url", address).code == 0
    monkeypatch.delenv("FITGLUE_CLUB_CLIENT_ID")
    monkeypatch.delenv("FITGLUE_CLUB_CLIENT_SECRET")
    assert fitglue("connect", "club", "--base-url", address).code == 0
    club.tokens.clear()
    assert fitglue("sync").code == 0
    assert fitglue("connections", "rekey").code == 0
    assert fitglue("connect", "club", "--base-url", address).code == 0


@pytest.mark.parametrize("wrong", ["CLIENT_ID", "CLIENT_SECRET"])
def test_an_app_that_the_service_refuses_is_not_kept(fitglue, club, tmp_path, monkeypatch, wrong):
    """A typing error in a new app leaves the one that works, and all connections with it."""
    browser(tmp_path, monkeypatch)
    address = f"{club.url}/v1"
    typed = {"CLIENT_ID": APP.client_id, "CLIENT_SECRET": APP.client_secret}
    for name, value in typed.items():
        monkeypatch.setenv(f"FITGLUE_CLUB_{name}", value)
    assert fitglue("connect", "club", "--base-url", address).code == 0
    club.checks_id = False
    monkeypatch.setenv(f"FITGLUE_CLUB_{wrong}", "a-typing-error")
    result = fitglue("connect", "club", "--base-url", address, "--new-app")
    assert (result.code, "FG-app-refused" in result.err) == (3, True)
    for name in typed:
        monkeypatch.delenv(f"FITGLUE_CLUB_{name}")
    club.tokens.clear()
    assert fitglue("sync").code == 0
    assert fitglue("connect", "club", "--base-url", address).code == 0


def test_the_first_app_that_is_refused_is_asked_for_again(fitglue, club, tmp_path, monkeypatch):
    """Without an app that works, the next connect asks for it, as the message says."""
    browser(tmp_path, monkeypatch)
    monkeypatch.setenv("FITGLUE_CLUB_CLIENT_ID", APP.client_id)
    monkeypatch.setenv("FITGLUE_CLUB_CLIENT_SECRET", "a-typing-error")
    assert fitglue("connect", "club", "--base-url", f"{club.url}/v1").code == 3
    monkeypatch.delenv("FITGLUE_CLUB_CLIENT_ID")
    result = fitglue("connect", "club", "--base-url", f"{club.url}/v1")
    assert (result.code, "FG-value-missing" in result.err) == (2, True)


@pytest.mark.usefixtures("app")
def test_a_permission_that_was_replaced_is_mentioned(fitglue, club, tmp_path, monkeypatch):
    """Connecting again says that the service may still list the permission of before."""
    browser(tmp_path, monkeypatch)
    first = fitglue("connect", "club", "--base-url", f"{club.url}/v1")
    second = fitglue("connect", "club", "--base-url", f"{club.url}/v1")
    assert "gave before" not in first.err
    assert "At Club, it can stay valid until it ends there." in " ".join(second.err.split())
    assert club.revoked == []


@pytest.mark.usefixtures("app")
def test_a_permission_is_not_called_a_key(fitglue, club, tmp_path, monkeypatch):
    """The athlete has no key, and reads of none."""
    browser(tmp_path, monkeypatch)
    result = fitglue("connect", "club", "--base-url", f"{club.url}/v1")
    own = "https://api.club.example"
    said = " ".join(result.err.split())
    assert f"You will be asked for your permission at {club.url}/v1, not at {own}" in said
    assert "key" not in result.err
    assert "club: its permission is stored in a file" in fitglue("connections", "rekey").out


@pytest.mark.parametrize(
    ("auth", "says"), [(EXCHANGE, "The key will be sent to"), (NONE, "Requests will be sent to")]
)
def test_what_is_sent_to_another_address_is_named(fitglue, club, tmp_path, monkeypatch, auth, says):
    """A key, a permission and requests without either are told apart."""
    make_registry(tmp_path / "registry", auth)
    club.is_open = True
    monkeypatch.setenv("FITGLUE_CLUB_API_KEY", KEY)
    result = fitglue("connect", "club", "--base-url", f"{club.url}/v1")
    assert result.err.startswith(says)


@pytest.mark.usefixtures("app")
def test_a_removed_connection_says_that_the_permission_was_taken_back(
    fitglue, club, tmp_path, monkeypatch
):
    """`connections remove` takes the permission back, or says where to do that."""
    browser(tmp_path, monkeypatch)
    fitglue("connect", "club", "--base-url", f"{club.url}/v1")
    result = fitglue("connections", "remove", "club", "--yes")
    assert "Your permission was taken back at the service." in result.err
    fitglue("connect", "club", "--base-url", f"{club.url}/v1")
    club.close()
    result = fitglue("connections", "remove", "club", "--yes")
    assert (result.code, "could not be taken back" in result.err) == (0, True)


# -- the listener ----------------------------------------------------------------------------------


def test_the_listener_accepts_only_the_answer_that_is_waited_for():
    """Another path, another state and a long address get a page that says so, and do not count."""
    with Listener(lambda address: "state=right" in address, "/back", None) as listener:
        root = f"http://127.0.0.1:{listener.port}"
        long = f"/back?state=right&x={'y' * 9000}"
        for target in ("/", "/back", "/back?state=wrong", "/other?state=right", long):
            response = requests.get(f"{root}{target}", timeout=5)
            assert (response.status_code, "does not wait" in response.text) == (404, True)
        response = requests.get(f"{root}/back?state=right&code=c", timeout=5)
        assert response.status_code == 200
        assert response.headers["Referrer-Policy"] == "no-referrer"
        assert listener.wait(5) == "http://127.0.0.1/back?state=right&code=c"


def test_the_listener_is_on_this_machine_only():
    """The listener is bound to 127.0.0.1, not to the addresses of this machine in its networks."""
    with Listener(lambda _: True, "/", None) as listener:
        assert listener._server.server_address[0] == "127.0.0.1"


@pytest.mark.parametrize(
    "request_line",
    ["POST /?code=c HTTP/1.1", "<script> /?code=c HTTP/1.1", "GET /?code=c <b> HTTP/1.1"],
)
def test_a_request_that_no_browser_sends_is_not_repeated_in_the_page(request_line):
    """A request with another method, or with none, gets the plain page and nothing of itself."""
    with (
        Listener(lambda _: True, "/", None) as listener,
        socket.create_connection(("127.0.0.1", listener.port), timeout=5) as connection,
    ):
        connection.sendall(f"{request_line}\r\n\r\n".encode())
        answer = b"".join(iter(lambda: connection.recv(4096), b""))
        assert b"FitGlue does not wait for this page." in answer
        assert b"Content-Security-Policy: default-src 'none'" in answer
        assert request_line.split()[0].encode() not in answer.partition(b"<body>")[2]
        assert listener.answers.empty()


def test_a_fixed_port_can_be_used_again_at_once():
    """Connections that have ended do not keep the port of the entry from being used again."""
    with Listener(lambda _: True, "/", None) as listener:
        port = listener.port
        requests.get(f"http://127.0.0.1:{port}/?code=c", timeout=5)
    for code in ("d", "e"):
        with Listener(lambda _: True, "/", port) as listener:
            requests.get(f"http://127.0.0.1:{port}/?code={code}", timeout=5)
            assert listener.wait(5).endswith(f"code={code}")


def test_many_connections_do_not_keep_the_answer_waiting():
    """A hundred connections at the same time, as another program may open them, cost nothing."""
    with Listener(lambda _: True, "/", None) as listener, ExitStack() as opened:
        for _ in range(100):
            address = ("127.0.0.1", listener.port)
            opened.enter_context(socket.create_connection(address, timeout=5))
        requests.get(f"http://127.0.0.1:{listener.port}/?code=c", timeout=5)
        assert listener.wait(5).endswith("/?code=c")


def test_a_connection_that_sends_nothing_does_not_keep_the_answer_waiting():
    """Browsers open connections in advance; the answer arrives on another one."""
    with (
        Listener(lambda _: True, "/", None) as listener,
        socket.create_connection(("127.0.0.1", listener.port)),
    ):
        answer = f"http://127.0.0.1:{listener.port}/?code=c"
        threading.Thread(target=requests.get, args=(answer,), kwargs={"timeout": 5}).start()
        assert listener.wait(5).endswith("/?code=c")


def test_a_browser_that_does_not_come_back_is_given_up():
    """After some minutes, the command ends and says what to do."""
    with (
        Listener(lambda _: True, "/", None) as listener,
        pytest.raises(AthleteNeeded, match="FG-permission-late"),
    ):
        listener.wait(0.01)


def test_a_port_that_is_taken_is_named():
    """If another program listens on the port of the entry, the error names it and a way around."""
    with Listener(lambda _: True, "/", None) as first:
        with pytest.raises(UserMistake, match="FG-port-taken") as caught:
            Listener(lambda _: True, "/", first.port)
        assert str(first.port) in caught.value.what
        assert "--no-browser" in caught.value.fix


def test_no_browser_is_opened_in_a_terminal(monkeypatch):
    """A browser for the terminal would take the terminal over, so it is not counted."""
    from fitglue_registry.cli.permission import _has_browser

    assert _has_browser() == (sys.platform in ("darwin", "win32"))
    assert not os.environ.get("BROWSER")
