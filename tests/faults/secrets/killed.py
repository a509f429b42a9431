"""Changes secrets in forked processes, each of which kills itself with SIGKILL just before another
step.

Run with a prepared home, a folder for copies of it, the points to kill at (``all`` or a number),
and the change with its arguments. Prints as JSON what each fork left behind, and what exists after
the same change was made again.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import sys
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

import keyring
import keyring.backend
from sqlalchemy import event
from sqlalchemy.engine import Engine

from fitglue_registry import Host, Policy
from fitglue_registry.services.secret_use import open_secret
from fitglue_registry.transport.origin import Origin

if TYPE_CHECKING:
    from collections.abc import Callable


class FileKeyring(keyring.backend.KeyringBackend):
    """A keyring that outlives its process, in a file next to the home, so that a test can read
    it.
    """

    priority = 5  # type: ignore[assignment]

    def __init__(self, file: Path) -> None:
        super().__init__()
        self._file = file

    @property
    def kept(self) -> dict[str, str]:
        return json.loads(self._file.read_text()) if self._file.exists() else {}

    def get_password(self, service: str, username: str) -> str | None:
        return self.kept.get(username)

    def set_password(self, service: str, username: str, password: str) -> None:
        self._write(self.kept | {username: password})

    def delete_password(self, service: str, username: str) -> None:
        self._write({name: value for name, value in self.kept.items() if name != username})

    def _write(self, kept: dict[str, str]) -> None:
        self._file.write_text(json.dumps(kept))


def use_keyring_of(home: Path) -> None:
    """Make this process use the keyring that belongs to a home."""
    keyring.core._keyring_backend = FileKeyring(home.with_suffix(".keyring"))  # type: ignore[attr-defined]


def opened(home: Path) -> dict[str, str]:
    """Return the key of each connection: name → key."""
    with Host(home, policy=Policy.personal()) as host:
        return {
            connection.name: host.workspace.secrets.get(connection.secret_ref or "")["api_key"]
            for connection in host.connections.list()
        }


def left_over(home: Path) -> list[str]:
    """Return what should not exist: secrets that no row names, keys that nothing needs, and
    unfinished files.
    """
    with Host(home, policy=Policy.personal()) as host:
        tokens = {
            (connection.secret_ref or "").rpartition("/")[2]
            for connection in host.connections.list()
        }
    sealed = [path.stem for path in (home / "secrets").glob("*.sealed")]
    sealed += [path.stem for path in (home / "secrets").glob("*.reserved")]
    kept = [name.rpartition("/")[2] for name in FileKeyring(home.with_suffix(".keyring")).kept]
    stray = [token for token in (*sealed, *kept) if token not in tokens]
    stray += [
        path.name
        for pattern in (".unfinished-*", "*.open.json")
        for path in (home / "secrets").rglob(pattern)
    ]
    key_file = home / "secrets" / "secrets.key"
    return stray + [
        f"old key {number}"
        for number in range(1, len(key_file.read_bytes().split()) if key_file.exists() else 0)
    ]


def change(home: Path, work: str, *arguments: str) -> None:
    """Make one change; removing a connection that is already removed does nothing."""
    with Host(home, policy=Policy.personal()) as host:
        if work == "renew":
            url, key = arguments
            host.connect("intervals", {"api_key": key, "base_url": url})
        elif work == "bind":
            [connected] = host.connections.list()
            open_secret(host.workspace, connected.id, Origin("https", "intervals.icu", 443))
            # A bound secret is not bound again, so it is another change that tidies up after a
            # kill.
            host.connections.rekey()
        elif work == "rekey" or not host.connections.list():
            host.connections.rekey(arguments[0] if arguments else None)  # type: ignore[arg-type]
        else:
            host.connections.remove("intervals")


def kill_before(point: int) -> None:
    """Make this process kill itself just before its n-th commit, rename, removal or write to the
    keyring.
    """
    passed = count(1)

    def pass_point(*_: object) -> None:
        if next(passed) == point:
            os.kill(os.getpid(), signal.SIGKILL)

    event.listen(Engine, "commit", pass_point)
    for owner, name in ((Path, "replace"), (Path, "unlink"), (FileKeyring, "_write")):
        _call_first(owner, name, pass_point)


def _call_first(owner: Any, name: str, first: Callable[[], None]) -> None:
    real = getattr(owner, name)

    def passing(*arguments: Any, **named: Any) -> Any:
        first()
        return real(*arguments, **named)

    setattr(owner, name, passing)


def in_a_fork(work: Callable[[], Any]) -> tuple[int, Any]:
    """Do ``work`` in a forked process, and return its wait status and result."""
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            os.write(writer, json.dumps(work()).encode())
            code = 0
        finally:
            sys.stderr.flush()
            os._exit(code)
    os.close(writer)
    with os.fdopen(reader, "rb") as pipe:
        result = pipe.read()
    return os.waitpid(pid, 0)[1], json.loads(result) if result else None


def play(prepared: Path, folder: Path, points: str, work: list[str]) -> list[dict[str, Any]]:
    """Kill the change at each point, until it finishes because it has no more points.

    Return what each kill left.
    """
    outcomes: list[dict[str, Any]] = []
    for point in count(1) if points == "all" else [int(points)]:
        home = folder / str(point)
        shutil.copytree(prepared, home)
        if prepared.with_suffix(".keyring").exists():
            shutil.copy(prepared.with_suffix(".keyring"), home.with_suffix(".keyring"))
        use_keyring_of(home)
        status, _ = in_a_fork(
            lambda home=home, point=point: (kill_before(point), change(home, *work))[1]
        )
        if status == 0:
            break
        between = in_a_fork(lambda home=home: opened(home))
        again = in_a_fork(
            lambda home=home: (change(home, *work), opened(home), left_over(home))[1:]
        )
        outcomes.append(
            {"point": point, "killed": os.WIFSIGNALED(status), "between": between, "again": again}
        )
    return outcomes


if __name__ == "__main__":
    print(json.dumps(play(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3], sys.argv[4:])))
