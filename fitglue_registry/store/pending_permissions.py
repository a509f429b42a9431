"""Stores the permissions that athletes are being asked for in a browser, until they come back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import sqlalchemy as sa

from fitglue_registry.store.tables import pending_permissions

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection as Db


@dataclass(frozen=True, slots=True)
class PendingRow:
    """A permission that an athlete is being asked for.

    Attributes:
        state_sha256: The hash of its state, so that the database does not contain the state.
        athlete_id: The athlete.
        secret_ref: The reference of what is needed to use the answer.
        expires_at: Until when the athlete may come back (ISO 8601, UTC).
    """

    state_sha256: str
    athlete_id: str
    secret_ref: str
    expires_at: str


def add_pending(db: Db, row: PendingRow) -> None:
    """Store a permission that an athlete is being asked for."""
    db.execute(
        sa.insert(pending_permissions).values(
            state_sha256=row.state_sha256,
            athlete_id=row.athlete_id,
            secret_ref=row.secret_ref,
            expires_at=row.expires_at,
        )
    )


def find_pending(db: Db, state_sha256: str, now: str) -> PendingRow | None:
    """Return a permission that is still waited for, or ``None``."""
    table = pending_permissions.c
    is_waited_for = sa.and_(table.state_sha256 == state_sha256, table.expires_at > now)
    row = db.execute(sa.select(pending_permissions).where(is_waited_for)).one_or_none()
    return None if row is None else PendingRow(*row)


def drop_pending(db: Db, state_sha256: str, secret_ref: str) -> bool:
    """Delete a permission, and return whether it was there: only one caller can use it."""
    is_it = sa.and_(
        pending_permissions.c.state_sha256 == state_sha256,
        pending_permissions.c.secret_ref == secret_ref,
    )
    return db.execute(sa.delete(pending_permissions).where(is_it)).rowcount == 1


def drop_expired(db: Db, now: str) -> None:
    """Delete the permissions that nobody waits for any more."""
    is_old = pending_permissions.c.expires_at <= now
    db.execute(sa.delete(pending_permissions).where(is_old))


def pending_references(db: Db) -> set[str]:
    """Return the references to secrets that permissions name."""
    return set(db.scalars(sa.select(pending_permissions.c.secret_ref)))


def expired_references(db: Db, now: str) -> list[str]:
    """Return the references of the permissions that nobody waits for any more."""
    is_old = pending_permissions.c.expires_at <= now
    return list(db.scalars(sa.select(pending_permissions.c.secret_ref).where(is_old)))
