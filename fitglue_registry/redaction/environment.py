"""Finds the secrets in environment variables and addresses, so that a redactor can remove them."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING
from urllib.parse import unquote, unquote_plus

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

#: Shorter pieces of a password would match parts of ordinary words.
_SHORTEST_PIECE = 5
#: Variables such as FITGLUE_INTERVALS_API_KEY. FITGLUE_SECRETS names a kind of secret store and is
#: not a secret itself.
_SECRET_VARIABLE = re.compile(r"FITGLUE_\w*(?:KEY|TOKEN|PASSWORD|SECRET)|PGPASSWORD")
_ADDRESSES = ("FITGLUE_DATABASE", "FITGLUE_SQL_DATABASE")
_PASSWORD_IN_QUERY = re.compile(r"[?&](?:ssl)?password=([^&]+)")
_DELIMITERS = re.compile(r"[@/:?#\[\]]")


def secrets_of_environment(
    environment: Mapping[str, str] | None = None, *addresses: str
) -> Iterator[str]:
    """Yield the secrets that a message could quote although no connection has them.

    These are the keys that ``connect`` reads from the environment, and the passwords of the
    database and of proxies.

    Args:
        environment: Environment variables; by default those of this process.
        addresses: Further addresses that may contain a password, such as the database's URL.
    """
    variables = os.environ if environment is None else environment
    for name, value in variables.items():
        if _SECRET_VARIABLE.fullmatch(name):
            yield value.strip()
        elif name in _ADDRESSES or name.lower().endswith("_proxy"):
            yield from _passwords(value)
    for address in addresses:
        yield from _passwords(address)


def _passwords(address: str) -> Iterator[str]:
    """Yield the password of an address in every form in which an error message can quote it.

    In a malformed address, a parser can take pieces of an unquoted password for a host or a port;
    these pieces are secrets too.
    """
    _, _, authority = address.partition("://")
    user, at, _ = authority.rpartition("@")
    _, _, password = user.partition(":")
    if at and password:
        yield password
        yield unquote(password)
        for piece in _DELIMITERS.split(password):
            if len(piece) >= _SHORTEST_PIECE:
                yield piece
    for value in _PASSWORD_IN_QUERY.findall(authority):
        yield unquote_plus(value)
