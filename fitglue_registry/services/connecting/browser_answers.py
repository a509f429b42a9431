"""Reads the address to which a service has sent the browser of an athlete back (RFC 6749, 4.1.2).

It has a code if the athlete gave the permission, and otherwise says why there is none.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

from fitglue_registry.errors import (
    AthleteNeeded,
    ConnectionStopped,
    FitglueError,
    Place,
    Retryable,
    UserMistake,
)
from fitglue_registry.transport.limits import RUN_LATER

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fitglue_registry.workspace import Workspace

#: An address with more parameters is no answer of a service.
_MOST_PARAMETERS = 100
#: A longer text about a refusal is cut.
_LONGEST_QUOTE = 200
#: The codes of an outage (RFC 6749, 4.1.2.1).
_OUTAGES = ("server_error", "temporarily_unavailable")
#: The codes of an athlete who did not allow it (RFC 6749, 4.1.2.1; OpenID Connect Core, 3.1.2.6).
_NOT_ALLOWED = (
    "access_denied",
    "account_selection_required",
    "consent_required",
    "interaction_required",
    "login_required",
)
#: The codes of a request that the service does not accept (RFC 6749, 4.1.2.1).
_REQUEST_REFUSED = (
    "invalid_request",
    "invalid_scope",
    "unauthorized_client",
    "unsupported_response_type",
)
#: Codes are shown even if nothing of a response may be: their meaning is public.
_KNOWN = (*_OUTAGES, *_NOT_ALLOWED, *_REQUEST_REFUSED)


def read_callback(callback: str) -> dict[str, str]:
    """Return the parameters of the address to which the browser was sent back.

    Args:
        callback: The address, as the listener received it or as a person pasted it.
    """
    # A terminal or a mail program may have broken the address into lines.
    joined = "".join(callback.split())
    try:
        query = urlsplit(joined).query
        parameters = parse_qs(query, max_num_fields=_MOST_PARAMETERS)
    except ValueError:
        return {}
    # Only scopes may be given one by one. Of anything else, the first value counts.
    return {
        name: " ".join(values) if name == "scope" else values[0]
        for name, values in parameters.items()
    }


def is_complete(answer: Mapping[str, str]) -> bool:
    """Return whether an answer has a state, and a code or the reason why there is none."""
    return "state" in answer and ("code" in answer or "error" in answer)


def incomplete(callback: str, address: str, redirect_uri: str) -> UserMistake | None:
    """Return what is wrong with an address that a person pasted, or ``None`` if it is complete.

    Args:
        callback: The address.
        address: The address that the person was to open.
        redirect_uri: The beginning of the address that the person was to copy.
    """
    pasted = "".join(callback.split())
    if is_complete(read_callback(pasted)):
        return None
    copy = "copy the complete address from the address bar of your browser"
    if not pasted:
        return UserMistake("FG-permission-incomplete", "no address was pasted", fix=copy)
    if pasted.partition("?")[0] == address.partition("?")[0]:
        return UserMistake(
            "FG-permission-incomplete",
            "this is the address at which you give the permission",
            fix=f"open it in a browser, give the permission, and then {copy}",
        )
    if _without_scheme(pasted).startswith(_without_scheme(redirect_uri)):
        return UserMistake(
            "FG-permission-incomplete",
            "this address is not complete",
            why="the code of the service is missing in it",
            fix=copy,
        )
    return UserMistake(
        "FG-permission-incomplete",
        "this is not the address to which your browser was sent",
        why=f"that one begins with {redirect_uri}",
        fix=copy,
    )


def _without_scheme(address: str) -> str:
    """Return an address as browsers show it, without its scheme and its last slash."""
    return address.rpartition("://")[2].rstrip("/")


def unknown_answer() -> UserMistake:
    """Return the error for an answer that belongs to nothing that was begun."""
    return UserMistake(
        "FG-permission-unknown",
        "this address belongs to no connection that was begun and is not finished yet",
        at=Place(field="state"),
        why="it was used before, is older than ten minutes, or was begun by somebody else",
        fix="connect again: each address can be used once",
    )


def not_given(
    service: str,
    url: str,
    answer: Mapping[str, str],
    workspace: Workspace,
) -> FitglueError:
    """Return the error for an answer without a code, by the reason that the service gives.

    Args:
        service: The name of the service.
        url: Where its tokens are issued.
        answer: The parameters of the answer.
        workspace: What the host has opened.
    """
    code = answer.get("error", "")
    at = Place(url=url)
    why = _reason(code, answer.get("error_description", ""), workspace)
    if code in _OUTAGES:
        return Retryable(
            "FG-source-down",
            f"{service} cannot ask for permissions at the moment",
            at=at,
            why=why,
            fix=RUN_LATER,
        )
    if code in _REQUEST_REFUSED:
        return ConnectionStopped(
            "FG-permission-request-refused",
            f"{service} does not accept how it was asked for the permission",
            at=at,
            why=why,
            fix="check in the settings of the app at the service what it may ask for, and to which "
            "address the browser is sent back; if both are right, report this to the author of the "
            "plugin",
        )
    return AthleteNeeded(
        "FG-permission-denied",
        f"{service} was not given the permission",
        at=at,
        why=why,
        fix="connect again, and allow it",
    )


def _reason(code: str, description: str, workspace: Workspace) -> str:
    """Return what the service says. Both texts come from an address, so nobody has checked them."""
    if not workspace.policy.quotes_responses:
        if code in _KNOWN:
            return f"the service says {code}"
        return "the service gave no reason that may be shown here"
    said = ": ".join(part for part in (code, description) if part)
    return f"the service says {workspace.redactor.text(ascii(said[:_LONGEST_QUOTE])[1:-1])}"
