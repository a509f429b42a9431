"""``fitglue connect``: where the key may come from, and what each failure reports."""

from __future__ import annotations

import os
import pty
import subprocess
import sys

import pytest

from fitglue_registry import Host, Policy
from fitglue_registry.errors import AthleteNeeded
from fitglue_registry.testing import Fault

KEY = "stand-in-key"


def test_a_key_from_standard_input_with_a_newline(connect):
    """A newline at the end of a key from standard input is ignored."""
    result = connect(key=f"{KEY}\r\n")
    assert result.code == 0
    assert "Intervals.icu is connected as intervals: Ada Stand-in (i317960)" in result.out
    assert "1 comes from Strava and will never arrive" in result.out
    assert "Next: fitglue sync" in result.err


def test_a_key_from_the_environment(fitglue, intervals, monkeypatch):
    """FITGLUE_INTERVALS_API_KEY and the variables of settings are used instead of a prompt."""
    monkeypatch.setenv("FITGLUE_INTERVALS_API_KEY", f" {KEY}\n")
    monkeypatch.setenv("FITGLUE_INTERVALS_BASE_URL", f"{intervals.url}/api/v1")
    assert fitglue("connect", "intervals", "--json").document["account"]["id"] == "i317960"


def test_a_prompt_does_not_show_the_key(intervals, tmp_path):
    """At a terminal the key is asked for with an explanation of where to find it, and it is not
    echoed.
    """
    main, side = pty.openpty()
    process = subprocess.Popen(
        [
            sys.executable,
            "-m",
            "fitglue_registry",
            "connect",
            "intervals",
            "--base-url",
            f"{intervals.url}/api/v1",
        ],
        stdin=side,
        stdout=side,
        stderr=side,
        start_new_session=True,
    )
    os.close(side)
    output = b""
    while b"API key:" not in output:
        output += os.read(main, 1000)
    os.write(main, f"{KEY}\n".encode())
    while process.poll() is None or b"Next:" not in output:
        try:
            output += os.read(main, 1000)
        except OSError:
            break
    os.close(main)
    assert process.wait(10) == 0
    assert KEY.encode() not in output
    assert b"Developer" in output


def test_the_same_account_again_is_renewed(connect):
    """Connecting the same account again renews the key and creates no second connection."""
    connect()
    assert "the connection intervals was renewed" in connect().out


def test_a_key_is_never_an_argument(fitglue):
    """A key as an argument or in --set is refused with the reason, and is not repeated."""
    for arguments in (("--set", "api_key=abc123xyz"), ("abc123xyz",)):
        result = fitglue("connect", "intervals", *arguments)
        assert result.code == 2
        assert "[FG-secret-argument]" in result.err
        assert "abc123xyz" not in result.err
        assert "FITGLUE_INTERVALS_API_KEY" in result.err


def test_a_long_key_among_unexpected_arguments_is_not_repeated(fitglue):
    """A key is not repeated if it is so long that the message about it has to be cut off."""
    result = fitglue("connect", "intervals", "one", "abc123xyz" * 100)
    assert result.code == 2
    assert "abc123xyz" not in result.err


def test_nobody_there_to_ask_is_a_clear_error(fitglue):
    """Without a terminal, a missing key is an error that names each way to provide it."""
    result = fitglue("connect", "intervals")
    assert result.code == 2
    assert "[FG-value-missing]" in result.err
    assert "set FITGLUE_INTERVALS_API_KEY, or pipe it in with --key-stdin" in result.err


def test_an_empty_standard_input_is_a_clear_error(fitglue):
    """--key-stdin with an empty standard input is an error before the service is asked."""
    assert "[FG-key-missing]" in fitglue("connect", "intervals", "--key-stdin").err


def test_an_unknown_integration_names_the_nearest(fitglue):
    """The error for a mistyped integration suggests the right one."""
    result = fitglue("connect", "interval")
    assert result.code == 2
    assert "did you mean intervals?" in result.err


def test_an_unknown_setting_names_those_there_are(connect):
    """The error for an unknown name in --set lists the settings of the entry."""
    result = connect("--set", "color=red")
    assert result.code == 2
    assert "[FG-setting-unknown]" in result.err


def test_a_setting_with_two_values_is_refused(connect, intervals):
    """Of two values in --set, only one can be meant, so nothing is asked."""
    result = connect("--set", "athlete_id=i1", "--set", "athlete_id=i2")
    assert (result.code, intervals.requests) == (2, [])
    assert "--set has two values for athlete_id" in result.err


def test_a_value_that_cannot_be_one_is_refused_before_anything_is_asked(connect, intervals):
    """A setting that does not match the pattern of its entry is refused before the service is
    asked.
    """
    result = connect("--set", "athlete_id=somebody")
    assert (result.code, intervals.requests) == (2, [])
    assert "Athlete id does not have the right form" in result.err


def test_a_wrong_key_asks_for_the_athlete(connect):
    """A rejected key ends with exit code 3 and says where to get another one, without repeating the
    key.
    """
    result = connect(key="wrong-key-1234")
    assert result.code == 3
    assert "[FG-key-rejected]" in result.err
    assert "Developer Settings" in result.err
    assert "wrong-key-1234" not in result.out + result.err


def test_no_network_is_not_the_athletes_fault(fitglue, intervals):
    """A server that cannot be reached ends with exit code 4."""
    url = intervals.url
    intervals.close()
    result = fitglue(
        "connect", "intervals", "--key-stdin", "--base-url", f"{url}/api/v1", typed=KEY
    )
    assert result.code == 4
    assert "[FG-no-network]" in result.err


@pytest.mark.parametrize(
    ("fault", "exit_code", "code"),
    [
        (Fault.status(500), 4, "FG-source-down"),
        (Fault.status(429, retry_after=90_000), 4, "FG-rate-limited"),
        (Fault.status(403), 3, "FG-not-permitted"),
        (Fault.html_page(), 5, "FG-answer-not-json"),
        (Fault.truncated(), 5, "FG-answer-not-json"),
    ],
    ids=["500", "429", "403", "html", "truncated"],
)
def test_each_failure_of_the_service_has_its_own_code(connect, intervals, fault, exit_code, code):
    """Each fault of the service has its own code, place and fix, and nothing is connected."""
    intervals.fault("*", fault, times=None)
    result = connect("--json")
    assert (result.code, result.error["code"]) == (exit_code, code)
    assert result.out == ""


def test_a_wait_that_the_service_asks_for_is_shown(connect, intervals):
    """A wait after a 429 response with Retry-After is shown, and the command continues after it."""
    intervals.fault("*/profile", Fault.status(429, retry_after=30))
    result = connect()
    assert result.code == 0
    assert "waiting 30 s" in result.err


def test_the_one_setting_of_an_integration_may_be_an_argument(fitglue, tmp_path):
    """The only required setting of an integration may be an argument, as in `fitglue connect files
    FOLDER`.
    """
    (tmp_path / "rides").mkdir()
    result = fitglue("connect", "files", str(tmp_path / "rides"))
    assert result.code == 0
    assert "connected as files" in result.out


def test_the_address_of_a_renewed_key_is_reported(fitglue, connect, intervals, monkeypatch):
    """A renewed key is sent to the address of the existing connection, which is named."""
    connect()
    monkeypatch.setenv("FITGLUE_INTERVALS_API_KEY", intervals.api_key)
    result = fitglue("connect", "intervals")
    assert result.code == 0
    assert f"Using {intervals.url}" in result.err


def test_a_missing_plugin_is_reported_before_a_key_is_asked_for(fitglue, monkeypatch):
    """A missing plugin is reported before a key is asked for."""
    monkeypatch.setattr(
        "fitglue_registry.plugins.discovery.all_entry_points", lambda groups: ([], [])
    )
    result = fitglue("connect", "intervals")
    assert result.code == 8
    assert "[FG-plugin-missing]" in result.err
    assert "fitglue-intervals" in result.err


@pytest.mark.parametrize("name", ["strava", "trainingpeaks"])
def test_a_service_that_cannot_be_connected_lists_its_alternatives(fitglue, name):
    """`connect` lists the alternatives of a closed service and exits with code 3."""
    result = fitglue("connect", name)
    assert result.code == 3
    assert "cannot be connected" in result.out
    assert "→ fitglue connect intervals" in result.out
    assert "→ fitglue connect garmin" in result.out
    assert "→ fitglue import" in result.out
    document = fitglue("connect", name, "--json").document
    assert (document["integration"], document["connection"]) == (name, None)
    assert {"name", "brings", "how", "command"} == set(document["alternatives"][0])


def test_an_application_that_connects_a_closed_service_gets_the_alternatives_as_an_error(tmp_path):
    """The error of connecting a closed service has the reason and every alternative."""
    with (
        Host(tmp_path / "home", policy=Policy.personal()) as host,
        pytest.raises(AthleteNeeded) as caught,
    ):
        host.connect("strava", {})
    assert caught.value.code == "FG-not-connectable"
    assert "Then: fitglue import export_12345.zip" in caught.value.fix


def test_the_way_in_names_what_can_be_connected_and_what_cannot(fitglue):
    """With nothing connected, the dashboard lists the services that can be connected and those that
    cannot.
    """
    output = fitglue().out
    assert "fitglue connect strava" in output
    assert "Show how to get workouts from Strava, which cannot be connected." in output
