"""Secrets are taken out of texts, addresses and log records, known or not."""

import base64
import io
import json
import logging
from urllib.parse import quote, quote_plus

import pytest

from fitglue_registry.redaction.log_filter import RedactingFilter
from fitglue_registry.redaction.redactor import Redactor

SECRET = 'pä/ss w+rd"42'


@pytest.fixture
def redactor():
    """Knows one awkward secret."""
    return Redactor([SECRET])


@pytest.mark.parametrize(
    "form", [SECRET, quote(SECRET, safe=""), quote_plus(SECRET), json.dumps(SECRET)[1:-1]]
)
def test_a_known_secret_is_taken_out_in_each_form(redactor, form):
    """As it is, quoted for an address, escaped for JSON."""
    assert redactor.text(f"before {form} after") == "before *** after"


@pytest.mark.parametrize("user", ["", "a", "ab", "API_KEY", "me"])
def test_a_known_secret_is_taken_out_of_basic_credentials(redactor, user):
    """Whatever stands before it, and so wherever it falls in base64."""
    coded = base64.b64encode(f"{user}:{SECRET}".encode()).decode()
    inner = base64.b64encode(SECRET.encode()).decode()[4:8]
    assert "***" in redactor.text(coded)
    assert inner not in redactor.text(base64.b64encode(SECRET.encode()).decode())


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("Authorization: Basic QVBJX0tFWTphYmM=", "Authorization: ***"),
        (
            "{'Authorization': 'Bearer abc.def', 'Accept': '*/*'}",
            "{'Authorization': '***', 'Accept': '*/*'}",
        ),
        ("X-Api-Key: abc", "X-Api-Key: ***"),
        ("sent Bearer abcdefgh.ijk", "sent Bearer ***"),
        ("GET /x?api_key=abc&page=2", "GET /x?api_key=***&page=2"),
        ("https://h/x?access_token=a%20b#top", "https://h/x?access_token=***#top"),
        ("client_secret=abc; password=def", "client_secret=***; password=***"),
        ('{"icu_api_key": "abc", "id": "i1"}', '{"icu_api_key": "***", "id": "i1"}'),
        ("https://me:pass@host/x", "https://***@host/x"),
        ("the key of the ride is F sharp", "the key of the ride is F sharp"),
        ("https://h/x?oldest=2026-01-01&ids=i1,i2", "https://h/x?oldest=2026-01-01&ids=i1,i2"),
    ],
)
def test_an_unknown_secret_is_known_by_its_shape(text, clean):
    """Headers, query values, JSON values and user names in an address; common words are left
    alone.
    """
    assert Redactor().text(text) == clean


@pytest.mark.parametrize("flood", ["a", "key", "-", " ", "'", "key'", "://a", "basic "])
def test_a_flood_costs_no_more_than_its_length(redactor, flood):
    """A server's answer passes here: one that is made to take hours would, if each letter were
    looked at from each other.
    """
    assert len(redactor.text(flood * 50_000)) >= 50_000


def test_a_secret_may_become_known_later(redactor):
    """A rotated key is redacted beside the old one; something too short to be one is not."""
    redactor.add(["renewed", "", "ab"])
    assert redactor.text(f"renewed {SECRET} ab") == "*** *** ab"


def logged(redactor, write):
    """What a handler with the filter prints."""
    printed = io.StringIO()
    handler = logging.StreamHandler(printed)
    handler.addFilter(RedactingFilter(redactor))
    log = logging.Logger("test")
    log.addHandler(handler)
    write(log)
    return printed.getvalue()


def test_a_log_record_passes_without_secrets(redactor):
    """Neither its text nor its arguments carry one."""
    assert (
        logged(redactor, lambda log: log.info("asked %s with %r", "x", {"key": SECRET}))
        == "asked x with {'key': '***'}\n"
    )


def test_a_record_whose_arguments_do_not_fit_is_redacted_too(redactor):
    """Logging itself would print them as they are."""
    assert SECRET not in logged(redactor, lambda log: log.info("asked %d", SECRET))


def test_a_traceback_passes_without_secrets(redactor):
    """The text of an exception is redacted, and the exception itself goes no further."""

    def fail(log):
        try:
            raise ValueError(SECRET)
        except ValueError:
            log.exception("failed")

    printed = logged(redactor, fail)
    assert "ValueError: ***" in printed
    assert SECRET not in printed


def test_our_own_advice_stays_readable():
    """FITGLUE_SECRETS names a place, and the fix of a missing keyring says it."""
    text = "give the key once more: FITGLUE_SECRETS=file fitglue connect intervals"
    assert Redactor().text(text) == text
