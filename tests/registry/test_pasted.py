"""The value of a field is extracted from pasted text, or refused without repeating a secret."""

import pytest

from fitglue_registry.errors import UserMistake
from fitglue_registry.registry import Field
from fitglue_registry.registry.loading import load_catalogue
from fitglue_registry.registry.pasted import read_field


@pytest.mark.parametrize(
    "pasted", ["i123", "123", "https://intervals.icu/athlete/i123/calendar", " 'i123'\r\n"]
)
def test_an_athlete_id_is_found_in_whatever_is_pasted(pasted):
    """An athlete id is read from the id with or without its letter, and from an address."""
    field = load_catalogue().get("integration", "intervals").credentials[1]
    assert read_field(field, pasted) in ("i123", "123")


def test_nothing_typed_means_the_default():
    """An empty answer gives the default value of the field."""
    field = load_catalogue().get("integration", "intervals").credentials[1]
    assert read_field(field, "  \n") == "0"


def test_a_pasted_key_loses_its_newline_and_quotes():
    """White space, quotes and invisible characters around a pasted key are removed."""
    assert read_field(Field(name="key", secret=True), "\ufeff“abc123”\r\n") == "abc123"


def test_a_refused_secret_is_never_repeated():
    """The error for an invalid secret says where to find the secret, and not what was typed."""
    field = Field(
        name="key",
        label="API key",
        help="On the settings page.",
        secret=True,
        pattern=r"[!-~]+",
        example="hunter1",
    )
    with pytest.raises(UserMistake) as refused:
        read_field(field, "hunter\u00fc2")
    assert refused.value.as_dict() == {
        "code": "FG-field-refused",
        "what": "API key does not have the right form",
        "where": {"field": "key"},
        "fix": "On the settings page.",
    }


def test_a_space_inside_a_key_is_named():
    """The error for a key with a space inside names the space, and does not repeat the key."""
    field = Field(name="key", label="API key", secret=True, pattern=r"[!-~]+")
    with pytest.raises(UserMistake) as refused:
        read_field(field, "hunter 2")
    assert (refused.value.what, refused.value.fix) == (
        "API key contains a space",
        "paste it without the space",
    )


def test_a_required_field_must_not_be_empty():
    """An empty answer is refused if the connection needs the value, and accepted otherwise."""
    with pytest.raises(UserMistake, match="API key is empty"):
        read_field(Field(name="key", label="API key"), " ")
    assert read_field(Field(name="key", required=False), " ") == ""
