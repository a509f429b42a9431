"""Finds the secrets that the environment and addresses hold, so that a redactor knows them."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING
from urllib.parse import unquote, unquote_plus

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_SHORTEST_PIECE = 5
#: FITGLUE_INTERVALS_API_KEY and the like; FITGLUE_SECRETS is no secret.
_SECRET_VARIABLE = re.compile(r"FITGLUE_\w*(?:KEY|TOKEN|PASSWORD|SECRET)|PGPASSWORD")
_PASSWORD_IN_QUERY = re.compile(r"[?&](?:ssl)?password=([^&]+)")
_DELIMITERS = re.compile(r"[@/:?#\[\]]")


def secrets_of_environment(
    environment: Mapping[str, str] | None = None, *addresses: str
) -> Iterator[str]:
    """Yield what a message could quote although no connection holds it: keys for ``connect``,
    passwords of the database and of proxies.
    """
    variables = os.environ if environment is None else environment
    for name, value in variables.items():
        if _SECRET_VARIABLE.fullmatch(name):
            yield value.strip()
        elif name == "FITGLUE_DATABASE" or name.lower().endswith("_proxy"):
            yield from _passwords(value)
    for address in addresses:
        yield from _passwords(address)


def _passwords(address: str) -> Iterator[str]:
    """Yield the password of an address, also of one that is written wrongly: then its pieces end
    where a host or a port should be.
    """
    _, _, rest = address.partition("://")
    user, at, _ = rest.rpartition("@")
    _, _, password = user.partition(":")
    if at and password:
        yield password
        yield unquote(password)
        for piece in _DELIMITERS.split(password):
            if len(piece) >= _SHORTEST_PIECE:
                yield piece
    for value in _PASSWORD_IN_QUERY.findall(rest):
        yield unquote_plus(value)
