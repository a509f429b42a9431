"""The rules for the ``auth`` block of an entry that a schema cannot express."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fitglue_registry.registry.flaw import Flaw
from fitglue_registry.registry.headers import HEADERS_OF_THE_TRANSPORT
from fitglue_registry.validation.wording import nearest, one_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fitglue_registry.registry.auth import Auth, OAuth2, TokenExchange
    from fitglue_registry.registry.entry import Entry

_AUTH = ("http", "auth")
#: Parameters of an authorization request that FitGlue sets itself (RFC 6749, 4.1.1, RFC 7636, 4.3).
_OWN_PARAMETERS = frozenset(
    (
        "client_id",
        "client_secret",
        "code_challenge",
        "code_challenge_method",
        "redirect_uri",
        "response_type",
        "scope",
        "state",
    )
)
#: Headers of a token request that cannot have the key: those that the transport sets, apart from
#: the one that is meant for keys, and those that describe the body and the response.
_NOT_FOR_A_KEY = HEADERS_OF_THE_TRANSPORT - {"authorization"} | {"accept", "content-type"}


def auth_flaws(auth: Auth, entry: Entry) -> Iterator[Flaw]:
    """Yield every flaw of the ``auth`` block of an entry."""
    if auth.secret is not None:
        yield from _named_secret(auth.secret, entry)
    elif auth.scheme not in ("none", "oauth2"):
        yield Flaw(
            "FG-entry-unknown-credential",
            _AUTH,
            f"scheme {auth.scheme} needs a secret",
            fix="add secret, with the name of a secret credential",
        )
    if auth.scheme == "header" and not auth.header:
        yield Flaw(
            "FG-entry-missing-key",
            _AUTH,
            "scheme header needs the name of a header",
            fix="add header: Authorization",
        )
    yield from _unused(auth)
    yield from _exchange(auth)
    yield from _oauth2(auth, entry)
    yield from _webhook(auth, entry)


def _unused(auth: Auth) -> Iterator[Flaw]:
    """Yield a flaw for each key that the scheme does not use."""
    unused = []
    # An exchange may have one for Basic authentication.
    if auth.username and auth.scheme not in ("basic", "exchange"):
        unused.append("username")
    if auth.header is not None and auth.scheme in ("none", "basic", "bearer", "webhook"):
        unused.append("header")
    if auth.secret is not None and auth.scheme == "none":
        unused.append("secret")
    if auth.address is not None and not auth.is_webhook:
        unused.append("address")
    if auth.key_help and auth.scheme in ("none", "oauth2"):
        unused.append("key_help")
    for key in unused:
        yield Flaw(
            "FG-entry-auth",
            (*_AUTH, key),
            f"{key} is not used with scheme: {auth.scheme}",
            fix=f"remove {key}, or change scheme",
        )


def _webhook(auth: Auth, entry: Entry) -> Iterator[Flaw]:
    """Yield every flaw of where the requests of an entry go: to the service, or to the athlete."""
    base_url = entry.http.base_url if entry.http else ""
    if not auth.is_webhook:
        if not base_url:
            yield Flaw(
                "FG-entry-missing-key",
                ("http",),
                "key base_url is missing",
                "only the scheme webhook sends requests to an address of the athlete",
                "add base_url, with the address that every request starts with",
            )
        return
    if base_url:
        yield Flaw(
            "FG-entry-auth",
            ("http", "base_url"),
            "scheme webhook uses no base_url",
            "the athlete types the address",
            "remove base_url",
        )
    if auth.address is None:
        yield Flaw(
            "FG-entry-unknown-credential",
            _AUTH,
            "scheme webhook needs an address",
            fix="add address, with the name of a secret credential",
        )
    else:
        yield from _named_secret(auth.address, entry, "address")


def _named_secret(
    secret: str,
    entry: Entry,
    key: str = "secret",
) -> Iterator[Flaw]:
    names = [field.name for field in entry.credentials if field.secret]
    if secret in names:
        return
    near = nearest(secret, names)
    yield Flaw(
        "FG-entry-unknown-credential",
        (*_AUTH, key),
        f"{secret!r} is not the name of a secret credential",
        f"the secret credentials are: {one_of(names)}"
        if names
        else "the entry has no secret credential",
        f"did you mean {near}?" if near else None,
    )


def _exchange(auth: Auth) -> Iterator[Flaw]:
    if auth.scheme == "exchange" and auth.exchange is None:
        yield Flaw(
            "FG-entry-missing-key",
            _AUTH,
            "scheme exchange needs to know where a token is issued",
            fix="add exchange: {url: …}",
        )
    if auth.exchange is None:
        return
    if auth.scheme != "exchange":
        yield Flaw(
            "FG-entry-auth",
            (*_AUTH, "exchange"),
            f"scheme {auth.scheme} exchanges nothing for a token",
            fix="write scheme: exchange, or remove exchange",
        )
    yield from _sending(auth.exchange)
    # The key would take the place of the parameter, or the parameter that of the key.
    field = auth.exchange.name or auth.secret or ""
    if auth.exchange.send in ("form", "json") and field in auth.exchange.parameters:
        yield Flaw(
            "FG-entry-auth",
            (*_AUTH, "exchange", "parameters", field),
            f"the parameter {field} has the name under which the key is sent",
            fix="remove it, or write another name",
        )


def _oauth2(auth: Auth, entry: Entry) -> Iterator[Flaw]:
    if auth.scheme == "oauth2" and auth.oauth2 is None:
        yield Flaw(
            "FG-entry-missing-key",
            _AUTH,
            "scheme oauth2 needs to know where the athlete gives the permission",
            fix="add oauth2: {authorize_url: …, token_url: …}",
        )
    if auth.oauth2 is None:
        return
    if auth.scheme == "oauth2":
        yield from _no_credentials(auth, entry)
    else:
        yield Flaw(
            "FG-entry-auth",
            (*_AUTH, "oauth2"),
            f"scheme {auth.scheme} asks for no permission",
            fix="write scheme: oauth2, or remove oauth2",
        )
    yield from _permission(auth.oauth2)
    yield from _scopes(auth.oauth2)


def _no_credentials(auth: Auth, entry: Entry) -> Iterator[Flaw]:
    """Yield a flaw for each credential of an entry whose athletes have none."""
    what = "scheme oauth2 uses no credential of the athlete"
    why = "the athlete gives the permission in a browser"
    if auth.secret is not None:
        yield Flaw("FG-entry-auth", (*_AUTH, "secret"), what, why, "remove secret")
    for number, credential in enumerate(entry.credentials):
        fix = "remove it" if credential.secret else "move it to settings"
        yield Flaw("FG-entry-auth", ("credentials", number), what, why, fix)


def _permission(oauth: OAuth2) -> Iterator[Flaw]:
    """Yield every flaw of the way in which a permission is asked for."""
    taken = sorted(_OWN_PARAMETERS.intersection(oauth.parameters))
    if taken:
        yield Flaw(
            "FG-entry-auth",
            (*_AUTH, "oauth2", "parameters", taken[0]),
            f"the parameter {taken[0]} is set by FitGlue",
            fix="remove it",
        )
    if oauth.client == "none" and not oauth.pkce:
        yield Flaw(
            "FG-entry-auth",
            (*_AUTH, "oauth2", "pkce"),
            "an app without a secret needs pkce",
            "whoever reads the address that the browser is sent to could use its code otherwise",
            "remove pkce: false, or write client: body",
        )


def _scopes(oauth: OAuth2) -> Iterator[Flaw]:
    """Yield a flaw for each scope that occurs twice, or that the service would take for several."""
    names = [scope.name for scope in oauth.scopes]
    separator = "a space" if oauth.scope_separator == " " else "a comma"
    for number, name in enumerate(names):
        path = (*_AUTH, "oauth2", "scopes", number)
        if oauth.scope_separator in name:
            yield Flaw(
                "FG-entry-auth",
                path,
                f"the scope {name!r} contains {separator}, which separates scopes",
                fix="list each scope on its own, or change scope_separator",
            )
        if names.index(name) < number:
            yield Flaw(
                "FG-entry-auth",
                path,
                f"the scope {name!r} occurs twice",
                f"scopes[{names.index(name)}] already has it",
                "remove one of the two",
            )


def _sending(exchange: TokenExchange) -> Iterator[Flaw]:
    """Yield a flaw for each key that the way of sending the key does not use."""
    path = (*_AUTH, "exchange")
    unused = []
    if exchange.method == "GET" and exchange.send in ("form", "json"):
        yield Flaw(
            "FG-entry-auth",
            (*path, "method"),
            f"a GET request has no body, so send: {exchange.send} cannot be carried out",
            fix="write method: POST, or send: header",
        )
    if exchange.parameters and exchange.send not in ("form", "json"):
        unused.append("parameters")
    if exchange.prefix and exchange.send != "header":
        unused.append("prefix")
    if exchange.name and exchange.send == "basic":
        unused.append("name")
    for key in unused:
        yield Flaw(
            "FG-entry-auth",
            (*path, key),
            f"{key} is not used with send: {exchange.send}",
            fix=f"remove {key}, or change send",
        )
    if exchange.send == "header" and exchange.name.lower() in _NOT_FOR_A_KEY:
        yield Flaw(
            "FG-entry-auth",
            (*path, "name"),
            f"the key cannot be sent in the header {exchange.name}",
            "FitGlue sets this header itself",
            "name the header that the service documents, such as Authorization",
        )
