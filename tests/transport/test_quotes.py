"""Tests that errors quote what a server sends only if the policy of the host allows it."""

import logging

import pytest

from fitglue_registry import Policy
from fitglue_registry.errors import FitglueError
from fitglue_registry.transport.server_message import IN_THE_LOG

SILENT = Policy(networks=("127.0.0.0/8",))
WORDS = "OpenSSH-of-the-server"
RAW = {
    "another protocol": f"SSH-2.0-{WORDS}\r\n",
    "a malformed status": f"HTTP/1.1 {WORDS} OK\r\n\r\n",
    "a malformed length": f"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{WORDS}\r\n",
}


def error_of(session) -> FitglueError:
    """Send a request, which must fail, and return the error."""
    with pytest.raises(FitglueError) as caught:
        session.get("x")
    return caught.value


@pytest.mark.parametrize("case", RAW)
def test_what_is_no_http_is_quoted_only_in_the_log(open_session, server, reply, case, caplog):
    """A server that does not speak HTTP properly is not quoted by the error, but by the log."""
    caplog.set_level(logging.WARNING)
    server.respond_with(reply(raw=RAW[case].encode()))
    error = error_of(open_session(rules=SILENT))
    assert WORDS not in f"{error} {error.as_dict()}"
    assert IN_THE_LOG in error.why
    assert WORDS in caplog.text


@pytest.mark.parametrize("status", [401, 403, 404, 429, 500, 503])
def test_the_message_of_a_status_is_quoted_only_in_the_log(
    open_session, server, reply, status, caplog
):
    """The message in a response is not quoted by the error, but by the log, without the key."""
    caplog.set_level(logging.WARNING)
    server.respond_with(reply(status, b'{"error": "' + WORDS.encode() + b'"}'))
    error = error_of(open_session(rules=SILENT))
    assert WORDS not in f"{error} {error.as_dict()}"
    assert WORDS in caplog.text
    assert WORDS in str(error_of(open_session()).as_dict())


def test_a_plugin_can_quote_a_response_as_far_as_the_policy_allows(open_session, server, reply):
    """``Answer.quote`` returns the message, or a text that says where it is."""
    server.respond_with(reply(422, b'{"error": "' + WORDS.encode() + b'"}'))
    assert open_session().get("x", accept=(422,)).quote() == WORDS
    assert open_session(rules=SILENT).get("x", accept=(422,)).quote() == IN_THE_LOG


def test_a_response_without_a_message_is_not_said_to_be_in_the_log(open_session, server, reply):
    """An error without any message of the server does not point to the log."""
    server.respond_with(reply(404, b""))
    assert error_of(open_session(rules=SILENT)).why == "it gave no reason"
