"""``fitglue connect`` at a service that asks for a permission in a browser (OAuth 2)."""

from __future__ import annotations

import os
import re
import shutil
import socket
import stat
import sys
import threading
from datetime import UTC, datetime

import pytest
import requests

from fitglue_registry.cli.loopback import Listener
from fitglue_registry.errors import AthleteNeeded, UserMistake
from tests.services.granting.club import APP, OAUTH2, OAuthClub, host_of, make_registry

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


@pytest.mark.usefixtures("app")
@pytest.mark.parametrize("arguments", [(), ("--no-browser",)], ids=["no browser", "asked for"])
def test_an_address_can_be_pasted(fitglue, club, monkeypatch, arguments):
    """Without a browser, the address is printed, and the athlete pastes the one it led to."""
    monkeypatch.setattr("click.prompt", lambda *_, **__: club.allow(club.shown))
    monkeypatch.setattr(
        "fitglue_registry.cli.context.CliContext.note", lambda _, text: remember(club, text)
    )
    result = fitglue("connect", "club", "--base-url", f"{club.url}/v1", *arguments)
    assert result.code == 0, result.err
    assert "Club is connected as club: Ada (7)" in result.out


def remember(club, text):
    """Note the address that a person would copy from the terminal."""
    found = re.search(r"^https?://\S+$", text, re.MULTILINE)
    if found and "***" not in text:
        club.shown = found[0]


@pytest.mark.usefixtures("app")
def test_an_unticked_permission_is_named_at_once(fitglue, club, tmp_path, monkeypatch):
    """The command says which permission was not given, and what will be missing."""
    browser(tmp_path, monkeypatch)
    club.ticked = {"profile"}
    result = fitglue("connect", "club", "--base-url", f"{club.url}/v1")
    assert "You did not give the permission runs:all. Private runs are missing." in result.out


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
        for target in ("/", "/back", "/back?state=wrong", f"/back?state=right&x={'y' * 9000}"):
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
