"""Checks the address to which a browser is sent back after the athlete has given a permission."""

from __future__ import annotations

from urllib.parse import urlsplit

from fitglue_registry.errors import Place, UserMistake

#: The hosts of this machine, to which a browser is sent back without encryption (RFC 8252, 7.3).
_THIS_MACHINE = ("127.0.0.1", "::1", "localhost")


def check_redirect(redirect_uri: str) -> None:
    """Check that a browser may be sent back to an address with the code of a permission.

    Args:
        redirect_uri: The address.

    Raises:
        UserMistake: FG-redirect-refused if it is not complete, has a fragment, or would carry the
            code over a network without encryption.
    """
    why = _refusal(redirect_uri)
    if why is not None:
        raise UserMistake(
            "FG-redirect-refused",
            "a browser cannot be sent back to this redirect_uri",
            at=Place(field="redirect_uri"),
            why=why,
            fix="use a complete https address of your application, or one on this machine such as "
            "http://127.0.0.1:8765/",
        )


def _refusal(redirect_uri: str) -> str | None:
    """Return why a browser cannot be sent back to an address, or ``None`` if it can."""
    try:
        split = urlsplit(redirect_uri)
        host = split.hostname
    except ValueError:
        return "it is not an address"
    if "#" in redirect_uri:
        return "it has a fragment, which no service accepts (RFC 6749, 3.1.2)"
    # An app on a telephone has a scheme of its own (RFC 8252, 7.1).
    if "." in split.scheme:
        return None
    if split.scheme not in ("http", "https") or not host:
        return "it is not a complete address"
    if split.scheme == "http" and host not in _THIS_MACHINE:
        return "it is not encrypted, so others in the network could read the code"
    return None
