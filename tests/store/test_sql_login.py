"""On PostgreSQL, the login of a statement of ``fitglue sql`` is its boundary.

The statement may leave its role with a text that it computes itself, which no search in the
statement finds. Then it has the rights of its login, which may do no more than the role.
"""

from __future__ import annotations

from contextlib import closing
from types import SimpleNamespace
from uuid import uuid4

import pytest
import sqlalchemy as sa

from fitglue_registry import Host, Policy
from fitglue_registry.errors import FitglueError, StoreFailed, UserMistake
from fitglue_registry.store import sql_postgresql
from fitglue_registry.store.database import Database
from fitglue_registry.store.sql import SqlLimits, run_sql
from tests.library import READER, reading, url_of

SCHEMA = "fitglue"
#: Leaves the role, and then reads what only the owner may read.
LEAVING = "'select set_'||'config(''role'',''none'',true)::{kind}'"
ESCAPES = {
    "ts_stat": f"""
        WITH a AS MATERIALIZED (
            SELECT count(*) n FROM ts_stat({LEAVING.format(kind="tsvector")})
        )
        SELECT n, (
            SELECT string_agg(word, ',')
            FROM ts_stat('select x::tsvector from public.app_secret'||left(n::text, 0))
        ) FROM a
    """,
    "ts_rewrite": f"""
        WITH a AS MATERIALIZED (
            SELECT count(*) n FROM ts_stat({LEAVING.format(kind="tsvector")})
        )
        SELECT n, ts_rewrite(
            'a'::tsquery,
            'select ''a''::tsquery, x::tsquery from public.app_secret'||left(n::text, 0)
        )::text FROM a
    """,
    "query_to_xml": f"""
        WITH a AS MATERIALIZED (
            SELECT query_to_xml({LEAVING.format(kind="text")}, true, false, '')::text n
        )
        SELECT n, query_to_xml(
            'select x from public.app_secret'||left(n, 0), true, false, ''
        )::text FROM a
    """,
    "a function of an application": """
        WITH a AS MATERIALIZED (
            SELECT public.run('select set_'||'config(''role'',''none'',true)') n
        )
        SELECT n, public.run('select x from public.app_secret'||left(n, 0)) FROM a
    """,
}


@pytest.fixture(scope="module")
def server(new_postgres_database):
    """Return a database with the store of a login of its own, which also owns another table."""
    url = new_postgres_database()
    owner, login, role = (f"{name}_{uuid4().hex[:8]}" for name in ("fg", "reader", "rd"))
    name = sa.make_url(url).database
    statements = (
        f"CREATE ROLE {owner} LOGIN",
        f"CREATE ROLE {role}",
        f"CREATE ROLE {login} LOGIN IN ROLE {role}",
        f"GRANT {role} TO {owner}",
        f"GRANT CREATE ON DATABASE {name} TO {owner}",
        "CREATE TABLE public.app_secret (x text)",
        "INSERT INTO public.app_secret VALUES ('secret')",
        f"ALTER TABLE public.app_secret OWNER TO {owner}",
        """
        CREATE FUNCTION public.run(query text) RETURNS text LANGUAGE plpgsql AS
        $$ DECLARE answer text; BEGIN EXECUTE query INTO answer; RETURN answer; END $$
        """,
    )
    for statement in statements:
        _execute(url, statement)
    database = Database(url_of(url, owner), _no_upgrade)
    with database.write():
        pass
    _execute(url, f"GRANT USAGE ON SCHEMA {SCHEMA} TO {role}")
    _execute(url, f"GRANT SELECT ON {SCHEMA}.activities TO {role}")
    yield SimpleNamespace(
        url=url,
        database=database,
        owner=owner,
        role=role,
        login=login,
    )
    database.close()


@pytest.fixture
def new_login(server):
    """Return a function that makes a login which is a member of the role."""

    def make(attributes="", *grants):
        login = f"login_{uuid4().hex[:8]}"
        _execute(server.url, f"CREATE ROLE {login} LOGIN {attributes} IN ROLE {server.role}")
        for grant in grants:
            _execute(server.url, grant.format(**vars(server) | {"login": login}))
        return login

    return make


def _no_upgrade(connection):
    raise AssertionError(connection)


def _execute(url, statement):
    import psycopg

    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(statement)


def ask(server, statement, login=None, limits=None):
    """Run a statement as one login."""
    url = url_of(server.url, login or server.login)
    return run_sql(server.database, statement, limits, server.role, url)


def refused(server, login):
    """Return the code and the reason with which a login is refused."""
    with pytest.raises(StoreFailed) as caught:
        ask(server, "SELECT 1 AS one", login)
    return caught.value.code, caught.value.why


@pytest.fixture(params=ESCAPES)
def escape(request, server):
    """Return a statement that leaves its role, if the server has what it needs."""
    if request.param == "query_to_xml":
        try:
            ask(server, "SELECT query_to_xml('SELECT 1', true, false, '')::text AS x")
        except UserMistake as error:
            pytest.skip(error.why)
    return ESCAPES[request.param]


def test_what_a_role_may_not_read_stays_unread_if_the_role_is_left(server, escape):
    """A statement that leaves its role with a text that it computes reads nothing of the owner."""
    with pytest.raises(UserMistake) as caught:
        ask(server, escape)
    assert "permission denied for table app_secret" in caught.value.why


def test_a_statement_can_leave_its_role(server, escape, monkeypatch):
    """Without the check of the login, the same statements read what only the owner may read, so
    that the login is what protects it.
    """
    monkeypatch.setattr(sql_postgresql, "check_login", lambda *_: None)
    assert "secret" in ask(server, escape, server.owner).rows[0][1]


def test_a_role_can_be_left_only_for_the_login(server):
    """A statement that leaves its role has its login, and neither that of the store nor another."""
    left = "count(*) FROM ts_stat('select set_'||'config(''role'',''none'',true)::tsvector')"
    statement = f"""
        WITH a AS MATERIALIZED (SELECT {left.replace("count(*)", "count(*) n")})
        SELECT n, (
            SELECT string_agg(word, '')
            FROM ts_stat('select array_to_tsvector(array[current_user::text])'||left(n::text, 0))
        ) FROM a
    """
    assert ask(server, statement).rows[0][1] == server.login


@pytest.mark.parametrize("other", ["owner", "postgres"])
def test_no_other_login_can_be_taken(server, other):
    """A computed set_config takes neither the role of the owner nor that of a superuser."""
    name = vars(server).get(other, other)
    statement = (
        f"SELECT * FROM ts_stat('select set_'||'config(''role'',''{name}'',true)::tsvector')"
    )
    with pytest.raises(UserMistake) as caught:
        ask(server, statement)
    assert "permission denied to set role" in caught.value.why


def test_sessions_of_the_store_cannot_be_ended(server):
    """A statement ends no session of the login that writes the store."""
    with server.database.read() as db:
        pid = db.scalar(sa.text("SELECT pg_backend_pid()"))
        statement = (
            f"SELECT * FROM ts_stat('select pg_terminate_'||'backend({pid})::text::tsvector')"
        )
        with pytest.raises(UserMistake) as caught:
            ask(server, statement)
        assert "permission denied" in caught.value.why
        assert db.scalar(sa.text("SELECT 1")) == 1


@pytest.mark.parametrize("function", ["pg_read_file('/etc/passwd')", "pg_ls_dir('/')::text"])
def test_files_of_the_server_cannot_be_read(server, function):
    """A statement reads no file and no folder of the server."""
    with pytest.raises(UserMistake) as caught:
        ask(server, f"SELECT {function}")
    assert "permission denied" in caught.value.why


def test_time_cannot_be_extended_from_inside(server):
    """A computed set_config does not give its own statement more time."""
    statement = """
        WITH a AS MATERIALIZED (
            SELECT count(*) n FROM ts_stat(
                'select set_'||'config(''statement_timeout'',''0'',false)::tsvector'
            )
        )
        SELECT n, pg_sleep(60 + n) FROM a
    """
    with pytest.raises(UserMistake) as caught:
        ask(server, statement, limits=SqlLimits(seconds=0.3))
    assert caught.value.code == "FG-sql-too-slow"


def test_the_login_that_owns_the_tables_is_refused(server):
    """The login that writes the store runs no statement, although the role of the operator is set
    for it.
    """
    code, why = refused(server, server.owner)
    assert (code, server.owner in why) == ("FG-sql-login", True)
    with pytest.raises(StoreFailed, match="FG-sql-login"):
        run_sql(server.database, "SELECT 1 AS one", role=server.role)


@pytest.mark.parametrize(
    ("attributes", "grant", "reason"),
    [
        ("", "GRANT postgres TO {login}", "the role postgres"),
        ("NOINHERIT", "GRANT postgres TO {login}", "the role postgres"),
        ("", "GRANT {owner} TO {login}", "the role fg_"),
        ("", "GRANT pg_read_server_files TO {login}", "the role pg_read_server_files"),
        ("", "GRANT pg_execute_server_program TO {login}", "the role pg_execute_server_program"),
        ("", "GRANT pg_signal_backend TO {login}", "the role pg_signal_backend"),
        ("", "GRANT pg_read_all_data TO {login}", "the role pg_read_all_data"),
        ("BYPASSRLS", "", "BYPASSRLS"),
        ("CREATEROLE", "", "CREATEROLE"),
        ("CREATEDB", "", "CREATEDB"),
        ("REPLICATION", "", "REPLICATION"),
        ("", "GRANT CREATE ON SCHEMA fitglue TO {login}", "create objects in the schema fitglue"),
        ("", "GRANT INSERT ON fitglue.fg_activities TO {login}", "write to fitglue.fg_activities"),
    ],
)
def test_a_login_that_may_do_more_is_refused(server, new_login, attributes, grant, reason):
    """A login that may do more than read is refused with the reason, even if it inherits nothing
    and the operator's role is set for the statement.
    """
    login = new_login(attributes, *([grant] if grant else []))
    code, why = refused(server, login)
    assert code == "FG-sql-login"
    assert reason in why


def test_a_login_that_is_a_superuser_is_refused(server, new_login):
    """A login that is a superuser is refused, although the operator's role is set."""
    assert refused(server, new_login("SUPERUSER"))[0] == "FG-sql-superuser"


def test_a_member_of_a_member_is_refused(server, new_login):
    """A membership is followed through any number of roles."""
    middle = f"middle_{uuid4().hex[:8]}"
    login = new_login(
        "",
        f"CREATE ROLE {middle} NOLOGIN IN ROLE postgres",
        f"GRANT {middle} TO {{login}}",
    )
    assert refused(server, login)[0] == "FG-sql-login"


@pytest.mark.parametrize(
    "make",
    [
        "CREATE TABLE public.{login} (x text); ALTER TABLE public.{login} OWNER TO {login}",
        "CREATE SCHEMA {login} AUTHORIZATION {login}",
        "CREATE FUNCTION {login}() RETURNS int RETURN 1; ALTER FUNCTION {login} OWNER TO {login}",
    ],
)
def test_a_login_that_owns_anything_is_refused(server, new_login, make):
    """A login that owns an object of any kind is refused, because nothing was granted to it."""
    code, why = refused(server, new_login("", *make.split("; ")))
    assert (code, " owns " in why) == ("FG-sql-login", True)


def test_the_owner_of_the_database_is_refused(server, new_postgres_database, new_login):
    """The login that owns the database is refused."""
    url = new_postgres_database()
    login = new_login("", f"ALTER DATABASE {sa.make_url(url).database} OWNER TO {{login}}")
    with closing(Database(url, _no_upgrade)) as database, pytest.raises(StoreFailed) as caught:
        run_sql(database, "SELECT 1 AS one", None, server.role, url_of(url, login))
    assert caught.value.code == "FG-sql-login"


def test_the_role_is_checked_as_well(server, new_login):
    """The operator's role may be no member of a role that may do more."""
    login, role = new_login(), f"wide_{uuid4().hex[:8]}"
    for statement in (
        f"CREATE ROLE {role} IN ROLE pg_read_all_data",
        f"REVOKE {server.role} FROM {login}",
        f"GRANT {role} TO {login}",
    ):
        _execute(server.url, statement)
    with pytest.raises(StoreFailed) as caught:
        run_sql(server.database, "SELECT 1 AS one", None, role, url_of(server.url, login))
    assert "pg_read_all_data" in caught.value.why


def test_a_login_without_a_role_reads_what_was_granted_to_it(server, new_login):
    """A login that is a member of no role is accepted, and reads what was granted to itself."""
    login = new_login(
        "",
        "REVOKE {role} FROM {login}",
        "GRANT USAGE ON SCHEMA fitglue TO {login}",
        "GRANT SELECT ON fitglue.activities TO {login}",
    )
    url = url_of(server.url, login)
    assert run_sql(server.database, "SELECT count(*) FROM activities", url=url).rows == ((0,),)
    with pytest.raises(UserMistake) as caught:
        run_sql(server.database, "SELECT count(*) FROM laps", url=url)
    assert "permission denied" in caught.value.why


def test_a_host_uses_the_login_of_its_application(server, tmp_path):
    """An application names the login of its statements, and a host without one runs none."""
    store = server.database.url.render_as_string(hide_password=False)
    policy = Policy(sql_role=server.role)
    login = url_of(server.url, server.login)
    with Host(tmp_path, store, policy=policy, sql_database=login) as host:
        assert host.queries.sql("SELECT session_user").rows == ((server.login,),)
    with Host(tmp_path, store, policy=policy) as host, pytest.raises(FitglueError) as caught:
        host.queries.sql("SELECT session_user")
    assert caught.value.code == "FG-sql-login"


def test_the_command_uses_the_login_of_the_environment(server, tmp_path, monkeypatch):
    """The command and a host without arguments use the login of FITGLUE_SQL_DATABASE."""
    monkeypatch.setenv("FITGLUE_DATABASE", server.database.url.render_as_string(False))
    monkeypatch.setenv("FITGLUE_SQL_DATABASE", url_of(server.url, server.login))
    monkeypatch.setenv("FITGLUE_SQL_ROLE", server.role)
    with Host(tmp_path, policy=Policy.personal()) as host:
        assert host.queries.sql("SELECT current_user").rows == ((server.role,),)


def test_a_store_in_another_schema_is_read_there(new_postgres_database):
    """The login sees the schema that the URL of the store names."""
    url = f"{new_postgres_database()}&options=-csearch_path%3Dother"
    with closing(Database(url, _no_upgrade)) as database:
        answer = run_sql(database, "SELECT count(*) FROM activities", **reading(database))
    assert answer.rows == ((0,),)


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("sqlite:///elsewhere.db", "FG-database-url"),
        ("postgresql://host:not-a-port/x", "FG-database-url"),
        ("postgresql://nobody@127.0.0.1:1/x", "FG-store-unreachable"),
    ],
)
def test_a_login_that_cannot_be_used_is_named(server, url, code):
    """A mistake in the URL of the login is reported as one in FITGLUE_SQL_DATABASE."""
    with pytest.raises(StoreFailed) as caught:
        run_sql(server.database, "SELECT 1 AS one", role=READER, url=url)
    assert caught.value.code == code
    assert "FITGLUE_SQL_DATABASE" in f"{caught.value.what} {caught.value.fix}"


def test_the_password_of_the_login_is_not_shown(server, tmp_path):
    """The redactor of a host knows the password of the login that its application names."""
    login = sa.make_url(server.url).set(username=server.login, password="tiger-lily-42")
    url = login.render_as_string(hide_password=False)
    with Host(tmp_path, sql_database=url) as host:
        assert "tiger-lily-42" not in host.redactor.text(f"tiger-lily-42 {url}")
        assert "tiger-lily-42" not in repr(vars(host.workspace)["_replacements"])
