"""Looks at everything that a host stands on: each check is one value, and one that fails never
keeps the next from being made.
"""

from __future__ import annotations

import os
import platform
import shutil
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Literal

from fitglue_registry.errors import FitglueError, Place, StoreFailed
from fitglue_registry.redaction.exceptions import clean_exception

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from fitglue_registry.host import Host
    from fitglue_registry.store.connections import ConnectionRow

_LITTLE_ROOM = 500e6
_NO_ROOM = 50e6


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at: ok, worth a look, or broken with its error."""

    name: str
    state: Literal["ok", "look", "broken"]
    detail: str
    error: FitglueError | None = None


def checks(
    host: Host, *, offline: bool, deep: Literal["sample", "all"] | None = None
) -> Iterator[Check]:
    """Everything, the cheap and basic first; ``deep`` looks through the store, too."""
    yield from _versions()
    for name, look in (
        ("home", _home),
        ("disk", _room),
        ("plugins", _plugins),
        ("registry", _registry),
    ):
        yield from _guarded(host, name, look(host))
    stored = list(_guarded(host, "database", _database(host)))
    yield from stored
    # What cannot be read has no connections; saying so once is enough.
    connected = host.connections() if stored[0].state == "ok" else []
    if deep and stored[0].state == "ok":
        yield from _guarded(host, "store", _store(host, everything=deep == "all"))
    yield from _guarded(host, "clock", _clock(host, connected))
    yield from _guarded(host, "secrets", _secrets(host, connected))
    for one in connected:
        yield from _connection(host, one, offline=offline)


def _guarded(host: Host, name: str, look: Iterator[Check]) -> Iterator[Check]:
    try:
        yield from look
    except FitglueError as error:
        # A database's own words may hold a part of its address.
        clean_exception(error, host.redactor.text)
        yield Check(name, "broken", error.what, error)


def _versions() -> Iterator[Check]:
    from fitglue_registry import HOOK_API, __version__

    yield Check("fitglue", "ok", f"{__version__}, hook API {HOOK_API}")
    yield Check("python", "ok", f"{platform.python_version()} at {sys.executable}")


def _home(host: Host) -> Iterator[Check]:
    try:
        host.home.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise _no_home(host, error.strerror) from error
    if not os.access(host.home, os.W_OK | os.X_OK):
        raise _no_home(host, "it is not yours to write")
    yield Check("home", "ok", str(host.home))


def _no_home(host: Host, why: str | None) -> StoreFailed:
    return StoreFailed(
        "FG-home-unusable",
        "the folder of everything local cannot be used",
        at=Place(str(host.home)),
        why=why,
        fix="give yourself the right, or set FITGLUE_HOME to another folder",
    )


def _room(host: Host) -> Iterator[Check]:
    try:
        free = shutil.disk_usage(host.home).free
    except OSError:
        return
    if free < _NO_ROOM:
        raise StoreFailed("FG-disk-full", f"the disk has {_size(free)} left", fix="make room")
    yield Check("disk", "look" if free < _LITTLE_ROOM else "ok", f"{_size(free)} free")


def _clock(host: Host, connected: Sequence[ConnectionRow]) -> Iterator[Check]:
    now = host.clock.now()
    last = max((one.last_checked_at for one in connected if one.last_checked_at), default=None)
    behind = last is not None and datetime.fromisoformat(last) > now
    shown = f"{now.astimezone():%Y-%m-%d %H:%M %Z}"
    if behind or now < datetime(2026, 1, 1, tzinfo=UTC):
        yield Check(
            "clock",
            "look",
            f"{shown}, which is before {last or 'this version was made'}: set the clock of "
            "this machine",
        )
    else:
        yield Check("clock", "ok", shown)


def _database(host: Host) -> Iterator[Check]:
    with host.database.read():
        pass
    path = host.database.path
    size = sum(file.stat().st_size for file in path.parent.glob(f"{path.name}*")) if path else None
    where = f"{path}, {_size(size or 0)}" if path else host.redactor.text(host.database.shown)
    yield Check(
        "database", "ok", f"{host.database.dialect}, format {host.database.revision()}, {where}"
    )


def _store(host: Host, *, everything: bool) -> Iterator[Check]:
    from fitglue_registry.backup.integrity import SAMPLE, findings

    for found in findings(host.database, host.blobs, None if everything else SAMPLE):
        yield Check(
            found.name,
            "broken" if found.error else "look" if found.harmless else "ok",
            found.detail,
            found.error,
        )


def _secrets(host: Host, connected: Sequence[ConnectionRow]) -> Iterator[Check]:
    kept = {(one.secret_ref or "").partition(":")[0] for one in connected} - {""}
    chosen = host.local_secrets.scheme
    also = f"; keys that are kept lie in: {', '.join(sorted(kept))}" if kept - {chosen} else ""
    yield Check(
        "secrets",
        "ok",
        f"{'the keyring of this system' if chosen == 'keyring' else 'an encrypted file in home'}{also}",
    )


def _plugins(host: Host) -> Iterator[Check]:
    for name in host.plugins.names():
        info = host.plugins.info(name)
        version = info.version or "of the host application"
        yield Check(
            f"plugin {name}",
            "broken" if info.error else "ok",
            info.error.what if info.error else version,
            info.error,
        )
    if not host.plugins.names():
        yield Check(
            "plugins", "look", "none is installed: fitglue plugin install fitglue-intervals"
        )


def _registry(host: Host) -> Iterator[Check]:
    from fitglue_registry.registry.check import check

    problems = list(host.catalogue.problems)
    for _, folder in host.plugins.registry_folders()[0]:
        problems += [
            error for error in check(folder).errors if str(error) not in map(str, problems)
        ]
    for problem in problems:
        yield Check("registry", "broken", problem.what, problem)
    if not problems:
        yield Check("registry", "ok", f"{len(host.catalogue)} entries")


def _connection(host: Host, one: ConnectionRow, *, offline: bool) -> Iterator[Check]:
    title = f"connection {one.name}"
    if offline:
        state: Literal["ok", "look"] = "ok" if one.state == "ok" else "look"
        yield Check(title, state, f"{one.state}, not asked (--offline)")
        return
    try:
        account = host.probe(one.name)
    except FitglueError as error:
        yield Check(title, "broken", error.what, error)
    else:
        yield Check(title, "ok", account.name or account.id)


def _size(octets: float) -> str:
    for unit in ("B", "kB", "MB"):
        if octets < 1000:
            return f"{octets:.0f} {unit}" if unit == "B" else f"{octets:.1f} {unit}"
        octets /= 1000
    return f"{octets:.1f} GB"
