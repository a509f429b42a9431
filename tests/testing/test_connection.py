"""The fake connection answers from its table as the real transport would."""

from __future__ import annotations

import pytest

from fitglue_registry.errors import AthleteNeeded, ConnectionStopped, Retryable
from fitglue_registry.testing import FakeAnswer, FakeConnection, FakeHttp


@pytest.mark.parametrize(
    "content", [b'{"id": 1}', {"id": 1}, FakeAnswer(b'{"id": 1}'), lambda params: {"id": 1}]
)
def test_an_answer_is_given_in_any_form(content):
    """Bytes, a value, a whole answer, or a function of the parameters."""
    assert FakeHttp({"a": content}).get("a").json() == {"id": 1}


def test_what_was_asked_for_is_listed():
    """Each request has its path below the base, and its parameters."""
    http = FakeHttp({"a": []}, base="api/v1/")
    http.get("api/v1/a", {"limit": "3"})
    assert http.asked == [("a", {"limit": "3"})]


def test_a_path_outside_the_base_is_a_mistake_of_the_plugin():
    """The test fails then."""
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
    """The class of an error says what the caller does next."""
    with pytest.raises(kind) as caught:
        FakeHttp({"a": FakeAnswer(b"", status)}).get("a")
    assert caught.value.code == code


def test_a_status_that_is_expected_comes_back():
    """A path that is not in the table has the status 404."""
    assert FakeHttp().get("a", accept=[404]).status == 404


def test_an_error_in_the_table_is_raised():
    """A test can give any exception."""
    with pytest.raises(Retryable):
        FakeHttp({"a": Retryable("FG-timeout", "too late")}).get("a")


def test_an_answer_that_is_no_json_stops_the_connection():
    """A page where JSON was expected has the code that the transport gives it."""
    with pytest.raises(ConnectionStopped) as caught:
        FakeAnswer(b"<html>").json()
    assert caught.value.code == "FG-answer-not-json"


def test_signs_of_life_are_counted():
    """A test can see that a hook says that it is at work."""
    connection = FakeConnection()
    connection.alive()
    assert connection.signs_of_life == 1
