"""A request for a token, as a plain value, which can be made without importing an HTTP library."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class TokenRequest:
    """A request for a token.

    Attributes:
        method: HTTP method.
        url: Address.
        headers: Headers, in addition to those of every request.
        form: Fields of a form, which becomes the body.
        json: Keys of a JSON object, which becomes the body.
        secrets: The secrets in it, which no error and no log may contain.
        decisive: Error codes that are the answer of the service, whatever its status.
        repeatable: Whether it may be sent again if nobody knows whether it was carried out.
    """

    method: str
    url: str
    headers: Mapping[str, str] = field(repr=False)
    form: Mapping[str, str] | None = field(default=None, repr=False)
    json: Mapping[str, str] | None = field(default=None, repr=False)
    secrets: tuple[str, ...] = field(default=(), repr=False)
    decisive: tuple[str, ...] = ()
    repeatable: bool = True
