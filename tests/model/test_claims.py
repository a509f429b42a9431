"""Claims are the identities that a source activity asserts."""

from __future__ import annotations

import re

import pytest

from fitglue_registry.model import claim, split_claim
from fitglue_registry.model.claims import CLAIM_PATTERN


@pytest.mark.parametrize(
    ("service", "identity", "text"),
    [
        ("strava", 987, "strava:987"),
        ("file", "sha256:abc#0", "file:sha256:abc#0"),
        ("device", "1@05:30:00Z", "device:1@05:30:00Z"),
        ("a-b_2", "ü", "a-b_2:ü"),
    ],
)
def test_a_claim_is_service_and_id(service, identity, text):
    """A claim is split into its service and its id, even if the id contains colons."""
    assert claim(service, identity) == text
    assert split_claim(text) == (service, str(identity))


@pytest.mark.parametrize(
    ("service", "identity"),
    [
        ("", "1"),
        ("strava", ""),
        ("Strava", "1"),
        ("strava", "a b"),
        ("strava", "1\n"),
        ("1st", "1"),
        ("str ava", "1"),
        ("strava", "\xa0"),
        ("strava", "\ufeff1"),
        ("strava", "1\0"),
    ],
)
def test_a_half_that_is_empty_or_blank_is_refused(service, identity):
    """A claim without a service or an id is refused, because it would join unrelated workouts."""
    with pytest.raises(ValueError, match="service:id"):
        claim(service, identity)


def test_the_pattern_means_the_same_in_every_language():
    """The pattern of a claim has no character class that differs between Python and JSON Schema."""
    assert not re.search(r"\\[swdSWD]", CLAIM_PATTERN)
