"""The messages of OAuth 2 (RFC 6749, RFC 7636, RFC 7009), which oauthlib composes."""

from __future__ import annotations

import base64
from dataclasses import replace
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, quote_plus

from oauthlib.common import add_params_to_uri
from oauthlib.oauth2 import WebApplicationClient

from fitglue_registry.transport.token_refusal import APP_REFUSED, PERMISSION_ENDED
from fitglue_registry.transport.token_request import TokenRequest

if TYPE_CHECKING:
    from fitglue_registry.registry import OAuth2
    from fitglue_registry.transport.oauth_app import App, Question

#: The length of a state and of a code verifier, in characters. Each character has six bits.
_LENGTH = 64
#: The codes that are the answer of a service, even if their status is that of an outage.
_DECISIVE = (PERMISSION_ENDED, *APP_REFUSED)


def new_verifier() -> str:
    """Return a new random text, which is a code verifier or a state."""
    verifier: str = WebApplicationClient("").create_code_verifier(_LENGTH)
    return verifier


def authorization_address(
    oauth: OAuth2,
    url: str,
    app: App,
    question: Question,
) -> str:
    """Return the address at which the athlete gives the permission.

    Args:
        oauth: The ``oauth2`` block of the entry.
        url: The address without parameters.
        app: The app.
        question: What the athlete is asked.
    """
    client = WebApplicationClient(app.client_id)
    parameters: dict[str, str] = {}
    if oauth.pkce:
        parameters["code_challenge"] = client.create_code_challenge(question.verifier, "S256")
        parameters["code_challenge_method"] = "S256"
    scope = oauth.scope_separator.join(scope.name for scope in oauth.scopes)
    # oauthlib composes no http address. The policy of the session has already refused each one
    # that is not on this machine.
    scheme, separator, rest = url.partition("://")
    address: str = client.prepare_request_uri(
        f"https{separator}{rest}",
        redirect_uri=question.redirect_uri,
        scope=scope or None,
        state=question.state,
        **parameters,
    )
    # Not as arguments above, some of which have names that a service may use, too.
    address = add_params_to_uri(address, list(oauth.parameters.items()))
    return f"{scheme}{address.removeprefix('https')}"


def code_request(
    oauth: OAuth2,
    url: str,
    app: App,
    code: str,
    question: Question,
) -> TokenRequest:
    """Return the request for the first token, with the code that the browser has brought.

    It is not repeated if it may have been carried out: a service that gets a code twice should end
    the permission (RFC 6749, 4.1.2).
    """
    client = WebApplicationClient(app.client_id)
    body = client.prepare_request_body(
        code=code,
        redirect_uri=question.redirect_uri,
        include_client_id=False,
        code_verifier=question.verifier if oauth.pkce else None,
    )
    request = _authenticated(oauth, url, app, body, (code, question.verifier))
    return replace(request, repeatable=False)


def refresh_request(
    oauth: OAuth2,
    url: str,
    app: App,
    refresh_token: str,
) -> TokenRequest:
    """Return the request that renews a token."""
    client = WebApplicationClient(app.client_id)
    body = client.prepare_refresh_body(refresh_token=refresh_token)
    return _authenticated(oauth, url, app, body, (refresh_token,))


def revoke_request(
    oauth: OAuth2,
    url: str,
    app: App,
    token: str,
) -> TokenRequest:
    """Return the request that takes a permission back (RFC 7009)."""
    return _authenticated(oauth, url, app, f"token={quote_plus(token)}", (token,))


def _authenticated(
    oauth: OAuth2,
    url: str,
    app: App,
    body: str,
    secrets: tuple[str, ...],
) -> TokenRequest:
    """Return a request with the id of the app, and with its secret if it has one."""
    form = dict(parse_qsl(body))
    hidden = (*secrets, app.client_secret)
    headers = {}
    if oauth.client == "basic":
        # Both are encoded as in a form before they are joined (RFC 6749, 2.3.1).
        pair = f"{quote_plus(app.client_id)}:{quote_plus(app.client_secret)}".encode()
        encoded = base64.b64encode(pair).decode("ascii")
        headers["Authorization"] = f"Basic {encoded}"
        hidden += (encoded,)
    else:
        form["client_id"] = app.client_id
        if oauth.client == "body":
            form["client_secret"] = app.client_secret
    return TokenRequest(
        "POST",
        url,
        headers,
        form,
        secrets=hidden,
        decisive=_DECISIVE,
    )
