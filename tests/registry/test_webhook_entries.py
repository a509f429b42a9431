"""Tests of what the entry of a webhook may and must say."""

from __future__ import annotations

import pytest

CREDENTIALS = (
    "credentials:\n"
    "  - {name: url, label: Address, secret: true}\n"
    "  - {name: secret, label: Secret, secret: true, required: false}\n"
)
AUTH = "auth: {scheme: webhook, address: url, secret: secret}"


def complaints(registry, http, credentials=CREDENTIALS):
    """Return what is wrong with an integration that has this ``http`` block."""
    registry.add(
        "integrations/demo.yaml",
        kind="integration",
        more=f"{credentials}http: {{{http}}}\nhooks: [fitglue_connect]\n",
    )
    return registry.complaints()


def test_a_webhook_has_the_address_of_the_athlete(registry):
    """It needs no base URL."""
    assert complaints(registry, AUTH) == ""


def test_a_webhook_with_a_base_url_is_refused(registry):
    """Nobody would know to which of the two a request goes."""
    http = f"base_url: https://example.org, {AUTH}"
    assert "scheme webhook uses no base_url" in complaints(registry, http)


def test_any_other_service_needs_a_base_url(registry):
    """Only the athlete's own address can take its place."""
    assert "key base_url is missing" in complaints(registry, "retries: 1")


@pytest.mark.parametrize(
    ("auth", "complaint"),
    [
        ("auth: {scheme: webhook, secret: secret}", "scheme webhook needs an address"),
        ("auth: {scheme: webhook, address: url}", "scheme webhook needs a secret"),
        (
            "auth: {scheme: webhook, address: uri, secret: secret}",
            "'uri' is not the name of a secret credential",
        ),
        (
            "base_url: https://example.org, auth: {scheme: bearer, secret: secret, address: url}",
            "address is not used with scheme: bearer",
        ),
    ],
)
def test_the_address_and_the_secret_are_secret_credentials(registry, auth, complaint):
    """Whoever knows the address can send something there, so it is kept like a key."""
    assert complaint in complaints(registry, auth)
