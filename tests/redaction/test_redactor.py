"""Known and unknown secrets are removed from texts, addresses and log records."""

import base64
import io
import json
import logging
import math
from urllib.parse import quote, quote_plus

import pytest

from fitglue_registry.redaction.log_filter import RedactingFilter
from fitglue_registry.redaction.redactor import Redactor

SECRET = 'pä/ss w+rd"42'


@pytest.fixture
def redactor():
    """A redactor that knows one secret with awkward characters."""
    return Redactor([SECRET])


@pytest.mark.parametrize(
    "form", [SECRET, quote(SECRET, safe=""), quote_plus(SECRET), json.dumps(SECRET)[1:-1]]
)
def test_a_known_secret_is_taken_out_in_each_form(redactor, form):
    """A known secret is removed verbatim, percent-encoded and escaped for JSON."""
    assert redactor.text(f"before {form} after") == "before *** after"


@pytest.mark.parametrize("user", ["", "a", "ab", "API_KEY", "me"])
@pytest.mark.parametrize("end", ["", ":", "::"])
@pytest.mark.parametrize("encode", [base64.b64encode, base64.urlsafe_b64encode])
def test_a_known_secret_is_taken_out_of_basic_credentials(redactor, user, end, encode):
    """A known secret is removed from base64 at each of its three alignments, with the characters at
    its ends that encode only some of its bits.
    """
    begins = len(f"{user}:") * 8
    ends = begins + len(SECRET.encode()) * 8
    coded = encode(f"{user}:{SECRET}{end}".encode()).decode().rstrip("=")
    left, mark, right = redactor.text(coded).partition("***")
    assert mark
    assert len(left) <= begins // 6
    assert len(right) <= len(coded) - math.ceil(ends / 6)


@pytest.mark.parametrize("secret", ["tiger-lily", "tiger-lily-", "tiger-lily-4"])
def test_nothing_is_left_of_base64_of_a_secret(secret):
    """Base64 of a secret is removed as a whole, with its last character and its padding."""
    coded = base64.b64encode(secret.encode()).decode()
    assert Redactor([secret]).text(f"{secret} {coded} {coded.rstrip('=')}") == "*** *** ***"


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
    """An unknown secret is removed from headers, queries, JSON and addresses; words are not."""
    assert Redactor().text(text) == clean


@pytest.mark.parametrize(
    "flood", ["a", "key", "-", " ", "'", "key'", "://a", "basic ", SECRET[:-1]]
)
def test_a_flood_costs_no_more_than_its_length(redactor, flood):
    """Redacting a long run of one letter or pattern takes linear time, not quadratic time."""
    assert len(redactor.text(flood * 50_000)) >= 50_000


def test_a_secret_may_become_known_later(redactor):
    """A secret that is added later is removed as well, unless it is too short."""
    redactor.add(["renewed", "", "ab"])
    assert redactor.text(f"renewed {SECRET} ab") == "*** *** ab"


def logged(redactor, write):
    """Return what a log handler with the filter prints."""
    printed = io.StringIO()
    handler = logging.StreamHandler(printed)
    handler.addFilter(RedactingFilter(redactor))
    log = logging.Logger("test")
    log.addHandler(handler)
    write(log)
    return printed.getvalue()


def test_a_log_record_passes_without_secrets(redactor):
    """A log record is printed without secrets in its text and in its arguments."""
    assert (
        logged(redactor, lambda log: log.info("asked %s with %r", "x", {"key": SECRET}))
        == "asked x with {'key': '***'}\n"
    )


def test_a_record_whose_arguments_do_not_fit_is_redacted_too(redactor):
    """A log record whose arguments do not match its text is redacted as well."""
    assert SECRET not in logged(redactor, lambda log: log.info("asked %d", SECRET))


def test_a_traceback_passes_without_secrets(redactor):
    """A secret in the message of a logged exception is removed."""

    def fail(log):
        try:
            raise ValueError(SECRET)
        except ValueError:
            log.exception("failed")

    printed = logged(redactor, fail)
    assert "ValueError: ***" in printed
    assert SECRET not in printed


def test_our_own_advice_stays_readable():
    """FITGLUE_SECRETS=file, which our own messages recommend, is not redacted."""
    text = "give the key once more: FITGLUE_SECRETS=file fitglue connect intervals"
    assert Redactor().text(text) == text


@pytest.mark.parametrize(
    "text", ["add --set key_expires=…", "add --set token=…, or run the command in a terminal"]
)
def test_a_place_for_a_value_is_left(redactor, text):
    """What our own messages recommend has an ellipsis where a person puts the value."""
    assert redactor.text(text) == text


def test_an_ellipsis_hides_no_secret(redactor):
    """A value that only begins with an ellipsis is redacted."""
    assert redactor.text("key_expires=…s3cret") == "key_expires=***"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("connections set garmin key_expires=60", "connections set garmin key_expires=60"),
        ("'key_expires=2027-01-31' is", "'key_expires=2027-01-31' is"),
        ("key_expires=s3cret-value", "key_expires=***"),
        ("key_expires=2027-01-31-and-s3cret", "key_expires=***"),
    ],
)
def test_the_day_on_which_a_key_ends_is_no_secret(redactor, text, shown):
    """A date or a number of days is shown; everything else in its place may be a pasted key."""
    assert redactor.text(text) == shown


def test_a_text_of_an_entry_loses_only_known_secrets(redactor):
    """A sentence in which a colon follows the word token is shown, and a known secret is not."""
    text = "Make it at example.org/settings/apiToken: sign in"
    assert redactor.known(f"{text} with {SECRET}") == f"{text} with ***"
