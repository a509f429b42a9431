"""A child process that changes secrets and kills itself, without a chance to tidy up, just before its n-th step on disk or commit."""

from __future__ import annotations

import json
import os
import signal
import sys
from pathlib import Path

import keyring
import keyring.backend
from sqlalchemy import event
from sqlalchemy.engine import Engine

from fitglue_registry import Host


class FileKeyring(keyring.backend.KeyringBackend):
    """A keyring that outlives its process, in a file beside the home; a test may look into it."""

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


def main(home: str, point: int, work: str, *arguments: str) -> None:
    """Do ``work`` at ``home``; ``point`` 0 never kills, and the number of points that were passed is printed."""
    passed = 0

    def pass_point(*_: object) -> None:
        nonlocal passed
        passed += 1
        if passed == point:
            os.kill(os.getpid(), signal.SIGKILL)

    def before(owner: type, name: str) -> None:
        real = getattr(owner, name)

        def passing(self: object, *given: object, **named: object) -> object:
            pass_point()
            return real(self, *given, **named)

        setattr(owner, name, passing)

    keyring.core._keyring_backend = FileKeyring(Path(home).with_suffix(".keyring"))  # type: ignore[attr-defined]
    with Host(home) as host:
        host.connections()
        event.listen(Engine, "commit", pass_point)
        for owner, name in ((Path, "replace"), (Path, "unlink"), (FileKeyring, "_write")):
            before(owner, name)
        if work == "renew":
            url, key = arguments
            host.connect("intervals", {"api_key": key, "base_url": url})
        elif work == "rekey":
            host.rekey(arguments[0] if arguments else None)  # type: ignore[arg-type]
        else:
            host.disconnect("intervals")
    print(passed)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), *sys.argv[3:])
