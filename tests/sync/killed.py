"""A child process that syncs once and kills itself, without a chance to tidy up, just before its n-th commit or blob."""

from __future__ import annotations

import os
import signal
import sys

from sqlalchemy import event
from sqlalchemy.engine import Connection, Engine

from fitglue_registry import Host
from fitglue_registry.store.blobs import FileBlobStore
from fitglue_registry.sync.context import Options


def main(home: str, database: str, point: int, files: bool) -> None:
    """Sync everything at ``home``; ``point`` 0 never kills, and the number of points that were passed is printed."""
    passed = 0

    def pass_point(*_: object) -> None:
        nonlocal passed
        passed += 1
        if passed == point:
            os.kill(os.getpid(), signal.SIGKILL)

    def pass_commit(connection: Connection) -> None:
        if connection.get_execution_options().get("fitglue_write"):  # how often lanes read ahead is for them to say
            pass_point()

    event.listen(Engine, "commit", pass_commit)
    put = FileBlobStore.put

    def put_and_pass(self: FileBlobStore, content: bytes) -> str:
        pass_point()
        digest = put(self, content)
        pass_point()
        return digest

    FileBlobStore.put = put_and_pass  # type: ignore[method-assign]
    with Host(home, database or None) as host:
        for _ in host.sync(options=Options(files=files)):
            pass
    print(passed)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4] == "files")
