"""Permissions that athletes are being asked for at a service, until the browser comes back.

They are in the database, so that another process of a web application can receive the browser. A
row has the hash of the state, and a reference: what is needed to use the answer is in the secret
store. Each is used once, within ten minutes. When the service has issued the tokens, they are kept
in the same way until the connection is stored.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

from fitglue_registry.errors import AthleteNeeded
from fitglue_registry.model.moments import clock_text
from fitglue_registry.secrets.grants import read_grant, with_grant
from fitglue_registry.services.connection_secrets import change_secrets
from fitglue_registry.store.pending_permissions import (
    PendingRow,
    add_pending,
    drop_expired,
    drop_pending,
    expired_references,
    find_pending,
)
from fitglue_registry.transport.oauth_app import App, Question

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from fitglue_registry.secrets.grants import Grant
    from fitglue_registry.workspace import Workspace

#: How long an athlete may take at the service.
LIFETIME = timedelta(minutes=10)
_OWNER = "permission"


@dataclass(frozen=True, slots=True)
class Pending:
    """A permission that an athlete is being asked for.

    Attributes:
        integration: The id of the integration.
        values: The values to connect with, by the fields of its entry.
        athlete: The athlete, who must be the one that comes back.
        question: What the athlete is asked at the service.
        app: The app that asks, if it is not known here yet. It is kept when the service has issued
            the first token to it.
        grant: The tokens, if the service has issued them and the connection is not stored yet.
    """

    integration: str
    values: Mapping[str, str] = field(repr=False)
    athlete: str
    question: Question
    app: App | None = None
    grant: Grant | None = None


def add(workspace: Workspace, pending: Pending, expires_at: datetime) -> str:
    """Remember a permission, forget those that are too old, and return its reference."""
    question = pending.question
    sealed = {
        "integration": pending.integration,
        "values": json.dumps(dict(pending.values)),
        "redirect-uri": question.redirect_uri,
        "verifier": question.verifier,
    }
    if pending.app is not None:
        sealed["client-id"] = pending.app.client_id
        sealed["client-secret"] = pending.app.client_secret
    sealed |= with_grant({}, pending.grant)
    with change_secrets(workspace) as change:
        ref = change.put(_OWNER, sealed)
        row = PendingRow(
            _hashed(question.state),
            pending.athlete,
            ref,
            clock_text(expires_at),
        )
        with workspace.database.write() as db:
            for old in expired_references(db, workspace.now):
                change.track(old)
            drop_expired(db, workspace.now)
            add_pending(db, row)
        workspace.database.flush_commits()
    return ref


def forget(workspace: Workspace, state: str, ref: str) -> bool:
    """Forget a permission, and return whether it was still there.

    Args:
        workspace: What the host has opened.
        state: Its state.
        ref: Its reference, as ``add`` returned it. If it is another one, somebody else has taken
            the permission meanwhile.
    """
    with change_secrets(workspace) as change:
        with workspace.database.write() as db:
            was_there = drop_pending(db, _hashed(state), ref)
        change.track(ref)
        workspace.database.flush_commits()
    return was_there


def is_waited_for(workspace: Workspace, state: str) -> bool:
    """Return whether a state belongs to a permission that is still waited for."""
    with workspace.database.read() as db:
        return find_pending(db, _hashed(state), workspace.now) is not None


def take(workspace: Workspace, state: str, athlete: str) -> Pending | None:
    """Return the permission that a state belongs to, and forget it.

    The permission of another athlete is not forgotten: that athlete may still come back.

    Args:
        workspace: What the host has opened.
        state: The state in the answer.
        athlete: The athlete who has come back. Another one could otherwise be made to connect an
            account that is not theirs.

    Returns:
        The permission; ``None`` if nobody waits for it, or if another athlete does.
    """
    hashed = _hashed(state)
    with change_secrets(workspace) as change:
        with workspace.database.write() as db:
            row = find_pending(db, hashed, workspace.now)
            if row is None or row.athlete_id != athlete:
                return None
            if not drop_pending(db, hashed, row.secret_ref):
                return None
        change.track(row.secret_ref)
        workspace.database.flush_commits()
        return _opened(workspace, row, state)


def _opened(workspace: Workspace, row: PendingRow, state: str) -> Pending | None:
    try:
        sealed = workspace.secrets.get(row.secret_ref)
    except AthleteNeeded:  # a backup has the row, and not what it names
        return None
    question = Question(sealed["redirect-uri"], state, sealed["verifier"])
    values = json.loads(sealed["values"])
    app = None
    if "client-id" in sealed:
        app = App(sealed["client-id"], sealed["client-secret"])
        workspace.redactor.add((app.client_secret,))
    _, grant = read_grant(row.secret_ref, sealed)
    return Pending(
        sealed["integration"],
        values,
        row.athlete_id,
        question,
        app,
        grant,
    )


def _hashed(state: str) -> str:
    return hashlib.sha256(state.encode("utf-8", "replace")).hexdigest()
