"""Takes a permission back that an athlete has just given, if its connection cannot be stored.

Otherwise it would stay valid at the service although nothing here uses it, and nobody would know.
"""

from __future__ import annotations

from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from fitglue_registry.errors import FitglueError, Retryable
from fitglue_registry.services.granting.pending import LIFETIME, add, forget
from fitglue_registry.transport.origin import origin_of
from fitglue_registry.transport.policy import auth_url

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fitglue_registry.registry import Http, OAuth2
    from fitglue_registry.secrets.grants import Grant
    from fitglue_registry.services.granting.pending import Pending
    from fitglue_registry.transport.oauth_tokens import TokenEndpoint
    from fitglue_registry.workspace import Workspace


@dataclass(frozen=True, slots=True)
class GivenPermission:
    """A permission that was just given, and where it can be taken back.

    Attributes:
        http: The ``http`` block of the entry.
        oauth: Its ``oauth2`` block.
        base_url: The server that is used in place of the entry's, if any.
        endpoint: What has issued the tokens.
        is_only: Whether the athlete has no other connection at this integration. Some services end
            all permissions of an account at once, so that a connection could lose its own.
    """

    http: Http
    oauth: OAuth2
    base_url: str | None
    endpoint: TokenEndpoint
    is_only: bool

    def host(self) -> str:
        """Return the host at which the athlete has given it."""
        origin = origin_of(auth_url(self.http, self.oauth.authorize_url, self.base_url))
        return origin.host if origin else "the service"

    def take_back(self, grant: Grant) -> str | None:
        """Take it back, and return why it could not be; ``None`` if it was.

        Args:
            grant: Its tokens.
        """
        if self.oauth.revoke_url is None:
            return "the service has no address for that"
        if not self.is_only:
            return "the service might end the permission of the existing connection as well"
        url = auth_url(self.http, self.oauth.revoke_url, self.base_url)
        try:
            # A service that takes the refresh token back also ends the tokens that came from it.
            is_accepted = self.endpoint.revoke(url, grant.refresh_token or grant.token)
        except FitglueError as error:
            return error.what
        return None if is_accepted else "the service did not accept that"


@contextmanager
def taken_back_if_unused(
    workspace: Workspace,
    given: GivenPermission,
    pending: Pending,
) -> Iterator[None]:
    """Take a permission back if the block raises an error, which then says so.

    Its tokens are stored meanwhile, so that they outlast this process. If the permission cannot be
    taken back, and the error may go away, they stay stored: the same address finishes it later.

    Args:
        workspace: What the host has opened.
        given: Where the permission can be taken back.
        pending: The permission, with its tokens.

    Raises:
        FitglueError: The error of the block.
    """
    state = pending.question.state
    grant = pending.grant
    assert grant is not None  # the service has issued the tokens
    ref = add(workspace, pending, workspace.clock.now() + LIFETIME)
    try:
        yield
    except FitglueError as error:
        # Somebody else uses the same answer of the service, and is responsible for it.
        if not forget(workspace, state, ref):
            raise
        why_not = given.take_back(grant)
        if why_not is None:
            error.why = _joined(error.why, "the permission that you gave was taken back again")
        else:
            left = f"the permission that you gave stays valid, because {why_not}"
            error.why = _joined(error.why, left)
            if isinstance(error, Retryable):
                _keep_for_later(workspace, pending, error)
            settings = f"take it back in the settings of your account at {given.host()}"
            error.fix = _joined(error.fix, f"unless you connect again, {settings}")
        raise
    # If it cannot be forgotten now, it is forgotten after ten minutes.
    with suppress(FitglueError):
        forget(workspace, state, ref)


def _keep_for_later(
    workspace: Workspace,
    pending: Pending,
    error: Retryable,
) -> None:
    """Keep a permission, and let an error say how to use it."""
    # What has happened first is more important than that it cannot be kept.
    with suppress(FitglueError):
        add(workspace, pending, workspace.clock.now() + LIFETIME)
        again = "within ten minutes, the same address from the browser finishes this"
        error.fix = _joined(error.fix, again)


def _joined(text: str | None, more: str) -> str:
    return f"{text}; {more}" if text else more
