"""Checks everything that a host needs; each check is independent of the others."""

from __future__ import annotations

import os
import platform
import shutil
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Literal

from fitglue_registry._version import __version__
from fitglue_registry.backup.checks import SAMPLE, check_store
from fitglue_registry.errors import FitglueError, Place, StoreFailed
from fitglue_registry.hookspecs import HOOK_API
from fitglue_registry.private_files import make_private_folder
from fitglue_registry.redaction.exceptions import redact_exception
from fitglue_registry.registry.check import check as check_folder
from fitglue_registry.services.check_result import Check
from fitglue_registry.services.connection_checks import connection_checks, source_checks
from fitglue_registry.services.exposure import why_exposed, why_exposed_file
from fitglue_registry.store.locations import each_once, list_unreadable
from fitglue_registry.workspace import ME

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from fitglue_registry.backup.finding import Finding
    from fitglue_registry.registry import Catalogue
    from fitglue_registry.services.check_result import State
    from fitglue_registry.services.connecting.connections import Connections
    from fitglue_registry.store.connections import ConnectionRow
    from fitglue_registry.workspace import Workspace


#: Bytes of free space below which the disk is worth a look, and below which it is broken.
_LITTLE_SPACE = 500e6
_NO_SPACE = 50e6
#: A clock that shows an earlier time is wrong, because this version did not exist then.
_THIS_VERSION_WAS_MADE = datetime(2026, 1, 1, tzinfo=UTC)


def checks(
    workspace: Workspace,
    connections: Connections,
    *,
    offline: bool,
    deep: Literal["sample", "all"] | None = None,
) -> Iterator[Check]:
    """Yield the results of all checks, the basic ones first; see ``Upkeep.checks``."""
    yield from _versions()
    yield from _guarded(workspace, "home", _home(workspace))
    yield from _guarded(workspace, "disk", _space(workspace))
    yield from _guarded(workspace, "plugins", _plugins(workspace))
    yield from _guarded(workspace, "registry", _registry(workspace))
    [database] = _guarded(workspace, "database", _database(workspace))
    yield database
    # If the database cannot be read, one error is enough, and no connection can be checked.
    readable = database.state != "broken"
    # Everything below depends on the connections, which are in the database.
    connected: list[ConnectionRow] = []
    if readable:
        try:
            connected = connections.list()
        except FitglueError as error:
            yield Check("connections", "broken", error.what, error)
    if deep and readable:
        store = _store(workspace, everything=deep == "all")
        yield from _guarded(workspace, "store", store)
    yield from _guarded(workspace, "clock", _clock(workspace, connected))
    yield from _guarded(workspace, "secrets", _secrets(workspace, connected))
    yield from connection_checks(workspace, connections, connected, offline=offline)
    if readable:
        yield from source_checks(workspace, connected)
    if connected:
        yield from _guarded(workspace, "files", _files(workspace))


def _files(workspace: Workspace) -> Iterator[Check]:
    """Yield a warning if the last sync could not read some files; they may have been workouts."""
    with workspace.database.read() as db:
        unreadable = each_once(list_unreadable(db, ME))
    if unreadable:
        first = unreadable[0]["what"]
        detail = f"{len(unreadable):,} could not be read, such as: {first}; see: fitglue quarantine"
        yield Check("files", "look", detail)


def _guarded(
    workspace: Workspace,
    name: str,
    look: Iterator[Check],
) -> Iterator[Check]:
    try:
        yield from look
    except FitglueError as error:
        # The message of a database driver may contain a part of its URL.
        redact_exception(error, workspace.redactor.text)
        yield Check(name, "broken", error.what, error)


def _versions() -> Iterator[Check]:
    yield Check("fitglue", "ok", f"{__version__}, hook API {HOOK_API}")
    python = platform.python_version()
    yield Check("python", "ok", f"{python} at {sys.executable}")


def _home(workspace: Workspace) -> Iterator[Check]:
    home = workspace.home
    try:
        make_private_folder(home)
    except OSError as error:
        raise _home_unusable(workspace, error.strerror) from error
    if not os.access(home, os.W_OK | os.X_OK):
        raise _home_unusable(workspace, "you have no permission to write to it")
    exposure = why_exposed(home)
    if exposure is None:
        yield Check("home", "ok", str(home))
    else:
        yield Check("home", "look", exposure)


def _home_unusable(workspace: Workspace, why: str | None) -> StoreFailed:
    return StoreFailed(
        "FG-home-unusable",
        "FitGlue's data folder cannot be used",
        at=Place(str(workspace.home)),
        why=why,
        fix="give yourself permission to write there, or set FITGLUE_HOME to another folder",
    )


def _space(workspace: Workspace) -> Iterator[Check]:
    try:
        free = shutil.disk_usage(workspace.home).free
    except OSError:
        return
    if free < _NO_SPACE:
        what = f"the disk has only {_size(free)} of free space"
        raise StoreFailed("FG-disk-full", what, fix="free some space")
    state: State = "look" if free < _LITTLE_SPACE else "ok"
    yield Check("disk", state, f"{_size(free)} free")


def _clock(workspace: Workspace, connections: Sequence[ConnectionRow]) -> Iterator[Check]:
    now = workspace.clock.now()
    shown = f"{now.astimezone():%Y-%m-%d %H:%M %Z}"
    # If the last sync appears to be in the future, the clock of this machine was set back.
    last = _last_check(connections)
    is_behind = last is not None and datetime.fromisoformat(last) > now
    if not is_behind and now >= _THIS_VERSION_WAS_MADE:
        yield Check("clock", "ok", shown)
        return
    detail = (
        f"{shown} is before {last or 'the release of this version'}; set the clock of this machine"
    )
    yield Check("clock", "look", detail)


def _last_check(connections: Sequence[ConnectionRow]) -> str | None:
    moments = [connected.last_checked_at or "" for connected in connections]
    return max(moments, default="") or None


def _database(workspace: Workspace) -> Iterator[Check]:
    database = workspace.database
    # The first transaction opens the database and migrates it, so this finds most of its faults.
    with database.read():
        pass
    # A database that can be read is not always one that can be written: nothing is changed here.
    with database.write():
        pass
    where = workspace.redactor.text(database.display_url)
    path = database.path
    if path:
        where = f"{path}, {_size(_size_on_disk(path))}"
    revision = database.revision()
    detail = f"{database.dialect}, format {revision}, {where}"
    exposure = why_exposed_file(path) if path else None
    if exposure is None:
        yield Check("database", "ok", detail)
    else:
        yield Check("database", "look", f"{detail}; {exposure}")


def _size_on_disk(database: Path) -> int:
    """Return the size of a SQLite database, including its journal and other files beside it."""
    size = 0
    for file in database.parent.glob(f"{database.name}*"):
        size += file.stat().st_size
    return size


def _store(workspace: Workspace, *, everything: bool) -> Iterator[Check]:
    sample = None if everything else SAMPLE
    for finding in check_store(workspace.database, workspace.blobs, sample):
        state = _state_of(finding)
        yield Check(finding.name, state, finding.detail, finding.error)


def _state_of(finding: Finding) -> State:
    if finding.error:
        return "broken"
    return "look" if finding.harmless else "ok"


def _secrets(workspace: Workspace, connections: Sequence[ConnectionRow]) -> Iterator[Check]:
    chosen = workspace.local_secrets.scheme
    detail = "in the system's keyring" if chosen == "keyring" else "in encrypted files"
    # Keys that were stored before FITGLUE_SECRETS was changed stay where they are.
    used = set()
    for connected in connections:
        if connected.secret_ref:
            scheme, _, _ = connected.secret_ref.partition(":")
            used.add(scheme)
    if used - {chosen}:
        also = ", ".join(sorted(used))
        detail += f"; existing keys are stored in: {also}"
    yield Check("secrets", "ok", detail)


def _plugins(workspace: Workspace) -> Iterator[Check]:
    names = workspace.plugins.names()
    for name in names:
        title = f"plugin {name}"
        info = workspace.plugins.info(name)
        if info.error:
            yield Check(title, "broken", info.error.what, info.error)
        else:
            yield Check(title, "ok", info.version or "provided by the host application")
    if not names:
        fix = "no plugin is installed; run: fitglue plugin install fitglue-intervals"
        yield Check("plugins", "look", fix)


def _registry(workspace: Workspace) -> Iterator[Check]:
    problems: list[FitglueError] = list(workspace.catalogue.problems)
    folders, _ = workspace.plugins.registry_folders()
    for folder in folders:
        # The catalogue has found the same errors, in the entries that it left out.
        known = set(map(str, problems))
        for error in check_folder(folder.path).errors:
            if str(error) not in known:
                problems.append(error)
    for problem in problems:
        yield Check("registry", "broken", problem.what, problem)
    if _parts(workspace.catalogue) != _parts(workspace.installed):
        problems.append(_cache_differs(workspace))
        yield Check("registry", "broken", problems[-1].what, problems[-1])
    if not problems:
        yield Check("registry", "ok", f"{len(workspace.catalogue)} entries")


def _parts(catalogue: Catalogue) -> tuple[object, ...]:
    return catalogue.entries(), catalogue.tiers, catalogue.merge_rules


def _cache_differs(workspace: Workspace) -> StoreFailed:
    return StoreFailed(
        "FG-cache-differs",
        "the cache of the registry differs from the installed entries",
        at=Place(str(workspace.home / "cache" / "registry.json")),
        why="another program changed it; no key is sent to an address that only the cache names",
        fix="delete that file; it is made again",
    )


def _size(size_bytes: float) -> str:
    if size_bytes < 1000:
        return f"{size_bytes:.0f} B"
    for unit in ("kB", "MB"):
        size_bytes /= 1000
        if size_bytes < 1000:
            return f"{size_bytes:.1f} {unit}"
    return f"{size_bytes / 1000:.1f} GB"
