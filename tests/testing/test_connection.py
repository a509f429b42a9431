"""Tests of the fake connection, which responds from its table as the real transport would."""

from __future__ import annotations

import pytest

from fitglue_registry.errors import AthleteNeeded, ConnectionStopped, PluginFailed, Retryable
from fitglue_registry.testing import FakeAnswer, FakeConnection, FakeHttp


@pytest.mark.parametrize(
    "content", [b'{"id": 1}', {"id": 1}, FakeAnswer(b'{"id": 1}'), lambda params: {"id": 1}]
)
def test_an_answer_is_given_in_any_form(content):
    """The table may contain bytes, a value, an answer, or a function of the parameters."""
    assert FakeHttp({"a": content}).get("a").json() == {"id": 1}


def test_what_was_asked_for_is_listed():
    """Each request is listed with its path below the base and its parameters."""
    http = FakeHttp({"a": []}, base="api/v1/")
    http.get("api/v1/a", {"limit": "3"})
    assert http.requests == [("a", {"limit": "3"})]


def test_a_path_outside_the_base_is_a_mistake_of_the_plugin():
    """A request outside the base makes the plugin's test fail."""
    with pytest.raises(AssertionError, match="v2/a is not below v1/"):
        FakeHttp(base="v1/").get("v2/a")


@pytest.mark.parametrize(
    ("status", "kind", "code"),
    [
        (401, AthleteNeeded, "FG-key-rejected"),
        (403, AthleteNeeded, "FG-not-permitted"),
        (404, ConnectionStopped, "FG-unexpected-status"),
        (429, Retryable, "FG-rate-limited"),
        (503, Retryable, "FG-source-down"),
    ],
)
def test_an_unexpected_status_raises_what_the_transport_raises(status, kind, code):
    """An unexpected status raises an error of the class and code that the real session raises."""
    with pytest.raises(kind) as caught:
        FakeHttp({"a": FakeAnswer(b"", status)}).get("a")
    assert caught.value.code == code


def test_an_expected_status_is_returned():
    """A path that is not in the table has status 404, which the caller may accept."""
    assert FakeHttp().get("a", accept=[404]).status == 404


def test_an_error_in_the_table_is_raised():
    """An exception in the table is raised when its path is requested."""
    with pytest.raises(Retryable):
        FakeHttp({"a": Retryable("FG-timeout", "too late")}).get("a")


def test_an_answer_that_is_no_json_stops_the_connection():
    """A web page instead of JSON raises the error that the transport raises."""
    with pytest.raises(ConnectionStopped) as caught:
        FakeAnswer(b"<html>").json()
    assert caught.value.code == "FG-answer-not-json"


def test_signs_of_life_are_counted():
    """The connection counts how often a hook reports that it is working."""
    connection = FakeConnection()
    connection.alive()
    assert connection.signs_of_life == 1


def test_other_methods_have_answers_of_their_own():
    """The key of another method begins with it, and a function gets what was sent."""
    http = FakeHttp({"POST a": lambda params, sending: [params, sending["json"]], "a": {}})
    assert http.post("a", {"b": "1"}, json=7).json() == [{"b": "1"}, 7]
    assert http.sent == [("POST", "a", {"json": 7})]
    assert http.delete("a", accept=[404]).status == 404
    for send in (http.put, http.patch):
        with pytest.raises(ConnectionStopped):
            send("a", json=7)


def test_a_complete_address_is_a_key_of_the_table():
    """A complete address is looked up as it is, without the base."""
    http = FakeHttp({"https://files.example/a": b"1"}, base="v1/")
    assert http.get("https://files.example/a").body == b"1"


@pytest.mark.parametrize("headers", [{"Authorization": "Bearer x"}, {"X": "a\nb"}])
def test_a_header_that_the_real_session_refuses_is_refused(headers):
    """A plugin that sets a header of the transport fails in its own tests already."""
    http = FakeHttp({"a": {}, "POST a": {}})
    for send in (http.get, http.post):
        with pytest.raises(PluginFailed, match="FG-header-refused"):
            send("a", headers=headers)
    with pytest.raises(TypeError, match="jsn"):
        http.post("a", jsn=1)
    assert http.requests == []
