"""The messages of OAuth 2: what is in them, and what is not."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import pytest

from fitglue_registry.registry import OAuth2
from fitglue_registry.transport.oauth_app import App, Question
from fitglue_registry.transport.oauth_messages import (
    authorization_address,
    code_request,
    refresh_request,
)

APP = App("app-1", "s3cret-of-the-app")
QUESTION = Question("http://127.0.0.1:8765/", "st4te", "v3rifier-of-the-code")
LOGIN = "https://login.club.example"


def oauth(**differs):
    """Return the block of an entry."""
    return OAuth2(authorize_url=f"{LOGIN}/authorize", token_url=f"{LOGIN}/token", **differs)


@pytest.mark.parametrize("pkce", [True, False])
def test_a_service_without_pkce_gets_neither_a_challenge_nor_a_verifier(pkce):
    """The code challenge and its verifier are sent together, or not at all."""
    block = oauth(pkce=pkce)
    address = authorization_address(block, block.authorize_url, APP, QUESTION)
    request = code_request(block, block.token_url, APP, "c0de", QUESTION)
    assert ("code_challenge" in parse_qs(urlsplit(address).query)) is pkce
    assert request.form.get("code_verifier") == (QUESTION.verifier if pkce else None)


def test_only_the_request_with_a_code_is_not_repeatable():
    """A code is used once; a refresh token is sent again by the next sync in any case."""
    block = oauth()
    first = code_request(block, block.token_url, APP, "c0de", QUESTION)
    later = refresh_request(block, block.token_url, APP, "r3fresh")
    assert (first.repeatable, later.repeatable) == (False, True)
