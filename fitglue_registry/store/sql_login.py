"""Refuses a login of PostgreSQL that may do more than read what its operator has granted.

A statement can leave every role that was set for it: ``RESET ROLE`` needs no permission, and a
function such as ``ts_stat`` or ``query_to_xml`` runs a text that it computes itself, so that no
search in the text of the statement finds it. PostgreSQL has no role that cannot be left. Therefore
the boundary is the login with which the connection was opened: whatever the statement does, it has
the rights of this login and of the roles that it belongs to, and no others.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fitglue_registry.errors import StoreFailed

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

#: The roles whose rights a session can have. MEMBER follows memberships of memberships, and counts
#: those that are neither inherited nor can be taken with SET ROLE, which a later GRANT can change.
_REACHABLE = """
WITH reachable AS (
    SELECT * FROM pg_catalog.pg_roles
    WHERE pg_catalog.pg_has_role(session_user, oid, 'MEMBER')
)
"""
_SUPERUSER = """
SELECT rolname FROM pg_catalog.pg_roles
WHERE rolsuper AND rolname IN (session_user, %(role)s::name)
"""
#: Each returns why the login may do more than read, or no row. The roles that PostgreSQL defines,
#: such as pg_read_server_files, and the owner of the database (pg_database_owner) are found as
#: memberships.
_DOUBTS = (
    """
    SELECT 'it is a member of the role ' || rolname FROM reachable
    WHERE rolname NOT IN (session_user, coalesce(%(role)s, session_user)::name)
    ORDER BY rolsuper DESC, rolname
    """,
    # REPLICATION reads every change of every table.
    """
    SELECT rolname || ' has the attribute ' || attribute
    FROM reachable, LATERAL (VALUES
        (rolcreaterole, 'CREATEROLE'),
        (rolcreatedb, 'CREATEDB'),
        (rolreplication, 'REPLICATION'),
        (rolbypassrls, 'BYPASSRLS')
    ) AS attributes (has, attribute)
    WHERE has
    """,
    # The owner of a table can read it whatever is granted. pg_shdepend names the owner of each
    # object of any kind; 0 is the database of an object that all databases share.
    """
    SELECT rolname || ' owns ' || pg_catalog.pg_describe_object(classid, objid, objsubid)
    FROM pg_catalog.pg_shdepend JOIN reachable ON reachable.oid = refobjid
    WHERE deptype = 'o' AND refclassid = 'pg_catalog.pg_authid'::regclass AND dbid IN (
        0, (SELECT oid FROM pg_catalog.pg_database WHERE datname = current_database())
    )
    """,
    """
    SELECT rolname || ' may create objects in the schema ' || nspname
    FROM reachable, pg_catalog.pg_namespace AS schemas
    WHERE nspname = %(schema)s
    AND pg_catalog.has_schema_privilege(reachable.oid, schemas.oid, 'CREATE')
    """,
    """
    SELECT rolname || ' may create schemas in the database ' || current_database()
    FROM reachable
    WHERE pg_catalog.has_database_privilege(reachable.oid, current_database(), 'CREATE')
    """,
    """
    SELECT rolname || ' may write to ' || nspname || '.' || relname
    FROM reachable, pg_catalog.pg_class AS tables
    JOIN pg_catalog.pg_namespace AS schemas ON schemas.oid = relnamespace
    WHERE nspname = %(schema)s AND relkind IN ('r', 'v', 'p') AND pg_catalog.has_table_privilege(
        reachable.oid, tables.oid, 'INSERT, UPDATE, DELETE, TRUNCATE'
    )
    """,
)


def check_login(
    driver: Any,
    schema: str,
    role: str | None,
) -> None:
    """Check that the login of a connection may only read, and belongs to no role but one.

    Args:
        driver: A connection of PostgreSQL that has run no statement of a user.
        schema: The schema of the store.
        role: The only role that the login may be a member of.

    Raises:
        StoreFailed: FG-sql-superuser if the login, or the role, may do everything on the server;
            FG-sql-login if it may do anything else than read what was granted to it.
    """
    parameters = {"role": role, "schema": schema}
    superuser = driver.execute(_SUPERUSER, parameters).fetchone()
    if superuser:
        raise _refused(
            "FG-sql-superuser",
            "`fitglue sql` runs no statement as a superuser of the server",
            f"{superuser[0]} could read every table, and files of the server",
        )
    why = next(_doubts(driver, parameters), None)
    if why is not None:
        [login] = driver.execute("SELECT session_user").fetchone()
        raise _refused(
            "FG-sql-login",
            f"`fitglue sql` runs no statement with the login {login}, which may do more than read",
            f"{why}, and a statement can leave every role that is set for it",
        )


def _doubts(driver: Any, parameters: Mapping[str, str | None]) -> Iterator[str]:
    for doubt in _DOUBTS:
        row = driver.execute(f"{_REACHABLE} {doubt} LIMIT 1", parameters).fetchone()
        if row:
            yield row[0]


def _refused(
    code: str,
    what: str,
    why: str,
) -> StoreFailed:
    return StoreFailed(
        code,
        what,
        why=why,
        fix="create a login that may only read the views and is a member of nothing but sql_role, "
        "as docs/views.md shows, and name its URL in FITGLUE_SQL_DATABASE or Host(sql_database=…)",
    )
