"""Tokens that a service issues, and when a session needs a new one."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Protocol

from fitglue_registry.transport.auth import TOKEN

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fitglue_registry.transport.token_sender import TokenSender


#: How long no token is replaced after the service has rejected one that it had just issued.
_PAUSE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Token:
    """A token that authenticates requests.

    Attributes:
        value: The token, which is a secret.
        renew_at: When a new token has to be requested, some time before this one ends; ``None`` if
            it is not known when it ends.
        credentials: The credentials that it was issued for. They are not sent with it, but are
            removed from responses, errors and logs as the token is.
        not_given: The names of the scopes that the athlete has not given.
    """

    value: str = field(repr=False)
    renew_at: datetime | None = None
    credentials: Mapping[str, str] = field(default_factory=dict, repr=False)
    not_given: tuple[str, ...] = ()


class TokenSource(Protocol):
    """Keeps the tokens of one connection, and renews them."""

    def token(self, sender: TokenSender, rejected: str | None = None) -> Token:
        """Return a token, which is requested from the service if necessary.

        Args:
            sender: Sends the requests for tokens.
            rejected: A token that the service has rejected, which is therefore not returned unless
                the service issues it again.

        Raises:
            AthleteNeeded: The service issues no token for the credentials that are stored.
            Retryable: The service cannot be asked now.
        """


class RenewedTokens:
    """The token that one session uses at the moment.

    Only one thread at a time calls ``secrets``, ``accept`` and ``reject``.

    Args:
        source: Keeps the tokens of the connection.
        sender: Sends the requests for tokens.
    """

    def __init__(self, source: TokenSource, sender: TokenSender) -> None:
        self._source = source
        self._sender = sender
        self._current: Token | None = None
        self._rejected: str | None = None
        self._is_unproven = False  # whether it replaced a rejected one, and was never accepted
        self._useless_since: datetime | None = None

    def is_ending(self) -> bool:
        """Return whether the token should be renewed before the next request."""
        current = self._current
        if current is None or current.renew_at is None:
            return False
        return self._sender.now() >= current.renew_at

    @property
    def not_given(self) -> tuple[str, ...]:
        """The names of the scopes that the athlete has not given."""
        current = self._current
        return current.not_given if current else ()

    def secrets(self) -> Mapping[str, str]:
        """Return the newest token under the name ``auth.TOKEN``, and its credentials."""
        if self._current is None or self.is_ending():
            self._current = self._source.token(self._sender, self._rejected)
            self._is_unproven = self._rejected is not None
            self._rejected = None
        return {**self._current.credentials, TOKEN: self._current.value}

    def accept(self) -> None:
        """Note that the service has accepted the token, so that a later 401 means that it ended."""
        self._is_unproven = False

    def reject(self) -> None:
        """Note that the service has rejected the token, so that another one is requested.

        A token that has taken the place of a rejected one, and was never accepted, is not replaced
        again for a moment: a service that rejects both will reject the next one, too.
        """
        if self._current is None or self._is_pausing():
            return
        if self._is_unproven:
            self._is_unproven = False
            self._useless_since = self._sender.now()
            return
        self._rejected = self._current.value
        self._current = None

    def _is_pausing(self) -> bool:
        if self._useless_since is None:
            return False
        return abs(self._sender.now() - self._useless_since) < _PAUSE
